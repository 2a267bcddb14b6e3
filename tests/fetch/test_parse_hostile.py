from __future__ import annotations

import time
import warnings

import pytest
from feed_documents import atom, item, read, rss
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch import handlers
from aggregator.fetch import parse as parse_module
from aggregator.fetch.entries import resolved_link
from aggregator.fetch.parse import MAX_ENTRIES
from aggregator.fetch.plaintext import one_line
from aggregator.fetch.xmlfeed import MAX_DEPTH
from aggregator.records import ParsedFeed


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary data (PNG), not a feed"),
        (b"\x1f\x8b\x08\0", "binary data (gzip), not a feed"),
        (bytes(range(32)) * 9, "binary data, not a feed"),
        (b"<!DOCTYPE html><title>x</title><rss>", "an HTML page, not a feed"),
        (b"<head><title>x</title>", "an HTML page, not a feed"),
        (
            b'<?xml version="1.0"?><opml><body><outline title="<rss "/></body></opml>',
            "XML, but not a feed (root element opml)",
        ),
        (b'{"error": "gone"}', "JSON, but not a JSON Feed"),
        (b"[1, 2]", "JSON, but not a JSON Feed"),
        (b"not found", "plain text, not a feed"),
        (
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>',
            "XML, but not a feed (root element rdf:RDF)",
        ),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, problem: str) -> None:
    feed = read(body)
    assert feed.entries == ()
    assert feed.problem == problem


def test_an_empty_feed_is_a_feed() -> None:
    assert read(rss("")) == ParsedFeed(format="rss20", title="Harbour News", site_url="https://news.test/")


def test_entities_that_multiply_are_harmless() -> None:
    levels = "".join(f'<!ENTITY l{level + 1} "{f"&l{level};" * 10}">' for level in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}<!ENTITY ok "fine">]>'
    feed = read(rss("<item><title>&l9; &ok;</title></item>", head=bomb))
    assert feed.problem is None
    assert "lollol" not in feed.entries[0].title
    assert "fine" in feed.entries[0].title
    large = f'<!DOCTYPE x [<!ENTITY a "{"A" * 20_000}">]>'
    assert len(read(rss(f"<item><title>{'&a;' * 20_000}</title></item>", head=large)).entries[0].title) <= 500


def test_no_file_is_opened_for_an_entity() -> None:
    head = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY % p SYSTEM "http://127.0.0.1:9/x">]>'
    assert read(rss("<item><title>[&a;]</title></item>", head=head)).entries[0].title == "[&a;]"


def test_entries_beyond_the_cap_are_left_out_and_noted() -> None:
    feed = read(rss("<item><title>x</title></item>" * (MAX_ENTRIES + 1)))
    assert len(feed.entries) == MAX_ENTRIES
    assert feed.note == "only the first 5000 entries were read"
    assert read(rss("<item><title>x</title></item>" * 2)).note is None


def test_monstrous_fields_are_cut_or_refused() -> None:
    entry = item(
        f"<title>{'word ' * 200_000}</title><guid>{'g' * 5000}</guid>"
        f"<link>https://n.test/{'x' * 9000}</link><author>{'a' * 100_000}</author>"
    )
    assert len(entry.title) <= 500
    assert (entry.guid, entry.url) == (None, None)
    assert len(entry.author) <= 200


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,x", "file:///etc/passwd"]
)
def test_a_link_that_runs_or_reads_is_refused(link: str) -> None:
    assert item(f"<title>x</title><link>{link}</link>").url is None
    as_attribute = atom(f'<title>x</title><link href="{link}"/>').entries[0].url
    assert as_attribute is None or as_attribute.startswith("https://news.test/")  # XML made the tab a space


