"""The few narrow protocols that stages see, and the records that speak of the machinery itself.

A stage is written against these; `app` hands it the real parts, which `pipeline` and `store` provide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from aggregator.records import Casualty

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)
Job = TypeVar("Job")
Result = TypeVar("Result")
Transaction_co = TypeVar("Transaction_co", covariant=True)


class Clock(Protocol):
    """Tells the time; a test hands in its own."""

    def now(self) -> datetime:
        """Return the present moment, aware and UTC."""
        ...


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did so far. `outcomes` counts items by how they ended; `taken` those begun."""

    name: str
    workers: int
    taken: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    busy_s: float = 0.0
    bytes: int = 0
    waiting: int = 0
    peak_waiting: int = 0
    peak_bytes: int = 0

    @property
    def done(self) -> int:
        """How many items ended, in whatever outcome."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class ProcessTask(Generic[Job, Result]):
    """Work for a process: a function over a batch, and the types that are sent to it and expected back.

    `function` must be importable by name (a module's function, or a `functools.partial` of one), must return one
    result per job, in order, and must not raise for bad input. Jobs and results are plain records, see `records`.
    """

    function: Callable[[Sequence[Job]], Sequence[Result]]
    job_type: type[Job]
    result_type: type[Result]


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What a worker process may take for one item; 0 bytes means no limit."""

    item_timeout_s: float
    memory_limit_bytes: int


class WorkList(Protocol[T_co]):
    """A durable list of pending work, recomputed from rows."""

    def take(self, limit: int) -> Sequence[T_co] | None:
        """Return up to `limit` items, none of which was returned before unless it is pending again.

        An empty sequence means nothing just now: ask again later. None means nothing more in this run.
        """
        ...


class Writer(Protocol[Transaction_co]):
    """The one writer of this command. Operations are committed together in short transactions."""

    def call(self, operation: Callable[[Transaction_co], R]) -> R:
        """Run `operation` inside a transaction and return its result once that is durable."""
        ...


class Stream(Protocol[T_co]):
    """What comes out of a stage, through a bounded queue. Only `Flow` can read it."""

    @property
    def name(self) -> str:
        """The stage that it comes from."""
        ...


class Flow(Protocol[Transaction_co]):
    """Joins stages by bounded queues. Nothing moves until the flow is run by whoever made it."""

    def pull(self, name: str, work: WorkList[T], *, look_ahead: int, done: Callable[[T], Any] = ...) -> Stream[T]:
        """Start a stream from rows; at most `look_ahead` items wait in memory.

        `done` is called once for each item, never twice at the same time: after what became of it is committed, or
        when a stage on the way has parked it.
        """
        ...

    def threads(
        self, name: str, work: Callable[[T], R], source: Stream[T], *, workers: int, size_of: Callable[[R], int] = ...
    ) -> Stream[R]:
        """Do work that waits in `workers` threads. `size_of` tells the bytes that a result keeps in memory."""
        ...

    def processes(
        self,
        name: str,
        task: ProcessTask[Job, Result],
        source: Stream[T],
        *,
        job_of: Callable[[T], Job | None],
        join: Callable[[T, Result | Casualty | None], R],
        workers: int,
        batch: int = 1,
        limits: ProcessLimits | None = None,
    ) -> Stream[R]:
        """Do work that computes in `workers` processes, `batch` jobs at a time.

        `job_of` says what of an item a worker needs, or None if the item needs none and passes through; `join` puts
        item and result together. `limits` take the place of those that hold for all stages.
        """
        ...

    def save(
        self, name: str, operation: Callable[[Transaction_co, Sequence[T]], Sequence[str]], source: Stream[T]
    ) -> None:
        """End a stream in the database. `operation` saves a batch and returns each item's outcome, to be counted."""
        ...
