from __future__ import annotations

import json
from pathlib import Path

from aggregator import __version__
from aggregator.records import Harm, QuarantinedItem, RunSummary
from store.small_news import LATER, NOW, opened, row, rows, start_run, writing

SUMMARY = RunSummary(
    command="fetch",
    exit_code=3,
    seconds=1.23456,
    cpu_s=0.98765,
    worker_cpu_s=0.5,
    peak_memory_bytes=10_000_000,
    peak_worker_bytes=20_000_000,
    counts={"save feeds": {"new articles": 2, "timeout": 1}},
    stages=({"name": "ask", "workers": 32},),
)


def test_a_run_that_was_killed_has_no_end(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        run_id = start_run(database)
        assert row(database, "SELECT id, command, version, started_at, finished_at, exit_code, counts FROM runs") == (
            *(run_id, "fetch", __version__, "2026-03-02 06:30:00", None, None, None),
        )


def test_a_finished_run_tells_what_it_did_and_what_it_cost(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        run_id, other = start_run(database), start_run(database)
        with writing(database) as transaction:
            transaction.runs.finish(run_id, SUMMARY, LATER)
        *cost, counts, stages = row(
            database,
            """SELECT finished_at, exit_code, seconds, cpu_s, worker_cpu_s, peak_memory_bytes, peak_worker_bytes,
               counts, stages FROM runs WHERE id = :id""",
            id=run_id,
        )
        assert cost == ["2026-03-02 11:30:00", 3, 1.235, 0.988, 0.5, 10_000_000, 20_000_000]
        assert json.loads(counts) == SUMMARY.counts
        assert json.loads(stages) == [dict(stage) for stage in SUMMARY.stages]
        assert rows(database, "SELECT id FROM runs WHERE finished_at IS NULL") == [(other,)]


def test_a_quarantined_item_tells_what_it_did(tmp_path: Path) -> None:
    item = QuarantinedItem("feed", 7, "https://harbour.test/feed", "read", Harm.OUT_OF_MEMORY, "too much", "ab")
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.quarantine.add(item, NOW)
        assert row(database, "SELECT * FROM quarantine") == (
            *(1, "feed", 7, "https://harbour.test/feed", "read", "out of memory", "too much", "2026-03-02 06:30:00"),
        )
