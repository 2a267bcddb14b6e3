"""R6 to R8: how often, also across crashes, and what the server says about that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from aggregator.records import Subscription

from .clock import START
from .program import Program
from .publisher import Publisher, every, http_date
from .score import shows
from .web import HANG, Asked, Reply
from .world import World, gaps

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
NEWS, URL = "news.example/feed", "http://news.example/feed"
HECTIC = every(timedelta(minutes=4), 20_000)


# --- R6 ---------------------------------------------------------------------------------------------------------------


@shows("R6")
def an_hour_is_the_least(folder: Path) -> None:
    """A feed has a new article every 4 minutes and a run starts every minute, for 12 hours: no two requests are less
    than an hour apart."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(HECTIC, holds=100)
        world.subscribe(URL)
        world.live(HOUR / 2, every=MINUTE, skip=False)
        world.live(12 * HOUR, every=MINUTE)
        assert len(world.web.asked()) >= 10
        assert min(gaps(world.web.asked())) >= HOUR


@shows("R6")
def an_interval_cannot_be_shorter(folder: Path) -> None:
    """The user writes `interval = "10m"` for one feed and `"6h"` for another: they are asked
    an hour and 6 hours apart."""
    with World(folder) as world:
        for name, interval_s in (("short", 600.0), ("long", 21600.0)):
            world.web.sites[f"{name}.example/feed"] = Publisher(HECTIC, name=name, holds=100)
            world.subscribe(Subscription(url=f"http://{name}.example/feed", interval_s=interval_s))
        world.live(DAY)
        assert min(gaps(world.web.asked("short.example/feed"))) >= HOUR
        assert len(world.web.asked("short.example/feed")) > 15
        assert min(gaps(world.web.asked("long.example/feed"))) >= 6 * HOUR


@shows("R6")
def validators_that_are_ignored_excuse_nothing(folder: Path) -> None:
    """A server gives validators and answers 200 all the same: it is still asked at most once an hour,
    conditionally."""
    with World(folder) as world:
        publisher = Publisher(HECTIC, holds=100)
        world.web.sites[NEWS] = lambda asked: Reply(200, [("ETag", '"always"')], publisher(asked).body)
        world.subscribe(URL)
        world.live(DAY)
        _, *later = world.web.asked()
        assert len(later) >= 10
        assert min(gaps(world.web.asked())) >= HOUR
        assert all(asked.conditional for asked in later)


@shows("R6")
def without_validators_once_a_day(folder: Path) -> None:
    """A server without validators, whose document holds 30 articles of 4 days, is asked at most once in 24 hours, and
    no article is missed."""
    with World(folder) as world:
        publisher = Publisher(every(timedelta(hours=3)), gives=())
        world.web.sites[NEWS] = publisher
        world.subscribe(URL)
        world.live(12 * DAY)
        assert len(world.web.asked()) >= 11
        assert min(gaps(world.web.asked())) >= DAY
        assert publisher.guids(START, world.clock.now() - DAY) <= world.guids(URL)


@shows("R6")
def sooner_only_where_articles_would_be_lost(folder: Path) -> None:
    """The exception: a server without validators whose document holds 30 articles of only 10 hours is asked again
    before they are gone, and still never within an hour; no article is missed in 6 days."""
    with World(folder) as world:
        publisher = Publisher(every(timedelta(minutes=20), 5000), gives=())
        world.web.sites[NEWS] = publisher
        world.subscribe(URL)
        world.live(6 * DAY)
        assert min(gaps(world.web.asked())) >= HOUR
        assert len(world.web.asked()) <= 6 * 24 / 3
        assert publisher.guids(START, world.clock.now() - 10 * HOUR) <= world.guids(URL)


@shows("R6")
def a_probe_that_fails_was_one(folder: Path) -> None:
    """A server that should have had news answers 304 to whoever sends validators, and an error to whoever sends none:
    in 8 days it gets several requests without any, and never two of them within 24 hours."""
    publisher = Publisher(every(6 * HOUR))

    def stuck(asked: Asked) -> Reply:
        if asked.at < START + DAY:
            return publisher(asked)
        return Reply(304) if asked.conditional else Reply(500)

    with World(folder) as world:
        world.web.sites[NEWS] = stuck
        world.subscribe(URL)
        world.live(8 * DAY)
        full = [asked for asked in world.web.asked() if not asked.conditional]
        assert len(full) >= 2
        assert min(gaps(full)) >= DAY


# --- R7 ---------------------------------------------------------------------------------------------------------------


@shows("R7")
def killed_between_request_and_answer(folder: Path) -> None:
    """The program waits for an answer and is killed with SIGKILL: started again 10 and 59 minutes later it asks
    nothing, after 61 minutes it asks once."""
    with Program(folder) as program:
        publisher = Publisher(every(HOUR))
        program.web.sites[program.site] = lambda asked: publisher(asked) if len(program.web.asked()) else HANG
        program.kill_when(lambda: len(program.web.asked()) == 1)
        for after, expected in ((10 * MINUTE, 1), (59 * MINUTE, 1), (61 * MINUTE, 2)):
            program.clock.go(START + after)
            assert program.fetch().returncode in {0, 3}
            assert len(program.web.asked()) == expected, after


