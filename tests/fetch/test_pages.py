from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from hostile import HostileServer, Line, answer, dot_test_names, redirect
from sqlalchemy import insert, text

from aggregator.config import FetchSettings
from aggregator.fetch import site_rules
from aggregator.fetch.asking import Asker, HostSchool
from aggregator.fetch.extract import extract_page
from aggregator.fetch.http import HttpClient
from aggregator.fetch.page_stage import page_job, pages_due, save_pages, visit, with_text
from aggregator.fetch.pages import CLAIM, VisitedPage, not_a_page, page_update
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.robots import Refusal, read_rules
from aggregator.fetch.site_rules import SiteRules
from aggregator.pipeline.abandon import run_abandonable
from aggregator.records import (
    Casualty,
    Download,
    Harm,
    Outcome,
    PageText,
    PageToFetch,
    PageUpdate,
    RobotsFile,
    Subscription,
)
from aggregator.store.blobs import BlobFolder
from aggregator.store.database import Database
from aggregator.store.schema import article, sighting
from aggregator.store.transaction import Transaction
from aggregator.store_ports import StoreTransaction

R = TypeVar("R")
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
URL = "https://a.test/1"
PAGE = PageToFetch(7, URL, "a.test", "https://a.test")
TEXT = PageText("trafilatura 2.3.1", "The wall", "It broke.")
NO_TEXT = PageText("trafilatura 2.3.1", problem="no text found")
ARTICLE = b"<!doctype html><html><body><article>" + b"<p>The harbour wall broke in the storm.</p>" * 20
HTML = [("Content-Type", "text/html")]

# --- what becomes of a visit -----------------------------------------------------------------------------------------


def had(body: bytes = ARTICLE, content_type: str | None = "text/html") -> Download:
    return Download(URL, URL, Outcome.OK, NOW, 0.1, 200, content_type=content_type, body=body)


def not_had(outcome: Outcome, status: int | None = None, retry_after: str | None = None) -> Download:
    return Download(URL, URL, outcome, NOW, 0.1, status, retry_after=retry_after, error="it failed")


def decided(visited: VisitedPage) -> tuple[str, bool, timedelta, str | None]:
    got = page_update(visited, NOW)
    return got.outcome, got.gave_up, got.next_fetch_at - NOW, got.error


def test_a_text_is_stored() -> None:
    got = page_update(VisitedPage(PAGE, download=had(b""), text=TEXT), NOW)
    assert got == PageUpdate(7, URL, NOW, NOW, "stored", had(b""), TEXT, trusted_origin="https://a.test")


@pytest.mark.parametrize(
    ("visited", "outcome", "error"),
    [
        (VisitedPage(PAGE, Refusal("no")), "disallowed by robots.txt", "no"),
        (VisitedPage(PAGE, Refusal("no"), had()), "disallowed by robots.txt", "no"),
        (VisitedPage(PAGE, download=not_had(Outcome.TOO_LARGE, 200)), "too large", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.HTTP_ERROR, 404)), "given up", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.HTTP_ERROR, 410)), "given up", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.HTTP_ERROR, 403)), "given up", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.HTTP_ERROR, 401)), "given up", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.REFUSED)), "given up", "it failed"),
        (VisitedPage(PAGE, download=not_had(Outcome.BAD_REDIRECT, 302)), "given up", "it failed"),
        (VisitedPage(PAGE, download=had(), problem="a picture"), "not a page", "a picture"),
        (VisitedPage(PAGE, download=had(), text=NO_TEXT), "no text found", "no text found"),
        (VisitedPage(PAGE, download=had(), text=PageText(problem="too deep")), "not a page", "too deep"),
        (VisitedPage(PAGE, download=had(), casualty=Casualty(Harm.TIMED_OUT, "30 s")), "quarantined",
         "reading it harmed a worker: timed out"),
    ],
)  # fmt: skip
def test_what_is_final(visited: VisitedPage, outcome: str, error: str) -> None:
    assert decided(visited) == (outcome, True, timedelta(0), error)


