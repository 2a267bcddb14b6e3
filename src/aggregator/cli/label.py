"""`aggregator label`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from aggregator.cli.context import settings_of
from aggregator.cli.terminal import say
from aggregator.errors import UsageError


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("label", epilog='Example: aggregator label 42 "science and technology"')(label)


def label(
    context: typer.Context,
    article_id: Annotated[int, typer.Argument(metavar="ID", help="The id of an article, as in the view articles.")],
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="Its topic: a name or a code, such as sport or 15000000.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take back what was said of this article.")] = False,
) -> None:
    """Correct the topic of an article. It counts at once, and the next training learns from it.

    SQL may do the same: INSERT INTO correction (article_id, topic) VALUES (42, 'sport').
    """
    from aggregator.training import correct  # noqa: PLC0415 - NumPy, which --help does not pay

    if (topic is None) != remove:
        raise UsageError("give either a topic or --remove")
    title, name = correct(settings_of(context), os.environ, article_id, topic)
    say(f"“{title}” is {f'about “{name}”' if name else 'labelled by the model again'}")
