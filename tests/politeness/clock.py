"""A clock that goes when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
"""A Monday morning."""


class SimulatedClock:
    """Simulated time, for schedules (`now`) and for the spacing of requests (`monotonic`) alike."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - START).total_seconds() + 1_000_000.0

    def go(self, to: datetime) -> None:
        assert to >= self._now, "time does not go back"
        self._now = to

    def wait(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
