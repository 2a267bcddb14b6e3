"""`aggregator photos`."""

from __future__ import annotations

import os
from dataclasses import asdict, astuple, fields
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_csv, print_json_lines, print_table, say
from aggregator.config_values import read_duration_s
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.publish.photos import ReusedPhoto

DEFAULT_SINCE = "7d"

REUSED = ("image_id", "path", "thumbnail", "width", "height", "stories")
USE = ("story_id", "story", "article_id", "title", "url", "feed", "at", "differing_bits")
REUSED_SHOWN = ("image_id", "at", "story_id", "story", "title", "feed", "path")
LIKE_SHOWN = ("image_id", "differing_bits", "width", "height", "articles", "url", "path", "junk")
"""What fits into a line of a terminal; the rest is in the CSV and the JSON."""


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("photos", epilog="Example: aggregator photos --reused --since 30d")(photos)


def photos(
    context: typer.Context,
    *,
    reused: Annotated[bool, typer.Option("--reused", help="List photos that stand under different stories.")] = False,
    like: Annotated[
        int | None, typer.Option(metavar="ID", help="List the pictures that look like this one of the view “images”.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"How far back the later use lies: 12h, 30d … Default: {DEFAULT_SINCE}."),
    ] = None,
    any_kind: Annotated[
        bool, typer.Option("--any-kind", help="Also what is taken for a graphic, a chart, a logo or a screenshot.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many pictures. Default: all.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line for each use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a picture.")] = False,
) -> None:
    """Find the same photo under different stories, or all pictures like a given one."""
    if reused == (like is not None):
        raise UsageError("choose one of --reused and --like ID")
    if like is not None and (since is not None or any_kind):
        raise UsageError("--since and --any-kind go with --reused")
    if as_csv and as_json:
        raise UsageError("choose one of --csv and --json")
    database_url = settings_of(context).database_url
    if like is not None:
        _print_like(database_url, like, limit, as_csv=as_csv, as_json=as_json)
        return
    found = _find_reused(database_url, _moment(since or DEFAULT_SINCE), limit, any_kind=any_kind)
    _print_reused(found, as_csv=as_csv, as_json=as_json)


def _moment(since: str) -> datetime:
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415

    try:
        length = timedelta(seconds=read_duration_s(float(since) if since.strip().isdecimal() else since))
    except ValueError as error:
        raise UsageError(f"--since: {error}") from error
    return clock_from_environment(os.environ).now() - length


def _find_reused(database_url: str, since: datetime, limit: int | None, *, any_kind: bool) -> list[ReusedPhoto]:
    from aggregator.publish.photos import reading_photos, reused_photos  # noqa: PLC0415

    with reading_photos(database_url) as connection:
        return list(islice(reused_photos(connection, since, any_kind=any_kind), limit))


def _print_reused(found: list[ReusedPhoto], *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        print_json_lines((*REUSED, "uses"), ([*_of_photo(one), [asdict(use) for use in one.uses]] for one in found))
        return
    columns = (*REUSED, *USE)
    rows = [[*_of_photo(one), *(getattr(use, name) for name in USE)] for one in found for use in one.uses]
    if as_csv:
        print_csv(columns, rows)
    elif not rows:
        say("no photo stands under two stories; --any-kind looks at graphics, charts, logos and screenshots too")
    else:
        print_table(REUSED_SHOWN, _only(REUSED_SHOWN, columns, rows))


def _of_photo(one: ReusedPhoto) -> list[Any]:
    return [getattr(one, name) for name in REUSED]


def _print_like(database_url: str, image_id: int, limit: int | None, *, as_csv: bool, as_json: bool) -> None:
    from aggregator.publish.photos import AlikePicture, like_photo, reading_photos  # noqa: PLC0415

    with reading_photos(database_url) as connection:
        found = like_photo(connection, image_id)[:limit]
    columns = tuple(one.name for one in fields(AlikePicture))
    rows = [list(astuple(one)) for one in found]
    if as_csv or as_json:
        (print_csv if as_csv else print_json_lines)(columns, rows)
    else:
        print_table(LIKE_SHOWN, _only(LIKE_SHOWN, columns, rows))


def _only(shown: tuple[str, ...], columns: tuple[str, ...], rows: list[list[Any]]) -> list[list[Any]]:
    return [[row[columns.index(name)] for name in shown] for row in rows]