PASSING = [
    not_had(Outcome.TIMEOUT),
    not_had(Outcome.UNREACHABLE),
    not_had(Outcome.HTTP_ERROR, 500),
    not_had(Outcome.HTTP_ERROR, 503),
    not_had(Outcome.HTTP_ERROR, 429),
]


@pytest.mark.parametrize("download", PASSING, ids=lambda one: f"{one.outcome} {one.status}")
def test_what_may_pass_is_tried_three_times_ever_later(download: Download) -> None:
    waits = []
    for failures in range(3):
        page = replace(PAGE, failures=failures)
        outcome, gave_up, wait, error = decided(VisitedPage(page, download=download))
        assert error == "it failed"
        waits.append((outcome, gave_up, round(wait / timedelta(hours=1))))
    assert waits == [("to be tried again", False, 1), ("to be tried again", False, 2), ("given up", True, 0)]


def test_a_retry_after_is_obeyed() -> None:
    outcome, _, wait, _ = decided(VisitedPage(PAGE, download=not_had(Outcome.HTTP_ERROR, 429, "36000")))
    assert outcome == "to be tried again"
    assert wait >= timedelta(hours=10)


def test_an_unknown_robots_file_is_waited_for_three_times() -> None:
    later = Refusal("unknown", NOW + timedelta(hours=4))
    again = ("to be tried again", False, timedelta(hours=4), "unknown")
    assert decided(VisitedPage(PAGE, later)) == again
    assert decided(VisitedPage(replace(PAGE, failures=1), later)) == again
    assert decided(VisitedPage(replace(PAGE, failures=2), later)) == ("given up", True, timedelta(0), "unknown")


def test_a_picture_of_a_page_that_may_not_be_kept_is_not_kept_either() -> None:
    assert page_update(VisitedPage(PAGE, Refusal("no"), had(b""), text=TEXT), NOW).page is None


@pytest.mark.parametrize(
    ("body", "content_type", "problem"),
    [
        (ARTICLE, "text/html; charset=utf-8", None),
        (ARTICLE, "application/xhtml+xml", None),
        (ARTICLE, None, None),
        (ARTICLE, "text/plain", None),
        (b"<p>A page of few words", "text/html", None),
        (b"", "text/html", "the page is empty"),
        (b" \n ", "text/html", "the page is empty"),
        (ARTICLE, "image/png", "not a page but image/png"),
        (b"%PDF-1.7 <html>", "application/pdf", "not a page but application/pdf"),
        (b"%PDF-1.7 <html>", "text/html", "not a page but a file"),
        (b"{}", "application/json", "not a page but application/json"),
        (b"Just words", "text/plain", "not a page but text/plain"),
        (b"Just words", None, "not a page but a file"),
        (b"<?xml version='1.0'?><rss/>", "application/xml", "not a page but application/xml"),
    ],
)
def test_what_is_no_page(body: bytes, content_type: str | None, problem: str | None) -> None:
    assert not_a_page(had(body, content_type)) == problem


# --- visits to a real server -----------------------------------------------------------------------------------------


