"""`aggregator init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli.terminal import say
from aggregator.config import CONFIG_FOLDER, FEEDS_NAME, SETTINGS_NAME, starter_settings
from aggregator.errors import StorageError


def add_to(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command("init", epilog="Example: aggregator init && aggregator run")(init)


def init(folder: Annotated[Path, typer.Argument(help="Where config/ shall be.")] = Path()) -> None:
    """Write a starter configuration: config/aggregator.toml and config/feeds.toml. What exists is left as it is."""
    from aggregator.subscriptions.feeds_file import starter_feeds  # noqa: PLC0415

    config = folder / CONFIG_FOLDER
    for path, text in ((config / SETTINGS_NAME, starter_settings()), (config / FEEDS_NAME, starter_feeds())):
        try:
            if not config.is_dir():
                config.mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"the folder {config} cannot be made: {error.strerror}") from error
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            say(f"{path} exists and was left as it is")
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}") from error
        else:
            say(f"wrote {path}")
    say(f"Next: look through {config / FEEDS_NAME}, then type “aggregator run”.")
