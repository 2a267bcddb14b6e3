"""Writing subscriptions as OPML 2.0, for other readers and to be imported again. Pure.

A category is a folder, the first tag one inside it; all of both also stand in the `category` attribute, from which
`opml` reads them back as they were. No header, user name or password is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import quoteattr

from aggregator.records import Subscription
from aggregator.subscriptions.opml import NOT_WRITTEN, as_name, as_tag, topic_of
from aggregator.topics import TOPICS


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """What the database knows of a feed: its own title, and the address of its site."""

    title: str = ""
    site_url: str | None = None


def write_opml(
    subscriptions: Sequence[Subscription], known: Mapping[str, KnownFeed], now: datetime, topics: Collection[str]
) -> str:
    """Return the feeds among `subscriptions` as an OPML document; `known` is what the database has, by URL.

    `topics` are those that a category is one of. Feeds that are not enabled are marked as comments (`isComment`), as
    OPML has it. APIs are no feeds, and are left out.
    """
    folders: dict[tuple[str, ...], list[Subscription]] = {}
    for one in subscriptions:
        if one.api is None:
            folders.setdefault(_folders(one, topics), []).append(one)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        "  <head>",
        "    <title>Feeds</title>",
        f"    <dateCreated>{format_datetime(now)}</dateCreated>",
        "  </head>",
        "  <body>",
        *_written(folders, known, ()),
        "  </body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def _folders(one: Subscription, topics: Collection[str]) -> tuple[str, ...]:
    # A tag that reads as a topic would be taken for the category of a feed that has none.
    tags = [tag for tag in one.tags[:1] if one.category or topic_of(tag, topics) is None]
    return tuple(name for name in (one.category, *tags) if name and _stays_as_it_is(name))


def _stays_as_it_is(name: str) -> bool:
    return as_name(name) == name and not NOT_WRITTEN.search(name)


def _written(
    folders: Mapping[tuple[str, ...], Sequence[Subscription]], known: Mapping[str, KnownFeed], path: tuple[str, ...]
) -> Iterator[str]:
    """Yield the lines of the folder at `path`: its feeds, then its folders, in the order of feeds.toml."""
    depth = len(path)
    indent = "  " * (depth + 2)
    for one in folders.get(path, ()):
        yield f"{indent}<outline {_attributes(_feed(one, known.get(one.url, KnownFeed())))}/>"
    for name in dict.fromkeys(other[depth] for other in folders if len(other) > depth and other[:depth] == path):
        yield f"{indent}<outline {_attributes({'text': name, 'title': name})}>"
        yield from _written(folders, known, (*path, name))
        yield f"{indent}</outline>"


def _feed(one: Subscription, known: KnownFeed) -> dict[str, str]:
    title = one.title or known.title or one.url
    categories = [*([_path(one.category)] if one.category else []), *(as_tag(tag) for tag in one.tags)]
    values = {
        "type": "rss",
        "text": title,
        "title": title,
        "xmlUrl": one.url,
        "htmlUrl": known.site_url or "",
        "category": ",".join(categories),
        "isComment": "" if one.enabled else "true",
    }
    return {name: value for name, value in values.items() if value}


def _path(topic: str) -> str:
    """Return a topic as OPML has a category: by its code if it is one of the 17, so that every reader knows it."""
    return f"/medtop:{TOPICS[topic]}" if topic in TOPICS else f"/{as_tag(topic)}"


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(NOT_WRITTEN.sub('', value))}" for name, value in values.items())
