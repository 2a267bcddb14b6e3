"""One GET at a time, redirects followed, every failure a value.

    HttpRequest → canonical URL → guard → GuardedTransport of its trust ⇄ redirects → decode with a cap → Download
                                          and its proxy

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

from aggregator.fetch.answer import Answer
from aggregator.fetch.decode import DecodeError, TooLongError, at_most, decode
from aggregator.fetch.exchange import ExchangeError, current_exchange, exchange_until
from aggregator.fetch.failures import Failure, bad_status, explained, too_large
from aggregator.fetch.guard import Trust, origin, reach_refusal, url_refusal
from aggregator.fetch.proxies import Proxy, ProxyRules
from aggregator.fetch.redirect import REDIRECTS, Hop, next_hop
from aggregator.fetch.request import FRAMING_HEADERS, HttpRequest, is_conditional, request_headers
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.tls import tls_context
from aggregator.fetch.transport import GuardedTransport
from aggregator.fetch.urls import UrlError, canonical_url, without_userinfo
from aggregator.records import Download, Outcome, Validators

_NO_PROXY = ProxyRules()
# 203 is 200 seen through a transforming proxy. 206 and 226 are parts that nobody asked for.
_CONTENT = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})
# What framing and a useless encoding may add to a body that is just within its cap.
_ENCODING_OVERHEAD_BYTES = 64 * 1024
# What is kept, and sent back, of what a server says about its answer. The longest in use have some dozens of bytes.
MAX_VALUE_BYTES = 1024
MAX_LOCATION_BYTES = 8 * 1024


class HttpClient:
    """Gets things over HTTP/1.1. Safe for threads; `workers` is how many use it at once, more than that wait.

    `allow_private_networks` lets URLs from the network reach private addresses. `ca_file` (PEM) names authorities to
    trust beside the public ones; raises ConfigError where it cannot be used. `proxies` (see `proxies.proxy_rules`) says
    what is asked through a proxy, by default nothing. `monotonic` measures seconds.
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
        proxies: ProxyRules = _NO_PROXY,
    ) -> None:
        """Take the parts and read the certificate authorities; nothing is connected yet."""
        self._user_agent = user_agent
        self._monotonic = monotonic
        self._allow_private = allow_private_networks
        self._proxies = proxies
        transport = partial(GuardedTransport, resolver=resolver, tls=tls_context(ca_file), max_connections=workers)
        self._transports: dict[tuple[Trust, Proxy | None], GuardedTransport] = {
            (trust, proxy): transport(refusal=self._refusal(trust, proxy), proxy=proxy)
            for trust in Trust
            for proxy in (None, *proxies.proxies)
        }

    def _refusal(self, trust: Trust, proxy: Proxy | None) -> Callable[[str, str], str | None] | None:
        # A configured name may be one that only the proxy can resolve.
        if trust is Trust.CONFIGURED and proxy is not None:
            return None
        return partial(reach_refusal, trust=trust, allow_private=self._allow_private)

    def get(self, request: HttpRequest, now: datetime) -> Download:
        """Get what `request` names. `now` becomes the download's `started_at`.

        Whatever the network does ends up in the download: nothing is raised for it, only what `request.before_hop`
        raises. Validators are those of the response that answered, empty where it did not; those of a 304 replace the
        stored ones one by one.
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
            if hop.earlier and request.before_hop is not None:
                with current_exchange().standing_still():
                    request.before_hop(hop.host)
            final_url = hop.url if hop.earlier else request.url
            at = replace(blank, final_url=final_url, conditional=is_conditional(request, hop))
            answer = self._send(request, hop, conditional=at.conditional)
            if isinstance(answer, Failure):
                return _failed(at, answer)
            try:
                at = _with_head(at, answer)
                if answer.status not in REDIRECTS:
                    return _concluded(request, hop, at, answer)
                hop = self._redirected(hop, answer)
            finally:
                answer.close()
        return _failed(at, hop)

    def _first_hop(self, request: HttpRequest) -> Hop | Failure:
        try:
            url = canonical_url(request.url)
        except UrlError as error:
            return Failure(Outcome.BAD_URL, str(error))
        trust = request.trust
        if trust is Trust.NETWORK and origin(url) == request.trusted_origin:
            trust = Trust.SAME_ORIGIN
        refusal = url_refusal(url, trust, allow_private=self._allow_private)
        if refusal is not None:
            return Failure(Outcome.REFUSED, f"refused: {refusal}")
        for name, _ in request.headers:
            if name.lower() in FRAMING_HEADERS:
                return Failure(Outcome.REFUSED, f"refused: the header {name} cannot be set")
        return Hop(without_userinfo(url), trust)

    def _send(self, request: HttpRequest, hop: Hop, *, conditional: bool) -> Answer | Failure:
        headers = request_headers(request, hop, self._user_agent, conditional=conditional)
        try:
            return self._transports[hop.trust, self._proxies.proxy_for(hop.url)].get(hop.url, headers)
        except ExchangeError as error:
            return explained(error, hop.host, f"did not answer within {request.timeout_s:g} s")

    def _redirected(self, hop: Hop, answer: Answer) -> Hop | Failure:
        location = answer.first(b"location")
        if location is None:
            return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects without saying where to")
        if len(location) > MAX_LOCATION_BYTES:
            longest = f"more than {MAX_LOCATION_BYTES // 1024} KB"
            return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects to an address of {longest}")
        try:
            target = canonical_url(_as_utf8(location), base=hop.url)
        except UrlError as error:
            return Failure(Outcome.BAD_REDIRECT, f"{hop.host} redirects to nowhere: {error}")
        return next_hop(hop, answer.status, target, allow_private=self._allow_private)


def _as_utf8(value: str) -> str:
    """Read a header again that may be UTF-8, as servers write a Location."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _with_head(download: Download, answer: Answer) -> Download:
    return replace(
        download,
        status=answer.status,
        content_type=_short(answer.first(b"content-type")),
        retry_after=_short(answer.first(b"retry-after")),
        cache_control=_short(", ".join(answer.all(b"cache-control"))),
        expires=_short(answer.first(b"expires")),
        date=_short(answer.first(b"date")),
        age=_short(answer.first(b"age")),
    )


