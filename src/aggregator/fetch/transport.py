"""Connections that reach allowed addresses only and never outlive the deadline of their request.

The only import site of httpcore. `httpx.HTTPTransport` takes no network backend, so this is a transport of our own over
httpcore's pool:

    GuardedTransport → httpcore.ConnectionPool → _GuardedBackend.connect_tcp → _DeadlineStream
                                                 resolve, check, connect,     each read, write and handshake
                                                 check the peer               gets the time that is left

The address that is checked is the one that the socket is connected to, so a name cannot change its mind in between.
The deadline is that of the `exchange` which the asking thread is in.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpcore
import httpx

from aggregator.errors import ConfigError
from aggregator.fetch.exchange import (
    AddressRefusedError,
    BrokenAnswerError,
    ConnectFailedError,
    DeadlineExceededError,
    Exchange,
    ExchangeError,
    ForbiddenRequestError,
    HandshakeError,
    NoAnswerError,
    UnknownNameError,
    current_exchange,
)
from aggregator.fetch.resolve import Address, NotResolvedError, Resolver

# Idle connections beyond this age are likely to be closed by the server just when we use them.
_KEEPALIVE_S = 15.0
# A name may list many dead addresses; each attempt gets its share of the time.
_MAX_ADDRESSES = 8


_MEANING: tuple[tuple[type[Exception], type[ExchangeError]], ...] = (
    (httpcore.TimeoutException, DeadlineExceededError),
    (httpcore.ConnectError, ConnectFailedError),
    (httpcore.NetworkError, BrokenAnswerError),
    (httpcore.RemoteProtocolError, BrokenAnswerError),
    (httpcore.LocalProtocolError, ForbiddenRequestError),
)


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that verifies hosts against certifi's authorities, and against those of `ca_file` (PEM) too.

    Raises ConfigError where `ca_file` cannot be used.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"the file of certificate authorities {ca_file} cannot be used: {reason}") from error
    return context


class GuardedTransport(httpx.BaseTransport):
    """A pool of HTTP/1.1 connections for URLs of one trust. Safe for threads, each inside its own `exchange_until`.

    `address_problem` tells why an IP address must not be reached, or None. Two kinds of trust must not share a
    transport: an open connection is used again without a second look at its address.
    """

    def __init__(
        self,
        *,
        resolver: Resolver,
        address_problem: Callable[[str], str | None],
        tls: ssl.SSLContext,
        max_connections: int,
    ) -> None:
        """Take the parts; nothing is connected yet."""
        # httpcore compares the keep-alive limit with all connections, not with the idle ones; a smaller limit than
        # `max_connections` would close whatever becomes idle while the others work.
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=_GuardedBackend(resolver, address_problem),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request without a body and return the response, its body unread.

        Raises ExchangeError and nothing of httpcore's; the body raises the same while it is read.
        """
        exchange = current_exchange()
        exchange.connected = False
        try:
            return self._send(request, exchange)
        except NoAnswerError:
            # An idle connection that the server closed just now; RFC 9112, section 9.3.1, lets a GET be sent again.
            if exchange.connected:
                raise
            return self._send(request, exchange)

    def _send(self, request: httpx.Request, exchange: Exchange) -> httpx.Response:
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            extensions={"timeout": {"pool": exchange.remaining_s()}},
        )
        before = exchange.received_bytes
        try:
            with exchange.head(), _translated():
                answer = self._pool.handle_request(asked)
        except BrokenAnswerError as error:
            if exchange.received_bytes > before:
                raise
            raise NoAnswerError(str(error)) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The bytes of a response as they come, still encoded."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _translated():
            yield from self._response.iter_stream()

    def close(self) -> None:
        with _translated():
            self._response.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn httpcore's exceptions into ours."""
    try:
        yield
    except tuple(theirs for theirs, _ in _MEANING) as error:
        ours = next(ours for theirs, ours in _MEANING if isinstance(error, theirs))
        raise ours(str(error)) from error


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to addresses that `address_problem` has nothing against."""

    def __init__(self, resolver: Resolver, address_problem: Callable[[str], str | None]) -> None:
        self._resolver = resolver
        self._address_problem = address_problem

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
        local_address: str | None = None,  # noqa: ARG002 - never asked for
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - never asked for
    ) -> httpcore.NetworkStream:
        exchange = current_exchange()
        addresses = self._allowed(self._resolve(host, port, exchange))
        for position, address in enumerate(addresses, start=1):
            waiting = len(addresses) - position
            try:
                connection = _connect(address, exchange.remaining_s() / (waiting + 1))
            except OSError as error:
                if waiting:
                    continue
                if isinstance(error, TimeoutError):
                    raise DeadlineExceededError("the connection was not accepted in time") from error
                raise ConnectFailedError(_reason(error)) from error
            self._check_peer(connection)
            exchange.connected = True
            return _DeadlineStream(connection)
        raise AssertionError("the resolver gave no address")

    def _resolve(self, host: str, port: int, exchange: Exchange) -> tuple[Address, ...]:
        try:
            return self._resolver.resolve(host, port, exchange.remaining_s())
        except TimeoutError as error:
            raise DeadlineExceededError("the name was not resolved in time") from error
        except NotResolvedError as error:
            raise UnknownNameError(str(error)) from error

    def _allowed(self, addresses: tuple[Address, ...]) -> list[Address]:
        problems = [self._address_problem(address.ip) for address in addresses]
        allowed = [address for address, problem in zip(addresses, problems, strict=True) if problem is None]
        if not allowed:
            raise AddressRefusedError(problems[0] or "")
        return allowed[:_MAX_ADDRESSES]

    def _check_peer(self, connection: socket.socket) -> None:
        """Look at the address that the socket is really connected to."""
        try:
            problem = self._address_problem(str(connection.getpeername()[0]))
        except OSError as error:
            connection.close()
            raise ConnectFailedError(_reason(error)) from error
        if problem is not None:
            connection.close()
            raise AddressRefusedError(problem)


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


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation ends when the exchange of the asking thread must."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the exchange knows better
        exchange = current_exchange()
        self._connection.settimeout(exchange.remaining_s())
        try:
            data = self._connection.recv(max_bytes)
        except TimeoutError as error:
            raise DeadlineExceededError("nothing more came in time") from error
        except OSError as error:
            raise BrokenAnswerError(_reason(error)) from error
        exchange.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the exchange knows better
        self._connection.settimeout(current_exchange().remaining_s())
        try:
            # The time-out of sendall spans the whole of it.
            self._connection.sendall(buffer)
        except TimeoutError as error:
            raise DeadlineExceededError("the request was not taken in time") from error
        except OSError as error:
            # httpcore then reads on: a server may answer early and close.
            raise httpcore.WriteError(_reason(error)) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
    ) -> httpcore.NetworkStream:
        try:
            self._connection.settimeout(current_exchange().remaining_s())
            # The time-out spans the whole handshake.
            return _DeadlineStream(ssl_context.wrap_socket(self._connection, server_hostname=server_hostname))
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise DeadlineExceededError("the TLS handshake did not end in time") from error
            # ValueError: a host that the ssl module does not take for a name.
            if isinstance(error, OSError | ValueError):
                raise HandshakeError(_tls_reason(error)) from error
            raise

    def close(self) -> None:
        self._connection.close()

    def get_extra_info(self, info: str) -> bool | None:
        if info == "is_readable":
            return _is_readable(self._connection)
        return None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _tls_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error)


def _is_readable(connection: socket.socket) -> bool:
    """Whether an idle connection has something to read, which can only be the news that the server closed it."""
    descriptor = connection.fileno()
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
