"""The parent's handle on one worker process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import msgspec

from aggregator.errors import ResourceError, StorageError
from aggregator.pipeline.worker_child import (
    BUG,
    OUT_OF_MEMORY,
    RESULT,
    STORAGE,
    USAGE,
    WorkerOrders,
    worker_main,
)
from aggregator.records import Casualty, Harm

MAX_REPLY_BYTES = 256 * 1024 * 1024
"""Longer than any honest batch of results; a worker taken over by hostile bytes cannot fill the parent."""

_lifecycle = threading.Lock()
# multiprocessing reaps children of every thread whenever any thread starts one; two readers of one exit status
# would see "255". One lock for births and deaths keeps the status true.


@dataclass(frozen=True, slots=True)
class Reply:
    """The results of a batch, and what they cost."""

    results: list[Any]
    cpu_s: float
    peak_memory_bytes: int


def process_context(preload: Sequence[str]) -> BaseContext:
    """Return how processes are started: from a fork server that has imported `preload`, or spawned where there is none.

    A fork server is started afresh, before it has threads of its own, so its forks are safe and cheap. Numerical
    libraries are told to use one thread in it: cores are shared out by the pool, and their threads would not survive
    a fork.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


class Worker:
    """One process, replaced by a new one whenever it dies or has to be killed. Used by one thread."""

    def __init__(self, context: BaseContext, orders: WorkerOrders, result_type: type[Any]) -> None:
        """Start nothing yet; the first batch does."""
        self._context = context
        self._orders = orders
        self._decoder = msgspec.msgpack.Decoder(list[result_type])  # type: ignore[valid-type]
        self._process: Any = None
        self._pipe: Connection | None = None
        self._lifeline: Connection | None = None

    def compute(self, jobs: Sequence[Any]) -> Reply | Casualty:
        """Send `jobs` as one batch and wait for the results, at most the item time-out.

        Raises StorageError if the worker could not write to the disk, ResourceError if none can be started: neither is
        any item's fault.
        """
        try:
            payload = msgspec.msgpack.encode(jobs)
        except Exception:  # noqa: BLE001 - a job that cannot be sent is our bug, and costs its own item alone
            return Casualty(Harm.BUG, traceback.format_exc())
        pipe = self._started()
        try:
            pipe.send_bytes(payload)
            if not pipe.poll(self._orders.item_timeout_s):
                return self._timed_out()
            return self._read(pipe.recv_bytes(MAX_REPLY_BYTES), len(jobs))
        except BlockingIOError:  # what `_give_up_after` makes of a pipe on which nothing moves
            return self._timed_out()
        except (EOFError, OSError):
            return _cause_of_death(self._end(kill=False))

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._end(kill=True)

    def _started(self) -> Connection:
        if self._pipe is not None:
            if not self._pipe.poll():
                return self._pipe
            # Nothing was asked, so this is an end of file or a word too many: not this batch's fault, nor its answer.
            self._end(kill=True)
        for pause_s in (0.1, 1.0, 3.0):
            try:
                return self._start()
            except (OSError, EOFError):
                time.sleep(pause_s)
        try:
            return self._start()
        except (OSError, EOFError) as error:
            raise ResourceError(f"no worker process can be started: {error}; set [analyze] workers lower") from error

    def _start(self) -> Connection:
        pipe, childs_pipe = self._context.Pipe()
        _give_up_after(pipe, self._orders.item_timeout_s)
        lifeline, childs_lifeline = self._context.Pipe()
        process = self._context.Process(  # type: ignore[attr-defined]  # every concrete context has it
            target=worker_main, args=(childs_pipe, childs_lifeline, self._orders), daemon=True
        )
        with childs_pipe, childs_lifeline, _lifecycle:
            process.start()
        self._process, self._pipe, self._lifeline = process, pipe, lifeline
        return pipe

    def _end(self, *, kill: bool) -> int | None:
        """Kill or await the process, forget it, and return its exit code (negative: the signal that ended it)."""
        process, pipe, lifeline = self._process, self._pipe, self._lifeline
        self._process = self._pipe = self._lifeline = None
        for end in (pipe, lifeline):
            if end is not None:
                end.close()
        if process is None:
            return None
        with _lifecycle:
            if kill:
                process.kill()
            process.join(1.0)
            if process.exitcode is None:
                process.kill()
                process.join()
            exit_code: int | None = process.exitcode
            process.close()
        return exit_code

    def _read(self, reply: bytes, expected: int) -> Reply | Casualty:
        if len(reply) < 1 + USAGE.size:
            return self._refused("a worker sent what no worker should send: no reply of ours is so short")
        kind, body = reply[:1], reply[1 + USAGE.size :]
        cpu_s, peak_bytes = USAGE.unpack_from(reply, 1)
        if kind == OUT_OF_MEMORY:
            self._end(kill=False)
            limit_mb = self._orders.memory_limit_bytes // 2**20
            return Casualty(Harm.OUT_OF_MEMORY, f"needed more than the {limit_mb} MB that a worker may use")
        if kind == STORAGE:
            raise StorageError(body.decode("utf-8", "replace"))
        if kind == BUG:
            return Casualty(Harm.BUG, body.decode("utf-8", "replace"))
        try:
            results = self._decoder.decode(body) if kind == RESULT else []
        except (msgspec.MsgspecError, ValueError) as error:
            return self._refused(f"a worker sent what no worker should send: {error}")
        if len(results) != expected:
            return self._refused(f"a worker sent {len(results)} results for {expected} jobs")
        return Reply(results, cpu_s, peak_bytes)

    def _timed_out(self) -> Casualty:
        self._end(kill=True)
        return Casualty(Harm.TIMED_OUT, f"took longer than {self._orders.item_timeout_s:g} s")

    def _refused(self, why: str) -> Casualty:
        """Give up the process as well: whoever sends one such thing may have sent more, to be read as later results."""
        self._end(kill=True)
        return Casualty(Harm.BUG, why)


def _give_up_after(pipe: Connection, timeout_s: float) -> None:
    """Make a send or receive on `pipe` fail that makes no progress for `timeout_s`.

    A worker that was stopped does not read, and one taken over by hostile bytes may send half a reply: neither ends,
    so neither closes the pipe.
    """
    if sys.platform == "win32":
        return  # there it is a named pipe
    with socket.socket(fileno=os.dup(pipe.fileno())) as same:
        time_limit = struct.pack("ll", int(timeout_s) + 1, 0)  # a timeval
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, time_limit)
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time_limit)


def _cause_of_death(exit_code: int | None) -> Casualty:
    # A worker ignores SIGTERM as soon as it runs: one that dies of it was hit at its birth.
    if exit_code in (-signal.SIGKILL, -signal.SIGTERM):
        return Casualty(Harm.KILLED, "the worker process was killed from outside (by a person, or for want of memory)")
    if exit_code is not None and exit_code < 0:
        return Casualty(Harm.CRASHED, f"the worker process died of {signal.Signals(-exit_code).name}")
    return Casualty(Harm.CRASHED, f"the worker process ended with exit code {exit_code}")