@dataclass
class World:
    """A server under many names, a real client and database, and a clock that only pauses move."""

    server: HostileServer
    database: Database
    client: HttpClient
    folder: Path
    run_id: int
    time: datetime = NOW
    now_s: float = 0.0
    pauses: list[float] = field(default_factory=list)
    gate: HostGate = field(default_factory=lambda: HostGate(per_host=4, spacing_s=1.0))

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now_s += seconds

    def call(self, operation: Callable[[StoreTransaction], R]) -> R:
        with self.database.write() as connection:
            return operation(Transaction(connection, self.run_id))

    @contextmanager
    def read(self) -> Iterator[StoreTransaction]:
        with self.database.read() as connection:
            yield Transaction(connection)

    def parts(self) -> FetchParts:
        school = HostSchool([], gate=self.gate, writer=self, clock=self, monotonic=self.monotonic)
        asker = Asker(
            self.client, gate=self.gate, school=school, clock=self, monotonic=self.monotonic, pause=self.pause
        )
        return FetchParts(
            settings=FetchSettings(max_page_bytes=20_000, timeout_s=10.0),
            subscriptions={},
            asker=asker,
            gate=self.gate,
            blobs=BlobFolder(self.folder),
            read=self.read,
            writer=self,
            clock=self,
            monotonic=self.monotonic,
            parse_workers=1,
        )

    def url(self, path: str, host: str = "a.test") -> str:
        return f"http://{host}:{self.server.port}{path}"

    def page(self, path: str, host: str = "a.test") -> PageToFetch:
        return PageToFetch(1, self.url(path, host), host)

    def visit(self, path: str, sites: SiteRules | None = None, *, host: str = "a.test") -> VisitedPage:
        """Visit a page as the work list lets it be visited: once its host has admitted it."""
        for _ in range(1000):
            if self.gate.admit(host, self.now_s):
                break
            self.now_s += 0.1
        else:
            pytest.fail(f"{host} admits nobody any more")
        parts = self.parts()
        return visit(parts, sites or SiteRules(parts), self.page(path, host))

    def asked(self) -> list[str]:
        return [f"{str(one.value('Host')).partition(':')[0]}{one.target}" for one in self.server.requests]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    with database.write() as connection:
        run_id = Transaction(connection).runs.start("fetch", NOW)
    resolver = Resolver(getaddrinfo=dot_test_names, abandon=run_abandonable, monotonic=time.monotonic)
    client = HttpClient(
        user_agent="news-aggregator/1", workers=8, resolver=resolver, monotonic=time.monotonic,
        allow_private_networks=True,
    )  # fmt: skip
    with HostileServer() as server:
        server.routes["/1"] = server.routes["/2"] = server.routes["/private/1"] = answer(ARTICLE, headers=HTML)
        yield World(server, database, client, tmp_path, run_id)
    client.close()
    database.close()


def rules(body: bytes, **headers: str) -> Callable[[Line], None]:
    return answer(body, headers=[("Content-Type", "text/plain"), *headers.items()])


def test_robots_is_asked_first_and_then_the_page_after_the_hosts_spacing(world: World) -> None:
    visited = world.visit("/1")
    assert world.asked() == ["a.test/robots.txt", "a.test/1"]
    assert world.pauses == [1.0]
    assert (visited.refusal, visited.problem) == (None, None)
    job = page_job(visited)
    assert job is not None
    assert (job.url, job.body, job.content_type) == (world.url("/1"), ARTICLE, "text/html")
    # The places at the host are free again.
    world.now_s += 1.0
    assert world.gate.admit("a.test", world.now_s)


def test_robots_is_asked_for_once_a_day_and_remembered_by_later_runs(world: World) -> None:
    sites = SiteRules(world.parts())
    world.visit("/1", sites)
    world.visit("/2", sites)
    world.visit("/2")
    assert world.asked().count("a.test/robots.txt") == 1
    world.time += timedelta(hours=24, seconds=1)
    world.visit("/2", sites)
    assert world.asked().count("a.test/robots.txt") == 2
    assert world.rows("SELECT kind, reason, outcome, url, next_fetch_at FROM fetch ORDER BY id")[0] == (
        *("robots", "robots.txt", "rules", world.url("/robots.txt"), "2026-03-03 06:00:00"),
    )


def test_what_robots_disallows_is_not_asked_for_and_gives_its_turn_back(world: World) -> None:
    world.server.routes["/robots.txt"] = rules(b"User-agent: *\nDisallow: /private")
    sites = SiteRules(world.parts())
    first = world.visit("/private/1", sites)
    assert first.refusal is not None
    assert first.refusal.until is None
    world.now_s += 1.0
    at_s = world.now_s
    for _ in range(3):
        assert world.visit("/private/1", sites).refusal is not None
    assert world.now_s == at_s, "what is not asked for costs the host no time"
    assert world.asked() == ["a.test/robots.txt"]
    assert page_job(first) is None


def test_while_robots_cannot_be_had_nothing_is_asked_for(world: World) -> None:
    world.server.routes["/robots.txt"] = answer(status=503)
    visited = world.visit("/1")
    assert visited.refusal is not None
    assert visited.refusal.until == NOW + timedelta(hours=1)
    assert world.asked() == ["a.test/robots.txt"]
    world.time += timedelta(minutes=59)
    world.visit("/1")
    assert world.asked() == ["a.test/robots.txt"]
    world.time += timedelta(minutes=2)
    world.server.routes["/robots.txt"] = rules(b"")
    assert world.visit("/1").refusal is None
    assert world.asked() == ["a.test/robots.txt", "a.test/robots.txt", "a.test/1"]


