"""Where the entries of a feed stand in its bytes, told without parsing them. Pure.

A small lexer over bytes: it knows CDATA sections, comments and tags (XML 1.0, sections 2.5, 2.7 and 3.1), so text that
only looks like markup is no entry. It follows every tag of the feed itself, of which there are few, and within an
entry only what could end or name it. Whatever it does not know for certain makes a document one that has no layout.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from aggregator.fetch.handlers import MAX_ENTRIES

MAX_PROLOG_BYTES = 16_384
MAX_ID_BYTES = 2_048
MAX_OWN_MARKUP = 2_000
"""Elements of the feed itself that are followed, one by one; no feed has more than some dozens."""
MAX_OWN_TAG_BYTES = 16_384
"""The longest tag around the entries, the root's included: every entry inherits it."""
MAX_TAG_BYTES = 65_536
MAX_PREFIXED_NAMES = 10_000
"""How often what looks like an entry's or a GUID's name in a namespace is looked at."""
_MAX_TAIL_BYTES = 4_096

_ATTRIBUTES = rb"(?:\s++[^\s=<>\"'/]++\s*+=\s*+(?:\"[^\"<]*+\"|'[^'<]*+'))*+"
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w.:-]*+)(" + _ATTRIBUTES + rb")\s*+(/?)>")
_ATTRIBUTE = re.compile(rb"\s([^\s=<>\"'/]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?+\s*+(?:<\?xml\s[^<>]*+>)?+(?:\s++|<!--[^<-]*+(?:[<-](?!->)[^<-]*+)*+-->|"
    rb"<\?xml-stylesheet\s[^<>]*+>|<!DOCTYPE\s[^<>\[\]]*+>)*+"
)
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
# A tag holds no other `<`, so what has one sooner is passed over at the speed of a search.
_LONG_STRETCH = re.compile(rb"<[^\s<>!?/][^<]{%d}" % MAX_TAG_BYTES)
_ANY_TAG = re.compile(rb"<(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+")
_ROOTS = {b"rss": b"item", b"feed": b"entry", b"RDF": b"item"}
_RSS10 = b"http://purl.org/rss/1.0/"
_OPAQUE = re.compile(rb"<!\[CDATA\[(?:[^\]]++|\](?!\]>))*+\]\]>|<!--(?:[^-]++|-(?!->))*+-->")
_TEXT = re.compile(rb"[^<>]*+>\s*+(?:<!\[CDATA\[([^\]<]*+)\]\]>|([^<]*+))\s*+</")
_VOLATILE = re.compile(
    rb"<(lastBuildDate|pubDate|updated|modified|dc:date|dcterms:modified|ttl|generator|cloud|sy:updatePeriod|"
    rb"sy:updateFrequency|sy:updateBase)(?:\s[^<>]*)?(?:/>|>[^<]*(?:<!\[CDATA\[[^<\]]*\]\]>[^<]*)?</\1\s*>)"
)
_ONLY_ONCE = frozenset((b"item", b"entry", b"feed", b"rss", b"rdf"))
_OWN_LINKS = frozenset((b"self", b"hub", b"first", b"last", b"next", b"prev", b"previous", b"search"))
_LINK_NAMES = frozenset((b"link", b"atom:link", b"atom10:link", b"a10:link"))
_LINK_ATTRIBUTES = frozenset((b"rel", b"href", b"type", b"title", b"hreflang"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of a document: `entries` are pairs of start and end. Each has one GUID, and no other has the same.

    `root_at` is where the root element starts. `surroundings` is all markup around the entries that bears on how
    one of them is read: the XML declaration, the start tags, the feed's own elements; what changes with every edition
    and bears on no entry (dates, generator, the link to itself) is left out.
    """

    root_at: int
    entries: tuple[tuple[int, int], ...]
    surroundings: bytes


class _UnclearError(Exception):
    """The document is not one that is taken apart."""


def layout_of(body: bytes) -> Layout | None:
    """Return where the entries of `body` stand, in an encoding whose lower half is ASCII; None if that is unclear."""
    try:
        return _Walk(body).layout()
    except _UnclearError:
        return None


def has_monstrous_tag(body: bytes) -> bool:
    """Tell whether `body` has a start tag longer than MAX_TAG_BYTES: expat takes seconds for its attributes."""
    return any(
        (tag := _ANY_TAG.match(body, found.start())) is not None and len(tag.group()) > MAX_TAG_BYTES
        for found in _LONG_STRETCH.finditer(body)
    )


class _Walk:
    """One way through the markup of a feed, entry by entry, from its root to its end."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.entries: list[tuple[int, int]] = []
        self.ids: list[bytes] = []
        self.around: list[bytes] = []
        self.open: list[bytes] = []
        self.entry_name = b""
        self.prefix = b""
        self.entries_ended = False

    def layout(self) -> Layout:
        body = self.body
        prolog = _PROLOG.match(body, 0, MAX_PROLOG_BYTES)
        root = _TAG.match(body, prolog.end()) if prolog else None
        if prolog is None or root is None or b"<!ENTITY" in prolog.group():
            raise _UnclearError
        self.around.append(b" ".join(_COMMENT.sub(b" ", prolog.group()).split()))
        self._open_root(root)
        at = root.end()
        for _ in range(MAX_OWN_MARKUP):
            at = self._step(at)
            if not self.open:
                break
        if self.open or len(body) - at > _MAX_TAIL_BYTES:
            raise _UnclearError
        if _COMMENT.sub(b"", body[at:]).strip() or len(set(self.ids)) != len(self.ids) or self._has_strange_prefix():
            raise _UnclearError
        return Layout(prolog.end(), tuple(self.entries), b"\x00".join(self.around))

    def _open_root(self, root: re.Match[bytes]) -> None:
        closes, name, attributes, is_empty = _bounded(root).groups()
        prefix, _, local = name.rpartition(b":")
        if closes or is_empty or local not in _ROOTS:
            raise _UnclearError
        # Of RDF only the namespace says that it is a feed; else an entry's own declaration would.
        if local == b"RDF" and _RSS10 not in attributes:
            raise _UnclearError
        prefix = prefix if local == b"feed" else b""
        self.entry_name = (prefix + b":" if prefix else b"") + _ROOTS[local]
        self.prefix = prefix
        self.open.append(name)
        self.around.append(root.group())

    def _step(self, at: int) -> int:
        """Pass over the text at `at` and the markup after it; return where that ends."""
        body = self.body
        start = _found(body, b"<", at)
        self._keep(body[at:start].strip())
        volatile = _VOLATILE.match(body, start)
        if volatile is not None:
            return volatile.end()
        tag = _TAG.match(body, start)
        if tag is not None:
            return self._follow(tag)
        opaque = _OPAQUE.match(body, start)
        if opaque is None:
            raise _UnclearError
        if not opaque.group().startswith(b"<!--"):
            self._keep(opaque.group())
        return opaque.end()

    def _keep(self, markup: bytes) -> None:
        """Keep what stands around the entries. After it comes no entry any more, or it would bear on some only."""
        if markup:
            self.entries_ended = bool(self.entries)
            self.around.append(markup)

    def _follow(self, tag: re.Match[bytes]) -> int:
        closes, name, attributes, is_empty = _bounded(tag).groups()
        if name == self.entry_name and not closes:
            return self._through_entries(_entry_tag(name).match(self.body, tag.start()), tag.end())
        if closes:
            if self.open.pop() != name:
                raise _UnclearError
        elif name.rpartition(b":")[2].lower() in _ONLY_ONCE or (name == b"channel" and len(self.open) > 1):
            raise _UnclearError
        elif not is_empty:
            self.open.append(name)
        elif name in _LINK_NAMES and _is_own_link(attributes):
            return tag.end()
        self._keep(tag.group())
        return tag.end()

    def _through_entries(self, tag: re.Match[bytes] | None, end: int) -> int:
        """Pass over the entry that `tag` opens and those that follow at once; return where the last ends."""
        if self.open[1:] not in ([], [b"channel"]) or self.entries_ended:
            raise _UnclearError
        body, within = self.body, _markup_within(self.prefix)
        next_entry = _entry_tag(self.entry_name)
        while tag is not None:
            if tag.group("empty") or len(self.entries) >= MAX_ENTRIES:
                raise _UnclearError
            start = tag.start("tag")
            end, entry_id = _through_entry(body, tag, within)
            self.entries.append((start, end))
            self.ids.append(entry_id)
            tag = next_entry.match(body, end)
        return end

    def _has_strange_prefix(self) -> bool:
        """Tell whether among the entries there is what looks like an entry or a GUID of another namespace."""
        if not self.entries:
            return False
        names = _PREFIXED.finditer(self.body, self.entries[0][0], self.entries[-1][1])
        for number, found in enumerate(names):
            if number >= MAX_PREFIXED_NAMES:
                return True
            opened = _PREFIX.search(self.body[max(found.start() - _MAX_NAME_BYTES, 0) : found.start()])
            if opened is not None and opened.group(1) != self.prefix:
                return True
        return False


def _through_entry(body: bytes, tag: re.Match[bytes], within: re.Pattern[bytes]) -> tuple[int, bytes]:
    """Return where the entry that `tag` opens ends, and its one GUID."""
    attributes = tag.group("attributes")
    ids = [text for key, text in _attributes(attributes) if key.rpartition(b":")[2].lower() == b"about"]
    in_source = False
    for found in within.finditer(body, tag.end()):
        kind = found.lastgroup
        if kind is None:  # a CDATA section or a comment
            continue
        if kind == "entry":
            if found.group("entry") != b"/" + tag.group("name"):
                break
            return _found(body, b">", found.end()) + 1, _single(ids)
        if kind == "source":
            in_source = not found.group("source").startswith(b"/") and not _is_empty_tag(body, found.start())
        elif kind == "id":
            if not in_source:
                ids.append(_text_at(body, found.end()))
        else:
            break
    raise _UnclearError


@lru_cache(maxsize=16)
def _entry_tag(name: bytes) -> re.Pattern[bytes]:
    return re.compile(
        rb"\s*+(?P<tag><(?P<name>%s)(?P<attributes>%s)\s*+(?P<empty>/?)>)" % (re.escape(name), _ATTRIBUTES)
    )


@lru_cache(maxsize=16)
def _markup_within(prefix: bytes) -> re.Pattern[bytes]:
    """Return what finds all that could end an entry or name it, under `prefix` or none, in whatever case."""
    before = rb"(?:%s:)?+" % re.escape(prefix) if prefix else b""
    entry, source, guid = (
        before + _any_case(*names) for names in ((b"item", b"entry"), (b"source",), (b"guid", b"id"))
    )
    return re.compile(
        rb"%s|<(?:(?P<other>[!?])|(?P<entry>/?%s)(?=[\s/>])|(?P<source>/?%s)(?=[\s/>])|(?P<id>%s)(?=[\s/>]))"
        % (_OPAQUE.pattern, entry, source, guid)
    )


def _any_case(*names: bytes) -> bytes:
    """Return a pattern for `names`. Classes of two letters are several times faster here than ignoring the case."""
    return b"(?:%s)" % b"|".join(b"".join(b"[%c%c]" % (c, c - 32) for c in name) for name in names)


_PREFIXED = re.compile(rb":%s[\s/>]" % _any_case(b"item", b"entry", b"guid", b"id"))
_PREFIX = re.compile(rb"</?([\w.-]+)\Z")
_MAX_NAME_BYTES = 100


def _bounded(tag: re.Match[bytes]) -> re.Match[bytes]:
    if tag.end() - tag.start() > MAX_OWN_TAG_BYTES:
        raise _UnclearError
    return tag


def _found(body: bytes, wanted: bytes, at: int) -> int:
    found = body.find(wanted, at)
    if found < 0:
        raise _UnclearError
    return found


def _is_empty_tag(body: bytes, start: int) -> bool:
    tag = _TAG.match(body, start)
    if tag is None:
        raise _UnclearError
    return bool(tag.group(4))


def _text_at(body: bytes, at: int) -> bytes:
    """Return the text of the element whose start tag's name ends at `at`: what stands in it and nothing else."""
    found = _TEXT.match(body, at)
    if found is None:
        raise _UnclearError
    section, text = found.groups()
    if section is not None or b"&" not in text:
        return bytes(section or text)
    return html.unescape(text.decode("latin-1")).encode("latin-1", "replace")


def _single(ids: list[bytes]) -> bytes:
    """Return the one GUID of an entry: with none or several, it takes the whole document to tell entries apart."""
    if len(ids) != 1 or not 0 < len(ids[0].strip()) <= MAX_ID_BYTES:
        raise _UnclearError
    return ids[0].strip()


def _attributes(text: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, double or single) for name, double, single in _ATTRIBUTE.findall(text)]


def _is_own_link(attributes: bytes) -> bool:
    """Tell whether a link leads to the feed itself or its other pages: no entry inherits it."""
    pairs = _attributes(attributes)
    values = dict(pairs)
    is_plain = len(values) == len(pairs) and values.keys() <= _LINK_ATTRIBUTES and b"href" in values
    return is_plain and values.get(b"rel") in _OWN_LINKS
