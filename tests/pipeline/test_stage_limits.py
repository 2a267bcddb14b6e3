"""A stage may have limits of its own: its processes keep to them, and those of the other stages to the common ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aggregator.ports import ProcessLimits
from aggregator.records import Casualty, Harm
from pipeline.jobs import Job, Result, attempts
from pipeline.machine import (
    DEADLINE_S,
    PERFORM,
    Ledger,
    Machine,
    Source,
    each,
    note,
    wait_until,
)

PATIENT = ProcessLimits(DEADLINE_S, 0)
SHORT_S = 0.2
MEGABYTE = 2**20


def test_a_stage_with_a_longer_time_out_outlives_the_common_one(ledger: Ledger, tmp_path: Path) -> None:
    """The job of the patient stage ends only after one of the other, begun later, has run out of time."""
    machine = Machine(ledger, item_timeout_s=SHORT_S)

    def once_the_other_has_begun(job: Job) -> Job:
        wait_until(lambda: any(tmp_path.glob("met-*")))
        return job

    def tell_the_other(job: Job, result: Result | Casualty | None) -> object:
        (tmp_path / "met-nobody").touch()
        return outcome(job, result)

    add_stage(machine, "patient", [Job(2, "meet", str(tmp_path))], limits=PATIENT)
    add_stage(machine, "common", [Job(3, "hang")], job_of=once_the_other_has_begun, join=tell_the_other)
    machine.run()
    assert sorted(machine.ledger.lines()) == ["2 4", f"3 {Harm.TIMED_OUT}"]
    assert attempts(tmp_path, 2) == 1


def test_a_stage_with_a_shorter_time_out_does_not_wait_for_the_common_one(machine: Machine) -> None:
    add_stage(machine, "short", [Job(2, "hang in C")], limits=ProcessLimits(SHORT_S, 0))
    machine.run()
    assert machine.ledger.lines() == [f"2 {Harm.TIMED_OUT}"]


def test_the_memory_limit_of_a_stage_is_its_own(ledger: Ledger) -> None:
    machine = Machine(ledger, memory_limit_bytes=200 * MEGABYTE)
    add_stage(machine, "common", [Job(2, "swell")], join=detail)
    add_stage(machine, "tight", [Job(3, "swell")], join=detail, limits=ProcessLimits(DEADLINE_S, 150 * MEGABYTE))
    machine.run()
    common, tight = sorted(machine.ledger.lines())
    assert common.startswith("2 ")
    assert "more than the 200 MB" in common
    assert "more than the 150 MB" in tight


def detail(job: Job, result: Result | Casualty | None) -> str:
    return f"{job.number} {result.detail if isinstance(result, Casualty) else ''}"


def outcome(job: Job, result: Result | Casualty | None) -> str:
    assert result is not None
    return f"{job.number} {result.harm if isinstance(result, Casualty) else result.square}"


def add_stage(
    machine: Machine,
    name: str,
    jobs: Sequence[Job],
    *,
    limits: ProcessLimits | None = None,
    job_of: Callable[[Job], Job] = lambda job: job,
    join: Callable[[Job, Result | Casualty | None], object] = outcome,
) -> None:
    pulled = machine.flow.pull(f"jobs for {name}", Source(jobs), look_ahead=2)
    done = machine.flow.processes(name, PERFORM, pulled, job_of=job_of, join=join, workers=1, limits=limits)
    machine.flow.save(f"note {name}", each(note), done)
