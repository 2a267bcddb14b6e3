"""Full text from a real server: what is asked for, what is stored, and what robots.txt keeps us from."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from cli.conftest import SETTINGS, Cli
from cli.feed_server import FeedServer

SENTENCES = tuple(
    f"On day {day} the town spoke about the harbour wall, which the winter storm had broken, and what it would cost."
    for day in range(5)
)
AGENT = "news-aggregator/"


def page(text: str, head: str = "") -> str:
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    return (
        f"<!doctype html><html lang='en'><head><title>{text}</title>{head}</head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{text}</h1>{paragraphs}</article><footer>Imprint</footer></body></html>"
    )


def feed_of(server: FeedServer, *paths: str) -> str:
    """Serve a feed whose articles have their pages at `paths` of the same server."""
    items = "".join(
        f"<item><title>About {path[1:]}</title><guid>{path}</guid><link>{server.url}{path}</link></item>"
        for path in paths
    )
    return server.serve("/feed", f"<rss version='2.0'><channel><title>Harbour</title>{items}</channel></rss>")


def serve_page(server: FeedServer, path: str, body: str | None = None) -> None:
    server.serve(path, page(f"Page {path[1:]}") if body is None else body, "text/html; charset=utf-8")


def full_text(url: str, more: str = "full_text = true") -> str:
    return f'[[feeds]]\nurl = "{url}"\n{more}\n'


def picture() -> bytes:
    file = BytesIO()
    Image.radial_gradient("L").resize((64, 48)).save(file, "png")  # and no single colour, which is no news picture
    return file.getvalue()


def test_full_text_is_off_by_default(cli: Cli, server: FeedServer) -> None:
    serve_page(server, "/1")
    cli.configure([feed_of(server, "/1")])
    assert "save pages" not in cli.run_json("fetch")["counts"]
    assert server.paths() == ["/feed"]


@pytest.mark.parametrize(
    ("settings", "feed"),
    [(SETTINGS, "full_text = true"), (SETTINGS.replace("[fetch]", "[fetch]\nfull_text = true"), "")],
    ids=["of a feed", "of all feeds"],
)
def test_the_page_of_an_article_is_read_and_stored_beside_its_own_text(
    cli: Cli, server: FeedServer, settings: str, feed: str
) -> None:
    serve_page(server, "/1")
    cli.configure(full_text(feed_of(server, "/1"), feed), settings)
    assert cli.run_json("fetch")["counts"]["save pages"] == {"stored": 1}
    assert server.paths() == ["/feed", "/robots.txt", "/1"]
    ((content, text, source),) = cli.rows("SELECT content, full_text, full_text_from FROM articles")
    assert content == ""
    assert text.split("\n\n")[-len(SENTENCES) :] == list(SENTENCES)
    assert "Home" not in text
    assert "trafilatura" in source
    assert f"{server.url}/1" in source
    assert cli.rows("SELECT kind, reason, outcome FROM fetches WHERE kind <> 'feed'") == [
        ("robots", "robots.txt", "rules"),
        ("page", "full text", "stored"),
    ]


def test_a_feed_may_be_left_out_of_full_text_for_all(cli: Cli, server: FeedServer) -> None:
    serve_page(server, "/1")
    settings = SETTINGS.replace("[fetch]", "[fetch]\nfull_text = true")
    cli.configure(full_text(feed_of(server, "/1"), "full_text = false"), settings)
    assert cli.run("fetch").returncode == 0
    assert server.paths() == ["/feed"]


def test_robots_and_pages_are_asked_for_as_politely_as_feeds(cli: Cli, server: FeedServer) -> None:
    serve_page(server, "/1")
    serve_page(server, "/2")
    cli.configure(full_text(feed_of(server, "/1", "/2")))
    assert cli.run_json("fetch")["counts"]["save pages"] == {"stored": 2}
    for request in server.requests:
        names = {name.lower() for name in request.headers}
        assert request.headers["User-Agent"].startswith(AGENT)
        assert not names & {"cookie", "referer"}
    assert server.paths().count("/robots.txt") == 1

    # Nothing is asked for twice: not by a run an hour later, and robots.txt not within the day.
    asked = len(server.requests)
    assert cli.run_json("fetch", AGGREGATOR_CLOCK="+3700")["counts"]["save pages"] == {}
    assert [path for path in server.paths()[asked:] if path != "/feed"] == []


def test_what_robots_disallows_is_not_asked_for(cli: Cli, server: FeedServer) -> None:
    server.serve("/robots.txt", "User-agent: *\nDisallow: /secret\n", "text/plain")
    serve_page(server, "/secret")
    serve_page(server, "/open")
    cli.configure(full_text(feed_of(server, "/secret", "/open")))
    assert cli.run_json("fetch")["counts"]["save pages"] == {"disallowed by robots.txt": 1, "stored": 1}
    assert "/secret" not in server.paths()
    assert cli.rows("SELECT title FROM articles WHERE full_text IS NOT NULL") == [("About open",)]


def test_every_page_ends_in_one_named_outcome(cli: Cli, server: FeedServer) -> None:
    server.serve("/busy", "busy", "text/plain", 503)
    serve_page(server, "/good")
    serve_page(server, "/empty", "<html><body><p>Please enable JavaScript.</p></body></html>")
    server.serve("/picture", picture(), "image/png")
    server.serve("/large", b"x" * 70_000, "text/html")
    paths = ("/good", "/empty", "/picture", "/large", "/missing", "/busy")
    settings = SETTINGS.replace("[fetch]", '[fetch]\nmax_page_bytes = "60kB"')
    cli.configure(full_text(feed_of(server, *paths)), settings)
    assert cli.run_json("fetch")["counts"]["save pages"] == {
        "stored": 1,
        "no text found": 1,
        "not a page": 1,
        "too large": 1,
        "given up": 1,
        "to be tried again": 1,
    }
    # What may pass is asked for again, later, and nothing else is.
    asked = len(server.requests)
    serve_page(server, "/busy")
    assert cli.run_json("fetch", AGGREGATOR_CLOCK="+9000")["counts"]["save pages"] == {"stored": 1}
    assert [path for path in server.paths()[asked:] if path != "/feed"] == ["/busy"]


def test_the_picture_that_a_page_names_is_fetched_for_its_article(cli: Cli, server: FeedServer) -> None:
    serve_page(server, "/1", page("One", f"<meta property='og:image' content='{server.url}/p.png'>"))
    server.serve("/p.png", picture(), "image/png")
    cli.configure(full_text(feed_of(server, "/1")))
    assert cli.run_json("run")["counts"]["save pictures"] == {"stored": 1}
    assert cli.rows("SELECT url FROM images") == [(f"{server.url}/p.png",)]
    ((path,),) = cli.rows("SELECT image FROM articles")
    assert (cli.folder / "data" / "images" / path).exists()


def test_a_page_at_a_private_address_that_the_user_did_not_choose_is_refused(cli: Cli, server: FeedServer) -> None:
    # The same machine under another name: another origin, which came over the network.
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    items = f"<item><title>One</title><guid>1</guid><link>{elsewhere}/1</link></item>"
    url = server.serve("/feed", f"<rss version='2.0'><channel><title>Harbour</title>{items}</channel></rss>")
    serve_page(server, "/1")
    cli.configure(full_text(url))
    assert cli.run_json("fetch")["counts"]["save pages"] == {"to be tried again": 1}
    assert server.paths() == ["/feed"]
    ((error,),) = cli.rows("SELECT error FROM page")
    assert "localhost is this machine" in error


def test_without_the_extra_it_is_refused_with_the_remedy(cli: Cli, server: FeedServer, tmp_path: Path) -> None:
    # A finder that knows no trafilatura stands before the others.
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text(
        "import sys\n"
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "PathFinder.find_spec = classmethod(\n"
        "    lambda cls, name, path=None, target=None:\n"
        "    None if name == 'trafilatura' else find(name, path, target))\n",
        encoding="utf-8",
    )
    cli.configure(full_text(feed_of(server, "/1")))
    path = cli.environment.get("PYTHONPATH", "")
    ended = cli.run_apart("fetch", PYTHONPATH=f"{hiding}:{path}" if path else str(hiding))
    assert ended.returncode == 2
    assert 'pip install ".[full-text]"' in ended.stderr
    assert "pip install aggregator" not in ended.stderr
    assert server.paths() == []
