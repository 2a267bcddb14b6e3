from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.fetch.memory import has_overflowed, remember
from aggregator.fetch.moves import Move
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    Download,
    EntryKeys,
    FeedMemory,
    FeedToFetch,
    FetchedFeed,
    Outcome,
    ParsedEntry,
    ParsedFeed,
    PublisherHints,
    Reason,
    Slices,
)

URL = "https://news.test/feed"
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOME = Move(URL)
NO_HINTS = PublisherHints()


def answer(outcome: Outcome = Outcome.OK, status: int | None = 200, *, conditional: bool = True) -> Download:
    error = None if outcome in (Outcome.OK, Outcome.NOT_MODIFIED) else "no"
    return Download(URL, URL, outcome, NOW, 0.1, status, conditional=conditional, error=error)


def change(published_at: datetime | None, kind: ChangeKind = ChangeKind.NEW) -> ArticleChange:
    entry = ParsedEntry("g", None, "One", published_at=published_at)
    return ArticleChange(kind, entry, EntryKeys("guid g"), "hash", min(published_at or NOW, NOW))


def fetched(
    memory: FeedMemory,
    download: Download | None = None,
    *changes: ArticleChange,
    reason: Reason = Reason.DUE,
    slices: Slices | None = None,
    hints: PublisherHints = NO_HINTS,
) -> FetchedFeed:
    download = download or answer()
    parsed = None
    if download.outcome is Outcome.OK:
        parsed = ParsedFeed("rss20", "News", entries=tuple(one.entry for one in changes), hints=hints)
    return FetchedFeed(
        FeedToFetch(1, URL, URL, "news.test", memory=memory), download, reason, "hash", slices, (), parsed
    )


def after(one: FetchedFeed, *changes: ArticleChange, readable: bool = True) -> FeedMemory:
    return remember(one, changes, HOME, NOW, readable=readable)


KNOWN = FeedMemory(full_at=NOW - 9 * HOUR, entries=3, newest_at=NOW - 5 * HOUR, arrivals=(NOW - 5 * HOUR,))


# --- counts ----------------------------------------------------------------------------------------------------------


def test_304_is_counted_until_a_document_comes() -> None:
    first = after(fetched(KNOWN, answer(Outcome.NOT_MODIFIED, 304)))
    second = after(fetched(first, answer(Outcome.NOT_MODIFIED, 304)))
    assert (first.not_modified, second.not_modified) == (1, 2)
    assert after(fetched(second)).not_modified == 0


def test_the_time_of_the_last_full_answer_is_that_of_one_without_validators() -> None:
    assert after(fetched(KNOWN)).full_at == NOW - 9 * HOUR
    assert after(fetched(KNOWN, answer(conditional=False))).full_at == NOW


def test_410_counts_in_a_row_and_no_answer_says_nothing() -> None:
    gone = answer(Outcome.HTTP_ERROR, 410)
    twice = after(fetched(after(fetched(KNOWN, gone), readable=False), gone), readable=False)
    assert twice.gone == 2
    assert after(fetched(twice, answer(Outcome.TIMEOUT, None)), readable=False).gone == 2
    assert after(fetched(twice, answer(Outcome.HTTP_ERROR, 404)), readable=False).gone == 0
    assert after(fetched(twice)).gone == 0


def test_throttling_is_forgotten_one_good_answer_at_a_time() -> None:
    throttled = replace(KNOWN, throttles=2)
    assert after(fetched(throttled, answer(Outcome.HTTP_ERROR, 429)), readable=False).throttles == 3
    assert after(fetched(throttled, answer(Outcome.HTTP_ERROR, 500)), readable=False).throttles == 2
    assert after(fetched(throttled)).throttles == 1
    assert after(fetched(throttled), readable=False).throttles == 2
    assert after(fetched(KNOWN)).throttles == 0


