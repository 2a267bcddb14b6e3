"""Whether a feed has moved for good. Pure.

A permanent redirect (301, 308) is a claim: it is kept once it was made several times in a row and a feed answered at
the new address each time. The same address with https is no claim but an upgrade, and kept at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from aggregator.fetch.urls import DEFAULT_PORTS, UrlError, canonical_url
from aggregator.records import Download, FeedToFetch

CONFIRMATIONS = 3
"""Times in a row that a new address must be named."""

HOMESICK_AFTER = 5
"""Failures in a row at a new address, after which the feed is asked for at the subscribed one again. 410 is enough."""

GONE = 410


@dataclass(frozen=True, slots=True)
class Move:
    """Where a feed is asked for from now on (`asked_url`), and the claim that is being confirmed."""

    asked_url: str
    claimed_url: str | None = None
    seen: int = 0


def move_after(feed: FeedToFetch, download: Download, *, readable: bool, failures: int) -> Move:
    """Return what an answer says about the address of a feed. `readable`: there was a feed, or nothing had changed."""
    memory = feed.memory
    if not readable:
        if feed.asked_url != feed.url and (failures >= HOMESICK_AFTER or download.status == GONE):
            return Move(feed.url)
        return Move(feed.asked_url, memory.move_url, memory.move_seen)
    claimed = download.permanent_url
    if claimed is None or claimed == feed.asked_url:
        return Move(feed.asked_url)
    seen = memory.move_seen + 1 if claimed == memory.move_url else 1
    if seen >= CONFIRMATIONS or is_upgrade(feed.asked_url, claimed):
        return Move(claimed)
    return Move(feed.asked_url, claimed, seen)


def is_upgrade(old: str, new: str) -> bool:
    """Tell whether `new` is `old` with https in the place of http, at the ordinary ports."""
    before, after = _parts(old), _parts(new)
    same = (before.hostname, before.path or "/", before.query) == (after.hostname, after.path or "/", after.query)
    return same and (_place(before), _place(after)) == (("http", 80), ("https", 443))


def same_place(subscribed: str, asked: str) -> bool:
    """Tell whether what the user trusts a subscription with may be used at `asked`: its origin, or that with https."""
    if subscribed == asked:
        return True
    before, after = _parts(subscribed), _parts(asked)
    if before.hostname != after.hostname:
        return False
    places = (_place(before), _place(after))
    return places[0] == places[1] or places == (("http", 80), ("https", 443))


def _parts(url: str) -> SplitResult:
    """Take a URL apart, a host of other letters in its ASCII form."""
    try:
        return urlsplit(canonical_url(url))
    except UrlError:
        return urlsplit(url)


def _place(parts: SplitResult) -> tuple[str, int | None]:
    return parts.scheme, parts.port or DEFAULT_PORTS.get(parts.scheme)