@pytest.mark.parametrize(
    "link",
    [
        *("https://bank.example@evil.example/", "https://me:secret@news.test/1", "//bank.example@evil.example/"),
        "https://bank.example\\@evil.example/",
        *("intent://news.test/1#Intent;end", "x-evil:1", "ftp://news.test/1", "mailto:ada@news.test"),
    ],
)
def test_an_article_is_on_the_web_and_nobody_stands_before_its_host(link: str) -> None:
    entry = item(f"<title>x</title><guid isPermaLink='false'>{link}</guid><link>{link}</link>")
    assert (entry.guid, entry.url) == (link, None)


@pytest.mark.parametrize("link", ["https://news.test/@ada", "http://news.test:81/a@b?c@d#@", "https://news.test"])
def test_other_addresses_stay_as_they_are(link: str) -> None:
    assert item(f"<title>x</title><link>{link}</link>").url == link


def test_a_relative_link_does_not_inherit_the_users_password() -> None:
    assert resolved_link("/1", "https://me:secret@news.test/feed") == "https://news.test/1"


@pytest.mark.parametrize("link", ["https:///1", "https:\\\\bank.example@evil.example/", "HTTPS://a@b.test/", "https:1"])
def test_an_address_without_a_host_is_none(link: str) -> None:
    assert resolved_link(link, "http://news.test/") is None


def test_a_title_cannot_turn_the_text_around_it() -> None:
    """What controls the writing direction goes; what letters are joined with, and marks of direction, stay."""
    turned = "a\u202eb\u202cc\u2066d\u2069e"
    kept = "नि\u200dक می\u200cخواهم \u200f!"
    assert item(f"<title>{turned} {kept}</title>").title == f"abcde {kept}"
    assert one_line("a\x80b\x9fc\x85d") == "abc d"


def test_elements_named_like_the_keys_of_feedparser_do_no_harm() -> None:
    keys = (
        "published_parsed",
        "title_detail",
        "media_content",
        "media_thumbnail",
        "image",
        "tags",
        "authors",
        "content",
        "summary_detail",
    )
    entry = item("<title>x</title>" + "".join(f"<{key}>2024</{key}><{key} a='b'/>" for key in keys))
    assert (entry.title, entry.published_at) == ("x", None)


def test_what_feedparser_raises_is_a_problem_and_what_we_raise_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TypeError("odd")

    with monkeypatch.context() as patch:
        patch.setattr(parse_module, "read_xml", fails)
        assert read(rss("")).problem == "feedparser failed on it: TypeError: odd"
    monkeypatch.setattr(parse_module, "feed_from_raw", fails)
    with pytest.raises(TypeError, match="odd"):
        read(rss(""))


def test_want_of_memory_is_left_to_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(parse_module, "read_xml", fails)
    with pytest.raises(MemoryError):
        read(rss(""))


