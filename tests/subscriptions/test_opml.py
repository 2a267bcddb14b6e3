"""OPML in and out: what other readers write, however broken, and that what we write comes back as it was."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.records import ApiRecipe, Subscription
from aggregator.subscriptions.document import NewFeed, with_feeds
from aggregator.subscriptions.feeds_file import read_subscriptions
from aggregator.subscriptions.opml import NOT_WRITTEN, read_outlines, topic_of
from aggregator.subscriptions.opml_export import KnownFeed, write_opml
from aggregator.subscriptions.opml_import import ImportLine, ImportResult, counts_of, plan_import
from aggregator.topics import TOPICS

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def opml(body: str) -> str:
    return f'<?xml version="1.0"?>\n<opml version="2.0">\n<body>\n{body}\n</body>\n</opml>\n'


def plan(body: str, *present: str, topics: Collection[str] = TOPICS) -> list[ImportLine]:
    lines = plan_import(opml(body), present, topics)
    assert sum(counts_of(lines).values()) == len(lines)
    return lines


def imported(body: str, topics: Collection[str] = TOPICS) -> list[NewFeed]:
    return [line.feed for line in plan(body, topics=topics) if line.feed is not None]


def only(body: str) -> ImportLine:
    [line] = plan(body)
    return line


# --- one outline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outline",
    [
        '<outline type="rss" text="T" xmlUrl="https://a.example/f?x=1&amp;y=2"/>',
        '<outline type="rss" text="T" xmlUrl="https://a.example/f?x=1&y=2"/>',
        "<OUTLINE TEXT='T' XMLURL='HTTPS://A.example:443/f?x=1&amp;y=2#top'></OUTLINE>",
        '<outline text="ignored" title="T" xmlurl=" https://a.example/f?x=1&#38;y=2 " />',
        '<outline text="T" type="atom" url="https://a.example/f?x=1&amp;y=2"/>',
        '<outline text="T" xmlUrl="feed:https://a.example/f?x=1&amp;y=2"/>',
        '<outline text="T" xmlUrl="https://a.example/f?x=1&amp;y=2"',
        "<outline text=T xmlUrl=https://a.example/f?x=1&y=2>",
    ],
)
def test_a_feed_is_read_however_it_is_written(outline: str) -> None:
    assert only(outline).feed == NewFeed("https://a.example/f?x=1&y=2", "T")


def test_the_address_is_no_title_and_control_characters_are_none() -> None:
    assert only('<outline text="https://a.example/f" xmlUrl="https://a.example/f"/>').feed == NewFeed(
        "https://a.example/f"
    )
    assert only('<outline text="One&#10;two\x1b[0m" xmlUrl="https://a.example/f"/>').title == "One two [0m"


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        ('<outline text="T"/>', "it has no xmlUrl"),
        ('<outline text="T" xmlUrl=""/>', "it has no xmlUrl"),
        ('<outline text="T" xmlUrl="https://a.example/f', "its tag does not end"),
        ('<outline text="T" xmlUrl="not a url"/>', "not the URL of a feed"),
        ('<outline text="T" xmlUrl="ftp://a.example/f"/>', "not the URL of a feed"),
        ('<outline text="T" xmlUrl="https://a.example/${KEY}"/>', "cannot hold ${NAME}"),
        ('<outline text="T" xmlUrl="http://[::1/f"/>', "is not a URL"),
        ('<outline text="T" type="include" url="https://a.example/more.opml"/>', "includes another list"),
        ('<outline text="T" type="link" url="https://a.example/"/>', "a link to a page"),
    ],
)
def test_what_is_no_feed_is_left_out_with_its_reason(outline: str, why: str) -> None:
    line = only(outline)
    assert (line.line, line.title, line.result, line.feed) == (4, "T", ImportResult.LEFT_OUT, None)
    assert why in line.why


def test_a_password_does_not_stay_in_the_address() -> None:
    line = only('<outline text="T" xmlUrl="https://me:pa%3Ass@a.example/f"/>')
    assert line.feed == NewFeed("https://a.example/f", "T", auth="me:pa:ss")
    assert "better" in line.why
    assert "pa" not in only('<outline xmlUrl="https://me:pass@[/"/>').title


def test_a_feed_that_was_marked_as_a_comment_is_not_enabled() -> None:
    assert imported('<outline text="T" isComment="true" xmlUrl="https://a.example/f"/>')[0].enabled is False


# --- many ------------------------------------------------------------------------------------------------------------

BROKEN = """\
<outline text="Good" xmlUrl="https://good.example/">
</outline>
<outline text="Doubled" xmlUrl="HTTPS://GOOD.example"/>
<outline text="Present" xmlUrl="https://present.example/"/>
<outline text="No address"/>
<outline text="Broken" xmlUrl="https://broken.example/
<outline text="Sale & more" xmlUrl="https://good.example/sale?a=1&b=2"/>
<outline text="A < B" xmlUrl="https://good.example/less"/>
<outline text="Folder">
  <outline text='Nested "quotes"' xmlUrl='https://good.example/nested'/>
