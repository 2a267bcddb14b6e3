"""Which addresses are asked for a feed, and when it is enough. The web is a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from aggregator.records import Download, Outcome
from aggregator.subscriptions.discovery import usual_places
from aggregator.subscriptions.remedies import has_had_enough, remedy
from aggregator.subscriptions.search import MAX_TRIES, Look, Search, Standing, search_feeds

SITE = "https://site.example/"
FEED = Look()


def page(*links: str, declared: bool = True) -> Look:
    kind = '<link rel="alternate" type="application/rss+xml" href="{}">' if declared else '<a href="{}">'
    return Look("it is a page", "Look elsewhere", "".join(kind.format(link) for link in links), SITE)


@dataclass
class Web:
    """What is at each address; anything else is missing. `asked` are the addresses asked, in their order."""

    looks: Mapping[str, Look]
    known: Collection[str] = ()
    present: Collection[str] = ()
    asked: list[str] = field(default_factory=list)

    def search(self, url: str = SITE, *, take_all: bool = False) -> Search:
        return search_feeds(url, self._look, self._standing, take_all=take_all)

    def _look(self, url: str) -> Look:
        self.asked.append(url)
        return self.looks.get(url, Look("it answered 404", "Check the address"))

    def _standing(self, url: str) -> Standing:
        return Standing.PRESENT if url in self.present else Standing.KNOWN if url in self.known else Standing.NEW


def test_a_feed_is_asked_once() -> None:
    web = Web({SITE: FEED})
    assert web.search() == Search(feeds=[SITE])
    assert web.asked == [SITE]


def test_the_first_feed_of_a_page_is_taken_and_the_others_are_named() -> None:
    web = Web({SITE: page("/a", "/b", "/c"), f"{SITE}b": FEED, f"{SITE}c": FEED})
    search = web.search()
    assert search.feeds == [f"{SITE}b"]
    assert [link.url for link in search.offered] == [f"{SITE}c"]
    assert [one.url for one in search.tried] == [f"{SITE}a"]
    assert web.asked == [SITE, f"{SITE}a", f"{SITE}b"]


def test_all_feeds_of_a_page() -> None:
    web = Web({SITE: page("/a", "/b", "/c"), f"{SITE}a": FEED, f"{SITE}c": FEED}, present=[f"{SITE}b"])
    search = web.search(take_all=True)
    assert (search.feeds, search.present, search.offered) == ([f"{SITE}a", f"{SITE}c"], [f"{SITE}b"], [])
    assert web.asked == [SITE, f"{SITE}a", f"{SITE}c"]


def test_what_is_known_is_not_asked_again() -> None:
    web = Web({SITE: page("/a", "/b")}, known=[f"{SITE}a"])
    assert (web.search().known, web.asked) == ([f"{SITE}a"], [SITE])
    web = Web({}, known=[SITE])
    assert (web.search().known, web.asked) == ([SITE], [])


def test_what_is_in_the_file_is_said_and_not_asked() -> None:
    web = Web({SITE: page("/a", "/b")}, present=[f"{SITE}a"])
    search = web.search()
    assert (search.present, search.feeds, search.problem, web.asked) == ([f"{SITE}a"], [], None, [SITE])


def test_the_usual_places_are_asked_one_after_the_other_where_nothing_is_named() -> None:
    places = usual_places(SITE)
    web = Web({SITE: page(), places[2]: FEED})
    assert web.search().feeds == [places[2]]
    assert web.asked == [SITE, *places[:3]]


def test_the_usual_places_are_not_asked_where_something_is_named() -> None:
    web = Web({SITE: page("/rss", declared=False)})
    search = web.search()
    assert web.asked == [SITE, f"{SITE}rss"]
    assert search.problem is not None
    assert "no feed that it names can be read: https://site.example/rss: it answered 404" in search.problem


def test_a_site_that_has_had_enough_is_left_alone() -> None:
    places = usual_places(SITE)
    web = Web({SITE: page(), places[1]: Look("it answered 429", stop=True)})
    search = web.search()
    assert web.asked == [SITE, *places[:2]]
    assert search.problem is not None
    assert search.problem.startswith("https://site.example/ is a page that names no feed, and 2 usual addresses")


def test_what_does_not_answer_is_not_searched() -> None:
    web = Web({})
    search = web.search()
    assert web.asked == [SITE]
    assert search.problem == (
        "https://site.example/ cannot be added: it answered 404. Check the address. Nothing was written"
    )


def test_a_page_of_many_broken_feeds_is_given_up() -> None:
    web = Web({SITE: page(*(f"/{number}" for number in range(40)))})
    assert web.search(take_all=True).problem is not None
    assert len(web.asked) == 1 + MAX_TRIES


def test_all_of_a_long_page_are_added() -> None:
    feeds = {f"{SITE}{number}": FEED for number in range(25)}
    web = Web({SITE: page(*(f"/{number}" for number in range(25))), **feeds})
    assert web.search(take_all=True).feeds == list(feeds)


def test_the_other_feeds_of_a_server_that_has_had_enough_are_named_only() -> None:
    tired, elsewhere = Look("it answered 429", stop=True), "https://other.example/c"
    web = Web({SITE: page("/a", "/b", elsewhere), f"{SITE}a": tired, f"{SITE}b": FEED, elsewhere: FEED})
    search = web.search(take_all=True)
    assert search.feeds == [elsewhere]
    assert [link.url for link in search.offered] == [f"{SITE}b"]
    assert web.asked == [SITE, f"{SITE}a", elsewhere]


def answer(outcome: Outcome, status: int | None = None) -> Download:
    from datetime import UTC, datetime  # noqa: PLC0415

    return Download(SITE, SITE, outcome, datetime(2026, 1, 1, tzinfo=UTC), 0.1, status=status)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in {Outcome.OK, Outcome.NOT_MODIFIED}])
def test_every_failure_has_a_remedy(outcome: Outcome) -> None:
    assert len(remedy(answer(outcome))) > 10


@pytest.mark.parametrize(("status", "word"), [(401, "--auth"), (403, "contact"), (404, "address"), (500, "later")])
def test_a_remedy_fits_the_status(status: int, word: str) -> None:
    assert word in remedy(answer(Outcome.HTTP_ERROR, status))


@pytest.mark.parametrize(
    ("download", "enough"),
    [
        (answer(Outcome.OK, 200), False),
        (answer(Outcome.HTTP_ERROR, 404), False),
        (answer(Outcome.HTTP_ERROR, 429), True),
        (answer(Outcome.HTTP_ERROR, 403), True),
        (answer(Outcome.TIMEOUT), True),
        (answer(Outcome.UNREACHABLE), True),
    ],
)
def test_who_has_had_enough(download: Download, enough: bool) -> None:
    assert has_had_enough(download) is enough
