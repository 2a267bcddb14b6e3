"""Asking a server for a feed. Runs in threads: it waits, and computes next to nothing.

FeedToFetch ─ why, and with which validators ─▶ Asker ─▶ Download ─▶ the further pages of an API
                                                              └────▶ known entries cut out ─▶ FetchedFeed
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from aggregator.fetch.guard import Trust
from aggregator.fetch.moves import same_place
from aggregator.fetch.paging import further_pages
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.schedule import why_now
from aggregator.fetch.secret_query import ask_with_query
from aggregator.fetch.slicing import slice_document
from aggregator.records import (
    ApiRecipe,
    Casualty,
    Download,
    FeedToFetch,
    FetchedFeed,
    Harm,
    Outcome,
    Reason,
    Validators,
)

FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
API_ACCEPT = "application/json, */*;q=0.1"


def ask_feed(
    parts: FetchParts, feed: FeedToFetch, *, reason: Reason | None = None, admitted: bool = True
) -> FetchedFeed:
    """Ask for a feed, and for the further pages of an API.

    `reason` is the schedule's own if none is given. `admitted` tells whether the host has given it a turn already.
    """
    reason = reason or why_now(feed, parts.clock.now())
    request = _request(parts, feed, reason)
    query = parts.query_of(feed)
    download = ask_with_query(lambda one: parts.asker.ask(one, feed.host, admitted=admitted), request, query)
    fetched = FetchedFeed(feed, download, reason)
    if download.outcome is not Outcome.OK:
        return fetched
    pages = _more_pages(parts, feed, request, download)
    fetched = replace(fetched, more_pages=pages, body_sha256=_hash_of(download, pages, parts.recipe_of(feed)))
    if fetched.body_sha256 == feed.memory.harmful_sha256:
        return replace(fetched, casualty=Casualty(Harm.CRASHED, "the same document harmed the process before"))
    return _without_known_entries(parts, fetched)


def _request(parts: FetchParts, feed: FeedToFetch, reason: Reason) -> HttpRequest:
    """Return the request for a feed. What the user trusts it with stays where the user subscribed to it."""
    subscription = parts.trusted_with(feed)
    return HttpRequest(
        url=feed.asked_url,
        trust=Trust.CONFIGURED if same_place(feed.url, feed.asked_url) else Trust.NETWORK,
        accept=API_ACCEPT if parts.recipe_of(feed) else FEED_ACCEPT,
        validators=Validators() if reason is Reason.PROBE else feed.validators,
        validators_url=feed.validators_url,
        headers=subscription.headers if subscription else (),
        auth=subscription.auth if subscription else None,
        timeout_s=parts.settings.timeout_s,
        max_body_bytes=parts.settings.max_body_bytes,
    )


def _more_pages(parts: FetchParts, feed: FeedToFetch, request: HttpRequest, first: Download) -> tuple[Download, ...]:
    """Ask for what follows the first page of an API, one page after another."""
    recipe = parts.recipe_of(feed)
    if recipe is None:
        return ()

    def ask(url: str, max_body_bytes: int) -> Download:
        page = replace(request, url=url, validators=Validators(), max_body_bytes=max_body_bytes)
        return ask_with_query(lambda one: parts.asker.ask(one, feed.host, admitted=False), page, parts.query_of(feed))

    return further_pages(recipe, first, ask, parts.settings.max_body_bytes)


def _hash_of(download: Download, pages: tuple[Download, ...], recipe: ApiRecipe | None) -> str:
    """Name what was got; for an API together with how it is read, which the user may change."""
    body = hashlib.sha256(download.body)
    if recipe is not None:
        body.update(repr(recipe).encode())
    for page in pages:
        body.update(page.body)
    return body.hexdigest()


def _without_known_entries(parts: FetchParts, fetched: FetchedFeed) -> FetchedFeed:
    """Cut out of a changed document what the store has, byte for byte."""
    feed, download = fetched.feed, fetched.download
    if fetched.body_sha256 == feed.body_sha256 or parts.recipe_of(feed) is not None:
        return fetched
    known: dict[bytes, int] = {}
    if feed.body_sha256 is not None:
        with parts.read() as transaction:
            known = transaction.feeds.slices(feed.feed_id)
    sliced = slice_document(download.body, download.content_type, download.final_url, known.keys())
    if sliced is None:
        return fetched
    return replace(fetched, download=replace(download, body=sliced.body), slices=sliced.slices)