</outline>
<outline text="Never closed" xmlUrl="https://good.example/end\""""


def test_a_broken_file_is_imported_as_far_as_it_goes() -> None:
    lines = plan(BROKEN, "https://present.example/")
    assert [(line.line, line.title, line.result) for line in lines] == [
        (4, "Good", "imported"),
        (6, "Doubled", "already there"),
        (7, "Present", "already there"),
        (8, "No address", "left out"),
        (9, "Broken", "left out"),
        (10, "Sale & more", "imported"),
        (11, "A < B", "imported"),
        (12, "Folder", "folder"),
        (13, 'Nested "quotes"', "imported"),
        (15, "Never closed", "imported"),
    ]
    assert counts_of(lines) == {"imported": 5, "already there": 2, "left out": 2, "folder": 1}
    assert [line.why for line in lines[1:3]] == ["the same as in line 4", "in feeds.toml"]


@pytest.mark.parametrize("text", ["", "no OPML", "<html><body><p>", '{"version": "https://jsonfeed.org/"}', "<opml/>"])
def test_what_is_no_opml_holds_nothing(text: str) -> None:
    assert plan_import(text, (), TOPICS) == []


def test_entities_of_the_file_do_nothing() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE opml [<!ENTITY e0 "ha">{bomb}<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    body = '<outline text="&e11;" xmlUrl="https://a.example/"/><outline text="&x;" xmlUrl="https://b.example/"/>'
    assert [line.title for line in plan_import(text + opml(body), (), TOPICS)] == ["&e11;", "&x;"]


def test_ten_thousand_outlines_and_a_deep_nest_are_fast() -> None:
    many = "".join(f'<outline text="Feed {n}" xmlUrl="https://{n}.example/f"/>\n' for n in range(10_000))
    nested = "<outline text='deeper'>" * 10_000 + '<outline xmlUrl="https://deep.example/"/>'
    start = time.process_time()
    assert counts_of(plan(many))["imported"] == 10_000
    assert counts_of(plan(nested)) == {"imported": 1, "already there": 0, "left out": 0, "folder": 10_000}
    assert time.process_time() - start < 30


@given(st.text(st.sampled_from("<outline texmlUr/=\"' \nhttps:.&;>")))
def test_no_file_is_too_broken(text: str) -> None:
    lines = plan_import(f'<outline text="{text}<outline xmlUrl="https://a.example/"/>{text}', (), TOPICS)
    assert (
        sum(counts_of(lines).values())
        == len(lines)
        == len(read_outlines(f'<outline text="{text}<outline xmlUrl="https://a.example/"/>{text}'))
    )


# --- folders, categories, tags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "attribute", "category", "tags"),
    [
        ([], "", None, ()),
        (["Friends"], "", None, ("Friends",)),
        (["Sports"], "", "sport", ()),
        (["SCIENCE &amp; technology"], "", "science and technology", ()),
        (["News", "Politics", "Local"], "", "politics and government", ("News", "Local")),
        (["Sport", "Health"], "", "health", ("Sport",)),
        (["Friends", "Friends"], "", None, ("Friends",)),
        (["Friends"], "uk, daily", None, ("uk", "daily", "Friends")),
        ([], "/Boston/Weather", "weather", ("Boston",)),
        (["Sport"], "/medtop:02000000,sport", "crime, law and justice", ("sport", "Sport")),
        ([], "sport", None, ("sport",)),
        ([""], ",, ,/", None, ()),
    ],
)
def test_folders_and_categories(
    folders: list[str], attribute: str, category: str | None, tags: tuple[str, ...]
) -> None:
    opened = "".join(f'<outline text="{name}">' for name in folders)
    feed = f'<outline category="{attribute}" xmlUrl="https://a.example/"/>'
    [found] = imported(opened + feed + "</outline>" * len(folders))
    assert (found.category, found.tags) == (category, tags)


OWN = ("football", "politics", "R & D", "health", "food and drink")


