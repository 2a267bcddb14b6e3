from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.fetch.schedule import Limits
from aggregator.fetch.update import SUCCESSES, feed_update
from aggregator.records import (
    ArticleChange,
    Casualty,
    ChangeKind,
    Download,
    EntryKeys,
    FeedMemory,
    FeedState,
    FeedToFetch,
    FeedUpdate,
    FetchedFeed,
    Harm,
    Outcome,
    ParsedEntry,
    ParsedFeed,
    Reason,
    Validators,
)

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
URL = "https://news.test/feed"
OLD, NEW = Validators('"old"', "Sunday"), Validators('"new"', "Monday")
MEMORY = FeedMemory(full_at=NOW - timedelta(days=1), entries=1)
FEED = FeedToFetch(
    *(7, URL, URL, "news.test"), validators=OLD, body_sha256="old hash", failures=2, last_success_at=NOW, memory=MEMORY
)
LIMITS = Limits(1800.0, 86400.0)
PARSED = ParsedFeed("rss20", "News", entries=(ParsedEntry("g", None, "One"),))


def answer(outcome: Outcome = Outcome.OK, status: int | None = 200, validators: Validators = NEW) -> Download:
    error = None if outcome in (Outcome.OK, Outcome.NOT_MODIFIED) else f"it failed: {outcome}"
    return Download(URL, URL, outcome, NOW, 0.1, status, validators, error=error, conditional=True)


def fetched(download: Download, parsed: ParsedFeed | None = None, casualty: Casualty | None = None) -> FetchedFeed:
    body_sha256 = "new hash" if download.outcome is Outcome.OK else None
    return FetchedFeed(FEED, download, Reason.RETRY, body_sha256, parsed=parsed, casualty=casualty)


def change(kind: ChangeKind) -> ArticleChange:
    return ArticleChange(kind, PARSED.entries[0], EntryKeys("guid g"), "hash", NOW)


def update(one: FetchedFeed, *kinds: ChangeKind) -> FeedUpdate:
    return feed_update(one, [change(kind) for kind in kinds], NOW, LIMITS)


def test_a_feed_that_was_read_keeps_everything_new() -> None:
    got = update(fetched(answer(), PARSED), ChangeKind.NEW, ChangeKind.NEW, ChangeKind.REVISED, ChangeKind.SEEN)
    assert got == FeedUpdate(
        feed_id=7,
        url=URL,
        state=FeedState.ACTIVE,
        outcome="new articles",
        failures=0,
        next_fetch_at=NOW + timedelta(seconds=1801),
        download=answer(),
        reason=Reason.RETRY,
        decided_by="it has no history yet",
        memory=replace(MEMORY, arrivals=(NOW, NOW)),
        validators=NEW,
        body_sha256="new hash",
        parsed=PARSED,
        new_articles=2,
        revised_articles=1,
    )


@pytest.mark.parametrize(
    ("one", "kinds", "outcome"),
    [
        (fetched(answer(), PARSED), [ChangeKind.NEW], "new articles"),
        (fetched(answer(), PARSED), [ChangeKind.REVISED, ChangeKind.SIGHTED], "nothing new"),
        (fetched(answer(), PARSED), [], "nothing new"),
        (fetched(answer()), [], "unchanged"),
        (fetched(answer(Outcome.NOT_MODIFIED, 304)), [], "not modified"),
    ],
)
def test_every_success_has_its_outcome(one: FetchedFeed, kinds: list[ChangeKind], outcome: str) -> None:
    got = update(one, *kinds)
    assert got.outcome == outcome
    assert got.outcome in SUCCESSES
    assert (got.state, got.failures, got.error) == (FeedState.ACTIVE, 0, None)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in (Outcome.OK, Outcome.NOT_MODIFIED)])
