from __future__ import annotations

import codecs
from calendar import timegm
from datetime import UTC, datetime

import feedparser
import pytest
from feed_documents import ATOM03, ATOM10, NETSCAPE, RSS091, RSS10, RSS20, URL, atom, item, read, rss

from aggregator.fetch.parse import parse_feeds
from aggregator.records import ParseJob


@pytest.mark.parametrize(
    ("document", "format_name", "guid", "published_at"),
    [
        (RSS20, "rss20", "n1", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        (RSS091, "rss091u", None, None),
        (NETSCAPE, "rss091n", None, None),
        (RSS10, "rss10", "https://news.test/1", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        (ATOM03, "atom03", "tag:news.test,2004:1", datetime(2004, 5, 1, 10, tzinfo=UTC)),
        (ATOM10, "atom10", "urn:1", datetime(2024, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_every_xml_format_is_read(
    document: str, format_name: str, guid: str | None, published_at: datetime | None
) -> None:
    feed = read(document)
    assert (feed.problem, feed.format) == (None, format_name)
    (entry,) = feed.entries
    assert (entry.title, entry.guid, entry.published_at) == ("One", guid, published_at)


def test_ids_links_and_dates_are_those_of_feedparser() -> None:
    body = rss(
        "<item><guid>4711</guid><title>a</title></item>"
        "<item><guid isPermaLink='false'>n2</guid><link>/b?x=1&amp;y=2</link><dc:date>2024-02-03</dc:date></item>"
        "<item xml:base='https://other.test/'><guid>rel</guid><link>c</link>"
        "<pubDate>3 Feb 2024 10:00 EST</pubDate></item>"
    ).encode()
    theirs = feedparser.parse(body, response_headers={"content-location": URL, "content-type": "application/xml"})
    plain = feedparser.parse(body)
    ours = read(body)
    assert [entry.guid for entry in ours.entries] == [entry.id for entry in plain.entries]
    assert [entry.url for entry in ours.entries] == [entry.link for entry in theirs.entries]
    assert ours.entries[1].published_at == datetime.fromtimestamp(timegm(theirs.entries[1].updated_parsed), UTC)
    assert ours.entries[2].published_at == datetime.fromtimestamp(timegm(theirs.entries[2].published_parsed), UTC)


def test_a_guid_does_not_change_when_its_feed_moves() -> None:
    body = rss("<item><guid>4711</guid><title>a</title></item>").encode()
    here, there = parse_feeds([ParseJob("https://a.test/feed", body), ParseJob("https://b.test/feed", body)])
    assert here.entries[0].guid == there.entries[0].guid == "4711"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("AT&amp;amp;T &amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;", "AT&T <b>x</b>"),
        ("AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;", "AT&T x"),
        ("<![CDATA[AT&amp;T <b>x</b>]]>", "AT&T x"),
        ("How to use &lt;video&gt;", "How to use <video>"),
        ("Caf\u00e9\n   &#8217;s \t day", "Café ’s day"),
        ("5 &lt; 6", "5 < 6"),
        ("One&lt;br/&gt;Two", "One Two"),
        ("Fish &amp; chips", "Fish & chips"),
    ],
)
def test_an_rss_title_reads_as_a_person_would_write_it(written: str, shown: str) -> None:
    assert item(f"<title>{written}</title>").title == shown


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("<title>AT&amp;amp;T</title>", "AT&T"),
        ("<title>The &lt;main&gt; street</title>", "The <main> street"),
        ('<title type="html">AT&amp;amp;T &lt;i&gt;x&lt;/i&gt;</title>', "AT&T x"),
        (
            '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A <em>b</em> &lt;c&gt;</div></title>',
            "A b <c>",
        ),
    ],
)
def test_an_atom_title_reads_as_its_type_says(element: str, shown: str) -> None:
    assert atom(element).entries[0].title == shown


@pytest.mark.parametrize(
    "text", ["soon", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", ""]
)
def test_a_date_that_cannot_be_read_is_none_and_its_text_is_kept(text: str) -> None:
    entry = item(f"<title>x</title><pubDate>{text}</pubDate>")
    assert (entry.published_at, entry.published_raw) == (None, text or None)


def test_a_readable_update_stands_in_for_an_unreadable_publication() -> None:
    entry = item("<title>x</title><pubDate>soon</pubDate><dc:date>2024-01-02T03:04:05Z</dc:date>")
    assert entry.published_at == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert entry.published_raw == "2024-01-02T03:04:05Z"


def test_a_caption_is_never_the_text_of_an_article() -> None:
    photo = (
        '<media:content url="https://news.test/p.jpg" medium="image">'
        "<media:description>Caption</media:description></media:content>"
    )
    before = item(f"<title>x</title>{photo}<description>The article.</description>")
    after = item(f"<title>x</title><description>The article.</description>{photo}")
    alone = item(f"<title>x</title>{photo}")
    assert (before.summary, before.content) == (after.summary, after.content) == ("The article.", "The article.")
    assert (alone.summary, alone.content) == ("", "")
    assert alone.images[0].url == "https://news.test/p.jpg"


def test_the_description_of_a_film_is_the_text_of_an_entry_that_is_one() -> None:
    film = (
        '<media:group><media:content url="https://news.test/v" type="video/mp4"/>'
        "<media:description>We sail.</media:description></media:group>"
    )
    assert item(f"<title>x</title>{film}").summary == "We sail."


def test_a_media_title_does_not_replace_the_title() -> None:
    assert item("<media:title>Photo</media:title><title>Article</title>").title == "Article"


def test_the_fullest_text_is_the_content_and_the_description_the_summary() -> None:
    entry = item(
        "<description>Short.</description><content:encoded>&lt;p&gt;Short and then longer.&lt;/p&gt;</content:encoded>"
    )
    assert (entry.summary, entry.content) == ("Short.", "<p>Short and then longer.</p>")
    swapped = item(
        "<description>The long text of it all.</description><content:encoded>&lt;p&gt;&lt;/p&gt;</content:encoded>"
    )
    assert swapped.content == "The long text of it all."


def test_links_in_content_start_from_their_base() -> None:
    content = '<content type="html">&lt;a href="x"&gt;y&lt;/a&gt;</content>'
    link = '<link href="https://news.test/2024/story"/>'
    assert (
        'href="https://cdn.test/x"'
        in atom(link + content.replace("<content", '<content xml:base="https://cdn.test/"')).entries[0].content
    )
    assert 'href="https://news.test/2024/x"' in atom(link + content).entries[0].content
    assert 'href="https://site.test/x"' in atom(content, feed='<link href="https://site.test/"/>').entries[0].content
    assert 'href="https://news.test/feeds/x"' in atom(content).entries[0].content


def test_plain_text_content_becomes_paragraphs_of_html() -> None:
    assert atom("<content>a &lt; b\nc\n\nd</content>").entries[0].content == "<p>a &lt; b<br>c</p><p>d</p>"


def test_the_summary_is_plain_and_cut_at_a_word() -> None:
    summary = item(f"<description>{'&lt;p&gt;word&lt;/p&gt;' * 600}</description>").summary
    assert len(summary) <= 1_000
    assert summary.endswith("word…")
    assert set(summary[:-1].split()) == {"word"}


def test_authors_categories_and_language() -> None:
    entry = item(
        "<dc:creator>Ada &amp;amp; Bob</dc:creator>"
        "<category>Sea</category><category>sea</category><category>Law</category>"
    )
    assert (entry.author, entry.categories, entry.language) == ("Ada & Bob", ("Sea", "Law"), None)
    inherited = atom("<title>x</title>", feed="<author><name>Desk</name></author>").entries[0]
    assert (inherited.author, inherited.language) == ("Desk", "en-GB")
    own = atom(
        '<title xml:lang="fr_CA">x</title><author><name>A</name></author><author><name>B</name></author>'
    ).entries[0]
    assert (own.author, own.language) == ("A, B", "fr-CA")
    editor = read(
        rss(
            "<item><title>x</title></item>",
            channel="<title>T</title><language>de</language><managingEditor>E</managingEditor>",
        )
    )
    assert (editor.language, editor.entries[0].language, editor.entries[0].author) == ("de", "de", "")


def test_pictures_come_in_the_order_of_preference() -> None:
    entry = item(
        '<link>https://news.test/a/</link><description>&lt;img src="in.jpg"&gt;</description>'
        '<enclosure url="/enclosed.jpg" type="image/jpeg"/><enclosure url="/sound.mp3" type="audio/mpeg"/>'
        '<media:thumbnail url="https://news.test/thumb.jpg" width="90"/>'
        '<media:content url="https://news.test/small.jpg" medium="image" width="200"/>'
        '<media:content url="https://news.test/big.jpg" medium="image" width="1200"/>'
        '<itunes:image href="https://news.test/pod.jpg"/>'
    )
    assert [(image.url.removeprefix("https://news.test"), image.source) for image in entry.images] == [
        ("/big.jpg", "media:content"), ("/small.jpg", "media:content"), ("/enclosed.jpg", "enclosure"),
        ("/a/in.jpg", "content"), ("/pod.jpg", "itunes:image"),
    ]  # fmt: skip


SIZE = "<item><title>Größe</title></item>"


def declaring(encoding: str) -> str:
    return rss(SIZE, head=f'<?xml version="1.0" encoding="{encoding}"?>')


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (codecs.BOM_UTF8 + rss(SIZE).encode(), "text/xml; charset=iso-8859-1"),
        (rss(SIZE).encode(), "text/xml"),
        (rss(SIZE).encode("iso-8859-1"), 'text/xml; charset="ISO-8859-1"'),
        (declaring("utf-8").encode("latin-1"), "application/rss+xml; charset=latin1"),
        (declaring("windows-1252").encode("cp1252"), "text/xml"),
        (rss(SIZE).encode("utf-16"), None),
        (declaring("UTF-16").encode("utf-16-le"), None),
        (declaring("no-such").encode(), "text/xml; charset=idna"),
        (declaring("utf-8").encode("cp1252"), None),
    ],
)
def test_letters_survive_every_encoding(body: bytes, content_type: str | None) -> None:
    feed = read(body, content_type)
    assert feed.problem is None
    assert feed.entries[0].title == "Größe"


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream", "image/png", "x", ""])
def test_a_feed_behind_a_wrong_content_type_is_read(content_type: str) -> None:
    assert read(rss(SIZE), content_type).entries[0].title == "Größe"


def test_one_spoilt_byte_does_not_spoil_the_other_letters() -> None:
    title = "ä" * 100
    feed = read(rss(f"<item><title>{title} @</title></item>").encode().replace(b"@", b"\xe9"))
    assert feed.entries[0].title == title + " \ufffd"


@pytest.mark.parametrize(
    "junk",
    ["\n\n  ", "<br />\n<b>Warning</b>: something at line 3<br />\n", "garbage ", "<!-- made by <rss> hand -->\n"],
)
def test_what_stands_before_the_document_is_left_out(junk: str) -> None:
    feed = read(junk + rss("<item><title>x</title></item>", head='<?xml version="1.0"?>'))
    assert (feed.problem, feed.title, len(feed.entries)) == (None, "Harbour News", 1)


def test_what_xml_forbids_is_mended() -> None:
    body = (
        rss("<item><title>a\x0b\x1fb&#x1f;c&#0;d&nbsp;e &amp; f &bogus; g & h <![CDATA[&nbsp;i]]></title></item>")
        + "<script>"
    )
    assert read(body).entries[0].title == "abcd e & f &bogus; g & h i"


def test_broken_xml_is_read_as_far_as_it_goes() -> None:
    feed = read(rss("<item><title>One</title></item><item><title>Two &#xD800;</title><b></item>")[:-20])
    assert [entry.title for entry in feed.entries] == ["One", "Two"]
