"""Stages of threads and of processes, joined by bounded queues.

    pull ──▶ threads ──▶ processes ──▶ save
     ▲ rows     │ wait      │ compute     │ submits to the one writer
     └──────────┴──── a later source is woken by each commit ◀┘

Stages are declared in the order of the flow and start together in `run`. Each has an input queue bounded in items and
in bytes in flight; a stage whose follower is slow waits. When a source has no more, its queue closes, the stage behind
it finishes what it has, closes its own, and so on to the end.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from aggregator.errors import ResourceError, StorageError
from aggregator.pipeline.meter import Meter
from aggregator.pipeline.processes import compute_each
from aggregator.pipeline.queue import BoundedQueue, Cancelled, Drained, Slot
from aggregator.pipeline.wake import Wake
from aggregator.pipeline.worker import Reply, Worker, process_context
from aggregator.pipeline.worker_child import WorkerOrders
from aggregator.pipeline.writer import WriterThread
from aggregator.ports import ProcessLimits, ProcessTask, StageReport, Stream, WorkList
from aggregator.records import Casualty, Harm

T = TypeVar("T")
R = TypeVar("R")
Job = TypeVar("Job")
Result = TypeVar("Result")
Transaction = TypeVar("Transaction")
Step = Callable[[list[Slot[T]]], None]

LOOK_AHEAD = 2
"""Waiting items per worker. More than one each, or a slow taker starves the others; more than that is only memory."""

IDLE_S = 0.05
"""How long a source sleeps at most before it looks again, when no commit wakes it: host spacing is counted in this."""

PAUSE_S = 0.05
"""How long it sleeps at least: commits come by the hundred, and asking the rows after each costs more than it finds."""

SAVE_BATCH = 256
"""Items that are saved together at most; while a commit lasts, the next batch gathers."""

SAVE_EVERY_S = 0.03
"""How far apart the commits of a stage are while items come: one that holds few costs as much as one of many."""

GATHERED = 32
"""How many results of processes may wait at least, so that they can gather for a commit."""

TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Bug:
    """An exception that no stage should raise. `item` is what the stage had in hand."""

    stage: str
    item: object
    traceback: str


class QueuedStream(Generic[T]):
    """The output of a stage: its name and the queue that it fills."""

    def __init__(self, name: str, queue: BoundedQueue[T]) -> None:
        """Join the stage called `name` to `queue`."""
        self.name = name
        self.queue = queue


class FlowRunner(Generic[Transaction]):
    """Owns the threads and processes of one run. See `ports.Flow` for what the stage methods mean."""

    def __init__(
        self,
        *,
        writer: WriterThread[Transaction],
        wake: Wake,
        stop: threading.Event,
        limits: ProcessLimits,
        preload: Sequence[str] = (),
        max_bytes_in_flight: int,
        on_bug: Callable[[Bug], None],
    ) -> None:
        """Prepare an empty flow. `stop` ends the sources; `on_bug` is told of every item parked for a fault of ours.

        `preload` names the modules that the fork server imports before it makes a worker process.
        """
        self._writer = writer
        self._wake = wake
        self._stop = stop
        self._limits = limits
        self._preload = tuple(preload)
        self._max_bytes = max_bytes_in_flight
        self._on_bug = on_bug
        self._threads: list[threading.Thread] = []
        self._queues: list[BoundedQueue[Any]] = []
        self._stages: list[tuple[Meter, BoundedQueue[Any] | None]] = []
        self._failure: BaseException | None = None
        self.bugs = 0
        self.peak_worker_bytes = 0
        self.worker_cpu_s = 0.0
        self._count_lock = threading.Lock()
        self._end_lock = threading.Lock()

    # --- declaring the stages ---------------------------------------------------------------------------------

    def pull(
        self, name: str, work: WorkList[T], *, look_ahead: int, done: Callable[[T], Any] = lambda _: None
    ) -> QueuedStream[T]:
        """Start a stream from rows; at most `look_ahead` items wait in memory.

        `done` is called once for each item, never twice at the same time: after what became of it is committed, or
        when a stage on the way has parked it.
        """
        out = self._queue(look_ahead)
        self._add_threads(name, 1, partial(self._pull, work, out, max(1, look_ahead // 2), done), close=[out])
        return QueuedStream(name, out)

    def threads(
        self,
        name: str,
        work: Callable[[T], R],
        source: Stream[T],
        *,
        workers: int,
        size_of: Callable[[R], int] = lambda _: 0,
    ) -> QueuedStream[R]:
        """Do work that waits in `workers` threads."""
        queue = _queue_of(source)
        meter = self._meter(name, workers, queue)
        out = self._queue(LOOK_AHEAD * workers)

        def step(slots: list[Slot[T]]) -> None:
            for slot in slots:
                with self._parking(meter, [slot]):
                    result = work(slot.item)
                    size_bytes = size_of(result)
                    meter.add_bytes(size_bytes)
                    meter.count("done")
                    out.put(result, size_bytes, slot.on_end)

        self._add_threads(name, workers, partial(self._serve, meter, queue, 1, step), close=[out])
        return QueuedStream(name, out)

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
    ) -> QueuedStream[R]:
        """Do work that computes in `workers` processes: one thread each, which waits for its own process."""
        queue = _queue_of(source)
        meter = self._meter(name, workers, queue)
        out = self._queue(max(LOOK_AHEAD * workers * batch, GATHERED))
        context = process_context(self._preload)
        chosen = limits or self._limits
        orders = WorkerOrders(task.function, task.job_type, chosen.item_timeout_s, chosen.memory_limit_bytes)

        def supervise() -> None:
            worker = Worker(context, orders, task.result_type)

            def step(slots: list[Slot[T]]) -> None:
                for slot, result in self._computed(meter, worker, slots, job_of):
                    with self._parking(meter, [slot]):
                        joined = join(slot.item, result)
                        meter.count(result.harm if isinstance(result, Casualty) else "done")
                        if isinstance(result, Casualty) and result.harm is Harm.BUG:
                            self._count_bug()  # the stage itself sets the item aside, as it does with any casualty
                        # Nobody measured the result; what was made of many bytes is taken to be as many.
                        out.put(joined, slot.size_bytes, slot.on_end)

            try:
                self._serve(meter, queue, batch, step)
            finally:
                worker.close()

        self._add_threads(name, workers, supervise, close=[out])
        return QueuedStream(name, out)

    def save(
        self,
        name: str,
        operation: Callable[[Transaction, Sequence[T]], Sequence[str]],
        source: Stream[T],
    ) -> None:
        """End a stream in the database, through the one writer: whatever waits is saved in one operation."""
        queue = _queue_of(source)
        meter = self._meter(name, 1, queue)

        def step(slots: list[Slot[T]]) -> None:
            try:
                outcomes = self._writer.call(partial(_apply, operation, [slot.item for slot in slots]))
            except StorageError:
                raise
            except Exception:  # noqa: BLE001 - our bug, as in _parking; taken apart, so that only the guilty item is lost
                if len(slots) > 1:
                    for slot in slots:
                        step([slot])
                    return
                self._give_up(meter, slots[0])
            else:
                for slot, outcome in zip(slots, outcomes, strict=True):
                    meter.count(outcome)
                    self._end(slot)
            self._wake.ring()  # the commit rang before the source could know whose it was

        self._add_threads(name, 1, partial(self._serve, meter, queue, SAVE_BATCH, step, SAVE_EVERY_S), close=[])

    # --- running ----------------------------------------------------------------------------------------------

    def run(self, on_tick: Callable[[list[StageReport]], None] = lambda _: None) -> list[StageReport]:
        """Start every stage, wait until all have ended and all is committed, and return what each did.

        `on_tick` is called about ten times a second with the counts so far.

        Raises:
            StorageError: the database or the disk failed; what was committed before stays.
            ResourceError: the system has no more threads or processes to give.
        """
        try:
            self._start()
            for thread in self._threads:
                while thread.is_alive():
                    thread.join(TICK_S)
                    on_tick(self.reports())
        except BaseException as error:  # noqa: BLE001 - raised below, once nobody works on behind our back
            self._fail(error)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._writer.close()
        if self._failure is not None:
            raise self._failure
        on_tick(self.reports())
        return self.reports()

    def _start(self) -> None:
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError as error:
            raise ResourceError(f"no more threads can be started ({error}); set [fetch] workers lower") from error

    def reports(self) -> list[StageReport]:
        """Return what each stage did so far, in the order of the flow."""
        return [
            meter.report(len(queue), queue.peak_items, queue.peak_bytes) if queue is not None else meter.report()
            for meter, queue in self._stages
        ]

    # --- the parts ----------------------------------------------------------------------------------------------

    def _queue(self, max_items: int) -> BoundedQueue[Any]:
        queue: BoundedQueue[Any] = BoundedQueue(max(2, max_items), self._max_bytes)
        self._queues.append(queue)
        return queue

    def _meter(self, name: str, workers: int, queue: BoundedQueue[Any]) -> Meter:
        meter = Meter(name, workers)
        self._stages.append((meter, queue))
        return meter

    def _add_threads(self, name: str, count: int, body: Callable[[], None], close: Sequence[BoundedQueue[Any]]) -> None:
        """Add `count` threads that run `body`; the last of them to end closes the queues that they fill."""
        left = [count]

        def live() -> None:
            try:
                body()
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - kept, and raised by run in the main thread
                self._fail(error)
            finally:
                with self._count_lock:
                    left[0] -= 1
                    last = left[0] == 0
                if last:
                    for queue in close:
                        queue.close()

        self._threads += [threading.Thread(target=live, name=f"{name}-{n}", daemon=True) for n in range(count)]

    def _pull(self, work: WorkList[T], out: BoundedQueue[T], limit: int, done: Callable[[T], Any]) -> None:
        while not self._stop.is_set():
            heard = self._wake.heard()
            items = work.take(limit)
            if items is None:
                return
            for item in items:
                out.put(item, on_end=partial(done, item))
            if not items:
                self._stop.wait(PAUSE_S)
                self._wake.wait(heard, IDLE_S)

    def _serve(self, meter: Meter, source: BoundedQueue[T], limit: int, step: Step[T], rest_s: float = 0.0) -> None:
        """Take from `source` until it is drained, resting after each step."""
        while True:
            try:
                slots = source.take(limit)
            except Drained:
                return
            meter.take(len(slots))
            try:
                with meter.busy():
                    step(slots)
            finally:
                for slot in slots:
                    source.done(slot)
            source.rest(rest_s)

    @contextmanager
    def _parking(self, meter: Meter, slots: Sequence[Slot[Any]]) -> Iterator[None]:
        """Park the items of `slots` if the block raises what no stage should raise; the run goes on."""
        try:
            yield
        except (Cancelled, StorageError):
            raise
        except Exception:  # noqa: BLE001 - our bug: kept with its traceback, reported by the exit code
            for slot in slots:
                self._give_up(meter, slot)

    def _give_up(self, meter: Meter, slot: Slot[Any]) -> None:
        """End the way of an item that met the bug which is being handled."""
        meter.count("bug")
        self._park(meter.name, slot.item, traceback.format_exc())
        self._end(slot)

    def _end(self, slot: Slot[Any]) -> None:
        """Tell the source that an item's way has ended. One at a time: a source need not guard its count."""
        with self._end_lock:
            slot.on_end()

    def _computed(
        self, meter: Meter, worker: Worker, slots: list[Slot[T]], job_of: Callable[[T], Job | None]
    ) -> list[tuple[Slot[T], Any | Casualty | None]]:
        """Pair each item with its result; items that need no worker pass with None."""
        jobs: list[tuple[Slot[T], Job | None]] = []
        for slot in slots:
            with self._parking(meter, [slot]):
                jobs.append((slot, job_of(slot.item)))
        with self._parking(meter, [slot for slot, _ in jobs]):
            results = iter(compute_each(worker, [job for _, job in jobs if job is not None], self._count_reply))
            return [(slot, None if job is None else next(results)) for slot, job in jobs]
        return []

    def _count_reply(self, reply: Reply) -> None:
        with self._count_lock:
            self.peak_worker_bytes = max(self.peak_worker_bytes, reply.peak_memory_bytes)
            self.worker_cpu_s += reply.cpu_s

    def _count_bug(self) -> None:
        with self._count_lock:
            self.bugs += 1

    def _park(self, stage: str, item: object, text: str) -> None:
        self._count_bug()
        self._on_bug(Bug(stage, item, text))

    def _fail(self, error: BaseException) -> None:
        """Give the run up: nothing more can be stored, so nothing more shall be fetched."""
        if self._failure is None:
            self._failure = error
        self._stop.set()
        for queue in self._queues:
            queue.cancel()


def _queue_of(stream: Stream[T]) -> BoundedQueue[T]:
    if not isinstance(stream, QueuedStream):
        raise TypeError(f"the stream {stream.name} was not made by this machinery")
    return stream.queue


def _apply(
    operation: Callable[[Transaction, Sequence[T]], Sequence[str]], items: Sequence[T], transaction: Transaction
) -> Sequence[str]:
    return operation(transaction, items)