def _short(value: str | None) -> str | None:
    """Return a header's value; None for an empty one, and for one that is too long to mean anything."""
    return value if value and len(value) <= MAX_VALUE_BYTES else None


def _failed(download: Download, failure: Failure) -> Download:
    return replace(download, outcome=failure.outcome, error=failure.error)


def _concluded(request: HttpRequest, hop: Hop, head: Download, answer: Answer) -> Download:
    """Return the download of a response that is no redirect."""
    answered = replace(
        head,
        validators=Validators(_short(answer.first(b"etag")), _short(answer.first(b"last-modified"))),
        permanent_url=hop.url if hop.earlier and hop.permanent else None,
    )
    if answer.status in _CONTENT:
        body = _body(request, hop, answer)
        return _failed(head, body) if isinstance(body, Failure) else replace(answered, outcome=Outcome.OK, body=body)
    if answer.status != HTTPStatus.NOT_MODIFIED:
        return _failed(head, bad_status(hop.host, answer.status))
    if not head.conditional:
        return _failed(head, Failure(Outcome.BAD_RESPONSE, f"{hop.host} answered 304 to a request without conditions"))
    # It has no body, but only its end lets the connection be used again.
    with suppress(ExchangeError):
        for _ in answer.body:
            pass
    return replace(answered, outcome=Outcome.NOT_MODIFIED)


def _body(request: HttpRequest, hop: Hop, answer: Answer) -> bytes | Failure:
    longest = request.max_body_bytes + _ENCODING_OVERHEAD_BYTES
    try:
        if int(answer.first(b"content-length") or 0) > longest:
            raise TooLongError  # noqa: TRY301 - known before a byte has come
        encoded = at_most(answer.body, longest)
        pieces = decode(encoded, ", ".join(answer.all(b"content-encoding")), longest)
        return b"".join(_gathered(at_most(pieces, request.max_body_bytes)))
    except TooLongError:
        return too_large(request.max_body_bytes)
    except DecodeError as error:
        return Failure(Outcome.BAD_RESPONSE, f"{hop.host} gave a broken answer: {error}")
    except ExchangeError as error:
        return explained(error, hop.host, f"did not finish its answer within {request.timeout_s:g} s")


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Gather small chunks: a body of single bytes would cost fifty times its size as a list of them."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) >= _ENCODING_OVERHEAD_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)
