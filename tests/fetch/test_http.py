from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import brotli
import pytest
import zstandard
from hostile import HostileServer, Line, answer, conditional, dot_test_names, gzip_zeros, password, redirect
from test_guard import CONFUSING_HOSTS
from test_transport import make_certificate

from aggregator.fetch.failures import Failure
from aggregator.fetch.guard import Trust, origin
from aggregator.fetch.http import MAX_LOCATION_BYTES, MAX_VALUE_BYTES, HttpClient
from aggregator.fetch.redirect import Hop, next_hop
from aggregator.fetch.request import HttpRequest, user_agent
from aggregator.fetch.resolve import Resolver
from aggregator.pipeline.abandon import run_abandonable
from aggregator.records import Download, Outcome, Validators

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
AGENT = "news-aggregator/1.0 (+https://example.org/bot)"
FEED = b"<rss><channel/></rss>"


@contextmanager
def _client(
    *,
    allow_private_networks: bool = False,
    workers: int = 4,
    ca_file: Path | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[HttpClient]:
    client = HttpClient(
        user_agent=AGENT,
        workers=workers,
        resolver=Resolver(getaddrinfo=dot_test_names, abandon=run_abandonable, monotonic=time.monotonic),
        monotonic=monotonic,
        allow_private_networks=allow_private_networks,
        ca_file=ca_file,
    )
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with _client() as opened:
        yield opened


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        running.routes["/feed"] = answer(FEED, headers=[("Content-Type", "application/rss+xml; charset=utf-8")])
        yield running


@pytest.fixture
def other() -> Iterator[HostileServer]:
    """A second server: another port is another origin."""
    with HostileServer() as running:
        running.routes["/feed"] = answer(FEED)
        yield running


def _request(url: str, trust: Trust = Trust.CONFIGURED) -> HttpRequest:
    return HttpRequest(url=url, trust=trust, accept="application/rss+xml", timeout_s=10.0, max_body_bytes=1_000_000)


def _get(client: HttpClient, url: str, trust: Trust = Trust.CONFIGURED) -> Download:
    return client.get(_request(url, trust), NOW)


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_exactly_these_headers_are_sent(client: HttpClient, server: HostileServer) -> None:
    _get(client, server.url("/feed"))
    assert server.requests[0].method == "GET"
    assert server.requests[0].headers == (
        ("Host", f"127.0.0.1:{server.port}"),
        ("User-Agent", AGENT),
        ("Accept", "application/rss+xml"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
    )


def test_our_name_carries_the_contact_if_there_is_one() -> None:
    assert user_agent("1.2", "https://example.org/bot") == "news-aggregator/1.2 (+https://example.org/bot)"
    assert user_agent("1.2", None) == "news-aggregator/1.2"


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/feed#latest", "/feed"),
        ("/feed?", "/feed?"),
        ("/feed?a=1&a=2&b", "/feed?a=1&a=2&b"),
        ("/a%2Fb/%7Eme/ü?q=ö", "/a%2Fb/%7Eme/%C3%BC?q=%C3%B6"),
        ("/ein bild.jpg", "/ein%20bild.jpg"),
        ("", "/"),
    ],
)
def test_the_url_is_sent_as_it_is_without_its_fragment(
    client: HttpClient, server: HostileServer, asked: str, target: str
) -> None:
    _get(client, server.url(asked))
    assert [request.target for request in server.requests] == [target]


def test_cookies_are_never_sent_back(client: HttpClient, server: HostileServer) -> None:
    server.routes["/to-cookies"] = redirect("/cookies", headers=[("Set-Cookie", "redirected=1")])
    for path in ("/cookies", "/to-cookies", "/cookies", "/feed"):
        assert _get(client, server.url(path)).outcome is Outcome.OK
    assert all("cookie" not in request.names and "referer" not in request.names for request in server.requests)


