from __future__ import annotations

import asyncio
import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest

from aggregator.newsroom.__main__ import clock
from aggregator.newsroom.conditional import accepts_gzip, is_unchanged
from aggregator.newsroom.server import NewsroomSettings, serve
from aggregator.newsroom.site import newsroom_feeds

from .conftest import OPENED_AT, TWO_DAYS_LATER, Reply, Running, Visitor, running_newsroom

FEED = "/wire/00000.rss"


def test_a_feed_comes_with_both_validators(running: Running) -> None:
    reply = running.visitor.ask(FEED)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert reply.headers["last-modified"] == "Wed, 04 Mar 2026 06:00:00 GMT"
    assert reply.headers["etag"].startswith('"')
    assert reply.headers["cache-control"] == "max-age=0"
    assert int(reply.headers["content-length"]) == len(reply.body)


@pytest.mark.parametrize("path", [FEED, "/alder-post/front.rss", "/pictures/alder-mayor-runoff-1.jpg"])
def test_either_validator_earns_a_304(running: Running, path: str) -> None:
    first = running.visitor.ask(path)
    etag, changed = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"If_None_Match": etag}, {"If_Modified_Since": changed}, {"If_None_Match": f'"x", W/{etag}'}):
        again = running.visitor.ask(path, **headers)
        assert (again.status, again.body) == (304, b"")
        assert (again.headers["etag"], again.headers["last-modified"]) == (etag, changed)


def test_if_none_match_has_the_last_word(running: Running) -> None:
    changed = running.visitor.ask(FEED).headers["last-modified"]
    assert running.visitor.ask(FEED, If_None_Match='"other"', If_Modified_Since=changed).status == 200


def test_gzip_is_given_to_who_takes_it(running: Running) -> None:
    plain, zipped = running.visitor.ask(FEED), running.visitor.ask(FEED, Accept_Encoding="br, gzip")
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.body[4:8] == bytes(4)  # no time of compression: the same bytes whenever it is made
    assert zipped.headers["etag"] != plain.headers["etag"]
    again = running.visitor.ask(FEED, Accept_Encoding="gzip", If_None_Match=zipped.headers["etag"])
    assert again.status == 304
    assert (
        "content-encoding"
        not in running.visitor.ask("/pictures/alder-mayor-runoff-1.jpg", Accept_Encoding="gzip").headers
    )


def test_head_is_get_without_the_body(running: Running) -> None:
    get, head = running.visitor.ask(FEED), running.visitor.ask(FEED, "HEAD")
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_other_methods_are_refused(running: Running) -> None:
    reply = running.visitor.ask(FEED, "DELETE")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/wire/", "/wire/99999.rss", "/wire/0.rss",
        "/wire/00000.atom", "/wire/00000/-1-x", "/wire/00000/999999999-x", "/pictures/../outlets.toml",
        "/pictures/x.jpg", "/alder-post/front.rss/", "/alder-post", "/" + "a" * 5000, "*",
        "/wire/٠٠٠٠٠.rss".encode().decode("latin-1"),
    ],
)  # fmt: skip
def test_odd_paths_lead_nowhere(running: Running, path: str) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"404", b"400")
    assert running.visitor.ask("/robots.txt").status == 200


def test_a_missing_page_says_so(running: Running) -> None:
    reply = running.visitor.ask("/nowhere")
    assert reply.status == 404
    assert b"There is no such page" in reply.body


