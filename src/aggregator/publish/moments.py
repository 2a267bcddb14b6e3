"""Times as people say them: "5 h ago", "in 3 days"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def moment_of(text: str) -> datetime:
    """Return the time that the database keeps as `text`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ago(text: str, now: datetime) -> str:
    """Say a time that has passed."""
    return f"{length_of(now - moment_of(text))} ago ({text} UTC)"


def ahead(text: str, now: datetime) -> str:
    """Say a time to come."""
    return f"in {length_of(moment_of(text) - now)} ({text} UTC)"


def length_of(length: timedelta) -> str:
    """Say a length of time in its largest fitting unit: 45 s, 12 min, 5 h, 3 days."""
    seconds = max(length.total_seconds(), 0.0)
    for unit_s, most, name in ((1.0, 90, "s"), (60.0, 90, "min"), (3600.0, 48, "h")):
        if seconds < most * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def times(count: int) -> str:
    """Say how often."""
    return "once" if count == 1 else f"{count} times"
