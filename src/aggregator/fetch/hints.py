"""What a document asks of those who poll it: <ttl>, <skipHours>, <skipDays> and the syndication module. Pure.

The standards: RSS 2.0 (`ttl` counts minutes; hours and days are those of GMT), RSS 0.91 (where the hours go from 1 to
24), RDF Site Summary 1.0, module Syndication (`sy:updatePeriod`, `sy:updateFrequency`). A value that is none is passed
over, as if it were not there: what a publisher wrote by mistake shall neither stop nor hurry us.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from aggregator.fetch.xmlfeed import RawFeed
from aggregator.records import PublisherHints

LONGEST_TTL = timedelta(days=366)
"""A longer <ttl> is a mistake, milliseconds perhaps."""

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = 24
# Enough for every sensible number, and short enough to be read at no cost.
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


def publisher_hints(raw: RawFeed) -> PublisherHints:
    """Return what the publisher of `raw` wishes for.

    Whoever skips all hours of a day or all days of a week skips none: nobody publishes a feed that must not be read.
    `sy:updateBase` is not looked at: it says at which minute a period begins, and how long one is decides enough.
    """
    return PublisherHints(
        ttl_s=_ttl_s(raw.feed.get("ttl")),
        update_period_s=_update_period_s(raw.feed.get("sy_updateperiod"), raw.feed.get("sy_updatefrequency")),
        skip_hours=_unless_all(map(_hour, raw.skip_hours), _HOURS),
        skip_days=_unless_all(map(_day, raw.skip_days), len(_DAYS)),
    )


def _ttl_s(value: object) -> float | None:
    minutes = _positive(value)
    if minutes is None or minutes > LONGEST_TTL / timedelta(minutes=1):
        return None
    return minutes * 60


def _update_period_s(period: object, frequency: object) -> float | None:
    """Return the seconds from one update to the next. With one of the two missing, the standard's default holds."""
    times = _positive(frequency)
    # A period that is none of the five says nothing; one that is not there is a day.
    name = period.strip().lower() if isinstance(period, str) else "daily" if times is not None else ""
    length = _PERIODS.get(name)
    return length.total_seconds() / (times or 1) if length is not None else None


def _positive(value: object) -> float | None:
    if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) is None:
        return None
    return float(value) or None


def _hour(text: str) -> int | None:
    """Return 0 to 23: the hour that RSS 0.91 calls 24 is the first of the day."""
    hour = text.strip()
    in_range = len(hour) in (1, 2) and hour.isascii() and hour.isdigit() and int(hour) <= _HOURS
    return int(hour) % _HOURS if in_range else None


def _day(text: str) -> int | None:
    """Return 0 (Monday) to 6, whatever the case."""
    name = text.strip().lower()
    return _DAYS.index(name) if name in _DAYS else None


def _unless_all(found: Iterable[int | None], count: int) -> tuple[int, ...]:
    """Return what was found, each once and in order; nothing if it is all there is."""
    distinct = sorted({one for one in found if one is not None})
    return tuple(distinct) if len(distinct) < count else ()
