"""What makes an entry the same entry, and an article the same article."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

from aggregator.records import ParsedEntry

_TRACKING = re.compile(
    r"(utm_\w+|at_(medium|campaign)\w*|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|cmpid|wt_mc)", re.I
)
"""Parameters that say where a reader came from and never what is shown."""


def content_hash(entry: ParsedEntry) -> str:
    """Return a hash of what an editor would edit. A change of it is a revision; it never decides identity."""
    text = "\x00".join((entry.title, entry.summary, entry.content))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def url_key(url: str | None) -> str | None:
    """Return the address of an article without what does not change the article, or None if it names no page.

    Scheme, letter case of the host, a leading `www.`, fragment, tracking parameters and a final slash are dropped. The
    front page of a site is no article: feeds that link every entry to it would otherwise become one.
    """
    try:
        parts = urlsplit(url or "")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    query = urlencode(
        [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])]
    )
    path = parts.path.rstrip("/")
    if not path and not query:
        return None
    place = host.removeprefix("www.") + (f":{port}" if port not in (None, 80, 443) else "")
    return place + path + (f"?{query}" if query else "")


def entry_keys(entries: Sequence[ParsedEntry]) -> list[str]:
    """Return for each entry what tells it from the others of its feed: the GUID, else the link, else title and date.

    A GUID or link that a document uses for several entries tells nothing; those entries fall back, item by item. An
    entry that a document merely repeats counts once: it must not lose its key on the day it is listed twice.
    """
    texts = [_text_key(entry) for entry in entries]
    distinct = dict(zip(texts, entries, strict=True)).values()
    guids = Counter(entry.guid for entry in distinct)
    urls = Counter(entry.url for entry in distinct)
    return [
        _entry_key(entry, text, guids[entry.guid] == 1, urls[entry.url] == 1)
        for entry, text in zip(entries, texts, strict=True)
    ]


def _entry_key(entry: ParsedEntry, text_key: str, guid_is_own: bool, url_is_own: bool) -> str:  # noqa: FBT001 - facts
    if entry.guid and guid_is_own:
        return "guid " + entry.guid
    if entry.url and url_is_own:
        return "url " + entry.url
    return text_key


def _text_key(entry: ParsedEntry) -> str:
    text = "\x00".join((entry.guid or "", entry.url or "", entry.title, entry.published_raw or ""))
    if not entry.title and not entry.published_raw:
        text += "\x00" + entry.summary + "\x00" + entry.content
    return "text " + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
