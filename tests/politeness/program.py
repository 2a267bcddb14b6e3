"""The program as cron starts it: `aggregator fetch` in a process of its own, with its clock set."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .clock import SimulatedClock
from .web import SimulatedWeb

TIME_LIMIT_S = 120
"""For one command on a busy machine; one that meets it has hung."""

SETTINGS = """
[fetch]
images = false
host_spacing = 0
{more}

[analyze]
workers = 1
"""


class Program:
    """An installation and a web beside it. `site` is where its one feed is, unless `subscribe` names others.

    The program asks the real resolver, so its URLs have the address of the web. `more` are lines for [fetch].
    """

    def __init__(self, folder: Path, *, more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = SimulatedClock()
        self.web = SimulatedWeb(self.clock)
        self._more = more
        self._started: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        self.web.__enter__()
        self.site = f"{self.web.address}/feed"
        config = self.folder / "config"
        config.mkdir()
        (config / "aggregator.toml").write_text(SETTINGS.format(more=self._more), encoding="utf-8")
        self.subscribe(f"http://{self.site}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            error.add_note("every request:\n" + self.web.text())
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.communicate()
        self.web.__exit__(None, None, None)

    def subscribe(self, *urls: str) -> None:
        """Write feeds.toml."""
        text = "".join(f'[[feeds]]\nurl = "{url}"\n' for url in urls)
        (self.folder / "config" / "feeds.toml").write_text(text, encoding="utf-8")

    def fetch(self) -> subprocess.CompletedProcess[str]:
        """Run `aggregator fetch` to its end."""
        return subprocess.run(
            self._command(),
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT_S,
            check=False,
        )

    def start(self) -> subprocess.Popen[str]:
        """Start `aggregator fetch` and return at once."""
        process = subprocess.Popen(
            self._command(),
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._started.append(process)
        return process

    def wait_for(self, happened: Callable[[], bool]) -> None:
        """Wait in real time until something has happened."""
        until_s = time.monotonic() + TIME_LIMIT_S
        while not happened():
            for process in self._started:
                assert process.poll() is None, f"the program ended by itself: {process.communicate()}"
            assert time.monotonic() < until_s, "it did not happen"
            time.sleep(0.01)

    def kill_when(self, happened: Callable[[], bool]) -> None:
        """Start the program and kill it with SIGKILL as soon as something has happened."""
        process = self.start()
        self.wait_for(happened)
        process.kill()
        process.communicate()

    def _command(self) -> Sequence[str]:
        return [sys.executable, "-m", "aggregator", "fetch"]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name in ("PATH", "PYTHONPATH", "TMPDIR") if (value := os.environ.get(name))}
        home = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(self.folder))
        return kept | home | {"LANG": "C.UTF-8", "AGGREGATOR_CLOCK": self.clock.now().isoformat()}
