"""`aggregator fetch`."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.pipeline_command import run_and_print


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("fetch", epilog="Example: aggregator fetch --json")(fetch)


def fetch(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the counts.")] = False,
) -> None:
    """Ask the feeds that are due, and fetch the pictures that their articles name.

    Only feeds whose time has come are asked, so it may be called as often as you like.
    """
    report = run_and_print(settings_of(context), "fetch", ("fetch",), as_json=as_json)
    raise typer.Exit(report.summary.exit_code)
