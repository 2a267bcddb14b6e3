"""How long one exchange may take, what it has received, and how it can fail.

An exchange is one request with all its redirects. It rides in a context variable, set by `exchange_until` in the thread
that makes the request: the time-outs that HTTP libraries hand down are per operation, and a server that drips one byte
at a time never meets one.

    ExchangeError
    ├── DeadlineExceededError   the time of the whole exchange is used up
    ├── ForbiddenRequestError   what we would send breaks HTTP
    ├── ConnectFailedError      no connection; the text tells why
    │   ├── AddressRefusedError   the host's addresses are forbidden ones
    │   ├── UnknownNameError      the host's name has no address
    │   ├── ProxyFailedError      the proxy cannot be reached, or does not let us through
    │   └── HandshakeError        no TLS on the connection
    ├── NoAnswerError           the connection ended before the first byte of an answer
    └── BrokenAnswerError       what came is cut short, or is not HTTP
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# The HTTP library bounds one head, but not how many interim (1xx) answers come before the real one.
_MAX_HEAD_BYTES = 512 * 1024


class ExchangeError(Exception):
    """The exchange failed; the text is the technical reason."""


class DeadlineExceededError(ExchangeError):
    """The time of the whole exchange is used up."""


class ForbiddenRequestError(ExchangeError):
    """What we would send breaks HTTP."""


class ConnectFailedError(ExchangeError):
    """There is no connection; the text tells why."""


class AddressRefusedError(ConnectFailedError):
    """All addresses of the host are forbidden; the text says why, for a person."""


class UnknownNameError(ConnectFailedError):
    """The host's name has no address; the text tells why."""


class ProxyFailedError(ConnectFailedError):
    """The proxy cannot be reached, or does not let us through; the text is a sentence that names it."""


class HandshakeError(ConnectFailedError):
    """No TLS connection came about; the text tells why."""


class NoAnswerError(ExchangeError):
    """The connection ended before the first byte of an answer."""


class BrokenAnswerError(ExchangeError):
    """What came is cut short, or is not HTTP."""


@dataclass(slots=True)
class Exchange:
    """One request with all its redirects.

    `received_bytes` counts heads, framing and encoded bodies as they left the connection, without TLS records.
    `connected` tells whether a connection was opened, and not only used again, since it was set to False.
    """

    deadline: float
    monotonic: Callable[[], float]
    received_bytes: int = 0
    connected: bool = False
    _head_starts_at: int | None = None

    def remaining_s(self) -> float:
        """Return the seconds that are left, more than 0; raises DeadlineExceededError when there are none."""
        remaining = self.deadline - self.monotonic()
        if remaining <= 0:
            raise DeadlineExceededError("the deadline has passed")
        return remaining

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let the time that the block takes not count: to wait for a turn is our manners, not the server's fault."""
        stands_since = self.monotonic()
        try:
            yield
        finally:
            self.deadline += self.monotonic() - stands_since

    @contextmanager
    def head(self) -> Iterator[None]:
        """Bound what may be received inside the block, where the head of a response is read."""
        self._head_starts_at = self.received_bytes
        try:
            yield
        finally:
            self._head_starts_at = None

    def count(self, received: int) -> None:
        """Add received bytes; raises BrokenAnswerError when a head grows without end."""
        self.received_bytes += received
        if self._head_starts_at is not None and self.received_bytes - self._head_starts_at > _MAX_HEAD_BYTES:
            raise BrokenAnswerError("its head does not end")


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def exchange_until(deadline: float, monotonic: Callable[[], float]) -> Iterator[Exchange]:
    """Let the requests that this thread sends inside the block end before `deadline`, a reading of `monotonic`."""
    exchange = Exchange(deadline, monotonic)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)


def current_exchange() -> Exchange:
    """Return the exchange of this thread; raises LookupError outside of `exchange_until`."""
    return _current.get()
