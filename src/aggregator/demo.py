"""The demonstration: the built-in newsroom served beside the pipeline, and a folder with settings of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.config import FEEDS_NAME, SETTINGS_NAME, starter_settings
from aggregator.errors import ConfigError, StorageError, UsageError
from aggregator.newsroom.site import feeds_toml
from aggregator.pipeline.companion import companion

STATE_NAME = "newsroom.json"

OPENED_BEFORE = timedelta(hours=48)
"""So old is the news site at the first demo: two days of its three are told, the third comes with the clock."""

DIFFERENCES = {
    "fetch": {"per_host": "32", "host_spacing": "0", "min_interval": "0", "max_interval": "0"},
    "store": {"url": '"sqlite:///news.db"', "images_dir": '"images"', "models_dir": '"models"'},
}
"""What the demo sets otherwise than the defaults."""

_HEADING = """Settings of the demonstration. Only the keys without a # before them differ from the defaults:
all feeds and pictures are on one host, this machine, which needs no politeness; the database stands in this folder."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration that is ready to run: its settings file, and where its news site is served."""

    settings_path: Path
    site_url: str


@contextmanager
def open_demo(folder: Path, now: datetime, latency_s: float) -> Iterator[Demo]:
    """Serve the newsroom, and write the demo's settings into `folder`, while the block runs.

    The news site opened once, 48 hours before the first demo in this folder; a later demo finds it at the same address
    with the news of the time between.

    Raises:
        StorageError: the folder cannot be written to.
        UsageError: the port of the first demo is taken.
    """
    state = _load_state(folder / STATE_NAME)
    opened_at = state.opened_at if state else (now - OPENED_BEFORE).replace(minute=0, second=0, microsecond=0)
    port = state.port if state else 0
    arguments = ["--port", str(port), "--opened-at", opened_at.isoformat(), "--latency", str(latency_s)]
    try:
        with companion("aggregator.newsroom", arguments) as site_url:
            _write_files(folder, site_url, opened_at)
            yield Demo(folder / SETTINGS_NAME, site_url)
    except UsageError as error:
        remedy = (
            f"; is another demo running? If the port is taken for good, remove {folder} to start anew" if state else ""
        )
        raise UsageError(f"{error}{remedy}") from error


@dataclass(frozen=True, slots=True)
class _State:
    port: int
    opened_at: datetime


def _load_state(path: Path) -> _State | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return _State(int(values["port"]), datetime.fromisoformat(values["opened_at"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); remove the folder {path.parent} to start anew") from error


def _write_files(folder: Path, site_url: str, opened_at: datetime) -> None:
    port = int(site_url.rstrip("/").rpartition(":")[2])
    texts = {
        SETTINGS_NAME: starter_settings(DIFFERENCES, _HEADING),
        FEEDS_NAME: feeds_toml(site_url.rstrip("/")),
        STATE_NAME: json.dumps({"port": port, "opened_at": opened_at.isoformat()}) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"the folder {folder} cannot be written to: {error.strerror}") from error
