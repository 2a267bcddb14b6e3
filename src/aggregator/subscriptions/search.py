"""Which addresses are asked to find a feed, in which order, and when to stop. Pure: asking is handed over.

the address itself ┬ a feed
                   └ a page ┬ what it declares or links to, one after the other
                            └ nothing: the usual places, until the site has had enough
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from aggregator.subscriptions.discovery import FeedLink, find_feeds, usual_places

MAX_TRIES = 8
"""A page whose first so many feeds cannot be read is given up."""


class Standing(Enum):
    """How an address stands before it is asked."""

    NEW = "new"
    KNOWN = "known"
    """subscribed to once, and a feed when it was last asked: the database knows when it may be asked again"""
    PRESENT = "present"
    """in feeds.toml"""


@dataclass(frozen=True, slots=True)
class Look:
    """What was at an address: a feed, or with `why` not. `page` is the text of an HTML page, `page_url` its address.

    `remedy` says what the user can do. `stop`: the server would rather not be asked for more.
    """

    why: str | None = None
    remedy: str = ""
    page: str | None = None
    page_url: str = ""
    stop: bool = False


@dataclass(frozen=True, slots=True)
class TriedAddress:
    """An address that was asked in vain, and why it is no feed."""

    url: str
    why: str


@dataclass(slots=True)
class Search:
    """What a search came to, as it goes: `feeds` were asked and are to be added, `known` are to be added unasked.

    `offered` are feeds of the page that were not chosen; `problem` says why nothing was found.
    """

    feeds: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    offered: list[FeedLink] = field(default_factory=list)
    tried: list[TriedAddress] = field(default_factory=list)
    problem: str | None = None

    @property
    def has_found(self) -> bool:
        """Whether there is a feed."""
        return bool(self.feeds or self.known or self.present)


def search_feeds(
    url: str, look: Callable[[str], Look], standing: Callable[[str], Standing], *, take_all: bool = False
) -> Search:
    """Find the feed at `url`, or the main one of the page there; with `take_all`, all that the page offers."""
    search = Search()
    if _needs_no_look(search, url, standing):
        return search
    first = look(url)
    if first.why is None:
        search.feeds.append(url)
        return search
    if first.page is None:
        search.problem = _sentence(f"{url} cannot be added: {first.why}", first.remedy)
        return search
    links = find_feeds(first.page, first.page_url)
    if links:
        _try_links(search, links, look, standing, take_all=take_all)
    elif not first.stop:
        _try_places(search, usual_places(first.page_url), look, standing)
    if not search.has_found:
        search.problem = _nothing_found(url, bool(links), search.tried)
    return search


def _needs_no_look(search: Search, url: str, standing: Callable[[str], Standing]) -> bool:
    stands = standing(url)
    if stands is Standing.PRESENT:
        search.present.append(url)
    elif stands is Standing.KNOWN:
        search.known.append(url)
    return stands is not Standing.NEW


def _try_links(
    search: Search,
    links: list[FeedLink],
    look: Callable[[str], Look],
    standing: Callable[[str], Standing],
    *,
    take_all: bool,
) -> None:
    left_alone: set[str] = set()
    for number, link in enumerate(links):
        if not take_all if search.has_found else len(search.tried) == MAX_TRIES:
            search.offered += links[number:]
            return
        if _needs_no_look(search, link.url, standing):
            continue
        server = urlsplit(link.url).netloc
        if server in left_alone:
            search.offered.append(link)
            continue
        found = look(link.url)
        if found.stop:
            left_alone.add(server)
        if found.why is None:
            search.feeds.append(link.url)
        else:
            search.tried.append(TriedAddress(link.url, found.why))


def _try_places(
    search: Search, places: list[str], look: Callable[[str], Look], standing: Callable[[str], Standing]
) -> None:
    for place in places:
        if _needs_no_look(search, place, standing):
            return
        found = look(place)
        if found.why is None:
            search.feeds.append(place)
            return
        search.tried.append(TriedAddress(place, found.why))
        if found.stop:
            return


def _nothing_found(url: str, has_links: bool, tried: list[TriedAddress]) -> str:  # noqa: FBT001 - a fact
    if not has_links:
        asked = f", and {len(tried)} usual addresses of one hold none" if tried else ""
        return _sentence(f"{url} is a page that names no feed{asked}", "Look for one on the site, and add its address")
    reasons = "; ".join(f"{one.url}: {one.why}" for one in tried[:3])
    more = f" (and {len(tried) - 3} more)" if len(tried) > 3 else ""  # noqa: PLR2004 - as many as are named
    return _sentence(f"{url} is a page, and no feed that it names can be read: {reasons}{more}", "Try again later")


def _sentence(text: str, remedy: str) -> str:
    return (
        f"{text.rstrip('.')}. {remedy}. Nothing was written" if remedy else f"{text.rstrip('.')}. Nothing was written"
    )
