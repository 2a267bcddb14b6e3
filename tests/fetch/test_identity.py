from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.canonical import MAX_KEY_CHARS, alias_of, is_distinctive, url_key
from aggregator.fetch.identity import content_hash, entry_keys
from aggregator.records import ParsedEntry

WORDS = st.text("abcä é/&=?%+", max_size=8)
TRACKING = st.sampled_from(
    [
        "utm_source",
        "UTM_Medium",
        "utm_id",
        "fbclid",
        "gclid",
        "mc_cid",
        "mc_eid",
        "at_medium",
        "at_campaign_type",
        "wt_mc",
    ]
)


MOMENT = datetime(2026, 3, 2, 6, 30, 15, tzinfo=UTC)


def entry(guid: str | None = None, url: str | None = None, title: str = "", **more: object) -> ParsedEntry:
    return ParsedEntry(guid=guid, url=url, title=title, **more)  # type: ignore[arg-type]


def own_keys(entries: list[ParsedEntry]) -> list[str]:
    return [keys.entry for keys in entry_keys(entries)]


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/story",
        "http://news.test/story",
        "https://www.news.test/story",
        "https://NEWS.test/story/",
        "https://news.test:443/story#comments",
        "http://news.test:80/story?",
        "https://news.test/story?utm_source=rss&utm_medium=feed",
        "https://news.test/story?fbclid=1&at_campaign=x#top",
        "https://reader:secret@news.test/story",
        "https://news.test/./2026/../story",
        "https://news.test/%73tory",
        "https://news.test/story?ref=rss",
        "https://news.test/story?source=rss&partner=rss",
        "https://news.test/story?WT.mc_id=rss&ns_campaign=rss&xtor=RSS-1",
        "https://news.test/story?guccounter=1&__twitter_impression=true&igshid=a",
        "https://news.test/story?amp",
        "https://news.test/story?amp=1&outputType=amp",
    ],
)
def test_what_does_not_change_the_article_is_left_out(url: str) -> None:
    assert url_key(url) == "news.test/story"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/Story",
        "https://news.test/story?id=1",
        "https://news.test/story?source=reuters",
        "https://news.test/story?ref=4711",
        "https://news.test/story?amp=4711",
        "https://news.test/story/amp",
        "https://news.test:8443/story",
        "https://m.news.test/story",
        "https://news.test/story/2",
        "https://news.test/story?xutm_source=1",
    ],
)
def test_what_may_change_the_article_is_kept(url: str) -> None:
    assert url_key(url) not in (None, "news.test/story")


@pytest.mark.parametrize(
    "url",
    [
        "https://m.news.test/2026/03/storm",
        "https://amp.news.test/2026/03/storm",
        "https://news.test/2026/03/storm/amp",
        "https://news.test/2026/03/storm/amp/",
        "https://www.news.test/2026/03/storm.amp.html",
    ],
)
def test_the_page_for_another_screen_is_the_same_article_where_the_address_is_that_of_one(url: str) -> None:
    assert url_key(url) == "news.test/2026/03/storm"


def test_the_order_of_parameters_and_the_way_of_escaping_make_no_difference() -> None:
    assert url_key("https://news.test/größe?b=ü&a=1") == url_key("http://news.test/gr%c3%b6%C3%9Fe?a=1&b=%C3%BC")
    assert url_key("https://täglich.test/1") == url_key("https://xn--tglich-bua.test/1")


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/" + "a" * MAX_KEY_CHARS,
        "https://" + "a." * 200 + "test/story",
        "https://news.test/?" + "&".join(f"p{n}=1" for n in range(100)),
    ],
)
def test_a_monstrous_address_is_nobodys_identity(url: str) -> None:
    assert url_key(url) is None


@pytest.mark.parametrize(
    "url",
    [
        *(
            None,
            "",
            "https://news.test",
            "https://news.test/",
            "https://www.news.test//",
            "https://news.test/?utm_id=7",
        ),
        *("https://news.test/#story", "mailto:ada@news.test", "tag:news.test,2026:1", "/story", "urn:uuid:1"),
        *("https://[broken/story", "https://news.test:port/story", "https:///story", "javascript:alert(1)"),
    ],
)
def test_a_front_page_or_no_page_is_nobodys_identity(url: str | None) -> None:
    assert url_key(url) is None


