"""What the headers of an answer ask of those who poll: until when it is fresh, and when to come again. Pure.

Nothing that a server sends keeps us away for longer than `LONGEST`; whoever asks for more is told so in the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from aggregator.records import Download

LONGEST = timedelta(weeks=1)
"""No server's wish and no backoff keeps us away for longer."""

TEN_YEARS = timedelta(days=3653)
"""A wish is taken for at most this: more than the cap, so that this is visible, and within every calendar."""


def retry_after(download: Download, now: datetime) -> datetime | None:
    """Read Retry-After: seconds, or an HTTP date (RFC 9110, section 10.2.3). None where it cannot be read."""
    if download.retry_after is None:
        return None
    seconds = _seconds(download.retry_after.strip())
    return now + seconds if seconds is not None else _http_date(download.retry_after)


def fresh_until(download: Download, now: datetime) -> tuple[datetime, str] | None:
    """Return until when the answer is fresh and the header that says so (RFC 9111, section 4.2).

    Cache-Control: max-age, less the Age that a cache on the way counted; else Expires, counted from the server's own
    Date, so that a wrong clock on either side does no harm.
    """
    for directive in (download.cache_control or "").lower().split(","):
        name, _, value = directive.strip().partition("=")
        lifetime = _seconds(value.strip('" ')) if name == "max-age" else None
        if lifetime is not None:
            age = _seconds((download.age or "").strip()) or timedelta(0)
            return now + _sane(lifetime - age), "Cache-Control max-age"
    expires = _http_date(download.expires) if download.expires else None
    if expires is None:
        return None
    sent_at = _http_date(download.date) if download.date else None
    return now + _sane(expires - (sent_at or now)), "Expires"


def _sane(lifetime: timedelta) -> timedelta:
    return min(max(lifetime, timedelta(0)), TEN_YEARS)


def _seconds(text: str) -> timedelta | None:
    """Read a number of seconds, however many digits a server sends."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    return TEN_YEARS if len(digits) > len("315360000") else timedelta(seconds=int(digits))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
