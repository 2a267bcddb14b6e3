"""What runs inside a worker process: receive a batch, compute, send back plain data.

It inherits nothing but two pipes. On one come the jobs; the other, the lifeline, carries nothing: its other end is held
by the parent alone, so that when it closes, whatever became of the parent, the worker ends.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from aggregator.errors import StorageError
from aggregator.pipeline.memory import limit_memory, peak_memory_bytes

if sys.platform != "win32":
    import fcntl

RESULT = b"r"
BUG = b"b"
OUT_OF_MEMORY = b"m"
STORAGE = b"s"

USAGE = struct.Struct("<dq")
"""Sent after the first byte of every reply: CPU seconds of this batch, peak resident bytes of this process."""

GRACE_S = 5.0
"""How much later than the parent the worker itself acts on a deadline: only when no parent is left to do it."""


@dataclass(frozen=True, slots=True)
class WorkerOrders:
    """All that a worker is told at its birth."""

    function: Callable[[Sequence[Any]], Sequence[Any]]
    job_type: type[Any]
    item_timeout_s: float
    memory_limit_bytes: int


def worker_main(jobs: Connection, lifeline: Connection, orders: WorkerOrders) -> None:
    """Serve batches until the pipe closes. The entry point of the process."""
    # A Ctrl-C in a terminal and a service manager's TERM reach the whole group. What is in hand shall be finished, so
    # the parent alone decides; the lifeline and the parent's SIGKILL are how a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _bind_to(lifeline)
    limit_memory(orders.memory_limit_bytes)
    decoder = msgspec.msgpack.Decoder(list[orders.job_type])  # type: ignore[name-defined]
    while True:
        try:
            payload = jobs.recv_bytes()
        except (EOFError, OSError):
            return
        started = time.process_time()
        kind, body = _compute(orders, decoder, payload)
        del payload
        usage = USAGE.pack(time.process_time() - started, peak_memory_bytes())
        jobs.send_bytes(kind + usage + body)
        if kind == OUT_OF_MEMORY:
            return  # the heap may be full of what caused it; a fresh worker starts clean


def _compute(orders: WorkerOrders, decoder: msgspec.msgpack.Decoder[Any], payload: bytes) -> tuple[bytes, bytes]:
    # Acts even while C code holds the interpreter's lock and the parent is gone.
    faulthandler.dump_traceback_later(orders.item_timeout_s + GRACE_S, exit=True, file=_NOWHERE)
    try:
        results = orders.function(decoder.decode(payload))
        return RESULT, msgspec.msgpack.encode(results)
    except MemoryError:
        return OUT_OF_MEMORY, b""
    except StorageError as error:
        return STORAGE, str(error).encode("utf-8", "replace")
    except Exception:  # noqa: BLE001 - the parent parks the item with this traceback and the run goes on
        return BUG, traceback.format_exc().encode("utf-8", "replace")
    finally:
        faulthandler.cancel_dump_traceback_later()


_NOWHERE = os.open(os.devnull, os.O_WRONLY)  # faulthandler wants a file that stays open


def _bind_to(lifeline: Connection) -> None:
    """End this process when the parent's end of `lifeline` closes."""
    if sys.platform == "linux":
        # The kernel sends SIGIO then, which ends a process that does not handle it: even one that hangs in C code and
        # holds the interpreter's lock, where no thread of ours would ever run.
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()


def _end_with_parent(lifeline: Connection) -> None:
    with contextlib.suppress(OSError):
        lifeline.poll(None)  # and not recv: the kernel sends no SIGIO while somebody is reading
    os._exit(0)