@settings(deadline=None)
@given(
    path=st.text("ab/-", min_size=1, max_size=8),
    parameters=st.lists(st.tuples(st.text("xyz", min_size=1, max_size=3), WORDS), max_size=3),
    tracking=st.lists(st.tuples(TRACKING, WORDS), max_size=3),
)
def test_tracking_parameters_never_count(
    path: str, parameters: list[tuple[str, str]], tracking: list[tuple[str, str]]
) -> None:
    plain = f"https://news.test/{path}?{urlencode(parameters)}"
    tracked = f"https://news.test/{path}?{urlencode([*tracking[:1], *parameters, *tracking[1:]])}"
    assert url_key(plain) == url_key(tracked)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_may_come_as_an_address(text: str) -> None:
    for url in (text, "https://" + text, "https://news.test/" + text, "https://news.test/?" + text):
        assert url_key(url) != ""


@pytest.mark.parametrize(
    "text",
    [
        *("/2026/storm", "/?p=7", "/storm-hits-harbour", "/storm_hits_harbour", "/c0vwz0y0lxno", "/a/4711.html"),
        *("/%D8%B9%D8%A7%D8%B5-%D9%81%D8%A9-%D9%85%D9%8A", "6f1c9a4e-0b1d-4b7e", "4711"),
    ],
)
def test_what_looks_like_the_name_of_one_article(text: str) -> None:
    assert is_distinctive(text)


@pytest.mark.parametrize("text", ["", "/", "/weather", "/live", "/news/today", "/?p=", "/?page=latest", "/1", "today"])
def test_what_may_be_the_name_of_any_article(text: str) -> None:
    assert not is_distinctive(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://news.test/?p=7", "https://news.test/?p=7"),
        ("https://old.test/2026/storm", "https://www.new.test/2026/storm/"),
        ("https://NEWS.test:443/2026/storm", "https://news.test/2026/storm?utm_source=rss#top"),
        ("tag:old.test,2026:4711", "tag:new.test,2026-03-01:4711"),
    ],
)
def test_an_alias_outlives_the_host_and_the_scheme(before: str, after: str) -> None:
    assert alias_of(before) == alias_of(after) is not None


@pytest.mark.parametrize(
    "guid", [None, "", "4711", "https://news.test/", "https://news.test/weather", "https://news.test/?p=", "urn:uuid:1"]
)
def test_too_little_is_no_alias(guid: str | None) -> None:
    assert alias_of(guid) is None


def test_different_articles_have_different_aliases() -> None:
    names = ["http://a.test/?p=7", "http://a.test/?p=8", "http://a.test/2026/storm", "tag:a.test,2026:x-1 y"]
    assert len({alias_of(name) for name in [*names, "tag:a.test,2026:/2026/calm"]}) == 5


# --- entries --------------------------------------------------------------------------------------------------------


def test_the_guid_tells_an_entry_then_its_link_then_title_and_date() -> None:
    keys = own_keys(
        [
            entry("g1", "https://news.test/1", "One"),
            entry(None, "https://news.test/2", "Two"),
            entry(None, None, "Three", published_raw="Monday"),
        ]
    )
    assert keys[:2] == ["guid g1", "url https://news.test/2"]
    assert keys[2].startswith("text ")


def test_a_guid_that_all_share_tells_nothing_and_the_links_tell() -> None:
    shared = [entry("https://news.test/", f"https://news.test/{n}", "Same title") for n in range(3)]
    assert own_keys(shared) == [f"url https://news.test/{n}" for n in range(3)]


def test_a_guid_and_a_link_that_all_share_tell_nothing_and_the_titles_tell() -> None:
    shared = [entry("g", "https://news.test/", f"Title {n}") for n in range(3)]
    keys = own_keys(shared)
    assert len(set(keys)) == 3
    assert all(key.startswith("text ") for key in keys)


def test_entries_without_anything_else_are_told_by_their_text() -> None:
    assert len(set(own_keys([entry(summary="a"), entry(summary="b"), entry(content="a")]))) == 3


def test_only_the_entries_that_share_fall_back() -> None:
    keys = own_keys([entry("g", None, "One"), entry("g", None, "Two"), entry("own", None, "Three")])
    assert keys[2] == "guid own"
    assert keys[0] != keys[1]


def test_an_entry_that_is_listed_twice_keeps_its_key() -> None:
    one = entry("g", "https://news.test/1", "One", published_raw="Monday")
    other = entry("h", "https://news.test/2", "Two")
    assert own_keys([one, other, one]) == ["guid g", "guid h", "guid g"]


def test_a_guid_that_looks_like_anothers_link_is_not_the_same() -> None:
    assert len(set(own_keys([entry("https://news.test/1"), entry(None, "https://news.test/1")]))) == 2


