"""The pages of the fetch stage: those of articles whose feeds ask for full text are fetched, read and saved.

    rows ─due, claimed─▶ [visit ×N threads] ─body─▶ [extract ×M processes] ─text─▶ save (the writer)
                              │
                              └ robots.txt, once a day for each site, see `site_rules`

The work comes from the rows, so a slow site delays no article and a crash loses nothing. Only `visit` waits; only
`extract` computes. Robots.txt is asked about the address that is asked for and about the one that answered: a redirect
has no way around it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from aggregator.fetch.extract import extract_pages
from aggregator.fetch.guard import Trust
from aggregator.fetch.pages import (
    CLAIM,
    PAGE_ACCEPT,
    TO_BE_TRIED_AGAIN,
    VisitedPage,
    not_a_page,
    page_update,
)
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.site_rules import SiteRules
from aggregator.fetch.urls import url_problem
from aggregator.fetch.worklists import PoliteWorkList
from aggregator.ports import Flow, ProcessTask
from aggregator.records import (
    Casualty,
    LoggedRequest,
    Outcome,
    PageJob,
    PageText,
    PageToFetch,
    PageUpdate,
    QuarantinedItem,
    Reason,
)
from aggregator.store_ports import StoreTransaction

EXTRACT = ProcessTask(extract_pages, PageJob, PageText)
"""What a worker process does for this stage."""


def add_page_stage(
    flow: Flow[StoreTransaction], parts: FetchParts, more_may_come: Callable[[], bool]
) -> Callable[[], bool]:
    """Add the pages to `flow`; return a function that tells whether all that were due are done and committed.

    `more_may_come` tells whether articles may still come whose pages are wanted.
    """
    workers = parts.settings.page_workers
    due = pages_due(parts, more_may_come)
    pages = flow.pull("pages due", due, look_ahead=2 * workers, done=due.done)
    visited = flow.threads("visit", partial(visit, parts, SiteRules(parts)), pages, workers=workers, size_of=_size_of)
    read = flow.processes("extract", EXTRACT, visited, job_of=page_job, join=with_text, workers=parts.parse_workers)
    flow.save("save pages", partial(save_pages, parts), read)
    return lambda: due.finished


def pages_due(parts: FetchParts, more_may_come: Callable[[], bool]) -> PoliteWorkList[PageToFetch]:
    """Return the pages to be had, those included whose articles come while the list is worked on."""
    listed = _Listed(parts)

    def load(limit: int, excluding: Collection[int]) -> list[PageToFetch]:
        listed.catch_up()
        with parts.read() as transaction:
            return transaction.pages.due(parts.clock.now(), limit, excluding)

    def claim(pages: Sequence[PageToFetch]) -> None:
        until = [parts.clock.now() + CLAIM] * len(pages)
        parts.writer.call(lambda transaction: transaction.pages.claim(pages, until))

    return PoliteWorkList(
        load=load,
        claim=claim,
        id_of=lambda page: page.article_id,
        host_of=lambda page: page.host,
        gate=parts.gate,
        monotonic=parts.monotonic,
        more_may_come=more_may_come,
    )


class _Listed:
    """How far the sightings have been looked through for articles whose pages are wanted. Used by one thread.

    At its start a run looks at all recent ones, since feeds may have been switched to full text; then at new ones.
    """

    def __init__(self, parts: FetchParts) -> None:
        self._parts = parts
        self._last: int | None = None

    def catch_up(self) -> None:
        """Put the pages of articles on the list that came since the last time, in short transactions."""
        if self._last is None:
            self._parts.writer.call(partial(_forget, self._parts.clock.now()))
            with self._parts.read() as transaction:
                self._last = transaction.pages.before_recent(self._parts.clock.now())
        with self._parts.read() as transaction:
            newest = transaction.pages.newest_sighting()
        while self._last < newest:
            enlist = partial(_enlist, self._last, self._parts.clock.now())
            self._last = self._parts.writer.call(enlist)


def _forget(now: datetime, transaction: StoreTransaction) -> None:
    transaction.pages.forget_unwanted()
    transaction.pages.forget_old_robots(now)


def _enlist(after: int, now: datetime, transaction: StoreTransaction) -> int:
    return transaction.pages.enlist(after, now)


def visit(parts: FetchParts, sites: SiteRules, page: PageToFetch) -> VisitedPage:
    """Ask a server for a page, if its site allows that. Runs in a thread."""
    request = HttpRequest(
        url=page.url,
        trust=Trust.NETWORK,
        trusted_origin=page.trusted_origin,
        accept=PAGE_ACCEPT,
        timeout_s=parts.settings.timeout_s,
        max_body_bytes=parts.settings.max_page_bytes,
    )
    if url_problem(page.url) is not None:
        # It has no site to be asked about; the client sends nothing and says why.
        return VisitedPage(page, download=parts.asker.ask(request, page.host))
    found = sites.of(page.url, page.host, page.trusted_origin, admitted=True)
    refusal = found.rules.refusal(page.url)
    if refusal is not None:
        if not found.asked:
            parts.gate.forgo(page.host, parts.monotonic())
        return VisitedPage(page, refusal)
    # The turn that the work list was given may have gone to robots.txt; then this waits for the next.
    download = parts.asker.ask(request, page.host, admitted=not found.asked)
    return _landed(sites, VisitedPage(page, download=download))


def _landed(sites: SiteRules, visited: VisitedPage) -> VisitedPage:
    """Judge what came: it may be kept if the site that answered allows that as well, and if it is a page."""
    download = visited.download
    if download is None or download.outcome is not Outcome.OK:
        return visited
    if download.final_url != visited.page.url:
        host = urlsplit(download.final_url).hostname or ""
        found = sites.of(download.final_url, host, visited.page.trusted_origin, admitted=False)
        refusal = found.rules.refusal(download.final_url)
        if refusal is not None:
            return replace(_without_body(visited), refusal=refusal)
    return replace(visited, problem=not_a_page(download))


def page_job(visited: VisitedPage) -> PageJob | None:
    """Return what a worker needs; without a page to read it needs nothing."""
    download = visited.download
    if download is None or download.outcome is not Outcome.OK or visited.refusal or visited.problem:
        return None
    return PageJob(url=download.final_url, body=download.body, content_type=download.content_type)


def with_text(visited: VisitedPage, result: PageText | Casualty | None) -> VisitedPage:
    """Put the text in the place of the body, which nobody needs any more."""
    if isinstance(result, Casualty):
        body = visited.download.body if visited.download else b""
        return replace(_without_body(visited), casualty=result, body_sha256=hashlib.sha256(body).hexdigest())
    return replace(_without_body(visited), text=result)


def save_pages(parts: FetchParts, transaction: StoreTransaction, visited: Sequence[VisitedPage]) -> list[str]:
    """Commit what became of pages, and one line of the ledger for each request. Runs in the writer."""
    now = parts.clock.now()
    updates = [page_update(one, now) for one in visited]
    for one in visited:
        if one.casualty is not None:
            transaction.quarantine.add(_quarantined(one, one.casualty), now)
    transaction.pages.record(updates)
    transaction.log.add([line for update in updates if (line := _ledger_line(update)) is not None])
    return [update.outcome for update in updates]


def _size_of(visited: VisitedPage) -> int:
    return len(visited.download.body) if visited.download else 0


def _without_body(visited: VisitedPage) -> VisitedPage:
    download = visited.download
    return visited if download is None else replace(visited, download=replace(download, body=b""))


def _ledger_line(update: PageUpdate) -> LoggedRequest | None:
    """Return the line about a page that was asked for; what robots.txt forbade was no request."""
    if update.download is None:
        return None
    is_planned = update.outcome == TO_BE_TRIED_AGAIN
    return LoggedRequest(
        kind="page",
        reason=Reason.FULL_TEXT,
        download=update.download,
        outcome=update.outcome,
        next_fetch_at=update.next_fetch_at if is_planned else None,
        decided_by="backoff after a failure" if is_planned else "",
    )


def _quarantined(visited: VisitedPage, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem(
        kind="page",
        item_id=visited.page.article_id,
        url=visited.page.url,
        stage="extract",
        reason=casualty.harm,
        detail=casualty.detail,
        input_hash=visited.body_sha256,
    )
