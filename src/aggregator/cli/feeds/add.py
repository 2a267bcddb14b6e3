"""`aggregator feeds add`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.feeds.values import address, interval, topic
from aggregator.cli.terminal import safe
from aggregator.config import Settings
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.subscribe import SubscribeReport
    from aggregator.subscriptions.document import NewFeed


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("add", epilog="Example: aggregator feeds add https://example.org --tag uk")(add)


def add(  # noqa: PLR0917 - Typer takes options from parameters
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of a feed, or of a page that has one.")],
    title: Annotated[str, typer.Option(help="The name to show, in place of its own.")] = "",
    category: Annotated[str | None, typer.Option(help="What it is about: one of the topics.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A word of your own; may be given several times.")] = None,
    every: Annotated[str | None, typer.Option("--interval", help="Ask it no more often than this: 30m, 2h.")] = None,
    full_text: Annotated[
        bool | None, typer.Option("--full-text/--no-full-text", help="Whether the pages of its articles are read.")
    ] = None,
    auth: Annotated[
        str | None, typer.Option(help="For a feed behind a password: 'user:${NAME}', NAME a variable.")
    ] = None,
    take_all: Annotated[bool, typer.Option("--all", help="Add all feeds that the page offers.")] = False,
    no_fetch: Annotated[bool, typer.Option("--no-fetch", help="Only write feeds.toml; the next run asks.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Add a feed to feeds.toml, and keep what it has today.

    Of a page the main feed is added, and the others are named. What finds the feed is its first request: it is not
    asked again before its time.
    """
    from aggregator.subscriptions.document import NewFeed  # noqa: PLC0415

    if take_all and (title or no_fetch):
        raise UsageError(
            "--all goes neither with --title, which names one feed, nor with --no-fetch, which asks nobody"
        )
    settings = settings_of(context)
    address_typed, credentials = address(url)
    feed = NewFeed(
        url=address_typed,
        title=title.strip(),
        category=topic(category, settings.topics.names),
        tags=tuple(dict.fromkeys(tag or ())),
        interval=interval(every),
        full_text=full_text,
        auth=auth or credentials,
    )
    report = _written(settings, feed) if no_fetch else _asked(settings, feed, take_all=take_all, quiet=as_json)
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        _print(report, settings, unasked=no_fetch, take_all=take_all)
    if report.problem is not None:
        raise UsageError(safe(report.problem))


def _written(settings: Settings, feed: NewFeed) -> SubscribeReport:
    from aggregator.subscribe import AddedFeed, SubscribeReport  # noqa: PLC0415
    from aggregator.subscriptions.changes import add_feeds  # noqa: PLC0415

    if not add_feeds(settings.feeds_path, [feed], settings.topics.names):
        return SubscribeReport(present=(feed.url,))
    return SubscribeReport(added=(AddedFeed(feed.url, feed.title, note="the next run asks it"),))


def _asked(settings: Settings, feed: NewFeed, *, take_all: bool, quiet: bool) -> SubscribeReport:
    from aggregator.subscribe import subscribe  # noqa: PLC0415

    shows = sys.stderr.isatty() and not quiet
    return subscribe(
        settings,
        os.environ,
        feed,
        take_all=take_all,
        on_ask=lambda url: typer.echo(f"asking {safe(url)} …", err=True) if shows else None,
    )


def _print(report: SubscribeReport, settings: Settings, *, unasked: bool, take_all: bool) -> None:
    for one in report.added:
        came = f"{one.entries} {'entry' if one.entries == 1 else 'entries'}" if one.entries is not None else one.note
        name = f"“{safe(one.title)}” " if one.title else ""
        typer.echo(f"added {name}{safe(one.url)}: {came}")
    for url in report.present:
        typer.echo(f"{safe(url)} is in {settings.feeds_path} already")
    if report.offered:
        rest = f"{len(report.offered)} feeds of the page were not asked, to spare its server; add them later"
        typer.echo(f"{rest}:" if take_all else "the page also offers:")
        for link in report.offered:
            typer.echo(f"  {safe(link.url)}" + (f"  {safe(link.title)}" if link.title else ""))
    if report.added and not unasked:
        for tried in report.tried:
            typer.echo(f"no feed: {safe(tried.url)}: {safe(tried.why)}")
