"""`aggregator feeds list`."""

from __future__ import annotations

from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_csv, print_json_lines, print_table

COLUMNS = (
    "title",
    "url",
    "category",
    "tags",
    "enabled",
    "state",
    "articles",
    "last_fetch_at",
    "next_fetch_at",
    "last_error",
)

SHOWN = ("title", "url", "tags", "state", "articles", "next_fetch_at", "last_error")
"""What fits into a line of a terminal; the rest is in the CSV and the JSON."""


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("list", epilog="Example: aggregator feeds list --csv > feeds.csv")(list_feeds)


def list_feeds(
    context: typer.Context,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a feed.")] = False,
) -> None:
    """List the feeds of feeds.toml, with how each was found at its last request."""
    from aggregator.publish.overview import observed_feeds  # noqa: PLC0415
    from aggregator.subscriptions.feeds_file import load_subscriptions  # noqa: PLC0415

    settings = settings_of(context)
    observed = observed_feeds(settings.database_url)
    rows = []
    for one in load_subscriptions(settings.feeds_path, None, settings.topics.names):
        seen = observed.get(one.url)
        title = one.title or (seen.title if seen else "")
        state = ("new", 0, None, None, None) if seen is None else seen.condition
        rows.append((title, one.url, one.category, ", ".join(one.tags), int(one.enabled), *state))
    if as_csv or as_json:
        (print_csv if as_csv else print_json_lines)(COLUMNS, rows)
    else:
        shown = [COLUMNS.index(name) for name in SHOWN]
        print_table(SHOWN, [[row[n] for n in shown] for row in rows])
