"""Progress is drawn on a terminal, and only there."""

from __future__ import annotations

import os
import pty
import re
import subprocess

import pytest

from aggregator.cli.progress import progress
from aggregator.ports import StageReport
from cli.conftest import TIME_LIMIT_S, Cli
from cli.feed_server import FeedServer, rss


def on_a_terminal(cli: Cli, *arguments: str) -> tuple[int, str, str]:
    """Run a command whose stderr is a terminal; return its exit code, its stdout, and what the terminal was sent."""
    master, slave = pty.openpty()
    with cli.start(*arguments, stderr=slave, stdout=subprocess.PIPE) as process:
        os.close(slave)
        drawn = b""
        # The kernel reports the end of a terminal as an error on Linux and as an empty read elsewhere.
        try:
            while piece := os.read(master, 65_536):
                drawn += piece
        except OSError:
            pass
        output, _ = process.communicate(timeout=TIME_LIMIT_S)
    os.close(master)
    return process.returncode, output, drawn.decode()


@pytest.fixture
def ready(cli: Cli, server: FeedServer) -> Cli:
    cli.configure([server.serve("/feed", rss("News"))])
    return Cli(cli.folder, cli.home, {"TERM": "xterm-256color"})


def test_a_terminal_sees_the_stages(ready: Cli) -> None:
    code, output, drawn = on_a_terminal(ready, "fetch")
    assert code == 0
    assert output.startswith("feeds")
    for word in ("stage", "done", "waiting", "ask", "read", "save feeds", "look"):
        assert word in drawn
    assert "\x1b[" in drawn
    assert "\x1b" not in output


def test_json_on_a_terminal_stays_undisturbed(ready: Cli) -> None:
    code, output, drawn = on_a_terminal(ready, "fetch", "--json")
    assert (code, drawn) == (0, "")
    assert output.startswith("{")


def test_a_long_run_without_a_terminal_logs_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("aggregator.cli.progress.LOG_EVERY_S", 0.0)
    with progress(quiet=False) as tick:
        tick([StageReport("ask", 8, 9, {"done": 7}), StageReport("save feeds", 1, 5, {"unchanged": 5})])
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"\d\d:\d\d:\d\d ask 7, save feeds 5\n", err)


def test_cron_sees_the_summary_and_nothing_else(ready: Cli) -> None:
    ended = ready.run_apart("run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\x1b" not in ended.stdout
    assert [line.split()[0] for line in ended.stdout.splitlines()[:-1]] == ["feeds", "labels", "told"]
