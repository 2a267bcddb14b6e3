"""Finding the feeds of a page. Pure, and its time grows with the length of the page only, however hostile that is.

    page ─ <link rel=alternate type=…> ─▶ declared feeds, those of comments last
         └ none: <a href=…> that looks like one ─▶ candidates
                                                  └ none: `usual_places` of its site

The first follows the HTML standard (4.6.7.1, "alternate", and what it says about feeds); the rest is what pages without
it have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urljoin

from aggregator.subscriptions.tags import read_tags
from aggregator.subscriptions.values import feed_url, split_credentials

MAX_PAGE_CHARS = 2_000_000
"""Of a longer page only the beginning is looked at."""

MAX_MARKS = 100_000
"""So many `<` of a page are looked at: the time that a page takes is that of its tags."""

MAX_ADDRESS_CHARS = 2_048
"""A longer link, or base of links, is passed over."""

MAX_LINKS = 50
"""A page that offers more feeds than this offers no more."""

_FEED_TYPES = frozenset(
    f"application/{kind}"
    for kind in ("rss+xml", "atom+xml", "feed+json", "rdf+xml", "x-rss+xml", "x-atom+xml", "x.atom+xml", "rss", "atom")
)
_VAGUE_TYPES = frozenset(("application/xml", "text/xml", "application/json"))
"""Types of many things: with them, the address or the title has to speak of a feed as well."""

_LOOKS_LIKE_A_FEED = re.compile(
    r"(?:^|[/._?=&-])(?:feeds?|rss(?:2|20)?|atom|rdf)(?=$|[/._?=&-])|\.(?:rss|atom|rdf)(?:$|\?)|index\.xml$"
    r"|(?:feed|(?:^|[/._-])(?:front|news|latest|posts|articles|stories|headlines))\.json(?:$|\?)",
    re.IGNORECASE,
)
_IS_OF_COMMENTS = re.compile(r"comment|kommentar|commentaire|comentario|reacties|commenti", re.IGNORECASE)
_NO_MARKUP_INSIDE = frozenset(("script", "style", "textarea", "template"))
_MAX_TITLE_CHARS = 200
_MAX_CANDIDATES = 500
_PLACES = ("feed", "feed/", "rss", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json")
_PLACES_BELOW = ("feed", "feed/", "rss.xml", "atom.xml", "index.xml")


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page offers. `declared`: by a <link>, else it only looks like one."""

    url: str
    title: str = ""
    declared: bool = True
    of_comments: bool = False


def find_feeds(text: str, url: str) -> list[FeedLink]:
    """Return the feeds that the page `text` at `url` offers, each once, the most promising first.

    Declared ones come in the order of the page, feeds of comments after the others. Links of the text count only where
    nothing is declared. Only http and https URLs are returned, as `feed_url` writes them, without user name.
    """
    declared, anchors = _read(text, url)
    return sorted(declared or anchors, key=lambda link: link.of_comments)


def usual_places(url: str) -> list[str]:
    """Return where the site of the page at `url` may have a feed: below its folder, then at its root."""
    folder = urljoin(url, ".")
    root = urljoin(url, "/")
    below = [urljoin(folder, place) for place in _PLACES_BELOW] if folder != root else []
    return [*below, *(urljoin(root, place) for place in _PLACES)]


def _read(text: str, url: str) -> tuple[list[FeedLink], list[FeedLink]]:
    """Return the declared feeds, and the anchors that look like feeds. The first <base href> counts for all."""
    base = ""
    declared: list[FeedLink] = []
    anchors: list[FeedLink] = []
    for tag in read_tags(text[:MAX_PAGE_CHARS], _NO_MARKUP_INSIDE, MAX_MARKS):
        href = tag.attributes.get("href", "").strip()
        if not href or len(href) > MAX_ADDRESS_CHARS or tag.is_end:
            continue
        if tag.name == "base":
            base = base or href
        elif tag.name == "link" and _is_declared(tag.attributes):
            declared.append(_link(href, tag.attributes, declared=True))
        elif tag.name == "a" and _LOOKS_LIKE_A_FEED.search(href):
            anchors.append(_link(href, tag.attributes, declared=False))
    base = _joined(url, base) or url
    return _resolved(declared, url, base), _resolved(anchors, url, base)


def _link(href: str, attributes: Mapping[str, str], *, declared: bool) -> FeedLink:
    title = re.sub(r"\s+", " ", attributes.get("title", "")[:_MAX_TITLE_CHARS]).strip()
    of_comments = bool(_IS_OF_COMMENTS.search(href) or _IS_OF_COMMENTS.search(title))
    return FeedLink(href, title, declared, of_comments)


def _is_declared(values: Mapping[str, str]) -> bool:
    rel = values.get("rel", "").lower().split()
    kind = values.get("type", "").split(";")[0].strip().lower()
    if "stylesheet" in rel or not {"alternate", "feed"} & {*rel}:
        return False
    if kind in _FEED_TYPES or ("feed" in rel and not kind):
        return True
    said = f"{values.get('href', '')} {values.get('title', '')}".lower()
    return kind in _VAGUE_TYPES and re.search(r"rss|atom|feed", said) is not None and "oembed" not in said


def _resolved(links: Iterable[FeedLink], page_url: str, base: str) -> list[FeedLink]:
    """Return the first `MAX_LINKS` of `links` with absolute addresses, each address once, that of the page left out."""
    found: dict[str, FeedLink] = {}
    for link in islice(links, _MAX_CANDIDATES):
        url = _joined(base, link.url)
        if url is not None and url != page_url:
            found.setdefault(url, replace(link, url=url))
        if len(found) == MAX_LINKS:
            break
    return list(found.values())


def _joined(base: str, href: str) -> str | None:
    try:
        return split_credentials(feed_url(urljoin(base, re.sub(r"(?i)^feed:(?://)?(?=https?:)", "", href))))[0]
    except ValueError:
        return None
