"""When a feed may next be asked, how it is asked then, and how it is. Pure: answers and `now` in, decisions out.

A time is the latest of several wishes, each with a sentence that says whose wish it is; the sentence of the one that
decided goes into the ledger, for `aggregator why`. The rules R1–R14 are stated in docs/politeness.md.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.fetch.arrivals import pace, spoken, turnover, usual_gap
from aggregator.fetch.freshness import LONGEST, fresh_until, retry_after
from aggregator.records import (
    Download,
    FeedMemory,
    FeedState,
    FeedToFetch,
    Outcome,
    PublisherHints,
    Reason,
    Validators,
)

ROUNDING = timedelta(seconds=1)
"""Added to every time to come: the store keeps whole seconds, and rounding down must not make us early."""

FIRST_BACKOFF = timedelta(hours=1)
LONGEST_BACKOFF = timedelta(days=1)
"""For failures that pass, such as a server that is down: a week away would lose articles."""

UNCONDITIONAL = timedelta(days=1)
"""The least time between two full answers that nothing but our asking caused (R6)."""

SEVERAL_FULLS = 2
"""Full answers in a row after which a feed counts as one that cannot be asked conditionally."""

LONGEST_PROBE = timedelta(days=14)
FIRST_OVERDUE = timedelta(days=7)
"""After how long without news a feed whose pace is unknown is suspected of saying 304 for ever."""

_WHOLE = (200, 203)
"""Statuses of answers that brought the whole document, even if it was too much of it."""

_TOO_MANY, _UNAVAILABLE, _GONE, _FORBIDDEN, _UNAUTHORIZED = 429, 503, 410, 403, 401

GONE_AFTER = 3
GONE_FOR = timedelta(days=2)
"""So many answers of 410 in a row, over so long: fewer may be a mistake, or an accident of an afternoon."""

RESTING_AGAIN = timedelta(minutes=15)
"""When to look again at a host that rests, or after a run that was stopped, if nothing else is known."""

SERVER_ERRORS = 500
TRIES = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings say about all feeds, in seconds."""

    min_interval_s: float
    max_interval_s: float


@dataclass(frozen=True, slots=True)
class Wish:
    """A time before which a feed should not be asked, and whose wish that is, for a person."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from an answer: how the feed is, how often it failed in a row, and when it may be asked again."""

    state: FeedState
    failures: int
    next_fetch_at: datetime
    decided_by: str


# --- before the request ----------------------------------------------------------------------------------------------


def claim_until(feed: FeedToFetch, now: datetime, limits: Limits) -> datetime:
    """Return the time before which a feed that is about to be asked is not asked again, whatever becomes of us."""
    least_s = max(limits.min_interval_s, feed.interval_s or 0)
    is_full = _is_full(feed.validators, feed.memory) or why_now(feed, now) is Reason.PROBE
    if feed.memory.full_at is not None and is_full:
        least_s = max(least_s, UNCONDITIONAL.total_seconds())
    return now + timedelta(seconds=least_s) + ROUNDING


def _is_full(validators: Validators, memory: FeedMemory) -> bool:
    """Tell whether the next request brings the whole document: there are no validators, or they did not fit the URL.

    That is so behind a redirect which leads to another address every time.
    """
    return validators == Validators() or memory.fulls >= SEVERAL_FULLS


def is_unwelcome(feed: FeedToFetch, now: datetime) -> bool:
    """Tell whether the feed wants no visitors in this hour; only a week without any overrules it."""
    hints = feed.memory.hints
    asleep = now.hour in hints.skip_hours or now.weekday() in hints.skip_days
    return asleep and feed.last_success_at is not None and now - feed.last_success_at < LONGEST


def why_now(feed: FeedToFetch, now: datetime) -> Reason:
    """Return why a feed that is due is asked. A probe is asked without validators, anything else with them."""
    if feed.last_success_at is None and feed.failures == 0:
        return Reason.FIRST
    if feed.failures:
        return Reason.RETRY
    return Reason.PROBE if _is_suspicious(feed, now) else Reason.DUE


