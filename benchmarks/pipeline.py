"""`python -m benchmarks.pipeline`: what a run costs on this machine, against what the network alone would take.

It starts the real `aggregator` command and the newsroom as processes of their own, on loopback, each answer 50 ms late:

    demo                             cold · again
    a newsroom of 200, 2,000 feeds   cold · warm (later, nothing changed) · moving (an hour on: one new entry per feed)
    start-up                         --help, status, and a run with nothing due

Every phase over the newsroom is checked to have done what its name says; one that did not is an error, not a number.
The newsroom shares the machine with the pipeline, so wall time is an upper bound; compare CPU times and ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from aggregator.newsroom.site import feeds_toml
from aggregator.newsroom.wire import ENTRIES_PER_FEED
from aggregator.pipeline.companion import companion

LATENCY_S = 0.05
WORKERS = 32
SIZES = (200, 2000)
STARTS = 7

OPENED_AT = datetime(2026, 1, 5, tzinfo=UTC)
PUBLISHED_AT = OPENED_AT + timedelta(hours=48, minutes=1)
MOVED_AT = PUBLISHED_AT + timedelta(hours=1)
"""The newsroom's times: for cold and warm, 59 minutes before the next entries; for moving, each feed has one more."""

PAUSE = timedelta(hours=2)
"""Between two phases on the pipeline's clock: longer than the default min_interval, so that every feed is due."""

SETTINGS = f"[fetch]\nworkers = {WORKERS}\nper_host = {WORKERS}\nhost_spacing = 0\nimages = false\n"
"""One host, this machine, needs no politeness. Everything else is the default."""

CLOCK = "AGGREGATOR_CLOCK"
HEADINGS = ("phase", "wall s", "floor s", "ratio", "CPU s", "workers s", "ms/feed", "MB", "worker MB")


