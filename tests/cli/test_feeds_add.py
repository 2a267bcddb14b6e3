"""`feeds add` against real servers: what is asked, what is written, and what happens when there is no feed."""

from __future__ import annotations

import fcntl
import json
import tomllib
from base64 import b64encode
from typing import Any

import pytest

from cli.conftest import SETTINGS, Cli
from cli.feed_server import FeedServer, feed_server, rss

MINE = "# My feeds, in my order.\n"


def page(*hrefs: str) -> str:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{href}" title="F">' for href in hrefs)
    return f"<!doctype html><html><head><title>A site</title>{links}</head><body><p>Hello</p></body></html>"


def written(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text(cli)).get("feeds", [])
    return found


def text(cli: Cli) -> str:
    return (cli.folder / "config" / "feeds.toml").read_text(encoding="utf-8")


@pytest.fixture
def site(cli: Cli, server: FeedServer) -> FeedServer:
    cli.configure(MINE)
    server.serve("/", page("/comments.xml", "/main.xml", "/other.xml"), "text/html; charset=utf-8")
    server.serve("/main.xml", rss("One", "Two", name="The Post"), ETag='"v1"')
    server.serve("/other.xml", rss("Three", name="Other"))
    server.serve("/comments.xml", rss("A comment", name="Comments"))
    return server


def test_of_a_page_the_main_feed_is_added_and_its_answer_is_its_first_fetch(cli: Cli, site: FeedServer) -> None:
    ended = cli.run("feeds", "add", site.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        f"added “The Post” {site.url}/main.xml: 2 entries",
        "the page also offers:",
        f"  {site.url}/other.xml  F",
        f"  {site.url}/comments.xml  F",
    ]
    assert text(cli) == f'{MINE}\n[[feeds]]\nurl = "{site.url}/main.xml"\n'
    assert site.paths() == ["/", "/main.xml"]
    assert cli.rows("SELECT title FROM articles ORDER BY title") == [("One",), ("Two",)]
    assert cli.rows("SELECT kind, reason, outcome FROM fetches ORDER BY kind") == [
        ("feed", "feeds add", "new articles"),
        ("page", "feeds add", "ok"),
    ]
    assert cli.rows("SELECT command, exit_code FROM runs") == [("feeds add", 0)]
    # It is not asked again before its time, and then with what the first answer gave.
    assert cli.run("fetch").stdout.startswith("nothing was due")
    assert cli.run("fetch", AGGREGATOR_CLOCK="+90000").returncode == 0
    assert site.paths() == ["/", "/main.xml", "/main.xml"]
    assert site.requests[-1].headers["If-None-Match"] == '"v1"'


def test_all_feeds_of_a_page_and_what_is_there_already(cli: Cli, site: FeedServer) -> None:
    cli.configure(f'[[feeds]]\nurl = "{site.url}/main.xml"\nauth = "me:${{NOT_SET}}"\n')
    report = json.loads(cli.run("feeds", "add", site.url, "--all", "--json").stdout)
    assert [one["url"] for one in report["added"]] == [f"{site.url}/other.xml", f"{site.url}/comments.xml"]
    assert report["present"] == [f"{site.url}/main.xml"]
    assert sorted(site.paths()) == ["/", "/comments.xml", "/other.xml"]
    assert [one["url"].rpartition("/")[2] for one in written(cli)] == ["main.xml", "other.xml", "comments.xml"]
    assert "${NOT_SET}" in text(cli)


def test_a_feed_with_all_that_can_be_said_of_it(cli: Cli, site: FeedServer) -> None:
    options = ["--title", "Mine", "--category", "SPORT", "--tag", "uk", "--tag", "daily", "--interval", "2h"]
    ended = cli.run("feeds", "add", f"{site.url}/main.xml", *options, "--no-full-text")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"added “Mine” {site.url}/main.xml: 2 entries\n"
    assert written(cli) == [
        {
            "url": f"{site.url}/main.xml",
            "title": "Mine",
            "category": "sport",
            "tags": ["uk", "daily"],
            "interval": "2h",
            "full_text": False,
        }
    ]
    assert cli.rows("SELECT title, category FROM feeds") == [("Mine", "sport")]


def test_another_spelling_of_a_feed_is_said_and_asks_nobody(cli: Cli, site: FeedServer) -> None:
    cli.configure([f"{site.url}/main.xml"])
    before = text(cli)
    ended = cli.run("feeds", "add", f"{site.url.upper()}/main.xml#top")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "already" in ended.stdout
    assert (site.requests, text(cli)) == ([], before)


def test_without_a_file_one_is_made_and_without_fetching_nobody_is_asked(cli: Cli) -> None:
    cli.configure([])
    (cli.folder / "config" / "feeds.toml").unlink()
    ended = cli.run("feeds", "add", "--no-fetch", "Example.org/feed")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "added https://example.org/feed: the next run asks it\n"
    assert written(cli) == [{"url": "https://example.org/feed"}]
    assert not cli.database.exists()


