"""From a host's name to the addresses of its sockets, within a time limit and remembered for a minute."""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

GetAddrInfo = Callable[..., Sequence[tuple[Any, ...]]]

REMEMBERED_S = 60.0
REMEMBERED_NAMES = 4096


class NotResolvedError(Exception):
    """A name that has no address; the text tells why."""


class Abandon(Protocol):
    """Runs work that has no time-out of its own."""

    def __call__(self, work: Callable[[], T], timeout_s: float) -> T:
        """Return the result of `work`, or raise TimeoutError after `timeout_s` seconds and leave it alone."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where a socket can connect to: the address family, and what `socket.connect` takes."""

    family: int
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        """The IP address as text; an IPv6 one may carry a zone, `fe80::1%eth0`."""
        return str(self.sockaddr[0])


class Resolver:
    """Asks the system for the addresses of names, and remembers the answers for a run. Safe for threads.

    `getaddrinfo` is `socket.getaddrinfo` or alike. It knows no time-out, so it runs under `abandon`. Only answers are
    remembered, failures are not; at most `REMEMBERED_NAMES`, each for `REMEMBERED_S` seconds of `monotonic`.
    """

    def __init__(self, *, getaddrinfo: GetAddrInfo, abandon: Abandon, monotonic: Callable[[], float]) -> None:
        """Take the parts; nothing is asked yet."""
        self._getaddrinfo = getaddrinfo
        self._abandon = abandon
        self._monotonic = monotonic
        self._answers: OrderedDict[tuple[str, int], tuple[float, tuple[Address, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def resolve(self, host: str, port: int, timeout_s: float) -> tuple[Address, ...]:
        """Return the addresses of `host`, in the system's order of preference, at least one.

        Raises TimeoutError after `timeout_s` seconds, and NotResolvedError where there is no address.
        """
        with self._lock:
            until, known = self._answers.get((host, port), (0.0, ()))
        if known and self._monotonic() < until:
            return known
        addresses = self._ask(host, port, timeout_s)
        with self._lock:
            self._answers.pop((host, port), None)
            self._answers[host, port] = (self._monotonic() + REMEMBERED_S, addresses)
            if len(self._answers) > REMEMBERED_NAMES:
                self._answers.popitem(last=False)
        return addresses

    def _ask(self, host: str, port: int, timeout_s: float) -> tuple[Address, ...]:
        def ask() -> Sequence[tuple[Any, ...]]:
            return self._getaddrinfo(host, port, type=socket.SOCK_STREAM)

        try:
            found = self._abandon(ask, timeout_s)
        except TimeoutError:
            raise
        # UnicodeError: a label that is empty or too long for the IDNA codec. OverflowError: a port beyond C's int.
        except (OSError, UnicodeError, OverflowError) as error:
            raise NotResolvedError(_reason(error)) from error
        addresses = tuple(dict.fromkeys(Address(int(family), tuple(sockaddr)) for family, *_, sockaddr in found))
        if not addresses:
            raise NotResolvedError("it has no address")
        return addresses


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)
