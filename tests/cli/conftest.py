"""The command in a folder and with a home of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.feed_server import FeedServer, feed_server, rss
from cli.in_process import Ended, typed
from shared_cache import shared_cache

TIME_LIMIT_S = 120
"""For one command on a busy machine; a test that meets it has hung."""

WARNINGS = "error"

SETTINGS = """
[fetch]
host_spacing = 0
per_host = 32
timeout = "20s"
max_body_bytes = "1MB"

[analyze]
workers = 1
"""
"""No politeness towards this machine, and small bounds."""


@dataclass(frozen=True, slots=True)
class Cli:
    """The command `aggregator` as somebody at home in `home` types it in `folder`."""

    folder: Path
    home: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command: nothing of the one that the tests run in, and warnings as errors."""
        kept = {name: value for name in ("PATH", "PYTHONPATH", "TMPDIR") if (value := os.environ.get(name))}
        home = str(self.home)
        folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), home)
        # Shared: the language detector is arranged there once, which takes two seconds.
        folders["XDG_CACHE_HOME"] = str(shared_cache())
        return kept | folders | {"LANG": "C.UTF-8", "COLUMNS": "160", "PYTHONWARNINGS": WARNINGS} | self.more

    @property
    def command(self) -> list[str]:
        """What starts the program."""
        return [sys.executable, "-m", "aggregator"]

    @property
    def database(self) -> Path:
        """The default place of the database."""
        return self.folder / "data" / "news.db"

    def run(self, *arguments: str, stdin: str | bytes = b"", **more: str) -> Ended:
        """Run a command to its end, in the process of the tests; `more` are variables of the environment."""
        content = stdin.encode() if isinstance(stdin, str) else stdin
        return typed(arguments, self.folder, self.environment | more, content)

    def run_json(self, *arguments: str, **more: str) -> Any:  # JSON holds anything
        """Run a command that succeeds and prints one JSON object."""
        ended = self.run(*arguments, "--json", **more)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def run_apart(self, *arguments: str, **more: str) -> Ended:
        """Run a command to its end as cron does: a process of its own, in which every warning is an error.

        For what `run` cannot show: how the program starts, what its workers write, other letters, a broken pipe.
        """
        ended = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding=more.get("PYTHONIOENCODING", "utf-8"),
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, **streams: Any) -> subprocess.Popen[str]:
        """Start a command and return at once. Unless `streams` say otherwise, its output can be read."""
        chosen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        return subprocess.Popen(
            [*self.command, *arguments], cwd=self.folder, env=self.environment, encoding="utf-8", **chosen
        )

    def configure(self, feeds: Sequence[str] | str, settings: str = SETTINGS) -> None:
        """Write the two files of config/. `feeds` is the text of feeds.toml, or URLs."""
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        (config / "aggregator.toml").write_text(settings, encoding="utf-8")
        text = feeds if isinstance(feeds, str) else "".join(f'[[feeds]]\nurl = "{url}"\n' for url in feeds)
        (config / "feeds.toml").write_text(text, encoding="utf-8")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the database as another program would."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return make_cli(tmp_path)


def make_cli(parent: Path) -> Cli:
    folder, home = parent / "here", parent / "home"
    folder.mkdir()
    home.mkdir()
    return Cli(folder, home)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as served:
        yield served


HOSTILE_TITLES = ('=HYPERLINK("https://evil.example")', "Harbour reopens after the storm", "Ärger, “quotes” & 漢字")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """An installation with three articles of one feed, whose server is gone. Tests only read it."""
    cli = make_cli(tmp_path_factory.mktemp("filled"))
    with feed_server() as served:
        cli.configure([served.serve("/feed", rss(*HOSTILE_TITLES, name="The Harbour Post"))])
        assert cli.run("fetch").returncode == 0
    return cli
