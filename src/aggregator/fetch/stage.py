"""The fetch stage: feeds that are due are asked, read and saved; then the pictures that they name.

    rows ─due, claimed─▶ [ask ×N threads] ─body─▶ [read ×M processes] ─entries─▶ decide + save (the writer)
                                                                                     │ commit wakes
    rows ─due, claimed─▶ [look ×N threads] ─bytes to a blob─▶ save (the writer)  ◀───┘

Both sources take their work from the rows, so a slow picture host delays no article and a crash loses nothing. Only
`ask` and `look` wait; only `read` computes; only the writer writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from aggregator.config import FetchSettings
from aggregator.fetch.decide import decide_changes, keys_of
from aggregator.fetch.guard import Trust, origin
from aggregator.fetch.http import HttpClient
from aggregator.fetch.images import IMAGE_ACCEPT, image_update
from aggregator.fetch.parse import parse_feeds
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.update import feed_update
from aggregator.fetch.worklists import PoliteWorkList, feeds_due, images_due
from aggregator.ports import Blobs, Clock, Flow, ProcessTask, Reader, StoreTransaction, Writer
from aggregator.records import (
    ArticleChange,
    Casualty,
    FeedToFetch,
    FetchedFeed,
    ImageToFetch,
    ImageUpdate,
    Outcome,
    ParsedFeed,
    ParseJob,
    QuarantinedItem,
    Subscription,
)

FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
    "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)

PARSE = ProcessTask(parse_feeds, ParseJob, ParsedFeed)
"""What a worker process does for this stage."""


@dataclass(frozen=True, slots=True)
class FetchParts:
    """What the stage is made of; `app` picks the parts."""

    settings: FetchSettings
    subscriptions: Mapping[str, Subscription]
    client: HttpClient
    blobs: Blobs
    read: Reader
    writer: Writer[StoreTransaction]
    clock: Clock
    monotonic: Callable[[], float]
    parse_workers: int


def add_fetch_stage(flow: Flow[StoreTransaction], parts: FetchParts) -> Callable[[], bool]:
    """Add the stage to `flow`; return a function that tells whether all of its work is done and committed."""
    settings = parts.settings
    gate = HostGate(settings.per_host, settings.host_spacing_s)
    due = feeds_due(
        read=parts.read,
        writer=parts.writer,
        gate=gate,
        clock=parts.clock,
        min_interval_s=settings.min_interval_s,
        monotonic=parts.monotonic,
    )

    feeds = flow.pull("feeds due", due, look_ahead=2 * settings.workers, done=due.done)
    bodies = flow.threads(
        "ask", partial(_ask, parts, gate), feeds, workers=settings.workers, size_of=lambda got: len(got.download.body)
    )
    read = flow.processes("read", PARSE, bodies, job_of=_parse_job, join=_with_parsed, workers=parts.parse_workers)
    flow.save("save feeds", partial(_save_feeds, parts), read)
    if not settings.images:
        return lambda: due.finished
    return _add_images(flow, parts, gate, due)


def _add_images(
    flow: Flow[StoreTransaction], parts: FetchParts, gate: HostGate, feeds: PoliteWorkList[FeedToFetch]
) -> Callable[[], bool]:
    workers = parts.settings.image_workers
    due = images_due(
        read=parts.read,
        writer=parts.writer,
        gate=gate,
        clock=parts.clock,
        monotonic=parts.monotonic,
        more_may_come=lambda: not feeds.finished,
    )
    pictures = flow.pull("pictures due", due, look_ahead=2 * workers, done=due.done)
    looked = flow.threads("look", partial(_look, parts, gate), pictures, workers=workers)
    flow.save("save pictures", _save_pictures, looked)
    return lambda: feeds.finished and due.finished


# --- feeds -------------------------------------------------------------------------------------------------------


def _ask(parts: FetchParts, gate: HostGate, feed: FeedToFetch) -> FetchedFeed:
    """Ask a server for a feed. Runs in a thread."""
    settings, subscription = parts.settings, parts.subscriptions.get(feed.url)
    request = HttpRequest(
        url=feed.url,
        trust=Trust.CONFIGURED,
        accept=FEED_ACCEPT,
        validators=feed.validators,
        headers=subscription.headers if subscription else (),
        auth=subscription.auth if subscription else None,
        timeout_s=settings.timeout_s,
        max_body_bytes=settings.max_body_bytes,
    )
    gate.begin(feed.host, parts.monotonic())
    try:
        download = parts.client.get(request, parts.clock.now())
    finally:
        gate.end(feed.host, parts.monotonic())
    body_sha256 = hashlib.sha256(download.body).hexdigest() if download.outcome is Outcome.OK else None
    return FetchedFeed(feed, download, body_sha256)


def _parse_job(fetched: FetchedFeed) -> ParseJob | None:
    """Return what a worker needs; an answer without a body, or with the body that is known, needs none."""
    if fetched.body_sha256 is None or fetched.body_sha256 == fetched.feed.body_sha256:
        return None
    download = fetched.download
    return ParseJob(url=download.final_url, body=download.body, content_type=download.content_type)


def _with_parsed(fetched: FetchedFeed, result: ParsedFeed | Casualty | None) -> FetchedFeed:
    """Put the entries in the place of the body, which nobody needs any more."""
    without_body = replace(fetched, download=replace(fetched.download, body=b""))
    if isinstance(result, Casualty):
        return replace(without_body, casualty=result)
    return replace(without_body, parsed=result)


def _save_feeds(parts: FetchParts, transaction: StoreTransaction, fetched: Sequence[FetchedFeed]) -> list[str]:
    """Commit feeds, each with its articles and its validators together. Runs in the writer."""
    return [_save_feed(parts, transaction, one) for one in fetched]


def _save_feed(parts: FetchParts, transaction: StoreTransaction, fetched: FetchedFeed) -> str:
    now, feed = parts.clock.now(), fetched.feed
    changes: list[ArticleChange] = []
    if fetched.parsed is not None and fetched.parsed.problem is None:
        entries = fetched.parsed.entries
        changes = decide_changes(entries, transaction.articles.known(feed.feed_id, *keys_of(entries)), now)
        transaction.articles.save(feed.feed_id, changes, origin(feed.url), now)
    if fetched.casualty is not None:
        transaction.quarantine.add(_quarantined(fetched, fetched.casualty), now)
    update = feed_update(fetched, changes, now, parts.settings.min_interval_s)
    transaction.feeds.record(update)
    return update.outcome


def _quarantined(fetched: FetchedFeed, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem(
        kind="feed",
        item_id=fetched.feed.feed_id,
        url=fetched.feed.url,
        stage="read",
        reason=casualty.harm,
        detail=casualty.detail,
        input_hash=fetched.body_sha256,
    )


# --- pictures ----------------------------------------------------------------------------------------------------


def _look(parts: FetchParts, gate: HostGate, image: ImageToFetch) -> ImageUpdate:
    """Ask a server for a picture and keep it. Runs in a thread; the bytes go to a file and no further."""
    request = HttpRequest(
        url=image.url,
        trust=Trust.NETWORK,
        trusted_origin=image.trusted_origin,
        accept=IMAGE_ACCEPT,
        timeout_s=parts.settings.timeout_s,
        max_body_bytes=parts.settings.max_image_bytes,
    )
    gate.begin(image.host, parts.monotonic())
    try:
        download = parts.client.get(request, parts.clock.now())
    finally:
        gate.end(image.host, parts.monotonic())
    return image_update(image, download, parts.blobs, parts.clock.now())


def _save_pictures(transaction: StoreTransaction, updates: Sequence[ImageUpdate]) -> list[str]:
    """Commit what became of pictures. Runs in the writer."""
    for update in updates:
        transaction.images.record_download(update)
    return [_picture_outcome(update) for update in updates]


def _picture_outcome(update: ImageUpdate) -> str:
    if update.blob is not None:
        return "stored"
    return "given up" if update.gave_up else "to be tried again"