def _is_suspicious(feed: FeedToFetch, now: datetime) -> bool:
    """Tell whether a feed that goes on saying 304 should have had news long ago."""
    memory = feed.memory
    if feed.validators == Validators() or memory.full_at is None or not memory.not_modified:
        return False
    # A 304 speaks for the time before it: nobody could say anything while we were away.
    silent_until = min(feed.last_success_at or now, now)
    if now - memory.full_at < min(UNCONDITIONAL * (1 << min(memory.probes, 10)), LONGEST_PROBE):
        return False
    if not memory.arrivals:
        return silent_until - memory.full_at >= FIRST_OVERDUE
    # The gap as it was before the silence began.
    gap = usual_gap(memory, memory.arrivals[-1])
    return silent_until - memory.arrivals[-1] >= (max(4 * gap, UNCONDITIONAL) if gap is not None else FIRST_OVERDUE)


# --- after the answer ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """A feed and the answer that it gave. `memory` and `validators` are as they are after it.

    `readable` tells whether its body, if it brought one, was a feed.
    """

    feed: FeedToFetch
    download: Download
    memory: FeedMemory
    validators: Validators
    readable: bool


def plan_after(answer: Answer, now: datetime, limits: Limits) -> Plan:
    """Return what follows from an answer."""
    feed, download, memory = answer.feed, answer.download, answer.memory
    if download.answered and answer.readable:
        wish = _polite_time(_wishes(answer, now, limits), memory.hints, now)
        moved = feed.asked_url != feed.url
        return Plan(FeedState.MOVED if moved else FeedState.ACTIVE, 0, wish.at + ROUNDING, wish.reason)
    if download.outcome is Outcome.RESTING:
        wish = _resting_wish(download, now)
        return Plan(feed.state, feed.failures, wish.at + ROUNDING, wish.reason)
    failures = feed.failures + 1
    state = _state_after(download, memory, now)
    wishes = [_backoff_wish(state, memory, failures, now), Wish(now + _least(feed, limits), "min_interval")]
    asked_to_wait = retry_after(download, now)
    if asked_to_wait is not None:
        wishes.append(_capped(asked_to_wait, "Retry-After", now))
    if download.status in _WHOLE and _is_full(answer.validators, memory):
        wishes.append(Wish(now + UNCONDITIONAL, "without validators it is asked once a day"))
    wish = _polite_time(wishes, memory.hints, now)
    return Plan(state, failures, wish.at + ROUNDING, wish.reason)


def _resting_wish(download: Download, now: datetime) -> Wish:
    """Return when to ask again where nobody was asked, because the host rests or the run had to end."""
    return _capped(retry_after(download, now) or now + RESTING_AGAIN, download.error or "", now)


def _wishes(answer: Answer, now: datetime, limits: Limits) -> list[Wish]:
    """Return all that speaks for waiting after a good answer; the first of equals is the one that is told."""
    memory = answer.memory
    wishes = [_own_wish(answer, now, limits), Wish(now + _least(answer.feed, limits), "min_interval")]
    fresh = fresh_until(answer.download, now)
    if fresh is not None:
        wishes.append(_capped(fresh[0], fresh[1], now))
    for seconds, name in ((memory.hints.ttl_s, "<ttl>"), (memory.hints.update_period_s, "sy:updatePeriod")):
        if seconds is not None:
            wishes.append(_capped(now + timedelta(seconds=seconds), f"the feed's {name}", now))
    if _is_full(answer.validators, memory):
        wishes.append(_unconditional_wish(memory, now))
    return wishes


def _own_wish(answer: Answer, now: datetime, limits: Limits) -> Wish:
    """Return how long to wait by the user's wish or the feed's own pace; longer while it asks for fewer requests."""
    feed, memory = answer.feed, answer.memory
    if feed.interval_s is not None:
        wait_s, reason = feed.interval_s, "the interval in feeds.toml"
    else:
        own = pace(memory, now, limits.min_interval_s, limits.max_interval_s)
        wait_s, reason = own.interval_s, own.reason
    if memory.throttles:
        slower_s = max(wait_s, limits.min_interval_s) * (1 << min(memory.throttles, 10))
        wait_s, reason = min(slower_s, LONGEST.total_seconds()), "it asked for fewer requests lately"
    return Wish(now + timedelta(seconds=wait_s), reason)


def _least(feed: FeedToFetch, limits: Limits) -> timedelta:
    return timedelta(seconds=max(limits.min_interval_s, feed.interval_s or 0))


def _unconditional_wish(memory: FeedMemory, now: datetime) -> Wish:
    """A server without validators sends everything every time: once a day is enough, unless articles would be lost."""
    lost = turnover(memory)
    if lost is not None and lost / 2 < UNCONDITIONAL:
        return Wish(now + lost / 2, f"it has no validators, and its entries are replaced within {spoken(lost)}")
    return Wish(now + UNCONDITIONAL, "without validators it is asked once a day")


def _capped(at: datetime, reason: str, now: datetime) -> Wish:
    if at > now + LONGEST:
        return Wish(now + LONGEST, f"{reason}, capped at a week (it asked for {spoken(at - now)})")
    return Wish(at, reason)


def _polite_time(wishes: list[Wish], hints: PublisherHints, now: datetime) -> Wish:
    """Return the latest wish, moved out of the hours and days in which the feed wants no visitors (RSS 2.0)."""
    latest = max(wishes, key=lambda one: one.at)
    at = latest.at
    while at.hour in hints.skip_hours or at.weekday() in hints.skip_days:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        if at > now + LONGEST:
            return Wish(now + LONGEST, "the feed's skipHours and skipDays, capped at a week")
    return latest if at == latest.at else Wish(at, "the feed's skipHours and skipDays")


def _backoff_wish(state: FeedState, memory: FeedMemory, failures: int, now: datetime) -> Wish:
    chance = random.random()  # noqa: S311 - spreads requests, guards nothing
    if state is FeedState.THROTTLED:
        return Wish(now + backoff(memory.throttles, chance, LONGEST), "it asked for fewer requests")
    if state is FeedState.BLOCKED:
        return Wish(now + backoff(failures, chance, LONGEST), f"backoff: refused {failures} times in a row")
    return Wish(now + backoff(failures, chance, LONGEST_BACKOFF), f"backoff after {_times(failures)}")


def _times(failures: int) -> str:
    return "a failure" if failures == 1 else f"{failures} failures in a row"


def backoff(failures: int, chance: float, longest: timedelta) -> timedelta:
    """Return how long to stay away after `failures` in a row: doubling from an hour to `longest`.

    `chance` (0 to 1) spreads it between one half and the whole, so that feeds which failed together do not come back
    together.
    """
    whole = min(FIRST_BACKOFF * (1 << min(max(failures, 1) - 1, 20)), longest)
    return whole * (0.5 + 0.5 * chance)


def asks_for_less(download: Download) -> bool:
    """Tell whether an answer means that we ask too often: 429, or 503 with a time to come back."""
    return download.status == _TOO_MANY or (download.status == _UNAVAILABLE and download.retry_after is not None)


def _state_after(download: Download, memory: FeedMemory, now: datetime) -> FeedState:
    if asks_for_less(download):
        return FeedState.THROTTLED
    if download.status in (_FORBIDDEN, _UNAUTHORIZED):
        return FeedState.BLOCKED
    is_for_good = memory.gone_since is not None and now - memory.gone_since >= GONE_FOR
    return FeedState.GONE if memory.gone >= GONE_AFTER and is_for_good else FeedState.FAILING


def is_gone(download: Download) -> bool:
    """Tell whether the server says that there will never be anything again."""
    return download.status == _GONE


# --- pictures and pages ----------------------------------------------------------------------------------------------


def retry_at(download: Download, attempts: int, now: datetime) -> datetime | None:
    """Return when to ask again for a picture or a page that could not be had, or None to give it up.

    What may pass (no answer, too busy, a fault of the server) is tried three times; a refusal is final. A host that
    rests was not asked, so that is no try.
    """
    if download.outcome is Outcome.RESTING:
        return _resting_wish(download, now).at + ROUNDING
    passing = download.outcome in (Outcome.TIMEOUT, Outcome.UNREACHABLE) or (
        download.status is not None and (download.status == _TOO_MANY or download.status >= SERVER_ERRORS)
    )
    if not passing or attempts + 1 >= TRIES:
        return None
    asked_to_wait = retry_after(download, now)
    wishes = [now + backoff(attempts + 1, 1.0, LONGEST)]
    if asked_to_wait is not None:
        wishes.append(min(asked_to_wait, now + LONGEST))
    return max(wishes) + ROUNDING