@pytest.mark.parametrize(
    ("folders", "attribute", "category", "tags"),
    [
        (["FOOTBALL"], "", "football", ()),
        (["Football", "R &amp; D"], "", "R & D", ("Football",)),
        (["Politics"], "", "politics", ()),
        (["Government", "business"], "", None, ("Government", "business")),
        (["sport"], "/medtop:15000000", None, ("sport",)),
        ([], "/medtop:07000000,daily", "health", ("daily",)),
        ([], "/Sports/football", "football", ("Sports",)),
        (["tech"], "", None, ("tech",)),
        (["Food &amp; Drink"], "", "food and drink", ()),
    ],
)
def test_folders_are_mapped_to_the_users_own_topics(
    folders: list[str], attribute: str, category: str | None, tags: tuple[str, ...]
) -> None:
    opened = "".join(f'<outline text="{name}">' for name in folders)
    feed = f'<outline category="{attribute}" xmlUrl="https://a.example/"/>'
    [found] = imported(opened + feed + "</outline>" * len(folders), OWN)
    assert (found.category, found.tags) == (category, tags)


def test_a_feed_is_no_folder_of_the_next_one() -> None:
    body = '<outline text="F"><outline text="A" xmlUrl="https://a.example/"><outline xmlUrl="https://b.example/"/>'
    assert [feed.tags for feed in imported(body)] == [("F",), ("F",)]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_recognised(topic: str) -> None:
    assert topic_of(topic.upper(), TOPICS) == topic
    assert topic_of(f"medtop:{TOPICS[topic]}", TOPICS) == topic


# --- out, and in again -----------------------------------------------------------------------------------------------


def test_an_export_is_opml_with_folders_and_without_secrets() -> None:
    feeds = [
        Subscription("https://a.example/f?x=1&y=2", 'Ä "a" <b>', "sport", ("uk", "daily"), auth=("me", "pa55")),
        Subscription("https://b.example/", tags=("uk",), headers=(("X-Key", "k3y"),)),
        Subscription("https://c.example/", enabled=False),
        Subscription("https://d.example/", "D", "sport", ("uk",)),
        Subscription("https://api.example/", api=ApiRecipe("items", ())),
    ]
    text = write_opml(feeds, {"https://b.example/": KnownFeed("B's own", "https://b.example/home")}, NOW, TOPICS)
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/dateCreated") == "Sat, 31 Jan 2026 12:00:00 +0000"
    paths = {
        tuple(folder.get("text") for folder in path[1:-1]): path[-1].attrib
        for path in walk(root.find("body"), ())
        if path[-1].get("xmlUrl")
    }
    assert paths[("sport", "uk")]["xmlUrl"] == "https://d.example/"
    assert paths[("uk",)] == {
        "type": "rss",
        "text": "B's own",
        "title": "B's own",
        "xmlUrl": "https://b.example/",
        "htmlUrl": "https://b.example/home",
        "category": "uk",
    }
    assert paths[()]["isComment"] == "true"
    assert all(outline.get("text") for outline in root.iter("outline"))
    for secret in ("pa55", "k3y", "X-Key", "api.example"):
        assert secret not in text


def walk(element: ET.Element | None, path: tuple[ET.Element, ...]) -> list[tuple[ET.Element, ...]]:
    assert element is not None
    here = (*path, element)
    return [here] + [found for child in element for found in walk(child, here)]


_XML = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
_TITLES = st.text(_XML).map(lambda text: NOT_WRITTEN.sub("", text).strip())
_TAGS = st.text(_XML, min_size=1) | st.sampled_from(
    ["a,b", "a/b", "50%", "/x", "Sport", "sports", " edge ", '"', "<&>", "a\u202eb"]
)
_FEEDS = st.builds(
    Subscription,
    url=st.integers(0, 10**6).map(lambda number: f"https://{number}.example/f?x=1&y={number}"),
    title=_TITLES,
    category=st.none() | st.sampled_from(list(TOPICS)),
    tags=st.lists(_TAGS, max_size=3, unique=True).map(tuple),
    enabled=st.booleans(),
)


@given(st.lists(_FEEDS, max_size=8, unique_by=lambda feed: feed.url))
@example([Subscription("https://1.example/", "T", None, ("sport",)), Subscription("https://2.example/", tags=("%2C",))])
@example([Subscription("https://1.example/", tags=("two\nlines", "\x1b"))])
@example([Subscription("https://1.example/", "T", "health", ("sport", "uk"))])
@example([Subscription("https://1.example/", "T", "health", ("health",))])
def test_what_is_exported_is_imported_as_it_was(feeds: list[Subscription]) -> None:
    check_it_comes_back(feeds, TOPICS)


