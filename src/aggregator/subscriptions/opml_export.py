"""Writing subscriptions as OPML 2.0, for other readers and to be imported again. Pure.

A category is a folder, the first tag one inside it; all of both also stand in the `category` attribute, from which
`opml` reads them back as they were. No header, user name or password is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import quoteattr

from aggregator.records import Subscription
from aggregator.subscriptions.opml import as_name, as_tag, topic_of
from aggregator.topics import TOPICS

_NOT_WRITTEN = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # not in XML at all
    r"|[\x7f-\x9f\ufdd0-\ufdef]"  # discouraged in XML 1.0, section 2.2; a terminal obeys some of them
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]"  # shows another text than the one that is there
)


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """What the database knows of a feed: its own title, and the address of its site."""

    title: str = ""
    site_url: str | None = None


def write_opml(subscriptions: Sequence[Subscription], known: Mapping[str, KnownFeed], now: datetime) -> str:
    """Return the feeds among `subscriptions` as an OPML document; `known` is what the database has, by URL.

    Feeds that are not enabled are marked as comments (`isComment`), as OPML has it. APIs are no feeds, and are left
    out.
    """
    folders: dict[tuple[str, ...], list[Subscription]] = {}
    for one in subscriptions:
        if one.api is None:
            folders.setdefault(_folders(one), []).append(one)
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


def _folders(one: Subscription) -> tuple[str, ...]:
    # A tag that reads as a topic would be taken for the category of a feed that has none.
    tags = [tag for tag in one.tags[:1] if tag and as_name(tag) == tag and (one.category or topic_of(tag) is None)]
    return (*([one.category] if one.category else []), *tags)


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
    topic = [f"/medtop:{TOPICS[one.category]}"] if one.category else []
    categories = [*topic, *(as_tag(tag) for tag in one.tags)]
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


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(_NOT_WRITTEN.sub('', value))}" for name, value in values.items())
