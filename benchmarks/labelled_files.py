"""Labelled news in the files that people have it in: read into one shape.

    text sets       a label, a title and a text for each article: CSV with or without a head (AG News has none: class,
                    title, description), or JSON Lines (HuffPost: category, headline, short_description)
    headline sets   a title and a gold story, a time in milliseconds and a publisher

Columns are guessed by their names; options give what cannot be guessed. Any file may be compressed with gzip.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

GUESSES: Mapping[str, tuple[str, ...]] = {
    "label": ("label", "category", "class", "class index", "class_index", "topic", "target"),
    "title": ("title", "headline"),
    "text": ("text", "description", "short_description", "summary", "body", "content"),
    "story": ("story", "event", "cluster"),
    "at": ("timestamp", "time"),
    "publisher": ("publisher", "source", "outlet"),
}
"""What a column may be called, in lower case; the first that is there is taken."""

HEADLESS = ("label", "title", "text")
"""The columns of a file whose first line is an article already."""


@dataclass(frozen=True, slots=True)
class LabelledArticle:
    """An article and what is known about it: a label of its file, or a gold story. `number` is its line."""

    number: int
    title: str
    text: str = ""
    label: str | None = None
    story: str | None = None
    at: datetime | None = None
    publisher: str = ""


class UnreadableFileError(Exception):
    """The file holds no labelled news that we can read; the text says why."""


def read_labelled(path: Path, columns: Mapping[str, str] | None = None) -> list[LabelledArticle]:
    """Read all articles of a file that have a title, and a label or a story.

    `columns` gives names of columns (see `GUESSES`) that are not guessed.

    Raises:
        UnreadableFileError: columns are missing, or no line has what is needed.
    """
    rows = list(_rows(path))
    if not rows:
        raise UnreadableFileError(f"{path} is empty")
    names = _columns(path, list(rows[0]), columns or {})
    articles = [_article(number, row, names) for number, row in enumerate(rows, 1)]
    kept = [one for one in articles if one.title and (one.label or one.story)]
    if not kept:
        raise UnreadableFileError(f"{path}: no line has a title, and a label or a story")
    return kept


def sample(articles: Sequence[LabelledArticle], size: int, seed: int) -> list[LabelledArticle]:
    """Draw `size` articles (all, if 0 or there are no more), in the order of the file."""
    if not 0 < size < len(articles):
        return list(articles)
    drawn = random.Random(seed).sample(range(len(articles)), size)  # noqa: S311 - a repeatable draw
    return [articles[index] for index in sorted(drawn)]


def first_words(text: str, most: int) -> str:
    """Return the first `most` words of a text: what a feed gives of it. All of it for 0."""
    words = text.split()
    return " ".join(words[:most] if most else words)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with _opened(path) as file:
        if ".json" in path.suffixes or ".jsonl" in path.suffixes:
            yield from ({key: str(value) for key, value in json.loads(line).items()} for line in file if line.strip())
        else:
            yield from _csv_rows(file)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def _csv_rows(file: Iterable[str]) -> Iterator[dict[str, str]]:
    lines = csv.reader(file)
    head = next(lines, [])
    known = {name for names in GUESSES.values() for name in names}
    if not {name.strip().casefold() for name in head} & known and len(head) == len(HEADLESS):
        yield dict(zip(HEADLESS, head, strict=True))
        head = list(HEADLESS)
    for line in lines:
        yield dict(zip(head, line, strict=False))


def _columns(path: Path, head: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    by_folded = {name.strip().casefold(): name for name in head}
    names: dict[str, str] = {}
    for part, guesses in GUESSES.items():
        wanted = [given[part].casefold()] if part in given else guesses
        found = next((by_folded[name] for name in wanted if name in by_folded), None)
        if found is not None:
            names[part] = found
        elif part in given:
            raise UnreadableFileError(f"{path} has no column “{given[part]}”; it has {', '.join(head)}")
    if "title" not in names or not {"label", "story"} & names.keys():
        raise UnreadableFileError(f"{path}: a title, and a label or a story are needed; it has {', '.join(head)}")
    return names


def _article(number: int, row: Mapping[str, str], names: Mapping[str, str]) -> LabelledArticle:
    value = {part: (row.get(name) or "").strip() for part, name in names.items()}
    stamp = value.get("at", "")
    title, text = value["title"], value.get("text", "")
    return LabelledArticle(
        number=number,
        title=" ".join(title.split()),
        text=text.removeprefix(title).strip(),  # BBC's texts begin with their titles; a feed's summary does not
        label=value.get("label") or None,
        story=value.get("story") or None,
        at=datetime.fromtimestamp(int(stamp) / 1000, UTC) if stamp.isdigit() else None,
        publisher=value.get("publisher", ""),
    )
