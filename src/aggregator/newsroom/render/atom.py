"""Atom 1.0 (RFC 4287) and Atom 0.3, the draft that came before it."""

from __future__ import annotations

from aggregator.newsroom.render.document import PICTURE_TYPE, FeedDocument, FeedEntry
from aggregator.newsroom.render.markup import article_html, escape_xml, escaped_article_html, quoteattr, rfc3339


def atom10(feed: FeedDocument) -> str:
    """Write the text as HTML content and the picture as a link of the relation `enclosure`."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">\n'
        f"<title>{escape_xml(feed.title)}</title>\n<subtitle>{escape_xml(feed.description)}</subtitle>\n"
        f"<id>{escape_xml(feed.url)}</id>\n<updated>{rfc3339(feed.updated_at)}</updated>\n"
        f'<link rel="self" href={quoteattr(feed.url)}/>\n<link rel="alternate" href={quoteattr(feed.site_url)}/>\n'
        f"{''.join(_entry10(entry) for entry in feed.entries)}</feed>\n"
    )


def atom03(feed: FeedDocument) -> str:
    """Write the draft's names: `tagline`, `modified`, `issued`, and content with a `mode`."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="{feed.language}">\n'
        f"<title>{escape_xml(feed.title)}</title>\n<tagline>{escape_xml(feed.description)}</tagline>\n"
        f"<id>{escape_xml(feed.url)}</id>\n<modified>{rfc3339(feed.updated_at)}</modified>\n"
        f'<link rel="alternate" type="text/html" href={quoteattr(feed.site_url)}/>\n'
        f"{''.join(_entry03(entry) for entry in feed.entries)}</feed>\n"
    )


def _entry10(entry: FeedEntry) -> str:
    categories = "".join(f"<category term={quoteattr(tag)}/>\n" for tag in entry.tags)
    return (
        f"<entry>\n<title>{escape_xml(entry.title)}</title>\n<id>{escape_xml(entry.id)}</id>\n"
        f'<link rel="alternate" type="text/html" href={quoteattr(entry.url)}/>\n'
        f'<link rel="enclosure" type="{PICTURE_TYPE}" href={quoteattr(entry.picture_url)}/>\n'
        f"<published>{rfc3339(entry.published_at)}</published>\n<updated>{rfc3339(entry.updated_at)}</updated>\n"
        f"<author><name>{escape_xml(entry.author)}</name></author>\n{categories}"
        f"<summary>{escape_xml(entry.summary)}</summary>\n"
        f'<content type="html">{escaped_article_html(entry.paragraphs)}</content>\n</entry>\n'
    )


def _entry03(entry: FeedEntry) -> str:
    picture = f"<p><img src={quoteattr(entry.picture_url)} alt=''></p>\n"
    return (
        f"<entry>\n<title>{escape_xml(entry.title)}</title>\n<id>{escape_xml(entry.id)}</id>\n"
        f'<link rel="alternate" type="text/html" href={quoteattr(entry.url)}/>\n'
        f"<issued>{rfc3339(entry.published_at)}</issued>\n<modified>{rfc3339(entry.updated_at)}</modified>\n"
        f"<author><name>{escape_xml(entry.author)}</name></author>\n"
        f"<summary>{escape_xml(entry.summary)}</summary>\n"
        f'<content type="text/html" mode="escaped">{escape_xml(picture + article_html(entry.paragraphs))}</content>\n'
        "</entry>\n"
    )
