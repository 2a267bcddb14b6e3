from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.apifeed import read_api_documents
from aggregator.fetch.parse import MAX_ENTRIES, parse_feed
from aggregator.records import ApiRecipe, ParsedEntry, ParsedFeed, ParseJob
from aggregator.subscriptions.apis import FIELDS, read_api

URL = "https://api.example/v2/posts?page=1"
PLAIN = ApiRecipe("items", tuple((name, name) for name in FIELDS))
PAGE = (Path(__file__).parents[2] / "docs" / "apis.md").read_text(encoding="utf-8")


def read(*documents: object, recipe: ApiRecipe = PLAIN, content_type: str = "application/json") -> ParsedFeed:
    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in documents]
    feed = parse_feed(ParseJob(URL, bodies[0], content_type, recipe, tuple(bodies[1:])))
    msgspec.msgpack.decode(msgspec.msgpack.encode(feed), type=ParsedFeed)  # as it travels back from a worker
    return feed


def problem(document: object, recipe: ApiRecipe = PLAIN) -> str:
    feed = read(document, recipe=recipe)
    assert feed.problem is not None
    assert feed.entries == ()
    return feed.problem


def entry(**fields: object) -> ParsedEntry:
    (one,) = read({"items": [{"title": "T"} | fields]}).entries
    return one


# --- the examples of the documentation ------------------------------------------------------------------------------


WORDPRESS = [
    {
        "id": 41,
        "date_gmt": "2024-05-01T08:30:00",
        "guid": {"rendered": "https://paper.example/?p=41"},
        "link": "https://paper.example/2024/05/harbour/",
        "title": {"rendered": "Harbour &#8216;reopens&#8217; &amp; fills"},
        "excerpt": {"rendered": "<p>The harbour is open [&hellip;]</p>\n"},
        "content": {"rendered": '<p>The harbour is <b>open</b>.<script>x()</script></p><img src="/in.jpg">'},
        "_embedded": {
            "author": [{"name": "Ada Quay"}],
            "wp:featuredmedia": [{"source_url": "https://paper.example/lead.jpg"}],
            "wp:term": [[{"name": "Sea"}, {"name": "Trade"}], [{"name": "sea"}]],
        },
    },
    {
        "id": 42,
        "link": "https://paper.example/2024/05/two/",
        "title": {"rendered": "Two"},
        "guid": {"rendered": "https://paper.example/?p=42"},
    },
]
NEWS_SERVICE = {
    "status": "ok",
    "nextCursor": "b2Zmc2V0PTUw",
    "articles": [
        {
            "source": {"id": None, "name": "The Coast"},
            "author": None,
            "title": "Storm passes",
            "description": "It <b>passed</b>.",
            "url": "https://coast.example/storm",
            "urlToImage": "https://coast.example/storm.jpg",
            "publishedAt": "2024-05-01T10:00:00Z",
            "content": "It passed < midnight… [+812 chars]",
        },
        {"title": "[Removed]", "url": None},
    ],
}
EVENTS = {
    "articles": [
        {
            "url": "https://river.example/flood",
            "title": "Flood recedes",
            "seendate": "20240501T101500Z",
            "socialimage": "",
            "language": "English",
        },
        {
            "url": "https://river.example/dam",
            "title": "Dam holds",
            "seendate": "20240501T114500Z",
            "socialimage": "https://river.example/dam.png",
        },
    ]
}


def example(number: int) -> ApiRecipe:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    api = read_api(tomllib.loads(blocks[number])["apis"][0], "docs", {"NEWS_SERVICE_KEY": "x"}).api
    assert api is not None
    return api


def test_wordpress_as_the_page_reads_it() -> None:
    feed = read(WORDPRESS, recipe=example(0))
    assert (feed.format, feed.problem, feed.note) == ("api", None, None)
    one, two = feed.entries
    assert (one.guid, one.url) == ("https://paper.example/?p=41", "https://paper.example/2024/05/harbour/")
    assert (one.title, one.summary) == ("Harbour ‘reopens’ & fills", "The harbour is open […]")
    assert one.content == ('<p>The harbour is <b>open</b>.</p><img src="https://paper.example/in.jpg">')
    assert (one.author, one.categories) == ("Ada Quay", ("Sea", "Trade"))
    assert one.published_at == datetime(2024, 5, 1, 8, 30, tzinfo=UTC)
    assert [image.url for image in one.images] == ["https://paper.example/lead.jpg", "https://paper.example/in.jpg"]
    assert (two.title, two.content, two.published_at) == ("Two", "", None)


def test_a_news_service_as_the_page_reads_it() -> None:
    (one,) = read(NEWS_SERVICE, recipe=example(1)).entries
    assert (one.title, one.author, one.summary) == ("Storm passes", "The Coast", "It passed.")
    assert one.content == "<p>It passed &lt; midnight… [+812 chars]</p>"
    assert one.published_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert one.guid is None