def test_the_environment_changes_nothing(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with _client() as fresh:
        assert _get(fresh, server.url("/feed")).outcome is Outcome.OK
    assert "authorization" not in server.requests[0].names


def test_the_users_headers_win_over_ours(client: HttpClient, server: HostileServer) -> None:
    headers = (("X-Key", "k\xe9y"), ("user-agent", "Mine"), ("Cookie", "consent=yes"))
    client.get(replace(_request(server.url("/feed")), headers=headers), NOW)
    received = server.requests[0]
    assert (received.value("X-Key"), received.value("User-Agent"), received.value("Cookie")) == (
        "k\xe9y",
        "Mine",
        "consent=yes",
    )


@pytest.mark.parametrize(
    "header",
    [
        *(("Content-Length", "5"), ("Transfer-Encoding", "chunked"), ("X-Bad", "a\r\nb: c")),
        ("Proxy-Authorization", "Basic eDp5"),
    ],
)
def test_headers_that_would_break_http_are_not_sent(
    client: HttpClient, server: HostileServer, header: tuple[str, str]
) -> None:
    download = client.get(replace(_request(server.url("/feed")), headers=(header,)), NOW)
    assert download.outcome is Outcome.REFUSED
    assert server.requests == []


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_download_tells_all(client: HttpClient, server: HostileServer) -> None:
    headers = [
        *(
            ("Content-Type", "application/atom+xml"),
            ("ETag", '"1"'),
            ("Last-Modified", "Sat, 01 Mar 2025 00:00:00 GMT"),
        ),
        *(("Cache-Control", "max-age=60"), ("Cache-Control", "public"), ("Expires", "0"), ("Retry-After", "7")),
        *(("Date", "Sat, 01 Mar 2025 11:59:00 GMT"), ("Age", "30")),
    ]
    server.routes["/full"] = answer(FEED, headers=headers)
    url = server.url("/full")
    download = _get(client, url)
    assert 0 < download.seconds < 5
    assert download.received_bytes > len(FEED)
    assert replace(download, seconds=0.0, received_bytes=0) == Download(
        url=url,
        final_url=url,
        outcome=Outcome.OK,
        started_at=NOW,
        seconds=0.0,
        status=200,
        validators=Validators('"1"', "Sat, 01 Mar 2025 00:00:00 GMT"),
        content_type="application/atom+xml",
        retry_after="7",
        cache_control="max-age=60, public",
        expires="0",
        date="Sat, 01 Mar 2025 11:59:00 GMT",
        age="30",
        body=FEED,
    )


@pytest.mark.parametrize(
    "etag",
    ['"1"', 'W/"1"', '"abc-gzip"', '"abc-br"', "no-quotes", '"a, b"', '""', 'W/"\xe9\xff"', "'single'", '"a\\"b"'],
)
def test_validators_come_back_byte_for_byte(client: HttpClient, server: HostileServer, etag: str) -> None:
    date = "Sat, 1 Mar 2025 00:00:00 +0000"  # not as RFC 9110 wants it, and kept
    server.routes["/feed"] = conditional(FEED, etag=etag, last_modified=date)
    request = _request(server.url("/feed"))
    first = client.get(request, NOW)
    assert (first.outcome, first.validators) == (Outcome.OK, Validators(etag, date))
    assert "if-none-match" not in server.requests[0].names
    assert "if-modified-since" not in server.requests[0].names
    second = client.get(replace(request, validators=first.validators), NOW)
    assert (second.outcome, second.status, second.body) == (Outcome.NOT_MODIFIED, 304, b"")
    assert second.error is None
    assert second.answered
    assert (first.conditional, second.conditional) == (False, True)
    assert len({received.peer for received in server.requests}) == 1


def test_a_304_brings_its_own_validators(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = answer(status=304, headers=[("ETag", '"new"'), ("Cache-Control", "max-age=9")])
    download = client.get(replace(_request(server.url("/feed")), validators=Validators('"old"', None)), NOW)
    assert download.validators == Validators('"new"', None)
    assert download.cache_control == "max-age=9"
    assert "if-modified-since" not in server.requests[0].names


def test_a_304_may_describe_a_body_that_it_has_not(client: HttpClient, server: HostileServer) -> None:
    def not_modified(line: Line) -> None:
        line.head(304, [("Content-Length", "9999999999"), ("Content-Encoding", "rot13"), ("ETag", '"1"')])
        line.keep = True

    server.routes["/feed"] = not_modified
    request = replace(_request(server.url("/feed")), validators=Validators('"1"', None))
    assert [client.get(request, NOW).outcome for _ in range(2)] == [Outcome.NOT_MODIFIED] * 2
    assert len({received.peer for received in server.requests}) == 1


def test_a_304_that_nobody_asked_for_is_a_bad_response(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = answer(status=304)
    assert _get(client, server.url("/feed")).outcome is Outcome.BAD_RESPONSE


@pytest.mark.parametrize("status", [201, 204, 206, 226, 300, 305, 400, 401, 403, 404, 410, 429, 500, 503, 599])
def test_other_statuses_are_errors_with_their_headers(client: HttpClient, server: HostileServer, status: int) -> None:
    headers = [("Retry-After", "120"), ("ETag", '"error page"'), ("Date", "today"), ("Age", "1"), ("Expires", "-1")]
    server.routes["/feed"] = answer(b"" if status == 204 else b"sorry", status=status, headers=headers)
    download = _get(client, server.url("/feed"))
    assert (download.outcome, download.status) == (Outcome.HTTP_ERROR, status)
    assert (download.retry_after, download.body, download.validators) == ("120", b"", Validators())
    assert (download.date, download.age, download.expires) == ("today", "1", "-1")
    assert download.error is not None
    assert download.error.startswith(f"127.0.0.1 answered {status}")


def test_203_is_an_answer(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = answer(FEED, status=203)
    assert _get(client, server.url("/feed")).body == FEED


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", gzip.compress(FEED, mtime=0)),
        ("deflate", zlib.compress(FEED)),
        ("br", brotli.compress(FEED)),
        ("zstd", zstandard.compress(FEED)),
        ("gzip, br", brotli.compress(gzip.compress(FEED, mtime=0))),
        ("identity", FEED),
    ],
)
def test_bodies_are_decoded(client: HttpClient, server: HostileServer, encoding: str, encoded: bytes) -> None:
    server.routes["/feed"] = answer(encoded, headers=[("Content-Encoding", encoding)])
    assert _get(client, server.url("/feed")).body == FEED


def test_a_body_of_tiny_chunks_is_read(client: HttpClient, server: HostileServer) -> None:
    assert _get(client, server.url("/tiny-chunks")).body == b"x" * 20_000


# --- credentials ----------------------------------------------------------------------------------------------------


def test_credentials_open_the_door(client: HttpClient, server: HostileServer) -> None:
    server.routes["/private"] = password("me", "pässword:1", FEED)
    request = _request(server.url("/private"))
    assert client.get(request, NOW).status == 401
    assert client.get(replace(request, auth=("me", "wrong")), NOW).status == 401
    assert client.get(replace(request, auth=("me", "pässword:1")), NOW).body == FEED


def test_credentials_in_a_configured_url_are_used_and_not_told(client: HttpClient, server: HostileServer) -> None:
    server.routes["/private"] = password("me", "p@ss", FEED)
    server.routes["/moved"] = redirect("/private", status=301)
    url = server.url("/moved").replace("http://", "http://me:p%40ss@")
    download = _get(client, url)
    assert download.body == FEED
    assert download.final_url == download.permanent_url == server.url("/private")
    assert "p@ss" not in repr(replace(_request(server.url()), auth=("me", "p@ss")))
    failed = _get(client, url.replace("/moved", "/drip-nowhere"))
    assert failed.error is not None
    assert "p%40ss" not in failed.error


@pytest.mark.parametrize("back", [False, True])
def test_credentials_headers_and_validators_stay_at_home(
    server: HostileServer, other: HostileServer, *, back: bool
) -> None:
    server.routes["/feed"] = redirect("/here")
    server.routes["/here"] = redirect(other.url("/feed", "far.test"))
    server.routes["/end"] = redirect("/very-end")
    server.routes["/very-end"] = answer(FEED)
    if back:
        other.routes["/feed"] = redirect(server.url("/end"))
    request = replace(
        _request(server.url("/feed")),
        auth=("me", "secret"),
        headers=(("X-Key", "secret"), ("User-Agent", "secret")),
        validators=Validators('"1"', "Sat, 01 Mar 2025 00:00:00 GMT"),
    )
    with _client(allow_private_networks=True) as free:
        assert free.get(request, NOW).outcome is Outcome.OK
    at_home, redirected, abroad = server.requests[0], server.requests[1], other.requests[0]
    assert at_home.value("Authorization") == "Basic " + b64encode(b"me:secret").decode()
    assert {"x-key", "if-none-match", "if-modified-since"} <= set(at_home.names)
    assert {"x-key", "authorization"} <= set(redirected.names)
    assert not {"if-none-match", "if-modified-since"} & set(redirected.names)
    for received in [abroad, *server.asked("/end"), *server.asked("/very-end")]:
        assert received.names == ["host", "user-agent", "accept", "accept-encoding"]
        assert received.value("User-Agent") == AGENT
    assert len(server.asked("/very-end")) == back


# --- redirects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [
        *(([301], True), ([308], True), ([302], False), ([303], False), ([307], False)),
        *(([301, 301], True), ([301, 308, 301], True), ([301, 302], False), ([302, 301], False)),
    ],
)
def test_only_an_unbroken_chain_of_permanent_redirects_moves_a_url(
    client: HttpClient, server: HostileServer, statuses: list[int], permanent: bool
) -> None:
    for number, status in enumerate(statuses):
        server.routes[f"/{number}"] = redirect(f"/{number + 1}?x#fragment", status=status)
        server.routes[f"/{number}?x"] = server.routes[f"/{number}"]
    server.routes[f"/{len(statuses)}?x"] = answer(FEED, headers=[("ETag", '"final"')])
    download = _get(client, server.url("/0"))
    final = server.url(f"/{len(statuses)}?x")
    assert (download.outcome, download.body, download.status) == (Outcome.OK, FEED, 200)
    assert (download.url, download.final_url) == (server.url("/0"), final)
    assert download.permanent_url == (final if permanent else None)
    assert download.validators == Validators('"final"', None)


