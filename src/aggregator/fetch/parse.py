"""From the bytes of a feed to its entries. Pure: no network, no files, no clock; it runs in worker processes.

    body ─ bytes_problem ─ decode_document ┬ XML feed: xmlfeed.read_xml → entries.feed_from_raw ┬→ ParsedFeed
                                           ├ JSON: jsonfeed.read_json ──────────────────────────┤
                                           └ anything else: document_problem ───────────────────┘

Formats: RSS 0.9x to 2.0, RSS 1.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1. Hostile input ends in `problem`; only
RecursionError and MemoryError pass, since the pool of workers decides about those. A mistake of ours is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aggregator.fetch import sniff
from aggregator.fetch.apifeed import read_api_documents
from aggregator.fetch.charset import declared_charset, decode_document
from aggregator.fetch.entries import feed_from_raw
from aggregator.fetch.jsonfeed import read_json
from aggregator.fetch.xmlfeed import MAX_ENTRIES, RawFeed, read_xml
from aggregator.records import ParsedEntry, ParsedFeed, ParseJob

__all__ = ["MAX_ENTRIES", "parse_feed", "parse_feeds"]

_MAX_PROBLEM_CHARS = 200


def parse_feeds(jobs: Sequence[ParseJob]) -> list[ParsedFeed]:
    """Return what each of `jobs` holds, in their order."""
    return [parse_feed(job) for job in jobs]


def parse_feed(job: ParseJob) -> ParsedFeed:
    """Return the entries of the feed in `job.body`, or a `problem` that says to a person what the body is instead.

    `guid`, `url` and `published_at` are what feedparser reads; `title` is the plain text of feedparser's title (the
    rule stands in `plaintext`). At most MAX_ENTRIES entries are read, the first ones, and none beyond the element
    number MAX_ELEMENTS; `note` then says so, and how many items were no entries because nothing stands in them.

    Raises:
        MemoryError: the document does not fit.
    """
    try:
        return _parsed(job)
    except RecursionError:
        return ParsedFeed(problem="nested too deep to be read")


def _says_something(entry: ParsedEntry) -> bool:
    texts = (entry.guid, entry.url, entry.title, entry.summary, entry.content)
    return any(texts) or bool(entry.published_raw or entry.categories or entry.images)


def _parsed(job: ParseJob) -> ParsedFeed:
    if job.api is not None:
        return read_api_documents(job)
    problem = sniff.bytes_problem(job.body)
    if problem is not None:
        return ParsedFeed(problem=problem)
    text = decode_document(job.body, declared_charset(job.content_type))
    if sniff.looks_like_json(text):
        return read_json(text, job.url, MAX_ENTRIES)
    root_at = sniff.feed_start(text)
    if root_at is None:
        return ParsedFeed(problem=sniff.document_problem(text))
    raw = _read(text, root_at, job.url)
    return raw if isinstance(raw, ParsedFeed) else _judged(raw, text, job.url)


def _read(text: str, root_at: int, url: str) -> RawFeed | ParsedFeed:
    try:
        return read_xml(text, root_at, url)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - feedparser raises anything on garbage; its one call stands alone here
        return ParsedFeed(problem=f"feedparser failed on it: {type(error).__name__}: {error}"[:_MAX_PROBLEM_CHARS])


def _judged(raw: RawFeed, text: str, url: str) -> ParsedFeed:
    if not raw.entries and not raw.feed.get("title"):
        if raw.error is not None:
            return ParsedFeed(problem=f"broken XML: {raw.error}"[:_MAX_PROBLEM_CHARS])
        if not raw.version:
            return ParsedFeed(problem=sniff.document_problem(text))
    feed = feed_from_raw(raw, url)
    entries = tuple(entry for entry in feed.entries if _says_something(entry))
    return replace(feed, entries=entries, note=_note(raw, len(feed.entries) - len(entries)))


def _note(raw: RawFeed, empty: int) -> str | None:
    """Say what was left out, so that what stood in the document is the sum of what came of it."""
    cut = f"only the first {len(raw.entries)} entries were read" if raw.is_cut else ""
    left_out = f"{empty} empty {'entry was' if empty == 1 else 'entries were'} left out" if empty else ""
    return "; ".join(part for part in (cut, left_out) if part) or None
