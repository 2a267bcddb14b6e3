"""R14: redirects and feeds that are gone."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from .clock import START
from .publisher import Publisher, every
from .score import shows
from .web import Asked, Reply, Site, redirect, status
from .world import World, gaps

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
OLD, OLD_URL = "old.example/feed", "http://old.example/feed"
NEW, NEW_URL = "new.example/feed", "http://new.example/feed"
STEADY = every(timedelta(hours=6), 3000)


def _sites_after(folder: Path, sites: dict[str, Site], length: timedelta = 4 * DAY) -> list[str]:
    """Return which sites are asked on the last day, after the feed at OLD was followed for `length`."""
    with World(folder) as world:
        world.web.sites |= sites
        world.subscribe(OLD_URL)
        world.live(length)
        last_day = [asked for asked in world.web.asked() if asked.at > world.clock.now() - DAY]
        assert last_day
        return sorted({asked.site for asked in last_day})


@shows("R14")
def a_move_is_kept_once_it_is_confirmed(folder: Path) -> None:
    """A feed answers 301, and in another play 308, to a feed elsewhere: the first 3 requests go to the old address and
    are led on, all later ones go straight to the new one. The state is `moved`, and feeds.toml stays as it was."""
    for number in (301, 308):
        with World(folder / str(number)) as world:
            world.web.sites[OLD] = redirect(number, NEW_URL)
            world.web.sites[NEW] = Publisher(STEADY)
            world.subscribe(OLD_URL)
            world.live(5 * DAY)
            sites = [asked.site for asked in world.web.asked()]
            assert sites[:6] == [OLD, NEW] * 3
            assert len(sites) > 20
            assert set(sites[6:]) == {NEW}
            assert world.state(OLD_URL) == "moved"


@shows("R14")
def https_is_taken_at_once(folder: Path) -> None:
    """The same address with https, by one 301: from the next request on it is asked there."""
    with World(folder, certificate=certificate(folder, "old.example")) as world:
        publisher = Publisher(STEADY)
        to_https = redirect(301, "https://old.example/feed")
        world.web.sites[OLD] = lambda asked: publisher(asked) if asked.scheme == "https" else to_https(asked)
        world.subscribe(OLD_URL)
        world.live(2 * DAY)
        schemes = [asked.scheme for asked in world.web.asked()]
        assert schemes[:2] == ["http", "https"]
        assert len(schemes) > 6
        assert set(schemes[2:]) == {"https"}


@shows("R14")
def temporary_redirects_are_followed_and_forgotten(folder: Path) -> None:
    """302, 303 and 307 for 4 days: every request starts at the subscribed address. So it does when a 301 leads to a
    302."""
    for number in (302, 303, 307):
        sites: dict[str, Site] = {OLD: redirect(number, NEW_URL), NEW: Publisher(STEADY)}
        assert _sites_after(folder / str(number), sites) == [NEW, OLD]
    between = "between.example/feed"
    mixed: dict[str, Site] = {
        OLD: redirect(301, f"http://{between}"),
        between: redirect(302, NEW_URL),
        NEW: Publisher(STEADY),
    }
    assert _sites_after(folder / "mixed", mixed) == [between, NEW, OLD]


@shows("R14")
def a_move_to_something_else_is_not_kept(folder: Path) -> None:
    """301 to a page instead of a feed, to nothing (404), and in a circle, for 4 days each: the subscribed address
    stays."""
    page = status(200, ("Content-Type", "text/html"), body=b"<!DOCTYPE html><html><body>Welcome</body></html>")
    for name, target in (("page", page), ("nothing", status(404)), ("circle", redirect(301, OLD_URL))):
        assert OLD in _sites_after(folder / name, {OLD: redirect(301, NEW_URL), NEW: target})


@shows("R14")
def a_move_that_is_not_meant_is_not_kept(folder: Path) -> None:
    """A 301 comes twice, then the old address answers again; and a 301 names another address every time: neither is
    kept."""
    publisher = Publisher(STEADY)
    asked_before: list[Asked] = []

    def wavering(asked: Asked) -> Reply:
        asked_before.append(asked)
        return redirect(301, NEW_URL)(asked) if len(asked_before) % 3 else publisher(asked)

    assert OLD in _sites_after(folder / "wavering", {OLD: wavering, NEW: publisher})
    assert len(asked_before) > 10

    def restless(asked: Asked) -> Reply:
        asked_before.append(asked)
        return redirect(301, f"http://new.example/feed?{len(asked_before)}")(asked)

    assert OLD in _sites_after(folder / "restless", {OLD: restless, NEW: publisher})


@shows("R14")
def gone_for_good(folder: Path) -> None:
    """A feed that was read answers 410 from now on: for two days it is asked ever more rarely, in case that was an
    accident, at most 10 times; then never again, for 60 days. Its state is `gone`, its articles stay."""
    with World(folder) as world:
        world.web.sites[OLD] = Publisher(STEADY)
        world.subscribe(OLD_URL)
        world.live(DAY)
        known = world.guids(OLD_URL)
        world.web.sites[OLD] = status(410)
        world.web.forget()
        world.live(60 * DAY)
        asked = world.web.asked()
        assert 3 <= len(asked) <= 10
        assert 2 * DAY <= asked[-1].at - asked[0].at <= 4 * DAY
        assert world.state(OLD_URL) == "gone"
        assert world.guids(OLD_URL) == known


@shows("R14")
def an_afternoon_of_410_is_an_accident(folder: Path) -> None:
    """410 for ten hours, over and over: the feed is read on when it is back."""
    publisher = Publisher(STEADY)
    with World(folder) as world:
        world.web.sites[OLD] = publisher
        world.subscribe(OLD_URL)
        world.live(DAY)
        world.web.sites[OLD] = status(410)
        world.live(10 * HOUR)
        world.web.sites[OLD] = publisher
        world.live(2 * DAY)
        assert world.state(OLD_URL) == "active"


@shows("R14")
def one_410_is_a_mistake(folder: Path) -> None:
    """410 once, and later twice in a row, between good answers: the feed is read on."""
    publisher = Publisher(STEADY)

    def answer(asked: Asked) -> Reply:
        return Reply(410) if len(world.web.asked()) in {3, 8, 9} else publisher(asked)

    with World(folder) as world:
        world.web.sites[OLD] = answer
        world.subscribe(OLD_URL)
        world.live(5 * DAY)
        assert len(world.web.asked()) > 15
        assert world.state(OLD_URL) == "active"


@shows("R14")
def nothing_else_retires_a_feed(folder: Path) -> None:
    """404, 500, 503, and a page in the place of the feed, for 20 days each: the feed is still asked at least every
    other day, and read as soon as it is back."""
    page = status(200, ("Content-Type", "text/html"), body=b"<!DOCTYPE html><html><body>Down</body></html>")
    failures: Sequence[Site] = (status(404), status(500), status(503), page)
    with World(folder) as world:
        sites = [f"host{number}.example/feed" for number in range(len(failures))]
        world.web.sites |= dict(zip(sites, failures, strict=True))
        world.subscribe(*(f"http://{site}" for site in sites))
        world.live(20 * DAY)
        for site in sites:
            late = [asked for asked in world.web.asked(site) if asked.at > START + 10 * DAY]
            assert max(gaps(late)) <= 2 * DAY
            assert world.state(f"http://{site}") == "failing"
            world.web.sites[site] = Publisher(STEADY, name=site.partition(".")[0])
        world.live(2 * DAY)
        assert {world.state(f"http://{site}") for site in sites} == {"active"}


def certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate and its key into one PEM file."""
    folder.mkdir(parents=True, exist_ok=True)
    key, public, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(public)], check=True, capture_output=True)
    both.write_bytes(public.read_bytes() + key.read_bytes())
    return both