def check_it_comes_back(feeds: Sequence[Subscription], topics: Collection[str]) -> None:
    lines = plan_import(write_opml(feeds, {}, NOW, topics), (), topics)
    back = {line.feed.url: line.feed for line in lines if line.feed is not None}
    assert {url: (one.title, one.category, one.tags, one.enabled) for url, one in back.items()} == {
        one.url: (one.title, one.category, one.tags, one.enabled) for one in feeds
    }
    assert {line.result for line in lines} <= {ImportResult.IMPORTED, ImportResult.FOLDER}


_NAMES = st.text(_XML, min_size=1, max_size=8).map(str.strip).filter(
    lambda name: name and name.casefold() not in TOPICS.values()
) | st.sampled_from(["sport", "Sports", "politics", "R & D", "R and D", "a/b", "50%", "one, two", "/x", "medtop:1"])
_OWN_TOPICS = st.lists(_NAMES, min_size=1, max_size=5, unique_by=str.casefold)


@given(st.data(), _OWN_TOPICS, st.lists(_FEEDS, max_size=4, unique_by=lambda feed: feed.url))
def test_the_users_own_topics_go_out_and_come_back(
    data: st.DataObject, topics: list[str], feeds: list[Subscription]
) -> None:
    mine = [replace(one, category=data.draw(st.none() | st.sampled_from(topics))) for one in feeds]
    tagged = [replace(one, tags=(*one.tags, data.draw(st.sampled_from(topics)))) for one in mine]
    check_it_comes_back(mine, topics)
    check_it_comes_back([replace(one, tags=tuple(dict.fromkeys(one.tags))) for one in tagged], topics)


def test_only_what_every_reader_knows_is_written_as_a_code() -> None:
    feeds = [
        Subscription("https://a.example/", category="sport"),
        Subscription("https://b.example/", category="Sport"),
        Subscription("https://c.example/", category="one, two/three"),
    ]
    root = ET.fromstring(write_opml(feeds, {}, NOW, [one.category or "" for one in feeds]))  # noqa: S314 - our own
    assert [one.get("category") for one in root.iter("outline") if one.get("xmlUrl")] == [
        "/medtop:15000000",
        "/Sport",
        "/one%2C two%2Fthree",
    ]


@given(st.lists(_FEEDS, max_size=3, unique_by=lambda feed: feed.url), st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_of_an_export_turns_a_terminal_around(feeds: list[Subscription], text: str) -> None:
    hostile = "\x1b\x7f\x85\x9b31m\u202e\u2066\u200f\u2028" + text
    written = write_opml([*feeds, Subscription("https://z.example/", hostile)], {}, NOW, TOPICS)
    [outline] = [one for one in ET.fromstring(written).iter("outline") if one.get("xmlUrl") == "https://z.example/"]  # noqa: S314 - our own
    assert not set(outline.get("title", "")) & {*map(chr, range(0x7F, 0xA0)), *"\u202e\u2066\u200f\u2028\x1b"}


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["u:%24%7BAWS_SECRET%7D", "%24%7BAWS_SECRET%7D:x", "%24{AWS_SECRET}", "u:$%7BA%7D"])
def test_a_list_asks_the_environment_for_nothing(user: str) -> None:
    line = only(f'<outline text="T" xmlUrl="http://{user}@evil.example/feed"/>')
    assert (line.result, line.feed) == (ImportResult.LEFT_OUT, None)
    assert "cannot hold ${NAME}" in line.why


_PIECES = ["$", "{", "}", "%24", "%7B", "%7D", "A", ":", "%3A", "@", "/", "&#36;", "%00", "%0A", ",", "${A}"]
_NASTY = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@given(_NASTY, _NASTY, _NASTY)
@example("u:%24%7BA%7D", "${A}", "/${A}/%24%7BA%7D")
def test_what_is_imported_can_be_read_and_stays_what_it_is(user: str, title: str, category: str) -> None:
    body = f'<outline text="{title}" category="{category}" xmlUrl="https://{user}@a.example/"/>'
    feeds = imported(f'<outline text="{title}">{body}</outline>')
    text = with_feeds("", "feeds.toml", feeds)
    read = read_subscriptions(text, "feeds.toml", {})
    again = read_subscriptions(text, "feeds.toml", {"A": "secret", "AA": "secret"})
    assert read == again
    assert [(one.url, one.title, one.tags) for one in read] == [(one.url, one.title, one.tags) for one in feeds]


def test_a_password_is_not_shown_with_its_line() -> None:
    assert "pa55" not in repr(only('<outline text="T" xmlUrl="https://me:pa55@a.example/f"/>'))