def test_a_database_of_events_as_the_page_reads_it() -> None:
    feed = read(EVENTS, recipe=example(2))
    assert [one.published_at for one in feed.entries] == [
        datetime(2024, 5, 1, 10, 15, tzinfo=UTC),
        datetime(2024, 5, 1, 11, 45, tzinfo=UTC),
    ]
    assert [len(one.images) for one in feed.entries] == [0, 1]
    assert feed.note is None


# --- what is found becomes text, dates, pictures ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "guid"),
    [(7, "7"), (7.0, "7"), (1.5, "1.5"), ("x", "x"), (True, None), ({}, None), ([], None), ("  ", None), (-3, "-3")],
)
def test_a_guid_may_be_a_number(found: object, guid: str | None) -> None:
    assert entry(guid=found).guid == guid


def test_a_number_too_long_to_be_one_is_nothing() -> None:
    body = b'{"items": [{"title": "T", "guid": ' + b"7" * 10_000 + b', "author": NaN, "summary": 1e999}]}'
    (one,) = read(body).entries
    assert (one.guid, one.author, one.summary) == (None, "", "")


def test_what_is_no_number_is_nothing_to_an_expression_too() -> None:
    recipe = ApiRecipe("items", (("title", "title || 'Untitled'"),))
    feed = read(b'{"items": [{"title": NaN}, {"title": -Infinity}, {"title": "A"}]}', recipe=recipe)
    assert [one.title for one in feed.entries] == ["Untitled", "A"]


def test_lists_become_one_text_and_categories_stay_a_list() -> None:
    one = entry(author=["Ada", None, "Bob"], categories=["Sea", 12, {"a": 1}, ["x"], "sea"], title=["A", "B"])
    assert (one.author, one.title, one.categories) == ("Ada, Bob", "A, B", ("Sea", "12"))
    assert entry(categories="Sea, and more").categories == ("Sea, and more",)


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        (1714557600, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("1714557600", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (1714557600000, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (1714557600.0, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (20240501, datetime(2024, 5, 1, tzinfo=UTC)),
        ("20240501T101500Z", datetime(2024, 5, 1, 10, 15, tzinfo=UTC)),
        ("2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("Wed, 01 May 2024 10:00:00 GMT", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (5, None),
        (-1714557600, None),
        ("9" * 60, None),
        ({"date": 1}, None),
    ],
)
def test_dates(found: object, meant: datetime | None) -> None:
    assert entry(published=found).published_at == meant


def test_the_date_is_kept_as_it_was_written() -> None:
    assert entry(published=1714557600).published_raw == "1714557600"


def test_html_is_made_safe_and_links_are_resolved() -> None:
    one = entry(
        url="../n/1?a=1",
        title="A <b>bold</b> title\x1b[31m",
        content='<p onclick="x()">Text <a href="more">more</a><script>x()</script></p>',
        image=["/a.jpg", "javascript:alert(1)", "/b.png"],
    )
    assert (one.url, one.title) == ("https://api.example/n/1?a=1", "A bold title[31m")
    assert one.content == (
        '<p>Text <a href="https://api.example/n/more" rel="nofollow noopener noreferrer">more</a></p>'
    )
    assert [image.url for image in one.images] == ["https://api.example/a.jpg", "https://api.example/b.png"]
    assert entry(url="javascript:alert(1)").url is None


def test_a_summary_alone_is_the_text() -> None:
    one = entry(summary="<p>All <i>there</i> is</p>")
    assert (one.summary, one.content) == ("All there is", "<p>All <i>there</i> is</p>")


# --- pages ----------------------------------------------------------------------------------------------------------


def test_pages_are_read_in_their_order_and_an_entry_on_two_of_them_once() -> None:
    pages = [{"items": [{"title": "A"}, {"title": "B"}]}, {"items": [{"title": "B"}, {"title": "C"}]}]
    feed = read(*pages)
    assert [one.title for one in feed.entries] == ["A", "B", "C"]
    assert feed.note is not None  # the other fields are never there
    assert "left out" not in feed.note


def test_a_later_page_that_cannot_be_read_is_noted() -> None:
    recipe = ApiRecipe("items", (("title", "title"),))
    feed = read({"items": [{"title": "A"}]}, b"<html>busy</html>", {"error": 1}, recipe=recipe)
    assert [one.title for one in feed.entries] == ["A"]
    assert feed.note == (
        "page 2: an HTML page, not JSON; "
        "page 3: the expression for entries, items, finds nothing; the document is an object with the keys error"
    )


def test_too_many_entries_are_cut() -> None:
    recipe = ApiRecipe("@", (("title", "@"),))
    feed = read([f"T{number}" for number in range(MAX_ENTRIES)], ["one more"], recipe=recipe)
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.note == f"only the first {MAX_ENTRIES} entries were read"


# --- nothing is silent ----------------------------------------------------------------------------------------------


def test_no_entries_are_no_problem() -> None:
    assert read({"items": []}) == ParsedFeed(format="api")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "binary data (PNG), not JSON"),
        (b"<!doctype html><p>Please log in</p>", "an HTML page, not JSON"),
        (b"<rss version='2.0'><channel/></rss>", "XML, but not JSON (root element rss)"),
        (b"Timespan is too short.", "plain text, not JSON"),
        (b'{"items": [{"title": "A"}', "broken JSON: Expecting ',' delimiter"),
        (b'{"items": []} {"items": []}', "broken JSON: Extra data"),
        (b"[" * 100_000, "nested too deep to be read"),
        (b"null", "finds nothing; the document is null"),
        (b'"text"', "finds nothing; the document is a text"),
        (b"[1, 2]", "finds nothing; the document is a list of 2"),
        (b"{}", "finds nothing; the document is an empty object"),
        (b"7", "the document is a number"),
        (b"true", "the document is true"),
        (b'{"items": {"a": 1}}', "finds an object with the keys a and no list"),
        (
            b'{"status": "error", "code": 1, "mess\\u001bage": "x", "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1}',
            "an object with the keys status, code, message, c, d, e, f, g …",
        ),
    ],
)
def test_what_is_no_such_document_is_named(body: bytes, said: str) -> None:
    assert said in problem(body)


