"""The pages of an API to our records, as the user's recipe tells. Pure; it runs in worker processes.

    pages ─ apipage.read_page ─ a column for each field ─ items of a JSON Feed ─ jsonfeed.read_item ─▶ ParsedFeed

An entry becomes an item of a JSON Feed, so it is made safe by the same code. An API changes without a word: an
expression that finds nothing in any entry is named in the `note`, and where no entry is left in the `problem`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aggregator.expressions import Expression, ExpressionError, compile_expression
from aggregator.fetch import plaintext
from aggregator.fetch.apipage import ApiPage, read_page
from aggregator.fetch.dates import MAX_DATE_CHARS, read_date
from aggregator.fetch.jsonfeed import read_item
from aggregator.fetch.xmlfeed import MAX_ENTRIES
from aggregator.records import ParsedEntry, ParsedFeed, ParseJob

FORMAT = "api"

_LISTS = frozenset(("categories", "image"))
_MAX_LISTED = 100
_MAX_NOTE_CHARS = 500
_MAX_SHOWN_CHARS = 40


def read_api_documents(job: ParseJob) -> ParsedFeed:
    """Return the entries of `job.body` and `job.more_pages`, in their order, found with `job.api`.

    At most MAX_ENTRIES are read. What has neither title nor URL is no entry. The very same entry on two pages, as when
    news arrive between two requests, is one.

    Raises:
        ValueError: the job has no recipe, or the recipe an expression that is none.
        RecursionError: an entry is nested too deep.
    """
    if job.api is None:
        raise ValueError("a job without a recipe")
    entries_at = compile_expression(job.api.entries)
    pages = [read_page(body, job.content_type, entries_at) for body in (job.body, *job.more_pages)]
    if pages[0].problem is not None:
        return ParsedFeed(format=FORMAT, problem=pages[0].problem)
    found = [entry for page in pages for entry in page.entries]
    columns = [_column(name, text, found[:MAX_ENTRIES]) for name, text in job.api.fields]
    return _feed(job, pages, len(found), columns)


@dataclass(frozen=True, slots=True)
class _Column:
    """One field of all entries: what was found in each, None for nothing, and how often the expression failed."""

    name: str
    expression: Expression
    values: Sequence[Any]
    failed: int = 0
    failure: str = ""

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.values)


def _column(name: str, text: str, entries: Sequence[Any]) -> _Column:
    expression, values, failures = compile_expression(text), [], []
    for entry in entries:
        try:
            found = expression.find(entry)
        except ExpressionError as error:
            found = None
            failures.append(str(error))
        values.append(_texts(found) if name in _LISTS else _text(found))
    return _Column(name, expression, values, len(failures), failures[0] if failures else "")


def _text(value: Any) -> str | None:
    """Return a value as text: a number in digits, the texts of a list joined; None for an empty one and for others."""
    if isinstance(value, list):
        return ", ".join(_texts(value) or ()) or None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float):
        return (str(int(value)) if value.is_integer() else str(value)) if math.isfinite(value) else None
    return str(value) if not isinstance(value, str) or value.strip() else None


def _texts(value: Any) -> list[str] | None:
    """Return the texts of a list, or a single one as a list; what is neither text nor number is left out."""
    values = value[:_MAX_LISTED] if isinstance(value, list) else [value]
    texts = [text for one in values if not isinstance(one, list) and (text := _text(one))]
    return texts or None


def _feed(job: ParseJob, pages: Sequence[ApiPage], found: int, columns: Sequence[_Column]) -> ParsedFeed:
    rows = zip(*(column.values for column in columns), strict=True)
    names = [column.name for column in columns]
    entries = [_entry(dict(zip(names, row, strict=True)), job.url) for row in rows]
    named = [entry for entry in entries if entry.title or entry.url]
    notes = _notes(columns, entries)
    if entries and not named:
        return ParsedFeed(format=FORMAT, problem=_joined(["no entry has a title or a url", *notes]))
    notes += [f"page {number}: {page.problem}" for number, page in enumerate(pages, start=1) if page.problem]
    if len(named) < len(entries):
        nameless = len(entries) - len(named)
        notes.append(f"{nameless} of {len(entries)} entries have neither title nor url and were left out")
    if found > MAX_ENTRIES:
        notes.append(f"only the first {MAX_ENTRIES} entries were read")
    kept = tuple(dict.fromkeys(named))
    return ParsedFeed(format=FORMAT, entries=kept, note=_joined(notes) if notes else None)


def _entry(found: Mapping[str, Any], url: str) -> ParsedEntry:
    """Return an entry, read as the item of a JSON Feed that says the same."""
    content, images = found.get("content") or found.get("summary") or "", found.get("image") or []
    is_markup = plaintext.looks_like_markup(content)
    item = {
        "id": found.get("guid"),
        "url": found.get("url"),
        "title": found.get("title"),
        "summary": found.get("summary"),
        "content_html" if is_markup else "content_text": content if is_markup else plaintext.decode_references(content),
        "authors": [found.get("author")],
        "language": found.get("language"),
        "tags": found.get("categories"),
        "image": images[0] if images else None,
        "attachments": [{"url": one, "mime_type": "image/*"} for one in images[1:]],
    }
    written = plaintext.one_line((found.get("published") or "")[:MAX_DATE_CHARS])
    return replace(read_item(item, url), published_raw=written or None, published_at=read_date(written))


def _notes(columns: Sequence[_Column], entries: Sequence[ParsedEntry]) -> list[str]:
    """Say which expressions found nothing in any entry, which failed, and whether the dates are none."""
    notes = []
    for column in columns:
        what = f"{column.name} ({column.expression.text})"
        if column.failed:
            notes.append(f"{what} failed in {column.failed} of {len(entries)} entries: {column.failure}")
        elif entries and column.is_empty:
            notes.append(f"{what} finds nothing in any of {len(entries)} entries")
    written = [entry.published_raw for entry in entries if entry.published_raw]
    if written and all(entry.published_at is None for entry in entries):
        shown = plaintext.shorten(written[0], _MAX_SHOWN_CHARS)
        notes.append(f"published finds no date that can be read, but “{shown}”")
    return notes


def _joined(notes: Sequence[str]) -> str:
    return plaintext.shorten("; ".join(notes), _MAX_NOTE_CHARS)
