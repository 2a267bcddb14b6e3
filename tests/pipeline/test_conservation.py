"""Each item ends in exactly one counted outcome, whatever befalls it on its way."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest

from aggregator.errors import StorageError
from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.flow import QueuedStream
from aggregator.ports import StageReport, Stream
from aggregator.records import Casualty, Harm
from pipeline.jobs import Job, Result
from pipeline.machine import DEADLINE_S, PERFORM, Ledger, Machine, Source, each, note

ITEMS = 120


def join(number: int, result: Result | Casualty | None) -> str:
    if isinstance(result, Casualty):
        return f"{number} {result.harm}"
    return f"{number} {result.square if result else 'passed'}"


def itself(job: Job) -> Job:
    return job


def join_job(job: Job, result: Result | Casualty | None) -> str:
    return join(job.number, result)


def with_detail(job: Job, result: Result | Casualty | None) -> str:
    return f"{join_job(job, result)} {result.detail}" if isinstance(result, Casualty) else join_job(job, result)


def assert_conserved(reports: dict[str, StageReport]) -> None:
    for report in reports.values():
        assert report.done == report.taken, report
        assert report.waiting == 0, report


def test_what_goes_in_is_the_sum_of_the_outcomes(machine: Machine) -> None:
    """Items meet every fate there is: ordinary ones, bugs in each stage, and deaths of their worker."""
    ended: Counter[int] = Counter()
    flow = machine.flow

    def work(number: int) -> int:
        if number % 10 == 1:
            raise ValueError(f"thread bug {number}")
        return number

    def job_of(number: int) -> Job | None:
        if number % 10 == 2:
            raise ValueError(f"job_of bug {number}")
        deeds = {3: "exit", 4: "raise", 5: "square"}
        return None if number % 10 == 6 else Job(number, deeds.get(number % 10, "square"))

    def buggy_join(number: int, result: Result | Casualty | None) -> str:
        if number % 10 == 7:
            raise ValueError(f"join bug {number}")
        return join(number, result)

    def save(connection: sqlite3.Connection, line: str) -> str:
        note(connection, line)
        number, fate = line.split(maxsplit=1)
        if int(number) % 10 == 8:
            raise ValueError(f"save bug {line}")
        return "noted" if fate.isdigit() else fate

    numbers = flow.pull("numbers", Source(range(ITEMS)), look_ahead=16, done=lambda n: ended.update([n]))
    worked = flow.threads("work", work, numbers, workers=3)
    computed = flow.processes("compute", PERFORM, worked, job_of=job_of, join=buggy_join, workers=2, batch=16)
    flow.save("save", each(save), computed)
    reports = machine.run()

    tenth = ITEMS // 10
    assert_conserved(reports)
    assert reports["work"].outcomes == {"done": 9 * tenth, "bug": tenth}
    assert reports["compute"].outcomes == {"done": 5 * tenth, "bug": 3 * tenth, "crashed": tenth}
    assert reports["save"].outcomes == {"noted": 3 * tenth, "passed": tenth, "crashed": tenth, "bug": 2 * tenth}
    parked = Counter(bug.stage for bug in machine.bugs)
    assert parked == {"work": tenth, "compute": 2 * tenth, "save": tenth}, "the flow parks what no stage can"
    assert machine.flow.bugs == len(machine.bugs) + tenth, "a worker's bug counts, and goes on as a casualty"
    assert ended == Counter(range(ITEMS)), "the source must hear of each item's end once, parked or saved"
    lines = machine.ledger.lines()
    assert sorted(int(line.split()[0]) for line in lines) == [n for n in range(ITEMS) if n % 10 not in (1, 2, 7, 8)]
    assert f"10 {10**2}" in lines
    assert "16 passed" in lines
    assert "13 crashed" in lines


def test_a_source_hears_of_one_end_at_a_time(machine: Machine) -> None:
    both = threading.Barrier(2, timeout=DEADLINE_S / 4)
    second_is_inside = threading.Event()
    inside: list[int] = []
    overlapped: list[int] = []

    def work(_: int) -> int:
        both.wait()
        raise ValueError("two threads end an item at the same time")

    def done(number: int) -> None:
        inside.append(number)
        if len(inside) > 1:
            overlapped.append(number)
            second_is_inside.set()
        second_is_inside.wait(0.3)
        inside.remove(number)

    numbers = machine.flow.pull("numbers", Source([1, 2]), look_ahead=4, done=done)
    machine.flow.save("note", each(note), machine.flow.threads("work", work, numbers, workers=2))
    machine.run()
    assert len(machine.bugs) == 2
    assert overlapped == []


def test_a_parked_item_is_told_of_with_its_stage_and_traceback(machine: Machine) -> None:
    def work(number: int) -> int:
        return 1 // number

    numbers = machine.flow.pull("numbers", Source([0, 1]), look_ahead=2)
    machine.flow.save("note", each(note), machine.flow.threads("divide", work, numbers, workers=1))
    machine.run()
    (bug,) = machine.bugs
    assert (bug.stage, bug.item) == ("divide", 0)
    assert "ZeroDivisionError" in bug.traceback
    assert "in work" in bug.traceback
    assert machine.ledger.lines() == ["1"]


def test_an_items_bug_inside_a_worker_counts_and_goes_on_with_the_workers_traceback(machine: Machine) -> None:
    jobs = machine.flow.pull("jobs", Source([Job(0), Job(1, "raise")]), look_ahead=2)
    computed = machine.flow.processes(
        "compute",
        PERFORM,
        jobs,
        job_of=itself,
        join=with_detail,
        workers=1,
        batch=2,
    )
    machine.flow.save("note", each(note), computed)
    reports = machine.run()
    assert machine.flow.bugs == 1
    assert machine.bugs == [], "the stage that gets the casualty sets it aside, once"
    line, told = sorted(machine.ledger.lines())
    assert line == "0 0"
    assert told.startswith(f"1 {Harm.BUG} Traceback")
    assert "job 1 meets a bug" in told
    assert "in _raise" in told
    assert reports["compute"].outcomes == {"done": 1, "bug": 1}


def test_items_that_need_no_worker_start_none(machine: Machine) -> None:
    numbers = machine.flow.pull("numbers", Source(range(50)), look_ahead=8)
    passed = machine.flow.processes("pass", PERFORM, numbers, job_of=lambda _: None, join=join, workers=2, batch=4)
    machine.flow.save("note", each(note), passed)
    reports = machine.run()
    assert sorted(machine.ledger.lines()) == sorted(f"{number} passed" for number in range(50))
    assert reports["pass"].outcomes == {"done": 50}
    assert machine.flow.worker_cpu_s == 0


def test_the_same_object_twice_in_a_batch_is_two_items(machine: Machine, tmp_path: Path) -> None:
    job = Job(3, folder=str(tmp_path))
    jobs = machine.flow.pull("jobs", Source([job, job, job, job]), look_ahead=8)
    computed = machine.flow.processes(
        "compute",
        PERFORM,
        jobs,
        job_of=itself,
        join=join_job,
        workers=1,
        batch=4,
    )
    machine.flow.save("note", each(note), computed)
    machine.run()
    assert machine.ledger.lines() == ["3 9"] * 4


# --- when nothing can be stored ---------------------------------------------------------------------------------------


def test_a_storage_error_of_the_writer_gives_the_run_up(machine: Machine) -> None:
    source = Source(range(10_000))

    def save(connection: sqlite3.Connection, number: int) -> str:
        if number == 30:
            raise StorageError("the disk is full")
        return note(connection, number)

    worked = machine.flow.threads("work", int, machine.flow.pull("numbers", source, look_ahead=8), workers=2)
    machine.flow.save("note", each(save), worked)
    with pytest.raises(StorageError, match="the disk is full"):
        machine.run()
    assert len(source.handed_out) < 10_000, "nothing more may be fetched"
    assert machine.bugs == []


@pytest.mark.parametrize("deed", ["thread", "worker", "source"])
def test_a_storage_error_anywhere_gives_the_run_up(machine: Machine, deed: str) -> None:
    flow = machine.flow

    def numbers() -> list[int]:
        return list(range(200))

    class Failing(Source[int]):
        def take(self, limit: int) -> list[int] | None:
            if len(self.handed_out) > 20:
                raise StorageError("cannot read: source")
            return list(super().take(limit) or []) or None

    def work(number: int) -> int:
        if deed == "thread" and number == 20:
            raise StorageError("cannot write: thread")
        return number

    def job_of(number: int) -> Job:
        return Job(number, "fail to store" if deed == "worker" and number == 20 else "square")

    pulled = flow.pull("numbers", Failing(numbers()) if deed == "source" else Source(numbers()), look_ahead=8)
    worked = flow.threads("work", work, pulled, workers=2)
    flow.save("note", each(note), flow.processes("compute", PERFORM, worked, job_of=job_of, join=join, workers=1))
    with pytest.raises(StorageError, match={"worker": "the disk is full"}.get(deed, deed)):
        machine.run()
    assert machine.bugs == []


def test_a_bug_of_a_source_is_raised_and_not_swallowed(machine: Machine) -> None:
    class Broken(Source[int]):
        def take(self, limit: int) -> list[int] | None:
            raise KeyError(f"a bug met by {limit}")

    machine.flow.save("note", each(note), machine.flow.pull("numbers", Broken([]), look_ahead=4))
    with pytest.raises(KeyError):
        machine.run()


def test_a_parked_item_can_be_recorded_through_the_same_writer(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the writer takes no more than one at a time: it never waits for itself."""
    monkeypatch.setattr("aggregator.pipeline.writer.MAX_WAITING", 1)
    machine = Machine(ledger)
    machine.flow._on_bug = lambda bug: void(machine.writer.submit(lambda db: note(db, f"parked {bug.item}")))

    def save(_: sqlite3.Connection, number: int) -> str:
        raise ValueError(f"save bug {number}")

    machine.flow.save("save", each(save), machine.flow.pull("numbers", Source(range(60)), look_ahead=8))
    reports = machine.run()
    assert reports["save"].outcomes == {"bug": 60}
    assert sorted(ledger.lines()) == sorted(f"parked {number}" for number in range(60))


def void(_: object) -> None:
    """Drop a result that nobody waits for."""


def test_a_stream_of_another_machinery_is_refused(machine: Machine) -> None:
    class Foreign:
        name = "foreign"

    stream: Stream[int] = Foreign()
    assert not isinstance(stream, QueuedStream)
    with pytest.raises(TypeError, match="foreign"):
        machine.flow.save("note", each(note), stream)


def test_nobody_works_on_behind_the_back_of_a_run_that_failed(machine: Machine) -> None:
    def fails(_: object) -> None:
        raise OSError("stderr is closed")

    machine.flow.save("note", each(note), machine.flow.pull("numbers", Source(range(10_000)), look_ahead=4))
    with pytest.raises(OSError, match="stderr is closed"):
        run_abandonable(lambda: machine.flow.run(fails), DEADLINE_S)
    assert not [thread.name for thread in machine.flow._threads if thread.is_alive()]
    assert not machine.writer._thread.is_alive()
