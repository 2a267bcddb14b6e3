"""Labelled articles as the feeds of a news site: who publishes what, the documents, and a server for them.

    articles → plan_feeds → [PlannedFeed(name, category, articles), …] → rss → serving(…) → aggregator fetch

Of a text set a share of the articles comes in feeds with a category, the rest in mixed feeds without one. Some of the
categories are wrong, as they are in life: a feed about politics brings sport too. Headlines come in feeds of their
publishers, at their own times.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

from benchmarks.label_topics import LabelMap
from benchmarks.labelled_files import LabelledArticle

OPENED_AT = datetime(2026, 1, 5, tzinfo=UTC)
APART = timedelta(minutes=1)
"""Articles without a time of their own follow each other so."""

OWN_FEED = 20
"""A publisher with so many headlines has a feed of its own; the others share feeds."""


@dataclass(frozen=True, slots=True)
class PlannedFeed:
    """A feed: its file name, the category that feeds.toml gives it (a topic), and what it brings."""

    name: str
    category: str | None
    articles: Sequence[LabelledArticle]


@dataclass(frozen=True, slots=True)
class Weakness:
    """How much feeds tell: the share of articles in feeds with a category, and of them the share in a wrong one."""

    labelled: float = 0.0
    wrong: float = 0.0
    seed: int = 0


def plan_feeds(
    articles: Sequence[LabelledArticle], labels: LabelMap, weakness: Weakness, entries: int
) -> list[PlannedFeed]:
    """Put the articles of a text set into feeds of at most `entries`."""
    chance = random.Random(weakness.seed)  # noqa: S311 - a repeatable draw
    shuffled = chance.sample(list(articles), len(articles))
    with_category = round(weakness.labelled * len(shuffled))
    mixed, by_class = shuffled[with_category:], defaultdict[str, list[LabelledArticle]](list)
    classes = sorted(labels.topics)
    for number, article in enumerate(shuffled[:with_category]):
        own = labels.class_of[article.label or ""]
        is_wrong = number < weakness.wrong * with_category and len(classes) > 1
        by_class[chance.choice([one for one in classes if one != own]) if is_wrong else own].append(article)
    groups = [(labels.topics[name][0], by_class[name]) for name in sorted(by_class)]
    return [
        PlannedFeed(f"{'mixed' if category is None else 'category'}-{group}-{part}.xml", category, some)
        for group, (category, members) in enumerate([(None, mixed), *groups])
        for part, some in enumerate(_cut(members, entries))
    ]


def plan_publishers(articles: Sequence[LabelledArticle], entries: int) -> list[PlannedFeed]:
    """Put headlines into feeds of their publishers; those with few share feeds of at most `entries`."""
    by_publisher: dict[str, list[LabelledArticle]] = defaultdict(list)
    for article in articles:
        by_publisher[article.publisher].append(article)
    own = [members for _, members in sorted(by_publisher.items()) if len(members) >= OWN_FEED]
    small = [one for _, members in sorted(by_publisher.items()) if len(members) < OWN_FEED for one in members]
    parts = [some for members in own for some in _cut(members, entries)] + _cut(small, entries)
    return [PlannedFeed(f"publisher-{number}.xml", None, part) for number, part in enumerate(parts)]


def _cut(members: Sequence[LabelledArticle], entries: int) -> list[Sequence[LabelledArticle]]:
    return [members[start : start + entries] for start in range(0, len(members), entries)]


def rss(feed: PlannedFeed, site: str, language: str) -> bytes:
    """Return the feed as RSS 2.0. An article's address ends in its number."""
    items = "".join(
        f"<item><title>{_plain(one.title)}</title><link>{site}/article/{one.number}</link>"
        f'<guid isPermaLink="false">article-{one.number}</guid>'
        f"<pubDate>{format_datetime(published_at(one))}</pubDate>"
        f"<description>{_plain(escape(one.text))}</description></item>\n"
        for one in feed.articles
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{feed.name}</title>'
        f"<link>{site}/</link><description>Labelled articles</description><language>{language}</language>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def published_at(article: LabelledArticle) -> datetime:
    """Return the article's own time, or one by its place in the file."""
    return article.at or OPENED_AT + article.number * APART


def number_of(url: str) -> int:
    """Return the number of the article at an address that `rss` gave."""
    return int(url.rpartition("/")[2])


def feeds_toml(feeds: Sequence[PlannedFeed], site: str) -> str:
    """Return the subscriptions file."""
    tables = []
    for feed in feeds:
        category = f'category = "{feed.category}"\n' if feed.category else ""
        tables.append(f'[[feeds]]\nurl = "{site}/{feed.name}"\n{category}')
    return "\n".join(tables)


def _plain(text: str) -> str:
    """Return text that XML 1.0 may hold."""
    return escape("".join(one for one in text if one >= " " or one in "\t\n"))


@contextmanager
def serving(documents: Mapping[str, bytes]) -> Iterator[str]:
    """Serve documents by their names on loopback while the block runs; yield the address without a last slash.

    Documents may be added while it serves.
    """

    class Handler(BaseHTTPRequestHandler):
        """Answers with a document, or 404."""

        def do_GET(self) -> None:
            body = documents.get(self.path.lstrip("/"))
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
