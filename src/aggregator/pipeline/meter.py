"""What each stage did: counts, busy time, bytes and queue depth, for the progress display and the run record."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aggregator.ports import StageReport


class Meter:
    """Counts the work of one stage. Every method may be called from any thread."""

    def __init__(self, name: str, workers: int) -> None:
        """Start at nothing, for a stage of `workers` threads or processes."""
        self.name = name
        self.workers = workers
        self._outcomes: Counter[str] = Counter()
        self._taken = 0
        self._busy_s = 0.0
        self._bytes = 0
        self._lock = threading.Lock()

    def take(self, items: int = 1) -> None:
        """Count `items` as taken in hand."""
        with self._lock:
            self._taken += items

    def count(self, outcome: str, items: int = 1) -> None:
        """Count `items` as ended in `outcome`."""
        with self._lock:
            self._outcomes[outcome] += items

    def add_bytes(self, size_bytes: int) -> None:
        """Count bytes that passed through."""
        with self._lock:
            self._bytes += size_bytes

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count the time spent inside the block as busy."""
        started = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._busy_s += time.monotonic() - started

    def report(self, waiting: int = 0, peak_waiting: int = 0, peak_bytes: int = 0) -> StageReport:
        """Return the counts so far, with the depth of the stage's own input queue."""
        with self._lock:
            return StageReport(
                name=self.name,
                workers=self.workers,
                taken=self._taken,
                outcomes=dict(self._outcomes),
                busy_s=round(self._busy_s, 3),
                bytes=self._bytes,
                waiting=waiting,
                peak_waiting=peak_waiting,
                peak_bytes=peak_bytes,
            )
