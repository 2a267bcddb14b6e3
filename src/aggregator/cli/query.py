"""`aggregator query`."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_csv, print_json_lines, print_table
from aggregator.errors import UsageError


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("query", epilog='Example: aggregator query "SELECT topic, COUNT(*) FROM articles GROUP BY topic"')(
        query
    )


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(help="One SELECT over the views: articles, sightings, images, feeds, runs …")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
) -> None:
    """Ask the database in SQL. It cannot change anything."""
    from aggregator.publish.query import run_query  # noqa: PLC0415

    if as_csv and as_json:
        raise UsageError("choose one of --csv and --json")
    settings = settings_of(context)
    with run_query(settings.database_url, sql) as (columns, rows):
        show = print_csv if as_csv else print_json_lines if as_json else print_table
        show(columns, rows)
