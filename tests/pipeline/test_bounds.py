"""With a slow writer, everything before it waits: items and bytes in flight stay bounded."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable

import pytest

from aggregator.pipeline.flow import GATHERED, LOOK_AHEAD
from pipeline.jobs import Job
from pipeline.machine import DEADLINE_S, PERFORM, Ledger, Machine, Source, each, note, wait_until

ITEMS = 400
MAX_BYTES = 4_000_000


class Tide:
    """How many items are between their beginning and their commit, and how many were at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.begun = 0
        self.peak = 0

    def rise(self, number: int) -> int:
        with self._lock:
            self._now += 1
            self.begun += 1
            self.peak = max(self.peak, self._now)
        return number

    def fall(self, _: int) -> None:
        with self._lock:
            self._now -= 1


class Gate:
    """An operation of the writer that waits until it is let through."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def note(self, connection: sqlite3.Connection, item: object) -> str:
        assert self._open.wait(2 * DEADLINE_S)
        return note(connection, item)

    def open_when(self, condition: Callable[[], bool]) -> threading.Thread:
        def wait() -> None:
            try:
                wait_until(condition)
            finally:
                self._open.set()

        opener = threading.Thread(target=wait)
        opener.start()
        return opener


def test_items_in_flight_stay_within_the_bounds_of_their_queues(machine: Machine) -> None:
    tide, gate, flow = Tide(), Gate(), machine.flow
    numbers = flow.pull("numbers", Source(range(ITEMS)), look_ahead=6, done=tide.fall)
    risen = flow.threads("rise", tide.rise, numbers, workers=3)
    computed = flow.processes("compute", PERFORM, risen, job_of=Job, join=lambda n, _: n, workers=2, batch=4)
    flow.save("note", each(gate.note), computed)
    opener = gate.open_when(lambda: tide.begun == ITEMS or flow.reports()[-1].waiting == GATHERED)
    reports = machine.run()
    opener.join()
    assert machine.ledger.numbers() == list(range(ITEMS))
    assert reports["rise"].peak_waiting <= 6
    assert reports["compute"].peak_waiting <= LOOK_AHEAD * 3
    assert reports["note"].peak_waiting == GATHERED, "the slow writer was not felt"
    in_queues = LOOK_AHEAD * 3 + GATHERED
    in_hands = 3 + 2 * 4 + GATHERED  # of the threads, of the processes, of the saver: all that waited
    assert tide.peak <= in_queues + in_hands


@pytest.mark.parametrize("through_processes", [False, True])
def test_bytes_in_flight_are_bounded_up_to_the_commit(ledger: Ledger, through_processes: bool) -> None:
    """Each result says to be a quarter of the bound, and it stays so, whatever stage it passes, until it is durable."""
    machine = Machine(ledger, max_bytes=MAX_BYTES)
    tide, gate, flow = Tide(), Gate(), machine.flow
    numbers = flow.pull("numbers", Source(range(ITEMS)), look_ahead=6, done=tide.fall)
    stream = flow.threads("rise", tide.rise, numbers, workers=2, size_of=lambda _: MAX_BYTES // 4)
    if through_processes:
        stream = flow.processes("compute", PERFORM, stream, job_of=Job, join=lambda n, _: n, workers=1, batch=8)
    flow.save("note", each(gate.note), stream)
    opener = gate.open_when(lambda: tide.begun == ITEMS or flow.reports()[-1].peak_bytes == MAX_BYTES)
    reports = machine.run()
    opener.join()
    assert machine.ledger.numbers() == list(range(ITEMS))
    assert all(report.peak_bytes <= MAX_BYTES for report in reports.values())
    assert reports["note"].peak_bytes == MAX_BYTES, "the slow writer was not felt"
    assert reports["rise"].bytes == ITEMS * (MAX_BYTES // 4)
    queues, hands = 1 + through_processes, 2
    assert tide.peak <= 4 * queues + hands


def test_a_source_is_asked_for_no_more_than_may_wait(machine: Machine) -> None:
    asked: list[int] = []

    class Greedy(Source[int]):
        def take(self, limit: int) -> list[int] | None:
            asked.append(limit)
            return list(super().take(limit) or []) or None

    machine.flow.save("note", each(note), machine.flow.pull("numbers", Greedy(range(50)), look_ahead=10))
    reports = machine.run()
    assert max(asked) <= 10
    assert reports["note"].peak_waiting <= 10


def test_an_endless_source_is_stopped_by_the_stop_event_and_all_in_hand_is_saved(machine: Machine) -> None:
    source = Source(itertools.count())

    def stop_at_100(number: int) -> int:
        if number == 100:
            machine.stop.set()
        return number

    flow = machine.flow
    numbers = flow.threads("work", stop_at_100, flow.pull("numbers", source, look_ahead=20), workers=4)
    flow.save(
        "note",
        each(note),
        flow.processes("compute", PERFORM, numbers, job_of=Job, join=lambda n, _: n, workers=2, batch=4),
    )
    machine.run()
    assert len(source.handed_out) > 100
    assert machine.ledger.numbers() == source.handed_out
