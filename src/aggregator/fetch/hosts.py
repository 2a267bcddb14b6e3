"""What a host teaches that holds for everything on it, feeds, pages and pictures alike. Pure.

A 429 of a public host speaks for the whole host; on a private network, where one program serves the feeds of many
sites, it speaks for its URL only. One 403 speaks for its URL; a burst of them means that the host has had enough of us.
Retry-After on 503 is the business of the URL alone.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.fetch.arrivals import spoken
from aggregator.fetch.freshness import LONGEST, retry_after
from aggregator.records import Download, HostLesson

BURST = 3
"""Answers of 403 for different URLs of a host within `BURST_WITHIN` that count as one lesson."""

BURST_WITHIN = timedelta(hours=1)
FIRST_REST = timedelta(minutes=15)
LONGEST_REST = timedelta(days=1)
FIRST_SPACING_S = 2.0
LONGEST_SPACING_S = 60.0

FORGIVEN_AFTER = timedelta(days=1)
"""A day without a lesson takes one strike back."""

_TOO_MANY, _FORBIDDEN = 429, 403
_PRIVATE_ENDINGS = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".intranet", ".corp")


def is_public(host: str) -> bool:
    """Tell whether a host name is one of the public internet, by its looks: nothing is resolved."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." in host.rstrip(".") and not host.rstrip(".").endswith(_PRIVATE_ENDINGS)


def is_forbidden(download: Download) -> bool:
    """Tell whether an answer counts towards a burst of refusals."""
    return download.status == _FORBIDDEN


def lesson_after(
    known: HostLesson | None, host: str, download: Download, now: datetime, *, forbidden: int = 0
) -> HostLesson | None:
    """Return what an answer teaches about its host, None for nothing. `forbidden` counts its 403s within the hour."""
    if not is_public(host):
        return None
    strikes = known.strikes if known else 0
    if download.status == _TOO_MANY:
        asked = retry_after(download, now)
        rest = _rest(strikes) if asked is None else min(max(asked - now, _rest(strikes)), LONGEST)
        return _lesson(host, rest, strikes + 1, f"it answered 429; it rests for {spoken(rest)}", now)
    if download.status == _FORBIDDEN and forbidden >= BURST:
        rest = _rest(strikes + 1)
        reason = f"it answered 403 {forbidden} times; it rests for {spoken(rest)}"
        return _lesson(host, rest, strikes + 1, reason, now)
    return None


def forgiven(known: HostLesson, now: datetime) -> HostLesson:
    """Return a lesson as it is after all the days that have passed without another one."""
    strikes = max(known.strikes - max((now - known.learned_at) // FORGIVEN_AFTER, 0), 0)
    rests_until = known.rests_until if known.rests_until is not None and known.rests_until > now else None
    return replace(known, rests_until=rests_until, strikes=strikes, spacing_s=_spacing_s(strikes))


def _lesson(host: str, rest: timedelta, strikes: int, reason: str, now: datetime) -> HostLesson:
    return HostLesson(host, now + rest, strikes, _spacing_s(strikes), reason, now)


def _rest(strikes: int) -> timedelta:
    return min(FIRST_REST * (1 << min(strikes, 10)), LONGEST_REST)


def _spacing_s(strikes: int) -> float:
    return min(FIRST_SPACING_S * (1 << min(strikes - 1, 10)), LONGEST_SPACING_S) if strikes > 0 else 0.0
