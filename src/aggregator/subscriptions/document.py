"""Changing the text of a feeds.toml, every other byte of it left as it is. Pure.

    text ─ statements ─ find the tables ─ cut out, or append what tomlkit wrote ─ read both again and compare ─▶ text

Only values are written by a library. A library's model of the whole document moves comments to the table before them
and puts tables that are out of order into order (see docs/decisions/0022). What comes out is read again: unless it
says the same as before but for what was asked, nothing is changed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from aggregator.errors import ConfigError
from aggregator.subscriptions.values import feed_url, split_credentials

SECTIONS = ("feeds", "apis")

_PIECE = re.compile(
    r'''
    """(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}    # texts of several lines, which may hold anything
  | \'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}
  | "(?:[^"\\\n]|\\.)*" | '[^'\n]*'
  | \#[^\n]*
  | [\n\[\]{}]
  | [^"'\#\n\[\]{}]+
    ''',
    re.VERBOSE | re.DOTALL,
)
_HEADER = re.compile(r"\s*\[\[\s*[\"']?(feeds|apis)[\"']?\s*\]\]")
_PART = re.compile(r"\s*\[\[?\s*[\"']?(feeds|apis)[\"']?\s*\.")
_RULER = re.compile(r"\s*#\s*([-=#*~_─═])\1\1")


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A table to be written. `interval` is text such as "2h", `auth` as in the file; what is empty is left out."""

    url: str
    title: str = ""
    category: str | None = None
    tags: tuple[str, ...] = ()
    interval: str | None = None
    full_text: bool | None = None
    enabled: bool = True
    auth: str | None = field(default=None, repr=False)

    def table(self) -> dict[str, Any]:
        """Return the keys and values of the table, in the order in which they are written."""
        values = {
            "url": self.url,
            "title": self.title or None,
            "category": self.category,
            "tags": list(self.tags) or None,
            "interval": self.interval,
            "full_text": self.full_text,
            "enabled": None if self.enabled else False,
            "auth": self.auth,
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Removed:
    """A table that was cut out, and the lines of comment that went with it."""

    url: str
    comment: tuple[str, ...] = ()


def with_feeds(text: str, where: str, feeds: Sequence[NewFeed]) -> str:
    """Return `text`, a feeds.toml that stands in `where`, with `feeds` added at its end.

    Raises:
        ConfigError: it is not TOML, or is written in a way that cannot be edited.
    """
    before, tables = _read(text, where), [feed.table() for feed in feeds]
    if not tables:
        return text
    after = _with_elements(text, tables) if _is_one_value(text, "feeds") else _with_tables(text, tables)
    return _proven(after, {**before, "feeds": [*before.get("feeds", []), *tables]}, where)


def without_feeds(text: str, where: str, urls: Collection[str]) -> tuple[str, list[Removed]]:
    """Return `text` without the feeds and APIs at `urls` (each as `feed_url` returns it), and what was cut out.

    The lines of comment directly above a table go with it if a blank line parts them from what is before them, unless
    they draw a line, as headings of a group do. Comments elsewhere stay.

    Raises:
        ConfigError: it is not TOML, or is written in a way that cannot be edited.
    """
    before = _read(text, where)
    wanted = dict(before)
    removed: list[Removed] = []
    comments: dict[int, tuple[str, ...]]
    for section in SECTIONS:
        tables = before.get(section, [])
        numbers = [number for number, table in enumerate(tables) if _url_of(table) in urls]
        if not numbers:
            continue
        wanted[section] = [table for number, table in enumerate(tables) if number not in numbers]
        if _is_one_value(text, section):
            text, comments = _without_elements(text, section, numbers), {}
        else:
            text, comments = _without_tables(text, section, numbers)
        removed += [Removed(_url_of(tables[number]) or "", comments.get(number, ())) for number in numbers]
    return _proven(text, wanted, where), removed


def _url_of(table: Any) -> str | None:
    """Return how the database knows the feed of a table, whatever its spelling; None where it has no usable URL."""
    try:
        return split_credentials(feed_url(table["url"]))[0]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _read(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from error


def _proven(text: str, wanted: dict[str, Any], where: str) -> str:
    """Return `text` if it says what is `wanted`."""
    try:
        read = tomllib.loads(text)
    except ValueError:
        read = {}
    if {name: value for name, value in read.items() if value} != {name: one for name, one in wanted.items() if one}:
        raise ConfigError(f"{where} is written in a way that cannot be edited safely; change it by hand")
    return text


# --- tables, as nearly everybody writes them -------------------------------------------------------------------------


def statements(text: str) -> list[str]:
    """Return the statements of valid TOML: blank lines, comments, headers, and keys with their values; with newlines.

    Put together they are `text` again.
    """
    found: list[str] = []
    start = depth = 0
    for piece in _PIECE.finditer(text):
        match piece.group():
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                found.append(text[start : piece.end()])
                start = piece.end()
    return [*found, text[start:]] if start < len(text) else found


def _is_blank(statement: str) -> bool:
    return not statement.strip()


def _is_comment(statement: str) -> bool:
    return statement.lstrip().startswith("#")


def _is_header(statement: str) -> bool:
    return statement.lstrip().startswith("[")


def _is_one_value(text: str, section: str) -> bool:
    """Tell whether a section is written as `feeds = [ … ]`."""
    key = re.compile(rf"\s*[\"']?{section}[\"']?\s*=")
    for statement in statements(text):
        if _is_header(statement):
            return False
        if key.match(statement):
            return True
    return False


def _with_tables(text: str, tables: Sequence[dict[str, Any]]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    parts = [text]
    if text and not text.endswith("\n"):
        parts.append(newline)
    gap = bool(text.strip()) and not _ends_blank(text)
    for table in tables:
        lines = ["[[feeds]]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
        parts.append((newline if gap else "") + "".join(line + newline for line in lines))
        gap = True
    return "".join(parts)


def _ends_blank(text: str) -> bool:
    return re.search(r"\n[ \t]*\r?\n[ \t]*\Z", text) is not None


def _toml(value: Any) -> str:
    return str(tomlkit.item(value).as_string())


def _without_tables(text: str, section: str, numbers: Collection[int]) -> tuple[str, dict[int, tuple[str, ...]]]:
    lines = statements(text)
    dropped: set[int] = set()
    comments = {}
    for number, (start, end) in enumerate(_extents(lines, section)):
        if number not in numbers:
            continue
        first = _own_comment(lines, start)
        comments[number] = tuple(line.strip() for line in lines[first:start])
        following = next((at for at in range(end, len(lines)) if not _is_blank(lines[at])), len(lines))
        dropped.update(range(first, following))
    kept = [line for number, line in enumerate(lines) if number not in dropped]
    if len(lines) - 1 in dropped:
        while kept and _is_blank(kept[-1]):
            kept.pop()
    return "".join(kept), comments


def _extents(lines: Sequence[str], section: str) -> Iterator[tuple[int, int]]:
    """Yield where each table of `section` starts, at its header, and ends: after its last key and what is below that.

    Below means comments that touch it and do not touch the next header.
    """
    headers = [number for number, line in enumerate(lines) if _is_header(line)]
    for position, start in enumerate(headers):
        match = _HEADER.match(lines[start])
        if match is None or match[1] != section:
            continue
        later = (other for other in headers[position + 1 :] if not _PART.match(lines[other]))
        limit = next(later, len(lines))
        last = max(at for at in range(start, limit) if not _is_blank(lines[at]) and not _is_comment(lines[at]))
        end = last + 1
        while end < limit and _is_comment(lines[end]):
            end += 1
        yield start, (last + 1 if end == limit and limit < len(lines) else end)


def _own_comment(lines: Sequence[str], start: int) -> int:
    """Return where the comment begins that is clearly that of the table which starts at `start`."""
    first = start
    while first > 0 and _is_comment(lines[first - 1]):
        first -= 1
    stands_alone = first > 0 and _is_blank(lines[first - 1])
    return first if stands_alone and not any(_RULER.match(line) for line in lines[first:start]) else start


# --- one value: feeds = [ { url = "…" }, … ] -------------------------------------------------------------------------


def _with_elements(text: str, tables: Sequence[dict[str, Any]]) -> str:
    try:
        document = tomlkit.parse(text)
        for table in tables:
            element = tomlkit.inline_table()
            element.update(table)
            document["feeds"].append(element)
        return tomlkit.dumps(document)
    except TOMLKitError:
        return ""


def _without_elements(text: str, section: str, numbers: Sequence[int]) -> str:
    try:
        document = tomlkit.parse(text)
        for number in reversed(numbers):
            del document[section][number]
        return tomlkit.dumps(document)
    except TOMLKitError:
        return ""
