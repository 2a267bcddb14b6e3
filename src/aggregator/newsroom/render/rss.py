"""RSS 2.0 in three manners, and RSS 0.92.

Standards: https://www.rssboard.org/rss-specification, https://www.rssboard.org/rss-0-9-2,
https://www.rssboard.org/media-rss, and the content module of RSS 1.0.
"""

from __future__ import annotations

from aggregator.newsroom.render.document import (
    PICTURE_HEIGHT,
    PICTURE_TYPE,
    PICTURE_WIDTH,
    FeedDocument,
    FeedEntry,
)
from aggregator.newsroom.render.markup import (
    article_html,
    cdata,
    escape_html,
    escape_xml,
    escaped_article_html,
    quoteattr,
    rfc822,
)

_FULL_NAMESPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom"'
)
_DC_NAMESPACE = ' xmlns:dc="http://purl.org/dc/elements/1.1/"'


def rss20_full(feed: FeedDocument) -> str:
    """Write the whole text in `content:encoded` and the picture in `media:content`."""
    self_link = f'<atom:link rel="self" type="application/rss+xml" href={quoteattr(feed.url)}/>\n'
    return _channel(feed, "2.0", _FULL_NAMESPACES, self_link, [_full_item(entry) for entry in feed.entries])


def rss20_enclosure(feed: FeedDocument) -> str:
    """Write the summary as description, and the picture as an enclosure (of a length not known beforehand: 0)."""
    return _channel(feed, "2.0", _DC_NAMESPACE, "", [_enclosure_item(entry) for entry in feed.entries])


def rss20_escaped(feed: FeedDocument) -> str:
    """Write titles as HTML inside XML, and text with its picture as HTML in the description, as many sites do."""
    return _channel(feed, "2.0", _DC_NAMESPACE, "", [_escaped_item(entry) for entry in feed.entries])


def rss092(feed: FeedDocument) -> str:
    """Write RSS 0.92, which knows neither ids, dates nor authors of items."""
    return _channel(feed, "0.92", "", "", [_old_item(entry) for entry in feed.entries])


def _channel(feed: FeedDocument, version: str, namespaces: str, extra: str, items: list[str]) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<rss version="{version}"{namespaces}>\n<channel>\n'
        f"<title>{escape_xml(feed.title)}</title>\n<link>{escape_xml(feed.site_url)}</link>\n"
        f"<description>{escape_xml(feed.description)}</description>\n<language>{feed.language}</language>\n"
        f"<lastBuildDate>{rfc822(feed.updated_at)}</lastBuildDate>\n{extra}"
        f"{''.join(items)}</channel>\n</rss>\n"
    )


def _full_item(entry: FeedEntry) -> str:
    return (
        f"<item>\n<title>{escape_xml(entry.title)}</title>\n<link>{escape_xml(entry.url)}</link>\n{_guid(entry)}"
        f"<pubDate>{rfc822(entry.published_at)}</pubDate>\n<dc:creator>{escape_xml(entry.author)}</dc:creator>\n"
        f"{_categories(entry)}<description>{escape_xml(entry.summary)}</description>\n"
        f"<content:encoded>{cdata(article_html(entry.paragraphs))}</content:encoded>\n"
        f'<media:content url={quoteattr(entry.picture_url)} medium="image" type="{PICTURE_TYPE}"'
        f' width="{PICTURE_WIDTH}" height="{PICTURE_HEIGHT}"/>\n</item>\n'
    )


def _enclosure_item(entry: FeedEntry) -> str:
    return (
        f"<item>\n<title>{escape_xml(entry.title)}</title>\n<link>{escape_xml(entry.url)}</link>\n{_guid(entry)}"
        f"<pubDate>{rfc822(entry.published_at)}</pubDate>\n<dc:creator>{escape_xml(entry.author)}</dc:creator>\n"
        f"{_categories(entry)}<description>{escape_xml(entry.summary)}</description>\n"
        f'<enclosure url={quoteattr(entry.picture_url)} type="{PICTURE_TYPE}" length="0"/>\n</item>\n'
    )


def _escaped_item(entry: FeedEntry) -> str:
    picture = escape_xml(f"<img src={quoteattr(entry.picture_url)} alt=''>\n")
    return (
        f"<item>\n<title>{escape_xml(escape_html(entry.title))}</title>\n<link>{escape_xml(entry.url)}</link>\n"
        f"{_guid(entry)}<pubDate>{rfc822(entry.published_at)}</pubDate>\n"
        f"<dc:creator>{escape_xml(entry.author)}</dc:creator>\n"
        f"<description>{picture}{escaped_article_html((entry.summary, *entry.paragraphs))}</description>\n</item>\n"
    )


def _old_item(entry: FeedEntry) -> str:
    return (
        f"<item>\n<title>{escape_xml(entry.title)}</title>\n<link>{escape_xml(entry.url)}</link>\n"
        f"<description>{escape_xml(entry.summary)}</description>\n{_categories(entry)}"
        f'<enclosure url={quoteattr(entry.picture_url)} type="{PICTURE_TYPE}" length="0"/>\n</item>\n'
    )


def _categories(entry: FeedEntry) -> str:
    return "".join(f"<category>{escape_xml(tag)}</category>\n" for tag in entry.tags)


def _guid(entry: FeedEntry) -> str:
    return f'<guid isPermaLink="{"true" if entry.id_is_url else "false"}">{escape_xml(entry.id)}</guid>\n'
