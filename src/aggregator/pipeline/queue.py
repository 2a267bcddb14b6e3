"""A bounded queue between two stages: its bounds are the back-pressure."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Drained(Exception):  # noqa: N818 - not an error: the end of the stream, as StopIteration is
    """The queue is closed and empty: nothing will ever come out of it again."""


class Cancelled(Exception):  # noqa: N818 - not an error: the run is being given up
    """The run was given up; whoever waits on the queue stops waiting."""


@dataclass(frozen=True, slots=True)
class Slot(Generic[T]):
    """An item taken from a queue. Its bytes count as in flight until it is handed back to `BoundedQueue.done`.

    `on_end` travels with it from queue to queue: to be called once, by whoever ends the item's way.
    """

    item: T
    size_bytes: int
    on_end: Callable[[], Any]


def _nothing() -> None:
    """The end of an item that nobody waits for."""


class BoundedQueue(Generic[T]):
    """A queue with two bounds: items that wait, and bytes in flight (waiting, or taken and not yet done).

    A put waits while either bound is reached. An item larger than the whole byte bound passes when nothing else is
    in flight, so that it cannot wait for ever. The order is first in, first out, but with several takers nobody may
    rely on it.
    """

    def __init__(self, max_items: int, max_bytes: int) -> None:
        """Bound the queue to `max_items` waiting items and `max_bytes` bytes in flight."""
        self.max_items = max_items
        self.max_bytes = max_bytes
        self.peak_items = 0
        self.peak_bytes = 0
        self._waiting: deque[Slot[T]] = deque()
        self._bytes = 0
        self._closed = False
        self._cancelled = False
        # Two conditions of one lock: with a single one, each item would wake every thread at both ends.
        lock = threading.RLock()
        self._filled = threading.Condition(lock)
        self._emptied = threading.Condition(lock)
        self._ending = threading.Event()

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return len(self._waiting)

    def put(self, item: T, size_bytes: int = 0, on_end: Callable[[], Any] = _nothing) -> None:
        """Append `item`, waiting while the queue is full.

        Raises:
            Cancelled: the run was given up.
            ValueError: the queue is closed, which is a bug: nobody might ever take the item.
        """
        with self._emptied:
            self._emptied.wait_for(lambda: self._cancelled or self._closed or self._has_room(size_bytes))
            if self._cancelled:
                raise Cancelled
            if self._closed:
                raise ValueError("put into a closed queue")
            self._waiting.append(Slot(item, size_bytes, on_end))
            self._bytes += size_bytes
            self.peak_items = max(self.peak_items, len(self._waiting))
            self.peak_bytes = max(self.peak_bytes, self._bytes)
            self._filled.notify()

    def _has_room(self, size_bytes: int) -> bool:
        fits = self._bytes == 0 or self._bytes + size_bytes <= self.max_bytes
        return fits and len(self._waiting) < self.max_items

    def take(self, limit: int = 1) -> list[Slot[T]]:
        """Return between one and `limit` waiting items, waiting for the first but never for more.

        Raises:
            Drained: the queue is closed and empty.
            Cancelled: the run was given up.
        """
        with self._filled:
            self._filled.wait_for(lambda: self._cancelled or self._closed or self._waiting)
            if self._cancelled:
                raise Cancelled
            if not self._waiting:
                raise Drained
            taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
            self._emptied.notify_all()
            return taken

    def done(self, slot: Slot[T]) -> None:
        """Give back the bytes of an item that has left this process's hands or been passed on."""
        if slot.size_bytes:
            with self._emptied:
                self._bytes -= slot.size_bytes
                self._emptied.notify_all()

    def rest(self, seconds: float) -> None:
        """Let items gather for so long, or until nothing more can come."""
        if seconds > 0:
            self._ending.wait(seconds)

    def close(self) -> None:
        """Say that nothing more will be put in."""
        with self._filled:
            self._closed = True
            self._wake_all()

    def cancel(self) -> None:
        """Wake everybody who waits with `Cancelled`."""
        with self._filled:
            self._cancelled = True
            self._wake_all()

    def _wake_all(self) -> None:
        self._ending.set()
        self._filled.notify_all()
        self._emptied.notify_all()
