"""The one writer: commits in groups, and loses no more than what is guilty."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from aggregator.errors import StorageError
from aggregator.pipeline.writer import WriterThread
from pipeline.machine import DEADLINE_S, Ledger, note

Writer = WriterThread[sqlite3.Connection]


@contextmanager
def held(writer: Writer) -> Iterator[None]:
    """Keep the writer inside an operation during the block, so that what is submitted meanwhile waits together."""
    begun, let_go = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        assert let_go.wait(DEADLINE_S)

    writer.submit(hold)
    assert begun.wait(DEADLINE_S)
    yield
    let_go.set()


def test_what_waits_together_is_committed_together(ledger: Ledger) -> None:
    rings: list[int] = []
    with closing(WriterThread(ledger.begin, lambda: rings.append(ledger.commits))) as writer:
        with held(writer):
            futures = [writer.submit(lambda db, n=number: note(db, n)) for number in range(100)]  # type: ignore[misc]
        assert [future.result(DEADLINE_S) for future in futures] == ["noted"] * 100
    assert ledger.lines() == [str(number) for number in range(100)]
    assert ledger.commits == 2
    assert rings == [1, 2], "the bell rings after each commit"


def test_a_result_is_there_only_once_it_is_durable(ledger: Ledger) -> None:
    with closing(WriterThread(ledger.begin)) as writer:
        for number in range(20):
            assert writer.call(lambda db, n=number: note(db, n)) == "noted"  # type: ignore[misc]
            assert ledger.lines()[-1] == str(number), "another connection does not see it yet"


def test_one_failing_operation_among_many_loses_only_itself(ledger: Ledger) -> None:
    def fail_after_writing(db: sqlite3.Connection) -> str:
        note(db, "half a thing")
        raise ValueError("a bug")

    with closing(WriterThread(ledger.begin)) as writer:
        with held(writer):
            before = [writer.submit(lambda db, n=number: note(db, n)) for number in range(5)]  # type: ignore[misc]
            guilty = writer.submit(fail_after_writing)
            after = [writer.submit(lambda db, n=number: note(db, n)) for number in range(5, 9)]  # type: ignore[misc]
        with pytest.raises(ValueError, match="a bug"):
            guilty.result(DEADLINE_S)
        assert all(future.result(DEADLINE_S) == "noted" for future in before + after)
    assert ledger.lines() == [str(number) for number in range(9)]


def test_a_storage_error_fails_all_that_share_the_commit(ledger: Ledger) -> None:
    def disk_full(_: sqlite3.Connection) -> str:
        raise StorageError("the disk is full")

    with closing(WriterThread(ledger.begin)) as writer:
        with held(writer):
            futures = [writer.submit(lambda db: note(db, "lost")), writer.submit(disk_full)]
            futures.append(writer.submit(lambda db: note(db, "lost")))
        for future in futures:
            with pytest.raises(StorageError, match="the disk is full"):
                future.result(DEADLINE_S)
        assert writer.call(lambda db: note(db, "later")) == "noted"
    assert ledger.lines() == ["later"]


def test_a_commit_that_fails_fails_its_operations(ledger: Ledger) -> None:
    @contextmanager
    def begin() -> Iterator[sqlite3.Connection]:
        with ledger.begin() as db:
            yield db
            raise StorageError("the commit failed")

    rings: list[None] = []
    with closing(WriterThread(begin, lambda: rings.append(None))) as writer, pytest.raises(StorageError):
        writer.call(lambda db: note(db, "lost"))
    assert ledger.lines() == []
    assert rings == []


def test_those_who_submit_too_much_wait(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.pipeline.writer.MAX_WAITING", 10)
    submitted: list[int] = []
    full = threading.Event()

    def submit(writer: Writer) -> None:
        for number in range(50):
            writer.submit(lambda db, n=number: note(db, n))  # type: ignore[misc]
            submitted.append(number)
            if len(submitted) == 10:
                full.set()

    with closing(WriterThread(ledger.begin)) as writer:
        with held(writer):
            submitter = threading.Thread(target=submit, args=(writer,), daemon=True)
            submitter.start()
            assert full.wait(DEADLINE_S)
            submitter.join(0.1)
            assert len(submitted) == 10
        submitter.join(DEADLINE_S)
    assert ledger.numbers() == list(range(50))


def test_closing_commits_what_was_submitted_and_takes_nothing_more(ledger: Ledger) -> None:
    writer = WriterThread(ledger.begin)
    with held(writer):
        futures = [writer.submit(lambda db, n=number: note(db, n)) for number in range(10)]  # type: ignore[misc]
        closer = threading.Thread(target=writer.close)
        closer.start()
    closer.join(DEADLINE_S)
    assert all(future.done() for future in futures)
    assert ledger.numbers() == list(range(10))
    with pytest.raises(ValueError, match="closed"):
        writer.submit(lambda db: note(db, "too late"))
