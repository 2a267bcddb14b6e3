"""Small feeds, written here, and how the tests have them read."""

from __future__ import annotations

from aggregator.fetch.parse import parse_feed
from aggregator.records import ParsedEntry, ParsedFeed, ParseJob

URL = "https://news.test/feeds/all.xml"


def read(body: str | bytes, content_type: str | None = None) -> ParsedFeed:
    return parse_feed(ParseJob(URL, body.encode() if isinstance(body, str) else body, content_type))


def rss(
    items: str, *, head: str = "", channel: str = "<title>Harbour News</title><link>https://news.test/</link>"
) -> str:
    namespaces = (
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )
    return f'{head}<rss version="2.0" {namespaces}><channel>{channel}{items}</channel></rss>'


def item(inner: str) -> ParsedEntry:
    feed = read(rss(f"<item>{inner}</item>"))
    assert feed.problem is None
    return feed.entries[0]


def atom(inner: str, *, feed: str = "") -> ParsedFeed:
    root = '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">'
    return read(f"{root}<title>Atom News</title>{feed}<entry>{inner}</entry></feed>")


ONE = "<item><title>One</title></item>"
RSS091 = f'<rss version="0.91"><channel><title>T</title>{ONE}</channel></rss>'
NETSCAPE = (
    '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/x.dtd">' + RSS091
)
RSS20 = rss(
    "<item><title>One</title><guid isPermaLink='false'>n1</guid><pubDate>Wed, 01 May 2024 08:00:00 GMT</pubDate></item>"
)
ATOM10 = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:1</id><title>One</title>
 <updated>2024-05-01T10:00:00Z</updated></entry></feed>"""
RSS10 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
 <channel rdf:about="https://news.test/"><title>RDF News</title><link>https://news.test/</link></channel>
 <item rdf:about="https://news.test/1"><title>One</title><link>https://news.test/1</link>
 <dc:date>2024-05-01T10:00:00+02:00</dc:date><dc:creator>Ada</dc:creator></item></rdf:RDF>"""
ATOM03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old Atom</title><entry><title>One</title>
 <id>tag:news.test,2004:1</id><link rel="alternate" type="text/html" href="https://news.test/1"/>
 <issued>2004-05-01T10:00:00Z</issued></entry></feed>"""
