"""SIGTERM and Ctrl-C: what is in hand is finished and committed, and the exit code says who asked."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from cli.conftest import TIME_LIMIT_S, Cli
from cli.feed_server import FeedServer, answer, rss


class SlowFeed:
    """A feed that comes when it is told to."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_come = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.set()
        self.may_come.wait(TIME_LIMIT_S)
        answer(rss("Late news"))(handler)


@pytest.fixture
def slow(server: FeedServer) -> Iterator[SlowFeed]:
    feed = SlowFeed()
    server.answers["/slow"] = feed
    yield feed
    feed.may_come.set()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_in_hand_is_committed(cli: Cli, server: FeedServer, slow: SlowFeed, number: int, code: int) -> None:
    cli.configure([f"{server.url}/slow"])
    with cli.start("fetch", "--json") as process:
        assert slow.asked.wait(TIME_LIMIT_S)
        process.send_signal(number)
        assert process.stderr is not None
        # Only once it has heard the signal does the feed come.
        while "stopping" not in (line := process.stderr.readline()):
            assert line, "ended without a word"
        slow.may_come.set()
        output, errors = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, errors) == (code, "")
    assert json.loads(output)["exit_code"] == code
    assert cli.rows("SELECT title FROM articles") == [("Late news",)]
    assert cli.rows("SELECT command, exit_code, finished_at IS NOT NULL FROM runs") == [("fetch", code, 1)]


def test_a_second_signal_leaves_at_once_and_the_next_run_works(cli: Cli, server: FeedServer, slow: SlowFeed) -> None:
    cli.configure([f"{server.url}/slow"])
    with cli.start("fetch") as process:
        assert slow.asked.wait(TIME_LIMIT_S)
        process.terminate()
        assert process.stderr is not None
        while "stopping" not in process.stderr.readline():
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=TIME_LIMIT_S)
    assert process.returncode == 143
    assert cli.rows("SELECT exit_code, finished_at FROM runs") == [(None, None)]
    assert "still running, or killed" in cli.run("status").stdout
    # The time of the next request was committed before this one was sent.
    assert cli.run_json("fetch")["counts"]["save feeds"] == {}
