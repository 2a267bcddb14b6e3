"""OPML files: the outlines in one, and what they say, however broken it is. Pure.

OPML 2.0 (http://opml.org/spec2.opml): an outline with an `xmlUrl` is a feed, one that holds others is a folder.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, unquote

from aggregator.subscriptions.tags import Tag, read_tags
from aggregator.topics import TOPICS, find_topic

MAX_FOLDERS = 10
"""Of folders in folders in folders only the outer ones count."""

_ALIASES = {
    "sports": "sport",
    "politics": "politics and government",
    "government": "politics and government",
    "business": "economy, business and finance",
    "economy": "economy, business and finance",
    "economics": "economy, business and finance",
    "finance": "economy, business and finance",
    "science": "science and technology",
    "technology": "science and technology",
    "tech": "science and technology",
    "arts": "arts, culture, entertainment and media",
    "culture": "arts, culture, entertainment and media",
    "entertainment": "arts, culture, entertainment and media",
    "crime": "crime, law and justice",
    "law": "crime, law and justice",
    "war": "conflict, war and peace",
    "disasters": "disaster, accident and emergency incident",
    "climate": "environment",
    "labor": "labour",
    "lifestyle": "lifestyle and leisure",
    "leisure": "lifestyle and leisure",
}
"""What people call folders that are clearly one of the 17 topics."""

_NAME_BY_CODE = {f"medtop:{code}": name for name, code in TOPICS.items()}

NOT_WRITTEN = re.compile(
    r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # not in XML at all
    r"|[\x7f-\x9f\ufdd0-\ufdef]"  # discouraged in XML 1.0, section 2.2; a terminal obeys some of them
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]"  # shows another text than the one that is there
)
"""The characters that no OPML of ours holds as they are."""


class OutlineKind(StrEnum):
    """What an outline is."""

    FEED = "feed"
    FOLDER = "folder"
    OTHER = "other"


@dataclass(slots=True)
class Outline:
    """One <outline>: where it starts, its attributes by their names in lower case, and the folders that it is in.

    `ends`: whether its tag has its `>`.
    """

    line: int
    attributes: dict[str, str] = field(repr=False)
    folders: tuple[str, ...] = ()
    has_children: bool = False
    ends: bool = True

    @property
    def url(self) -> str:
        """The address of its feed as it is written, or ""."""
        found = self.attributes.get("xmlurl", "").strip()
        if not found and self.attributes.get("type", "").strip().lower() in ("rss", "atom"):
            found = self.attributes.get("url", "").strip()
        return found

    @property
    def title(self) -> str:
        """Its name, without line breaks and other control characters; "" where that is only the address."""
        named = self.attributes.get("title", "").strip() or self.attributes.get("text", "")
        title = as_name(named)
        return "" if title == self.url else title

    @property
    def kind(self) -> OutlineKind:
        """What it is."""
        if self.url:
            return OutlineKind.FEED
        return OutlineKind.FOLDER if self.has_children else OutlineKind.OTHER


def read_outlines(text: str) -> list[Outline]:
    """Return the outlines of an OPML document, in their order."""
    found: list[Outline] = []
    around: list[Outline] = []
    for tag in read_tags(text):
        if tag.name != "outline":
            continue
        if tag.is_end:
            if around:
                around.pop()
            continue
        outline = _outline(tag, around[-1] if around else None)
        found.append(outline)
        if not tag.is_empty:
            around.append(outline)
    return found


def _outline(tag: Tag, parent: Outline | None) -> Outline:
    if parent is None:
        return Outline(tag.line, tag.attributes, ends=tag.ends)
    parent.has_children = True
    # A feed that was not closed is no folder of what comes after it.
    inner = (parent.title,) if not parent.url and parent.title else ()
    return Outline(tag.line, tag.attributes, (*parent.folders, *inner)[:MAX_FOLDERS], ends=tag.ends)


def category_and_tags(outline: Outline, topics: Collection[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the one of `topics`, and the tags, that a feed's outline has from its folders and its `category`.

    The attribute is read as OPML 2.0 has it: texts parted by commas; one with slashes is the path of a category, one
    without is a tag. Of several topics the one in the attribute counts, then that of the innermost folder; the names
    of all other folders are tags.
    """
    topic = None
    tags: list[str] = []
    for item in outline.attributes.get("category", "").split(","):
        if not item.strip().startswith("/"):
            tags.append(unquote(item.strip()))
            continue
        for name in map(unquote, item.strip().strip("/").split("/")):
            found = topic_of(name, topics)
            # A code that is none of the user's topics is no word either: its name is one.
            tags += [] if found else [_NAME_BY_CODE.get(name, name)]
            topic = topic or found
    names = [(name, topic_of(name, topics)) for name in outline.folders]
    innermost = next((found for _, found in reversed(names) if found), None)
    topic = topic or innermost
    tags += [name for name, found in names if found is None or found != topic]
    return topic, tuple(dict.fromkeys(tag for tag in tags if tag))


def topic_of(name: str, topics: Collection[str]) -> str | None:
    """Return the one of `topics` that a folder's name clearly names, or None."""
    wanted = name.strip().lower().replace(" & ", " and ")
    # Its own name first: to whoever chose the topic “politics” that word means no other.
    return next(filter(None, (find_topic(word, topics) for word in (name, _ALIASES.get(wanted, wanted)))), None)


def as_name(text: str) -> str:
    """Return `text` as a title or the name of a folder: without line breaks and other control characters."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


def as_tag(tag: str) -> str:
    """Return `tag` as it can stand in a `category` attribute: what would part or end it there is percent-encoded."""
    last = len(tag) - 1

    def is_quoted(at: int, letter: str) -> bool:
        return (
            letter in "%,/" or letter < " " or (at in (0, last) and letter.isspace()) or bool(NOT_WRITTEN.match(letter))
        )

    return "".join(quote(letter, safe="") if is_quoted(at, letter) else letter for at, letter in enumerate(tag))
