"""Workers killed at random from outside, and workers whose parent is killed."""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from aggregator.records import Casualty
from pipeline.jobs import Job, Result
from pipeline.machine import (
    DEADLINE_S,
    PERFORM,
    Machine,
    Source,
    each,
    is_alive,
    living_workers,
    needs_proc,
    note,
    program,
    wait_until,
    zombies,
)

WORKERS = 3
KILLS = 50
SAVED_BETWEEN_KILLS = 40


class Killer:
    """Kills a random worker each time some more items are saved, and in the end waits for the pool to be whole."""

    def __init__(self) -> None:
        self._saved = itertools.count(1)
        self._turns = threading.Semaphore(0)
        self.is_done = threading.Event()
        self.killed: list[int] = []
        self._thread = threading.Thread(target=self._kill, daemon=True)
        self._thread.start()

    def saved(self, _: object) -> None:
        if next(self._saved) % SAVED_BETWEEN_KILLS == 0:
            self._turns.release()

    def join(self) -> None:
        self._thread.join(DEADLINE_S)

    def _targets(self) -> list[int]:
        return sorted(set(living_workers()) - set(self.killed))

    def _kill(self) -> None:
        chance = random.Random(1)  # noqa: S311 - which one dies is no secret
        try:
            for turn in range(KILLS):
                assert self._turns.acquire(timeout=DEADLINE_S)
                wait_until(lambda: self._targets() != [])
                victim = chance.choice(self._targets())
                os.kill(victim, signal.SIGTERM if turn % 10 == 0 else signal.SIGKILL)
                if turn % 10:
                    self.killed.append(victim)
            wait_until(lambda: len(living_workers()) == WORKERS)
        finally:
            self.is_done.set()


@needs_proc
def test_fifty_workers_killed_at_random_lose_nothing(machine: Machine) -> None:
    zombies_before = zombies_now()
    killer, flow = Killer(), machine.flow

    def jobs_until_killer_is_done() -> Iterator[Job]:
        for number in itertools.count():
            if killer.is_done.is_set():
                return
            yield Job(number)

    def join(job: Job, result: Result | Casualty | None) -> str:
        return f"{job.number} {result.square if isinstance(result, Result) else result}"

    source = Source(jobs_until_killer_is_done())
    computed = flow.processes(
        "square",
        PERFORM,
        flow.pull("jobs", source, look_ahead=4 * WORKERS, done=killer.saved),
        job_of=lambda job: job,
        join=join,
        workers=WORKERS,
        batch=8,
    )
    flow.save("note", each(note), computed)
    reports = machine.run()
    killer.join()

    assert len(set(killer.killed)) == KILLS - KILLS // 10
    assert len(source.handed_out) >= KILLS * SAVED_BETWEEN_KILLS
    expected = [f"{job.number} {job.number**2}" for job in source.handed_out]
    assert sorted(machine.ledger.lines()) == sorted(expected)
    assert reports["square"].outcomes == {"done": len(source.handed_out)}
    assert machine.bugs == []
    wait_until(lambda: not living_workers())
    wait_until(lambda: zombies_now() == zombies_before)


def zombies_now() -> list[int]:
    try:
        return zombies()
    except AssertionError:  # no fork server yet
        return []


@needs_proc
def test_no_worker_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Not even one that hangs in C code, where no thread of Python's can run, long before its deadline."""
    with program("busy-workers", tmp_path) as parent:
        wait_until(lambda: len(begun_in(tmp_path)) == 3)
        workers = begun_in(tmp_path)
        assert all(map(is_alive, workers))
        parent.kill()
        parent.wait()
        wait_until(lambda: not any(map(is_alive, workers)))


def begun_in(folder: Path) -> list[int]:
    texts = [path.read_text() for path in folder.glob("attempts-*")]
    return [int(text) for text in texts if text.endswith("\n")]
