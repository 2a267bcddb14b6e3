"""Wire feeds: the size dial. As many feeds as wanted out of the same material, each publishing once an hour.

A wire feed walks through the articles of its language, each feed with a start and a stride of its own, and never ends.
Entry `n` appears in hour `n` since 1970, counted in whole hours from the newsroom's opening; address and id carry the
feed and `n`, so no two entries of all wire feeds are the same article. Moving the clock by an hour gives exactly one
new entry per feed. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd

from aggregator.newsroom.chance import chance
from aggregator.newsroom.feeds import EXTENSIONS, FeedFormat, NewsroomFeed
from aggregator.newsroom.material import Article, Material

ENTRIES_PER_FEED = 12
HOUR = timedelta(hours=1)
FORMATS = (
    FeedFormat.RSS20_FULL,
    FeedFormat.ATOM10,
    FeedFormat.RSS20_ENCLOSURE,
    FeedFormat.RSS10,
    FeedFormat.RSS20_ESCAPED,
    FeedFormat.JSON11,
    FeedFormat.ATOM03,
    FeedFormat.RSS20_FULL,
)
LANGUAGE_ROTATION = ("en", "en", "de", "en", "fr", "en", "es", "en", "it", "en", "en")

_FEED_PATH = re.compile(r"/wire/([0-9]{5,7})\.[a-z]{3,4}")
_ARTICLE_PATH = re.compile(r"/wire/([0-9]{5,7})/([0-9]{1,9})-[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class WireEntry:
    """An article as one wire feed publishes it, at an address of its own."""

    article: Article
    path: str
    published_at: datetime


class Wire:
    """All wire feeds of a newsroom: `size` of them. Holds no clock and no state."""

    def __init__(self, material: Material, opened_at: datetime, seed: int, size: int) -> None:
        """`opened_at` is aware; hours are counted from it."""
        self.size = size
        self._opened_at = opened_at
        self._opening_number = int(opened_at.timestamp()) // 3600
        self._seed = seed
        self._articles: dict[str, tuple[Article, ...]] = {}
        for article in material.articles:
            language = article.outlet.language
            self._articles[language] = (*self._articles.get(language, ()), article)
        self._languages = tuple(name for name in LANGUAGE_ROTATION if name in self._articles) or tuple(self._articles)

    def feeds(self) -> tuple[NewsroomFeed, ...]:
        """Return every wire feed, in the order of their numbers."""
        return tuple(self.feed(number) for number in range(self.size))

    def feed(self, number: int) -> NewsroomFeed:
        """Return the feed of that number."""
        format_ = FORMATS[number % len(FORMATS)]
        return NewsroomFeed(
            path=f"/wire/{number:05}.{EXTENSIONS[format_]}",
            title=f"Tessel Wire desk {number}",
            format=format_,
            category=None,
            language=self._languages[number % len(self._languages)],
        )

    def feed_number(self, path: str) -> int | None:
        """Return the number of the feed at `path`, or None where there is none."""
        match = _FEED_PATH.fullmatch(path)
        number = int(match[1]) if match else self.size
        return number if number < self.size and self.feed(number).path == path else None

    def state(self, now: datetime) -> int:
        """Return the number of the newest entry at `now`; it grows by one an hour."""
        return self._opening_number + (now - self._opened_at) // HOUR

    def entries(self, number: int, now: datetime) -> tuple[WireEntry, ...]:
        """Return the entries of the feed at `now`, newest first; before the opening as well as after it."""
        newest = self.state(now)
        return tuple(self._entry(number, newest - back) for back in range(ENTRIES_PER_FEED))

    def entry_at(self, path: str, now: datetime) -> WireEntry | None:
        """Return the entry whose address `path` is, or None where nothing was published there until `now`."""
        match = _ARTICLE_PATH.fullmatch(path)
        if match is None or int(match[1]) >= self.size or int(match[2]) > self.state(now):
            return None
        entry = self._entry(int(match[1]), int(match[2]))
        return entry if entry.path == path else None

    def _entry(self, number: int, hour_number: int) -> WireEntry:
        articles = self._articles[self._languages[number % len(self._languages)]]
        start = chance(self._seed, "wire", number)
        stride = _coprime_stride(start >> 32, len(articles))
        article = articles[(start + hour_number * stride) % len(articles)]
        return WireEntry(
            article=article,
            path=f"/wire/{number:05}/{hour_number}-{article.slug}",
            published_at=self._opened_at + HOUR * (hour_number - self._opening_number),
        )


def _coprime_stride(wish: int, count: int) -> int:
    """Return a stride that visits all of `count` articles before it meets one again."""
    stride = wish % count + 1
    while gcd(stride, count) != 1:
        stride += 1
    return stride