def test_a_move_to_an_error_is_no_move(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = redirect("/gone", status=301)
    server.routes["/gone"] = answer(status=410)
    download = _get(client, server.url("/feed"))
    assert (download.status, download.permanent_url, download.final_url) == (410, None, server.url("/gone"))


@pytest.mark.parametrize(
    ("path", "error", "requests"),
    [
        ("/loop", "127.0.0.1 redirects in a circle", 1),
        ("/circle", "127.0.0.1 redirects in a circle", 2),
        ("/to-nowhere", "127.0.0.1 redirects without saying where to", 1),
        ("/to-file", "127.0.0.1 redirects to nowhere: only http and https URLs can be fetched, not file", 1),
        ("/downhill", "127.0.0.1 redirects more than 5 times", 6),
    ],
)
def test_redirects_that_lead_nowhere(
    client: HttpClient, server: HostileServer, path: str, error: str, requests: int
) -> None:
    for number in range(6):
        server.routes[f"/downhill{number or ''}"] = redirect(f"/downhill{number + 1}")
    server.routes["/downhill6"] = answer(FEED)
    download = _get(client, server.url(path))
    assert (download.outcome, download.error) == (Outcome.BAD_REDIRECT, error)
    assert len(server.requests) == requests


@pytest.mark.parametrize("spelling", ["/real?x=1", "/real?x=1#latest"])
def test_validators_go_to_the_url_behind_the_redirect_that_gave_them(
    server: HostileServer, other: HostileServer, spelling: str
) -> None:
    real = other.url("/real?x=1", "far.test")
    server.routes["/feed"] = redirect(real)
    other.routes["/real?x=1"] = conditional(FEED, etag='W/"1"', last_modified="Sat, 01 Mar 2025 00:00:00 GMT")
    request = _request(server.url("/feed"))
    with _client(allow_private_networks=True) as client:
        first = client.get(request, NOW)
        known = replace(
            request, validators=first.validators, validators_url=other.url(spelling, "FAR.test").replace("//", "//me@")
        )
        second = client.get(known, NOW)
    assert (first.outcome, first.final_url, first.conditional) == (Outcome.OK, real, False)
    assert (second.outcome, second.final_url, second.conditional) == (Outcome.NOT_MODIFIED, real, True)
    assert second.validators == first.validators
    for received in server.requests:
        assert not {"if-none-match", "if-modified-since"} & set(received.names)


@pytest.mark.parametrize(
    "owner", ["/feed?x", "/", "/Feed", "https", "another host", "another port", "no url", "http://[::1"]
)
def test_validators_go_to_no_other_url(server: HostileServer, other: HostileServer, owner: str) -> None:
    others = {
        "https": server.url("/feed").replace("http:", "https:"),
        "another host": server.url("/feed", "localhost"),
        "another port": other.url("/feed"),
    }
    url = others.get(owner, server.url(owner) if owner.startswith("/") else owner)
    request = replace(_request(server.url("/feed")), validators=Validators('"1"', "a date"), validators_url=url)
    with _client() as client:
        download = client.get(request, NOW)
        assert (download.outcome, download.conditional) == (Outcome.OK, False)
        server.routes["/feed"] = answer(status=304)
        assert client.get(request, NOW).outcome is Outcome.BAD_RESPONSE
    for received in server.requests:
        assert not {"if-none-match", "if-modified-since"} & set(received.names)


def test_a_304_behind_a_redirect_of_the_url_that_was_asked_is_a_bad_response(
    client: HttpClient, server: HostileServer
) -> None:
    server.routes["/feed"] = redirect("/moved")
    server.routes["/moved"] = answer(status=304)
    download = client.get(replace(_request(server.url("/feed")), validators=Validators('"1"')), NOW)
    assert (download.outcome, download.conditional) == (Outcome.BAD_RESPONSE, False)
    assert download.error == "127.0.0.1 answered 304 to a request without conditions"
    assert server.requests[0].value("If-None-Match") == '"1"'


def test_the_host_of_each_redirect_is_announced_before_it_is_asked(server: HostileServer) -> None:
    server.routes["/feed"] = redirect(server.url("/2", "Second.test"))
    server.routes["/2"] = redirect("/3")
    server.routes["/3"] = answer(FEED)
    announced: list[tuple[str, int, int]] = []

    def before_hop(host: str) -> None:
        announced.append((host, len(server.requests), threading.get_ident()))

    with _client(allow_private_networks=True) as client:
        request = replace(_request(server.url("/feed")), before_hop=before_hop)
        assert client.get(request, NOW).body == FEED
    here = threading.get_ident()
    assert announced == [("second.test", 1, here), ("second.test", 2, here)]


def test_a_redirect_that_is_refused_is_not_announced(client: HttpClient, server: HostileServer) -> None:
    announced: list[str] = []
    request = replace(_request(server.url("/to-metadata")), before_hop=announced.append)
    assert client.get(request, NOW).outcome is Outcome.REFUSED
    assert announced == []


def test_what_the_announcement_raises_ends_everything(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = redirect("/2")

    def before_hop(_host: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        client.get(replace(_request(server.url("/feed")), before_hop=before_hop), NOW)
    assert [received.target for received in server.requests] == ["/feed"]
    assert _get(client, server.url("/cookies")).outcome is Outcome.OK


def test_waiting_for_a_turn_is_no_part_of_the_deadline(server: HostileServer) -> None:
    server.routes["/feed"] = redirect("/2")
    server.routes["/2"] = redirect("/3")
    server.routes["/3"] = answer(FEED)
    waited_s = [0.0]

    def wait(_host: str) -> None:
        waited_s[0] += 60.0

    with _client(monotonic=lambda: time.monotonic() + waited_s[0]) as client:
        download = client.get(replace(_request(server.url("/feed")), before_hop=wait), NOW)
    assert (download.outcome, download.body) == (Outcome.OK, FEED)
    assert download.seconds > 120


@pytest.mark.parametrize("length", [MAX_VALUE_BYTES, MAX_VALUE_BYTES + 1])
def test_what_a_server_says_at_length_is_as_good_as_unsaid(
    client: HttpClient, server: HostileServer, length: int
) -> None:
    said = "x" * length
    names = ("ETag", "Last-Modified", "Content-Type", "Retry-After", "Cache-Control", "Expires", "Date", "Age")
    server.routes["/feed"] = answer(FEED, headers=[(name, said) for name in names])
    got = _get(client, server.url("/feed"))
    assert got.body == FEED
    values = (
        got.validators.etag,
        got.validators.last_modified,
        got.content_type,
        got.retry_after,
        got.cache_control,
        got.expires,
        got.date,
        got.age,
    )
    assert values == ((said if length <= MAX_VALUE_BYTES else None),) * 8


def test_many_short_values_are_one_long_one(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = answer(FEED, headers=[("Cache-Control", "x" * 100)] * 11)
    assert _get(client, server.url("/feed")).cache_control is None


def test_a_monstrous_location_is_no_address(client: HttpClient, server: HostileServer) -> None:
    longest = "/" + "x" * (MAX_LOCATION_BYTES - 1)
    server.routes["/feed"] = redirect(longest)
    server.routes[longest] = redirect(longest + "x")
    download = _get(client, server.url("/feed"))
    assert (download.outcome, download.final_url) == (Outcome.BAD_REDIRECT, server.url(longest))
    assert download.error == "127.0.0.1 redirects to an address of more than 8 KB"


def test_five_redirects_are_followed(client: HttpClient, server: HostileServer) -> None:
    for number in range(5):
        server.routes[f"/{number}"] = redirect(f"/{number + 1}")
    server.routes["/5"] = answer(FEED)
    assert _get(client, server.url("/0")).body == FEED


@pytest.mark.parametrize("location", ["http://[::1", "http://exam\tple.org/", "//", "http://x:99999/"])
def test_a_location_that_is_no_url(client: HttpClient, server: HostileServer, location: str) -> None:
    server.routes["/feed"] = redirect(location)
    assert _get(client, server.url("/feed")).outcome is Outcome.BAD_REDIRECT


def test_a_location_in_utf8_is_understood(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = redirect("/Übersicht".encode().decode("latin-1"))
    server.routes["/%C3%9Cbersicht"] = answer(FEED)
    assert _get(client, server.url("/feed")).body == FEED


def test_https_is_never_given_up(tmp_path: Path, server: HostileServer) -> None:
    certificate = make_certificate(tmp_path, "secure.test")
    with HostileServer(certificate) as secure, _client(ca_file=certificate) as client:
        secure.routes["/up"] = answer(FEED)
        secure.routes["/down"] = redirect(server.url("/feed"))
        assert _get(client, secure.url("/up", "secure.test")).body == FEED
        down = _get(client, secure.url("/down", "secure.test"))
        assert down.outcome is Outcome.BAD_REDIRECT
        assert down.error == "secure.test redirects from https to http, where anybody can read along"
        server.routes["/upgrade"] = redirect(secure.url("/up", "secure.test"))
        with _client(ca_file=certificate, allow_private_networks=True) as free:
            assert _get(free, server.url("/upgrade")).body == FEED
    assert server.asked("/feed") == []


@pytest.mark.parametrize(
    ("hop", "target", "expected"),
    [
        (
            Hop("https://a.example/1", Trust.CONFIGURED),
            "https://me@a.example/2",
            Hop("https://a.example/2", Trust.CONFIGURED, earlier=("https://a.example/1",)),
        ),
        (
            Hop("http://a.example/", Trust.CONFIGURED),
            "https://a.example/",
            Hop("https://a.example/", Trust.CONFIGURED, earlier=("http://a.example/",)),
        ),
        (
            Hop("http://a.example:8080/", Trust.CONFIGURED),
            "https://a.example/",
            Hop("https://a.example/", Trust.NETWORK, at_home=False, earlier=("http://a.example:8080/",)),
        ),
        (
            Hop("http://a.example/", Trust.CONFIGURED),
            "https://b.example/",
            Hop("https://b.example/", Trust.NETWORK, at_home=False, earlier=("http://a.example/",)),
        ),
        (Hop("https://a.example/", Trust.CONFIGURED), "http://a.example/", Outcome.BAD_REDIRECT),
        (Hop("https://a.example/", Trust.CONFIGURED), "https://me:secret@b.example/", Outcome.REFUSED),
        (Hop("https://a.example/", Trust.CONFIGURED), "https://b.example:25/", Outcome.REFUSED),
        (Hop("http://10.0.0.1/", Trust.CONFIGURED), "http://10.0.0.2/", Outcome.REFUSED),
        (Hop("http://b.example/", Trust.NETWORK, at_home=False), "http://10.0.0.1/", Outcome.REFUSED),
    ],
)
def test_what_a_redirect_changes(hop: Hop, target: str, expected: Hop | Outcome) -> None:
    following = next_hop(hop, 301, target, allow_private=False)
    assert (following.outcome if isinstance(following, Failure) else following) == expected


# --- trust ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "public.test"])
def test_the_network_does_not_reach_inside(client: HttpClient, server: HostileServer, host: str) -> None:
    download = _get(client, server.url("/feed", host), Trust.NETWORK)
    assert download.outcome is Outcome.REFUSED
    assert download.error == "refused: 127.0.0.1 is a loopback address and the URL came from the network"
    assert server.requests == []


@pytest.mark.parametrize("host", CONFUSING_HOSTS)
def test_confusing_hosts_from_the_network_get_no_connection(
    client: HttpClient, server: HostileServer, host: str
) -> None:
    download = _get(client, server.url("/feed", host), Trust.NETWORK)
    assert download.outcome in (Outcome.REFUSED, Outcome.BAD_URL)
    assert download.error
    assert server.requests == []


@pytest.mark.parametrize("path", ["/to-metadata", "/to-other", "/to-other-name", "/to-localhost"])
def test_a_redirect_does_not_reach_inside(
    client: HttpClient, server: HostileServer, other: HostileServer, path: str
) -> None:
    server.routes["/to-other"] = redirect(other.url("/feed"))
    server.routes["/to-other-name"] = redirect(other.url("/feed", "rebinding.test"))
    server.routes["/to-localhost"] = redirect(other.url("/feed", "localhost"))
    download = _get(client, server.url(path))
    assert download.outcome is Outcome.REFUSED
    assert download.error is not None
    assert download.error.endswith("and the URL came from the network")
    assert other.requests == []


def test_private_networks_can_be_allowed(server: HostileServer, other: HostileServer) -> None:
    server.routes["/to-other"] = redirect(other.url("/feed"))
    with _client(allow_private_networks=True) as free:
        assert _get(free, server.url("/to-other")).body == FEED
        assert _get(free, server.url("/feed"), Trust.NETWORK).body == FEED
        assert _get(free, server.url("/to-metadata")).outcome is Outcome.REFUSED


def test_the_origin_of_a_configured_feed_is_trusted(
    client: HttpClient, server: HostileServer, other: HostileServer
) -> None:
    trusted = origin(server.url("/feed"))
    request = replace(_request(server.url("/feed"), Trust.NETWORK), trusted_origin=trusted)
    assert client.get(request, NOW).outcome is Outcome.OK
    assert client.get(replace(request, url=other.url("/feed")), NOW).outcome is Outcome.REFUSED
    assert client.get(replace(request, url=server.url("/feed", "x.test")), NOW).outcome is Outcome.REFUSED


def test_an_open_connection_of_one_trust_does_not_serve_the_other(client: HttpClient, server: HostileServer) -> None:
    assert _get(client, server.url("/feed")).outcome is Outcome.OK
    assert _get(client, server.url("/feed"), Trust.NETWORK).outcome is Outcome.REFUSED
    assert _get(client, server.url("/feed")).outcome is Outcome.OK
    assert len({request.peer for request in server.requests}) == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("url", ["", "feed.xml", "ftp://example.org/", "http://", "http://a\nb/", "http://a/\ud800"])
def test_what_is_no_url(client: HttpClient, url: str) -> None:
    download = _get(client, url)
    assert (download.outcome, download.url, download.final_url) == (Outcome.BAD_URL, url, url)
    assert download.error


# --- hostile servers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "outcome", "error"),
    [
        ("/hang-up", Outcome.UNREACHABLE, "127.0.0.1 closed the connection without an answer"),
        ("/reset", Outcome.UNREACHABLE, "127.0.0.1 closed the connection without an answer"),
        ("/short-body", Outcome.BAD_RESPONSE, "127.0.0.1 gave a broken answer: "),
        ("/cut-chunks", Outcome.BAD_RESPONSE, "127.0.0.1 gave a broken answer: "),
        ("/not-http", Outcome.BAD_RESPONSE, "127.0.0.1 gave a broken answer: "),
        ("/header-flood", Outcome.BAD_RESPONSE, "127.0.0.1 gave a broken answer: "),
        ("/interim-flood", Outcome.BAD_RESPONSE, "127.0.0.1 gave a broken answer: its head does not end"),
        ("/endless", Outcome.TOO_LARGE, "the body is longer than 1 MB"),
        ("/gzip-bomb", Outcome.TOO_LARGE, "the body is longer than 1 MB"),
        ("/huge-claim", Outcome.TOO_LARGE, "the body is longer than 1 MB"),
    ],
)
def test_every_misbehaviour_has_its_outcome(
    client: HttpClient, server: HostileServer, path: str, outcome: Outcome, error: str
) -> None:
    started = time.monotonic()
    download = _get(client, server.url(path))
    assert download.outcome is outcome
    assert download.error is not None
    assert download.error.startswith(error)
    assert (download.body, download.validators) == (b"", Validators())
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("gzip", b"plain text", "the content is not gzip"),
        ("gzip", gzip.compress(FEED, mtime=0)[:-3], "the gzip content is cut short"),
        ("br", b"\xff\xff", "the br content"),
        ("zstd", zstandard.compress(FEED)[:-1], "the zstd content is cut short"),
        ("rot13", FEED, "the content encoding 'rot13' is unknown"),
    ],
)
def test_broken_encodings(client: HttpClient, server: HostileServer, encoding: str, body: bytes, error: str) -> None:
    server.routes["/feed"] = answer(body, headers=[("Content-Encoding", encoding)])
    download = _get(client, server.url("/feed"))
    assert download.outcome is Outcome.BAD_RESPONSE
    assert error in (download.error or "")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/silence", "127.0.0.1 did not answer within 0.4 s"),
        ("/drip-head", "127.0.0.1 did not answer within 0.4 s"),
        ("/drip", "127.0.0.1 did not finish its answer within 0.4 s"),
        ("/steps-0", "127.0.0.1 did not answer within 0.4 s"),
    ],
)
def test_the_deadline_spans_everything(client: HttpClient, server: HostileServer, path: str, error: str) -> None:
    def step(line: Line) -> None:
        """Redirect after 0.15 s: each step alone would be in time."""
        line.wait(0.15)
        number = int(line.request.target.rpartition("-")[2])
        line.respond(302, [("Location", f"/steps-{number + 1}")])

    server.routes |= {f"/steps-{number}": step for number in range(9)}
    started = time.monotonic()
    download = client.get(replace(_request(server.url(path)), timeout_s=0.4), NOW)
    assert (download.outcome, download.error) == (Outcome.TIMEOUT, error)
    assert 0.3 < download.seconds < 2
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("trust", Trust)
def test_a_name_that_does_not_exist(client: HttpClient, trust: Trust) -> None:
    download = _get(client, "http://nowhere.invalid/", trust)
    assert download.outcome is Outcome.UNREACHABLE
    assert (download.error or "").startswith("the name nowhere.invalid could not be resolved: ")


