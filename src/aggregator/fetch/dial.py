"""From a host's name to a socket that is connected to an allowed address, before the deadline.

    resolve ─▶ check each address ─▶ connect ─▶ check the peer

The address that is checked last is the one that the socket is connected to, so a name cannot change its mind in
between. The deadline is that of the `exchange` which the asking thread is in.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from aggregator.fetch.exchange import (
    AddressRefusedError,
    ConnectFailedError,
    DeadlineExceededError,
    UnknownNameError,
    current_exchange,
)
from aggregator.fetch.resolve import Address, NotResolvedError, Resolver

# A name may list many dead addresses; each attempt gets its share of the time.
_MAX_ADDRESSES = 8

Refusal = Callable[[str, str], str | None]
"""Tells why a host must not be reached at an IP address, in a sentence for a person, or None."""


def no_refusal(_host: str, _address: str) -> None:
    """Let every address pass: the user chose it."""


class Dialer:
    """Connects to hosts at addresses that `refusal` has nothing against. Safe for threads, each in its exchange."""

    def __init__(self, resolver: Resolver, refusal: Refusal) -> None:
        """Take the parts; nothing is asked yet."""
        self._resolver = resolver
        self._refusal = refusal

    def dial(self, host: str, port: int) -> socket.socket:
        """Return a connected socket. Raises ConnectFailedError and its kin, and DeadlineExceededError."""
        exchange = current_exchange()
        addresses = self.allowed(host, port)
        for position, address in enumerate(addresses, start=1):
            waiting = len(addresses) - position
            try:
                connection = _connect(address, exchange.remaining_s() / (waiting + 1))
            except OSError as error:
                if waiting:
                    continue
                if isinstance(error, TimeoutError):
                    raise DeadlineExceededError("the connection was not accepted in time") from error
                raise ConnectFailedError(reason(error)) from error
            self._check_peer(host, connection)
            exchange.connected = True
            return connection
        raise AssertionError("the resolver gave no address")

    def allowed(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a host that may be reached, at least one.

        Raises AddressRefusedError where all are refused, UnknownNameError and DeadlineExceededError.
        """
        addresses = self._resolve(host, port)
        refusals = [self._refusal(host, address.ip) for address in addresses]
        allowed = [address for address, refusal in zip(addresses, refusals, strict=True) if refusal is None]
        if not allowed:
            raise AddressRefusedError(refusals[0] or "")
        return allowed[:_MAX_ADDRESSES]

    def _resolve(self, host: str, port: int) -> tuple[Address, ...]:
        try:
            return self._resolver.resolve(host, port, current_exchange().remaining_s())
        except TimeoutError as error:
            raise DeadlineExceededError("the name was not resolved in time") from error
        except NotResolvedError as error:
            raise UnknownNameError(str(error)) from error

    def _check_peer(self, host: str, connection: socket.socket) -> None:
        """Look at the address that the socket is really connected to."""
        try:
            refusal = self._refusal(host, str(connection.getpeername()[0]))
        except OSError as error:
            connection.close()
            raise ConnectFailedError(reason(error)) from error
        if refusal is not None:
            connection.close()
            raise AddressRefusedError(refusal)


def _connect(address: Address, timeout_s: float) -> socket.socket:
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(address.sockaddr)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


def reason(error: OSError) -> str:
    """Return what the system says about a failure, without its number."""
    return (error.strerror or str(error)).lower()


def is_readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to read, which can only be the news that the server closed it."""
    descriptor = connection.fileno()
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