def test_probes_count_while_they_are_in_vain() -> None:
    probed = replace(KNOWN, probes=1)
    news = change(NOW)
    assert after(fetched(probed, answer(conditional=False), reason=Reason.PROBE)).probes == 2
    assert after(fetched(probed, answer(conditional=False), news, reason=Reason.PROBE), news).probes == 0
    assert after(fetched(probed)).probes == 1
    failed = after(fetched(probed, answer(Outcome.TIMEOUT, None), reason=Reason.PROBE), readable=False)
    assert (failed.probes, failed.full_at) == (2, NOW), "it was one all the same"


def test_a_failure_leaves_what_documents_taught() -> None:
    assert after(fetched(KNOWN, answer(Outcome.TIMEOUT, None)), readable=False) == KNOWN


# --- documents -------------------------------------------------------------------------------------------------------


def test_the_dates_of_a_first_document_are_its_history() -> None:
    changes = [change(NOW - 3 * HOUR), change(NOW - HOUR), change(None)]
    got = after(fetched(FeedMemory(), None, *changes), *changes)
    assert got.arrivals == (NOW - 3 * HOUR, NOW - HOUR)
    assert (got.entries, got.newest_at) == (3, NOW - HOUR)


def test_a_first_document_without_dates_was_there_by_now_and_no_more() -> None:
    changes = [change(None), change(None)]
    assert after(fetched(FeedMemory(), None, *changes), *changes).arrivals == (NOW,)


def test_later_only_what_is_new_to_the_feed_is_an_arrival() -> None:
    changes = [change(NOW - HOUR), change(None), change(NOW, ChangeKind.SIGHTED), change(NOW, ChangeKind.SEEN)]
    got = after(fetched(KNOWN, None, *changes), *changes)
    assert got.arrivals == (NOW - 5 * HOUR, NOW - HOUR, NOW, NOW)


def test_a_sliced_document_is_as_large_as_the_whole() -> None:
    one = change(NOW)
    got = after(fetched(KNOWN, None, one, slices=Slices((b"1",), (b"2", b"3"))), one)
    assert (got.entries, got.newest_at) == (3, NOW)
    unchanged = after(fetched(KNOWN, None, slices=Slices((), (b"2", b"3"))))
    assert (unchanged.entries, unchanged.newest_at) == (2, KNOWN.newest_at)


def test_what_the_document_asks_for_is_that_of_the_last_one() -> None:
    hints = PublisherHints(ttl_s=60)
    assert after(fetched(KNOWN, hints=hints)).hints == hints
    assert after(fetched(replace(KNOWN, hints=hints))).hints == PublisherHints()


# --- overflow --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "slices", "memory", "overflowed"),
    [
        ([change(NOW), change(NOW - 4 * HOUR)], None, KNOWN, True),
        ([change(NOW), change(NOW - 5 * HOUR)], None, KNOWN, False),
        ([change(NOW), change(NOW, ChangeKind.SEEN)], None, KNOWN, False),
        ([change(NOW), change(NOW, ChangeKind.REVISED)], None, KNOWN, False),
        ([change(NOW)], Slices((b"1",), (b"2",)), KNOWN, False),
        ([change(NOW)], Slices((b"1",), ()), KNOWN, True),
        ([change(NOW)], None, FeedMemory(), False),
        ([], None, KNOWN, False),
        ([change(None), change(None)], None, KNOWN, True),
        ([change(None)], None, KNOWN, False),
        ([change(None), change(NOW)], None, KNOWN, True),
        ([change(NOW), change(NOW)], None, replace(KNOWN, newest_at=None), False),
    ],
)
def test_articles_were_missed_if_nothing_is_known_and_all_is_newer(
    changes: list[ArticleChange], slices: Slices | None, memory: FeedMemory, overflowed: bool
) -> None:
    one = fetched(memory, None, *changes, slices=slices)
    assert has_overflowed(one, changes) is overflowed
    got = after(one, *changes)
    assert (got.overflows, got.overflowed_at) == ((1, NOW) if overflowed else (0, None))
