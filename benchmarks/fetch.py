"""`python -m benchmarks.fetch`: fetching, against what the network alone would take and against a bare loop.

For 100, 1,000 and 10,000 feeds on loopback, each answer 50 ms late, with 32 threads:

    floor      latency × requests ÷ workers: nobody can be faster
    bare loop  32 threads, one httpx.Client, GET, nothing else: no parsing, no database, no politeness
    cold       `aggregator fetch`, everything new: a dozen entries per feed
    warm       two hours later, every answer is 304
    moving     two hours later again, one new entry in every feed

Every phase is checked to have done what its name says. Servers and clients share the machine; compare the ratios, which
are all taken in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from aggregator.pipeline.companion import companion
from benchmarks.feed_server import ENTRIES
from benchmarks.pipeline import machine, run_json, table, tell

LATENCY_S = 0.05
WORKERS = 32
SIZES = (100, 1_000, 10_000)
STARTED_AT = datetime(2026, 1, 6, tzinfo=UTC)
PAUSE = timedelta(hours=26)
"""Between two phases on the pipeline's clock: no feed waits for longer than a day."""

SETTINGS = f"[fetch]\nworkers = {WORKERS}\nper_host = {4 * WORKERS}\nhost_spacing = 0\nimages = false\n"
"""One host, this machine, needs no politeness: as many at once as may wait. Everything else is the default."""

HEADINGS = ("phase", "wall s", "floor s", "bare s", "of floor", "of bare", "of warm", "CPU ms/feed", "MB")


@dataclass(frozen=True, slots=True)
class Phase:
    """What one run cost, beside what the network and a bare loop took for the same requests."""

    name: str
    feeds: int
    wall_s: float
    bare_s: float
    warm_s: float | None
    cpu_s: float
    worker_cpu_s: float
    peak_memory_bytes: int

    @property
    def floor_s(self) -> float:
        """What the network alone takes."""
        return self.feeds * LATENCY_S / WORKERS

    @property
    def cells(self) -> tuple[str, ...]:
        """The phase as a line of the table."""
        return (
            f"{self.feeds:,} feeds, {self.name}",
            f"{self.wall_s:.2f}",
            f"{self.floor_s:.2f}",
            f"{self.bare_s:.2f}",
            f"{self.wall_s / self.floor_s:.2f}",
            f"{self.wall_s / self.bare_s:.2f}",
            f"{self.wall_s / self.warm_s:.2f}" if self.warm_s else "-",
            f"{(self.cpu_s + self.worker_cpu_s) / self.feeds * 1000:.2f}",
            f"{self.peak_memory_bytes / 1e6:.0f}",
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the options say, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fetch")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of feeds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to FILE as well")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # clean up then, too
    for name in [name for name in os.environ if name.startswith("AGGREGATOR_")]:
        del os.environ[name]  # what the user set for their own installation would be measured too
    try:
        phases = [phase for size in options.sizes for phase in _measure(size)]
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    sys.stdout.write(table(HEADINGS, [phase.cells for phase in phases]) + "\n\n")
    sys.stdout.write(_memory_ratio(phases))
    sys.stdout.write(", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")
    if options.json is not None:
        report = {"machine": machine(), "phases": [asdict(one) for one in phases]}
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(size: int) -> list[Phase]:
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        folder = Path(name)
        (folder / "aggregator.toml").write_text(SETTINGS, encoding="utf-8")
        with companion("benchmarks.feed_server", _options(0, 0)) as site:
            urls = [f"{site}/feed/{number}.xml" for number in range(size)]
            feeds = "".join(f'[[feeds]]\nurl = "{url}"\n' for url in urls)
            (folder / "feeds.toml").write_text(feeds, encoding="utf-8")
            plain_s, tagged_s = _bare(urls, None), _bare(urls, '"0"')
            cold = _phase(folder, "cold", 0, {"new articles": size}, (plain_s, None))
            warm = _phase(folder, "warm", 1, {"not modified": size}, (tagged_s, None))
        with companion("benchmarks.feed_server", _options(int(site.rpartition(":")[2]), 1)):
            plain_s = _bare(urls, '"0"')
            moving = _phase(folder, "moving", 2, {"new articles": size}, (plain_s, warm.wall_s))
        _check_articles(folder, size * (ENTRIES + 1))
    return [cold, warm, moving]


def _options(port: int, generation: int) -> list[str]:
    return ["--port", str(port), "--latency", str(LATENCY_S), "--generation", str(generation)]


def _bare(urls: Sequence[str], etag: str | None) -> float:
    """Return how long a loop takes that only gets, with as many threads."""
    tell(f"{len(urls)} feeds, bare loop")
    headers = {"If-None-Match": etag} if etag else {}
    limits = httpx.Limits(max_connections=WORKERS, max_keepalive_connections=WORKERS)
    with httpx.Client(limits=limits, trust_env=False) as client, ThreadPoolExecutor(WORKERS) as threads:
        started_s = time.perf_counter()
        for answer in threads.map(partial(client.get, headers=headers), urls):
            answer.read()
        return time.perf_counter() - started_s


def _phase(folder: Path, name: str, number: int, outcomes: dict[str, int], beside: tuple[float, float | None]) -> Phase:
    """Run phase `number` and make sure that its feeds ended in `outcomes`."""
    size = sum(outcomes.values())
    tell(f"{size} feeds, {name}")
    command = ["--config", str(folder / "aggregator.toml"), "fetch", "--json"]
    wall_s, ran = run_json(command, STARTED_AT + number * PAUSE)
    if ran["counts"]["save feeds"] != outcomes:
        raise SystemExit(f"{size} feeds, {name}: expected {outcomes}, got {ran['counts']}")
    return Phase(name, size, wall_s, *beside, ran["cpu_s"], ran["worker_cpu_s"], ran["peak_memory_bytes"])


def _check_articles(folder: Path, expected: int) -> None:
    command = ["--config", str(folder / "aggregator.toml"), "status", "--json"]
    _, status = run_json(command, STARTED_AT + 2 * PAUSE)
    counts: dict[str, Any] = status["counts"]
    if counts["articles"] != expected:
        raise SystemExit(f"expected {expected} articles, got {counts['articles']}")


def _memory_ratio(phases: Sequence[Phase]) -> str:
    colds = {phase.feeds: phase.peak_memory_bytes for phase in phases if phase.name == "cold"}
    if not {1_000, 10_000} <= colds.keys():
        return ""
    return f"memory, 10,000 feeds : 1,000 feeds, cold: {colds[10_000] / colds[1_000]:.2f}\n"


if __name__ == "__main__":
    sys.exit(main())
