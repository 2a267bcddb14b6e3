"""A feed document before it is written, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PICTURE_TYPE = "image/jpeg"
PICTURE_WIDTH = 960
PICTURE_HEIGHT = 540


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry. Title, author, summary, paragraphs and tags are plain text; addresses are absolute; times are UTC."""

    id: str
    url: str
    title: str
    author: str
    summary: str
    paragraphs: tuple[str, ...]
    tags: tuple[str, ...]
    picture_url: str
    published_at: datetime
    updated_at: datetime

    @property
    def id_is_url(self) -> bool:
        """Whether the id is the permanent address, as RSS 2.0 asks to be told."""
        return self.id == self.url


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A feed: `url` is its own address, `site_url` the page that it belongs to; entries stand newest first."""

    url: str
    site_url: str
    title: str
    description: str
    language: str
    updated_at: datetime
    entries: tuple[FeedEntry, ...]
