"""The one spelling in which a URL is asked and compared, and what is no URL for us. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

import httpx

DEFAULT_PORTS = {"http": 80, "https": 443}
# Unicode's categories Cc and Cs: control characters, and halves of surrogate pairs.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
REMEMBERED = 1024
"""URLs whose canonical form is remembered. It is asked for a dozen times for each request, and costs 0.1 ms."""


class UrlError(ValueError):
    """What should be a URL is none that could be asked; the text is a sentence for a person."""


def url_problem(url: str) -> str | None:
    """Return why nobody could ask for this URL, whoever chose it, or None. Only http and https are spoken here."""
    if _CONTROL.search(url):
        return "the URL holds a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"the URL cannot be read: {error}"
    if parts.scheme not in DEFAULT_PORTS:
        return f"only http and https URLs can be fetched, not {parts.scheme or 'one without a scheme'}"
    if port == 0:
        return "the URL names port 0"
    return _authority_problem(parts)


def _authority_problem(parts: SplitResult) -> str | None:
    if not parts.hostname:
        return "the URL names no host"
    # Programs disagree about where such a host ends.
    if "\\" in parts.netloc or " " in parts.netloc:
        return "the URL's host holds a backslash or a space"
    return None


@lru_cache(REMEMBERED)
def canonical_url(url: str, base: str | None = None) -> str:
    """Return the URL, resolved against `base`, as it is asked: encoded, its host in ASCII (IDNA 2008), no fragment.

    Raises UrlError where there is no such URL.
    """
    # Before anything is normalised away; a relative reference is judged when it is complete.
    problem = url_problem(url) if base is None else None
    if problem is not None:
        raise UrlError(problem)
    try:
        parsed = httpx.URL(url) if base is None else httpx.URL(base).join(url)
        canonical = str(parsed.copy_with(fragment=None) if "#" in url else parsed)
    # ValueError: half a surrogate pair, or a bracket that opens no IPv6 address.
    except (httpx.InvalidURL, ValueError) as error:
        raise UrlError(f"the URL cannot be read: {error}") from error
    problem = url_problem(canonical)
    if problem is not None:
        raise UrlError(problem)
    return canonical


def without_userinfo(url: str) -> str:
    """Return the URL without the user name and password before its host."""
    netloc = urlsplit(url).netloc
    # Not put together anew from its parts: that would lose an empty query.
    return url.replace(netloc, netloc.rpartition("@")[2], 1)