def test_the_usual_places_are_asked_in_turn(cli: Cli, server: FeedServer) -> None:
    cli.configure([])
    server.serve("/", page(), "text/html")
    server.serve("/feed/", page(), "text/html")
    server.serve("/rss", rss("One"))
    assert cli.run("feeds", "add", server.url).returncode == 0
    assert server.paths() == ["/", "/feed", "/feed/", "/rss"]
    assert [one["url"] for one in written(cli)] == [f"{server.url}/rss"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/missing", 404, "cannot be added: 127.0.0.1 answered 404 Not Found. Check the address"),
        ("/locked", 401, "--auth"),
        ("/slow", 429, "It asks for fewer requests"),
        ("/bare", 200, "is a page that names no feed, and 8 usual addresses of one hold none"),
        ("/broken", 200, "is a page, and no feed that it names can be read"),
        ("/picture", 200, "cannot be added: it is binary data"),
    ],
)
def test_where_there_is_no_feed_nothing_is_written(
    cli: Cli, server: FeedServer, path: str, status: int, sentence: str
) -> None:
    cli.configure(MINE)
    bodies: dict[str, str | bytes] = {
        "/bare": page(),
        "/broken": page("/nothing.xml"),
        "/picture": b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    }
    server.serve(path, bodies.get(path, ""), "text/html", status)
    ended = cli.run("feeds", "add", server.url + path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert sentence in ended.stderr
    assert ended.stderr.strip().endswith("Nothing was written")
    assert text(cli) == MINE
    assert cli.rows("SELECT COUNT(*) FROM feeds") == [(0,)]
    assert cli.rows("SELECT exit_code FROM runs") == [(2,)]
    assert cli.rows("SELECT COUNT(*) FROM fetches") == [(len(server.requests),)]


def test_nobody_there(cli: Cli) -> None:
    cli.configure(MINE)
    ended = cli.run("feeds", "add", "http://127.0.0.1:9/feed")
    assert ended.returncode == 2
    assert "could not be reached: connection refused" in ended.stderr
    assert text(cli) == MINE


def test_a_page_cannot_lead_us_to_another_private_address(cli: Cli, site: FeedServer) -> None:
    """The page that was typed may be on this machine; another server there is not asked because a page says so."""
    with feed_server() as inside:
        inside.serve("/secret", rss("Secret"))
        site.serve("/", page(f"{inside.url}/secret", "/main.xml"), "text/html")
        ended = cli.run("feeds", "add", "--auth", "me:pa55", site.url)
        assert ended.returncode == 0
        assert inside.requests == []
    assert f"no feed: {inside.url}/secret: refused" in ended.stdout
    assert [one["url"] for one in written(cli)] == [f"{site.url}/main.xml"]


def test_a_password_is_sent_to_its_own_site_and_kept_as_a_name(cli: Cli, site: FeedServer) -> None:
    ended = cli.run("feeds", "add", "--auth", "me:${FEED_WORD}", f"{site.url}/main.xml", FEED_WORD="pa55")
    assert ended.returncode == 0
    assert site.requests[0].headers["Authorization"] == f"Basic {b64encode(b'me:pa55').decode()}"
    assert written(cli)[0]["auth"] == "me:${FEED_WORD}"
    missing = cli.run("feeds", "add", "--auth", "me:${NOT_SET}", f"{site.url}/other.xml")
    assert missing.returncode == 2
    assert "the environment has no variable NOT_SET" in missing.stderr
    assert len(site.requests) == 1


def test_what_was_asked_before_is_not_asked_again_for_being_added_again(cli: Cli, site: FeedServer) -> None:
    url = f"{site.url}/main.xml"
    cli.run("feeds", "add", url)
    assert cli.run("feeds", "remove", url).returncode == 0
    again = cli.run("feeds", "add", url)
    assert (again.returncode, again.stderr) == (0, "")
    assert "known from before" in again.stdout
    assert site.paths() == ["/main.xml"]
    assert cli.rows("SELECT url, subscribed, articles FROM feeds") == [(url, 1, 2)]


def test_while_a_fetch_runs_nobody_is_asked(cli: Cli, site: FeedServer) -> None:
    cli.database.parent.mkdir()
    with (cli.folder / "data" / "news.db.fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ended = cli.run("feeds", "add", site.url)
        assert (ended.returncode, ended.stdout) == (75, "")
        assert "--no-fetch" in ended.stderr
        assert cli.run("feeds", "add", "--no-fetch", f"{site.url}/main.xml").returncode == 0
    assert site.requests == []
    assert [one["url"] for one in written(cli)] == [f"{site.url}/main.xml"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ftp://example.org/"], "must start with https:// or http://"),
        (["https://example.org/", "--category", "sports"], "did you mean “sport”"),
        (["https://example.org/", "--category", "football"], "--category: unknown topic “football”"),
        (["https://example.org/", "--interval", "often"], "--interval: expected"),
        (["https://example.org/", "--all", "--title", "T"], "--all goes neither"),
        (["https://example.org/${KEY}"], "cannot hold ${NAME}"),
        (["https://example.org/", "--auth", "nobody"], "auth must be"),
    ],
)
def test_what_is_typed_wrong_is_explained(cli: Cli, arguments: list[str], sentence: str) -> None:
    cli.configure(MINE)
    ended = cli.run("feeds", "add", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert text(cli) == MINE


def test_topics_of_ones_own(cli: Cli, site: FeedServer) -> None:
    main, other = f"{site.url}/main.xml", f"{site.url}/other.xml"
    config = cli.folder / "config" / "aggregator.toml"
    config.write_text(f'{SETTINGS}\n[topics]\nnames = ["football", "Health"]\n', encoding="utf-8")
    assert cli.run("feeds", "add", other, "--no-fetch", "--category", "health").returncode == 0
    assert cli.run("feeds", "add", site.url, "--category", "FOOTBALL").returncode == 0
    assert [(one["url"], one["category"]) for one in written(cli)] == [(other, "Health"), (main, "football")]
    for command in (["feeds", "list"], ["feeds", "check"], ["fetch"]):
        assert cli.run(*command).returncode == 0
    assert cli.rows("SELECT category FROM feeds ORDER BY url") == [("football",), ("Health",)]
    before = text(cli)
    wrong = cli.run("feeds", "add", "--no-fetch", "https://c.example/", "--category", "sport")
    assert (wrong.returncode, text(cli)) == (2, before)
    assert (
        "--category: unknown topic “sport”: the topics are: football; Health ([topics] names of the settings"
        in wrong.stderr
    )
    assert cli.run("feeds", "remove", other).returncode == 0
    # When they are chosen no longer, each command says which feed is in the way.
    config.write_text(SETTINGS, encoding="utf-8")
    for command in (["feeds", "list"], ["feeds", "check"], ["feeds", "export"], ["feeds", "remove", main], ["fetch"]):
        ended = cli.run(*command)
        assert ended.returncode == 2
        assert f"feeds.toml: feed 1 ({main}): unknown topic “football”" in ended.stderr


def test_a_feed_that_swells_costs_its_time_and_nothing_else(cli: Cli, server: FeedServer) -> None:
    cli.configure(MINE, SETTINGS.replace("[analyze]", '[analyze]\nitem_timeout = "2s"'))
    attributes = " ".join(f"a{number}='x'" for number in range(60_000))
    server.serve("/bomb", f"<rss version='2.0'><channel><title>T</title><item {attributes}/></channel></rss>")
    ended = cli.run("feeds", "add", f"{server.url}/bomb", "--json")
    if ended.returncode == 2:
        assert "could not be read" in ended.stderr
        assert text(cli) == MINE
    else:  # a reader that is fast enough has read it
        assert json.loads(ended.stdout)["added"]


def test_an_address_asks_the_environment_for_nothing(cli: Cli, site: FeedServer) -> None:
    address = site.url.replace("://", "://u:%24%7BFEED_WORD%7D@")
    for more in ([], ["--no-fetch"]):
        ended = cli.run("feeds", "add", *more, f"{address}/main.xml", FEED_WORD="pa55")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "cannot hold ${NAME}" in ended.stderr
    assert (site.requests, text(cli)) == ([], MINE)


def test_a_password_in_a_broken_address_is_not_shown(cli: Cli) -> None:
    cli.configure(MINE)
    ended = cli.run("feeds", "add", "bob:pa/ss9@host.example/feed")
    assert ended.returncode == 2
    assert "…host.example/feed” is not a URL" in ended.stderr
    assert "ss9" not in ended.stderr


def test_what_failed_when_it_was_last_asked_is_asked_before_it_is_added_again(cli: Cli, site: FeedServer) -> None:
    dead = f"{site.url}/dead.xml"
    site.serve("/", page("/dead.xml", "/main.xml"), "text/html")
    cli.configure([dead])
    cli.run("fetch")
    assert cli.rows("SELECT failures > 0 FROM feeds") == [(1,)]
    assert cli.run("feeds", "remove", dead).returncode == 0
    ended = cli.run("feeds", "add", site.url)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [one["url"] for one in written(cli)] == [f"{site.url}/main.xml"]
    assert f"no feed: {dead}: " in ended.stdout
    refused = cli.run("feeds", "add", dead)
    assert refused.returncode == 2
    assert "cannot be added" in refused.stderr


def test_a_feed_of_a_page_that_is_known_from_before_is_named_as_such(cli: Cli, site: FeedServer) -> None:
    cli.run("feeds", "add", site.url)
    cli.run("feeds", "remove", f"{site.url}/main.xml")
    ended = cli.run("feeds", "add", site.url)
    assert ended.stdout.startswith(f"added {site.url}/main.xml: known from before and not asked now: the next run")
