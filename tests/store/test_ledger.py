"""The ledger: a line for each request, whatever it was for."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.records import Download, LoggedRequest, Outcome, Reason
from store.small_news import HARBOUR, LATER, NOW, opened, row, rows, start_run, subscribe, success, writing

PAGE = "https://harbour.test/one"
READ = Download(PAGE, "https://harbour.test/one/", Outcome.OK, NOW, 0.12345, 200, conditional=True, received_bytes=99)
LOST = Download(PAGE, PAGE, Outcome.TIMEOUT, NOW, 30.0, error="it did not answer within 30 s")


def test_a_request_for_a_page_says_all_about_itself(tmp_path: Path) -> None:
    line = LoggedRequest("page", Reason.FULL_TEXT, READ, "text", LATER, "how long it holds")
    with opened(tmp_path) as database:
        run_id = start_run(database)
        with writing(database, run_id) as transaction:
            transaction.log.add([line])
        assert row(database, "SELECT * FROM fetches") == (
            *(1, "page", None, PAGE, "full text", run_id, "2026-03-02 06:30:00", 0.123, 1, "text", 200),
            *("https://harbour.test/one/", 99, 0, 0, 0, None, "2026-03-02 11:30:00", "how long it holds", 0),
        )


def test_a_request_that_failed_says_why_and_names_no_plan_that_there_is_not(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database, start_run(database)) as transaction:
            transaction.log.add([LoggedRequest("image", Reason.PICTURE, LOST, "timeout")])
        asked = "SELECT kind, reason, outcome, status, final_url, error, next_fetch_at, decided_by FROM fetches"
        assert row(database, asked) == (
            *("image", "picture", "timeout", None, None, "it did not answer within 30 s", None, None),
        )


def test_a_further_page_of_an_api_stands_under_its_feed(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(feed_id)])
            transaction.log.add([LoggedRequest("feed", Reason.NEXT_PAGE, READ, "ok", feed_id=feed_id)])
        assert rows(database, "SELECT kind, feed_url, url, reason FROM fetches ORDER BY id") == [
            ("feed", HARBOUR, HARBOUR, "due"),
            ("feed", HARBOUR, PAGE, "next page"),
        ]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_written_in_words(tmp_path: Path, reason: Reason) -> None:
    with opened(tmp_path) as database:
        with writing(database, start_run(database)) as transaction:
            transaction.log.add([LoggedRequest("robots", reason, READ, "rules")])
        assert row(database, "SELECT reason FROM fetches") == (reason.value,)


def test_of_nothing_nothing_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.log.add([])
        assert rows(database, "SELECT * FROM fetches") == []