def test_a_document_nested_too_deep_is_named() -> None:
    assert read("[" * 100_000).problem is not None
    assert read('{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * 100_000).problem is not None


def test_an_entry_in_which_nothing_stands_is_none() -> None:
    feed = read(rss("<item/><item><title>One</title></item><item><author/></item>"))
    assert [entry.title for entry in feed.entries] == ["One"]


STORY = "<item><guid>after</guid><title>After</title></item>"
COSTLY = {
    "attributes": "<x " + " ".join(f"a{n}='1'" for n in range(40_000)) + "/>",
    "attributes of a title": "<title " + " ".join(f"a{n}='1'" for n in range(40_000)) + ">x</title>",
    "namespaces": "<x " + " ".join(f"xmlns:n{n}='u{n}'" for n in range(20_000)) + "/>",
    "namespaces one by one": "".join(f"<n{n}:x xmlns:n{n}='u{n}'/>" for n in range(6_000)),
    "levels": "<a>" * 60_000 + "</a>" * 60_000,
    "levels in a title": "<title>" + "<b>" * 60_000 + "</b>" * 60_000 + "</title>",
    "levels of addresses": "<a xml:base='b/'>" * 20_000 + "</a>" * 20_000,
    "categories": "".join(f"<category>{n}</category>" for n in range(15_000)),
    "tags without an end": f"<description>{'&lt;a ' * 60_000}</description>",
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_is_costly_is_read_in_time_that_grows_with_its_length(name: str) -> None:
    started = time.process_time()
    feed = read(rss(f"<item><guid>costly</guid>{COSTLY[name]}</item>" + STORY))
    assert time.process_time() - started < 12  # each took minutes, or would
    assert [entry.guid for entry in feed.entries] == ["costly", "after"]


def test_no_more_elements_are_read_than_anybody_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers.Handlers, "elements_left", 50)
    for broken in ("", "<b>"):  # for the strict parser and for the loose one
        feed = read(rss(STORY + "<z/>" * 60 + broken + STORY))
        assert (len(feed.entries), feed.note) == (1, "only the first 1 entries were read")


def test_deep_elements_keep_their_text_and_what_comes_after_is_read() -> None:
    deep = MAX_DEPTH * 2
    entry, after = read(rss(f"<item><title>{'<b>' * deep}x{'</b>' * deep}</title></item>" + STORY)).entries
    assert (entry.title, after.title) == ("x", "After")


@pytest.mark.parametrize(
    "stumbling",
    [
        "<p:chapters xmlns:p='http://podlove.org/simple-chapters'><p:chapter/></p:chapters>",
        "<textinput><image><textinput><name>x</name></textinput></image></textinput>",
        "<media:rating/><media:credit/><media:player/><g:pos xmlns:g='http://www.opengis.net/gml'>x</g:pos>",
    ],
)
def test_an_element_over_which_feedparser_stumbles_costs_nothing_else(stumbling: str) -> None:
    feed = read(rss(f"<item><guid>1</guid>{stumbling}<title>One</title></item>" + STORY, channel=stumbling))
    assert feed.problem is None
    assert [entry.title for entry in feed.entries] == ["One", "After"]


@pytest.mark.parametrize(
    "odd", ["<info type='xhtml'><summary>x</summary></info>", "<info type='xhtml'><title>x</title></info>"]
)
def test_an_entry_starts_afresh_whatever_stands_before_it(odd: str) -> None:
    story = "<item><title>One</title><content type='xhtml'><p>A <b>bold</b> one</p></content></item>"
    (expected,) = read(rss(story)).entries
    assert read(rss(story, channel=odd)).entries == (expected,)
    assert read(rss(f"<item><title>a</title>{odd}</item>" + story)).entries[1] == expected


def test_namespaces_end_with_their_element() -> None:
    thumbnail = "<media:thumbnail url='https://news.test/t.png'/>"
    other = "<media:x xmlns:media='http://www.itunes.com/dtds/podcast-1.0.dtd'/>"
    first, second = read(rss(f"<item><title>a</title>{other}{thumbnail}</item>" * 2)).entries
    assert first.images == second.images != ()


def test_no_warning_leaks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dated = item("<title>x</title><pubDate>Wed, 01 May 2024 08:00:00 GMT</pubDate>")
        undated = item("<title>x</title><pubDate>soon</pubDate>")
    assert dated.published_at is not None
    assert undated.published_at is None


_PIECES_LISTED = (
    "<rss> <item> </item> <title> </title> <link> <guid> <description> <![CDATA[ ]]> & &#x1F; &lt;b&gt; <!-- --> "
    "<media:content/> <pubDate> <entry> \x00 é < >"
)
_PIECES = st.sampled_from(_PIECES_LISTED.split())


@given(st.lists(_PIECES | st.text(max_size=8), max_size=40))
def test_any_soup_ends_as_entries_or_a_problem(pieces: list[str]) -> None:
    feed = read("<rss><channel>" + "".join(pieces))
    assert feed.problem is None or feed.entries == ()


@given(st.binary(max_size=300))
def test_any_bytes_end_as_entries_or_a_problem(body: bytes) -> None:
    feed = read(body)
    assert feed.problem is not None or feed.format
