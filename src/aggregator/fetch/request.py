"""One thing to get over HTTP, and the headers that ask for it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from aggregator.fetch.guard import Trust
from aggregator.fetch.redirect import Hop
from aggregator.fetch.urls import UrlError, canonical_url, without_userinfo
from aggregator.records import Validators

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
# They belong to the connection, to the proxy and to the framing of messages, which are not a feed's business.
FRAMING_HEADERS = frozenset(
    {
        *("connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authorization", "proxy-connection"),
    }
)
_NO_VALIDATORS = Validators()


def user_agent(version: str, contact: str | None) -> str:
    """Return how we name ourselves; `contact` is a URL or an e-mail address of whoever runs the program."""
    return f"news-aggregator/{version} (+{contact})" if contact else f"news-aggregator/{version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One thing to get. `accept` is the value of the Accept header.

    A URL on `trusted_origin` (see `guard.origin`) reaches private addresses as a configured one does. `validators` are
    sent to `validators_url`, which gave them, and to no other URL, be it the first one or one that a redirect leads to;
    None stands for `url`. `headers` and `auth` (user name and password, sent as RFC 7617 says) reach the origin of
    `url` only, and win over our own headers. `timeout_s` spans all requests, redirects and body included.
    `max_body_bytes` bounds the decoded body.

    `before_hop` is called with the host of each redirect's target, in the asking thread, just before the target is
    asked. Its time is no part of `timeout_s`. What it raises comes out of `HttpClient.get`, and nobody is asked then.
    """

    url: str
    trust: Trust
    accept: str
    timeout_s: float
    max_body_bytes: int
    trusted_origin: str | None = None
    validators: Validators = _NO_VALIDATORS
    validators_url: str | None = None
    before_hop: Callable[[str], None] | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)


def is_conditional(request: HttpRequest, hop: Hop) -> bool:
    """Return whether the validators of `request` belong to the URL of `hop`, and are sent there."""
    if request.validators == _NO_VALIDATORS:
        return False
    if request.validators_url is None:
        return not hop.earlier
    try:
        return without_userinfo(canonical_url(request.validators_url)) == hop.url
    except UrlError:
        return False


def request_headers(request: HttpRequest, hop: Hop, agent: str, *, conditional: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers of one hop, Host excepted. `agent` is the User-Agent, `conditional` see `is_conditional`."""
    headers = {"user-agent": ("User-Agent", agent), "accept": ("Accept", request.accept)}
    headers["accept-encoding"] = ("Accept-Encoding", ACCEPT_ENCODING)
    validators = request.validators if conditional else _NO_VALIDATORS
    if validators.etag:
        headers["if-none-match"] = ("If-None-Match", validators.etag)
    if validators.last_modified:
        headers["if-modified-since"] = ("If-Modified-Since", validators.last_modified)
    if hop.at_home:
        auth = request.auth or _userinfo(request.url)
        if auth is not None:
            credentials = base64.b64encode(":".join(auth).encode()).decode()
            headers["authorization"] = ("Authorization", f"Basic {credentials}")
        headers |= {name.lower(): (name, value) for name, value in request.headers}
    return [(_as_bytes(name), _as_bytes(value)) for name, value in headers.values()]


def _userinfo(url: str) -> tuple[str, str] | None:
    userinfo, at, _ = urlsplit(url).netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return (unquote(user), unquote(password)) if at else None


def _as_bytes(value: str) -> bytes:
    """Encode a header's value: one that a server gave gets back its very bytes, see `http`."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
