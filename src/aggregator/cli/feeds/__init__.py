"""`aggregator feeds`: one file for each of its commands."""

from __future__ import annotations

import typer

from aggregator.cli.feeds import add, check, export, import_opml, list_feeds, remove

commands = typer.Typer(
    no_args_is_help=True,
    help="The subscriptions: what is in feeds.toml, and how it is.",
    rich_markup_mode=None,
)

for command in (list_feeds, add, remove, import_opml, export, check):
    command.add_to(commands)