def test_a_door_that_is_closed(client: HttpClient) -> None:
    with HostileServer() as gone:
        url = gone.url()
    download = _get(client, url)
    assert (download.outcome, download.error) == (
        Outcome.UNREACHABLE,
        "127.0.0.1 could not be reached: connection refused",
    )


def test_an_untrusted_certificate(client: HttpClient, tmp_path: Path) -> None:
    with HostileServer(make_certificate(tmp_path, "secure.test")) as secure:
        download = _get(client, secure.url("/feed", "secure.test"))
    assert download.outcome is Outcome.UNREACHABLE
    assert download.error == (
        "no secure connection to secure.test: its certificate is not valid: self-signed certificate"
    )


def test_a_failure_behind_a_redirect_is_told_of_its_own_url(client: HttpClient, server: HostileServer) -> None:
    server.routes["/feed"] = redirect("/hang-up", headers=[("Retry-After", "7")])
    download = _get(client, server.url("/feed"))
    assert (download.url, download.final_url) == (server.url("/feed"), server.url("/hang-up"))
    assert (download.outcome, download.status, download.retry_after) == (Outcome.UNREACHABLE, None, None)


# --- the cap --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "zstd", "deflate"])
def test_the_cap_is_exact(client: HttpClient, server: HostileServer, encoding: str) -> None:
    encode = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress, "deflate": zlib.compress}
    for extra, outcome in ((0, Outcome.OK), (1, Outcome.TOO_LARGE)):
        body = encode.get(encoding, bytes)(b"n" * (1_000_000 + extra))
        server.routes["/feed"] = answer(body, headers=[("Content-Encoding", encoding)])
        download = _get(client, server.url("/feed"))
        assert (download.outcome, len(download.body)) == (outcome, 0 if extra else 1_000_000)