def test_garbage_is_answered_and_does_no_harm(running: Running) -> None:
    for garbage in (b"\x16\x03\x01\x02garbage\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 9000 + b"\r\n", b""):
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert running.visitor.ask("/").status == 200


def test_the_log_shows_who_asked_for_what(running: Running) -> None:
    etag = running.visitor.ask(FEED).headers["etag"]
    running.visitor.ask(FEED, If_None_Match=etag, User_Agent="reader/1")
    running.visitor.ask("/nowhere?x=1", If_Modified_Since="Wed, 04 Mar 2026 06:00:00 GMT")
    first, second, third = running.requests()
    assert (first["path"], first["status"], first["if_none_match"]) == (FEED, 200, None)
    assert (second["status"], second["if_none_match"], second["user_agent"]) == (304, etag, "reader/1")
    assert (third["path"], third["status"]) == ("/nowhere?x=1", 404)
    assert third["if_modified_since"] == "Wed, 04 Mar 2026 06:00:00 GMT"
    assert datetime.fromisoformat(str(first["at"])) - TWO_DAYS_LATER < timedelta(minutes=5)


def entries(reply: Reply) -> list[str]:
    return [entry.link.partition("/wire/")[2] for entry in feedparser.parse(reply.body).entries]


def test_two_processes_agree_and_an_hour_later_each_wire_feed_has_one_more(tmp_path: Path) -> None:
    paths = [feed.path for feed in newsroom_feeds(8, core=False) if not feed.path.endswith(".json")]
    with running_newsroom(tmp_path / "1.jsonl", "--size", "8") as first:
        port = first.port
        bodies = [first.visitor.ask(path) for path in paths]
        photo = first.visitor.ask("/pictures/alder-mayor-runoff-2.jpg")
    with running_newsroom(tmp_path / "2.jsonl", "--size", "8", "--port", str(port)) as second:
        again = [second.visitor.ask(path) for path in paths]
        assert [reply.body for reply in again] == [reply.body for reply in bodies]
        assert second.visitor.ask("/pictures/alder-mayor-runoff-2.jpg").body == photo.body
        tags = [reply.headers["etag"] for reply in bodies]
        replies = [second.visitor.ask(path, If_None_Match=tag) for path, tag in zip(paths, tags, strict=True)]
        assert [reply.status for reply in replies] == [304] * len(paths)
    later = TWO_DAYS_LATER + timedelta(hours=1)
    with running_newsroom(tmp_path / "3.jsonl", "--size", "8", "--port", str(port), now=later) as third:
        for path, before in zip(paths, bodies, strict=True):
            after = third.visitor.ask(path, If_None_Match=before.headers["etag"])
            assert after.status == 200
            assert len(set(entries(after)) - set(entries(before))) == 1


def test_latency_passes_before_every_answer_but_not_one_after_the_other(tmp_path: Path) -> None:
    with running_newsroom(tmp_path / "log.jsonl", "--latency", "0.3") as newsroom:
        sockets = [socket.create_connection(("127.0.0.1", newsroom.port), timeout=20) for _ in range(10)]
        started = time.monotonic()
        for each in sockets:
            each.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        for each in sockets:
            assert each.recv(100).startswith(b"HTTP/1.1 200")
            each.close()
        assert 0.3 <= time.monotonic() - started < 1.5


def test_closing_standard_input_ends_it_even_amid_connections(tmp_path: Path) -> None:
    with running_newsroom(tmp_path / "log.jsonl", "--latency", "30") as newsroom:
        with socket.create_connection(("127.0.0.1", newsroom.port), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.1)
            assert newsroom.process.stdin
            newsroom.process.stdin.close()
            assert newsroom.process.wait(timeout=5) == 0
            assert connection.recv(100) == b""
        assert newsroom.process.stderr
        assert newsroom.process.stderr.read() == b""


def test_a_client_that_stops_reading_does_not_keep_it_alive(running: Running) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.setblocking(False)
        request = f"GET {FEED} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 50
        with suppress(BlockingIOError):
            for _ in range(2000):
                connection.send(request)
        assert running.visitor.ask("/robots.txt").status == 200
        assert running.process.stdin
        running.process.stdin.close()
        assert running.process.wait(timeout=5) == 0


def test_sigterm_ends_it(running: Running) -> None:
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=5) == 143


def test_a_taken_port_is_told_and_ends_with_2(running: Running) -> None:
    command = [sys.executable, "-m", "aggregator.newsroom", "--port", str(running.port)]
    source = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    second = subprocess.run(command, input=b"", capture_output=True, env=source, timeout=20, check=False)
    assert second.returncode == 2
    assert f"cannot serve on 127.0.0.1:{running.port}".encode() in second.stderr
    assert b"Traceback" not in second.stderr


def test_a_clock_that_cannot_be_read_ends_with_2() -> None:
    command = [sys.executable, "-m", "aggregator.newsroom"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "AGGREGATOR_CLOCK": "noon"}
    failed = subprocess.run(command, input=b"", capture_output=True, env=environment, timeout=20, check=False)
    assert failed.returncode == 2
    assert b"AGGREGATOR_CLOCK=noon" in failed.stderr


def test_the_clock_runs_on_from_where_it_was_set() -> None:
    real = [OPENED_AT]
    set_to = clock("2030-01-01T00:00:00+00:00", lambda: real[0])
    ahead = clock("+3600", lambda: real[0])
    real[0] += timedelta(seconds=5)
    assert set_to() == datetime(2030, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert ahead() == real[0] + timedelta(hours=1)
    assert clock("", lambda: real[0])() == real[0]


def test_it_serves_inside_a_loop_with_a_clock_in_our_hand() -> None:
    moment = [TWO_DAYS_LATER]
    seen: list[tuple[int, str]] = []

    async def visit() -> None:
        stop, ready = asyncio.Event(), asyncio.Queue[str]()
        settings = NewsroomSettings(opened_at=OPENED_AT, size=1)
        serving = asyncio.create_task(serve(settings, now=lambda: moment[0], stop=stop, on_ready=ready.put_nowait))
        visitor = Visitor(int((await ready.get()).rpartition(":")[2]))
        for _ in range(2):
            reply = await asyncio.to_thread(visitor.ask, FEED)
            seen.append((reply.status, reply.headers["etag"]))
            moment[0] += timedelta(hours=1)
        visitor.close()
        stop.set()
        await serving

    asyncio.run(visit())
    assert [status for status, _ in seen] == [200, 200]
    assert seen[0][1] != seen[1][1]


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, False), ("", False), ("gzip", True), ("gzip;q=0", False), ("*", True), ("br;q=1.0, gzip;q=0.5", True),
     ("identity", False), ("*;q=0", False), ("GZIP", True), ("gzip;q=x", False)],
)  # fmt: skip
def test_gzip_negotiation(header: str | None, expected: bool) -> None:
    assert accepts_gzip(header) is expected


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        ('"a"', None, True), ('W/"a"', None, True), ('"b", "a"', None, True), ("*", None, True), ('"b"', None, False),
        ("", "Mon, 02 Mar 2026 06:00:00 GMT", False), ('"b"', "Mon, 02 Mar 2026 06:00:00 GMT", False),
        (None, "Mon, 02 Mar 2026 06:00:00 GMT", True),
        (None, "Mon, 02 Mar 2026 05:59:59 GMT", False), (None, "yesterday", False), (None, None, False),
    ],
)  # fmt: skip
def test_conditions(none_match: str | None, since: str | None, expected: bool) -> None:
    assert is_unchanged(none_match, since, ('"a"',), OPENED_AT) is expected
