"""When a feed or picture may next be asked, and how a feed is. Pure: answers and `now` in, times out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.records import Download, FeedState, FeedToFetch, Outcome

LONGEST = timedelta(weeks=1)
"""No server's wish and no backoff keeps us away for longer."""

ROUNDING = timedelta(seconds=1)
"""Added to every time to come: the store keeps whole seconds, and rounding down must not make us early."""

FIRST_BACKOFF = timedelta(hours=1)

_TOO_MANY, _UNAVAILABLE, _GONE, _FORBIDDEN, _UNAUTHORIZED = 429, 503, 410, 403, 401

GONE_AFTER = 3
"""Answers of 410 in a row before a feed counts as gone: one may be a mistake."""

IMAGE_TRIES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from an answer: how the feed is, how often it failed in a row, and when it may be asked again."""

    state: FeedState
    failures: int
    next_fetch_at: datetime


def claim_until(feed: FeedToFetch, now: datetime, min_interval_s: float) -> datetime:
    """Return the time before which a feed that is about to be asked is not asked again, whatever becomes of us."""
    return now + timedelta(seconds=max(min_interval_s, feed.interval_s or 0)) + ROUNDING


def plan_after(feed: FeedToFetch, download: Download, now: datetime, min_interval_s: float, *, readable: bool) -> Plan:
    """Return what follows from an answer. `readable` tells whether its body, if it brought one, was a feed."""
    soonest = claim_until(feed, now, min_interval_s)
    if download.answered and readable:
        wish = _bounded(_freshness(download, now), now)
        return Plan(FeedState.ACTIVE, 0, max(soonest, wish))
    failures = feed.failures + 1
    wish = _bounded(_retry_after(download.retry_after, now), now)
    chance = random.random()  # noqa: S311 - spreads requests, guards nothing
    return Plan(_state_after(download, failures), failures, max(soonest, wish, now + backoff(failures, chance)))


def backoff(failures: int, chance: float) -> timedelta:
    """Return how long to stay away after `failures` in a row: doubling from an hour to a week.

    `chance` (0 to 1) spreads it between one half and the whole, so that feeds which failed together do not come back
    together.
    """
    whole = min(FIRST_BACKOFF * (1 << min(failures - 1, 20)), LONGEST)
    return whole * (0.5 + 0.5 * chance)


def image_retry_at(download: Download, attempts: int, now: datetime) -> datetime | None:
    """Return when to ask again for a picture that could not be had, or None to give it up.

    What may pass (no answer, too busy, a fault of the server) is tried three times; a refusal is final.
    """
    passing = download.outcome in (Outcome.TIMEOUT, Outcome.UNREACHABLE) or (
        download.status is not None and (download.status == _TOO_MANY or download.status >= 500)  # noqa: PLR2004
    )
    if not passing or attempts + 1 >= IMAGE_TRIES:
        return None
    wish = _bounded(_retry_after(download.retry_after, now), now)
    return max(wish, now + backoff(attempts + 1, 1.0))


def _state_after(download: Download, failures: int) -> FeedState:
    if download.status in (_TOO_MANY, _UNAVAILABLE) and download.retry_after:
        return FeedState.THROTTLED
    if download.status == _TOO_MANY:
        return FeedState.THROTTLED
    if download.status in (_FORBIDDEN, _UNAUTHORIZED):
        return FeedState.BLOCKED
    if download.status == _GONE and failures >= GONE_AFTER:
        return FeedState.GONE
    return FeedState.FAILING


def _bounded(wish: datetime | None, now: datetime) -> datetime:
    return min(wish or now, now + LONGEST) + ROUNDING


def _retry_after(text: str | None, now: datetime) -> datetime | None:
    """Read a Retry-After header: seconds, or an HTTP date (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    seconds = _seconds(text.strip())
    return now + seconds if seconds is not None else _http_date(text)


def _freshness(download: Download, now: datetime) -> datetime | None:
    """Read until when the answer is fresh: Cache-Control max-age, else Expires (RFC 9111, section 4.2.1)."""
    for directive in (download.cache_control or "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        seconds = _seconds(value.strip('" ')) if name == "max-age" else None
        if seconds is not None:
            return now + seconds
    return _http_date(download.expires) if download.expires else None


def _seconds(text: str) -> timedelta | None:
    """Read a number of seconds, however many digits a server sends."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return LONGEST if len(digits) > len("604800") else min(timedelta(seconds=int(digits)), LONGEST)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
