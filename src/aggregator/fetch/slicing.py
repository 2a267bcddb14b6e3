"""Cutting out of a document what is known already, so that its cost grows with the news. Pure; it runs in threads.

    body ─ layout_of ─ fingerprint each entry ─ cut the known ones ─ check what is left ─▶ the rest, and fingerprints

What remains parses to the same entries, field by field, as it does within the whole document, and to the same feed.
Two things make that so. A fingerprint covers the entry's bytes and everything that it inherits: the address, the
charset, the XML declaration, the namespaces, `xml:base` and `xml:lang` of root and channel, the feed's own elements.
And only what is well-formed is ever fingerprinted: what is left is given to expat, and what is cut was left once. So
the whole document is well-formed if and only if the rest is, and both are read by the same strict parser.

Where any of this cannot be told with certainty, nothing is cut: JSON, wide and stateful encodings, entries without
a GUID of their own, entries within entries, an internal DTD, markup between the entries, broken XML. Nor is anything
cut from a document that could cost a noticeable time here: threads have no deadline, the processes that parse have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256

from aggregator.fetch import sniff
from aggregator.fetch.charset import ascii_superset, declared_charset, declared_encoding
from aggregator.fetch.handlers import MAX_ELEMENTS
from aggregator.fetch.layout import Layout, has_monstrous_tag, layout_of
from aggregator.fetch.xmlfeed import well_formed
from aggregator.records import Slices

FINGERPRINT_BYTES = 8
READING = b"1"
"""Part of each fingerprint. Raise it when entries are read differently, so that all of them are read once again."""

MAX_SLICED_BYTES = 2_000_000
MAX_AMPERSANDS = 20_000
MENDED_AMPERSANDS = 2_000
"""Up to so many, mistakes are mended before the rest is judged; a hostile one costs microseconds."""
MAX_BRACKET_PAIRS = 20_000
"""Each `]]` could be the end of a CDATA section."""

_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32)))


@dataclass(frozen=True, slots=True)
class Sliced:
    """A document without its known entries; `slices` holds the fingerprints of all entries, in their order."""

    body: bytes = field(repr=False)
    slices: Slices


def slice_document(body: bytes, content_type: str | None, url: str, known: Collection[bytes]) -> Sliced | None:
    """Return the document `body` without the entries that are in `known`; None if it cannot safely be taken apart.

    `content_type` is the HTTP header and `url` the address that answered. `known` are fingerprints that earlier calls
    returned, for documents that were then read without a problem.
    """
    if _may_be_slow(body):
        return None
    charset = declared_charset(content_type)
    encoding = ascii_superset(body, charset)
    if encoding is None or _may_be_endless(body):
        return None
    layout = layout_of(body)
    if layout is None or _may_change_its_encoding(body, layout.root_at):
        return None
    inherited = sha256()
    for part in (READING, url.encode("utf-8", "surrogatepass"), (charset or "").encode(), layout.surroundings):
        inherited.update(len(part).to_bytes(8, "big") + part)
    sliced = _cut(body, layout, inherited.digest(), frozenset(known))
    if sliced.slices.cut and ascii_superset(sliced.body, charset) != encoding:  # what is left looks like another one
        return None
    return sliced if _is_read_strictly(sliced.body, encoding, layout.root_at) else None


def _may_be_slow(body: bytes) -> bool:
    return (
        len(body) > MAX_SLICED_BYTES
        or body.count(b"&") > MAX_AMPERSANDS
        or body.count(b"]]") > MAX_BRACKET_PAIRS
        or has_monstrous_tag(body)
    )


def _may_be_endless(body: bytes) -> bool:
    """Tell whether there may be elements beyond the last that is read: were some cut out, others would be read."""
    return len(body) > MAX_ELEMENTS * len("<a/>") and body.count(b"<") > MAX_ELEMENTS


def _may_change_its_encoding(body: bytes, root_at: int) -> bool:
    """Tell whether something further down looks like a declaration; it moves up when something before it is cut."""
    return declared_encoding(body[:root_at]) is None and body.find(b"<?xml", root_at) >= 0


def _cut(body: bytes, layout: Layout, inherited: bytes, known: frozenset[bytes]) -> Sliced:
    left: list[bytes] = []
    cut: list[bytes] = []
    pieces: list[memoryview] = []
    whole = memoryview(body)
    at = 0
    for start, end in layout.entries:
        entry = sha256(inherited)
        entry.update(whole[start:end])
        fingerprint = entry.digest()[:FINGERPRINT_BYTES]
        if fingerprint in known:
            cut.append(fingerprint)
            pieces.append(whole[at:start])
            at = end
        else:
            left.append(fingerprint)
    pieces.append(whole[at:])
    return Sliced(b"".join(pieces) if cut else body, Slices(tuple(left), tuple(cut)))


def _is_read_strictly(body: bytes, encoding: str, root_at: int) -> bool:
    """Tell whether `body` is read as the lexer saw it: in its first encoding, from its root, by the strict parser."""
    if len(body.translate(None, _CONTROLS)) != len(body):
        return False
    try:
        text, prolog = body.decode(encoding), body[:root_at].decode(encoding)
    except UnicodeDecodeError:
        return False
    text, prolog = text.removeprefix("\ufeff"), prolog.removeprefix("\ufeff")
    root_at_char = sniff.feed_start(text)
    is_mended = body.count(b"&") <= MENDED_AMPERSANDS
    return root_at_char == len(prolog) and well_formed(text, root_at_char, is_mended=is_mended) is None
