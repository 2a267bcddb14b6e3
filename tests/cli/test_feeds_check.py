"""`feeds check`: what ails feeds, told from the file and the database without asking anybody."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.publish.ailments import silence_of
from cli.conftest import Cli, make_cli
from cli.feed_server import FeedServer, feed_server, rss

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[FeedServer]:
    with feed_server() as served:
        yield served


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, server: FeedServer) -> Cli:
    """Two feeds that were read, one that never could be, and one that is not in the file any more."""
    cli = make_cli(tmp_path_factory.mktemp("fetched"))
    urls = [server.serve(f"/{name}", rss("One", "Two", name=name)) for name in ("good", "other", "gone")]
    cli.configure([*urls, f"{server.url}/never"])
    assert cli.run("fetch").returncode == 0
    cli.configure([*urls[:2], f"{server.url}/never"])
    server.requests.clear()
    return cli


@pytest.fixture
def fetched(once: Cli, tmp_path: Path) -> Cli:
    """A copy of that, to be changed."""
    return Cli(shutil.copytree(once.folder, tmp_path / "here"), once.home)


def change(cli: Cli, name: str, **values: Any) -> None:
    """Make the database look as if a feed had fared otherwise."""
    settings = ", ".join(f"{key} = :{key}" for key in values)
    with closing(sqlite3.connect(cli.database)) as connection, connection:
        sql = f"UPDATE feed SET {settings} WHERE url LIKE '%/{name}'"  # noqa: S608 - names of this file
        assert connection.execute(sql, values).rowcount == 1


def found(cli: Cli, clock: str = "") -> dict[str, list[dict[str, str]]]:
    ended = cli.run("feeds", "check", "--json", AGGREGATOR_CLOCK=clock)
    assert (ended.returncode, ended.stderr) == (0, "")
    said: dict[str, list[dict[str, str]]] = {}
    for line in map(json.loads, ended.stdout.splitlines()):
        assert line["words"]
        assert line["remedy"]
        said.setdefault(line["url"].rpartition("/")[2], []).append(line)
    return said


def ailments(cli: Cli, name: str) -> list[str]:
    return [one["ailment"] for one in found(cli).get(name, [])]


def test_what_is_well_is_not_mentioned_and_nobody_is_asked(fetched: Cli, server: FeedServer) -> None:
    said = found(fetched)
    assert {name: [one["ailment"] for one in ones] for name, ones in said.items()} == {
        "never": ["failing"],
        "gone": ["no longer subscribed"],
    }
    assert "404 Not Found" in said["never"][0]["words"]
    assert said["never"][0]["remedy"] == "Nothing need be done yet: it is tried again"
    assert f"aggregator feeds add {server.url}/gone" in said["gone"][0]["remedy"]
    assert server.requests == []


def test_it_is_told_in_sentences(fetched: Cli, server: FeedServer) -> None:
    ended = fetched.run("feeds", "check")
    assert ended.returncode == 0
    assert ended.stdout.startswith(f"{server.url}/never\n  failing: it failed once from the beginning: ")
    assert ended.stdout.endswith("4 feeds looked at; something to say of 2\n")
    assert fetched.run("feeds", "check", f"{server.url}/good").stdout == "1 feed looked at; nothing ails\n"


@pytest.mark.parametrize(
    ("values", "ailment", "words", "remedy"),
    [
        ({"state": "gone"}, "gone", "410", "aggregator feeds remove"),
        ({"state": "blocked", "last_status": 401, "failures": 3}, "blocked", "password", "auth ="),
        ({"state": "blocked", "last_status": 403, "failures": 3}, "blocked", "refuses us", "[fetch] contact"),
        ({"state": "throttled"}, "throttled", "fewer requests", "longer interval"),
        (
            {"state": "failing", "failures": 4, "last_error": "it burns", "last_success_at": "2020-01-01 00:00:00"},
            "failing",
            "4 times since",
            "remove",
        ),
        ({"state": "failing", "failures": 2, "last_error": "it burns"}, "failing", "2 times since", "Nothing need be"),
        ({"note": "2 entries were left out"}, "incomplete", "2 entries were left out", "publisher"),
        ({"note": "“$.a” finds nothing", "kind": "api"}, "incomplete", "finds nothing", "entries and fields"),
        (
            {"state": "moved", "moved_url": "https://new.example/"},
            "moved",
            "https://new.example/",
            'url = "https://new',
        ),
        ({"overflows": 2}, "overflowed", "2 times", "interval"),
    ],
)
def test_each_ailment_has_its_words_and_its_remedy(
    fetched: Cli, values: dict[str, Any], ailment: str, words: str, remedy: str
) -> None:
    change(fetched, "good", **values)
    [said] = found(fetched)["good"]
    assert said["ailment"] == ailment
    assert words in said["words"]
    assert remedy in said["remedy"]


def test_what_could_never_be_read_says_so_with_its_state(fetched: Cli) -> None:
    change(fetched, "never", failures=3, created_at="2020-01-01 00:00:00", kind="api")
    [said] = found(fetched)["never"]
    assert said["ailment"] == "failing"
    assert said["words"].endswith("it could not be read once since it was added")
    assert "entries and fields" in said["remedy"]


def test_two_that_have_become_one(fetched: Cli, server: FeedServer) -> None:
    change(fetched, "other", state="moved", moved_url=f"{server.url}/good")
    assert ailments(fetched, "other") == ["moved", "same feed twice"]
    assert ailments(fetched, "good") == []
    change(fetched, "other", state="active", moved_url=None, body_sha256="x")
    change(fetched, "good", body_sha256="x")
    assert ailments(fetched, "other") == ["same feed twice"]


def test_a_feed_that_fell_silent(fetched: Cli) -> None:
    arrivals = [(NOW - timedelta(days=30 - day)).isoformat().replace("+00:00", "Z") for day in range(10)]
    change(fetched, "good", memory=json.dumps({"arrivals": arrivals, "overflowed_at": None}))
    [said] = found(fetched, clock=NOW.isoformat())["good"]
    assert said["ailment"] == "silent"
    assert "nothing has come for 21 days" in said["words"]


@pytest.mark.parametrize(
    ("days", "silent"),
    [
        ([], False),
        ([40, 39, 38], False),
        ([20, 19, 18, 17, 16], True),
        ([6, 5, 4, 3, 2], False),
        ([100, 80, 60, 40, 20], False),
        ([30.4, 30.3, 30.2, 30.1, 30], True),
    ],
)
def test_when_a_feed_is_called_silent(days: list[float], silent: bool) -> None:
    assert (silence_of([NOW - timedelta(days=ago) for ago in days], NOW) is not None) is silent


def test_before_the_first_fetch(cli: Cli) -> None:
    feed = '[[feeds]]\nurl = "https://a.example/"\nauth = "me:${NOT_SET}"\n'
    cli.configure(feed + '\n[[feeds]]\nurl = "https://b.example/"\nenabled = false\n')
    ended = cli.run("feeds", "check", "--json")
    assert [json.loads(line)["ailment"] for line in ended.stdout.splitlines()] == ["secret missing"]
    assert "NOT_SET" in ended.stdout
    assert not cli.database.exists()


def test_an_unknown_feed(fetched: Cli) -> None:
    ended = fetched.run("feeds", "check", "https://nobody.example/")
    assert ended.returncode == 2
    assert "there is no feed https://nobody.example/" in ended.stderr
