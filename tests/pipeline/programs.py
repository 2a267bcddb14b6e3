"""Programs of their own that the tests start, stop and kill."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aggregator.errors import UsageError
from aggregator.pipeline.clock import clock_from_environment
from aggregator.pipeline.companion import companion
from aggregator.pipeline.cores import usable_cores
from aggregator.pipeline.lock import StageLock
from aggregator.pipeline.memory import limit_memory, peak_memory_bytes
from aggregator.pipeline.shutdown import StopSignal
from pipeline.jobs import Job, Result
from pipeline.machine import PERFORM, Ledger, Machine, Source, each, note

MEGABYTE = 2**20


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def flow_until_stopped(folder: str) -> None:
    """Note numbers without end; say "ready" after some. Ends as a run does, and tells how many were handed out."""
    with StopSignal() as stop:
        machine = Machine(Ledger(Path(folder) / "ledger.db"))
        machine.flow._stop = stop.requested
        noted = itertools.count(1)

        def ready(_: object) -> None:
            if next(noted) == 50:
                say("ready")

        source = Source(Job(number) for number in itertools.count())
        squares = machine.flow.processes(
            "square",
            PERFORM,
            machine.flow.pull("numbers", source, look_ahead=16, done=ready),
            job_of=lambda job: job,
            join=lambda _, result: result.number if isinstance(result, Result) else result,
            workers=2,
            batch=4,
        )
        machine.flow.save("note", each(note), squares)
        machine.flow.run()
    say(len(source.handed_out))
    sys.exit(stop.exit_code or 0)


def flow_that_hangs() -> None:
    """Have work in hand that never ends."""
    with StopSignal() as stop:
        say("ready")
        stop.requested.wait()
        threading.Event().wait()


def busy_workers(folder: str) -> None:
    """Keep three workers busy for ever, each in its own way."""
    machine = Machine(Ledger(Path(folder) / "ledger.db"))
    jobs = [Job(number, deed, folder) for number, deed in enumerate(["hang", "hang in C", "hang in C"])]
    done = machine.flow.processes(
        "hang",
        PERFORM,
        machine.flow.pull("jobs", Source(jobs), look_ahead=4),
        job_of=lambda job: job,
        join=lambda job, _: job,
        workers=3,
    )
    machine.flow.save("note", each(note), done)
    machine.flow.run()


def hold_lock(database: str) -> None:
    with StageLock(Path(database), "fetch"):
        say(os.getpid())
        threading.Event().wait()


def tell_time() -> None:
    try:
        say(clock_from_environment(os.environ).now().isoformat())
    except UsageError as error:
        sys.exit(str(error))


def count_cores(cgroup_root: str, allowed: str) -> None:
    os.sched_setaffinity(0, {int(core) for core in allowed.split(",")})
    say(usable_cores(Path(cgroup_root)))


def swell(limit_bytes: str, wanted_bytes: str) -> None:
    limit_memory(int(limit_bytes))
    try:
        held = bytearray(int(wanted_bytes))
    except MemoryError:
        say("refused")
    else:
        say(f"held {len(held)}")


def peak_growth(size_bytes: str) -> None:
    before = peak_memory_bytes()
    held = bytearray(b"x" * int(size_bytes))
    say(peak_memory_bytes() - before if held else 0)


# --- companions ------------------------------------------------------------------------------------------------------


def serve(farewell: str) -> None:
    """Be a companion that does all it should, and talks a lot."""
    sys.stderr.write("x" * MEGABYTE)
    sys.stderr.flush()
    say(os.getpid())
    sys.stdin.read()
    Path(farewell).write_text("served to the end")


def serve_deaf() -> None:
    """Be a companion that does not notice its input closing."""
    say(os.getpid())
    threading.Event().wait()


def serve_nobody() -> None:
    sys.exit("the port is taken")


def with_companion(farewell: str) -> None:
    with companion("pipeline.programs", ["serve", farewell]) as ready:
        say(ready)
        threading.Event().wait()


PROGRAMS: dict[str, Callable[..., None]] = {
    "flow-until-stopped": flow_until_stopped,
    "flow-that-hangs": flow_that_hangs,
    "busy-workers": busy_workers,
    "hold-lock": hold_lock,
    "tell-time": tell_time,
    "count-cores": count_cores,
    "swell": swell,
    "peak-growth": peak_growth,
    "serve": serve,
    "serve-deaf": serve_deaf,
    "serve-nobody": serve_nobody,
    "with-companion": with_companion,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
