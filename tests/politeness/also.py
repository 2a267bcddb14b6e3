"""What is promised beside the fourteen rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from .clock import START
from .program import Program
from .publisher import Publisher, every, hours_of_the_day
from .score import ALSO, shows
from .web import HANG, Asked, Reply, redirect, status
from .world import World, gaps

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
NEWS, URL = "news.example/feed", "http://news.example/feed"


# --- no more than needed, and no less ---------------------------------------------------------------------------------


@shows(ALSO)
def a_newspaper_by_day_is_not_missed(folder: Path) -> None:
    """A newspaper has 8 articles an hour from 6 to 22 o'clock and none at night; its feed holds 40. In 5 days no
    article is missed, at no more than 24 requests a day."""
    with World(folder) as world:
        publisher = Publisher(hours_of_the_day(range(6, 22), 12, range(3, 60, 7)), holds=40)
        world.web.sites[NEWS] = publisher
        world.subscribe(URL)
        world.live(5 * DAY)
        assert publisher.guids(START, world.clock.now() - HOUR) <= world.guids(URL)
        assert len(world.web.asked()) <= 120


@shows(ALSO)
def bursts_are_not_missed(folder: Path) -> None:
    """A press office publishes 12 articles within an hour, three times a week; its feed holds 15. In 2 weeks no
    article is missed, at no more than 24 requests a day."""
    with World(folder) as world:
        mornings = [START + timedelta(days=day, hours=3) for day in range(-21, 30) if day % 7 in {0, 2, 4}]
        publisher = Publisher([at + 5 * MINUTE * number for at in mornings for number in range(12)], holds=15)
        world.web.sites[NEWS] = publisher
        world.subscribe(URL)
        world.live(2 * WEEK)
        assert publisher.guids(START, world.clock.now() - DAY) <= world.guids(URL)
        assert len(world.web.asked()) <= 2 * 7 * 24


@shows(ALSO)
def a_quiet_blog_is_asked_twice_a_day_at_most(folder: Path) -> None:
    """A blog has an article every 5 days; its feed holds 10. In 6 weeks no article is missed, at no more than 2
    requests a day, and a new article is there a day later."""
    with World(folder) as world:
        publisher = Publisher(every(5 * DAY, 40, START - timedelta(days=41)), holds=10)
        world.web.sites[NEWS] = publisher
        world.subscribe(URL)
        world.live(6 * WEEK)
        assert publisher.guids(START, world.clock.now() - DAY - HOUR) <= world.guids(URL)
        assert len(world.web.asked()) <= 2 * 42


@shows(ALSO)
def articles_that_were_missed_are_counted(folder: Path) -> None:
    """A feed that holds 10 articles is quiet for weeks, then has 30 in an hour: that is counted, noted in the ledger,
    and the feed is asked as often as it may be from then on."""
    with World(folder) as world:
        quiet = every(2 * DAY, 20, START - timedelta(days=30))
        world.web.sites[NEWS] = Publisher(
            sorted([*quiet, *(START + 5 * DAY + 2 * MINUTE * number for number in range(30))]), holds=10
        )
        world.subscribe(URL)
        world.live(7 * DAY)
        assert world.one("SELECT overflows FROM feed") == 1
        assert world.one("SELECT count(*) FROM fetch WHERE overflowed") == 1
        after = [asked for asked in world.web.asked() if asked.at > START + 6 * DAY]
        assert max(gaps(after)) <= 2 * HOUR


@shows(ALSO)
def a_304_for_ever_is_probed(folder: Path) -> None:
    """A server with an article every 6 hours gets stuck and answers 304 to whoever sends validators: the feed is
    probed without any, at least 24 hours after the last full answer, the ledger calls that a probe, and the articles
    are there."""
    publisher = Publisher(every(6 * HOUR))

    def stuck(asked: Asked) -> Reply:
        return Reply(304) if asked.conditional and asked.at > START + DAY else publisher(asked)

    with World(folder) as world:
        world.web.sites[NEWS] = stuck
        world.subscribe(URL)
        world.live(8 * DAY)
        full = [asked for asked in world.web.asked() if not asked.conditional]
        assert 2 <= len(full) <= 8
        assert min(gaps(full)) >= DAY
        probes = world.rows("SELECT conditional FROM fetch WHERE reason LIKE 'probe%'")
        assert len(probes) == len(full) - 1
        assert publisher.guids(START, START + 5 * DAY) <= world.guids(URL)


@shows(ALSO)
def a_feed_that_is_merely_quiet_is_hardly_probed(folder: Path) -> None:
    """A feed had an article a day, and then none for 60 days, honestly answering 304: no more than 8 full answers."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(DAY, 14))
        world.subscribe(URL)
        world.live(60 * DAY)
        assert sum(not asked.conditional for asked in world.web.asked()) <= 8


