"""What the tests give worker processes to do. Imported by the workers, so it stays light."""

from __future__ import annotations

import ctypes
import os
import pickle
import re
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from aggregator.errors import StorageError
from aggregator.pipeline.worker_child import RESULT, USAGE

MEETING_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """`deed` names what to do; `folder` is where it leaves traces."""

    number: int
    deed: str = "square"
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    number: int
    square: int
    pid: int


def perform(jobs: Sequence[Job]) -> list[Result]:
    results = [_perform_one(job) for job in jobs]
    return results[:-1] if any(job.deed == "too few" for job in jobs) else results


def _perform_one(job: Job) -> Result:
    if job.folder:
        with (Path(job.folder) / f"attempts-{job.number}").open("a") as file:
            file.write(f"{os.getpid()}\n")
    return _DEEDS[job.deed](job)


def attempts(folder: Path, number: int) -> int:
    """Return how often the job `number` was begun."""
    return len((folder / f"attempts-{number}").read_text().splitlines())


def _square(job: Job) -> Result:
    return Result(job.number, job.number**2, os.getpid())


def _meet(job: Job) -> Result:
    """Return once `number` different processes are in this function at the same time."""
    (Path(job.folder) / f"met-{os.getpid()}").touch()
    deadline = time.monotonic() + MEETING_TIMEOUT_S
    while len(list(Path(job.folder).glob("met-*"))) < job.number:
        if time.monotonic() > deadline:
            raise TimeoutError("nobody else came")
        time.sleep(0.01)
    return _square(job)


def _hang(_: Job) -> Result:
    threading.Event().wait()
    raise AssertionError


def _hang_in_c(job: Job) -> Result:
    """Backtrack in one call of C code, which holds the interpreter's lock, for longer than anybody waits."""
    re.fullmatch("(a+)+b", "a" * 80)
    return _square(job)


def _swell(_job: Job) -> Result:
    held: list[bytearray] = []
    for _ in range(64):
        held.append(bytearray(16 * 2**20))  # noqa: PERF401 - step by step, as real things swell
    raise AssertionError("a whole gigabyte was given")


def _raise(job: Job) -> Result:
    raise ValueError(f"job {job.number} meets a bug")


def _fail_to_store(_: Job) -> Result:
    raise StorageError("the disk is full")


def _answer_with_text(_: Job) -> Result:
    return "no result"  # type: ignore[return-value]


def _answer_with_surrogate(_: Job) -> Result:
    return Result("\ud800", 0, 0)  # type: ignore[arg-type]


def _exit(_: Job) -> Result:
    os._exit(7)


def _be_killed(job: Job) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    return _square(job)


def _be_terminated(job: Job) -> Result:
    """Die of a SIGTERM, as a worker may that is not yet ready to ignore it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
    return _square(job)


def _crash(job: Job) -> Result:
    ctypes.string_at(0)
    return _square(job)


# --- what hostile bytes that took the worker over might do -----------------------------------------------------------


class Trap:
    """Leaves a file wherever it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[[str, int], object], tuple[str, int]]:
        return os.open, (self._path, os.O_CREAT | os.O_WRONLY)


def _send_pickle(job: Job) -> Result:
    _pipe_to_parent().send_bytes(pickle.dumps(Trap(f"{job.folder}/sprung")))
    return _square(job)


def _send_pickle_as_result(job: Job) -> Result:
    _pipe_to_parent().send_bytes(RESULT + USAGE.pack(0.0, 0) + pickle.dumps(Trap(f"{job.folder}/sprung")))
    return _square(job)


def _send_nothing(job: Job) -> Result:
    _pipe_to_parent().send_bytes(b"")
    return _square(job)


def _promise_too_much(job: Job) -> Result:
    """Announce a reply of a terabyte."""
    os.write(_pipe_to_parent().fileno(), struct.pack("!iQ", -1, 2**40))
    return _square(job)


def _send_half_a_reply(job: Job) -> Result:
    """Announce a reply of a kilobyte, send ten bytes of it, and fall silent."""
    os.write(_pipe_to_parent().fileno(), struct.pack("!i", 1000) + bytes(10))
    return _hang(job)


def _answer_twice(job: Job) -> Result:
    """Send a fitting reply of its own before the true one, which would then pass for the answer to the next batch."""
    forged = [Result(job.number, job.number**2, os.getpid())]
    _pipe_to_parent().send_bytes(RESULT + USAGE.pack(0.0, 0) + msgspec.msgpack.encode(forged))
    return _square(job)


def _pipe_to_parent() -> Connection:
    frame = sys._getframe()
    while frame.f_code.co_name != "worker_main":
        assert frame.f_back is not None
        frame = frame.f_back
    pipe = frame.f_locals["jobs"]
    assert isinstance(pipe, Connection)
    return pipe


_DEEDS: dict[str, Callable[[Job], Result]] = {
    "square": _square,
    "meet": _meet,
    "too few": _square,
    "hang": _hang,
    "hang in C": _hang_in_c,
    "swell": _swell,
    "raise": _raise,
    "fail to store": _fail_to_store,
    "answer with text": _answer_with_text,
    "answer with a surrogate": _answer_with_surrogate,
    "exit": _exit,
    "be killed": _be_killed,
    "be terminated": _be_terminated,
    "crash": _crash,
    "send a pickle": _send_pickle,
    "send a pickle as result": _send_pickle_as_result,
    "send nothing": _send_nothing,
    "promise too much": _promise_too_much,
    "answer twice": _answer_twice,
    "send half a reply": _send_half_a_reply,
}
