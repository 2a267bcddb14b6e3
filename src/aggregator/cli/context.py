"""What every command is handed: where the settings are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from aggregator.config import Settings, find_settings, load_settings, user_folders


@dataclass(frozen=True, slots=True)
class CliContext:
    """What stood before the command."""

    config: Path | None


def settings_of(context: typer.Context) -> Settings:
    """Find and read the settings.

    Raises:
        ConfigError: there are none, or they cannot be used.
    """
    user_config, _ = user_folders()
    return read_settings(find_settings(context.obj.config, os.environ, Path.cwd(), user_config))


def read_settings(path: Path) -> Settings:
    """Read the settings file at `path`, and the environment over it. Raises ConfigError as `settings_of` does."""
    user_config, user_data = user_folders()
    return load_settings(path.absolute(), os.environ, user_data=user_data, user_config=user_config)
