"""feedparser, and nothing else: from the text of an XML feed to its dictionaries. The only place that knows feedparser.

What feedparser does with elements is kept as it is: ids, links, titles and dates are its own. What stands around it
is ours, because `feedparser.parse` would do it slower or worse: the encoding is decided before, the DOCTYPE is
dropped (short entities are kept), common mistakes are mended for a second strict parse before the loose one is asked,
and nothing is sanitised or resolved here, which takes two thirds of feedparser's time and is done once, by `markup`.

feedparser takes `media:description`, the caption of a photo, for the description of its article. The classes below
keep it apart, under `media_description`.
"""

from __future__ import annotations

import xml.sax
import xml.sax.handler
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax import expatreader

from feedparser.api import LooseFeedParser, StrictFeedParser

from aggregator.fetch import mending

MAX_ENTRIES = 5_000
_MAX_AUTHOR_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class RawFeed:
    """What feedparser read. The mappings are its own: a feed may put any type under any key.

    `error` is what made a strict parse impossible, None for well-formed XML. `is_cut` tells that the feed held more
    than MAX_ENTRIES entries and was read no further.
    """

    version: str
    feed: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    error: str | None = None
    is_cut: bool = False


class _EnoughEntriesError(Exception):
    """MAX_ENTRIES entries are read; the rest of the document is not."""


class _Handlers:
    """What is changed in feedparser's handling of elements, for its strict and its loose parser."""

    entries: list[Any]
    baseuri: str
    document_url: str
    sanitize_html: bool
    resolve_relative_uris: bool

    def _start_media_description(self, attributes: dict[str, str]) -> None:
        self.push_content("media_description", attributes, "text/html", 1)  # type: ignore[attr-defined]

    def _end_media_description(self) -> None:
        self.pop_content("media_description")  # type: ignore[attr-defined]

    def _start_item(self, attributes: dict[str, str]) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise _EnoughEntriesError
        super()._start_item(attributes)  # type: ignore[misc]

    _start_entry = _start_item

    def _end_guid(self) -> None:
        # feedparser takes every GUID that does not say otherwise for an address and resolves it. A base that the
        # document declares belongs to it; the address it was fetched from does not: "4711" must stay the same entry
        # when its feed moves.
        base = self.baseuri
        if base == self.document_url:
            self.baseuri = ""
        super()._end_guid()  # type: ignore[misc]
        self.baseuri = base

    _end_id = _end_guid

    def _sync_author_detail(self, key: str = "author") -> None:
        # feedparser looks for an address in the name; its expression takes the square of the length.
        author = self._get_context().get(key)  # type: ignore[attr-defined]
        if not isinstance(author, str) or len(author) <= _MAX_AUTHOR_CHARS:
            super()._sync_author_detail(key)  # type: ignore[misc]


class _Strict(_Handlers, StrictFeedParser):  # type: ignore[misc]  # feedparser ships no types
    pass


class _Loose(_Handlers, LooseFeedParser):  # type: ignore[misc]  # feedparser ships no types
    pass


class _BufferedExpat(expatreader.ExpatParser):
    """Expat that hands over text in one piece a run instead of one a line: a fifth less time, the same result."""

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]  # the standard library offers no other way


def read_xml(text: str, root_at: int, url: str) -> RawFeed:
    """Read the feed whose root element starts at `root_at` in `text`; `url` is where it came from.

    Raises:
        Exception: whatever feedparser raises on a document that its loose parser cannot read either.
    """
    prolog, document = text[:root_at], mending.without_forbidden(text[root_at:])
    entities = mending.declared_entities(prolog)
    try:
        reader, is_cut = _read_strictly(document, entities, url)
        error = None
    except xml.sax.SAXException as first_error:
        error = first_error.getMessage()
        reader, is_cut = _read_somehow(document, entities, url)
    version = "rss091n" if mending.is_netscape(prolog) else reader.version
    return RawFeed(version, reader.feeddata, reader.entries, error, is_cut)


def _read_strictly(document: str, entities: Mapping[str, str], url: str) -> tuple[Any, bool]:
    reader = _prepared(_Strict(url, None, "utf-8"), url)
    expat = _BufferedExpat(namespaceHandling=1)
    expat.setFeature(xml.sax.handler.feature_external_ges, state=False)
    expat.setContentHandler(reader)
    expat.setErrorHandler(reader)
    try:
        expat.feed(_doctype(entities) + document)
        expat.close()
    except _EnoughEntriesError:
        return reader, True
    return reader, False


def _read_somehow(document: str, entities: dict[str, str], url: str) -> tuple[Any, bool]:
    try:
        return _read_strictly(mending.mended(document, entities), entities, url)
    except xml.sax.SAXException:
        pass
    reader = _prepared(_Loose(url, None, "utf-8", dict(entities)), url)
    try:
        reader.feed(mending.without_bad_references(document))
    except _EnoughEntriesError:
        return reader, True
    return reader, False


def _prepared(reader: _Handlers, url: str) -> Any:
    reader.document_url = url
    reader.sanitize_html = reader.resolve_relative_uris = False
    return reader


def _doctype(entities: Mapping[str, str]) -> str:
    if not entities:
        return ""
    declarations = "".join(f'<!ENTITY {name} "{value}">' for name, value in entities.items())
    return f"<!DOCTYPE feed [{declarations}]>"


def stored(entry: Mapping[str, Any], key: str) -> object:
    """Return what stands in `entry` under `key` itself, or None.

    feedparser's own lookup answers one date for another, and warns of it.
    """
    return dict(entry.items()).get(key)
