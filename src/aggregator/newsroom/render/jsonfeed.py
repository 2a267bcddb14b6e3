"""JSON Feed 1.0 and 1.1: https://www.jsonfeed.org/version/1.1/."""

from __future__ import annotations

import json

from aggregator.newsroom.render.document import PICTURE_TYPE, FeedDocument, FeedEntry
from aggregator.newsroom.render.markup import article_html, rfc3339


def json11(feed: FeedDocument) -> str:
    """Write version 1.1: a list of authors, and the language."""
    items = [{**_item(entry), "authors": [{"name": entry.author}]} for entry in feed.entries]
    return _written({**_head(feed, "1.1"), "language": feed.language, "items": items})


def json10(feed: FeedDocument) -> str:
    """Write version 1, which knew one author and no language."""
    items = [{**_item(entry), "author": {"name": entry.author}} for entry in feed.entries]
    return _written({**_head(feed, "1"), "items": items})


def _written(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _head(feed: FeedDocument, version: str) -> dict[str, object]:
    return {
        "version": f"https://jsonfeed.org/version/{version}",
        "title": feed.title,
        "home_page_url": feed.site_url,
        "feed_url": feed.url,
        "description": feed.description,
    }


def _item(entry: FeedEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "content_html": article_html(entry.paragraphs),
        "image": entry.picture_url,
        "date_published": rfc3339(entry.published_at),
        "date_modified": rfc3339(entry.updated_at),
        "tags": list(entry.tags),
        "attachments": [{"url": entry.picture_url, "mime_type": PICTURE_TYPE}],
    }
