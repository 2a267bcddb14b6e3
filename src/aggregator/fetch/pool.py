"""Open connections, lent to one thread at a time and kept for the next request to the same origin.

    lend: newest idle one of the origin ─none─▶ a new one ─no room─▶ in the place of the oldest idle one ─none─▶ wait

The newest is the least likely to have been closed by its server. What an idle connection waits for is its own affair:
`has_expired` tells when it has waited too long, or its server has left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from aggregator.fetch.exchange import ConnectFailedError, DeadlineExceededError


class Connection(Protocol):
    """What a pool asks of a connection to one origin, which sends one request at a time."""

    def is_idle(self) -> bool:
        """Whether another request could be sent, had the connection not failed."""

    def has_expired(self) -> bool:
        """Whether an idle connection has waited too long, or was closed by its server."""

    def is_closed(self) -> bool:
        """Whether the connection was closed, or never came about."""

    def close(self) -> None:
        """Close the connection."""


O = TypeVar("O")  # noqa: E741 - an origin
C = TypeVar("C", bound=Connection)


class ConnectionPool(Generic[O, C]):
    """At most `max_connections` connections, idle ones among them. Safe for threads.

    `connect` makes a connection to an origin; it is called under a lock, and must leave the dialling to the first
    request.
    """

    def __init__(self, connect: Callable[[O], C], max_connections: int) -> None:
        """Take the parts; nothing is connected yet."""
        self._connect = connect
        self._max_connections = max_connections
        self._changed = threading.Condition()
        self._idle: list[tuple[O, C]] = []  # the oldest first
        self._lent: dict[C, O] = {}
        self._is_closed = False

    def lend(self, origin: O, timeout_s: float) -> C:
        """Return a connection to `origin` that nobody else has, to be given back. Waits for one if all are lent.

        Raises DeadlineExceededError where none came free in time, ConnectFailedError once the pool is closed.
        """
        left_over: list[C] = []
        with self._changed:
            if not self._changed.wait_for(self._has_room, timeout_s):
                raise DeadlineExceededError("no connection came free in time")
            if self._is_closed:
                raise ConnectFailedError("all connections were closed")
            connection = self._kept(origin, left_over) or self._new(origin, left_over)
            self._lent[connection] = origin
        _close_all(left_over)
        return connection

    def give_back(self, connection: C) -> None:
        """Keep a connection that was lent, or close it where it cannot be used again. It must not be used after."""
        with self._changed:
            origin = self._lent.pop(connection, None)
            # A connection that never came about is both idle and closed.
            is_kept = origin is not None and connection.is_idle() and not connection.is_closed()
            if origin is not None and is_kept:
                self._idle.append((origin, connection))
            self._changed.notify()
        if not is_kept:
            connection.close()

    def close(self) -> None:
        """Close all connections, lent ones too: what is being got through them fails, and so do those who wait."""
        with self._changed:
            self._is_closed = True
            connections = [*self._lent, *(connection for _, connection in self._idle)]
            self._lent.clear()
            self._idle.clear()
            self._changed.notify_all()
        _close_all(connections)

    def _has_room(self) -> bool:
        return self._is_closed or len(self._lent) < self._max_connections

    def _kept(self, origin: O, left_over: list[C]) -> C | None:
        """Take the newest idle connection to an origin out, those that have expired put into `left_over`."""
        if self._idle and self._idle[0][1].has_expired():
            left_over.append(self._idle.pop(0)[1])  # in time, the connections to origins that nobody asks again
        for position in range(len(self._idle) - 1, -1, -1):
            if self._idle[position][0] == origin:
                _, connection = self._idle.pop(position)
                if not connection.has_expired():
                    return connection
                left_over.append(connection)
        return None

    def _new(self, origin: O, left_over: list[C]) -> C:
        if len(self._lent) + len(self._idle) >= self._max_connections:
            left_over.append(self._idle.pop(0)[1])
        return self._connect(origin)


def _close_all(connections: list[C]) -> None:
    for connection in connections:
        connection.close()
