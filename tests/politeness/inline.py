"""The machinery in one thread: what `pipeline` does with threads, processes and queues, done step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from aggregator.ports import ProcessLimits, ProcessTask, Stream, WorkList
from aggregator.records import Casualty
from aggregator.store.transaction import Transaction

T = TypeVar("T")
R = TypeVar("R")
Job = TypeVar("Job")
Result = TypeVar("Result")

SHORTEST_NAP_S, LONGEST_NAP_S = 0.25, 8.0
LONGEST_RUN_S = 6 * 3600.0
"""A run that waits for longer than that, in simulated time, has hung."""


class PowerCutError(Exception):
    """The machine stopped between an answer and its commit."""


@lru_cache(maxsize=4096)
def _computed(function: Callable[[Sequence[Job]], Sequence[Result]], job: Job) -> Result:
    """Do the work of a process, once for each job: it depends on nothing else, and many worlds read the same feeds."""
    return function([job])[0]


class InlineWriter:
    """Runs each operation in a transaction of its own."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Transaction]]) -> None:
        self._begin = begin

    def call(self, operation: Callable[[Transaction], R]) -> R:
        with self._begin() as transaction:
            return operation(transaction)


@dataclass
class Line:
    """One source with all that follows it."""

    name: str
    work: WorkList[Any]
    look_ahead: int
    done: Callable[[Any], Any]
    steps: list[Callable[[Any], Any]] = field(default_factory=list)
    save: Callable[[Transaction, Sequence[Any]], Sequence[str]] | None = None


class InlineFlow:
    """Carries one item after the other through all stages. While every host must rest, `nap` lets time go by."""

    def __init__(self, writer: InlineWriter, nap: Callable[[float], None], *, power_cut: Callable[[], bool]) -> None:
        self._writer = writer
        self._nap = nap
        self._power_cut = power_cut
        self._lines: list[Line] = []
        self.outcomes: list[str] = []

    def pull(
        self, name: str, work: WorkList[T], *, look_ahead: int, done: Callable[[T], Any] = lambda _: None
    ) -> Stream[T]:
        line = Line(name, work, look_ahead, done)
        self._lines.append(line)
        return line

    def threads(
        self,
        name: str,  # noqa: ARG002 - the interface
        work: Callable[[T], R],
        source: Stream[T],
        *,
        workers: int,  # noqa: ARG002
        size_of: Callable[[R], int] = lambda _: 0,  # noqa: ARG002
    ) -> Stream[R]:
        return self._then(source, work)

    def processes(
        self,
        name: str,  # noqa: ARG002
        task: ProcessTask[Job, Result],
        source: Stream[T],
        *,
        job_of: Callable[[T], Job | None],
        join: Callable[[T, Result | Casualty | None], R],
        workers: int,  # noqa: ARG002
        batch: int = 1,  # noqa: ARG002
        limits: ProcessLimits | None = None,  # noqa: ARG002
    ) -> Stream[R]:
        def compute(item: T) -> R:
            job = job_of(item)
            return join(item, None if job is None else _computed(task.function, job))

        return self._then(source, compute)

    def save(
        self,
        name: str,  # noqa: ARG002
        operation: Callable[[Transaction, Sequence[T]], Sequence[str]],
        source: Stream[T],
    ) -> None:
        assert isinstance(source, Line)
        source.save = operation

    def run(self) -> None:
        """Work until all sources have ended."""
        pending, waited_s, nap_s = list(self._lines), 0.0, SHORTEST_NAP_S
        while pending:
            taken = [(line, line.work.take(line.look_ahead)) for line in pending]
            pending = [line for line, items in taken if items is not None]
            for line, items in taken:
                for item in items or ():
                    self._carry(line, item)
            if any(items for _, items in taken):
                nap_s = SHORTEST_NAP_S
            else:
                self._nap(nap_s)
                waited_s, nap_s = waited_s + nap_s, min(2 * nap_s, LONGEST_NAP_S)
                assert waited_s < LONGEST_RUN_S, f"a run does not end: {[line.name for line in pending]} still wait"

    def _then(self, source: Stream[Any], step: Callable[[Any], Any]) -> Stream[Any]:
        assert isinstance(source, Line)
        source.steps.append(step)
        return source

    def _carry(self, line: Line, item: Any) -> None:
        carried = item
        for step in line.steps:
            carried = step(carried)
        if self._power_cut():
            raise PowerCutError
        save, results = line.save, [carried]
        assert save is not None
        self.outcomes += self._writer.call(lambda transaction: save(transaction, results))
        line.done(item)
