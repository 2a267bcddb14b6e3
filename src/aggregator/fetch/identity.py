"""What makes an entry the same entry, and an article the same article.

An entry is surely itself by its own key: its GUID, else its link, else its text. Probably it is the one that was known
under another GUID if its `alias` or its `match` is the same. In other feeds the same article is found by its address.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, time

from aggregator.fetch.canonical import alias_of, url_key
from aggregator.records import EntryKeys, ParsedEntry

GUID, URL, TEXT = "guid ", "url ", "text "
"""What entry keys begin with."""

_LONG_TITLE_CHARS = 20
_LONG_TEXT_CHARS = 200
_WORD = re.compile(r"\w+")


def content_hash(entry: ParsedEntry) -> str:
    """Return a hash of what an editor would edit. A change of it is a revision; it never decides identity."""
    return _hash(entry.title, entry.summary, entry.content)


def entry_keys(entries: Sequence[ParsedEntry]) -> list[EntryKeys]:
    """Return for each entry of a document what it may be recognised by.

    A GUID or link that a document uses for several entries tells nothing; those entries fall back, item by item, to
    what tells them apart, and nothing that several of them share is an alias or a match. An entry that a document
    merely repeats counts once: it must not lose its keys on the day it is listed twice.
    """
    texts = [_text_key(entry) for entry in entries]
    distinct: dict[str, ParsedEntry] = {}
    for text, entry in zip(texts, entries, strict=True):
        distinct.setdefault(text, entry)
    guids = Counter(entry.guid for entry in distinct.values())
    urls = Counter(entry.url for entry in distinct.values())
    keys = {text: _keys(entry, text, guids, urls) for text, entry in distinct.items()}
    aliases = Counter(key.alias for key in keys.values())
    matches = Counter(key.match for key in keys.values())
    for text, key in keys.items():
        if aliases[key.alias] > 1 or matches[key.match] > 1:
            alias = key.alias if aliases[key.alias] == 1 else None
            keys[text] = replace(key, alias=alias, match=key.match if matches[key.match] == 1 else None)
    return [keys[text] for text in texts]


def _keys(entry: ParsedEntry, text: str, guids: Mapping[str | None, int], urls: Mapping[str | None, int]) -> EntryKeys:
    """Return the keys of an entry with the key `text`, in a document that uses GUIDs and links so many times."""
    guid, url = GUID + (entry.guid or ""), URL + (entry.url or "")
    named = [key for key, value in ((guid, entry.guid), (url, entry.url)) if value]
    own = text
    if entry.guid and guids[entry.guid] == 1:
        own = guid
    elif entry.url and urls[entry.url] == 1:
        own = url
    return EntryKeys(
        entry=own,
        url=url_key(entry.url),
        alias=alias_of(entry.guid) or alias_of(entry.url),
        match=_match_key(entry),
        fallbacks=tuple(key for key in (*named, text) if key != own),
    )


def normal_title(title: str) -> str:
    """Return the words of a title, without what typesetting changes: letter case, spaces, dashes and quotes."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", title).casefold()))


def _match_key(entry: ParsedEntry) -> str | None:
    """Return a hash of title and publication, by which an entry is found whose GUID and link have changed.

    Where there is no date, or no title, the whole text counts. None where too much would match: a short title such as
    "Weather" without a time of the day, or a short text without a date.
    """
    title = normal_title(entry.title)
    if entry.published_at is None:
        is_telling = len(title) >= _LONG_TITLE_CHARS or len(entry.summary + entry.content) >= _LONG_TEXT_CHARS
        return "match " + content_hash(entry) if is_telling else None
    moment = entry.published_at.astimezone(UTC).replace(microsecond=0)
    if len(title) < _LONG_TITLE_CHARS and moment.time() == time():
        return None
    return "match " + _hash(title or content_hash(entry), moment.isoformat())


def _text_key(entry: ParsedEntry) -> str:
    """Return the key of an entry that has no other: all that it says of itself, and its text only if that is little."""
    names = (entry.guid or "", entry.url or "", entry.title, entry.published_raw or "")
    return TEXT + _hash(*names, *(() if entry.title or entry.published_raw else (entry.summary, entry.content)))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
