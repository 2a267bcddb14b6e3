"""`fetch` against a real server: what it counts, stores, prints and ends with."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing

import pytest

from cli.conftest import Cli
from cli.feed_server import FeedServer, rss


def test_fetched_articles_can_be_queried(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One", "Two", name="A")), server.serve("/b", rss("Three", name="B"))])
    ended = cli.run_apart("fetch", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    report = json.loads(ended.stdout)
    assert report["counts"]["save feeds"] == {"new articles": 2}
    assert (report["command"], report["exit_code"], report["run_id"]) == ("fetch", 0, 1)

    question = "SELECT title, feed FROM articles ORDER BY title"
    table = cli.run_apart("query", question).stdout.splitlines()
    assert [line.split() for line in (table[0], *table[2:])] == [
        ["title", "feed"], ["One", "A"], ["Three", "B"], ["Two", "A"],
    ]  # fmt: skip
    assert cli.run("query", "--csv", question).stdout.splitlines() == ["title,feed", "One,A", "Three,B", "Two,A"]
    assert [json.loads(line) for line in cli.run("query", "--json", question).stdout.splitlines()] == [
        {"title": "One", "feed": "A"},
        {"title": "Three", "feed": "B"},
        {"title": "Two", "feed": "A"},
    ]


def test_nothing_due_is_a_success_and_asks_nobody(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One"), ETag='"1"')])
    assert cli.run("fetch").returncode == 0
    assert server.paths() == ["/a"]
    again = cli.run_apart("fetch")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("nothing was due\n")
    assert server.paths() == ["/a"]
    # An hour later it is due again, and found as it was.
    assert cli.run_json("fetch", AGGREGATOR_CLOCK="+3700")["counts"]["save feeds"] == {"unchanged": 1}
    assert server.paths() == ["/a", "/a"]
    assert [request.headers.get("If-None-Match") for request in server.requests] == [None, '"1"']


def test_a_server_without_validators_is_asked_once_a_day(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One"))])
    for clock, requests in (("+0", 1), ("+3700", 1), ("+86000", 1), ("+86700", 2)):
        assert cli.run("fetch", AGGREGATOR_CLOCK=clock).returncode == 0
        assert len(server.requests) == requests


def test_a_run_that_is_not_asked_for_json_prints_a_summary(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One")), f"{server.url}/missing"])
    ended = cli.run("fetch")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[0].split(maxsplit=2) == ["feeds", "2", "1 http error, 1 new articles"]


def test_silence_is_told_by_the_exit_code(cli: Cli) -> None:
    cli.configure(["http://127.0.0.1:9/feed", "http://127.0.0.1:9/other"])
    ended = cli.run("fetch", "--json")
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["counts"]["save feeds"] == {"unreachable": 2}
    assert cli.rows("SELECT exit_code, finished_at IS NULL FROM runs") == [(3, 0)]
    shown = cli.run("status")
    assert shown.returncode == 0
    assert "http://127.0.0.1:9/feed" in shown.stdout


def test_a_feed_taken_out_of_the_file_is_not_asked_and_keeps_its_articles(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One"))])
    cli.run("fetch")
    cli.configure([])
    assert cli.run_json("fetch", AGGREGATOR_CLOCK="+9000")["counts"]["save feeds"] == {}
    assert server.paths() == ["/a"]
    assert cli.rows("SELECT title FROM articles") == [("One",)]


def test_a_second_fetch_leaves_and_an_analysis_may_run(cli: Cli, server: FeedServer) -> None:
    cli.configure([server.serve("/a", rss("One"))])
    cli.database.parent.mkdir()
    with (cli.folder / "data" / "news.db.fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for command in ("fetch", "run"):
            ended = cli.run(command)
            assert (ended.returncode, ended.stdout) == (75, "")
            assert "another fetch of this database is running" in ended.stderr
        assert cli.run("analyze").returncode == 0
    assert server.requests == []
    assert cli.run("fetch").returncode == 0


def foreign_text(cli: Cli) -> None:
    cli.database.write_text("My notes, which took me years.\n" * 10)


def foreign_database(cli: Cli) -> None:
    with closing(sqlite3.connect(cli.database)) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.commit()


def a_folder(cli: Cli) -> None:
    cli.database.mkdir()


@pytest.mark.parametrize("make", [foreign_text, foreign_database, a_folder])
def test_what_is_not_our_database_is_left_alone(cli: Cli, make: object) -> None:
    assert callable(make)
    cli.configure([])
    cli.database.parent.mkdir()
    make(cli)
    before = cli.database.read_bytes() if cli.database.is_file() else None
    for arguments in (["fetch"], ["status"], ["query", "SELECT 1"]):
        ended = cli.run(*arguments)
        assert (ended.returncode, ended.stdout) == (74, ""), arguments
        assert str(cli.database) in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    assert before is None or cli.database.read_bytes() == before