def test_bytes_that_decode_to_nothing_are_capped_too(client: HttpClient, server: HostileServer) -> None:
    def empty_blocks(line: Line) -> None:
        """Send stored deflate blocks of length 0, for ever."""
        line.head(200, [("Content-Encoding", "deflate")])
        while line.wait(0):
            line.send(b"\x00\x00\x00\xff\xff" * 10_000)

    server.routes["/feed"] = empty_blocks
    download = _get(client, server.url("/feed"))
    assert download.outcome is Outcome.TOO_LARGE
    assert download.received_bytes < 2_000_000


def _zstd_bomb() -> bytes:
    """Return a gigabyte of zeros in 32 kB (RFC 8878, RLE blocks)."""
    block = ((128 * 1024 << 3) | 1 << 1).to_bytes(3, "little") + b"\0"
    return (0xFD2FB528).to_bytes(4, "little") + b"\x00\x58" + block * 8000


BOMBS: dict[str, Callable[[], bytes]] = {
    "zstd": _zstd_bomb,
    "br": lambda: brotli.compress(bytes(50_000_000), quality=1),
    "gzip, gzip": lambda: gzip.compress(b"".join(gzip_zeros(300_000_000))),
    "gzip, br": lambda: brotli.compress(b"".join(gzip_zeros(300_000_000)), quality=1),
    # Stored blocks of length 0: ten megabytes of them, in some hundred bytes, mean nothing at all.
    "deflate, zstd": lambda: zstandard.compress(b"\x00\x00\x00\xff\xff" * 2_000_000),
}


