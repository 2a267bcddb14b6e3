"""Deciding what became of the visit to an article's page. Pure.

    VisitedPage ─┬ not allowed ────────────── disallowed by robots.txt, to be tried again
                 ├ no answer, a refusal ───── to be tried again, given up, too large
                 ├ an answer without a page ─ not a page, no text found
                 ├ a harmed worker ────────── quarantined
                 └ a text ─────────────────── stored

A page is asked for once: an article that is edited later keeps the text that its page had at first. What may pass is
asked for three times in all (see `schedule.retry_at`); a refusal (401, 403, 404, 410 …) is final, and nobody tries to
get around a login, a paywall or a riddle for robots.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.fetch.extract import NO_TEXT
from aggregator.fetch.robots import Refusal
from aggregator.fetch.schedule import TRIES, retry_at
from aggregator.records import Casualty, Download, Outcome, PageText, PageToFetch, PageUpdate

PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

CLAIM = timedelta(hours=1)
"""A page whose request was cut off by a crash is asked for again after this."""

STORED = "stored"
DISALLOWED = "disallowed by robots.txt"
NOT_A_PAGE = "not a page"
TOO_LARGE = "too large"
TO_BE_TRIED_AGAIN = "to be tried again"
GIVEN_UP = "given up"
QUARANTINED = "quarantined"

_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_UNCLEAR_TYPES = ("", "text/plain", "application/octet-stream", "application/xml", "text/xml")
_HEAD_BYTES = 1024
_MARKS_OF_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")


@dataclass(frozen=True, slots=True)
class VisitedPage:
    """A page after its visit. `download` is None where `refusal` says why it was not asked for.

    With both, the page was had and may not be kept, because a redirect led to where we may not read. `problem` says
    what came instead of a page. `text` is what a worker read in the body; `casualty` is there instead when the page
    harmed that worker.
    """

    page: PageToFetch
    refusal: Refusal | None = None
    download: Download | None = None
    problem: str | None = None
    text: PageText | None = None
    casualty: Casualty | None = None
    body_sha256: str | None = None


def not_a_page(download: Download) -> str | None:
    """Return what an answer is instead of a web page, for a person, or None: told by its type, else by its bytes."""
    media_type = (download.content_type or "").partition(";")[0].strip().lower()
    head = download.body[:_HEAD_BYTES]
    if not head.strip():
        return "the page is empty"
    if media_type in _PAGE_TYPES and not head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"PK\x03\x04")):
        return None
    if media_type in _UNCLEAR_TYPES and any(mark in head.lower() for mark in _MARKS_OF_HTML):
        return None
    return f"not a page but {media_type}" if media_type not in (*_PAGE_TYPES, "") else "not a page but a file"


def page_update(visited: VisitedPage, now: datetime) -> PageUpdate:
    """Return what to note about a page, and under which name its visit is counted."""
    download = visited.download
    if visited.refusal is not None:
        return _not_allowed(visited, visited.refusal, now)
    if download is None:
        raise ValueError(f"{visited.page.url} was neither asked for nor refused")
    if download.outcome is not Outcome.OK:
        return _not_had(visited, download, now)
    if visited.casualty is not None:
        return _final(visited, now, QUARANTINED, f"reading it harmed a worker: {visited.casualty.harm}")
    return _read(visited, now)


def _not_allowed(visited: VisitedPage, refusal: Refusal, now: datetime) -> PageUpdate:
    """Nobody knows what a robots.txt allows that cannot be had: that is waited for, as long as a page is."""
    if refusal.until is None:
        return _final(visited, now, DISALLOWED, refusal.reason)
    if visited.page.failures + 1 >= TRIES:
        return _final(visited, now, GIVEN_UP, refusal.reason)
    return _later(visited, refusal.until, refusal.reason, now)


def _not_had(visited: VisitedPage, download: Download, now: datetime) -> PageUpdate:
    if download.outcome is Outcome.TOO_LARGE:
        return _final(visited, now, TOO_LARGE, download.error)
    again_at = retry_at(download, visited.page.failures, now)
    if again_at is None:
        return _final(visited, now, GIVEN_UP, download.error)
    return _later(visited, again_at, download.error, now)


def _read(visited: VisitedPage, now: datetime) -> PageUpdate:
    text = visited.text
    problem = visited.problem or (text.problem if text is not None else NOT_A_PAGE)
    if problem is None:
        return _updated(visited, now, next_fetch_at=now, outcome=STORED)
    return _final(visited, now, NO_TEXT if problem == NO_TEXT else NOT_A_PAGE, problem)


def _final(visited: VisitedPage, now: datetime, outcome: str, error: str | None) -> PageUpdate:
    return _updated(visited, now, next_fetch_at=now, outcome=outcome, error=error or outcome, gave_up=True)


def _later(visited: VisitedPage, at: datetime, error: str | None, now: datetime) -> PageUpdate:
    return _updated(visited, now, next_fetch_at=at, outcome=TO_BE_TRIED_AGAIN, error=error or TO_BE_TRIED_AGAIN)


def _updated(
    visited: VisitedPage,
    now: datetime,
    *,
    next_fetch_at: datetime,
    outcome: str,
    error: str | None = None,
    gave_up: bool = False,
) -> PageUpdate:
    return PageUpdate(
        article_id=visited.page.article_id,
        url=visited.page.url,
        fetched_at=now,
        next_fetch_at=next_fetch_at,
        outcome=outcome,
        download=visited.download,
        page=visited.text if visited.refusal is None else None,
        error=error,
        gave_up=gave_up,
        trusted_origin=visited.page.trusted_origin,
    )
