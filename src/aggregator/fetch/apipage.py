"""One page of an API: its bytes to JSON, and the entries that an expression finds in it. Pure.

The thread that asks for pages and the worker that reads them see the same page. Read with tolerance: control characters
in texts, NaN (nothing), numbers too long to be any (nothing); of a key that stands twice the last counts (RFC 8259,
section 4).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aggregator.expressions import Expression, ExpressionError
from aggregator.fetch import plaintext, sniff
from aggregator.fetch.charset import declared_charset, decode_document

_MAX_PROBLEM_CHARS = 200
_MAX_DIGITS = 300
_SHOWN_KEYS = 8
_SHOWN_KEY_CHARS = 40


@dataclass(frozen=True, slots=True)
class ApiPage:
    """A page, read. `document` is the whole of it; `problem` says why there are no entries, where a person should know.

    A page with an empty list of entries has no problem.
    """

    document: Any = None
    entries: tuple[Any, ...] = ()
    problem: str | None = None


def read_page(body: bytes, content_type: str | None, entries: Expression) -> ApiPage:
    """Return what `entries` finds in `body`; a `problem` says what the body is where it cannot be read."""
    try:
        document, problem = _document(body, content_type)
        return ApiPage(problem=problem) if problem else _with_entries(document, entries)
    except RecursionError:
        return ApiPage(problem="nested too deep to be read")


def _document(body: bytes, content_type: str | None) -> tuple[Any, str | None]:
    """Return the JSON in `body`, or why there is none."""
    problem = sniff.bytes_problem(body)
    if problem is not None:
        return None, _about_json(problem)
    text = decode_document(body, declared_charset(content_type))
    try:
        return json.loads(text, strict=False, parse_constant=_nothing, parse_int=_whole_number), None
    except ValueError as error:
        if sniff.looks_like_json(text):
            return None, f"broken JSON: {error}"[:_MAX_PROBLEM_CHARS]
        return None, _about_json(sniff.document_problem(text))


def _about_json(problem: str) -> str:
    """Return a sentence of `sniff`, which speaks of feeds, about JSON."""
    return problem.replace("not a feed", "not JSON")


def _nothing(_: str) -> None:
    """Read NaN and Infinity, which JSON does not know."""


def _whole_number(digits: str) -> int | None:
    # Python refuses to read thousands of digits, and a whole document must not fail for one number.
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def _with_entries(document: Any, expression: Expression) -> ApiPage:
    try:
        found = expression.find(document)
    except ExpressionError as error:
        return ApiPage(document, problem=f"the expression for entries, {expression.text}: {error}")
    if isinstance(found, list):
        return ApiPage(document, tuple(entry for entry in found if entry is not None))
    what = "nothing" if found is None else f"{_described(found)} and no list"
    problem = f"the expression for entries, {expression.text}, finds {what}; the document is {_described(document)}"
    return ApiPage(document, problem=problem)


def _described(value: Any) -> str:
    """Say what a JSON value is; of an object its first keys, of nothing the text."""
    if isinstance(value, dict):
        keys = [plaintext.shorten(plaintext.one_line(key), _SHOWN_KEY_CHARS) for key in list(value)[:_SHOWN_KEYS]]
        more = " …" if len(value) > _SHOWN_KEYS else ""
        return f"an object with the keys {', '.join(keys)}{more}" if keys else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else "a number"
