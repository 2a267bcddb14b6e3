"""APIs beside feeds: the command against the newsroom's own, and against servers that a test makes up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from aggregator.newsroom.api import API_PATH, PER_PAGE, apis_toml
from aggregator.newsroom.site import feeds_toml
from cli.conftest import SETTINGS, Cli
from cli.feed_server import FeedServer
from newsroom.conftest import TWO_DAYS_LATER, Running, running_newsroom

KEY = "k3y/0f+the=castle"
NO_PICTURES = SETTINGS.replace("[fetch]", "[fetch]\nimages = false")
NOW = TWO_DAYS_LATER.isoformat()


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Running]:
    with running_newsroom(tmp_path / "requests.jsonl") as running:
        yield running


def posts(*titles: str, **more: object) -> str:
    items = [{"title": title, "link": f"/posts/{title}", "at": 1714557600 + n} for n, title in enumerate(titles)]
    return json.dumps({"items": items} | more)


def table(url: str, more: str = "") -> str:
    fields = '{ title = "title", url = "link", published = "at" }'
    return f'[[apis]]\nurl = "{url}"\ntitle = "The API"\nentries = "items"\nfields = {fields}\n{more}\n'


def asked_pages(newsroom: Running) -> list[tuple[object, object]]:
    return [(one["path"], one["status"]) for one in newsroom.requests() if str(one["path"]).startswith(API_PATH)]


def test_the_newsrooms_api_is_read_page_by_page(cli: Cli, newsroom: Running) -> None:
    url = f"http://127.0.0.1:{newsroom.port}"
    cli.configure(apis_toml(url), NO_PICTURES)
    assert cli.run_json("fetch", AGGREGATOR_CLOCK=NOW)["counts"]["save feeds"] == {"new articles": 1}
    pages = [API_PATH, f"{API_PATH}?page=2", f"{API_PATH}?page=3"]
    assert asked_pages(newsroom) == [(page, 200) for page in pages]
    assert cli.rows("SELECT COUNT(*), COUNT(DISTINCT url), MIN(LENGTH(content)) > 50 FROM articles") == [
        (3 * PER_PAGE, 3 * PER_PAGE, 1)
    ]
    assert cli.rows("SELECT COUNT(*) FROM articles WHERE published_at IS NULL OR title = ''") == [(0,)]
    assert cli.rows("SELECT feed, format FROM articles, feeds LIMIT 1") == [("The newsroom's API", "api")]
    assert cli.rows("SELECT COUNT(*) > 0 FROM images") == [(1,)]
    # An hour later nothing has changed: one conditional request, and no other page.
    second = (TWO_DAYS_LATER + timedelta(minutes=70)).isoformat()
    counted = cli.run_json("fetch", AGGREGATOR_CLOCK=second)["counts"]["save feeds"]
    assert counted == {"not modified": 1}
    assert asked_pages(newsroom)[3:] == [(API_PATH, 304)]


def test_an_article_in_a_feed_and_in_the_api_is_one(cli: Cli, newsroom: Running) -> None:
    url = f"http://127.0.0.1:{newsroom.port}"
    cli.configure(apis_toml(url, max_pages=30) + feeds_toml(url), NO_PICTURES)
    cli.run_json("fetch", AGGREGATOR_CLOCK=NOW)
    assert cli.rows("SELECT COUNT(*) - COUNT(DISTINCT url) FROM articles") == [(0,)]
    both = cli.rows(f"SELECT COUNT(*) FROM sightings WHERE feed_url = '{url}{API_PATH}'")  # noqa: S608
    assert both == cli.rows("SELECT COUNT(*) FROM articles")
    assert cli.rows("SELECT MAX(seen) > 1 FROM (SELECT COUNT(*) seen FROM sightings GROUP BY article_id)") == [(1,)]


def test_every_page_stands_in_the_ledger(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/posts", posts("A"), "application/json")
    server.serve("/posts?page=2", posts("B"), "application/json")
    cli.configure(table(url, 'page_parameter = "page"\nmax_pages = 5'))
    assert cli.run("fetch").returncode == 0
    assert server.paths() == ["/posts", "/posts?page=2", "/posts?page=3"]  # the last of them answers 404
    assert cli.rows("SELECT title FROM articles ORDER BY 1") == [("A",), ("B",)]
    logged = cli.rows("SELECT url, status, reason FROM fetches ORDER BY started_at, url")
    assert sorted(logged) == [
        (url, 200, "first request"),
        (f"{url}?page=2", 200, "next page"),
        (f"{url}?page=3", 404, "next page"),
    ]


def test_a_changed_api_is_no_silent_zero(cli: Cli, server: FeedServer) -> None:
    cli.configure(table(server.serve("/posts", '{"results": []}', "application/json")))
    ended = cli.run("fetch", "--json")
    assert ended.returncode == 3, ended.stdout
    (error,) = (row[0] for row in cli.rows("SELECT last_error FROM feeds"))
    assert error == (
        "the expression for entries, items, finds nothing; the document is an object with the keys results"
    )


def test_a_next_page_elsewhere_is_refused(cli: Cli, server: FeedServer) -> None:
    away = posts("A", next="http://127.0.0.2:1/steal")
    cli.configure(table(server.serve("/posts", away, "application/json"), 'next_page = "next"\nmax_pages = 5'))
    assert cli.run("fetch").returncode == 0
    assert server.paths() == ["/posts"]
    assert cli.rows("SELECT title FROM articles") == [("A",)]
    errors = [row[0] for row in cli.rows("SELECT error FROM fetches WHERE error IS NOT NULL")]
    assert len(errors) == 1
    assert errors[0].startswith("the next page: it is said to be on http://127.0.0.2:1 and not on ")


def test_a_key_in_the_query_reaches_its_server_and_nothing_else(cli: Cli, server: FeedServer) -> None:
    """Not the database, not the log, not a message, though the server repeats it wherever it can."""
    key = f"apikey={quote(KEY, safe='')}"
    first = f"{server.url}/posts?q=1&{key}"
    server.serve(f"/posts?q=1&{key}", posts("A", next=f"{first}&p=2", self=first, key=KEY), "application/json")
    server.serve(f"/posts?q=1&p=2&{key}", posts("B", next=None), "application/json", X_Key=KEY)
    server.serve(f"/broken?{key}", f"no: {KEY}", "text/plain", 500)
    query = 'query = { apikey = "${NEWS_KEY}" }\n'
    paging = 'next_page = "next"\nmax_pages = 3\n'
    cli.configure(table(f"{server.url}/posts?q=1", query + paging) + table(f"{server.url}/broken", query))
    outputs = [
        cli.run_apart("fetch", NEWS_KEY=KEY),
        *(
            cli.run(*arguments, NEWS_KEY=KEY)
            for arguments in (
                ["status"],
                ["feeds", "list"],
                ["query", "SELECT * FROM feeds"],
                ["query", "SELECT * FROM fetches"],
            )
        ),
    ]
    assert [ended.returncode for ended in outputs] == [0] * len(outputs), [ended.stderr for ended in outputs]
    assert set(server.paths()) == set(server.answers)
    assert cli.rows("SELECT title FROM articles ORDER BY 1") == [("A",), ("B",)]
    written = [path for path in cli.folder.rglob("*") if path.is_file() and path.parent.name != "config"]
    assert written
    contents = [path.read_bytes().decode("latin-1") for path in written]
    for content in contents + [ended.stdout + ended.stderr for ended in outputs]:
        assert "k3y" not in content
        assert "the=castle" not in content


def test_a_table_that_cannot_be_used_is_named(cli: Cli) -> None:
    cli.configure(table("https://api.example/posts", 'nextpage = "next"'))
    ended = cli.run("fetch")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "api 1 (https://api.example/posts): unknown key “nextpage”; did you mean “next_page”?" in ended.stderr


def test_feeds_list_shows_an_api_without_its_key(cli: Cli) -> None:
    cli.configure(table("https://api.example/posts", 'query = { apikey = "${NOT_SET}" }'))
    ended = cli.run("feeds", "list")
    assert ended.returncode == 0, ended.stderr
    assert "https://api.example/posts" in ended.stdout
    assert "NOT_SET" not in ended.stdout
