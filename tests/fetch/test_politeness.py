from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.politeness import HostGate, WaitingRoom

HOSTS = ["a", "b", "c", "d"]


def room(items: Sequence[str]) -> WaitingRoom[str]:
    """A room in which the first letter of an item is its host."""
    waiting = WaitingRoom[str](lambda item: item[0])
    waiting.add(items, at_most=100)
    return waiting


@dataclass
class Simulation:
    """Threads that take what is admitted, begin it after dwelling in a queue, and end it, on a clock of their own."""

    per_host: int
    spacing_s: float
    chance: random.Random
    now_s: float = 0.0
    dwelling: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    begun: dict[str, list[float]] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        self.gate = HostGate(self.per_host, self.spacing_s)

    def run(self, items: Sequence[str], threads: int) -> None:
        waiting = room(items)
        for _ in range(100_000):
            if self.done == len(items):
                return
            self.now_s += self.chance.choice((0.0, 0.01, 0.2, self.spacing_s))
            self.dwelling += waiting.take(self.chance.randint(1, 5), self.gate, self.now_s)
            if self.dwelling and len(self.running) < threads and self.chance.random() < 0.5:
                self._begin(self.dwelling.pop(self.chance.randrange(len(self.dwelling))))
            if self.running and self.chance.random() < 0.5:
                self._end(self.running.pop(self.chance.randrange(len(self.running))))
            self._check()
        pytest.fail("some items were never admitted")

    def _begin(self, item: str) -> None:
        self.gate.begin(item[0], self.now_s)
        self.running.append(item)
        self.begun.setdefault(item[0], []).append(self.now_s)

    def _end(self, item: str) -> None:
        self.gate.end(item[0], self.now_s)
        self.done += 1

    def _check(self) -> None:
        under_way = Counter(item[0] for item in self.dwelling + self.running)
        assert not under_way or max(under_way.values()) <= self.per_host


@settings(deadline=None, max_examples=60)
@given(
    items=st.lists(st.sampled_from(HOSTS), max_size=25),
    per_host=st.integers(1, 3),
    spacing_s=st.sampled_from([0.0, 0.5, 3.0]),
    threads=st.integers(1, 6),
    seed=st.integers(0, 2**32),
)
def test_hosts_are_never_pressed_and_nobody_is_forgotten(
    items: list[str], per_host: int, spacing_s: float, threads: int, seed: int
) -> None:
    world = Simulation(per_host, spacing_s, random.Random(seed))  # noqa: S311 - a simulation
    world.run(items, threads)
    for starts in world.begun.values():
        assert all(later - earlier >= spacing_s - 1e-9 for earlier, later in pairwise(starts))
    assert sum(len(starts) for starts in world.begun.values()) == len(items)
    world.gate.admit("another", world.now_s + spacing_s)
    assert list(world.gate._hosts) == ["another"]


def test_only_so_many_requests_run_at_a_host() -> None:
    gate = HostGate(per_host=2, spacing_s=0.0)
    assert [gate.admit("a", 0.0) for _ in range(3)] == [True, True, False]
    assert gate.admit("b", 0.0), "another host has its own count"
    gate.begin("a", 0.0)
    assert not gate.admit("a", 0.0)
    gate.end("a", 0.0)
    assert gate.admit("a", 0.0)


def test_the_spacing_counts_from_start_to_start() -> None:
    gate = HostGate(per_host=5, spacing_s=1.0)
    assert gate.admit("a", 10.0)
    gate.begin("a", 10.0)
    assert not gate.admit("a", 10.99)
    assert gate.admit("a", 11.0)


def test_the_spacing_counts_from_the_start_and_not_from_the_admission() -> None:
    gate = HostGate(per_host=5, spacing_s=1.0)
    assert gate.admit("a", 10.0)
    assert not gate.admit("a", 60.0), "two that waited together for a thread would start together"
    gate.begin("a", 61.0)
    assert not gate.admit("a", 61.5)
    assert gate.admit("a", 62.0)


def test_an_idle_host_is_forgotten_once_its_spacing_is_over() -> None:
    gate = HostGate(per_host=2, spacing_s=1.0)
    for n in range(1000):
        host, now_s = f"host{n}", float(n) / 10
        assert gate.admit(host, now_s)
        gate.begin(host, now_s)
        gate.end(host, now_s + 0.05)
        assert len(gate._hosts) <= 12
    assert len(gate._resting) <= 12


def test_a_host_whose_spacing_runs_is_remembered() -> None:
    gate = HostGate(per_host=2, spacing_s=1.0)
    assert gate.admit("a", 0.0)
    gate.begin("a", 0.0)
    gate.end("a", 0.1)
    assert not gate.admit("a", 0.9)
    assert gate.admit("a", 1.0)


