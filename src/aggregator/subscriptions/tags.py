"""Reading tags with their lines, however broken the document: for pages and for OPML files. Pure.

Neither library parser will do: expat stops at the first mistake, and `html.parser` takes time that grows with the
square of what is left open. Here every character is looked at a bounded number of times. Nothing is ever expanded but
single characters, so no entity can blow up or open a file: a DTD is passed over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = re.compile(r"<(/?)([A-Za-z_][\w:.-]*+)")
_ATTRIBUTE = re.compile(
    r"""
    [\s/]*+ ([^\s=<>/"']++)
    (?: \s*+ = \s*+ (?:
        "([^"<]*+)" | '([^'<]*+)'
      | "([^"\n]*+)"(?=[\s/>]) | '([^'\n]*+)'(?=[\s/>])     # a < in a value, which must end on its line
      | ([^\s"'<>]++)
    ))?
    """,
    re.VERBOSE,
)
_JUNK = re.compile(r"[\s/]++|[^<]")
_END = re.compile(r"\s*+(/?)\s*+>")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAX_PIECES = 1_000
"""So many attributes of a tag, and so much of what is none, are read; the tag ends there, as one that is not closed."""

_PASSED_OVER = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">"))


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, an end tag (`is_end`), or both in one (`is_empty`). Names are in lower case; `line` counts from 1.

    Of attributes of one name the first counts. Their values are plain text. `ends`: whether the `>` was found.
    """

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    is_end: bool = False
    is_empty: bool = False
    ends: bool = True


def read_tags(text: str, raw: frozenset[str] = frozenset(), max_marks: int | None = None) -> Iterator[Tag]:
    """Yield the tags of `text` in their order. What stands inside the elements named in `raw` is no markup.

    With `max_marks`, so many `<` are looked at, whatever they begin.
    A tag that is not closed ends where the next one starts, and holds nothing.
    """
    line, counted, never = 1, 0, set[str]()
    at, marks = text.find("<"), 0
    while at >= 0 and marks != max_marks:
        marks += 1
        line += text.count("\n", counted, at)
        counted = at
        match = _NAME.match(text, at)
        if match is None:
            at = text.find("<", _after_other(text, at, never))
            continue
        name = match[2].lower()
        attributes, end, is_empty = _read_attributes(text, match.end())
        yield Tag(name, line, attributes, bool(match[1]), is_empty, ends=text[end - 1] == ">")
        if name in raw and not match[1] and not is_empty:
            closing = re.compile(rf"</{re.escape(name)}\b", re.IGNORECASE).search(text, end)
            if closing is None:
                return
            end = closing.start()
        at = text.find("<", end)


def _after_other(text: str, at: int, never: set[str]) -> int:
    """Return where a comment, a section, an instruction or a declaration ends; a stray < is passed over.

    `never` remembers the ends that do not come any more, so that the rest is searched for each of them once.
    """
    for start, end in _PASSED_OVER:
        if text.startswith(start, at):
            found = text.find(end, at + len(start)) if end not in never else -1
            if found >= 0:
                return found + len(end)
            never.add(end)
            return at + len(start)
    return at + 1


def _read_attributes(text: str, at: int) -> tuple[dict[str, str], int, bool]:
    """Return the attributes of the tag whose name ends at `at`, where it ends, and whether it closes itself."""
    attributes: dict[str, str] = {}
    for _ in range(_MAX_PIECES):
        end = _END.match(text, at)
        if end is not None:
            return attributes, end.end(), bool(end[1])
        match = _ATTRIBUTE.match(text, at)
        if match is not None:
            value = next((one for one in match.groups()[1:] if one is not None), "")
            attributes.setdefault(match[1].lower(), _unescaped(value))
            at = match.end()
        else:
            junk = _JUNK.match(text, at)
            if junk is None:
                return attributes, at, True
            at = junk.end()
    return attributes, at, True


def _unescaped(value: str) -> str:
    """Put characters in the place of references. One without a semicolon is none: `?a=1&copy=2` is an address."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), value) if "&" in value else value
