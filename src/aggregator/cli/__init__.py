"""What people type: one file per command; arguments, progress, printed summary, exit code, and nothing else."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from aggregator import __version__
from aggregator.cli import analyze, demo, evaluate, feeds, fetch, init, label, photos, query, run, status, train, why
from aggregator.cli.context import CliContext
from aggregator.cli.terminal import say
from aggregator.errors import AggregatorError, ExitCode


class OutputClosedError(Exception):
    """Whoever read our output has seen enough, as `| head` does."""


class _Commands(TyperGroup):
    """The commands. Typer itself would take a closed pipe for a failure, and end with our code for a bug."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosedError from error


cli = typer.Typer(
    name="aggregator",
    cls=_Commands,
    help="A news database that fills itself.\n\n"
    "Threads fetch feeds and pictures, processes analyse them, and one SQLite file answers your questions.\n\n"
    "First steps: “aggregator demo” shows all of it on a built-in news site, without the internet; “aggregator init” "
    "writes a starter configuration; “aggregator run” fetches and analyses what is due, from cron every 15 minutes.",
    epilog="Exit codes: 0 done · 1 a fault of ours · 2 usage or configuration · 3 no feed could be read · "
    "74 storage failed · 75 already running · 130 and 143 stopped by a signal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"aggregator {__version__}")
        raise typer.Exit


@cli.callback()
def main(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="The settings file. Default: $AGGREGATOR_CONFIG, config/aggregator.toml, or your own configuration "
            "folder.",
            metavar="FILE",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep what stands before the command."""
    context.obj = CliContext(config)


for command in (init, fetch, analyze, run, demo, status, why, query, photos, train, evaluate, label):
    command.add_to(cli)
cli.add_typer(feeds.commands, name="feeds")


def run_command_line() -> None:
    """Run the command that was typed and exit with its code. No traceback reaches a user unless it is our bug."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that the terminal does not have is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            cli()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except AggregatorError as error:
        say(f"aggregator: {error}", err=True)
        sys.exit(error.exit_code)
    except (OutputClosedError, BrokenPipeError):
        # Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.DONE)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
