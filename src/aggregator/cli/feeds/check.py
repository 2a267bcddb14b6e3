"""`aggregator feeds check`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.feeds.values import addresses
from aggregator.cli.terminal import print_json_lines, safe
from aggregator.errors import UsageError

COLUMNS = ("url", "title", "ailment", "words", "remedy")


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("check", epilog="Example: aggregator feeds check --json")(check)


def check(
    context: typer.Context,
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[URL…]", help="Addresses of feeds; without any, all are looked at.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each thing found.")] = False,
) -> None:
    """Tell which feeds ail, in plain words, and what to do. Nobody is asked: it reads feeds.toml and the database."""
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415
    from aggregator.publish.ailments import Wanted, find_ailments  # noqa: PLC0415
    from aggregator.subscriptions.feeds_file import load_subscriptions, missing_secrets  # noqa: PLC0415

    settings = settings_of(context)
    subscriptions = load_subscriptions(settings.feeds_path, None, settings.topics.names)
    secrets = missing_secrets(settings.feeds_path, os.environ, settings.topics.names)
    wanted = [Wanted(one.url, one.title, one.enabled, secrets.get(one.url, ())) for one in subscriptions]
    now = clock_from_environment(os.environ).now()
    found = find_ailments(settings.database_url, wanted, now)
    chosen = addresses(urls or [])
    unknown = sorted({*chosen} - {one.url for one in wanted} - {one.url for one in found})
    if unknown:
        raise UsageError(f"there is no feed {safe(', '.join(unknown))}; “aggregator feeds list” shows all")
    rows = [
        (one.url, one.title, one.ailment, one.words, one.remedy) for one in found if not chosen or one.url in chosen
    ]
    if as_json:
        print_json_lines(COLUMNS, rows)
    else:
        _print(rows, len(chosen) or len({one.url for one in wanted} | {one.url for one in found}))


def _print(rows: Sequence[tuple[str, ...]], looked_at: int) -> None:
    for url, title, ailment, words, remedy in rows:
        name = f"{safe(title)}  " if title and title != url else ""
        typer.echo(f"{name}{safe(url)}\n  {ailment}: {safe(words)}.\n  {safe(remedy)}.\n")
    ailing = len({row[0] for row in rows})
    feeds = "1 feed" if looked_at == 1 else f"{looked_at} feeds"
    typer.echo(f"{feeds} looked at; " + (f"something to say of {ailing}" if ailing else "nothing ails"))