@pytest.mark.parametrize("bomb", ["/gzip-bomb", "/endless", *BOMBS])
def test_the_cap_bounds_the_memory(client: HttpClient, server: HostileServer, bomb: str) -> None:
    path = bomb if bomb in server.routes else "/bomb"
    if bomb in BOMBS:
        server.routes["/bomb"] = answer(BOMBS[bomb](), headers=[("Content-Encoding", bomb)])
    _get(client, server.url(path))
    tracemalloc.start()
    try:
        assert _get(client, server.url(path)).outcome is Outcome.TOO_LARGE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A megabyte is allowed; the server's own buffers in this process count as well.
    assert peak < 8_000_000


# --- threads --------------------------------------------------------------------------------------------------------


def test_downloads_overlap_and_do_not_mix(server: HostileServer) -> None:
    together = threading.Barrier(8, timeout=10)

    def meet(line: Line) -> None:
        together.wait()
        line.respond(200, body=line.request.target.encode())

    server.routes |= {f"/{number}": meet for number in range(8)}
    downloads: dict[int, Download] = {}
    with _client(workers=8) as client:

        def get(number: int) -> None:
            downloads[number] = _get(client, server.url(f"/{number}"))

        for _ in range(3):
            threads = [threading.Thread(target=get, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(15)
            assert {number: download.body for number, download in downloads.items()} == {
                number: f"/{number}".encode() for number in range(8)
            }
            downloads.clear()
    assert len({request.peer for request in server.requests}) <= 8
