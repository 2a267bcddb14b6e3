"""R1 to R5: first requests, and the validators of all later ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from .clock import START
from .publisher import Publisher, every
from .score import shows
from .web import Asked, Reply
from .world import World, gaps

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWS, URL = "news.example/feed", "http://news.example/feed"
BUSY = every(timedelta(hours=2, minutes=30))


def sent_validators(asked: Asked) -> tuple[str | None, str | None]:
    return asked.value("if-none-match"), asked.value("if-modified-since")


# --- R1 ---------------------------------------------------------------------------------------------------------------


@shows("R1")
def the_first_request_is_unconditional_and_single(folder: Path) -> None:
    """A feed is added, and a run starts every 15 minutes for a day: one request without validators comes at once, the
    second one not before an hour, and it is conditional."""
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(BUSY)
        world.subscribe(URL)
        world.live(DAY, skip=False)
        first, *later = world.web.asked()
        assert sent_validators(first) == (None, None)
        assert first.at - world.web.clock.now() == -DAY
        assert later
        assert later[0].at - first.at >= HOUR
        assert all(asked.conditional for asked in later)


@shows("R1")
def thirty_new_feeds_make_no_burst(folder: Path) -> None:
    """30 feeds on 3 hosts are added together: each is asked once in the first 50 minutes, and no host gets two
    requests within `host_spacing` (1 second by default)."""
    with World(folder) as world:
        urls = [f"http://host{number % 3}.example/{number}" for number in range(30)]
        for url in urls:
            world.web.sites[url.removeprefix("http://")] = Publisher(BUSY, name=url[-2:].strip("/"))
        world.subscribe(*urls)
        world.live(timedelta(minutes=50), skip=False)
        assert sorted(asked.url for asked in world.web.asked()) == sorted(urls)
        for host in ("host0.example", "host1.example", "host2.example"):
            near = gaps([asked for asked in world.web.asked() if asked.host == host])
            assert min(near) >= timedelta(seconds=world.settings.host_spacing_s), near


@shows("R1")
def a_new_feed_wakes_no_other(folder: Path) -> None:
    """To 5 feeds that were asked half an hour ago a sixth is added: the next run makes one request, for the new
    one."""
    with World(folder) as world:
        urls = [f"http://news.example/{number}" for number in range(6)]
        for number, url in enumerate(urls):
            world.web.sites[url.removeprefix("http://")] = Publisher(BUSY, name=f"n{number}")
        world.subscribe(*urls[:5])
        world.live(timedelta(minutes=30))
        world.web.forget()
        world.subscribe(urls[5])
        world.run()
        assert [asked.url for asked in world.web.asked()] == urls[5:]


# --- R2 ---------------------------------------------------------------------------------------------------------------


def _always_sends(folder: Path, gives: Sequence[str], expected: tuple[bool, bool]) -> None:
    with World(folder) as world:
        world.web.sites[NEWS] = Publisher(BUSY, gives=gives)
        world.subscribe(URL)
        world.live(3 * DAY)
        _, *later = world.web.asked(NEWS)
        assert len(later) > 20
        assert {tuple(one is not None for one in sent_validators(asked)) for asked in later} == {expected}
        assert 304 in {reply.status for _, reply in world.web.log}


@shows("R2")
def both_validators_are_sent(folder: Path) -> None:
    """A server gives `ETag` and `Last-Modified`: over 3 days every request but the first carries both."""
    _always_sends(folder, ("ETag", "Last-Modified"), (True, True))


@shows("R2")
def an_etag_alone_is_sent_alone(folder: Path) -> None:
    """A server gives only `ETag`: over 3 days every request but the first carries `If-None-Match`, and nothing
    else."""
    _always_sends(folder, ("ETag",), (True, False))


@shows("R2")
def a_date_alone_is_sent_alone(folder: Path) -> None:
    """A server gives only `Last-Modified`: every request but the first carries `If-Modified-Since`, and nothing
    else."""
    _always_sends(folder, ("Last-Modified",), (False, True))


# --- R3 ---------------------------------------------------------------------------------------------------------------

ODD_ETAGS = (
    '"abc"',
    'W/"abc"',
    'w/"lower"',
    '"abc-gzip"',
    'W/"abc-br"',
    '"abc;gzip"',
    "without-quotes",
    '""',
    '"with \\"inner\\" quotes"',
    '"a, b"',
    "'single'",
    '"\u00fcml\u00e4ut"',
    '"' + "x" * 900 + '"',
)
ODD_DATES = (
    "Mon, 02 Mar 2026 05:00:00 GMT",
    "Mon, 2 Mar 2026 5:00:00 GMT",
    "Monday, 02-Mar-26 05:00:00 GMT",
    "Mon Mar  2 05:00:00 2026",
    "Tue, 02 Mar 2026 05:00:00 GMT",
    "Mon, 02 Mar 2026 05:00:00 +0000",
    "Mon, 02 M\u00e4rz 2026 05:00:00 MEZ",
    "2026-03-02T05:00:00Z",
    "1772427600",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Feb 2199 25:61:61 GMT",
    "yesterday",
    "-1",
)


@shows("R3")
def odd_validators_come_back_as_they_were(folder: Path) -> None:
    """A server gives an odd pair of validators with every answer (weak, unquoted and doubly quoted ETags, `-gzip`,
    dates of every shape and none, letters beyond ASCII, 26 in all): each comes back byte for byte in the next
    request."""
    given = list(zip(ODD_ETAGS, ODD_DATES, strict=True))
    publisher = Publisher(BUSY)

    def answer(asked: Asked) -> Reply:
        etag, date = given[min(len(world.web.asked()), len(given) - 1)]
        return Reply(200, [("ETag", etag), ("Last-Modified", date)], publisher(asked).body or publisher.document(3))

    with World(folder) as world:
        world.web.sites[NEWS] = answer
        world.subscribe(URL)
        world.live_until(lambda: len(world.web.asked()) > len(given), at_most=7 * DAY)
        assert [sent_validators(asked) for asked in world.web.asked()[1 : len(given) + 1]] == given


# --- R4 ---------------------------------------------------------------------------------------------------------------


@shows("R4")
def no_validators_are_made_up(folder: Path) -> None:
    """A server gives none, though it has dates in `Date`, `Expires` and in every item: in 12 days no request has
    any."""
    with World(folder) as world:
        headers = [("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"), ("X-Modified", "Mon, 02 Mar 2026 05:00:00 GMT")]
        world.web.sites[NEWS] = Publisher(every(timedelta(hours=8)), gives=(), headers=headers)
        world.subscribe(URL)
        world.live(12 * DAY)
        assert len(world.web.asked()) >= 10
        assert not any(asked.conditional for asked in world.web.asked())


@shows("R4")
def a_failure_makes_no_validator(folder: Path) -> None:
    """The first answers are errors that carry validators of their own: the first good answer is got without any."""
    with World(folder) as world:
        publisher = Publisher(BUSY)
        error = Reply(500, [("ETag", '"error"'), ("Last-Modified", "Mon, 02 Mar 2026 05:00:00 GMT")], b"oops")
        world.web.sites[NEWS] = lambda asked: error if len(world.web.asked()) < 3 else publisher(asked)
        world.subscribe(URL)
        world.live(2 * DAY)
        asked = world.web.asked()
        assert [one.conditional for one in asked[:5]] == [False, False, False, False, True]


# --- R5 ---------------------------------------------------------------------------------------------------------------


def _expect(folder: Path, answers: Sequence[tuple[int, str | None, str | None]], sent: Sequence[object]) -> None:
    """Give `answers` (status, ETag, Last-Modified) one after the other, and compare what the requests carried."""
    rare = Publisher(every(3 * DAY, 20, START - 30 * DAY))

    def answer(_: Asked) -> Reply:
        status, etag, date = answers[min(len(world.web.asked()), len(answers) - 1)]
        headers = [(name, value) for name, value in (("ETag", etag), ("Last-Modified", date)) if value]
        return Reply(status, headers, b"" if status == 304 else rare.document(rare.published(START)))

    with World(folder) as world:
        world.web.sites[NEWS] = answer
        world.subscribe(URL)
        world.live_until(lambda: len(world.web.asked()) >= len(sent), at_most=14 * DAY)
        assert [sent_validators(asked) for asked in world.web.asked()[: len(sent)]] == list(sent)


D1, D2 = "Mon, 02 Mar 2026 05:00:00 GMT", "Mon, 02 Mar 2026 08:00:00 GMT"


@shows("R5")
def the_same_date_with_a_new_etag(folder: Path) -> None:
    """A full answer brings a new `ETag` with the old `Last-Modified`, the next one the reverse: both are renewed."""
    _expect(
        folder,
        [(200, '"1"', D1), (200, '"2"', D1), (200, '"2"', D2)],
        [(None, None), ('"1"', D1), ('"2"', D1), ('"2"', D2)],
    )


@shows("R5")
def the_same_body_with_new_validators(folder: Path) -> None:
    """The body stays the same to the byte while both validators change: the new ones are sent next."""
    _expect(folder, [(200, '"1"', D1), (200, '"2"', D2)], [(None, None), ('"1"', D1), ('"2"', D2)])


@shows("R5")
def a_304_renews_what_it_names(folder: Path) -> None:
    """A 304 brings a new `ETag`, a later one a new `Last-Modified`: each is renewed, and what a 304 omits stays."""
    _expect(
        folder,
        [(200, '"1"', D1), (304, '"2"', None), (304, None, D2), (304, None, None)],
        [(None, None), ('"1"', D1), ('"2"', D1), ('"2"', D2), ('"2"', D2)],
    )


@shows("R5")
def a_validator_that_is_withdrawn_is_forgotten(folder: Path) -> None:
    """A full answer without the `ETag` that earlier ones had: the old one is not sent again."""
    _expect(folder, [(200, '"1"', D1), (200, None, D2)], [(None, None), ('"1"', D1), (None, D2)])
