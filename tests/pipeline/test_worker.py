"""One worker process: whatever an item does to it, that item pays and its neighbours do not."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from aggregator.errors import ResourceError, StorageError
from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.processes import TRIES_IF_KILLED, compute_each
from aggregator.pipeline.worker import Reply, Worker, process_context
from aggregator.pipeline.worker_child import WorkerOrders
from aggregator.records import Casualty, Harm
from pipeline.jobs import Job, Result, attempts, perform
from pipeline.machine import DEADLINE_S, PRELOAD, is_alive, needs_proc

MEGABYTE = 2**20
HANG_S = 3.0
"""How long a test lets a worker hang; an innocent batch needs milliseconds."""

GUILTY = 5


@contextmanager
def worker(timeout_s: float = DEADLINE_S, memory_limit_bytes: int = 0) -> Iterator[Worker]:
    one = Worker(process_context(PRELOAD), WorkerOrders(perform, Job, timeout_s, memory_limit_bytes), Result)
    try:
        yield one
    finally:
        one.close()


def batch_with(deed: str, folder: Path) -> list[Job]:
    return [Job(number, deed if number == GUILTY else "square", str(folder)) for number in range(16)]


def pid_of(worker: Worker) -> int:
    outcome = worker.compute([Job(0)])
    assert isinstance(outcome, Reply)
    pid = outcome.results[0].pid
    assert isinstance(pid, int)
    return pid


def squares(results: Sequence[object]) -> list[int]:
    assert all(isinstance(result, Result) for result in results), results
    return [result.square for result in results if isinstance(result, Result)]


def at_once(_: float) -> None:
    """Pause for no time."""


@pytest.mark.parametrize(
    ("deed", "harm", "words", "timeout_s"),
    [
        ("exit", Harm.CRASHED, "exit code 7", DEADLINE_S),
        ("crash", Harm.CRASHED, "SIGSEGV", DEADLINE_S),
        ("be killed", Harm.KILLED, "killed from outside", DEADLINE_S),
        ("be terminated", Harm.KILLED, "killed from outside", DEADLINE_S),
        ("hang", Harm.TIMED_OUT, "longer than 3 s", HANG_S),
        ("hang in C", Harm.TIMED_OUT, "longer than 3 s", HANG_S),
        ("swell", Harm.OUT_OF_MEMORY, "more than the 200 MB", DEADLINE_S),
        ("raise", Harm.BUG, "job 5 meets a bug", DEADLINE_S),
        ("answer with text", Harm.BUG, "no worker should send", DEADLINE_S),
        ("answer with a surrogate", Harm.BUG, "surrogates not allowed", DEADLINE_S),
        ("too few", Harm.BUG, "0 results for 1 jobs", DEADLINE_S),
        ("send a pickle", Harm.BUG, "0 results for 1 jobs", DEADLINE_S),
        ("send a pickle as result", Harm.BUG, "no worker should send", DEADLINE_S),
        ("send nothing", Harm.BUG, "so short", DEADLINE_S),
        ("promise too much", Harm.CRASHED, "the worker process", DEADLINE_S),
    ],
)
def test_only_the_guilty_item_of_a_batch_pays(
    tmp_path: Path, deed: str, harm: Harm, words: str, timeout_s: float
) -> None:
    with worker(timeout_s, 200 * MEGABYTE if deed == "swell" else 0) as one:
        results = run_abandonable(lambda: compute_each(one, batch_with(deed, tmp_path), pause=at_once), DEADLINE_S)
    casualty = results.pop(GUILTY)
    assert isinstance(casualty, Casualty)
    assert casualty.harm is harm
    assert words in casualty.detail
    assert squares(results) == [number**2 for number in range(16) if number != GUILTY]
    tries_alone = TRIES_IF_KILLED if harm is Harm.KILLED else 2
    assert attempts(tmp_path, GUILTY) == 1 + tries_alone
    assert not (tmp_path / "sprung").exists(), "something that a worker sent was unpickled"


@pytest.mark.parametrize("deed", ["send a pickle", "send nothing", "promise too much", "answer twice", "too few"])
def test_what_a_refused_worker_sent_besides_is_never_read_as_a_later_result(tmp_path: Path, deed: str) -> None:
    with worker() as one:
        one.compute([Job(1, deed, str(tmp_path))])
        if deed == "answer twice":
            assert one._pipe is not None
            assert one._pipe.poll(DEADLINE_S)
        for number in range(2, 5):
            outcome = one.compute([Job(number)])
            assert isinstance(outcome, Reply)
            assert [result.number for result in outcome.results] == [number]


def test_a_worker_is_kept_while_it_behaves_and_replaced_after_harm() -> None:
    with worker() as one:
        first = pid_of(one)
        assert pid_of(one) == first
        assert first != os.getpid()
        assert isinstance(one.compute([Job(0, "raise")]), Casualty)
        assert pid_of(one) == first, "an exception harms no process"
        assert isinstance(one.compute([Job(0, "exit")]), Casualty)
        assert pid_of(one) != first


def test_a_worker_killed_while_idle_costs_no_item_a_try(tmp_path: Path) -> None:
    with worker() as one:
        for number in range(TRIES_IF_KILLED + 1):
            pid = pid_of(one)
            os.kill(pid, signal.SIGKILL)
            assert one._pipe is not None
            assert one._pipe.poll(DEADLINE_S), "its end of the pipe closes with it"
            outcome = one.compute([Job(number, folder=str(tmp_path))])
            assert isinstance(outcome, Reply)
            assert attempts(tmp_path, number) == 1


@pytest.mark.parametrize("job", [Job(1), Job(1, folder="x" * 4_000_000)], ids=["small", "larger than a pipe holds"])
def test_a_stopped_worker_is_a_hanging_one(job: Job) -> None:
    with worker(HANG_S) as one:
        pid = pid_of(one)
        os.kill(pid, signal.SIGSTOP)
        outcome = run_abandonable(lambda: one.compute([job]), DEADLINE_S)
        assert isinstance(outcome, Casualty)
        assert outcome.harm is Harm.TIMED_OUT
        assert pid_of(one) != pid


def test_half_a_reply_is_a_hang(tmp_path: Path) -> None:
    with worker(HANG_S) as one:
        job = Job(1, "send half a reply", str(tmp_path))
        outcome = run_abandonable(lambda: one.compute([job]), DEADLINE_S)
        assert isinstance(outcome, Casualty)
        assert outcome.harm is Harm.TIMED_OUT


def test_workers_leave_a_terminals_signals_to_their_parent() -> None:
    with worker() as one:
        pid = pid_of(one)
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        assert pid_of(one) == pid


@needs_proc
def test_a_closed_worker_is_gone() -> None:
    with worker() as one:
        pid = pid_of(one)
        assert is_alive(pid)
    assert not is_alive(pid)


def test_a_full_disk_is_no_items_fault() -> None:
    with worker() as one, pytest.raises(StorageError, match="the disk is full"):
        one.compute([Job(0), Job(1, "fail to store")])


def test_a_job_that_cannot_be_sent_costs_only_itself() -> None:
    jobs = [Job(0), Job(1, folder="\ud800"), Job(2)]
    with worker() as one:
        first, casualty, last = compute_each(one, jobs)
    assert squares([first, last]) == [0, 4]
    assert isinstance(casualty, Casualty)
    assert casualty.harm is Harm.BUG
    assert "surrogates" in casualty.detail


def test_memory_is_limited_for_each_item_anew() -> None:
    """Sixteen items that each need most of the limit pass, since none keeps it."""
    with worker(memory_limit_bytes=400 * MEGABYTE) as one:
        for _ in range(4):
            assert isinstance(one.compute([Job(0, "swell")]), Casualty)
            assert isinstance(one.compute([Job(number) for number in range(16)]), Reply)


def test_a_reply_tells_what_it_cost() -> None:
    costs: list[Reply] = []
    with worker() as one:
        compute_each(one, [Job(1), Job(2)], costs.append)
    (cost,) = costs
    assert cost.cpu_s >= 0
    assert cost.peak_memory_bytes > MEGABYTE


class Spoiled:
    """A stand-in that harms itself the first `failures` times."""

    def __init__(self, harm: Harm, failures: int) -> None:
        self._harm, self._failures = harm, failures
        self.asked: list[int] = []

    def compute(self, jobs: list[Job]) -> Reply | Casualty:
        self.asked.append(len(jobs))
        if len(self.asked) <= self._failures:
            return Casualty(self._harm, "spoiled")
        return Reply([job.number for job in jobs], 0.0, 0)


@pytest.mark.parametrize(("harm", "tries"), [(Harm.CRASHED, 2), (Harm.TIMED_OUT, 2), (Harm.BUG, 2), (Harm.KILLED, 10)])
def test_how_often_an_item_is_tried(harm: Harm, tries: int) -> None:
    enough, too_many = Spoiled(harm, tries - 1), Spoiled(harm, tries)
    pauses: list[float] = []
    assert compute_each(enough, [Job(3)], pause=pauses.append) == [3]  # type: ignore[arg-type]
    # Only one who kills is waited out, longer and longer.
    assert len(pauses) == (tries - 1 if harm is Harm.KILLED else 0)
    assert pauses == sorted(pauses)
    assert compute_each(too_many, [Job(3)], pause=at_once) == [Casualty(harm, "spoiled")]  # type: ignore[arg-type]
    assert enough.asked == too_many.asked == [1] * tries


def test_nothing_to_compute_asks_nobody() -> None:
    nobody = Spoiled(Harm.CRASHED, 0)
    assert compute_each(nobody, []) == []  # type: ignore[arg-type]
    assert nobody.asked == []


def test_want_of_processes_is_no_items_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Worker) -> Connection:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    pauses: list[float] = []
    monkeypatch.setattr("aggregator.pipeline.worker.time.sleep", pauses.append)
    with worker() as one:
        monkeypatch.setattr(Worker, "_start", refuse)
        with pytest.raises(ResourceError, match="no worker process can be started"):
            compute_each(one, [Job(1)])
    assert pauses == sorted(pauses)
    assert len(pauses) == 3
