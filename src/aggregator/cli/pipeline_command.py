"""What `fetch`, `analyze`, `run` and `demo` have in common: progress, the printed summary, the exit code."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from aggregator.cli.progress import progress
from aggregator.cli.terminal import say
from aggregator.config import Settings

if TYPE_CHECKING:
    from aggregator.app import RunReport


def run_and_print(
    settings: Settings, command: str, stages: tuple[str, ...], *, as_json: bool, relabel_all: bool = False
) -> RunReport:
    """Run `stages` with progress and print what they did. The caller exits with the code of the report."""
    from aggregator.app import run_stages  # noqa: PLC0415 - half a second of imports that --help does not pay

    with progress(quiet=as_json) as tick:
        report = run_stages(settings, os.environ, command=command, stages=stages, relabel_all=relabel_all, on_tick=tick)
    for note in report.notes:
        say(f"aggregator: {note}", err=True)
    say(_as_json(report) if as_json else summary_text(report))
    return report


def _as_json(report: RunReport) -> str:
    summary = report.summary
    return json.dumps(
        {
            "command": summary.command,
            "run_id": report.run_id,
            "exit_code": summary.exit_code,
            "seconds": round(summary.seconds, 3),
            "cpu_s": round(summary.cpu_s, 3),
            "worker_cpu_s": round(summary.worker_cpu_s, 3),
            "peak_memory_bytes": summary.peak_memory_bytes,
            "peak_worker_bytes": summary.peak_worker_bytes,
            "counts": summary.counts,
        }
    )


def summary_text(report: RunReport) -> str:
    """Return the summary for a person: a line per stage that ends something, and one for the cost."""
    lines = []
    for stage, title in _TITLES.items():
        outcomes = report.summary.counts.get(stage)
        if outcomes:
            counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
            lines.append(f"{title:<10}{sum(outcomes.values()):>6}   {counts}")
    if not lines:
        lines.append("nothing was due")
    summary = report.summary
    lines.append(
        f"{summary.seconds:.1f} s; CPU {summary.cpu_s:.1f} s here and {summary.worker_cpu_s:.1f} s in the workers; "
        f"memory {summary.peak_memory_bytes / 1e6:.0f} MB here, "
        f"{summary.peak_worker_bytes / 1e6:.0f} MB the largest worker"
    )
    return "\n".join(lines)


_TITLES = {
    "save feeds": "feeds",
    "save pages": "pages",
    "save pictures": "pictures",
    "remove pictures": "removed",
    "save sights": "looked at",
    "save labels": "labels",
    "adopt models": "trained",
    "save stories": "told",
}
"""The stages in which items end, and what a person calls the items."""