def test_the_crawl_delay_widens_the_hosts_spacing(world: World) -> None:
    world.server.routes["/robots.txt"] = rules(b"User-agent: *\nCrawl-delay: 9")
    world.visit("/1")
    started_s = world.now_s
    assert not world.gate.admit("a.test", started_s + 8.9)
    assert world.gate.admit("a.test", started_s + 9.0)


def test_a_robots_file_is_claimed_before_it_is_asked_for(world: World) -> None:
    seen: list[tuple[Any, ...]] = []

    def look(line: Line) -> None:
        seen.extend(world.rows("SELECT expires_at, refused FROM robots"))
        line.respond(404)

    world.server.routes["/robots.txt"] = look
    world.visit("/1")
    ((expires_at, refused),) = seen
    assert expires_at == "2026-03-02 07:00:00"
    assert "when the program was stopped" in refused


def test_however_many_want_it_robots_is_asked_for_once(world: World) -> None:
    everybody = threading.Barrier(4)
    world.gate = HostGate(per_host=4, spacing_s=0.0)
    parts = world.parts()
    sites = SiteRules(parts)

    def visit_with_the_others(_: int) -> VisitedPage:
        assert world.gate.admit("a.test", 0.0)
        everybody.wait(60)
        return visit(parts, sites, world.page("/1"))

    with ThreadPoolExecutor(4) as pool:
        visited = list(pool.map(visit_with_the_others, range(4)))
    assert [one.refusal for one in visited] == [None] * 4
    assert sorted(world.asked()) == ["a.test/1"] * 4 + ["a.test/robots.txt"]


def test_few_sites_stay_in_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.server.routes["/robots.txt"] = rules(b"User-agent: *\n" + b"Disallow: /private\n" * 100)
    one = read_rules(RobotsFile("", NOW, NOW, "User-agent: *\n" + "Disallow: /private\n" * 99 + "Disallow: /private"))
    monkeypatch.setattr(site_rules, "MOST_REMEMBERED_BYTES", int(2.5 * one.memory_bytes))
    sites = SiteRules(world.parts())
    for host in ("a.test", "b.test", "a.test", "c.test", "a.test", "b.test"):
        world.visit("/1", sites, host=host)
    assert [urlsplit(origin).hostname for origin in sites._remembered] == ["a.test", "b.test"]
    assert sites._remembered_bytes == 2 * one.memory_bytes
    assert len(sites._being_found) == 0
    assert world.asked().count("a.test/robots.txt") == 1


def test_a_redirect_has_no_way_around_robots(world: World) -> None:
    world.server.routes["/robots.txt"] = rules(b"User-agent: *\nDisallow: /private")
    world.server.routes["/away"] = redirect("/private/1")
    visited = world.visit("/away")
    assert visited.refusal is not None
    assert visited.download is not None
    assert visited.download.body == b""
    assert page_update(visited, NOW).outcome == "disallowed by robots.txt"


def test_a_redirect_to_another_site_asks_that_sites_robots(world: World) -> None:
    def by_host(line: Line) -> None:
        allowed = str(line.request.value("Host")).startswith("a.test")
        line.respond(200, [], b"" if allowed else b"User-agent: news-aggregator\nDisallow: /2")

    world.server.routes["/robots.txt"] = by_host
    world.server.routes["/away"] = redirect(world.url("/2", "b.test"))
    world.server.routes["/there"] = redirect(world.url("/1", "b.test"))
    assert world.visit("/away").refusal is not None
    visited = world.visit("/there")
    assert visited.refusal is None
    assert visited.download is not None
    assert visited.download.final_url == world.url("/1", "b.test")
    assert world.asked() == [
        *("a.test/robots.txt", "a.test/away", "b.test/2", "b.test/robots.txt"),
        *("a.test/there", "b.test/1"),
    ]


