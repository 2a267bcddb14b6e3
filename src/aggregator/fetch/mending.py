"""The common mistakes that make XML unreadable, mended in the text of a feed. Pure.

A strict parse is several times faster than a loose one and reads more exactly, so it is worth a second try.
"""

from __future__ import annotations

import html
import re
import sys

MAX_ENTITY_CHARS = 32
"""The longest value of an entity that a feed may declare: letters and signs, never an amplifier."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPAQUE = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z))", re.S)
_AMPERSAND = re.compile(r"&(?:#([0-9]{1,4000})|#[xX]([0-9a-fA-F]{1,4000})|([A-Za-z][A-Za-z0-9]{0,31}))?(;)?")
_NUMERIC = re.compile(r"&#(?:([0-9]{1,4000})|[xX]([0-9a-fA-F]{1,4000}));?")
_PREDEFINED = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ENTITY = re.compile(
    r'<!ENTITY\s{1,20}(\w{1,40})\s{1,20}"(&#\w{1,8};|[^&"<>%]{0,' + str(MAX_ENTITY_CHARS) + r'})"\s{0,20}>'
)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,2000}", re.I)


def without_forbidden(text: str) -> str:
    """Return `text` without the characters that XML 1.0 (section 2.2) forbids."""
    return _FORBIDDEN.sub("", text)


def declared_entities(prolog: str) -> dict[str, str]:
    """Return the harmless entities that the DOCTYPE in `prolog` declares: one reference, or short plain text."""
    return dict(_ENTITY.findall(prolog))


def is_netscape(prolog: str) -> bool:
    """Tell whether the DOCTYPE in `prolog` is that of RSS 0.91 as Netscape published it."""
    doctype = _DOCTYPE.search(prolog)
    return doctype is not None and "netscape" in doctype.group().lower()


def mended(document: str, entities: dict[str, str]) -> str:
    """Return `document` with bare ampersands escaped, HTML entities as numbers, and nothing after its root element.

    CDATA sections and comments are left alone: what they hold is no XML.
    """
    parts = _OPAQUE.split(_without_tail(document))
    parts[::2] = [_AMPERSAND.sub(lambda found: _reference(found, entities), part) for part in parts[::2]]
    return "".join(parts)


def without_bad_references(document: str) -> str:
    """Return `document` without the numeric references to what is no character; the loose parser stumbles over them."""
    return _NUMERIC.sub(lambda found: found.group() if _is_character(*found.groups()) else "", document)


def _is_character(decimal: str | None, hexadecimal: str | None) -> bool:
    code = int(decimal) if decimal is not None else int(hexadecimal or "0", 16)
    return code <= sys.maxunicode and not _FORBIDDEN.match(chr(code))


def _reference(found: re.Match[str], entities: dict[str, str]) -> str:
    decimal, hexadecimal, name, semicolon = found.groups()
    if not semicolon:
        return "&amp;" + found.group()[1:]
    if name is not None:
        return _named(name, entities)
    if decimal is None and hexadecimal is None:
        return "&amp;;"
    return found.group() if _is_character(decimal, hexadecimal) else ""


def _named(name: str, entities: dict[str, str]) -> str:
    if name in _PREDEFINED or name in entities:
        return f"&{name};"
    characters = html.unescape(f"&{name};")
    if characters == f"&{name};":
        return f"&amp;{name};"
    return "".join(f"&#{ord(character)};" for character in characters)


def _without_tail(document: str) -> str:
    root = re.match(r"<([\w:.-]+)", document)
    end = document.rfind(f"</{root.group(1)}>") if root else -1
    return document[: end + len(root.group()) + 2] if root and end >= 0 else document