@shows("R7")
def power_cuts_at_every_run(folder: Path) -> None:
    """Every run for 2 days loses its power after the answer and before the commit: no two requests are less than an
    hour apart all the same, and without validators not less than a day."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(HOUR))
        world.web.sites["plain.example/feed"] = Publisher(every(3 * HOUR), gives=())
        world.subscribe(URL, "http://plain.example/feed")
        world.live(2 * HOUR)
        world.power_cut = True
        world.live(2 * DAY)
        assert len(world.web.asked(NEWS)) > 20
        assert min(gaps(world.web.asked(NEWS))) >= HOUR
        assert min(gaps(world.web.asked("plain.example/feed"))) >= DAY


@shows("R7")
def a_power_cut_during_a_probe(folder: Path) -> None:
    """A server gets stuck at 304, and from the request without validators that this provokes, every run for 3 days
    loses its power before its commit: two such requests are not less than a day apart either."""
    publisher = Publisher(every(6 * HOUR))

    def stuck(asked: Asked) -> Reply:
        if asked.conditional and asked.at > START + DAY:
            return Reply(304)
        world.power_cut = asked.at > START + DAY
        return publisher(asked)

    with World(folder) as world:
        world.web.sites[NEWS] = stuck
        world.subscribe(URL)
        world.live_until(lambda: world.power_cut, at_most=4 * DAY)
        world.live(3 * DAY)
        full = [asked for asked in world.web.asked() if not asked.conditional]
        assert len(full) >= 2
        assert min(gaps(full)) >= DAY


# --- R8 ---------------------------------------------------------------------------------------------------------------


def _waits(folder: Path, headers: Sequence[tuple[str, str]], least: timedelta, most: timedelta) -> None:
    """Play a busy feed with `headers`: all requests are between `least` and `most` apart."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(HECTIC, holds=100, headers=headers)
        world.subscribe(URL)
        world.live(3 * most + HOUR)
        found = gaps(world.web.asked())
        assert found
        assert least <= min(found), f"{min(found)} is early"
        assert max(found) <= most, f"{max(found)} is late"


@shows("R8")
def max_age_is_waited_for(folder: Path) -> None:
    """`Cache-Control: public, max-age=21600` on a feed with an article every 4 minutes: 6 hours between requests."""
    _waits(folder, [("Cache-Control", "public, max-age=21600")], 6 * HOUR, 6 * HOUR + 30 * MINUTE)


@shows("R8")
def a_304_may_set_it_too(folder: Path) -> None:
    """The first answer says nothing, a 304 says `max-age=108000`: the next request comes 30 hours later."""
    rare = Publisher(every(3 * DAY, 20, START - 30 * DAY))

    def answer(_: Asked) -> Reply:
        first = not world.web.asked()
        headers = [("ETag", '"1"')] if first else [("ETag", '"1"'), ("Cache-Control", "max-age=108000")]
        return Reply(200 if first else 304, headers, rare.document(rare.published(START)) if first else b"")

    with World(folder) as world:
        world.web.sites[NEWS] = answer
        world.subscribe(URL)
        world.live(4 * DAY)
        assert min(gaps(world.web.asked())[1:]) >= 30 * HOUR


@shows("R8")
def the_age_of_a_cached_answer_counts(folder: Path) -> None:
    """`max-age=36000` with `Age: 25200`, from a cache on the way: 3 hours are left to wait, not 10."""
    _waits(folder, [("Cache-Control", "max-age=36000"), ("Age", "25200")], 3 * HOUR, 3 * HOUR + 30 * MINUTE)


@shows("R8")
def expires_counts_from_the_date_of_the_server(folder: Path) -> None:
    """A server whose clock is 3 days behind sends `Expires` 5 hours after its `Date`: 5 hours between requests."""

    class Late(Publisher):
        def __call__(self, asked: Asked) -> Reply:
            reply, its_now = super().__call__(asked), asked.at - 3 * DAY
            headers = [one for one in reply.headers if one[0] != "Date"]
            dates = [("Date", http_date(its_now)), ("Expires", http_date(its_now + 5 * HOUR))]
            return Reply(reply.status, [*headers, *dates], reply.body)

    with World(folder) as world:
        world.web.sites[NEWS] = Late(HECTIC, holds=100)
        world.subscribe(URL)
        world.live(DAY)
        assert min(gaps(world.web.asked())) >= 5 * HOUR
        assert max(gaps(world.web.asked())) <= 5 * HOUR + 30 * MINUTE


@shows("R8")
def max_age_wins_over_expires(folder: Path) -> None:
    """`max-age=10800` beside an `Expires` in the past: 3 hours, as RFC 9111 says."""
    headers = [("Cache-Control", "max-age=10800"), ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")]
    _waits(folder, headers, 3 * HOUR, 3 * HOUR + 30 * MINUTE)


@shows("R8")
def nonsense_neither_stops_nor_hurries(folder: Path) -> None:
    """`max-age=soon`, `Expires: 0`, `no-cache` and an `Age` of letters: an hour between requests, as without them."""
    headers = [("Cache-Control", "no-cache, max-age=soon, s-maxage=86400"), ("Expires", "0"), ("Age", "old")]
    _waits(folder, headers, HOUR, HOUR + 30 * MINUTE)


@shows("R8")
def a_year_is_capped_at_a_week_and_says_so(folder: Path) -> None:
    """`max-age=31536000`: the feed is asked again after a week, and the ledger says that a year was asked for."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(HECTIC, holds=100, headers=[("Cache-Control", "max-age=31536000")])
        world.subscribe(URL)
        world.live(2 * WEEK + DAY)
        assert len(world.web.asked()) == 3
        assert min(gaps(world.web.asked())) >= WEEK
        assert all("max-age, capped at a week" in one for one in world.decisions(URL)), world.decisions(URL)
