"""Printing what came from the network: as a table, as CSV or as JSON, and never as commands to the terminal."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import typer

_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: ESC and CSI among them, with 7 bits and with 8
    "\u2028\u2029"  # what some terminals take for the end of a line
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # marks that turn the direction of text around
    "\u00ad\u034f\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # signs without width
    "\u115f\u1160\u3164\uffa0"  # letters that show nothing
    "\ud800-\udfff]"  # halves of letters
)
"""What a terminal obeys, and what shows another text than the one that is there.

U+200C and U+200D stay: Persian, the scripts of India and joined emoji are written with them.
"""

MAX_COLUMN = 60


def safe(text: str) -> str:
    """Return `text` with everything replaced that a terminal would obey, or that hides what the text says."""
    return _DANGEROUS.sub("\N{REPLACEMENT CHARACTER}", text)


def say(text: str = "", *, err: bool = False) -> None:
    """Print a message to stdout or stderr. Everything that is printed and no table, CSV or JSON goes through here."""
    typer.echo(safe(text), err=err)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a heading, columns aligned and cut so that a row stays a line."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([_width(name), *(_width(row[n]) for row in cells)]) for n, name in enumerate(columns)]
    widths = _fit(widths, shutil.get_terminal_size((160, 24)).columns)
    numeric = [bool(cells) and all(re.fullmatch(r"-?[\d.]*", row[n]) for row in cells) for n in range(len(columns))]
    for line in [list(columns), ["─" * width for width in widths], *cells]:
        padded = [_pad(text, width, right=right) for text, width, right in zip(line, widths, numeric, strict=True)]
        say("  ".join(padded).rstrip())


def _fit(widths: list[int], available: int) -> list[int]:
    """Narrow the widest columns until a row fits, none below a legible width."""
    widths = [min(width, MAX_COLUMN) for width in widths]
    while sum(widths) + 2 * (len(widths) - 1) > available and max(widths) > 12:  # noqa: PLR2004 - legible
        widths[widths.index(max(widths))] -= 1
    return widths


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return safe(re.sub(r"\s+", " ", str(value)[:1000])).strip()


def _width(text: str) -> int:
    """Return how many columns `text` takes: two for wide letters, none for marks that combine."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def _pad(text: str, width: int, *, right: bool) -> str:
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    space = " " * (width - _width(text))
    return space + text if right else text + space


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV (RFC 4180), with a heading line."""
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)


def _csv_cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it, as they ask for."""
    if isinstance(value, str):
        value = safe(value)
        return "'" + value if value.startswith(("=", "+", "-", "@", "\t")) else value
    return value


def print_json_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print one JSON object a row. JSON has no infinite numbers, so they become null."""
    for row in rows:
        values = (None if isinstance(value, float) and not math.isfinite(value) else value for value in row)
        typer.echo(json.dumps(dict(zip(columns, values, strict=True)), ensure_ascii=True, default=_hexadecimal))


def _hexadecimal(value: object) -> str:
    """Bytes have no place in JSON; SQLite's own way to write them is hexadecimal."""
    if isinstance(value, bytes):
        return value.hex().upper()
    raise TypeError(f"{type(value)} cannot be written as JSON")
