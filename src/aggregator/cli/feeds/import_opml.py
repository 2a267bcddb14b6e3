"""`aggregator feeds import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import print_json_lines, print_table
from aggregator.errors import StorageError, UsageError

if TYPE_CHECKING:
    from aggregator.subscriptions.opml_import import ImportLine

COLUMNS = ("line", "title", "result", "why", "url", "category", "tags")
SHOWN = ("line", "title", "result", "why")

LARGEST_FILE_BYTES = 50_000_000
"""A hundred times the largest list that anybody keeps."""


def add_to(commands: typer.Typer) -> None:
    """Add the command."""
    commands.command("import", epilog="Example: aggregator feeds import subscriptions.opml --dry-run")(import_opml)


def import_opml(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file of another reader; - is standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object an outline.")] = False,
) -> None:
    """Add the feeds of an OPML file to feeds.toml, and tell what became of each of its outlines.

    Folders become tags, or the category where they name one of the topics. What is broken is left out with its
    reason, and the rest is imported. Nobody is asked now: the next run does that, politely.
    """
    from aggregator.fetch.charset import decode_document  # noqa: PLC0415
    from aggregator.subscriptions.changes import add_feeds, present_subscriptions  # noqa: PLC0415
    from aggregator.subscriptions.opml_import import counts_of, plan_import  # noqa: PLC0415

    settings = settings_of(context)
    topics = settings.topics.names
    present = {one.url for one in present_subscriptions(settings.feeds_path, topics)}
    lines = plan_import(decode_document(_content(file)), present, topics)
    counts = counts_of(lines)
    feeds = [line.feed for line in lines if line.feed is not None]
    if feeds and not dry_run:
        add_feeds(settings.feeds_path, feeds, topics)
    if as_json:
        print_json_lines(COLUMNS, [_row(line) for line in lines])
    elif lines:
        print_table(SHOWN, [_row(line)[: len(SHOWN)] for line in lines])
        told = ", ".join(f"{number} {result}" for result, number in counts.items())
        typer.echo(f"\n{len(lines)} outlines: {told}" + ("; nothing was written" if dry_run else ""))
    if not counts["imported"] and not counts["already there"]:
        why = "none of its outlines names a feed" if lines else "it has no outline, so it is no OPML file"
        raise UsageError(f"nothing of {file} could be imported: {why}")


def _content(file: Path) -> bytes:
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
        else:
            with file.open("rb") as stream:
                content = stream.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {file}") from error
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE_BYTES:
        raise UsageError(f"{file} is larger than {LARGEST_FILE_BYTES // 10**6} MB, as no list of feeds is")
    return content


def _row(line: ImportLine) -> tuple[object, ...]:
    feed = line.feed
    found = (feed.url, feed.category, list(feed.tags)) if feed is not None else (None, None, [])
    return (line.line, line.title, str(line.result), line.why, *found)
