"""`aggregator feeds export`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.errors import StorageError, UsageError


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("export", epilog="Example: aggregator feeds export subscriptions.opml")(export)


def export(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write; without it, to the screen.")
    ] = None,
) -> None:
    """Write the feeds of feeds.toml as OPML 2.0, for other readers. Passwords and headers are not written."""
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415
    from aggregator.publish.feed_names import feed_names  # noqa: PLC0415
    from aggregator.subscriptions.feeds_file import load_subscriptions  # noqa: PLC0415
    from aggregator.subscriptions.opml_export import KnownFeed, write_opml  # noqa: PLC0415

    settings = settings_of(context)
    topics = settings.topics.names
    subscriptions = load_subscriptions(settings.feeds_path, None, topics)
    known = {one.url: KnownFeed(one.title, one.site_url) for one in feed_names(settings.database_url)}
    text = write_opml(subscriptions, known, clock_from_environment(os.environ).now(), topics)
    apis = sum(one.api is not None for one in subscriptions)
    if apis:
        typer.echo(f"left out: {apis} of [[apis]], for which OPML has no place", err=True)
    if file is None:
        typer.echo(text, nl=False)
        return
    _write(file, text)
    typer.echo(f"wrote {len(subscriptions) - apis} feeds to {file}")


def _write(file: Path, text: str) -> None:
    from aggregator.subscriptions.editing import edit_file  # noqa: PLC0415

    def replaced(before: str) -> str:
        if before.strip() and "<opml" not in before[:2000].lower():
            raise UsageError(f"{file} exists and is no OPML file; choose another name")
        return text

    if file.is_dir():
        raise StorageError(f"{file} is a folder; name a file in it")
    edit_file(file, replaced)