def test_what_is_no_page_is_not_read(world: World) -> None:
    world.server.routes["/1"] = answer(b"\x89PNG", headers=[("Content-Type", "image/png")])
    visited = world.visit("/1")
    assert visited.problem == "not a page but image/png"
    assert page_job(visited) is None


def test_a_page_that_is_too_large_ends_early(world: World) -> None:
    world.server.routes["/1"] = answer(b"x" * 30_000, headers=HTML)
    assert page_update(world.visit("/1"), NOW).outcome == "too large"


def test_an_address_that_nobody_could_ask_for_is_given_up(world: World) -> None:
    world.gate.admit("a.test", 0.0)
    page = PageToFetch(1, "http://a.test:0/1", "a.test")
    parts = world.parts()
    got = page_update(visit(parts, SiteRules(parts), page), NOW)
    assert (got.outcome, world.asked()) == ("given up", [])


# --- from the rows and back ------------------------------------------------------------------------------------------


def add_article(world: World, path: str) -> None:
    values = {"title": "t", "content_hash": "h", "first_seen_at": NOW}
    with world.database.write() as connection:
        made = insert(article).values(
            feed_id=1, url=world.url(path), summary="", content="", author="", effective_at=NOW, **values
        )
        number = connection.execute(made.returning(article.c.id)).scalar_one()
        seen = insert(sighting).values(article_id=number, feed_id=1, entry_key=path, last_seen_at=NOW, **values)
        connection.execute(seen)


def test_pages_are_claimed_visited_and_saved(world: World) -> None:
    subscription = Subscription("http://a.test/feed", full_text=True)
    world.call(lambda transaction: transaction.feeds.sync([subscription], NOW))  # type: ignore[attr-defined]
    add_article(world, "/1")
    parts = world.parts()
    more = [True]
    due = pages_due(parts, lambda: more[0])
    forgotten = RobotsFile("http://old.test", NOW - timedelta(days=32), NOW - timedelta(days=31))
    world.call(lambda transaction: transaction.pages.keep_robots(forgotten))
    (page,) = due.take(5) or ()
    assert world.rows("SELECT origin FROM robots") == []
    claimed = (NOW + CLAIM).strftime("%Y-%m-%d %H:%M:%S")
    assert world.rows("SELECT next_fetch_at, attempts, text FROM page") == [(claimed, 1, None)]

    visited = visit(parts, SiteRules(parts), page)
    job = page_job(visited)
    assert job is not None
    read = with_text(visited, extract_page(job))
    assert read.download is not None
    assert read.download.body == b""
    assert world.call(lambda transaction: save_pages(parts, transaction, [read])) == ["stored"]
    due.done(page)
    assert world.rows("SELECT substr(text, 1, 16), extractor, gave_up FROM page") == [
        ("The harbour wall", read.text.extractor if read.text else "", 0)
    ]
    assert world.rows("SELECT kind, reason, outcome, status FROM fetch ORDER BY id")[1] == (
        *("page", "full text", "stored", 200),
    )

    # An article that comes later is found as well, and then there is no more.
    world.now_s += 60
    assert due.take(5) == []
    add_article(world, "/2")
    world.now_s += 60
    more[0] = False
    (page,) = due.take(5) or ()
    assert page.url == world.url("/2")
    due.done(page)
    world.now_s += 60
    assert due.take(5) is None
    assert due.finished


def test_a_page_that_harms_its_worker_is_set_aside(world: World) -> None:
    subscription = Subscription("http://a.test/feed", full_text=True)
    world.call(lambda transaction: transaction.feeds.sync([subscription], NOW))  # type: ignore[attr-defined]
    add_article(world, "/1")
    parts = world.parts()
    (page,) = pages_due(parts, lambda: False).take(5) or ()
    visited = with_text(visit(parts, SiteRules(parts), page), Casualty(Harm.TIMED_OUT, "longer than 30 s"))
    assert world.call(lambda transaction: save_pages(parts, transaction, [visited])) == ["quarantined"]
    assert world.rows("SELECT kind, item_id, stage, reason, detail FROM quarantine_item") == [
        ("page", 1, "extract", "timed out", "longer than 30 s")
    ]
    assert world.rows("SELECT gave_up, error FROM page") == [(1, "reading it harmed a worker: timed out")]
