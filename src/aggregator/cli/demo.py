"""`aggregator demo`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.context import read_settings
from aggregator.cli.pipeline_command import run_and_print
from aggregator.cli.terminal import print_table, say
from aggregator.config import Settings

SAMPLE = """
    -- the newest article of each topic
    SELECT topic, ROUND(topic_score, 2) AS score, language, title, feed,
           CASE WHEN thumbnail IS NULL THEN '' ELSE 'yes' END AS picture
    FROM articles a
    WHERE id = (SELECT MAX(b.id) FROM articles b WHERE b.topic = a.topic)
    ORDER BY effective_at DESC LIMIT 8"""


NEXT = """
What to type next:
  {program} --config {settings} status
  {program} --config {settings} query "SELECT topic, COUNT(*) FROM articles GROUP BY topic"
  {program} demo    again: it asks conditionally and stores only what moved
  {program} init    for feeds of your own"""


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("demo", epilog="Example: aggregator demo && aggregator --config data/demo/aggregator.toml status")(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its settings and its database.")] = Path(
        "data/demo"
    ),
    latency_ms: Annotated[
        int,
        typer.Option("--latency", min=0, max=10_000, help="Milliseconds that the news site waits before an answer."),
    ] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the counts.")] = False,
) -> None:
    """Run the whole pipeline on the built-in news site, without the internet.

    A second demo in the same folder asks conditionally and stores only what moved.
    """
    from aggregator.demo import open_demo  # noqa: PLC0415
    from aggregator.pipeline.clock import clock_from_environment  # noqa: PLC0415

    now = clock_from_environment(os.environ).now()
    with open_demo(folder, now, latency_ms / 1000) as ready:
        if not as_json:
            say(f"An invented news site is served at {ready.site_url}; its settings are {ready.settings_path}")
        settings = read_settings(ready.settings_path)
        report = run_and_print(settings, "demo", ("fetch", "analyze"), as_json=as_json)
    if not as_json:
        _print_result(settings)
    raise typer.Exit(report.summary.exit_code)


def _print_result(settings: Settings) -> None:
    from aggregator.publish.query import run_query  # noqa: PLC0415

    say("\nSome of what is in the database now:")
    with run_query(settings.database_url, SAMPLE) as (columns, rows):
        print_table(columns, rows)
    say(NEXT.format(program=_program(), settings=os.path.relpath(settings.path)))


def _program() -> str:
    """Return what to type for this program: its name where a shell finds it, else where it is."""
    return "aggregator" if shutil.which("aggregator") else os.path.relpath(sys.argv[0])
