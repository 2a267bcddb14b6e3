"""`why` as somebody types it."""

from __future__ import annotations

from cli.conftest import Cli
from cli.feed_server import FeedServer, rss


def test_a_feed_is_explained(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One", "Two", name="The Post"), ETag='"1"')
    cli.configure([url])
    cli.run("fetch")
    # However the host is spelt, it is the same feed.
    shown = cli.run("why", url.replace("http://127.0.0.1", "HTTP://127.0.0.1") + "#top")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert lines[0] == url
    assert lines[1].startswith("  “The Post” is a feed with 2 articles, known since ")
    assert "why: first request. What came: status 200, new articles (2 new of 2 entries)." in lines[2]
    assert lines[3].startswith("  It may be asked again in ")
    table = lines[lines.index("last requests, times in UTC") + 1 :]
    assert table[0].split() == [
        *("started_at", "reason", "conditional", "status", "outcome", "next_fetch_at", "decided_by"),
    ]
    assert table[2].split()[2:7] == ["first", "request", "no", "200", "new"]


def test_a_conditional_request_is_shown_as_one(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One"), ETag='"1"')
    cli.configure([url])
    cli.run("fetch")
    cli.run("fetch", AGGREGATOR_CLOCK="+90000")
    shown = cli.run("why", url, AGGREGATOR_CLOCK="+90000").stdout
    assert "only for what had changed since; why: due." in shown
    assert [line.split()[2:4] for line in shown.splitlines()[-2:]] == [["due", "yes"], ["first", "request"]]


def test_the_explanation_as_json(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One"))
    cli.configure([url])
    cli.run("fetch")
    found = cli.run_json("why", url)
    assert (found["url"], found["feed"]["state"], len(found["sentences"])) == (url, "active", 3)
    assert [(one["reason"], one["status"], one["conditional"]) for one in found["requests"]] == [
        ("first request", 200, 0),
    ]


def test_an_unknown_address_is_an_error_of_usage_that_names_what_is_near(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One"))
    cli.configure([url])
    cli.run("fetch")
    for arguments in ([], ["--json"]):
        ended = cli.run("why", f"{server.url}/b", *arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert (
            ended.stderr == f"aggregator: nothing in the database has the address {server.url}/b; did you mean {url}?\n"
        )


def test_what_is_no_address_is_an_error_of_usage(cli: Cli) -> None:
    cli.configure([])
    for text in ("nonsense", "ftp://harbour.test/", "https://"):
        ended = cli.run("why", text)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert text in ended.stderr


def test_before_the_first_run_there_is_nothing_to_explain(cli: Cli) -> None:
    cli.configure([])
    ended = cli.run("why", "https://harbour.test/")
    assert ended.returncode == 2
    assert "“aggregator run” makes it" in ended.stderr


def test_an_explanation_cannot_command_a_terminal(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/a", rss("One", name="\u202eevil\x9b31m"))
    cli.configure([url])
    cli.run("fetch")
    shown = cli.run("why", url).stdout
    assert "evil" in shown
    assert not {"\u202e", "\x9b", "\x1b"} & set(shown)
