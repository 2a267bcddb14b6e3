"""`aggregator why`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_table, say
from aggregator.errors import UsageError


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("why", epilog="Example: aggregator why https://example.org/feed.xml")(why)


def why(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="The address of a feed, its site, an article, a picture or a robots.txt."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Explain when a feed, or anything else, was last asked for, what came, when it may be asked next, and why then."""
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415
    from aggregator.publish.why import explain  # noqa: PLC0415
    from aggregator.subscriptions.values import feed_url  # noqa: PLC0415

    settings = settings_of(context)
    try:
        url = feed_url(url)
    except ValueError as error:
        raise UsageError(str(error)) from error
    found = explain(settings.database_url, url, clock_from_environment(os.environ).now())
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    say(found.url)
    for sentence in found.sentences:
        say(f"  {sentence}")
    if found.requests:
        say("\nlast requests, times in UTC")
        print_table(_COLUMNS, [_cells(request) for request in found.requests])


_COLUMNS = ("started_at", "reason", "conditional", "status", "outcome", "next_fetch_at", "decided_by")


def _cells(request: Mapping[str, Any]) -> list[Any]:
    shown = {**request, "conditional": "yes" if request["conditional"] else "no"}
    return [shown[name] for name in _COLUMNS]
