"""RSS 1.0, which is RDF: https://web.resource.org/rss/1.0/spec, with its modules Dublin Core and content."""

from __future__ import annotations

from aggregator.newsroom.render.document import FeedDocument, FeedEntry
from aggregator.newsroom.render.markup import article_html, cdata, escape_xml, quoteattr, rfc3339


def rss10(feed: FeedDocument) -> str:
    """Write the channel with its list of items, then the items. An item's id is its address."""
    listed = "".join(f"<rdf:li rdf:resource={quoteattr(entry.url)}/>\n" for entry in feed.entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">\n'
        f"<channel rdf:about={quoteattr(feed.url)}>\n<title>{escape_xml(feed.title)}</title>\n"
        f"<link>{escape_xml(feed.site_url)}</link>\n<description>{escape_xml(feed.description)}</description>\n"
        f"<dc:language>{feed.language}</dc:language>\n<dc:date>{rfc3339(feed.updated_at)}</dc:date>\n"
        f"<items><rdf:Seq>\n{listed}</rdf:Seq></items>\n</channel>\n"
        f"{''.join(_item(entry) for entry in feed.entries)}</rdf:RDF>\n"
    )


def _item(entry: FeedEntry) -> str:
    picture = f"<p><img src={quoteattr(entry.picture_url)} alt=''></p>\n"
    subjects = "".join(f"<dc:subject>{escape_xml(tag)}</dc:subject>\n" for tag in entry.tags)
    return (
        f"<item rdf:about={quoteattr(entry.url)}>\n<title>{escape_xml(entry.title)}</title>\n"
        f"<link>{escape_xml(entry.url)}</link>\n<description>{escape_xml(entry.summary)}</description>\n"
        f"<dc:creator>{escape_xml(entry.author)}</dc:creator>\n<dc:date>{rfc3339(entry.published_at)}</dc:date>\n"
        f"{subjects}"
        f"<content:encoded>{cdata(picture + article_html(entry.paragraphs))}</content:encoded>\n</item>\n"
    )
