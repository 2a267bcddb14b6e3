"""R10 to R12: what is sent, by whom, and by how many at a time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from aggregator import __version__
from aggregator.errors import ExitCode
from aggregator.subscriptions.feeds_file import load_subscriptions

from .program import Program
from .publisher import Publisher, every
from .score import shows
from .web import HANG, Asked, Reply, redirect
from .world import World, gaps

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWS, URL = "news.example/feed", "http://news.example/feed"
ORDINARY_HEADERS = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "if-none-match",
    "if-modified-since",
    "connection",
}
COOKIES = [("Set-Cookie", "id=1; Path=/"), ("Set-Cookie", "seen=yes; Domain=news.example; Max-Age=99999999")]


# --- R10 --------------------------------------------------------------------------------------------------------------


@shows("R10")
def cookies_are_not_taken_along(folder: Path) -> None:
    """Every answer sets cookies, a redirect among them: in 3 days no request has a `Cookie`, a `Referer` or any header
    beyond those that getting a feed takes."""
    with World(folder) as world:
        world.web.sites[NEWS] = redirect(302, "/session/feed", *COOKIES)
        world.web.sites["news.example/session/feed"] = Publisher(every(3 * HOUR), headers=COOKIES)
        world.subscribe(URL)
        world.live(3 * DAY)
        assert len(world.web.asked()) > 20
        names = {name.lower() for asked in world.web.asked() for name, _ in asked.headers}
        assert names <= ORDINARY_HEADERS, names - ORDINARY_HEADERS
        assert {asked.method for asked in world.web.asked()} == {"GET"}


@shows("R10")
def no_url_is_made_up(folder: Path) -> None:
    """Feeds with a query, with a fragment, and one that is not there (404, for 3 days): all that is asked for are the
    three URLs, the query as it stands and the fragment left out. No cache-buster, no sibling, no /favicon.ico."""
    with World(folder) as world:
        world.web.sites["a.example/feed"] = Publisher(every(3 * HOUR), name="a")
        world.web.sites["b.example/feed"] = Publisher(every(3 * HOUR), name="b")
        world.subscribe("http://a.example/feed?x=1&amp=%2F&y", "http://b.example/feed#latest", "http://c.example/feed")
        world.live(3 * DAY)
        expected = {"http://a.example/feed?x=1&amp=%2F&y", "http://b.example/feed", "http://c.example/feed"}
        assert {asked.url for asked in world.web.asked()} == expected


# --- R11 --------------------------------------------------------------------------------------------------------------


@shows("R11")
def the_name_with_a_contact(folder: Path) -> None:
    """The program itself, with `contact` in its settings: `User-Agent` holds its name, its version and the contact."""
    contact = "https://reader.example/about"
    with Program(folder, more=f'contact = "{contact}"') as program:
        program.web.sites[program.site] = Publisher(every(HOUR))
        ended = program.fetch()
        assert ended.returncode == 0, ended.stderr
        (asked,) = program.web.asked()
        assert asked.value("User-Agent") == f"news-aggregator/{__version__} (+{contact})"


@shows("R11")
def no_contact_is_made_up(folder: Path) -> None:
    """Without `contact`, over 2 days and a redirect to another host: name and version, the same in every request, and
    nothing in the place of the contact."""
    with World(folder) as world:
        world.web.sites[NEWS] = redirect(302, "http://cdn.example/feed")
        world.web.sites["cdn.example/feed"] = Publisher(every(3 * HOUR))
        world.subscribe(URL)
        world.live(2 * DAY)
        agents = {asked.value("User-Agent") for asked in world.web.asked()}
        assert agents == {f"news-aggregator/{__version__}"}
        assert {asked.host for asked in world.web.asked()} == {"news.example", "cdn.example"}


# --- R12 --------------------------------------------------------------------------------------------------------------


@shows("R12")
def spellings_of_one_url_are_one_feed(folder: Path) -> None:
    """feeds.toml has one address in four spellings (upper case, the port that goes without saying, a fragment): it is
    one feed, asked once."""
    spellings = (URL, "HTTP://News.Example/feed", "http://news.example:80/feed", "http://news.example/feed#top")
    path = folder / "feeds.toml"
    path.write_text("".join(f'[[feeds]]\nurl = "{url}"\n' for url in spellings), encoding="utf-8")
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(3 * HOUR))
        world.subscribe(*load_subscriptions(path, {}))
        world.live(HOUR / 2, skip=False)
        assert len(world.web.asked()) == 1


@shows("R12")
def feeds_that_moved_together_are_asked_once(folder: Path) -> None:
    """Two feeds move for good to one address: once both moves are kept, that address gets at most one request an hour,
    and the articles are there once."""
    with World(folder) as world:
        target = "new.example/feed"
        world.web.sites["a.example/feed"] = redirect(301, f"http://{target}")
        world.web.sites["b.example/feed"] = redirect(301, f"http://{target}")
        world.web.sites[target] = Publisher(every(2 * HOUR, 2000))
        world.subscribe("http://a.example/feed", "http://b.example/feed")
        world.live(DAY)
        world.web.forget()
        world.live(DAY)
        assert {asked.site for asked in world.web.asked()} == {target}
        assert len(world.web.asked()) > 10
        assert min(gaps(world.web.asked())) >= HOUR
        assert world.one("SELECT count(*) - count(DISTINCT url) FROM articles") == 0


@shows("R12")
def the_second_of_two_runs_asks_nothing(folder: Path) -> None:
    """While one `aggregator fetch` waits for an answer, a second one is started: it ends with exit code 75 and has
    made no request."""
    with Program(folder) as program:
        program.web.sites[program.site] = _never
        program.start()
        program.wait_for(lambda: bool(program.web.asked()))
        second = program.fetch()
        assert second.returncode == ExitCode.ALREADY_RUNNING, second.stderr
        assert len(program.web.asked()) == 1


def _never(_: Asked) -> Reply:
    return HANG
