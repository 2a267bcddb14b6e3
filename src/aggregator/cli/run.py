"""`aggregator run`."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.pipeline_command import run_and_print


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("run", epilog="In a crontab: */15 * * * * cd /srv/news && aggregator run")(run)


def run(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the counts.")] = False,
) -> None:
    """Fetch and analyse at once: the analysis starts while feeds still arrive."""
    report = run_and_print(settings_of(context), "run", ("fetch", "analyze"), as_json=as_json)
    raise typer.Exit(report.summary.exit_code)
