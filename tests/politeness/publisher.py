"""A publisher: articles that appear at their times, and a feed of the last ones, with honest validators."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from .clock import START
from .web import Asked, Reply

RSS = (
    '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
    "<channel><title>{title}</title>{channel}{items}</channel></rss>"
)


def every(gap: timedelta, count: int = 1000, start: datetime = START - timedelta(days=14)) -> list[datetime]:
    """Return the times of `count` articles at a steady pace."""
    return [start + gap * number for number in range(count)]


def hours_of_the_day(hours: Sequence[int], days: int, minute_of: Sequence[int] = (7,)) -> list[datetime]:
    """Return times that repeat every day: at each minute of each hour."""
    midnight = START.replace(hour=0) - timedelta(days=3)
    return [
        midnight + timedelta(days=day, hours=hour, minutes=minute)
        for day in range(days + 3)
        for hour in hours
        for minute in minute_of
    ]


@dataclass
class Publisher:
    """A feed: a site of the simulated web.

    `holds` is how many articles its document has, `gives` which validators its server sends and honours, `headers` what
    else it sends with every answer, `channel` what stands in its head.
    """

    times: Sequence[datetime]
    name: str = "news"
    holds: int = 30
    gives: Sequence[str] = ("ETag", "Last-Modified")
    headers: Sequence[tuple[str, str]] = ()
    channel: str = ""

    def __call__(self, asked: Asked) -> Reply:
        count = self.published(asked.at)
        validators = self.validators(count)
        headers = [("Date", http_date(asked.at)), *validators.items(), *self.headers]
        if self._knows(asked, validators):
            return Reply(304, headers)
        return Reply(200, [*headers, ("Content-Type", "application/rss+xml")], self.document(count))

    def published(self, now: datetime) -> int:
        return bisect_right(self.times, now)

    def guids(self, since: datetime, until: datetime) -> set[str]:
        """Return what was published in a time, `until` included."""
        return {self.guid(number) for number in range(self.published(since), self.published(until))}

    def listed(self, now: datetime) -> set[str]:
        """Return what the document holds at a time."""
        count = self.published(now)
        return {self.guid(number) for number in range(max(count - self.holds, 0), count)}

    def guid(self, number: int) -> str:
        return f"{self.name}-{number}"

    def validators(self, count: int) -> dict[str, str]:
        newest = self.times[count - 1] if count else START
        both = {"ETag": f'"{self.name}-{count}"', "Last-Modified": http_date(newest)}
        return {name: value for name, value in both.items() if name in self.gives}

    def document(self, count: int) -> bytes:
        return RSS.format(title=self.name, channel=self.channel, items="".join(self._items(count))).encode()

    def _items(self, count: int) -> Iterator[str]:
        for number in reversed(range(max(count - self.holds, 0), count)):
            yield (
                f"<item><title>Article {number} of {self.name}</title>"
                f"<guid isPermaLink='false'>{self.guid(number)}</guid>"
                f"<link>https://{self.name}.example/{number}</link><pubDate>{http_date(self.times[number])}</pubDate>"
                f"<description>What happened at moment {number}.</description></item>"
            )

    def _knows(self, asked: Asked, validators: dict[str, str]) -> bool:
        """Tell whether the client has it already; an ETag counts more than a date (RFC 9110, 13.2.2)."""
        sent = asked.value("if-none-match")
        if sent is not None:
            return sent == validators.get("ETag")
        return asked.value("if-modified-since") == validators.get("Last-Modified", "nothing")


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
