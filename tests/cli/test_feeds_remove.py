"""`feeds remove`: the table goes, everything else in the file stays, and so do the articles."""

from __future__ import annotations

import json

from cli.conftest import Cli
from cli.feed_server import FeedServer, rss


def feeds(server: FeedServer) -> str:
    return (
        f'# Mine\n\n# The first\n[[feeds]]\nurl = "{server.url}/a"\n\n'
        f'# --- Others ---\n\n[[feeds]]\nurl   = "{server.url}/b" # kept so\nauth = "me:${{NOT_SET}}"\n'
    )


def test_a_removed_feed_is_no_longer_asked_and_its_articles_stay(cli: Cli, server: FeedServer) -> None:
    server.serve("/a", rss("One", name="A"))
    cli.configure([f"{server.url}/a"])
    assert cli.run("fetch").returncode == 0
    cli.configure(feeds(server))
    ended = cli.run("feeds", "remove", f"{server.url.upper()}/a#x")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        f"removed {server.url}/a, with its comment “# The first”",
        "It is no longer asked; its articles stay.",
    ]
    kept = (cli.folder / "config" / "feeds.toml").read_text()
    assert kept == feeds(server).replace(f'# The first\n[[feeds]]\nurl = "{server.url}/a"\n\n', "")
    assert cli.run("fetch", AGGREGATOR_CLOCK="+90000", NOT_SET="x").returncode == 3  # the other one is missing
    assert server.paths() == ["/a", "/b"]
    assert cli.rows("SELECT title FROM articles") == [("One",)]
    assert cli.rows("SELECT url, subscribed FROM feeds ORDER BY url") == [
        (f"{server.url}/a", 0),
        (f"{server.url}/b", 1),
    ]


def test_what_is_not_there_is_said_and_nothing_is_removed(cli: Cli, server: FeedServer) -> None:
    cli.configure(feeds(server))
    ended = cli.run("feeds", "remove", f"{server.url}/a", "https://nobody.example/")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "has no feed https://nobody.example/" in ended.stderr
    assert (cli.folder / "config" / "feeds.toml").read_text() == feeds(server)


def test_removed_feeds_as_json_lines(cli: Cli, server: FeedServer) -> None:
    cli.configure(feeds(server))
    ended = cli.run("feeds", "remove", "--json", f"{server.url}/b", f"{server.url}/a")
    assert [json.loads(line) for line in ended.stdout.splitlines()] == [
        {"url": f"{server.url}/a", "comment": ["# The first"]},
        {"url": f"{server.url}/b", "comment": []},
    ]
    assert (cli.folder / "config" / "feeds.toml").read_text() == "# Mine\n\n# --- Others ---\n"


def test_feeds_can_be_listed_while_a_secret_is_missing(cli: Cli, server: FeedServer) -> None:
    cli.configure(feeds(server))
    ended = cli.run("feeds", "list", "--json")
    assert [json.loads(line)["url"] for line in ended.stdout.splitlines()] == [f"{server.url}/a", f"{server.url}/b"]
