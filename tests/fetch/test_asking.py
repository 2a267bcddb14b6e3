from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hostile import HostileServer, answer, dot_test_names, redirect

from aggregator.fetch.asking import Asker, HostSchool
from aggregator.fetch.guard import Trust
from aggregator.fetch.http import HttpClient
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.resolve import Resolver
from aggregator.pipeline.abandon import run_abandonable
from aggregator.records import HostLesson, Outcome
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction
from aggregator.store_ports import StoreTransaction

R = TypeVar("R")
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


@dataclass
class World:
    """A server under many names, a real client, a real database, and a clock that only pauses move."""

    server: HostileServer
    database: Database
    client: HttpClient
    time: datetime = NOW
    now_s: float = 0.0
    pauses: list[float] = field(default_factory=list)
    gate: HostGate = field(default_factory=lambda: HostGate(per_host=2, spacing_s=1.0))

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.now_s

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now_s += seconds

    def call(self, operation: Callable[[StoreTransaction], R]) -> R:
        with self.database.write() as connection:
            return operation(Transaction(connection))

    def lessons(self) -> list[HostLesson]:
        with self.database.read() as connection:
            return Transaction(connection).hosts.lessons()

    def asker(self) -> Asker:
        """Return one as a new run has it."""
        school = HostSchool(self.lessons(), gate=self.gate, writer=self, clock=self, monotonic=self.monotonic)
        return Asker(self.client, gate=self.gate, school=school, clock=self, monotonic=self.monotonic, pause=self.pause)

    def request(self, host: str, path: str) -> HttpRequest:
        return HttpRequest(
            url=f"http://{host}:{self.server.port}{path}",
            trust=Trust.CONFIGURED,
            accept="*/*",
            timeout_s=10.0,
            max_body_bytes=10_000,
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    resolver = Resolver(getaddrinfo=dot_test_names, abandon=run_abandonable, monotonic=time.monotonic)
    client = HttpClient(
        user_agent="test", workers=4, resolver=resolver, monotonic=time.monotonic, allow_private_networks=True
    )
    with HostileServer() as server:
        server.routes["/feed"] = answer(b"<rss/>")
        yield World(server, database, client)
    client.close()
    database.close()


def test_a_turn_ends_however_the_request_does(world: World) -> None:
    asker = world.asker()
    for host, path, outcome in (
        ("a.test", "/feed", Outcome.OK),
        ("b.test", "/nothing", Outcome.HTTP_ERROR),
        ("nowhere.invalid", "/feed", Outcome.UNREACHABLE),
    ):
        assert world.gate.admit(host, world.now_s)
        assert asker.ask(world.request(host, path), host).outcome is outcome
        world.now_s += 1.0
        assert world.gate.admit(host, world.now_s), "both places are free again, and the spacing is over"


def test_a_redirect_waits_for_its_turn_at_the_host_it_leads_to(world: World) -> None:
    world.server.routes["/away"] = redirect(f"http://b.test:{world.server.port}/feed")
    asker = world.asker()
    assert world.gate.begin_unasked("b.test", 0.0) == 0.0
    assert world.gate.admit("a.test", 0.25 * 0)
    world.now_s = 0.25
    assert asker.ask(world.request("a.test", "/away"), "a.test").outcome is Outcome.OK
    assert world.pauses == [0.75]
    assert not world.gate.admit("b.test", 1.5), "its own second has begun at 1.0"
    assert world.gate.admit("b.test", 2.0)


def test_while_a_redirect_waits_nobody_waits_for_the_host_it_came_from(world: World) -> None:
    world.server.routes["/away"] = redirect(f"http://b.test:{world.server.port}/feed")
    seen: list[bool] = []
    for _ in range(2):
        assert world.gate.begin_unasked("b.test", 0.0) is not None

    def pause(seconds: float) -> None:
        world.pause(seconds)
        seen.append(world.gate.admit("a.test", world.now_s + 5.0))
        world.gate.end("b.test", world.now_s)

    asker = world.asker()
    asker._pause = pause
    assert world.gate.admit("a.test", 0.0)
    assert asker.ask(world.request("a.test", "/away"), "a.test").outcome is Outcome.OK
    assert seen[0], "its turn had ended"


def test_who_was_not_admitted_waits_for_a_turn(world: World) -> None:
    asker = world.asker()
    for _ in range(3):
        asker.ask(world.request("a.test", "/feed"), "a.test", admitted=False)
    assert world.pauses == [1.0, 1.0]


def test_what_a_429_taught_holds_at_once_and_for_later_runs(world: World) -> None:
    world.server.routes["/feed"] = answer(status=429, headers=[("Retry-After", "7200")])
    assert world.gate.admit("a.test", 0.0)
    world.asker().ask(world.request("a.test", "/feed"), "a.test")
    assert world.gate.rests("a.test", 7199.0)
    assert not world.gate.rests("b.test", 0.0)
    (lesson,) = world.lessons()
    assert (lesson.host, lesson.rests_until, lesson.strikes) == ("a.test", NOW + timedelta(hours=2), 1)

    world.gate = HostGate(per_host=2, spacing_s=1.0)
    world.time = NOW + timedelta(hours=1)
    world.asker()
    assert world.gate.rests("a.test", 3599.0)
    assert not world.gate.rests("a.test", 3600.0)


def test_a_second_lesson_takes_the_place_of_the_first(world: World) -> None:
    world.server.routes["/feed"] = answer(status=429)
    asker = world.asker()
    asker.ask(world.request("a.test", "/feed"), "a.test", admitted=False)
    world.time, world.now_s = NOW + timedelta(minutes=15), 900.0
    asker.ask(world.request("a.test", "/feed"), "a.test", admitted=False)
    (lesson,) = world.lessons()
    assert (lesson.rests_until, lesson.strikes, lesson.spacing_s) == (NOW + timedelta(minutes=45), 2, 4.0)


def test_a_redirect_teaches_about_the_host_that_answered(world: World) -> None:
    world.server.routes["/away"] = redirect(f"http://b.test:{world.server.port}/busy")
    world.server.routes["/busy"] = answer(status=429)
    world.asker().ask(world.request("a.test", "/away"), "a.test", admitted=False)
    assert [lesson.host for lesson in world.lessons()] == ["b.test"]


def test_nothing_leads_to_a_host_that_rests(world: World) -> None:
    world.server.routes["/away"] = redirect(f"http://b.test:{world.server.port}/feed")
    world.gate.rest("b.test", 60.0)
    asker = world.asker()
    got = asker.ask(world.request("a.test", "/away"), "a.test", admitted=False)
    assert (got.outcome, got.error) == (Outcome.RESTING, "b.test asked for fewer requests and is left alone for now")
    assert asker.ask(world.request("b.test", "/feed"), "b.test", admitted=False).outcome is Outcome.RESTING
    assert [request.target for request in world.server.requests] == ["/away"]
    world.now_s = 60.0
    assert asker.ask(world.request("a.test", "/away"), "a.test", admitted=False).outcome is Outcome.OK


def test_403_counts_within_an_hour_over_all_urls_of_a_host(world: World) -> None:
    for path in "123":
        world.server.routes[f"/{path}"] = answer(status=403)
    asker = world.asker()
    asker.ask(world.request("a.test", "/1"), "a.test", admitted=False)
    world.time += timedelta(minutes=61)
    for path in "12":
        asker.ask(world.request("a.test", f"/{path}"), "a.test", admitted=False)
    assert world.lessons() == []
    asker.ask(world.request("a.test", "/3"), "a.test", admitted=False)
    assert [lesson.host for lesson in world.lessons()] == ["a.test"]


def test_threads_that_redirect_to_each_others_hosts_do_not_wait_for_ever(world: World) -> None:
    world.gate = HostGate(per_host=1, spacing_s=0.0)
    world.server.routes["/a"] = redirect(f"http://b.test:{world.server.port}/feed")
    world.server.routes["/b"] = redirect(f"http://a.test:{world.server.port}/feed")
    world.server.routes["/feed"] = answer(b"<rss/>")
    asker = world.asker()
    asker._monotonic, asker._pause = time.monotonic, time.sleep
    outcomes: list[Outcome] = []

    def ask(host: str, path: str) -> None:
        outcomes.append(asker.ask(world.request(host, path), host).outcome)

    for _ in range(10):
        assert world.gate.admit("a.test", time.monotonic())
        assert world.gate.admit("b.test", time.monotonic())
        threads = [threading.Thread(target=ask, args=(f"{name}.test", f"/{name}")) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes == [Outcome.OK] * 20
