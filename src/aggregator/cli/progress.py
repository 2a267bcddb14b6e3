"""Showing a run while it runs: live lines on a terminal, plain log lines under cron, on stderr either way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aggregator.cli.terminal import say

if TYPE_CHECKING:
    from rich.table import Table

    from aggregator.ports import StageReport

LOG_EVERY_S = 30.0

Tick = Callable[[list["StageReport"]], None]


def tell_step(text: str) -> None:
    """Say on a terminal what begins now."""
    if sys.stderr.isatty():
        say(f"{text} …", err=True)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tick]:
    """Yield what a run calls about ten times a second. Nothing is drawn if `quiet`."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _live() as tick:
            yield tick
    else:
        yield _log_lines()


@contextmanager
def _live() -> Iterator[Tick]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.live import Live  # noqa: PLC0415

    started = time.monotonic()
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield lambda reports: live.update(_table(reports, time.monotonic() - started), refresh=True)


def _table(reports: list[StageReport], seconds: float) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for heading in ("stage", "done", "per s", "waiting", "busy", "left"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for report in reports:
        rate = report.done / seconds if seconds > 0 else 0.0
        waiting = report.waiting + report.taken - report.done
        busy = report.busy_s / (seconds * report.workers) if seconds > 0 else 0.0
        left = f"{waiting / rate:.0f} s" if rate > 0 and waiting > 0 else ""
        table.add_row(report.name, str(report.done), f"{rate:.0f}", str(waiting), f"{min(busy, 1):.0%}", left)
    return table


def _log_lines() -> Tick:
    """A line when half a minute has passed, so that a short run under cron stays silent until its summary."""
    last = time.monotonic()

    def tick(reports: list[StageReport]) -> None:
        nonlocal last
        if time.monotonic() - last >= LOG_EVERY_S:
            last = time.monotonic()
            counts = ", ".join(f"{report.name} {report.done}" for report in reports)
            say(f"{time.strftime('%H:%M:%S')} {counts}", err=True)

    return tick
