"""Pictures, from the feed to the file: each request ends in a named outcome, and what is stored is looked after."""

from __future__ import annotations

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler
from io import BytesIO

from PIL import Image, ImageOps

from cli.conftest import SETTINGS, Cli
from cli.feed_server import Answer, FeedServer, answer

DAY_AND_MORE = 90_000


def picture(colour: str, kind: str = "png") -> bytes:
    file = BytesIO()
    # A single colour would be no news picture.
    ImageOps.colorize(Image.radial_gradient("L").resize((64, 48)), colour, "white").save(file, kind)
    return file.getvalue()


def rss(*items: tuple[str, str]) -> str:
    """Return a feed with an article for each (name, address of its picture)."""
    entries = "".join(
        f"<item><title>{name}</title><guid isPermaLink='false'>{name}</guid><link>https://news.example/{name}</link>"
        f"<enclosure url='{url}' type='image/jpeg' length='1'/></item>"
        for name, url in items
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title>{entries}</channel></rss>"


def conditional(body: bytes, etag: str) -> Answer:
    """Answer 304 to whoever has this ETag."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.send_header("ETag", etag)
            handler.end_headers()
            return
        answer(body, "image/png", ETag=etag)(handler)

    return send


def counted(cli: Cli, later_s: int = 0) -> dict[str, int]:
    return dict(cli.run_json("fetch", AGGREGATOR_CLOCK=f"+{later_s}")["counts"]["save pictures"])


def stored_files(cli: Cli) -> int:
    return sum(path.is_file() for path in (cli.folder / "data" / "images").rglob("*"))


def test_each_request_for_a_picture_ends_in_one_named_outcome(cli: Cli, server: FeedServer) -> None:
    settings = SETTINGS.replace("[fetch]", '[fetch]\nmax_image_bytes = "20KB"')
    bodies = {
        "photo": answer(picture("navy"), "text/html"),
        "copy": answer(picture("navy"), "image/png"),
        "page": answer("<!doctype html><p>sorry", "image/jpeg"),
        "drawing": answer("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        "huge": answer(b"\xff\xd8\xff" + b"x" * 30_000, "image/jpeg"),
        "gone": answer("gone", "text/plain", 410),
        "busy": answer("busy", "text/plain", 503),
        "away": answer("", "text/plain", 302, Location="http://10.0.0.1/private.jpg"),
        "loop": answer("", "text/plain", 302, Location="/loop"),
    }
    for name, given in bodies.items():
        server.answers[f"/{name}"] = given
    feed = server.serve("/feed", rss(*((name, f"{server.url}/{name}") for name in bodies)))
    cli.configure([feed], settings)
    assert counted(cli) == {
        "stored": 2,
        "not a picture": 1,
        "format not read": 1,
        "too large": 1,
        "http error": 1,
        "to be tried again": 1,
        "refused": 1,
        "bad redirect": 1,
    }
    assert stored_files(cli) == 1  # the same bytes under two addresses
    told = dict(cli.rows("SELECT url, error FROM images"))
    sentences = {url.rpartition("/")[2]: error for url, error in told.items()}
    assert sentences["photo"] is None
    assert sentences["page"] == "not a picture but a web page"
    assert sentences["drawing"].startswith("an SVG drawing: only JPEG")
    assert "20" in sentences["huge"]
    assert "410" in sentences["gone"]
    assert "503" in sentences["busy"]
    assert sentences["away"].startswith("refused: ")
    assert None not in {sentences[name] for name in sentences if name not in ("photo", "copy")}
    logged = Counter(cli.rows("SELECT kind, reason, outcome FROM fetch WHERE kind = 'image'"))
    assert logged["image", "picture", "stored"] == 2
    assert sum(logged.values()) == len(bodies)


def test_a_stored_picture_is_looked_at_again_when_a_new_article_names_it(cli: Cli, server: FeedServer) -> None:
    url = f"{server.url}/map.png"
    server.answers["/map.png"] = conditional(picture("navy"), 'W/"1-gzip"')
    cli.configure([server.serve("/feed", rss(("one", url)))])
    assert counted(cli) == {"stored": 1}

    server.serve("/feed", rss(("one", url), ("two", url)))
    assert counted(cli, 7_300) == {}  # too early
    server.serve("/feed", rss(("one", url), ("two", url), ("three", url)))
    assert counted(cli, DAY_AND_MORE) == {"unchanged": 1}
    assert server.requests[-1].headers["If-None-Match"] == 'W/"1-gzip"'

    server.answers["/map.png"] = conditional(picture("red"), '"2"')
    server.serve("/feed", rss(("four", url)))
    assert counted(cli, 2 * DAY_AND_MORE) == {"replaced": 1}
    assert cli.run("analyze").returncode == 0
    assert cli.rows("SELECT COUNT(*) FROM images WHERE width = 64 AND error IS NULL") == [(1,)]


def test_a_picture_whose_file_was_deleted_is_fetched_again(cli: Cli, server: FeedServer) -> None:
    url = server.serve("/map.png", picture("navy"), "image/png", ETag='"1"')
    cli.configure([server.serve("/feed", rss(("one", url)))])
    assert counted(cli) == {"stored": 1}
    (path,) = (path for path in (cli.folder / "data" / "images").rglob("*.png"))
    path.unlink()
    assert json.loads(cli.run("analyze", "--json").stdout)["counts"]["save sights"] == {"file missing": 1}
    assert counted(cli, 60) == {"stored": 1}
    assert "If-None-Match" not in server.requests[-1].headers
    assert path.exists()
    assert cli.run_json("analyze")["counts"]["save sights"] == {"analysed": 1}


def test_over_the_quota_the_pictures_of_the_oldest_articles_go_and_do_not_come_back(
    cli: Cli, server: FeedServer
) -> None:
    colours = ("red", "lime", "blue")
    size = max(len(picture(colour)) for colour in colours)
    settings = SETTINGS.replace("[fetch]", f"[fetch]\nimage_quota = {3 * size}")
    urls = [server.serve(f"/{n}.png", picture(colour), "image/png") for n, colour in enumerate(colours)]
    cli.configure([server.serve("/feed", rss(("one", urls[0])))], settings)
    assert counted(cli) == {"stored": 1}
    server.serve("/feed", rss(("two", urls[1])))
    assert counted(cli, DAY_AND_MORE) == {"stored": 1}
    server.serve("/feed", rss(("three", urls[2])))
    settings = SETTINGS.replace("[fetch]", f"[fetch]\nimage_quota = {2 * size + size // 2}")
    cli.configure([server.url + "/feed"], settings)
    assert counted(cli, 2 * DAY_AND_MORE) == {"stored": 1}
    assert cli.rows("SELECT url FROM images WHERE path IS NOT NULL ORDER BY url") == [(urls[1],), (urls[2],)]
    assert stored_files(cli) == 2
    server.serve("/feed", rss(("four", urls[0])))
    assert counted(cli, 3 * DAY_AND_MORE) == {}


def test_each_kind_goes_through_the_whole_pipeline(cli: Cli, server: FeedServer) -> None:
    kinds = ("avif", "gif", "jpeg", "png", "webp")
    urls = [server.serve(f"/{kind}", picture("navy", kind), "application/octet-stream") for kind in kinds]
    cli.configure([server.serve("/feed", rss(*zip(kinds, urls, strict=True)))])
    assert cli.run_apart("run").returncode == 0
    found = cli.rows("SELECT kind, width, height, error FROM images ORDER BY kind")
    assert found == [(kind, 64, 48, None) for kind in kinds]
    assert cli.rows("SELECT COUNT(*) FROM articles WHERE thumbnail IS NOT NULL") == [(5,)]
