"""What a site's robots.txt allows us: RFC 9309, and Crawl-delay, which it leaves out. Pure; rules are read by Protego.

| what answered | what is allowed | until when |
|---|---|---|
| the file | what it says to `news-aggregator`, else to `*` | its max-age, at least an hour and at most a day |
| a file with more than 2,000 lines for us | nothing | as long as if it could be read |
| 4xx, but for 429 | everything: there is no such file | a day |
| anything else, or nothing | nothing, or what a copy of the last 30 days allows | an hour, doubling to a day |

Only pages are asked for by these rules. Feeds and the pictures that they name are there to be fetched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeGuard

from aggregator.fetch.freshness import LONGEST, fresh_until, retry_after
from aggregator.records import Download, Outcome, RobotsFile

if TYPE_CHECKING:
    from protego import Protego

PRODUCT_TOKEN = "news-aggregator"  # noqa: S105 - RFC 9309's word for a crawler's name
ROBOTS_ACCEPT = "text/plain, */*;q=0.1"

MAX_READ_BYTES = 500 * 1024
"""How much of a file is read, the least that RFC 9309 (section 2.5) asks for."""

MAX_ROBOTS_BYTES = 4 * MAX_READ_BYTES
"""How much of a file is downloaded; of a longer one nothing is known, so nothing is allowed."""

MAX_RULES = 2_000
"""Lines for us that a file may have; the longest in use have some hundreds. Of more, none is obeyed: all is refused."""

SHORTEST_LIFE = timedelta(hours=1)
LONGEST_LIFE = timedelta(days=1)
STALE_FOR = timedelta(days=30)
"""How old the copy may be that serves while the file cannot be had."""

LONGEST_DELAY_S = 30.0
"""A Crawl-delay above this counts as this."""

# Measured on Protego 0.6, at their worst: rules full of wildcards, which it compiles.
_PARSED_LINE_BYTES = 1_500
_PARSED_FACTOR = 8
_PARSED_FILE_BYTES = 2_000

_TOO_MANY = 429
_AGENT_LINE = re.compile(r"user[- ]?agent(?:\s*:\s*|\s+)(.*)", re.I)
_SITE_LINE = re.compile(r"(?:site-?maps?|host)\s*:", re.I)
_TOKEN = re.compile(r"[A-Za-z_-]+|\*(?!\S)")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page may not be asked for, for a person. `until` is None where that stands, and else when it may change."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """A robots.txt, ready to be asked. `crawl_delay_s` is how far apart it wants requests, if it says so."""

    robots: RobotsFile
    crawl_delay_s: float | None
    _parsed: Protego

    @property
    def memory_bytes(self) -> int:
        """About as much memory as this takes, rather more than less."""
        lines = self.robots.rules.count("\n") + 1
        return _PARSED_FILE_BYTES + _PARSED_LINE_BYTES * lines + _PARSED_FACTOR * len(self.robots.rules)

    def refusal(self, url: str) -> Refusal | None:
        """Return why `url`, which is on this origin, may not be asked for, or None."""
        if self.robots.refused is not None:
            return Refusal(self.robots.refused, self.robots.expires_at)
        if self._parsed.can_fetch(url, PRODUCT_TOKEN):
            return None
        return Refusal(f"the robots.txt of {self.robots.origin} does not allow it")


def read_rules(robots: RobotsFile) -> Rules:
    """Make the rules of a robots.txt ready to be asked. Needs the extra “full-text”."""
    from protego import Protego  # noqa: PLC0415 - an optional dependency

    parsed = Protego.parse(robots.rules)
    delay_s = parsed.crawl_delay(PRODUCT_TOKEN)
    return Rules(robots, None if delay_s is None else min(delay_s, LONGEST_DELAY_S), parsed)


def robots_url(origin: str) -> str:
    """Return where the robots.txt of an origin is."""
    return f"{origin}/robots.txt"


def robots_claim(origin: str, earlier: RobotsFile | None, now: datetime) -> RobotsFile:
    """Return what to keep before the file is asked for, so that a crash does not make us ask again at once."""
    if _still_serves(earlier, now):
        return replace(earlier, expires_at=now + SHORTEST_LIFE)
    refused = f"the robots.txt of {origin} was being asked for when the program was stopped"
    return RobotsFile(origin, now, now + SHORTEST_LIFE, refused=refused)


def robots_after(origin: str, download: Download, earlier: RobotsFile | None, now: datetime) -> RobotsFile:
    """Return what follows from an answer; `earlier` is what was known before it."""
    if download.outcome is Outcome.OK:
        return _read(origin, download, now)
    status = download.status or 0
    if download.outcome is Outcome.HTTP_ERROR and 400 <= status < 500 and status != _TOO_MANY:  # noqa: PLR2004
        return RobotsFile(origin, now, now + LONGEST_LIFE, status=status)
    retry_at = now + _patience(earlier)
    asked_to_wait = retry_after(download, now)
    if asked_to_wait is not None:
        retry_at = max(retry_at, min(asked_to_wait, now + LONGEST))
    if _still_serves(earlier, now):
        return replace(earlier, expires_at=retry_at)
    refused = f"the robots.txt of {origin} could not be read: {download.error}"
    return RobotsFile(origin, now, retry_at, status=download.status, refused=refused)


def _read(origin: str, download: Download, now: datetime) -> RobotsFile:
    rules = rules_for_us(download.body[:MAX_READ_BYTES].decode("utf-8-sig", "replace"))
    expires_at = _expiry(download, now)
    if rules.count("\n") < MAX_RULES:
        return RobotsFile(origin, now, expires_at, rules, download.status)
    refused = f"the robots.txt of {origin} has more than {MAX_RULES:,} lines for us, too many to be obeyed"
    return RobotsFile(origin, now, expires_at, status=download.status, refused=refused)


def _expiry(download: Download, now: datetime) -> datetime:
    fresh = fresh_until(download, now)
    wish = now + LONGEST_LIFE if fresh is None else fresh[0]
    return min(max(wish, now + SHORTEST_LIFE), now + LONGEST_LIFE)


def _patience(earlier: RobotsFile | None) -> timedelta:
    """Return how long to wait after a failure: twice as long as after the one before."""
    if earlier is None or earlier.refused is None:
        return SHORTEST_LIFE
    return min(max(2 * (earlier.expires_at - earlier.fetched_at), SHORTEST_LIFE), LONGEST_LIFE)


def _still_serves(earlier: RobotsFile | None, now: datetime) -> TypeGuard[RobotsFile]:
    return earlier is not None and earlier.refused is None and now - earlier.fetched_at <= STALE_FOR


def rules_for_us(text: str) -> str:
    """Return the groups of a robots.txt that speak to us, by our name or to everybody, and nothing else.

    The name is compared as a whole (RFC 9309, section 2.2.1): a group for `news` is not ours. What is left is all
    that is kept and parsed, so a file that names ten thousand crawlers costs no more than one that names two.
    """
    kept: list[str] = []
    in_names = ours = False
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        named = _AGENT_LINE.fullmatch(line)
        if named is not None:
            ours = ours and in_names
            in_names = True
            token = _TOKEN.match(named.group(1))
            if token is not None and token.group().lower() in (PRODUCT_TOKEN, "*"):
                ours = True
                kept.append(f"User-agent: {token.group().lower()}")
        elif line and not _SITE_LINE.match(line):
            in_names = False
            if ours:
                kept.append(line)
    return "\n".join(kept)
