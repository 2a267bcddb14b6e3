"""One thing to get over HTTP, and the headers that ask for it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from aggregator.fetch.guard import Trust
from aggregator.fetch.redirect import Hop
from aggregator.records import Validators

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
# They belong to the connection and to the framing of messages, which are not a feed's business.
FRAMING_HEADERS = frozenset({"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"})
_NO_VALIDATORS = Validators()


def user_agent(version: str, contact: str | None) -> str:
    """Return how we name ourselves; `contact` is a URL or an e-mail address of whoever runs the program."""
    return f"news-aggregator/{version} (+{contact})" if contact else f"news-aggregator/{version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One thing to get. `accept` is the value of the Accept header.

    A URL on `trusted_origin` (see `guard.origin`) is as trusted as a configured one. `headers` and `auth` (user name
    and password, sent as RFC 7617 says) reach the origin of `url` only, and win over our own headers. `timeout_s` spans
    everything, redirects and body included. `max_body_bytes` bounds the decoded body.
    """

    url: str
    trust: Trust
    accept: str
    timeout_s: float
    max_body_bytes: int
    trusted_origin: str | None = None
    validators: Validators = _NO_VALIDATORS
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)


def request_headers(request: HttpRequest, hop: Hop, agent: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of one hop, Host excepted. `agent` is the User-Agent."""
    headers = {"user-agent": ("User-Agent", agent), "accept": ("Accept", request.accept)}
    headers["accept-encoding"] = ("Accept-Encoding", ACCEPT_ENCODING)
    # Validators belong to the URL that gave them, and credentials to their origin.
    if not hop.earlier and request.validators.etag:
        headers["if-none-match"] = ("If-None-Match", request.validators.etag)
    if not hop.earlier and request.validators.last_modified:
        headers["if-modified-since"] = ("If-Modified-Since", request.validators.last_modified)
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
