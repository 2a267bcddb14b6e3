"""What importing an OPML file means for feeds.toml, outline by outline. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aggregator.subscriptions.document import NewFeed
from aggregator.subscriptions.opml import Outline, OutlineKind, category_and_tags, read_outlines
from aggregator.subscriptions.values import feed_url, read_subscription, split_credentials, without_credentials


class ImportResult(StrEnum):
    """What became of an outline. Each outline has exactly one."""

    IMPORTED = "imported"
    PRESENT = "already there"
    LEFT_OUT = "left out"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class ImportLine:
    """What became of the outline that starts in line `line`, and why. `feed` is there where it is imported."""

    line: int
    title: str
    result: ImportResult
    why: str = ""
    feed: NewFeed | None = field(default=None, repr=False)


def plan_import(text: str, present: Collection[str], topics: Collection[str]) -> list[ImportLine]:
    """Return what becomes of each outline of the OPML document `text`; `present` are the URLs of feeds.toml.

    A category is one of `topics`.
    """
    lines: list[ImportLine] = []
    seen: dict[str, int | None] = dict.fromkeys(present)
    for outline in read_outlines(text):
        planned = _planned(outline, seen, topics)
        if planned.feed is not None:
            seen[planned.feed.url] = outline.line
        lines.append(planned)
    return lines


def counts_of(lines: Sequence[ImportLine]) -> dict[str, int]:
    """Return how many outlines had which result; together they are all outlines."""
    found = Counter(line.result for line in lines)
    return {result.value: found[result] for result in ImportResult}


def _planned(outline: Outline, seen: dict[str, int | None], topics: Collection[str]) -> ImportLine:
    title = outline.title or without_credentials(outline.url)
    if outline.kind is not OutlineKind.FEED:
        if outline.kind is OutlineKind.FOLDER:
            return ImportLine(outline.line, title, ImportResult.FOLDER)
        return ImportLine(outline.line, title, ImportResult.LEFT_OUT, _why_no_feed(outline))
    try:
        url, credentials = split_credentials(feed_url(outline.url))
    except ValueError as error:
        return ImportLine(outline.line, title, ImportResult.LEFT_OUT, str(error))
    if url in seen:
        earlier = f"the same as in line {seen[url]}" if seen[url] else "in feeds.toml"
        return ImportLine(outline.line, title, ImportResult.PRESENT, earlier)
    category, tags = category_and_tags(outline, topics)
    feed = NewFeed(
        url=url,
        title=outline.title,
        category=category,
        tags=tags,
        enabled=outline.attributes.get("iscomment", "").strip().lower() != "true",
        auth=":".join(credentials) if credentials else None,
    )
    try:
        # With no environment: what a stranger wrote asks it for nothing, and can be read again wherever it is written.
        read_subscription(feed.table(), {}, topics)
    except ValueError as error:
        return ImportLine(outline.line, title, ImportResult.LEFT_OUT, str(error))
    why = "its password stands in feeds.toml now; better is auth = “user:${NAME}”" if credentials else ""
    return ImportLine(outline.line, title, ImportResult.IMPORTED, why, feed)


def _why_no_feed(outline: Outline) -> str:
    if not outline.ends:
        return "its tag does not end, so it cannot be told which feed it names"
    kind = outline.attributes.get("type", "").strip().lower()
    if kind == "include":
        return "it includes another list, which is not fetched; import that one by itself"
    if kind == "link":
        return "it is a link to a page, not a feed; try “aggregator feeds add” with its address"
    return "it has no xmlUrl, so there is no feed to ask"
