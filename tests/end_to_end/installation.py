"""A newsroom whose news stands still, and installations that subscribe to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aggregator.newsroom.site import feeds_toml
from aggregator.store.database import Database
from aggregator.store.digest import content_digest
from shared_cache import shared_cache

OPENED_AT = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
NOW = OPENED_AT + timedelta(hours=96)
"""Eight hours after the last news, the last correction included: whatever is asked for stays as it is."""

SETTINGS = """
[fetch]
per_host = 32
host_spacing = 0
max_interval = "1h"
[analyze]
workers = 2
"""


@dataclass(frozen=True, slots=True)
class Newsroom:
    url: str
    log: Path

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests that were answered, those before number `since` left out."""
        lines = self.log.read_text(encoding="utf-8").splitlines()[since:] if self.log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def paths(self, since: int = 0) -> Counter[str]:
        return Counter(request["path"] for request in self.requests(since))


@dataclass(frozen=True, slots=True)
class Installation:
    folder: Path

    def start(self, *arguments: str, now: datetime) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "aggregator", *arguments],
            cwd=self.folder,
            env=os.environ | {"AGGREGATOR_CLOCK": now.isoformat(), "XDG_CACHE_HOME": str(shared_cache())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, now: datetime) -> dict[str, Any]:
        """Run a command to its end and return its JSON."""
        process = self.start(*arguments, "--json", now=now)
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
        return dict(json.loads(out))

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder}/data/news.db"

    def digest(self) -> str:
        database = Database(self.database_url)
        try:
            with database.read() as connection:
                return content_digest(connection)
        finally:
            database.close()


def make_installation(folder: Path, newsroom_url: str, most_feeds: int | None = None) -> Installation:
    """Subscribe to the newsroom's feeds, all or so many of them."""
    config = folder / "config"
    config.mkdir(parents=True)
    (config / "aggregator.toml").write_text(SETTINGS, encoding="utf-8")
    heading, *tables = feeds_toml(newsroom_url).split("[[feeds]]")
    (config / "feeds.toml").write_text("[[feeds]]".join([heading, *tables[:most_feeds]]), encoding="utf-8")
    return Installation(folder)