def test_the_other_keys_stand_by_for_the_day_on_which_the_first_is_shared() -> None:
    (alone,) = entry_keys([entry("g", "https://news.test/1", "One")])
    assert alone.fallbacks[0] == "url https://news.test/1"
    first, second = entry_keys([entry("g", "https://news.test/1", "One"), entry("g", "https://news.test/1", "Two")])
    assert first.fallbacks == ("guid g", "url https://news.test/1")
    assert first.entry == alone.fallbacks[1]
    assert second.entry.startswith("text ")


def test_an_alias_comes_from_the_guid_and_else_from_the_link() -> None:
    link = "https://news.test/2026/storm"
    keys = entry_keys([entry("https://news.test/?p=7", link), entry("a1", link + "s"), entry(None, link + "t")])
    assert [one.alias for one in keys] == ["alias ?p=7", "alias /2026/storms", "alias /2026/stormt"]


def test_what_entries_of_a_document_share_is_no_alias_and_no_match() -> None:
    link = "https://news.test/2026/storm"
    shared = [entry(guid, link, "Storm", published_at=MOMENT) for guid in ("a1", "b2")]
    assert [(one.alias, one.match) for one in entry_keys([*shared, entry("c3")])] == [(None, None)] * 3
    (alone,) = {(one.alias, one.match) for one in entry_keys([shared[0], shared[0]])}
    assert None not in alone, "an entry that is listed twice shares with nobody"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (entry("a", "u", "Storm", published_at=MOMENT), entry("b", "v", " STORM ", published_at=MOMENT, content="x")),
        (
            entry("a", None, "“Storm” – live", published_at=MOMENT),
            entry("b", None, "'Storm': Live", published_at=MOMENT),
        ),
        (entry(title="Storm", published_at=MOMENT), entry(title="Storm", published_at=MOMENT.replace(microsecond=9))),
        (entry("a", "u", "A headline that is long enough"), entry("b", "v", "A headline that is long enough")),
        (entry("a", content="A text that says enough. " * 10), entry("b", content="A text that says enough. " * 10)),
    ],
)
def test_title_and_moment_match_under_another_guid(before: ParsedEntry, after: ParsedEntry) -> None:
    (first,), (second,) = entry_keys([before]), entry_keys([after])
    assert first.match == second.match
    assert str(first.match).startswith("match ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (entry(title="Storm", published_at=MOMENT), entry(title="Calm", published_at=MOMENT)),
        (entry(title="Storm", published_at=MOMENT), entry(title="Storm", published_at=MOMENT + timedelta(seconds=1))),
        (entry(content="<p>a</p>", published_at=MOMENT), entry(content="<p>b</p>", published_at=MOMENT)),
        (entry(title="A headline that is long enough"), entry(title="A headline that is long enough", content="x")),
    ],
)
def test_another_title_another_moment_or_another_text_is_no_match(before: ParsedEntry, after: ParsedEntry) -> None:
    (first,), (second,) = entry_keys([before]), entry_keys([after])
    assert first.match != second.match


@pytest.mark.parametrize(
    "generic",
    [
        entry("g", title="Live"),
        entry("g", title="Weather", summary="Sunny", content="<p>Sunny</p>"),
        entry("g", title="Weather", published_at=MOMENT.replace(hour=0, minute=0, second=0)),
        entry("g"),
    ],
)
def test_short_titles_without_a_time_match_nothing(generic: ParsedEntry) -> None:
    assert entry_keys([generic])[0].match is None


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["title", "summary", "content"])
def test_what_an_editor_edits_changes_the_hash(part: str) -> None:
    before = entry("g", "u", "Title", summary="Summary", content="Content")
    assert content_hash(replace(before, **{part: "edited"})) != content_hash(before)  # type: ignore[arg-type]


def test_what_no_editor_edits_does_not_change_the_hash() -> None:
    before = entry("g", "u", "Title")
    after = replace(before, guid="h", url="v", author="Ada", published_raw="Monday", language="de")
    assert content_hash(after) == content_hash(before)


def test_text_that_moves_from_title_to_summary_is_an_edit() -> None:
    assert content_hash(entry(title="ab")) != content_hash(entry(title="a", summary="b"))


def test_half_a_character_can_be_hashed() -> None:
    assert len(content_hash(entry(title="\ud800"))) == 64
    assert len(entry_keys([entry("\ud800", "https://news.test/\ud800", "\ud800", published_at=MOMENT)])) == 1