@dataclass(frozen=True, slots=True)
class Phase:
    """What one run cost. Wall time counts from the start of the process, CPU time from where its work begins.

    `floor_s` is what the network alone would take, latency × requests ÷ workers; 0 where that is not known.
    """

    name: str
    feeds: int
    wall_s: float
    floor_s: float
    cpu_s: float
    worker_cpu_s: float
    peak_memory_bytes: float
    peak_worker_bytes: float

    @property
    def cells(self) -> tuple[str, ...]:
        """The phase as a line of the table."""
        return (
            self.name,
            f"{self.wall_s:.1f}",
            f"{self.floor_s:.1f}" if self.floor_s else "-",
            f"{self.wall_s / self.floor_s:.1f}" if self.floor_s else "-",
            f"{self.cpu_s:.1f}",
            f"{self.worker_cpu_s:.1f}",
            f"{(self.cpu_s + self.worker_cpu_s) / self.feeds * 1000:.1f}",
            f"{self.peak_memory_bytes / 1e6:.0f}",
            f"{self.peak_worker_bytes / 1e6:.0f}" if self.peak_worker_bytes else "-",  # no worker was needed
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the options say, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline")
    parser.add_argument("--quick", action="store_true", help="only the newsroom of 200 feeds")
    parser.add_argument("--runs", type=int, default=1, help="measure everything so often; the table shows medians")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE as well")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # clean up then, too
    for name in [name for name in os.environ if name.startswith("AGGREGATOR_")]:
        del os.environ[name]  # what the user set for their own installation would be measured too
    try:
        rounds = [_measure(SIZES[:1] if options.quick else SIZES) for _ in range(max(options.runs, 1))]
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    phases = [_median_phase(same) for same in zip(*[phases for phases, _ in rounds], strict=True)]
    starts = {command: median(starts[command] for _, starts in rounds) for command in rounds[0][1]}
    sys.stdout.write(_as_text(phases, starts))
    if options.json is not None:
        report = {"machine": machine(), "phases": [asdict(one) for one in phases], "start_s": starts}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(sizes: Sequence[int]) -> tuple[list[Phase], dict[str, float]]:
    """Measure everything once: the phases, and the start-up of each command over the largest installation."""
    phases = _demo()
    starts: dict[str, float] = {}
    for size in sizes:
        with _folder() as folder:
            phases += _newsroom(folder, size)
            if size == sizes[-1]:
                starts = _starts(folder)
    return phases, starts


def _demo() -> list[Phase]:
    tell("demo, cold and again")
    with _folder() as folder:
        command = ["demo", "--json", "--folder", str(folder), "--latency", f"{LATENCY_S * 1000:.0f}"]
        return [_phase(f"demo, {name}", *run_json(command)) for name in ("cold", "again")]


def _newsroom(folder: Path, size: int) -> list[Phase]:
    """Measure the three phases in an installation that stays in `folder`."""
    (folder / "aggregator.toml").write_text(SETTINGS, encoding="utf-8")
    with _newsroom_at(PUBLISHED_AT, size, 0) as site:
        (folder / "feeds.toml").write_text(feeds_toml(site, size, core=False), encoding="utf-8")
        cold = _checked(folder, "cold", 0, {"new articles": size}, ENTRIES_PER_FEED * size)
        warm = _checked(folder, "warm", 1, {"not modified": size}, 0)
    with _newsroom_at(MOVED_AT, size, int(site.rpartition(":")[2])):
        moving = _checked(folder, "moving", 2, {"new articles": size}, size)
    return [cold, warm, moving]


def _checked(folder: Path, name: str, number: int, outcomes: dict[str, int], articles: int) -> Phase:
    """Run phase `number` and make sure that its feeds ended in `outcomes` and brought so many articles."""
    size = sum(outcomes.values())
    tell(f"{size} feeds, {name}")
    seconds, ran = run_json([*_config(folder), "run", "--json"], PUBLISHED_AT + number * PAUSE)
    counts = ran["counts"]
    if counts["save feeds"] != outcomes or sum(counts["save labels"].values()) != articles:
        raise SystemExit(f"{size} feeds, {name}: expected {outcomes} and {articles} articles, got {counts}")
    return _phase(f"{size} feeds, {name}", seconds, ran, floor_s=size * LATENCY_S / WORKERS)


def _starts(folder: Path) -> dict[str, float]:
    """Return the median wall time of each command, at the time of the last phase: nothing is due again."""
    tell(f"start-up, {STARTS} times each")
    commands = {
        "--help": ["--help"],
        "status": [*_config(folder), "status"],
        "run, nothing due": [*_config(folder), "run"],
    }
    now = PUBLISHED_AT + 2 * PAUSE
    return {name: median(_output(one, now)[0] for _ in range(STARTS)) for name, one in commands.items()}


def _phase(name: str, wall_s: float, ran: dict[str, Any], floor_s: float = 0.0) -> Phase:
    costs = {one.name: ran[one.name] for one in fields(Phase) if one.name in ran}
    return Phase(name=name, feeds=sum(ran["counts"]["save feeds"].values()), wall_s=wall_s, floor_s=floor_s, **costs)


def _median_phase(same: Sequence[Phase]) -> Phase:
    numbers = {one.name: median(getattr(phase, one.name) for phase in same) for one in fields(Phase)[2:]}
    return Phase(same[0].name, same[0].feeds, **numbers)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        yield Path(name)


def _config(folder: Path) -> list[str]:
    return ["--config", str(folder / "aggregator.toml")]


@contextmanager
def _newsroom_at(moment: datetime, size: int, port: int) -> Iterator[str]:
    """Serve the newsroom at `moment` while the block runs; yield its address without the last slash."""
    options = {"--port": port, "--opened-at": OPENED_AT.isoformat(), "--latency": LATENCY_S, "--size": size}
    os.environ[CLOCK] = moment.isoformat()  # a companion inherits it; the pipeline is given its own
    with companion("aggregator.newsroom", [str(part) for option in options.items() for part in option]) as site:
        del os.environ[CLOCK]
        yield site.rstrip("/")


def run_json(command: Sequence[str], now: datetime | None = None) -> tuple[float, dict[str, Any]]:
    """Return how long `aggregator` took at `now`, and the JSON object that it printed."""
    seconds, output = _output(command, now)
    return seconds, dict(json.loads(output))


def _output(command: Sequence[str], now: datetime | None) -> tuple[float, str]:
    """Return how long `aggregator` took and what it printed. When we are interrupted, it may end in good order."""
    full = [sys.executable, "-m", "aggregator", *command]
    environment = {**os.environ, **({CLOCK: now.isoformat()} if now else {})}
    started_s = time.perf_counter()
    with subprocess.Popen(full, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True) as process:  # noqa: S603 - our own command
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            process.wait()  # its workers end before it does
            raise
    if process.returncode != 0:
        raise SystemExit(f"aggregator {' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - started_s, output


def _as_text(phases: Sequence[Phase], starts: dict[str, float]) -> str:
    lines = [table(HEADINGS, [phase.cells for phase in phases]), "", *_memory_ratio(phases)]
    lines += [f"aggregator {command}: {seconds:.2f} s" for command, seconds in starts.items()]
    lines += ["", ", ".join(f"{name} {value}" for name, value in machine().items())]
    return "\n".join(lines) + "\n"


def table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table: the first column to the left, numbers to the right."""
    rows = [headings, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    cells = [[cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *line[1:]]) for row, line in zip(rows, cells, strict=True))


def _memory_ratio(phases: Sequence[Phase]) -> list[str]:
    """Compare the peak memory of both sizes: a pipeline whose memory does not grow with its feeds stays below 1.2."""
    colds = [one for one in phases if one.feeds in SIZES and one.name.endswith("cold")]
    if len(colds) < len(SIZES):
        return []
    here = colds[1].peak_memory_bytes / colds[0].peak_memory_bytes
    worker = colds[1].peak_worker_bytes / colds[0].peak_worker_bytes
    return [f"memory, {SIZES[1]} feeds : {SIZES[0]} feeds, cold: {here:.2f} here, {worker:.2f} the largest worker"]


def machine() -> dict[str, str]:
    """Say what this was measured on."""
    packages = {name: version(name) for name in ("news-aggregator", "httpx", "feedparser", "SQLAlchemy")}
    return {"cores": str(os.cpu_count()), "system": platform.system(), "Python": platform.python_version(), **packages}


def tell(text: str) -> None:
    """Say what is being measured."""
    sys.stderr.write(f"{text} …\n")


if __name__ == "__main__":
    sys.exit(main())