# --- what publishers ask for in their documents -----------------------------------------------------------------------


@shows(ALSO)
def ttl_and_update_period_are_waited_for(folder: Path) -> None:
    """`<ttl>240</ttl>`, and in another play `sy:updatePeriod` daily with frequency 6, on a hectic feed: 4 hours
    between requests."""
    period = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>6</sy:updateFrequency>"
    for name, channel in (("ttl", "<ttl>240</ttl>"), ("period", period)):
        with World(folder / name) as world:
            world.web.sites[NEWS] = Publisher(every(5 * MINUTE, 9000), holds=100, channel=channel)
            world.subscribe(URL)
            world.live(DAY)
            assert min(gaps(world.web.asked())) >= 4 * HOUR
            assert max(gaps(world.web.asked())) <= 5 * HOUR


@shows(ALSO)
def skipped_hours_and_days_are_skipped(folder: Path) -> None:
    """`<skipHours>` 0 to 5 and 23, `<skipDays>` Saturday and Sunday: in 2 weeks no request in any of them but the
    first."""
    hours = "".join(f"<hour>{hour}</hour>" for hour in (0, 1, 2, 3, 4, 5, 23))
    channel = f"<skipHours>{hours}</skipHours><skipDays><day>Saturday</day><day>sunday</day></skipDays>"
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(4 * HOUR), channel=channel)
        world.subscribe(URL)
        world.live(2 * WEEK)
        times = [asked.at for asked in world.web.asked()[1:]]
        assert len(times) > 60
        assert {at.hour for at in times} <= set(range(6, 23))
        assert {at.weekday() for at in times} <= set(range(5))


# --- redirects, and whose validators they are -------------------------------------------------------------------------


@shows(ALSO)
def validators_stay_with_the_url_that_gave_them(folder: Path) -> None:
    """A feed that gave validators starts to redirect (302) to another host: they are not sent there; those of the new
    host are sent to it, and never to the old one."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(3 * HOUR), name="old")
        world.subscribe(URL)
        world.live(DAY)
        world.web.sites[NEWS] = redirect(302, "http://cdn.example/feed")
        world.web.sites["cdn.example/feed"] = Publisher(every(3 * HOUR), name="new")
        world.web.forget()
        world.live(3 * DAY)
        first, *later = world.web.asked("cdn.example/feed")
        assert not first.conditional
        assert len(later) > 10
        assert {(asked.value("if-none-match") or "")[:4] for asked in later} == {'"new'}
        assert not any("new" in (asked.value("if-none-match") or "") for asked in world.web.asked(NEWS))


@shows(ALSO)
def behind_a_redirect_a_feed_is_asked_conditionally(folder: Path) -> None:
    """A feed behind a 302 for 3 days: every request to the target but the first is conditional."""
    with World(folder) as world:
        world.web.sites[NEWS] = redirect(302, "http://cdn.example/feed")
        world.web.sites["cdn.example/feed"] = Publisher(every(3 * HOUR))
        world.subscribe(URL)
        world.live(3 * DAY)
        _, *later = world.web.asked("cdn.example/feed")
        assert len(later) > 10
        assert all(asked.conditional for asked in later)
        assert 304 in {reply.status for asked, reply in world.web.log if asked.host == "cdn.example"}


@shows(ALSO)
def requests_are_spaced_over_redirects_too(folder: Path) -> None:
    """20 feeds on 20 hosts all redirect to one host: it gets no two requests within `host_spacing`."""
    with World(folder) as world:
        for number in range(20):
            world.web.sites[f"h{number}.example/feed"] = redirect(302, f"http://cdn.example/{number}")
            world.web.sites[f"cdn.example/{number}"] = Publisher(every(3 * HOUR), name=f"n{number}")
            world.subscribe(f"http://h{number}.example/feed")
        world.live(HOUR / 2)
        near = gaps([asked for asked in world.web.asked() if asked.host == "cdn.example"])
        assert len(near) == 19
        assert min(near) >= timedelta(seconds=world.settings.host_spacing_s)


@shows(ALSO)
def a_new_address_that_dies_is_left_again(folder: Path) -> None:
    """A feed moved, and days later its new address answers 404 while the old one has the feed again: it is read from
    there within a week."""
    with World(folder) as world:
        publisher = Publisher(every(3 * HOUR, 3000))
        world.web.sites[NEWS] = redirect(301, "http://new.example/feed")
        world.web.sites["new.example/feed"] = publisher
        world.subscribe(URL)
        world.live(5 * DAY)
        assert world.state(URL) == "moved"
        world.web.sites["new.example/feed"] = status(404)
        world.web.sites[NEWS] = publisher
        world.live_until(lambda: world.state(URL) == "active", at_most=WEEK)


# --- failures, and the others -----------------------------------------------------------------------------------------


@shows(ALSO)
def nothing_is_tried_again_at_once(folder: Path) -> None:
    """Answers of 304, 400, 401, 404, 406, 418, 500, 502 and 504: each costs one request, and the next comes an hour
    later at the soonest."""
    for number in (304, 400, 401, 404, 406, 418, 500, 502, 504):
        with World(folder / str(number)) as world:
            world.web.sites[NEWS] = status(number, body=b"")
            world.subscribe(URL)
            world.live(5 * HOUR, skip=False)
            assert len(world.web.asked()) >= 2
            assert min(gaps(world.web.asked())) >= HOUR, number


@shows(ALSO)
def a_dead_host_holds_up_nobody(folder: Path) -> None:
    """The program itself with 4 threads: one host takes the requests for its 12 feeds and never answers; all 12 feeds
    of another host are asked while it hangs."""
    with Program(folder, more='workers = 4\ntimeout = "60s"') as program:
        port = program.web.address.partition(":")[2]
        slow = [f"http://localhost:{port}/slow/{number}" for number in range(12)]
        quick = [f"http://{program.web.address}/quick/{number}" for number in range(12)]
        program.web.sites |= {url.removeprefix("http://"): lambda _: HANG for url in slow}
        program.web.sites |= {url.removeprefix("http://"): Publisher(every(HOUR)) for url in quick}
        program.subscribe(*slow, *quick)
        program.start()
        program.wait_for(lambda: {asked.url for asked in program.web.asked()} >= set(quick))
        assert sum(asked.host.startswith("localhost") for asked in program.web.asked()) <= 2


@shows(ALSO)
def a_feed_that_is_taken_out_is_not_asked(folder: Path) -> None:
    """A feed leaves feeds.toml: nothing is asked of it for a week, its articles stay; it comes back and is asked
    conditionally."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(3 * HOUR))
        world.subscribe(URL)
        world.live(DAY)
        known, wanted = world.guids(URL), list(world.subscriptions)
        world.web.forget()
        world.subscriptions.clear()
        world.live(WEEK, skip=False, every=HOUR)
        assert world.web.asked() == []
        assert world.guids(URL) == known
        world.subscriptions += wanted
        world.run()
        assert [asked.conditional for asked in world.web.asked()] == [True]