def test_a_failure_keeps_nothing_and_says_why(outcome: Outcome) -> None:
    got = update(fetched(answer(outcome, None)))
    failures = 2 if outcome is Outcome.RESTING else 3  # nobody was asked
    assert (got.outcome, got.error, got.failures) == (str(outcome), f"it failed: {outcome}", failures)
    assert (got.validators, got.body_sha256, got.parsed) == (None, None, None)
    assert got.outcome not in SUCCESSES
    assert got.next_fetch_at >= NOW + timedelta(minutes=15 if outcome is Outcome.RESTING else 120)


def test_a_document_that_cannot_be_read_keeps_no_validators_or_nobody_would_look_again() -> None:
    got = update(fetched(answer(), ParsedFeed(problem="an HTML page and no feed")))
    assert (got.outcome, got.error, got.failures) == ("unreadable", "an HTML page and no feed", 3)
    assert (got.validators, got.body_sha256, got.parsed) == (None, None, None)


def test_a_document_that_harmed_its_reader_keeps_no_validators_either() -> None:
    casualty = Casualty(Harm.BUG, "Traceback:\n  File …\nValueError: what\n")
    got = update(fetched(answer(), casualty=casualty))
    assert (got.outcome, got.error, got.failures) == ("quarantined", "could not be read: bug (ValueError: what)", 3)
    assert (got.validators, got.body_sha256, got.parsed) == (None, None, None)
    assert got.outcome not in SUCCESSES


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (Validators(), OLD),
        (Validators(etag='"new"'), Validators('"new"', "Sunday")),
        (Validators(last_modified="Monday"), Validators('"old"', "Monday")),
        (NEW, NEW),
    ],
)
def test_not_modified_replaces_only_the_validators_it_names(sent: Validators, kept: Validators) -> None:
    assert update(fetched(answer(Outcome.NOT_MODIFIED, 304, sent))).validators == kept


@pytest.mark.parametrize("sent", [Validators(), Validators(etag='"new"'), NEW])
def test_a_full_answer_replaces_all_validators(sent: Validators) -> None:
    assert update(fetched(answer(validators=sent), PARSED)).validators == sent
    assert update(fetched(answer(validators=sent))).validators == sent, "the same body under other validators"


def test_an_api_of_which_a_page_is_missing_keeps_no_validators_or_the_page_would_never_be_asked_for() -> None:
    missing = answer(Outcome.TIMEOUT, None)
    got = update(replace(fetched(answer(), PARSED), more_pages=(answer(), missing)), ChangeKind.NEW)
    assert (got.outcome, got.error, got.validators, got.body_sha256) == ("new articles", None, None, None)
    assert update(replace(fetched(answer(), PARSED), more_pages=(answer(),)), ChangeKind.NEW).validators == NEW


def test_a_feed_that_moved_is_asked_there_from_now_on() -> None:
    elsewhere = "https://new.test/feed"
    claimed = replace(MEMORY, move_url=elsewhere, move_seen=2)
    redirected = replace(answer(), final_url=elsewhere, permanent_url=elsewhere)
    one = replace(fetched(redirected, PARSED), feed=replace(FEED, memory=claimed))
    got = update(one)
    assert (got.moved_url, got.has_moved, got.memory.move_url) == (elsewhere, True, None)
    there = update(replace(fetched(answer(), PARSED), feed=replace(FEED, asked_url=elsewhere)))
    assert (there.moved_url, there.has_moved, there.state) == (elsewhere, False, FeedState.MOVED)


def test_a_feed_that_lost_articles_says_so() -> None:
    known = replace(FEED, memory=replace(MEMORY, newest_at=NOW - timedelta(days=1)))
    entry = replace(PARSED.entries[0], published_at=NOW)
    new = ArticleChange(ChangeKind.NEW, entry, EntryKeys("guid g"), "hash", NOW)
    got = feed_update(replace(fetched(answer(), PARSED), feed=known), [new], NOW, LIMITS)
    assert (got.overflowed, got.memory.overflows, got.memory.overflowed_at) == (True, 1, NOW)
    assert not update(fetched(answer(), PARSED), ChangeKind.SEEN).overflowed
