"""`aggregator feeds remove`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.feeds.values import addresses
from aggregator.cli.terminal import safe
from aggregator.errors import UsageError


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("remove", epilog="Example: aggregator feeds remove https://example.org/feed.xml")(remove)


def remove(
    context: typer.Context,
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="Addresses of feeds of feeds.toml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a feed.")] = False,
) -> None:
    """Take feeds out of feeds.toml. They are no longer asked; their articles stay.

    Nothing is removed unless all of them are there.
    """
    from aggregator.subscriptions.changes import present_subscriptions, remove_feeds  # noqa: PLC0415

    settings = settings_of(context)
    wanted = addresses(urls)
    there = {one.url for one in present_subscriptions(settings.feeds_path, settings.topics.names)}
    missing = [url for url in wanted if url not in there]
    if missing:
        raise UsageError(
            f"{settings.feeds_path} has no feed {safe(', '.join(missing))}; “aggregator feeds list” shows what it has. "
            "Nothing was removed"
        )
    for one in remove_feeds(settings.feeds_path, wanted, settings.topics.names):
        if as_json:
            typer.echo(json.dumps(asdict(one)))
            continue
        with_it = f", with its comment “{safe(' '.join(one.comment))}”" if one.comment else ""
        typer.echo(f"removed {safe(one.url)}{with_it}")
    if not as_json:
        typer.echo("It is no longer asked; its articles stay." if len(wanted) == 1 else "Their articles stay.")
