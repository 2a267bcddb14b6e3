"""Secret parameters of a URL, such as the key of an API: they are in it while it is asked for, and never after. Pure.

`ask_with_query` is the only door: behind it, in the HTTP client, a URL holds the secrets; before it none does, and
what comes back through it has lost them: the addresses of the download by the names of the parameters, its error and
its body by their values, since an API may well echo a key in the links of its answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote_plus, urlencode, urlsplit

from aggregator.fetch.request import HttpRequest
from aggregator.records import Download

Query = tuple[tuple[str, str], ...]
"""Names and values, in the order in which they are sent."""

MASK = "***"
MIN_SECRET_CHARS = 8
"""A shorter value is taken out of addresses only: in a text it might be an ordinary word."""

_PERCENT = re.compile("%[0-9A-F]{2}")
_MARK = re.compile(r"[^A-Za-z0-9]", re.ASCII)


def ask_with_query(ask: Callable[[HttpRequest], Download], request: HttpRequest, query: Query) -> Download:
    """Return what `ask` brings for `request` with the secret parameters `query`, and nothing that holds them."""
    if not query:
        return ask(request)
    url, validators_url = with_query(request.url, query), request.validators_url
    if validators_url is not None and _same_without(query, validators_url, request.url):
        validators_url = url  # the store knows the address without its secrets
    return without_secrets(ask(replace(request, url=url, validators_url=validators_url)), query)


def _same_without(query: Query, url: str, other: str) -> bool:
    names = [name for name, _ in query]
    return without_query(url, names) == without_query(other, names)


def with_query(url: str, query: Query) -> str:
    """Return `url` with the parameters `query` at the end of its own, in the place of those with the same names."""
    bare = without_query(url, [name for name, _ in query])
    parts = urlsplit(bare)
    added = urlencode(query, quote_via=quote)
    return parts._replace(query=f"{parts.query}&{added}" if parts.query else added).geturl() if added else bare


def without_query(url: str, names: Collection[str]) -> str:
    """Return `url` without the parameters called `names`; the rest stays as it is spelt."""
    parts = urlsplit(url)
    pairs = parts.query.split("&")
    kept = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) not in names]
    return url if len(kept) == len(pairs) else parts._replace(query="&".join(kept)).geturl()


def without_secrets(download: Download, query: Query) -> Download:
    """Return `download` with all that `query` may have left in it taken out."""
    names = [name for name, _ in query]
    spellings = _spellings(value for _, value in query)
    error, body = download.error, download.body
    for spelling in spellings:
        error = error.replace(spelling, MASK) if error else error
        body = body.replace(spelling.encode(), MASK.encode())

    def shown(url: str) -> str:
        url = without_query(url, names)
        for spelling in spellings:
            url = url.replace(spelling, MASK)
        return url

    return replace(
        download,
        url=shown(download.url),
        final_url=shown(download.final_url),
        permanent_url=shown(download.permanent_url) if download.permanent_url else None,
        error=error,
        body=body,
    )


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Return how `secrets` may be written in an address or in JSON, the longest first."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) < MIN_SECRET_CHARS:
            continue
        in_json = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
        in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
        lower_hex = {_PERCENT.sub(lambda escape: escape.group().lower(), spelling) for spelling in in_url}
        # Some writers of JSON escape a slash, others every mark.
        found |= {secret, *in_json, *(spelling.replace("/", "\\/") for spelling in in_json), *in_url, *lower_hex}
        found |= {_MARK.sub(lambda mark: f"\\u{ord(mark.group()):04x}", secret)}
        found |= {_MARK.sub(lambda mark: f"\\u{ord(mark.group()):04X}", secret)}
    return sorted(found, key=len, reverse=True)
