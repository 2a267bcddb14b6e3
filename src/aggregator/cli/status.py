"""`aggregator status`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_table, say

if TYPE_CHECKING:
    from aggregator.publish.overview import Overview


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("status", epilog="Example: aggregator status --json")(status)


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what is in the database, what is pending, how the last runs went, and which feeds ail."""
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415
    from aggregator.publish.overview import load_overview  # noqa: PLC0415

    settings = settings_of(context)
    overview = load_overview(settings.database_url, clock_from_environment(os.environ).now())
    if as_json:
        typer.echo(json.dumps(asdict(overview)))
    else:
        _print(overview)


def _print(overview: Overview) -> None:
    say(overview.database)
    for name, number in overview.counts.items():
        say(f"  {number:>8}  {name}")
    newest = overview.newest_article_at
    say(f"  newest article seen at {newest} (UTC)" if newest else "  no article seen yet")
    say("\nlast runs")
    columns = ("id", "command", "started_at", "seconds", "exit_code")
    rows = [[run[key] for key in columns] + [_ended(run["counts"], run["exit_code"])] for run in overview.runs]
    print_table([*columns, "items"], rows)
    if overview.ailing:
        say("\nfeeds that ail")
        keys = ("url", "state", "failures", "last_error", "next_fetch_at")
        print_table(keys, [[feed[key] for key in keys] for feed in overview.ailing])


def _ended(counts: dict[str, dict[str, int]], exit_code: int | None) -> str:
    if exit_code is None:
        return "still running, or killed"
    saved = (
        f"{sum(outcomes.values())} {stage.removeprefix('save ')}"
        for stage, outcomes in counts.items()
        if "save" in stage
    )
    return ", ".join(saved)
