"""The pool behind `GuardedTransport`: which connection a request gets, and what becomes of it afterwards."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile import HostileServer, Line, answer, dot_test_names, proxy

from aggregator.fetch import transport as transport_module
from aggregator.fetch.answer import Answer
from aggregator.fetch.exchange import (
    BrokenAnswerError,
    ConnectFailedError,
    DeadlineExceededError,
    ExchangeError,
    HandshakeError,
    exchange_until,
)
from aggregator.fetch.proxies import Proxy
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.transport import GuardedTransport
from aggregator.pipeline.abandon import run_abandonable

DEADLINE_S = 30.0
"""Long enough for a machine that is busy with other things."""


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        running.routes["/"] = answer(b"news")
        yield running


def _transport(max_connections: int, through: Proxy | None = None) -> GuardedTransport:
    resolver = Resolver(getaddrinfo=dot_test_names, abandon=run_abandonable, monotonic=time.monotonic)
    tls = ssl.create_default_context()
    return GuardedTransport(resolver=resolver, refusal=None, tls=tls, max_connections=max_connections, proxy=through)


@pytest.fixture
def pool_of() -> Iterator[Callable[[int], GuardedTransport]]:
    made: list[GuardedTransport] = []

    def make(max_connections: int) -> GuardedTransport:
        made.append(_transport(max_connections))
        return made[-1]

    yield make
    for one in made:
        one.close()


@contextlib.contextmanager
def _answer(transport: GuardedTransport, url: str, timeout_s: float = DEADLINE_S) -> Iterator[Answer]:
    """Hold an answer, its body unread, to the end of the block."""
    with exchange_until(time.monotonic() + timeout_s, time.monotonic):
        got = transport.get(url, ())
        try:
            yield got
        finally:
            got.close()


def _get(transport: GuardedTransport, url: str, timeout_s: float = DEADLINE_S) -> bytes:
    with _answer(transport, url, timeout_s) as got:
        return b"".join(got.body)


def _peers(server: HostileServer) -> list[int]:
    return [request.peer for request in server.requests]


def test_the_connection_that_came_back_last_is_lent_first(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(4)
    with _answer(pool, server.url()) as longer:
        _get(pool, server.url())
        b"".join(longer.body)
    _get(pool, server.url())
    first, second, third = _peers(server)
    assert first != second
    assert third == first


def test_an_answer_that_was_not_read_to_its_end_costs_its_connection(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(1)
    with _answer(pool, server.url()):
        pass
    assert _get(pool, server.url()) == b"news"
    assert len(set(_peers(server))) == 2


def test_closing_an_answer_twice_takes_no_connection_from_whoever_has_it_now(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(1)
    with _answer(pool, server.url()) as first:
        b"".join(first.body)
        first.close()
        with _answer(pool, server.url()) as second:
            first.close()
            with pytest.raises(DeadlineExceededError):
                _get(pool, server.url(), timeout_s=0.1)
            assert b"".join(second.body) == b"news"


def test_a_full_pool_gives_up_an_idle_connection_for_another_host(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(2)
    for name in ("a.test", "b.test", "c.test", "b.test", "a.test"):
        assert _get(pool, server.url(host=name)) == b"news"
    a, b, c, b_again, a_again = _peers(server)
    assert b_again == b, "of the two idle ones the older was given up"
    assert len({a, b, c, a_again}) == 4


def test_no_request_gets_a_connection_to_another_host(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(8)
    for name in ("a.test", "b.test", "a.test", "b.test"):
        _get(pool, server.url(host=name))
    hosts: dict[int, set[str | None]] = {}
    for request in server.requests:
        hosts.setdefault(request.peer, set()).add(request.value("Host"))
    assert [len(names) for names in hosts.values()] == [1, 1]


def test_an_idle_connection_expires(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_module, "_KEEPALIVE_S", 0.0)
    pool = pool_of(4)
    with _answer(pool, server.url()) as longer:
        _get(pool, server.url())
        b"".join(longer.body)
    _get(pool, server.url())
    assert len(set(_peers(server))) == 3, "neither of the two idle ones is used"


def test_a_connection_that_its_server_left_is_not_asked(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    left = threading.Event()

    def answer_and_leave(line: Line) -> None:
        line.respond(200, body=b"last news")
        line.keep = False  # the connection is closed when this returns

    server.routes["/last"] = answer_and_leave
    pool = pool_of(4)
    assert _get(pool, server.url("/last")) == b"last news"
    left.wait(0.2)  # the news of the end may take a moment; if it comes later still, a second try hides it
    assert _get(pool, server.url()) == b"news"
    assert len(server.requests) == 2


def test_thirty_two_threads_share_fewer_connections_and_each_gets_its_own_answer(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def echo(line: Line) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        body = line.request.target.encode()
        with lock:
            at_once -= 1
        line.respond(200, body=body)

    server.fallback = echo
    pool = pool_of(6)
    urls = [server.url(f"/{number}", host=f"{number % 3}.test") for number in range(600)]
    with ThreadPoolExecutor(32) as threads:
        bodies = list(threads.map(lambda url: _get(pool, url), urls))
    assert bodies == [f"/{number}".encode() for number in range(600)]
    assert most <= 6
    assert len(server.requests) == 600, "nothing was asked twice"


def test_as_many_connections_as_threads_are_opened_once(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(32)
    with ThreadPoolExecutor(32) as threads:
        assert set(threads.map(lambda _: _get(pool, server.url()), range(600))) == {b"news"}
    assert server.accepted <= 32
    assert len(server.requests) == 600


def test_a_failed_connection_makes_room_for_the_next(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(1)
    for path in ("/hang-up", "/reset", "/not-http", "/cut-chunks"):
        with pytest.raises(ExchangeError):
            _get(pool, server.url(path))
    with pytest.raises(ConnectFailedError):
        _get(pool, server.url(host="nowhere.invalid"))
    assert _get(pool, server.url(), timeout_s=5) == b"news"


def test_a_failed_connection_drives_out_no_idle_one(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(2)
    _get(pool, server.url(host="a.test"))
    with pytest.raises(ConnectFailedError):
        _get(pool, server.url(host="nowhere.invalid"))
    _get(pool, server.url(host="b.test"))
    _get(pool, server.url(host="a.test"))
    a, b, a_again = _peers(server)
    assert a_again == a != b


def test_a_tunnel_without_tls_at_its_end_is_not_kept(server: HostileServer) -> None:
    with proxy() as through:
        rule = Proxy(f"http://127.0.0.1:{through.port}")
        transport = _transport(2, rule)
        for _ in range(3):
            with pytest.raises(HandshakeError):
                _get(transport, f"https://plain.test:{server.port}/")
        transport.close()


def test_closing_ends_those_who_wait_and_what_comes_later(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(1)
    with _answer(pool, server.url("/drip")) as held, ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(_get, pool, server.url())
        pool.close()
        with pytest.raises(ConnectFailedError, match="all connections were closed"):
            waiting.result(DEADLINE_S)
        with pytest.raises(BrokenAnswerError):
            b"".join(held.body)
    with pytest.raises(ConnectFailedError, match="all connections were closed"):
        _get(pool, server.url())
    assert server.asked("/") == []


def test_closing_while_many_ask_fails_them_and_nothing_else(
    server: HostileServer, pool_of: Callable[[int], GuardedTransport]
) -> None:
    pool = pool_of(8)
    begun = threading.Barrier(17, timeout=DEADLINE_S)

    def ask_until_closed() -> str:
        begun.wait()
        while True:
            try:
                assert _get(pool, server.url()) == b"news"
            except ExchangeError as error:
                return type(error).__name__

    with ThreadPoolExecutor(16) as threads:
        asking = [threads.submit(ask_until_closed) for _ in range(16)]
        begun.wait()
        pool.close()
        ends = {one.result(DEADLINE_S) for one in asking}
    assert ends <= {"ConnectFailedError", "BrokenAnswerError", "NoAnswerError"}
