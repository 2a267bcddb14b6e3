"""Ctrl-C and SIGTERM: the first asks to finish what is in hand, the second ends the program at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Self


class StopSignal:
    """Whether the user, cron or systemd asked us to stop; a context manager that listens while it is open.

    The first signal only sets `requested`: sources stop handing out work, what was taken is finished and committed.
    The second one leaves without asking anybody: SQLite rolls back what was not committed, worker processes end
    when their lifeline closes, and the rows tell the next run what is still to be done.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        """Start out with no signal received."""
        self.requested = threading.Event()
        self.received: int | None = None
        self._previous: dict[int, object] = {}

    @property
    def exit_code(self) -> int | None:
        """128 + the number of the signal received, or None."""
        return None if self.received is None else 128 + self.received

    def __enter__(self) -> Self:
        """Start to listen. Signals can only be handled by the main thread."""
        for number in self._SIGNALS:
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the signals back to whoever had them."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it is what signal.signal returned

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.requested.is_set():
            os._exit(128 + number)
        self.received = number
        self.requested.set()
        message = "\nstopping: finishing what is in hand (once more to stop at once)\n"
        # os.write, because a signal may arrive while print holds the stream's lock. Nobody has to be there to read it.
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), message.encode())