def test_a_byte_order_mark_and_other_encodings_are_read() -> None:
    text = '{"items": [{"title": "Ärger"}]}'
    for body in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("latin-1")):
        assert [one.title for one in read(body).entries] == ["Ärger"]


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    assert [one.title for one in read(b'{"items": [], "items": [{"title": "A"}]}').entries] == ["A"]


def test_an_expression_that_finds_nothing_anywhere_is_named() -> None:
    recipe = ApiRecipe("items", (("title", "title"), ("published", "meta.date"), ("author", "by")))
    feed = read({"items": [{"title": "A"}, {"title": "B", "by": "Ada"}]}, recipe=recipe)
    assert len(feed.entries) == 2
    assert feed.note == "published (meta.date) finds nothing in any of 2 entries"


def test_an_object_in_the_place_of_a_text_is_nothing() -> None:
    recipe = ApiRecipe("items", (("title", "title"), ("url", "link")))
    feed = read({"items": [{"title": {"rendered": "A"}, "link": "/a"}]}, recipe=recipe)
    assert [one.url for one in feed.entries] == ["https://api.example/a"]
    assert feed.note == "title (title) finds nothing in any of 1 entries"


def test_entries_without_title_and_url_are_a_changed_api() -> None:
    recipe = ApiRecipe("items", (("title", "headline"), ("guid", "id")))
    assert problem({"items": [{"id": 1, "title": "A"}, {"id": 2, "title": "B"}]}, recipe) == (
        "no entry has a title or a url; title (headline) finds nothing in any of 2 entries"
    )


def test_a_few_entries_without_title_and_url_are_left_out() -> None:
    recipe = ApiRecipe("items", (("title", "title"),))
    feed = read({"items": [{"title": "A"}, {"title": None}, 7, None]}, recipe=recipe)
    assert [one.title for one in feed.entries] == ["A"]
    assert feed.note == "2 of 3 entries have neither title nor url and were left out"


def test_an_expression_that_fails_is_named_without_what_it_failed_on() -> None:
    recipe = ApiRecipe("items", (("title", "title"), ("author", "join(', ', people)")))
    items = [{"title": "A", "people": ["Ada"]}, {"title": "B", "people": "x" * 10_000}]
    feed = read({"items": items}, recipe=recipe)
    assert [one.author for one in feed.entries] == ["Ada", ""]
    assert feed.note == "author (join(', ', people)) failed in 1 of 2 entries: join() cannot be used on string"


def test_entries_whose_expression_fails_are_a_problem() -> None:
    assert problem({"items": [1, "a"]}, ApiRecipe("sort(items)", (("title", "@"),))).startswith(
        "the expression for entries, sort(items): sort() cannot be used on "
    )


def test_dates_that_cannot_be_read_are_named() -> None:
    feed = read(
        {"items": [{"title": "A", "d": "soon"}]}, recipe=ApiRecipe("items", (("title", "title"), ("published", "d")))
    )
    assert feed.entries[0].published_raw == "soon"
    assert feed.note == "published finds no date that can be read, but “soon”"


def test_an_entry_nested_too_deep_costs_the_document_and_nothing_else() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    recipe = ApiRecipe("items", (("title", "to_string(@)"),))
    assert problem(b'{"items": [' + deep + b"]}", recipe) == "nested too deep to be read"


def test_a_job_without_a_recipe_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="a job without a recipe"):
        read_api_documents(ParseJob(URL, b"{}"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800<b>x</b>"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*FIELDS, "x"]), inner, max_size=6),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=5), st.sampled_from(["items", "@", "items[].x", "*", "items[?title > `1`]"]))
def test_any_json_is_read_or_has_a_problem(items: list[object], entries: str) -> None:
    recipe = ApiRecipe(entries, PLAIN.fields)
    feed = read({"items": items}, items, recipe=recipe)
    assert feed.problem is None or not feed.entries
    assert all(one.title or one.url for one in feed.entries)
