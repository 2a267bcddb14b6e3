"""Conditional and negotiated answers, decided without I/O (RFC 9110, sections 12.5.3 and 13)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def is_unchanged(
    if_none_match: str | None, if_modified_since: str | None, etags: tuple[str, ...], last_modified: datetime
) -> bool:
    """Whether 304 is the answer: `If-None-Match` decides alone if it is there, else `If-Modified-Since` does.

    `etags` are the tags under which the present content may be known, one per content coding.
    """
    if if_none_match is not None:
        wanted = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in wanted or any(tag in wanted for tag in etags)
    since = _http_date(if_modified_since) if if_modified_since is not None else None
    return since is not None and last_modified.replace(microsecond=0) <= since


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the client takes gzip: named, or covered by `*`, and not with a weight of zero."""
    weights: dict[str, float] = {}
    for part in (accept_encoding or "").lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def gzip_etag(etag: str) -> str:
    """Return the tag of the gzip coding of a content, which has to differ from that of the plain one."""
    return f'{etag[:-1]}-gzip"'


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
