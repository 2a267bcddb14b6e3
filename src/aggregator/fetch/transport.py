"""HTTP/1.1 over connections that reach allowed addresses only and never outlive the deadline of their request.

The only import site of httpcore. `httpx.HTTPTransport` takes no network backend, so this is a transport of our own over
httpcore's connections:

    GuardedTransport → ConnectionPool → httpcore's connection → _Backend.connect_tcp → _DeadlineStream
                                        to a host, or through   `dial`: resolve,       each read, write and handshake
                                        a proxy                 check, connect,        gets the time that is left
                                                                check the peer

Through a proxy the connected address is the proxy's, which the user chose. The host itself is resolved and checked all
the same before its name is handed over; the proxy resolves it anew, and might find another address.
The deadline is that of the `exchange` which the asking thread is in.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

import httpcore

from aggregator.fetch.answer import Answer
from aggregator.fetch.dial import Dialer, Refusal, is_readable, no_refusal, reason
from aggregator.fetch.exchange import (
    BrokenAnswerError,
    ConnectFailedError,
    DeadlineExceededError,
    Exchange,
    ExchangeError,
    ForbiddenRequestError,
    HandshakeError,
    NoAnswerError,
    ProxyFailedError,
    UnknownNameError,
    current_exchange,
)
from aggregator.fetch.pool import ConnectionPool
from aggregator.fetch.proxies import Proxy
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.urls import DEFAULT_PORTS

# Idle connections beyond this age are likely to be closed by the server just when we use them.
_KEEPALIVE_S = 15.0


_MEANING: tuple[tuple[type[Exception], type[ExchangeError]], ...] = (
    (httpcore.TimeoutException, DeadlineExceededError),
    (httpcore.ConnectError, ConnectFailedError),
    (httpcore.NetworkError, BrokenAnswerError),
    (httpcore.RemoteProtocolError, BrokenAnswerError),
    (httpcore.LocalProtocolError, ForbiddenRequestError),
)


class GuardedTransport:
    """A pool of HTTP/1.1 connections for URLs of one trust. Safe for threads, each inside its own `exchange_until`.

    `refusal` tells why a host must not be reached at an IP address; None lets all be reached. Two kinds of trust must
    not share a transport: an open connection is used again without a second look at its address. With a `proxy` every
    request goes through it, and what `refusal` has something against is not named to it.
    """

    def __init__(
        self,
        *,
        resolver: Resolver,
        refusal: Refusal | None,
        tls: ssl.SSLContext,
        max_connections: int,
        proxy: Proxy | None = None,
    ) -> None:
        """Take the parts; nothing is connected yet."""
        self._proxy = proxy
        self._checked = None if refusal is None or proxy is None else Dialer(resolver, refusal)
        backend = _Backend(Dialer(resolver, refusal or no_refusal))
        if proxy is not None:
            backend = _ProxyBackend(Dialer(resolver, no_refusal), proxy)
        self._pool = ConnectionPool(_maker(tls, backend, proxy).create_connection, max_connections)

    def get(self, url: str, headers: Sequence[tuple[bytes, bytes]]) -> Answer:
        """Send a GET and return the answer, its body unread. `url` is canonical, `headers` are all but Host.

        Raises ExchangeError and nothing of httpcore's; the body raises the same while it is read.
        """
        exchange = current_exchange()
        exchange.connected = False
        parts = urlsplit(url)
        if self._checked is not None:
            _check_target(self._checked, parts)
        request = httpcore.Request(
            method=b"GET",
            url=_url(url, parts, bracketed=self._proxy is not None),
            headers=[(b"Host", parts.netloc.encode("ascii")), *headers],
        )
        try:
            return self._send(request, exchange)
        except NoAnswerError:
            # An idle connection that the server closed just now; RFC 9112, section 9.3.1, lets a GET be sent again.
            if exchange.connected:
                raise
            return self._send(request, exchange)

    def _send(self, request: httpcore.Request, exchange: Exchange) -> Answer:
        connection = self._pool.lend(request.url.origin, exchange.remaining_s())
        try:
            response = self._head(connection, request, exchange)
        except BaseException:
            self._pool.give_back(connection)
            raise
        answer = Answer(response.status, response.headers, _body(response), partial(self._end, connection, response))
        if self._proxy is not None and answer.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            answer.close()
            raise self._turned_away("407 Proxy Authentication Required")
        return answer

    def _head(
        self, connection: httpcore.ConnectionInterface, request: httpcore.Request, exchange: Exchange
    ) -> httpcore.Response:
        """Send the request and return the response, its body unread."""
        before = exchange.received_bytes
        try:
            with exchange.head(), _translated():
                return connection.handle_request(request)
        except BrokenAnswerError as error:
            if exchange.received_bytes > before:
                raise
            raise NoAnswerError(str(error)) from error
        except httpcore.ProxyError as error:
            raise self._turned_away(str(error)) from error

    def _end(self, connection: httpcore.ConnectionInterface, response: httpcore.Response) -> None:
        """Close a response, which leaves the connection idle if it was read to its end, and closed otherwise."""
        try:
            with _translated():
                response.close()
        finally:
            self._pool.give_back(connection)

    def _turned_away(self, status: str) -> ProxyFailedError:
        name = self._proxy.host if self._proxy is not None else ""
        return ProxyFailedError(f"the proxy {name} did not let us through: it answered {status}")

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _maker(tls: ssl.SSLContext, backend: httpcore.NetworkBackend, proxy: Proxy | None) -> httpcore.ConnectionPool:
    """Return what makes connections, and only that: as a pool, it looks at each of them anew for each request."""
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=tls, keepalive_expiry=_KEEPALIVE_S, network_backend=backend)
    return httpcore.HTTPProxy(
        proxy_url=proxy.url,
        proxy_auth=None if proxy.auth is None else (proxy.auth[0].encode(), proxy.auth[1].encode()),
        ssl_context=tls,
        keepalive_expiry=_KEEPALIVE_S,
        network_backend=backend,
    )


def _url(url: str, parts: SplitResult, *, bracketed: bool) -> httpcore.URL:
    """Return the URL for httpcore, which writes it out for a proxy, but forgets the brackets of an IPv6 address."""
    host = parts.hostname or ""
    target = url[len(f"{parts.scheme}://{parts.netloc}") :]  # not put together: that would lose an empty query
    return httpcore.URL(
        scheme=parts.scheme.encode("ascii"),
        host=(f"[{host}]" if bracketed and ":" in host else host).encode("ascii"),
        port=parts.port,
        target=(target if target.startswith("/") else f"/{target}").encode("ascii"),
    )


def _check_target(dialer: Dialer, parts: SplitResult) -> None:
    """Find out whether a host may be reached that a proxy will reach for us."""
    try:
        dialer.allowed(parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme])
    except UnknownNameError as error:
        raise UnknownNameError(f"{error}, and unchecked it is not named to the proxy") from error


def _body(response: httpcore.Response) -> Iterator[bytes]:
    with _translated():
        yield from response.iter_stream()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn httpcore's exceptions into ours."""
    try:
        yield
    except tuple(theirs for theirs, _ in _MEANING) as error:
        ours = next(ours for theirs, ours in _MEANING if isinstance(error, theirs))
        raise ours(str(error)) from error


