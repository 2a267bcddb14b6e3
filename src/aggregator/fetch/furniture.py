"""What is a part of a site and no picture of an article: pixels, faces, emoji, buttons, logos. Pure.

Told by the address alone, so that nobody is asked for it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_COUNTING_HOSTS = (
    "feeds.feedburner.com",
    "feedsportal.com",
    "doubleclick.net",
    "google-analytics.com",
    "scorecardresearch.com",
    "quantserve.com",
    "pixel.wp.com",
    "stats.wordpress.com",
    "feeds.wordpress.com",
    "addtoany.com",
    "pheedo.com",
    "rss.buysellads.com",
    "feedblitz.com",
)
"""Hosts whose pictures count readers or invite them to share: none of them is about the article."""

_FACES = re.compile(r"gravatar\.com$|^avatars?[0-9]*\.")
_FURNITURE_PATH = re.compile(
    r"/(?:emoji|twemoji|smilies|smileys|emoticons|avatars|user_avatar|share-?buttons?|social-?icons?)/|/~(?:r|ff)/",
    re.I,
)
_FURNITURE_WORDS = """
    avatar blank button btn clear counter dot emoji facebook favicon feedburner icon icons linkedin loading logo
    pinterest pixel placeholder reddit rss spacer spinner sprite transparent twitter whatsapp youtube
"""
_FURNITURE = frozenset(_FURNITURE_WORDS.split())
_ADJECTIVE_WORDS = "and black dark default feed header large light my on share site small social the white"
_ADJECTIVES = frozenset(_ADJECTIVE_WORDS.split())
_LETTERS = re.compile(r"[a-z]{2,}")
_ONE_BY_ONE = re.compile(r"^1x1\b")
LARGE_ENOUGH = 300
"""A picture declared this wide, in pixels, may be called a logo and still be what the article shows."""


def is_furniture(url: str, width: int | None = None) -> bool:
    """Tell whether `url` is a part of a site and no picture of an article: a pixel, a face, a button, a logo.

    A name must be made of nothing else: “facebook-icon.png” is a button, “facebook-office.jpg” may be the news.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path
    if any(host == name or host.endswith(f".{name}") for name in _COUNTING_HOSTS):
        return True
    if _FACES.search(host) or _FURNITURE_PATH.search(path) or _ONE_BY_ONE.search(path.rpartition("/")[2]):
        return True
    words = _words(url)
    called_so = bool(words & _FURNITURE) and words <= _FURNITURE | _ADJECTIVES
    return called_so and (width or 0) < LARGE_ENOUGH


def may_be_furniture(url: str, width: int | None = None) -> bool:
    """Tell whether the name speaks of a logo or the like: it is the article's picture if there is no other."""
    return (width or 0) < LARGE_ENOUGH and not _FURNITURE.isdisjoint(_words(url))


def _words(url: str) -> set[str]:
    """Return the words in the name of a file, without its extension."""
    name = urlsplit(url).path.rpartition("/")[2]
    return set(_LETTERS.findall(name.lower().rpartition(".")[0] or name.lower()))
