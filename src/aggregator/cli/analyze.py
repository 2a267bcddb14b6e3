"""`aggregator analyze`."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.pipeline_command import run_and_print


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("analyze", epilog="Example: aggregator analyze --json")(analyze)


def analyze(
    context: typer.Context,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Label old articles too where another model than the present one did.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the counts.")] = False,
) -> None:
    """Analyse what was fetched: pictures (thumbnails, hashes), text (language, topic, keywords) and stories.

    What is pending is found in the database; when nothing is, nothing is done. It may run beside a fetch.
    """
    report = run_and_print(settings_of(context), "analyze", ("analyze",), as_json=as_json, relabel_all=relabel)
    raise typer.Exit(report.summary.exit_code)