@shows(ALSO)
def a_week_without_a_run_raises_no_suspicion(folder: Path) -> None:
    """A feed with an article every 3 hours answers 304, then the machine is off for a week: the first request after
    that is conditional as ever, since nobody was asked who could have said that there was news."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(3 * HOUR))
        world.subscribe(URL)
        world.live(DAY)
        world.live_until(lambda: world.web.log[-1][1].status == 304, at_most=DAY)
        world.web.forget()
        world.clock.go(world.clock.now() + WEEK)
        world.run()
        assert [asked.conditional for asked in world.web.asked()] == [True]


@shows(ALSO)
def what_is_wanted_is_said(folder: Path) -> None:
    """Every request offers compression (gzip, deflate, br, zstd), and its `Accept` names the types of feeds first."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(every(3 * HOUR))
        world.subscribe(URL)
        world.live(DAY)
        for asked in world.web.asked():
            assert asked.value("accept-encoding") == "gzip, deflate, br, zstd"
            types = (asked.value("accept") or "").split(", ")
            assert set(types[:3]) == {"application/atom+xml", "application/rss+xml", "application/feed+json"}


@shows(ALSO)
def the_ledger_tells_every_request(folder: Path) -> None:
    """Over 3 days with good answers and failures: the ledger has a line for every request, with its reason, its
    result, when the feed may next be asked and what decided that; and no request came before that time."""
    with World(folder) as world:
        publisher = Publisher(every(3 * HOUR))
        world.web.sites[NEWS] = lambda asked: Reply(500) if len(world.web.asked()) % 5 == 3 else publisher(asked)
        world.subscribe(URL)
        world.live(3 * DAY)
        lines = world.rows("SELECT started_at, reason, outcome, next_fetch_at, decided_by FROM fetch ORDER BY id")
        asked = world.web.asked()
        assert [_moment(line.started_at) for line in lines] == [one.at.replace(microsecond=0) for one in asked]
        assert all(line.reason and line.outcome and line.decided_by for line in lines)
        pairs = zip(lines, asked[1:], strict=False)
        assert all(_moment(line.next_fetch_at) <= later.at for line, later in pairs)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
