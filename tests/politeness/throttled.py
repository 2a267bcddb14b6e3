"""R9 and R13: servers that want fewer requests, whether they say for how long or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from .clock import START
from .publisher import Publisher, every, http_date
from .score import shows
from .web import Asked, Reply, redirect, status
from .world import World, gaps

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
NEWS, URL = "news.example/feed", "http://news.example/feed"
BUSY = every(timedelta(minutes=30), 5000)


def _wait_after(folder: Path, reply: Reply, *, good_before: int = 2) -> timedelta:
    """Return how long nothing is asked after `reply`, which comes once, between good answers."""
    publisher = Publisher(BUSY)

    def answer(asked: Asked) -> Reply:
        return reply if len(world.web.asked()) == good_before else publisher(asked)

    with World(folder) as world:
        world.web.sites[NEWS] = answer
        world.subscribe(URL)
        world.live_until(lambda: len(world.web.asked()) > good_before + 1, at_most=5 * WEEK)
        return gaps(world.web.asked())[good_before]


# --- R9 ---------------------------------------------------------------------------------------------------------------


@shows("R9")
def seconds_are_waited_out(folder: Path) -> None:
    """A busy feed answers 429, and in another play 503, with `Retry-After: 25200`: nothing is asked for 7 hours."""
    for number in (429, 503):
        waited = _wait_after(folder / str(number), Reply(number, [("Retry-After", "25200")]))
        assert 7 * HOUR <= waited <= 8 * HOUR, waited


@shows("R9")
def a_date_is_waited_for(folder: Path) -> None:
    """`Retry-After` is an HTTP date 40 hours later, on 429 and on 503: nothing is asked before that moment."""
    until = START + 2 * HOUR + 40 * HOUR
    for number in (429, 503):
        waited = _wait_after(folder / str(number), Reply(number, [("Retry-After", http_date(until))]), good_before=1)
        assert START + HOUR + waited >= until, waited
        assert waited <= 42 * HOUR, waited


@shows("R9")
def a_short_one_shortens_nothing(folder: Path) -> None:
    """`Retry-After: 60`, and a date that has passed: an hour is waited all the same."""
    for number, value in enumerate(("60", "0", http_date(START - DAY))):
        assert _wait_after(folder / str(number), Reply(429, [("Retry-After", value)])) >= HOUR


@shows("R9")
def nonsense_is_no_leave_to_ask(folder: Path) -> None:
    """`Retry-After` is `soon`, `-1` or empty: the feed backs off as it does without."""
    for number, value in enumerate(("soon", "-1", "")):
        assert _wait_after(folder / str(number), Reply(429, [("Retry-After", value)])) >= HOUR


@shows("R9")
def a_month_is_capped_at_a_week_and_says_so(folder: Path) -> None:
    """`Retry-After: 2592000` with every answer: the feed is asked once a week, and the ledger says that the wait was
    capped."""
    with World(folder) as world:
        world.web.sites[NEWS] = status(429, ("Retry-After", "2592000"))
        world.subscribe(URL)
        world.live(3 * WEEK)
        assert len(world.web.asked()) == 3
        assert min(gaps(world.web.asked())) >= WEEK
        assert all("Retry-After, capped at a week" in one for one in world.decisions(URL)), world.decisions(URL)
        assert world.state(URL) == "throttled"


@shows("R9")
def a_429_speaks_for_its_host(folder: Path) -> None:
    """One of 4 feeds of a public host answers 429 with `Retry-After: 36000`: none of them is asked for 10 hours, while
    a feed of another host is."""
    with World(folder) as world:
        sites = [f"news.example/{number}" for number in range(4)]
        publishers = {site: Publisher(BUSY, name=f"n{number}") for number, site in enumerate(sites)}
        world.web.sites |= publishers
        world.web.sites["other.example/feed"] = Publisher(BUSY, name="other")
        world.subscribe(*(f"http://{site}" for site in sites), "http://other.example/feed")
        world.live(2 * HOUR)
        world.web.sites[sites[0]] = status(429, ("Retry-After", "36000"))
        world.web.forget()
        world.live_until(lambda: bool(world.web.asked(sites[0])), at_most=3 * HOUR)
        throttled_at = world.web.asked(sites[0])[0].at
        world.web.sites[sites[0]] = publishers[sites[0]]
        world.live(12 * HOUR)
        after = [asked for asked in world.web.asked() if asked.host == "news.example" and asked.at > throttled_at]
        assert after
        assert after[0].at - throttled_at >= 10 * HOUR
        assert len(world.web.asked("other.example/feed")) > 5


@shows("R9")
def a_redirect_does_not_lead_around_it(folder: Path) -> None:
    """Feeds of 5 hosts redirect (302) to one host, which answers 429 with `Retry-After: 36000` to the first of them:
    it gets no other request for 10 hours."""
    with World(folder) as world:
        for number in range(5):
            world.web.sites[f"h{number}.example/feed"] = redirect(302, f"http://cdn.example/{number}")
            world.web.sites[f"cdn.example/{number}"] = status(429, ("Retry-After", "36000"))
            world.subscribe(f"http://h{number}.example/feed")
        world.live(9 * HOUR)
        assert len([asked for asked in world.web.asked() if asked.host == "cdn.example"]) == 1


@shows("R9")
def a_503_speaks_for_its_url(folder: Path) -> None:
    """One feed of a host answers 503 with `Retry-After: 172800`: it is left alone for 2 days, its neighbour is not,
    for a feed generator that serves many sites would otherwise stop all of them."""
    with World(folder) as world:
        world.web.sites["news.example/a"] = status(503, ("Retry-After", "172800"))
        world.web.sites["news.example/b"] = Publisher(BUSY)
        world.subscribe("http://news.example/a", "http://news.example/b")
        world.live(2 * DAY - HOUR)
        assert len(world.web.asked("news.example/a")) == 1
        assert len(world.web.asked("news.example/b")) > 10


# --- R13 --------------------------------------------------------------------------------------------------------------


@shows("R13")
def throttling_without_a_hint(folder: Path) -> None:
    """A busy feed answers nothing but 429, with no `Retry-After`, for 5 weeks: at most 6 requests on the first day, at
    most 2 a week at the end."""
    with World(folder) as world:
        world.web.sites[NEWS] = status(429)
        world.subscribe(URL)
        world.live(5 * WEEK)
        times = [asked.at - START for asked in world.web.asked()]
        assert 2 <= sum(time < DAY for time in times) <= 6, times
        assert 1 <= sum(time > 3 * WEEK for time in times) <= 4, times
        assert world.state(URL) == "throttled"


@shows("R13")
def it_speeds_up_slowly(folder: Path) -> None:
    """After five answers of 429 a busy feed is content again: the first waits are longer than the hour that it was
    asked at before, they shrink with every good answer, and at the end the feed is asked as it was."""
    publisher = Publisher(BUSY)

    def answer(asked: Asked) -> Reply:
        return Reply(429) if 3 <= len(world.web.asked()) < 8 else publisher(asked)

    with World(folder) as world:
        world.web.sites[NEWS] = answer
        world.subscribe(URL)
        world.live_until(lambda: len(world.web.asked()) > 8 + 10, at_most=5 * WEEK)
        waits = gaps(world.web.asked())
        before, after = waits[1], waits[8:]
        assert after[0] >= 4 * before, waits
        assert all(later <= earlier + 30 * MINUTE for earlier, later in pairwise(after)), waits
        assert after[-1] <= before + 30 * MINUTE, waits


@shows("R13")
def the_host_is_asked_more_gently(folder: Path) -> None:
    """One of 5 feeds of a host answers 429 every time, without a hint: for the others too, requests to that host move
    further apart than `host_spacing`."""
    with World(folder) as world:
        sites = [f"news.example/{number}" for number in range(5)]
        for number, site in enumerate(sites):
            world.web.sites[site] = Publisher(every(6 * HOUR), name=f"n{number}")
        world.web.sites[sites[0]] = status(429)
        world.subscribe(*(f"http://{site}" for site in sites))
        world.live(DAY)
        spacing = timedelta(seconds=world.settings.host_spacing_s)
        later = world.web.asked()[len(sites) :]
        assert len(later) > 10
        assert min(gaps(later)) >= 2 * spacing


@shows("R13")
def a_burst_of_403_stops_the_burst(folder: Path) -> None:
    """All 12 feeds of a host answer 403, as some do instead of 429: after 3 of them the host rests, and in 2 days it
    gets at most 40 requests, where asking each feed every hour would make 576. The feeds are `blocked`, not gone."""
    with World(folder) as world:
        sites = [f"news.example/{number}" for number in range(12)]
        world.web.sites |= dict.fromkeys(sites, status(403))
        world.subscribe(*(f"http://{site}" for site in sites))
        world.run()
        assert len(world.web.asked()) <= 4, "the first run went on after the burst"
        world.live(2 * DAY)
        assert len(world.web.asked()) <= 40, len(world.web.asked())
        assert world.state(world.web.asked()[0].url) == "blocked"


@shows("R13")
def refusals_are_met_with_patience(folder: Path) -> None:
    """A feed answers 403 for 5 weeks: at most 2 requests a week at the end, and it is still asked: when it answers
    again it is read, within a week."""
    publisher = Publisher(BUSY)

    with World(folder) as world:
        world.web.sites[NEWS] = status(403)
        world.subscribe(URL)
        world.live(5 * WEEK)
        late: Sequence[Asked] = [asked for asked in world.web.asked() if asked.at > START + 3 * WEEK]
        assert 1 <= len(late) <= 4
        assert world.state(URL) == "blocked"
        world.web.sites[NEWS] = publisher
        world.live_until(lambda: world.state(URL) == "active", at_most=WEEK + DAY)
