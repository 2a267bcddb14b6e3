from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.fetch.update import SUCCESSES, feed_update
from aggregator.records import (
    ArticleChange,
    Casualty,
    ChangeKind,
    Download,
    FeedState,
    FeedToFetch,
    FeedUpdate,
    FetchedFeed,
    Harm,
    Outcome,
    ParsedEntry,
    ParsedFeed,
    Validators,
)

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
URL = "https://news.test/feed"
OLD, NEW = Validators('"old"', "Sunday"), Validators('"new"', "Monday")
FEED = FeedToFetch(7, URL, "news.test", OLD, "old hash", failures=2)
PARSED = ParsedFeed("rss20", "News", entries=(ParsedEntry("g", None, "One"),))


def answer(outcome: Outcome = Outcome.OK, status: int | None = 200, validators: Validators = NEW) -> Download:
    error = None if outcome in (Outcome.OK, Outcome.NOT_MODIFIED) else f"it failed: {outcome}"
    return Download(URL, URL, outcome, NOW, 0.1, status, validators, error=error)


def fetched(download: Download, parsed: ParsedFeed | None = None, casualty: Casualty | None = None) -> FetchedFeed:
    body_sha256 = "new hash" if download.outcome is Outcome.OK else None
    return FetchedFeed(FEED, download, body_sha256, parsed, casualty)


def change(kind: ChangeKind) -> ArticleChange:
    return ArticleChange(kind, PARSED.entries[0], "guid g", None, "hash", NOW)


def update(one: FetchedFeed, *kinds: ChangeKind) -> FeedUpdate:
    return feed_update(one, [change(kind) for kind in kinds], NOW, 1800.0)


def test_a_feed_that_was_read_keeps_everything_new() -> None:
    got = update(fetched(answer(), PARSED), ChangeKind.NEW, ChangeKind.NEW, ChangeKind.REVISED, ChangeKind.SEEN)
    assert got == FeedUpdate(
        feed_id=7,
        state=FeedState.ACTIVE,
        outcome="new articles",
        failures=0,
        next_fetch_at=NOW + timedelta(seconds=1801),
        download=answer(),
        conditional=True,
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
    assert (got.outcome, got.error, got.failures) == (str(outcome), f"it failed: {outcome}", 3)
    assert (got.validators, got.body_sha256, got.parsed) == (None, None, None)
    assert got.outcome not in SUCCESSES
    assert got.next_fetch_at >= NOW + timedelta(hours=2)


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


def test_a_request_without_validators_was_not_conditional() -> None:
    first = replace(fetched(answer(), PARSED), feed=replace(FEED, validators=Validators()))
    assert not update(first).conditional
    assert update(fetched(answer(), PARSED)).conditional
