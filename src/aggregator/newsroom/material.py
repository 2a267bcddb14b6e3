"""The newsroom's material: outlets, events and articles, as written in `articles/*.toml`.

Every outlet, place and person in it is invented. An event has a gold topic and is told by one or more outlets; the
language of an article is the language of its outlet.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

from aggregator.newsroom.pictures.scenes import SCENES
from aggregator.topics import TOPICS

ARTICLES_FOLDER = Path(__file__).parent / "articles"
OUTLETS_FILE = "outlets.toml"
LANGUAGES = ("en", "de", "fr", "es", "it")
LAST_HOUR = 71
MAX_SLUG_CHARACTERS = 80
RESERVED_IDS = frozenset({"api", "wire", "pictures"})

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_OUTLET_KEYS = frozenset({"id", "name", "language", "tagline"})
_EVENT_KEYS = frozenset({"id", "topic", "hour", "scene", "place", "article"})
_ARTICLE_KEYS = frozenset({"outlet", "delay_minutes", "author", "title", "summary", "body"})


@dataclass(frozen=True, slots=True)
class Outlet:
    """A news site within the newsroom. `language` is an ISO 639-1 code out of `LANGUAGES`."""

    id: str
    name: str
    language: str
    tagline: str


@dataclass(frozen=True, slots=True)
class Article:
    """One outlet's article about an event, all of it plain text.

    `slug` is the last part of the article's address; with the outlet's id it names the article. `delay_minutes`
    counts from the event's hour.
    """

    event_id: str
    outlet: Outlet
    slug: str
    topic: str
    scene: str
    place: str
    hour: int
    delay_minutes: int
    author: str
    title: str
    summary: str
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        """The article's address on the site."""
        return f"/{self.outlet.id}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened `hour` hours after the newsroom opened; `topic` is one of `aggregator.topics`."""

    id: str
    topic: str
    hour: int
    scene: str
    place: str
    articles: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All that the newsroom has to tell, in the order of the files."""

    outlets: tuple[Outlet, ...]
    events: tuple[Event, ...]

    @property
    def articles(self) -> tuple[Article, ...]:
        """Every article of every event."""
        return tuple(article for event in self.events for article in event.articles)


@cache
def load_material(folder: Path = ARTICLES_FOLDER) -> Material:
    """Read `outlets.toml` and every other TOML file of `folder`.

    Raises:
        ValueError: a file is missing or malformed; the message names the file and the event.
    """
    outlets = {outlet.id: outlet for outlet in _outlets(folder / OUTLETS_FILE)}
    events: list[Event] = []
    for file in sorted(folder.glob("*.toml")):
        if file.name != OUTLETS_FILE:
            events.extend(_events(file, outlets))
    _refuse_duplicates(events)
    return Material(tuple(outlets.values()), tuple(events))


def slug_of(title: str) -> str:
    """Return `title` as lower-case ASCII words joined by hyphens, cut between words."""
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower().replace("'", ""))
    while len("-".join(words)) > MAX_SLUG_CHARACTERS and len(words) > 1:
        words.pop()
    return "-".join(words)


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table together with where it stands, so that every complaint can name the place."""

    place: str
    values: Mapping[str, object]

    def fail(self, complaint: str) -> NoReturn:
        raise ValueError(f"{self.place}: {complaint}")

    def require_keys(self, keys: frozenset[str]) -> None:
        if unknown := sorted(self.values.keys() - keys):
            self.fail(f"unknown key {', '.join(unknown)}")
        if missing := sorted(keys - self.values.keys()):
            self.fail(f"missing key {', '.join(missing)}")

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(f"{key} must be a text that is not empty")
        if _CONTROL.search(value):
            self.fail(f"{key} holds a control character")
        return value.strip()

    def identifier(self, key: str) -> str:
        value = self.text(key)
        if not _ID.fullmatch(value) or value in RESERVED_IDS:
            self.fail(f"{key} “{value}” must be lower-case words joined by hyphens, and not a reserved one")
        return value

    def choice(self, key: str, allowed: frozenset[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            self.fail(f"{key} “{value}” is none of: {'; '.join(sorted(allowed))}")
        return value

    def count(self, key: str, highest: int) -> int:
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            self.fail(f"{key} must be a whole number from 0 to {highest}")
        return value


def _tables(file: Path, name: str) -> Iterator[_Table]:
    """Yield the `[[name]]` tables of `file`, and refuse anything else in it."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{file.name}: {error}") from error
    entries = document.get(name)
    if document.keys() != {name} or not isinstance(entries, list):
        raise ValueError(f"{file.name}: must hold [[{name}]] tables and nothing else")
    for number, values in enumerate(entries, start=1):
        if not isinstance(values, dict):
            raise ValueError(f"{file.name}: must hold [[{name}]] tables and nothing else")  # noqa: TRY004 - documented
        yield _Table(f"{file.name}: {name} “{values.get('id', f'number {number}')}”", values)


def _outlets(file: Path) -> Iterator[Outlet]:
    seen: set[str] = set()
    for table in _tables(file, "outlet"):
        table.require_keys(_OUTLET_KEYS)
        outlet = Outlet(
            id=table.identifier("id"),
            name=table.text("name"),
            language=table.choice("language", frozenset(LANGUAGES)),
            tagline=table.text("tagline"),
        )
        if outlet.id in seen:
            table.fail("stands there twice")
        seen.add(outlet.id)
        yield outlet


def _events(file: Path, outlets: Mapping[str, Outlet]) -> Iterator[Event]:
    for table in _tables(file, "event"):
        table.require_keys(_EVENT_KEYS)
        event = Event(
            id=table.identifier("id"),
            topic=table.choice("topic", frozenset(TOPICS)),
            hour=table.count("hour", LAST_HOUR),
            scene=table.choice("scene", frozenset(SCENES)),
            place=table.text("place"),
            articles=(),
        )
        entries = table.values["article"]
        if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
            table.fail("needs at least one [[event.article]]")
        articles = tuple(_article(_Table(table.place, entry), event, outlets) for entry in entries)
        yield Event(event.id, event.topic, event.hour, event.scene, event.place, articles)


def _article(table: _Table, event: Event, outlets: Mapping[str, Outlet]) -> Article:
    table.require_keys(_ARTICLE_KEYS)
    title = table.text("title")
    if not slug_of(title):
        table.fail(f"title “{title}” has no letter to make an address of")
    return Article(
        event_id=event.id,
        outlet=outlets[table.choice("outlet", frozenset(outlets))],
        slug=slug_of(title),
        topic=event.topic,
        scene=event.scene,
        place=event.place,
        hour=event.hour,
        delay_minutes=table.count("delay_minutes", highest=24 * 60),
        author=table.text("author"),
        title=" ".join(title.split()),
        summary=" ".join(table.text("summary").split()),
        paragraphs=tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", table.text("body"))),
    )


def _refuse_duplicates(events: list[Event]) -> None:
    ids: set[str] = set()
    paths: set[str] = set()
    for event in events:
        if event.id in ids:
            raise ValueError(f"event “{event.id}” stands there twice")
        ids.add(event.id)
        for article in event.articles:
            if article.path in paths:
                raise ValueError(f"event “{event.id}”: two articles would have the address {article.path}")
            paths.add(article.path)
