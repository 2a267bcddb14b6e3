"""One GET at a time, redirects followed, every failure a value.

    HttpRequest → canonical URL → guard → GuardedTransport of its trust ⇄ redirects → decode with a cap → Download

Nothing is sent that was not asked for: no cookies, no Referer, no fragment, no header beyond those written here, and
nothing from the environment. So the transport is used directly: an `httpx.Client` would bring a jar that keeps what
every server sets, and log every URL with the password in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx

from aggregator.fetch.decode import DecodeError, decode
from aggregator.fetch.exchange import (
    AddressRefusedError,
    ConnectFailedError,
    DeadlineExceededError,
    ExchangeError,
    ForbiddenRequestError,
    HandshakeError,
    NoAnswerError,
    UnknownNameError,
    exchange_until,
)
from aggregator.fetch.guard import Trust, address_problem, from_the_network, origin, url_problem, url_refusal
from aggregator.fetch.redirect import REDIRECTS, Failure, Hop, next_hop, without_userinfo
from aggregator.fetch.request import FRAMING_HEADERS, HttpRequest, request_headers
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.transport import GuardedTransport, tls_context
from aggregator.records import Download, Outcome, Validators

# 203 is 200 seen through a transforming proxy. 206 and 226 are parts that nobody asked for.
_CONTENT = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
# What framing and a useless encoding may add to a body that is just within its cap.
_ENCODING_OVERHEAD_BYTES = 64 * 1024


class HttpClient:
    """Gets things over HTTP/1.1. Safe for threads; `workers` is how many use it at once, more than that wait.

    `allow_private_networks` lets URLs from the network reach private addresses. `ca_file` (PEM) names authorities to
    trust beside the public ones; raises ConfigError where it cannot be used. `monotonic` measures seconds.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        workers: int,
        resolver: Resolver,
        monotonic: Callable[[], float],
        allow_private_networks: bool = False,
        ca_file: Path | None = None,
    ) -> None:
        """Take the parts and read the certificate authorities; nothing is connected yet."""
        self._user_agent = user_agent
        self._monotonic = monotonic
        self._allow_private = allow_private_networks
        transport = partial(GuardedTransport, resolver=resolver, tls=tls_context(ca_file), max_connections=workers)
        self._transports = {
            Trust.CONFIGURED: transport(address_problem=_no_problem),
            Trust.NETWORK: transport(address_problem=partial(address_problem, allow_private=allow_private_networks)),
        }

    def get(self, request: HttpRequest, now: datetime) -> Download:
        """Get what `request` names. `now` becomes the download's `started_at`.

        Whatever the network does ends up in the download: nothing is raised for it. Validators are those of the
        response that answered, empty where it did not; those of a 304 replace the stored ones one by one.
        """
        started = self._monotonic()
        with exchange_until(started + request.timeout_s, self._monotonic) as exchange:
            download = self._follow(request, now)
        return replace(download, seconds=self._monotonic() - started, received_bytes=exchange.received_bytes)

    def close(self) -> None:
        """Close all connections. What is being got in other threads fails."""
        for transport in self._transports.values():
            transport.close()

    def _follow(self, request: HttpRequest, now: datetime) -> Download:
        """Send the request and those that redirects ask for."""
        blank = Download(request.url, request.url, Outcome.BAD_URL, now, 0.0)
        at = blank
        hop = self._first_hop(request)
        while isinstance(hop, Hop):
            at = replace(blank, final_url=hop.url if hop.earlier else request.url)
            response = self._send(request, hop)
            if isinstance(response, Failure):
                return _failed(at, response)
            try:
                at = _with_head(at, response)
                if response.status_code not in REDIRECTS:
                    return _concluded(request, hop, at, response)
                hop = self._redirected(hop, response)
            finally:
                response.close()
        return _failed(at, hop)

    def _first_hop(self, request: HttpRequest) -> Hop | Failure:
        url = _canonical(request.url)
        if isinstance(url, Failure):
            return url
        trust = request.trust
        if request.trusted_origin is not None and origin(url) == request.trusted_origin:
            trust = Trust.CONFIGURED
        refusal = url_refusal(url, trust, allow_private=self._allow_private)
        if refusal is not None:
            return Failure(Outcome.REFUSED, f"refused: {refusal}")
        for name, _ in request.headers:
            if name.lower() in FRAMING_HEADERS:
                return Failure(Outcome.REFUSED, f"refused: the header {name} cannot be set")
        return Hop(without_userinfo(url), trust)

    def _send(self, request: HttpRequest, hop: Hop) -> httpx.Response | Failure:
        asked = httpx.Request("GET", hop.url, headers=request_headers(request, hop, self._user_agent))
        try:
            return self._transports[hop.trust].handle_request(asked)
        except ExchangeError as error:
            return _explained(error, hop.host, f"did not answer within {request.timeout_s:g} s")

    def _redirected(self, hop: Hop, response: httpx.Response) -> Hop | Failure:
        location = _first(response, b"location")
        if location is None:
            return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects without saying where to")
        target = _canonical(_as_utf8(location), base=hop.url)
        if isinstance(target, Failure):
            return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects to nowhere: {target.error}")
        return next_hop(hop, response.status_code, target, allow_private=self._allow_private)


def _no_problem(_address: str) -> None:
    """Let every address pass: the user chose it."""


