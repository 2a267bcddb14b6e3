from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.parse import MAX_ENTRIES, parse_feed
from aggregator.records import ParsedEntry, ParsedFeed, ParseJob

URL = "https://news.test/feeds/feed.json"


def read(document: object) -> ParsedFeed:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_feed(ParseJob(URL, body, "application/feed+json; charset=iso-8859-1"))


def entry(**fields: object) -> ParsedEntry:
    feed = read({"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [fields]})
    assert feed.problem is None
    return feed.entries[0]


def test_a_whole_feed() -> None:
    feed = read(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Harbour &amp; <b>Sea</b>",
            "home_page_url": "/",
            "language": "en_GB",
            "authors": [{"name": "Desk"}],
            "items": [
                {
                    "id": "n1",
                    "url": "../2024/one",
                    "title": "One",
                    "content_html": '<p>Text <a href="more">more</a><script>x()</script><img src="/in.png"></p>',
                    "summary": "A <i>summary</i>",
                    "image": "lead.jpg",
                    "banner_image": "https://news.test/banner.jpg",
                    "date_published": "2024-05-01T10:00:00+02:00",
                    "tags": ["Sea", "sea", "Law", 3],
                    "attachments": [
                        {"url": "/a.jpg", "mime_type": "image/jpeg"},
                        {"url": "/a.mp3", "mime_type": "audio/mpeg"},
                    ],
                }
            ],
        }
    )
    assert (feed.format, feed.title, feed.site_url, feed.language) == (
        "json11",
        "Harbour & Sea",
        "https://news.test/",
        "en-GB",
    )
    (one,) = feed.entries
    assert (one.guid, one.url, one.title, one.summary) == ("n1", "https://news.test/2024/one", "One", "A summary")
    assert 'href="https://news.test/2024/more"' in one.content
    assert "script" not in one.content
    assert (one.author, one.language, one.categories) == ("Desk", "en-GB", ("Sea", "Law"))
    assert (one.published_raw, one.published_at) == ("2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC))
    assert [(image.source, image.url.removeprefix("https://news.test")) for image in one.images] == [
        ("image", "/2024/lead.jpg"),
        ("banner_image", "/banner.jpg"),
        ("enclosure", "/a.jpg"),
        ("content", "/in.png"),
    ]


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("https://jsonfeed.org/version/1", "json10"),
        ("https://jsonfeed.org/version/1.1/", "json11"),
        (None, "json"),
        (2, "json"),
    ],
)
def test_the_version_may_be_missing_or_odd(version: object, name: str) -> None:
    assert read({"version": version, "items": []}).format == name


@pytest.mark.parametrize(
    ("written", "guid"),
    [(7, "7"), ("x", "x"), (1.5, "1.5"), (True, None), (None, None), ("", None), ([], None), ("\ud800a", "a")],
)
def test_an_id_may_be_a_number(written: object, guid: str | None) -> None:
    assert entry(id=written).guid == guid


def test_text_becomes_html_and_a_summary() -> None:
    one = entry(content_text="a < b &\nc\n\nd", author={"name": "Ada"}, external_url="https://else.test/")
    assert (one.content, one.summary) == ("<p>a &lt; b &amp;<br>c</p><p>d</p>", "a < b & c d")
    assert (one.author, one.url) == ("Ada", "https://else.test/")
    assert entry(author="Bob").author == "Bob"


def test_a_link_that_runs_is_refused() -> None:
    assert entry(url="javascript:alert(1)").url is None
    assert entry(url="https://[oops").url in (None, "https://[oops")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-05-01T10:00:00.5-05:30", datetime(2024, 5, 1, 15, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("Wed, 01 May 2024 10:00:00 +0200", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("yesterday", None),
        ("", None),
        (1714557600, None),  # a number is no text
        ("2" * 1_000_000, None),
    ],
)
def test_dates(text: object, meant: datetime | None) -> None:
    assert entry(date_published=text).published_at == meant


def test_the_change_stands_in_for_a_publication_that_cannot_be_read() -> None:
    one = entry(date_published="soon", date_modified="2024-05-01T10:00:00Z")
    assert (one.published_raw, one.published_at) == ("2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert entry(date_published="soon").published_raw == "soon"


def test_a_cut_document_gives_its_whole_items_and_says_so() -> None:
    body = json.dumps({"title": "T", "items": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}).encode()[:-8]
    feed = read(body)
    assert [one.guid for one in feed.entries] == ["a", "b"]
    assert feed.note is not None
    assert feed.note.startswith("broken JSON")
    problem = read(b'{"items": [{"id": ').problem
    assert problem is not None
    assert problem.startswith("broken JSON")


def test_items_of_a_wrong_type_are_passed_over_and_too_many_are_cut() -> None:
    feed = read({"items": [1, None, "x", *({"id": number} for number in range(MAX_ENTRIES))]})
    assert len(feed.entries) == MAX_ENTRIES - 3
    assert feed.note == "only the first 5000 entries were read"


def test_a_mark_and_control_characters_are_no_obstacle() -> None:
    feed = read(b'\xef\xbb\xbf{"title": "a\tb\\u0000c", "items": []}')
    assert (feed.problem, feed.title) == (None, "a bc")


def test_nesting_without_end_is_named() -> None:
    assert read(b'{"items":' + b"[" * 200_000).problem == "nested too deep to be read"


def test_half_a_character_in_a_pictures_address_is_no_address() -> None:
    feed = read(rb'{"items": [{"title": "One", "image": "http://x.test/\udfff.png"}]}')
    assert feed.entries[0].images == ()
    msgspec.msgpack.encode(feed)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_FIELDS_LISTED = (
    "id url external_url title content_html content_text summary image banner_image date_published author authors tags "
    "language attachments"
)
_FIELDS = st.sampled_from(_FIELDS_LISTED.split())


@given(st.lists(st.dictionaries(_FIELDS, _JSON, max_size=6) | _JSON, max_size=4))
def test_any_value_may_stand_in_any_field(items: list[object]) -> None:
    feed = read({"items": items})
    assert feed.problem is None
    assert len(feed.entries) == sum(isinstance(one, dict) for one in items)
