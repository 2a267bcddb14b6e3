"""Threads wait together, processes compute together, a bell joins the stages: what coverage does not see."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from aggregator.pipeline.wake import Wake
from aggregator.records import Casualty
from pipeline.jobs import Job, Result
from pipeline.machine import DEADLINE_S, PERFORM, Ledger, Machine, Source, each, note

WORKERS = 6


def itself(job: Job) -> Job:
    return job


def outcome(job: Job, result: Result | Casualty | None) -> str:
    return f"{result.number} {result.pid}" if isinstance(result, Result) else f"{job.number} {result}"


def test_as_many_threads_work_at_once_as_were_asked_for(machine: Machine) -> None:
    """Nobody passes the barrier unless all are inside at the same time: fails if the stage works one by one."""
    barrier = threading.Barrier(WORKERS, timeout=DEADLINE_S / 4)

    def meet(number: int) -> int:
        barrier.wait()
        return number

    numbers = machine.flow.pull("numbers", Source(range(5 * WORKERS)), look_ahead=2 * WORKERS)
    machine.flow.save("note", each(note), machine.flow.threads("meet", meet, numbers, workers=WORKERS))
    machine.run()
    assert machine.bugs == []
    assert machine.ledger.numbers() == list(range(5 * WORKERS))


def test_no_more_threads_work_at_once_than_were_asked_for(machine: Machine) -> None:
    inside: list[int] = []
    peak: list[int] = []

    def enter(number: int) -> int:
        inside.append(number)
        peak.append(len(inside))
        inside.remove(number)
        return number

    numbers = machine.flow.pull("numbers", Source(range(300)), look_ahead=8)
    machine.flow.save("note", each(note), machine.flow.threads("enter", enter, numbers, workers=3))
    reports = machine.run()
    assert max(peak) <= 3
    assert reports["enter"].workers == 3


@pytest.mark.parametrize("workers", [2, 3])
def test_as_many_processes_compute_at_once_as_were_asked_for(machine: Machine, tmp_path: Path, workers: int) -> None:
    """Each job waits in its process until `workers` different processes are inside."""
    jobs = [Job(workers, "meet", str(tmp_path)) for _ in range(workers)]
    pulled = machine.flow.pull("jobs", Source(jobs), look_ahead=2 * workers)
    met = machine.flow.processes("meet", PERFORM, pulled, job_of=itself, join=outcome, workers=workers)
    machine.flow.save("note", each(note), met)
    reports = machine.run()
    assert machine.bugs == []
    pids = {int(line.split()[1]) for line in machine.ledger.lines()}
    assert len(pids) == workers
    assert os.getpid() not in pids
    assert reports["meet"].outcomes == {"done": workers}
    assert machine.flow.peak_worker_bytes > 0


def test_all_stages_of_a_flow_are_at_work_at_once(machine: Machine) -> None:
    """A thread of the first stage waits for one of the last: stages that ran one after another would never end."""
    last_has_begun = threading.Event()

    def first(number: int) -> int:
        assert number == 0 or last_has_begun.wait(DEADLINE_S / 4)
        return number

    def last(number: int) -> int:
        last_has_begun.set()
        return number

    flow = machine.flow
    numbers = flow.pull("numbers", Source(range(20)), look_ahead=4)
    middle = flow.processes(
        "middle", PERFORM, flow.threads("first", first, numbers, workers=1), job_of=Job, join=lambda n, _: n, workers=1
    )
    flow.save("note", each(note), flow.threads("last", last, middle, workers=1))
    machine.run()
    assert machine.bugs == []
    assert machine.ledger.numbers() == list(range(20))


class Committed:
    """A later source: the lines of the ledger, each once, for as long as the earlier source goes on."""

    def __init__(self, ledger: Ledger, expected: int) -> None:
        self._ledger, self._expected = ledger, expected
        self.seen = 0

    def take(self, limit: int) -> Sequence[str] | None:
        if self.seen == self._expected:
            return None
        new = [line for line in self._ledger.lines() if line.isdigit()][self.seen :][:limit]
        self.seen += len(new)
        return new


def test_a_later_source_is_woken_by_the_commits_of_an_earlier_stage(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.pipeline.flow.IDLE_S", 10 * DEADLINE_S)  # only the bell can wake it in time
    flow, committed = machine.flow, Committed(machine.ledger, 40)
    flow.save("note", each(note), flow.pull("numbers", Source(range(40)), look_ahead=4))

    def note_again(connection: sqlite3.Connection, line: str) -> str:
        return note(connection, f"again {line}")

    flow.save("note again", each(note_again), flow.pull("committed", committed, look_ahead=4))
    reports = machine.run()
    assert reports["note again"].outcomes == {"noted": 40}
    assert {line for line in machine.ledger.lines() if line.startswith("again")} == {f"again {n}" for n in range(40)}


class Counted(Source[int]):
    """Ends once all that it handed out is done, as the fetch stage's lists do."""

    def __init__(self, items: Iterable[int]) -> None:
        super().__init__(items)
        self._done = 0
        self._looked = threading.Event()

    def take(self, limit: int) -> Sequence[int] | None:
        items = super().take(limit)
        if items is not None:
            return items
        finished = self._done == len(self.handed_out)
        self._looked.set()
        return None if finished else []

    def done(self, _: int) -> None:
        # Late on purpose: the commit has woken the source by now, and it looked too early.
        self._looked.wait(0.2)
        self._looked.clear()
        self._done += 1


def test_a_source_is_woken_once_it_knows_that_all_is_done(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.pipeline.flow.IDLE_S", 10 * DEADLINE_S)
    counted = Counted(range(5))
    machine.flow.save("note", each(note), machine.flow.pull("numbers", counted, look_ahead=4, done=counted.done))
    machine.run()
    assert machine.ledger.numbers() == list(range(5))


def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    wake = Wake()
    heard = wake.heard()
    wake.ring()
    waited = threading.Thread(target=wake.wait, args=(heard, 10 * DEADLINE_S), daemon=True)
    waited.start()
    waited.join(DEADLINE_S)
    assert not waited.is_alive()
    wake.wait(wake.heard(), 0.01)  # and without a ring it ends all the same
