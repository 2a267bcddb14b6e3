"""A bell: rung by every commit, listened to by sources that look for work in the rows."""

from __future__ import annotations

import threading


class Wake:
    """Counts rings, so that one that comes between looking and waiting is not missed."""

    def __init__(self) -> None:
        """Start with no ring heard."""
        self._rings = 0
        self._rung = threading.Condition()

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def heard(self) -> int:
        """Return how often it rang; pass that to `wait`."""
        return self._rings

    def wait(self, heard: int, timeout_s: float) -> None:
        """Return when it has rung since `heard`, at the latest after `timeout_s`."""
        with self._rung:
            self._rung.wait_for(lambda: self._rings != heard, timeout_s)