def _canonical(url: str, base: str | None = None) -> str | Failure:
    """Return the URL, resolved against `base`, as it will be asked: encoded, in ASCII, without a fragment."""
    # Before anything is normalised away; a relative reference is judged when it is complete.
    problem = url_problem(url) if base is None else None
    if problem is None:
        try:
            parsed = httpx.URL(url) if base is None else httpx.URL(base).join(url)
            canonical = str(parsed.copy_with(fragment=None))
        # ValueError: half a surrogate pair, or a bracket that opens no IPv6 address.
        except (httpx.InvalidURL, ValueError) as error:
            return Failure(Outcome.BAD_URL, f"the URL cannot be read: {error}")
        problem = url_problem(canonical)
    return canonical if problem is None else Failure(Outcome.BAD_URL, problem)


def _as_utf8(value: str) -> str:
    """Read a header again that may be UTF-8, as servers write a Location."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _all(response: httpx.Response, name: bytes) -> list[str]:
    return [value.decode("latin-1") for given, value in response.headers.raw if given.lower() == name and value]


def _first(response: httpx.Response, name: bytes) -> str | None:
    """Return the first value of a header; latin-1, because it maps every byte to a character and back."""
    return next(iter(_all(response, name)), None)


def _with_head(download: Download, response: httpx.Response) -> Download:
    return replace(
        download,
        status=response.status_code,
        content_type=_first(response, b"content-type"),
        retry_after=_first(response, b"retry-after"),
        cache_control=", ".join(_all(response, b"cache-control")) or None,
        expires=_first(response, b"expires"),
    )


def _failed(download: Download, failure: Failure) -> Download:
    return replace(download, outcome=failure.outcome, error=failure.error)


def _concluded(request: HttpRequest, hop: Hop, head: Download, response: httpx.Response) -> Download:
    """Return the download of a response that is no redirect."""
    answered = replace(
        head,
        validators=Validators(_first(response, b"etag"), _first(response, b"last-modified")),
        permanent_url=hop.url if hop.earlier and hop.permanent else None,
    )
    if response.status_code in _CONTENT:
        body = _body(request, hop, response)
        return _failed(head, body) if isinstance(body, Failure) else replace(answered, outcome=Outcome.OK, body=body)
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        return _failed(head, Failure(Outcome.HTTP_ERROR, f"{hop.host} answered {_status_name(response.status_code)}"))
    if hop.earlier or request.validators == Validators():
        return _failed(head, Failure(Outcome.BAD_RESPONSE, f"{hop.host} answered 304 to a request without conditions"))
    # It has no body, but only its end lets the connection be used again.
    with suppress(ExchangeError):
        for _ in response.iter_raw():
            pass
    return replace(answered, outcome=Outcome.NOT_MODIFIED)


def _status_name(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


class _TooLongError(Exception):
    """A body, encoded or decoded, is longer than it may be."""


def _body(request: HttpRequest, hop: Hop, response: httpx.Response) -> bytes | Failure:
    longest = request.max_body_bytes + _ENCODING_OVERHEAD_BYTES
    try:
        if int(_first(response, b"content-length") or 0) > longest:
            raise _TooLongError  # noqa: TRY301 - known before a byte has come
        encoded = _at_most(response.iter_raw(), longest)
        pieces = decode(encoded, ", ".join(_all(response, b"content-encoding")))
        return b"".join(_gathered(_at_most(pieces, request.max_body_bytes)))
    except _TooLongError:
        return Failure(Outcome.TOO_LARGE, f"the body is longer than {_size(request.max_body_bytes)}")
    except DecodeError as error:
        return Failure(Outcome.BAD_RESPONSE, f"{hop.host} gave a broken answer: {error}")
    except ExchangeError as error:
        return _explained(error, hop.host, f"did not finish its answer within {request.timeout_s:g} s")


def _at_most(chunks: Iterable[bytes], limit_bytes: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit_bytes:
            raise _TooLongError
        yield chunk


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Gather small chunks: a body of single bytes would cost fifty times its size as a list of them."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) >= _ENCODING_OVERHEAD_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB" if size_bytes >= 1e6 else f"{size_bytes} bytes"  # noqa: PLR2004


def _explained(error: ExchangeError, host: str, too_slow: str) -> Failure:
    """Return the failure for a person; `too_slow` ends the sentence about the deadline."""
    match error:
        case DeadlineExceededError():
            return Failure(Outcome.TIMEOUT, f"{host} {too_slow}")
        case AddressRefusedError():
            return Failure(Outcome.REFUSED, f"refused: {from_the_network(str(error))}")
        case ForbiddenRequestError():
            return Failure(Outcome.REFUSED, f"refused: the request breaks HTTP: {error}")
        case ConnectFailedError():
            return Failure(Outcome.UNREACHABLE, _no_connection(error, host))
        case NoAnswerError():
            return Failure(Outcome.UNREACHABLE, f"{host} closed the connection without an answer")
    return Failure(Outcome.BAD_RESPONSE, f"{host} gave a broken answer: {error}")


def _no_connection(error: ConnectFailedError, host: str) -> str:
    if isinstance(error, UnknownNameError):
        return f"the name {host} could not be resolved: {error}"
    if isinstance(error, HandshakeError):
        return f"no secure connection to {host}: {error}"
    return f"{host} could not be reached: {error}"
