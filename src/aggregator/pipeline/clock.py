"""The one clock. Everything that asks for the time is handed one of these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aggregator.errors import UsageError


class ShiftedClock:
    """The machine's UTC clock, moved by a fixed amount."""

    def __init__(self, shift: timedelta = timedelta()) -> None:
        """Shift the machine's time by `shift`."""
        self._shift = shift

    def now(self) -> datetime:
        """Return the present moment, aware and UTC."""
        return datetime.now(UTC) + self._shift


def clock_from_environment(environment: Mapping[str, str]) -> ShiftedClock:
    """Return the clock that `AGGREGATOR_CLOCK` asks for, by default the machine's own.

    `+3600` and `-60` shift the time by seconds; an ISO 8601 time is the time at this moment, and time goes on from
    there (without a zone it is UTC). Tests and simulations set it, and processes that they start inherit it.

    Raises:
        UsageError: the variable holds neither.
    """
    text = environment.get("AGGREGATOR_CLOCK", "").strip()
    if not text:
        return ShiftedClock()
    try:
        clock = ShiftedClock(_shift(text))
        clock.now()  # a shift may lead out of the calendar
    except (ValueError, OverflowError):
        raise UsageError(
            f"AGGREGATOR_CLOCK={text!r} is neither an ISO time (2026-01-31T12:00:00Z) nor a shift in seconds (+3600)"
        ) from None
    return clock


def _shift(text: str) -> timedelta:
    if text[0] in "+-":
        return timedelta(seconds=float(text))
    start = datetime.fromisoformat(text)
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    return start - datetime.now(UTC)