class _Backend(httpcore.NetworkBackend):
    """Opens the connections that httpcore asks for."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
        local_address: str | None = None,  # noqa: ARG002 - never asked for
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - never asked for
    ) -> httpcore.NetworkStream:
        return _DeadlineStream(self._connected(host, port))

    def _connected(self, host: str, port: int) -> socket.socket:
        return self._dialer.dial(host, port)


class _ProxyBackend(_Backend):
    """Opens the connections to a proxy, and blames it where there is none."""

    def __init__(self, dialer: Dialer, proxy: Proxy) -> None:
        super().__init__(dialer)
        self._proxy = proxy

    def _connected(self, host: str, port: int) -> socket.socket:
        try:
            return super()._connected(host.strip("[]"), port)
        except ConnectFailedError as error:
            raise ProxyFailedError(f"the proxy {self._proxy.host} could not be reached: {error}") from error


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation ends when the exchange of the asking thread must."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the exchange knows better
        exchange = current_exchange()
        left_s = exchange.remaining_s()
        try:
            self._connection.settimeout(left_s)  # which fails where another thread has closed it
            data = self._connection.recv(max_bytes)
        except TimeoutError as error:
            raise DeadlineExceededError("nothing more came in time") from error
        except OSError as error:
            raise BrokenAnswerError(reason(error)) from error
        exchange.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the exchange knows better
        if not buffer:  # the end of a request without a body, for which the system need not be asked
            return
        left_s = current_exchange().remaining_s()
        try:
            self._connection.settimeout(left_s)
            # The time-out of sendall spans the whole of it.
            self._connection.sendall(buffer)
        except TimeoutError as error:
            raise DeadlineExceededError("the request was not taken in time") from error
        except OSError as error:
            # httpcore then reads on: a server may answer early and close.
            raise httpcore.WriteError(reason(error)) from error

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows better
    ) -> httpcore.NetworkStream:
        # The brackets of an IPv6 address are there for a proxy, see `_url`.
        name = None if server_hostname is None else server_hostname.strip("[]")
        try:
            self._connection.settimeout(current_exchange().remaining_s())
            # The time-out spans the whole handshake.
            return _DeadlineStream(ssl_context.wrap_socket(self._connection, server_hostname=name))
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
            return is_readable(self._connection)
        return None


def _tls_reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return str(error)