def test_a_host_is_not_forgotten_by_an_earlier_rest_that_was_found_late() -> None:
    gate = HostGate(per_host=2, spacing_s=4.0)
    for host, began_s, ended_s in (("b", 1.0, 1.0), ("a", 0.0, 2.0), ("a", 4.0, 4.5)):
        assert gate.admit(host, began_s)
        gate.begin(host, began_s)
        gate.end(host, ended_s)
    assert not gate.admit("a", 5.0)
    assert gate.admit("a", 8.0)


def test_many_threads_may_ask_the_gate_at_once() -> None:
    gate, together = HostGate(per_host=3, spacing_s=0.0), threading.Barrier(8)
    admitted: list[bool] = []

    def ask() -> None:
        together.wait(timeout=60)
        admitted.extend([gate.admit("a", 0.0) for _ in range(50)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(admitted) == 3


# --- fairness -------------------------------------------------------------------------------------------------------


def test_hosts_take_turns() -> None:
    waiting = room(["a1", "a2", "a3", "b1", "c1", "c2"])
    gate = HostGate(per_host=9, spacing_s=0.0)
    assert waiting.take(9, gate, 0.0) == ["a1", "b1", "c1", "a2", "c2", "a3"]
    assert len(waiting) == 0
    assert waiting.items() == []


def test_whoever_was_served_stands_behind_the_others() -> None:
    waiting = room(["a1", "a2", "a3", "b1", "b2", "c1"])
    gate = HostGate(per_host=9, spacing_s=0.0)
    assert [waiting.take(2, gate, 0.0) for _ in range(4)] == [["a1", "b1"], ["c1", "a2"], ["b2", "a3"], []]


def test_a_host_that_must_wait_holds_up_no_other() -> None:
    waiting = room(["a1", "a2", "a3", "b1", "b2"])
    gate = HostGate(per_host=1, spacing_s=0.0)
    assert waiting.take(9, gate, 0.0) == ["a1", "b1"]
    assert waiting.take(9, gate, 0.0) == []
    assert len(waiting) == 3
    gate.begin("b", 0.0)
    gate.end("b", 0.0)
    assert waiting.take(9, gate, 0.0) == ["b2"]
    assert waiting.add(["c1", "c2", "c3"], at_most=1) == 1
    assert sorted(waiting.items()) == ["a2", "a3", "c1"]
    assert waiting.take(9, gate, 0.0) == ["c1"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(HOSTS), max_size=30), st.integers(1, 7))
def test_no_host_is_served_twice_while_another_waits(hosts: list[str], limit: int) -> None:
    waiting, gate = room(hosts), HostGate(per_host=99, spacing_s=0.0)
    served: list[str] = []
    while len(waiting):
        taken = waiting.take(limit, gate, 0.0)
        assert len(taken) == min(limit, len(hosts) - len(served))
        served += taken
    assert Counter(served) == Counter(hosts)
    for n, host in enumerate(served):
        earlier = Counter(served[:n])
        assert all(earlier[other] >= min(earlier[host], hosts.count(other)) for other in hosts)


# --- what hosts taught -----------------------------------------------------------------------------------------------


def test_the_widest_spacing_holds_for_its_host_and_no_other() -> None:
    gate = HostGate(per_host=9, spacing_s=1.0)
    gate.space("a", 5.0)
    gate.space("a", 2.0)
    for host in ("a", "b"):
        assert gate.admit(host, 0.0)
        gate.begin(host, 0.0)
        gate.end(host, 0.0)
    assert [gate.admit("a", now_s) for now_s in (4.9, 5.0)] == [False, True]
    assert gate.admit("b", 1.0)


def test_a_host_that_rests_admits_nobody_until_the_longest_rest_is_over() -> None:
    gate = HostGate(per_host=9, spacing_s=0.0)
    gate.rest("a", 10.0)
    gate.rest("a", 5.0)
    assert [gate.rests("a", now_s) for now_s in (0.0, 9.9, 10.0)] == [True, True, False]
    assert [gate.admit("a", now_s) for now_s in (0.0, 9.9, 10.0)] == [False, False, True]
    assert not gate.rests("b", 0.0)
    assert gate.admit("b", 0.0)


def test_a_redirect_takes_its_place_in_the_spacing() -> None:
    gate = HostGate(per_host=2, spacing_s=1.0)
    assert gate.begin_unasked("a", 0.0) == 0.0
    assert gate.begin_unasked("a", 0.25) == 0.75
    assert gate.begin_unasked("a", 0.5) is None, "as many as may be are under way"
    assert not gate.admit("a", 5.0)
    gate.end("a", 5.0)
    assert gate.begin_unasked("a", 5.0) == 0.0
    gate.end("a", 5.5)
    gate.end("a", 5.5)
    assert [gate.admit("a", now_s) for now_s in (5.9, 6.0)] == [False, True]


def test_who_no_longer_waits_is_not_taken() -> None:
    waiting = room(["a1", "b1", "a2"])
    waiting.drop(lambda host: host == "a")
    assert (len(waiting), waiting.items()) == (1, ["b1"])
