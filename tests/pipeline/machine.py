"""Real parts for the tests of the machinery: a ledger in SQLite, sources, a flow, and a look at living processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.flow import Bug, FlowRunner
from aggregator.pipeline.wake import Wake
from aggregator.pipeline.writer import WriterThread
from aggregator.ports import ProcessLimits, ProcessTask, StageReport
from pipeline.jobs import Job, Result, perform

T = TypeVar("T")

DEADLINE_S = 120.0
"""How long a test waits for what should come at once: only a broken machine is slower."""

PRELOAD = ("aggregator.pipeline.worker",)
PERFORM = ProcessTask(perform, Job, Result)

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


class Ledger:
    """A table of lines in a real database file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commits = 0
        with self.begin() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS line (text TEXT NOT NULL)")
        self.commits = 0

    @contextmanager
    def begin(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            self.commits += 1
        finally:
            connection.close()

    def lines(self) -> list[str]:
        connection = sqlite3.connect(self.path)
        try:
            return [text for (text,) in connection.execute("SELECT text FROM line ORDER BY rowid")]
        finally:
            connection.close()

    def numbers(self) -> list[int]:
        return sorted(int(line) for line in self.lines())


def note(connection: sqlite3.Connection, item: object) -> str:
    connection.execute("INSERT INTO line VALUES (?)", (str(item),))
    return "noted"


def each(operation: Callable[[sqlite3.Connection, T], str]) -> Callable[[sqlite3.Connection, Sequence[T]], list[str]]:
    """Return `operation` as a save stage wants it: for a batch."""
    return lambda connection, items: [operation(connection, item) for item in items]


class Source(Generic[T]):
    """Hands out `items` and keeps what it handed out."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self.handed_out: list[T] = []

    def take(self, limit: int) -> Sequence[T] | None:
        items = list(islice(self._items, limit))
        self.handed_out += items
        return items or None


class Machine:
    """A flow with the parts around it."""

    def __init__(
        self, ledger: Ledger, *, item_timeout_s: float = DEADLINE_S, max_bytes: int = 2**20, memory_limit_bytes: int = 0
    ) -> None:
        self.ledger = ledger
        self.wake = Wake()
        self.stop = threading.Event()
        self.bugs: list[Bug] = []
        self.writer: WriterThread[sqlite3.Connection] = WriterThread(ledger.begin, self.wake.ring)
        self.flow: FlowRunner[sqlite3.Connection] = FlowRunner(
            writer=self.writer,
            wake=self.wake,
            stop=self.stop,
            limits=ProcessLimits(item_timeout_s, memory_limit_bytes),
            preload=PRELOAD,
            max_bytes_in_flight=max_bytes,
            on_bug=self.bugs.append,
        )

    def run(self) -> dict[str, StageReport]:
        """Run the flow to its end, or fail the test when there is none."""
        try:
            reports = run_abandonable(self.flow.run, DEADLINE_S)
        except TimeoutError as error:
            self.flow._fail(error)
            raise
        return {report.name: report for report in reports}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.db")


@pytest.fixture
def machine(ledger: Ledger) -> Machine:
    return Machine(ledger)


# --- processes -------------------------------------------------------------------------------------------------------


def states_of_children(parent: int) -> dict[int, str]:
    """Return the process ids of the children of `parent`, with R, S, Z (a zombie) …"""
    states: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, its_parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(its_parent) == parent:
            states[int(path.parent.name)] = state
    return states


def living_workers() -> list[int]:
    return [pid for pid, state in states_of_children(_fork_server()).items() if state != "Z"]


def zombies() -> list[int]:
    everyone = {**states_of_children(_fork_server()), **states_of_children(os.getpid())}
    return [pid for pid, state in everyone.items() if state == "Z"]


def _fork_server() -> int:
    pid = vars(forkserver)["_forkserver"]._forkserver_pid
    assert isinstance(pid, int)
    return pid


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


# --- programs --------------------------------------------------------------------------------------------------------


@contextmanager
def program(name: str, *arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run one of `pipeline.programs` as a session of its own, and kill all of it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.programs", name, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": import_path(), **environment},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


def import_path() -> str:
    tests = Path(__file__).parents[1]
    return os.pathsep.join([str(tests), str(tests.parent / "src")])


def answer_of(name: str, *arguments: object, **environment: str) -> str:
    """Run a program to its good end and return what it printed."""
    with program(name, *arguments, **environment) as process:
        printed, complaint = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, complaint
        return printed.strip()


def line_from(stream: Any) -> str:
    """Return the next line that a program prints."""
    return run_abandonable(lambda: str(stream.readline()).strip(), DEADLINE_S)
