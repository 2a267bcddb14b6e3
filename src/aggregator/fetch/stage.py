"""The fetch stage: feeds that are due are asked, read and saved; then the pages and pictures of their articles.

    rows ─due, claimed─▶ [ask ×N threads] ─body─▶ [read ×M processes] ─entries─▶ decide + save (the writer)
                                                                                     │ commit wakes
    rows ─due, claimed─▶ pages, see `page_stage`, and pictures, see `image_stage`  ◀─┘

All three take their work from the rows, so a slow picture host delays no article and a crash loses nothing. Only `ask`
waits; only `read` computes; only the writer writes. An answer that nothing changed, and a body that is known, never
reach a process; of a changed body only those entries do that nobody knows, see `slicing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aggregator.fetch.feed_asking import ask_feed
from aggregator.fetch.feed_saving import save_feeds
from aggregator.fetch.image_stage import add_image_stage
from aggregator.fetch.page_stage import add_page_stage
from aggregator.fetch.parse import parse_feeds
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.worklists import feeds_due
from aggregator.ports import Flow, ProcessTask
from aggregator.records import Casualty, FetchedFeed, Outcome, ParsedFeed, ParseJob
from aggregator.store_ports import StoreTransaction

PARSE = ProcessTask(parse_feeds, ParseJob, ParsedFeed)
"""What a worker process does for this stage."""


def add_fetch_stage(flow: Flow[StoreTransaction], parts: FetchParts) -> Callable[[], bool]:
    """Add the stage to `flow`; return a function that tells whether all of its work is done and committed."""
    settings = parts.settings
    due = feeds_due(parts)
    feeds = flow.pull("feeds due", due, look_ahead=2 * settings.workers, done=due.done)
    bodies = flow.threads("ask", partial(ask_feed, parts), feeds, workers=settings.workers, size_of=_size_of)
    read = flow.processes(
        "read", PARSE, bodies, job_of=partial(parse_job, parts), join=with_parsed, workers=parts.parse_workers
    )
    flow.save("save feeds", partial(save_feeds, parts), read)

    is_done: list[Callable[[], bool]] = [lambda: due.finished]
    if parts.wants_pages:
        is_done.append(add_page_stage(flow, parts, lambda: not due.finished))
    if settings.images:
        earlier = tuple(is_done)  # pages name pictures too
        is_done.append(add_image_stage(flow, parts, lambda: not all(done() for done in earlier)))
    return lambda: all(done() for done in is_done)


def _size_of(fetched: FetchedFeed) -> int:
    return len(fetched.download.body) + sum(len(page.body) for page in fetched.more_pages)


def parse_job(parts: FetchParts, fetched: FetchedFeed) -> ParseJob | None:
    """Return what a worker needs; an answer without a body, or with a known or a harmful one, needs none."""
    is_known = fetched.body_sha256 in (None, fetched.feed.body_sha256)
    if is_known or fetched.casualty is not None:
        return None
    download = fetched.download
    return ParseJob(
        url=download.final_url,
        body=download.body,
        content_type=download.content_type,
        api=parts.recipe_of(fetched.feed),
        more_pages=tuple(page.body for page in fetched.more_pages if page.outcome is Outcome.OK),
    )


def with_parsed(fetched: FetchedFeed, result: ParsedFeed | Casualty | None) -> FetchedFeed:
    """Put the entries in the place of the bodies, which nobody needs any more."""
    pages = tuple(replace(page, body=b"") for page in fetched.more_pages)
    without_body = replace(fetched, download=replace(fetched.download, body=b""), more_pages=pages)
    if isinstance(result, Casualty):
        return replace(without_body, casualty=result)
    return replace(without_body, parsed=result)
