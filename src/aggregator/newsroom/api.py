"""The newsroom's API: all outlets' articles as JSON, newest first, a page at a time. No sockets, no clock.

Its shape is that of no feed: names of its own, a text within an object, times in milliseconds, the address of the next
page in the document. So it needs the recipe that `apis_toml` gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from aggregator.newsroom.render.document import FeedEntry
from aggregator.newsroom.render.markup import article_html

API_PATH = "/api/articles"
API_TYPE = "application/json; charset=utf-8"
PER_PAGE = 20

_PAGE = re.compile(r"(?:^|&)page=([1-9][0-9]{0,5})(?:&|$)")


def resource_path(target: str) -> str:
    """Return the path that names what a request asks for; a query counts for the API only, where it names the page."""
    path, _, query = target.partition("?")
    if path != API_PATH:
        return path
    found = _PAGE.search(query)
    return f"{API_PATH}?page={found[1] if found else 1}"


def page_number(path: str) -> int | None:
    """Return the number of the page, counted from 1, that a `resource_path` names; None where it is no page."""
    head, _, number = path.partition("?page=")
    return int(number) if head == API_PATH and number else None


def api_page(entries: Sequence[FeedEntry], number: int, total: int, base_url: str) -> str:
    """Return page `number` with `entries`, out of `total`."""
    is_last = number * PER_PAGE >= total
    document = {
        "status": "ok",
        "total": total,
        "next": None if is_last else f"{base_url}{API_PATH}?page={number + 1}",
        "articles": [_article(entry) for entry in entries],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def apis_toml(base_url: str, max_pages: int = 3) -> str:
    """Return the text of a feeds.toml that subscribes to the API."""
    return f"""[[apis]]
url = "{base_url.rstrip("/")}{API_PATH}"
title = "The newsroom's API"
entries = "articles"
next_page = "next"
max_pages = {max_pages}

[apis.fields]
guid = "id"
url = "link"
title = "headline.text"
summary = "teaser"
content = "html"
author = "by"
published = "published_ms"
image = "picture.src"
categories = "topics"
"""


def _article(entry: FeedEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "link": entry.url,
        "headline": {"text": entry.title},
        "teaser": entry.summary,
        "html": article_html(entry.paragraphs),
        "by": [entry.author],
        "published_ms": int(entry.published_at.timestamp() * 1000),
        "picture": {"src": entry.picture_url},
        "topics": list(entry.tags),
    }
