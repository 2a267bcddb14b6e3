"""feedparser, and nothing else: from the text of an XML feed to its dictionaries. The only place that knows feedparser.

What feedparser does with elements is kept as it is: ids, links, titles and dates are its own. What stands around it
is ours, because `feedparser.parse` would do it slower or worse: the encoding is decided before, the DOCTYPE is
dropped (short entities are kept), expat alone is asked first whether a document is well-formed as it is or with its
common mistakes mended, so that feedparser reads it once, and nothing is sanitised or resolved here, which takes two
thirds of feedparser's time and is done once, by `markup`.

No external entity is opened and no DTD fetched: expat never sees a DOCTYPE but the one written here, of short entities.
"""

from __future__ import annotations

import pyexpat
import xml.sax
import xml.sax.handler
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from xml.sax import expatreader
from xml.sax.xmlreader import AttributesNSImpl

from feedparser.api import LooseFeedParser, StrictFeedParser

from aggregator.fetch import mending
from aggregator.fetch.handlers import MAX_ENTRIES, EnoughError, Handlers

__all__ = ["MAX_ENTRIES", "RawFeed", "read_xml", "stored", "well_formed"]

MAX_ATTRIBUTES = 200
"""Attributes of one element that are read: feedparser's time grows with the square of their number."""
MAX_DEPTH = 300
"""Levels of elements that are read. What is nested deeper keeps its text and loses its tags."""
MAX_NAMESPACES = 200
"""Declarations of namespaces that are in force at once; further ones are not followed."""


@dataclass(frozen=True, slots=True)
class RawFeed:
    """What feedparser read. The mappings are its own: a feed may put any type under any key.

    `error` is what made a strict parse impossible, mistakes mended; None for XML that is well-formed then. `is_cut`
    tells that the feed held more than is ever read, entries or elements, and was read no further. `skip_hours` and
    `skip_days` are the texts of what stands in <skipHours> and <skipDays>, of which feedparser keeps the last.
    """

    version: str
    feed: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    error: str | None = None
    is_cut: bool = False
    skip_hours: Sequence[str] = ()
    skip_days: Sequence[str] = ()


class _Loose(Handlers, LooseFeedParser):  # type: ignore[misc]  # feedparser ships no types
    pass


class _Strict(Handlers, StrictFeedParser):  # type: ignore[misc]
    """feedparser's strict parser, with namespaces that end where their element does, and with bounds."""

    depth_open: int = 0
    namespacemap: dict[str | None, str]
    namespaces_in_use: dict[str, str]

    def startPrefixMapping(self, prefix: str | None, uri: str | None) -> None:  # noqa: N802 - the name of SAX
        self.namespaces_around.append((self.namespacemap, self.namespaces_in_use))
        if len(self.namespaces_around) <= MAX_NAMESPACES:
            self.namespacemap, self.namespaces_in_use = dict(self.namespacemap), dict(self.namespaces_in_use)
            super().startPrefixMapping(prefix, uri)

    def endPrefixMapping(self, prefix: str | None) -> None:  # noqa: N802, ARG002 - the name and arguments of SAX
        self.namespacemap, self.namespaces_in_use = self.namespaces_around.pop()

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - the name of SAX
        self.depth_open += 1
        if self.depth_open > MAX_DEPTH:
            return
        if len(attrs) > MAX_ATTRIBUTES:
            first = dict(islice(attrs.items(), MAX_ATTRIBUTES))
            attrs = AttributesNSImpl(first, {key: attrs.getQNameByName(key) for key in first})
        super().startElementNS(name, qname, attrs)

    def endElementNS(self, name: Any, qname: Any) -> None:  # noqa: N802 - the name of SAX
        if self.depth_open <= MAX_DEPTH:
            super().endElementNS(name, qname)
        self.depth_open -= 1


class _BufferedExpat(expatreader.ExpatParser):
    """Expat that hands over text in one piece a run instead of one a line: a fifth less time, the same result."""

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]  # the standard library offers no other way


def well_formed(text: str, root_at: int, *, is_mended: bool = True) -> str | None:
    """Return why the feed whose root starts at `root_at` in `text` is not well-formed, else None.

    Its common mistakes are mended before, unless `is_mended` says otherwise.
    """
    document, entities = _parted(text, root_at)
    if not is_mended:
        return _expat_error(_doctype(entities) + document)
    return _readable(document, entities)[1]


def read_xml(text: str, root_at: int, url: str) -> RawFeed:
    """Read the feed whose root element starts at `root_at` in `text`; `url` is where it came from.

    Raises:
        Exception: whatever feedparser raises on a document that its loose parser cannot read either.
    """
    document, entities = _parted(text, root_at)
    readable, error = _readable(document, entities)
    reader = _prepared(_Loose(url, None, "utf-8", entities) if error else _Strict(url, None, "utf-8"), url)
    is_cut = False
    try:
        if error:
            reader.feed(mending.without_bad_references(document))
        else:
            _feed_strictly(reader, readable)
    except EnoughError:
        is_cut = True
    version = "rss091n" if mending.is_netscape(text[:root_at]) else reader.version
    skipped = reader.skipped
    return RawFeed(version, reader.feeddata, reader.entries, error, is_cut, skipped["skiphours"], skipped["skipdays"])


def _parted(text: str, root_at: int) -> tuple[str, dict[str, str]]:
    """Return the document without what stands before its root, and the entities declared there."""
    return mending.without_forbidden(text[root_at:]), mending.declared_entities(text[:root_at])


def _readable(document: str, entities: dict[str, str]) -> tuple[str, str | None]:
    """Return `document` as expat reads it, mended if it must be, and what expat says where it cannot."""
    doctype = _doctype(entities)
    error = _expat_error(doctype + document)
    if error is None:
        return doctype + document, None
    mended = doctype + mending.mended(document, entities)
    return mended, error if _expat_error(mended) else None


def _expat_error(document: str) -> str | None:
    try:
        pyexpat.ParserCreate(namespace_separator=" ").Parse(document, True)  # noqa: FBT003 - it takes no names
    except pyexpat.ExpatError as error:
        return pyexpat.ErrorString(error.code) or str(error)
    return None


def _feed_strictly(reader: Any, document: str) -> None:
    expat = _BufferedExpat(namespaceHandling=1)
    expat.setFeature(xml.sax.handler.feature_external_ges, state=False)
    expat.setContentHandler(reader)
    expat.setErrorHandler(reader)
    expat.feed(document)
    expat.close()


def _prepared(reader: Handlers, url: str) -> Any:
    reader.document_url = url
    reader.skipped = {"skiphours": [], "skipdays": []}
    reader.namespaces_around = []
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
