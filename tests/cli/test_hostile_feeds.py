"""What servers give in the place of a feed: each has a name, and none spoils the run."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from http.server import BaseHTTPRequestHandler

from cli.conftest import Cli
from cli.feed_server import FeedServer, rss

HUNDRED_MB = 100_000_000


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Send a hundred megabytes without saying so before, unless the client hangs up."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    for _ in range(HUNDRED_MB // 65_536):
        handler.wfile.write(b"<!--" + b"x" * 65_529 + b"-->")


EXPECTED = {
    # path: outcome, what the message says
    "/good": ("new articles", None),
    "/mislabelled": ("new articles", None),
    "/no-entries": ("nothing new", None),
    "/page": ("unreadable", "an HTML page, not a feed"),
    "/nothing": ("unreadable", "empty"),
    "/picture": ("unreadable", "binary data (PNG), not a feed"),
    "/noise": ("unreadable", "binary data"),
    "/prose": ("unreadable", "plain text, not a feed"),
    "/json": ("unreadable", "JSON, but not a JSON Feed"),
    "/bomb": ("too large", "longer than 1 MB"),
    "/endless": ("too large", "longer than 1 MB"),
    "/half-gzip": ("bad response", "broken answer"),
    "/circle": ("bad redirect", "in a circle"),
    "/nowhere": ("bad redirect", "without saying where to"),
    "/missing": ("http error", "answered 404 Not Found"),
    "/broken": ("http error", "answered 500 Internal Server Error"),
    "/busy": ("http error", "answered 429 Too Many Requests"),
}


def serve_all(server: FeedServer) -> None:
    server.serve("/good", rss("News", name="Good"))
    server.serve("/mislabelled", rss("More news", name="Mislabelled"), "image/png")
    server.serve("/no-entries", rss())
    server.serve("/page", "<!doctype html><html><body><h1>We value your privacy</h1></body></html>", "text/html")
    server.serve("/nothing", "")
    server.serve("/picture", b"\x89PNG\r\n\x1a\n" + bytes(100))
    server.serve("/noise", os.urandom(5) + bytes(range(32)) * 20)
    server.serve("/prose", "Come back later, please.", "text/plain")
    server.serve("/json", '{"error": "no such feed"}', "application/feed+json")
    server.serve("/bomb", gzip.compress(bytes(HUNDRED_MB), 1), Content_Encoding="gzip")
    server.answers["/endless"] = endless
    server.serve("/half-gzip", gzip.compress(rss("x").encode())[:40], Content_Encoding="gzip")
    server.serve("/circle", "", status=302, Location="/circle-2")
    server.serve("/circle-2", "", status=301, Location="/circle")
    server.serve("/nowhere", "", status=302)
    server.serve("/broken", "Traceback …", status=500)
    server.serve("/busy", "", status=429, Retry_After="120")


def test_every_answer_has_a_name_and_the_run_goes_on(cli: Cli, server: FeedServer) -> None:
    serve_all(server)
    cli.configure([server.url + path for path in EXPECTED])
    ended = cli.run_apart("fetch", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")

    rows = cli.rows("SELECT feed_url, outcome, error FROM fetches")
    found = {url.removeprefix(server.url): (outcome, error) for url, outcome, error in rows}
    assert {path: outcome for path, (outcome, _) in found.items()} == {
        path: outcome for path, (outcome, _) in EXPECTED.items()
    }
    for path, (_, said) in EXPECTED.items():
        assert said is None or said in found[path][1], path
        assert said is not None or found[path][1] is None, path

    counts = json.loads(ended.stdout)["counts"]["save feeds"]
    assert counts == Counter(outcome for outcome, _ in EXPECTED.values())
    assert sum(counts.values()) == len(rows) == len(EXPECTED)
    assert sorted(cli.rows("SELECT title FROM articles")) == [("More news",), ("News",)]
    assert cli.rows("SELECT * FROM quarantine") == []

    errors = {url.removeprefix(server.url): error for url, error in cli.rows("SELECT url, last_error FROM feeds")}
    assert errors == {path: error for path, (_, error) in found.items()}
    shown = cli.run("feeds", "list").stdout
    assert "an HTML page, not a feed" in shown
