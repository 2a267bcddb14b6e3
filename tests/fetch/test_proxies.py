from __future__ import annotations

import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile import HostileServer, answer, conditional, dot_test_names, proxy, redirect, silence
from test_transport import make_certificate

from aggregator.errors import ConfigError
from aggregator.fetch.guard import Trust, origin
from aggregator.fetch.http import HttpClient
from aggregator.fetch.proxies import Proxy, ProxyRules, proxy_rules
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.resolve import GetAddrInfo, Resolver
from aggregator.pipeline.abandon import run_abandonable
from aggregator.records import Outcome, Validators

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
FEED = b"<rss><channel/></rss>"
PLAIN = "http://news.example/feed"
SECURE = "https://news.example/feed"


# --- which proxy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "environment", "plain", "secure"),
    [
        ("", {}, None, None),
        ("", {"http_proxy": "http://p:1"}, "http://p:1", None),
        ("", {"HTTPS_PROXY": "http://p:1"}, None, "http://p:1"),
        ("", {"all_proxy": "http://p:1"}, "http://p:1", "http://p:1"),
        ("", {"ALL_PROXY": "http://a:1", "https_proxy": "http://s:2"}, "http://a:1", "http://s:2"),
        ("", {"http_proxy": "http://low:1", "HTTP_PROXY": "http://up:1"}, "http://low:1", None),
        ("", {"http_proxy": "", "HTTP_PROXY": "http://up:1", "all_proxy": "http://a:1"}, None, "http://a:1"),
        ("", {"HTTP_PROXY": "p.example:3128"}, "http://p.example:3128", None),
        ("", {"HTTP_PROXY": "http://p.example/"}, "http://p.example:80", None),
        ("", {"HTTP_PROXY": "http://[::1]:3128"}, "http://[::1]:3128", None),
        # Inside a CGI script HTTP_PROXY is a header of the visitor's.
        ("", {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}, None, None),
        ("", {"http_proxy": "http://p:1", "REQUEST_METHOD": "GET"}, "http://p:1", None),
        ("", {"HTTPS_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, None, "http://p:1"),
        ("none", {"all_proxy": "http://p:1"}, None, None),
        (" None ", {"all_proxy": "http://p:1"}, None, None),
        ("http://set:8080", {"all_proxy": "http://p:1", "no_proxy": "*"}, "http://set:8080", "http://set:8080"),
    ],
)
def test_where_the_proxy_comes_from(
    setting: str, environment: Mapping[str, str], plain: str | None, secure: str | None
) -> None:
    rules = proxy_rules(setting, environment)
    chosen = [rules.proxy_for(url) for url in (PLAIN, SECURE)]
    assert [found and found.url for found in chosen] == [plain, secure]
    assert {found.url for found in rules.proxies} == {plain, secure} - {None}


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("", PLAIN, False),
        ("*", PLAIN, True),
        ("news.example", PLAIN, True),
        ("NEWS.EXAMPLE", PLAIN, True),
        ("other.example, news.example", PLAIN, True),
        ("other.example news.example", PLAIN, True),
        ("example", PLAIN, True),
        (".example", PLAIN, True),
        ("*.example", PLAIN, True),
        (".news.example", PLAIN, True),
        ("ews.example", PLAIN, False),
        ("news.example.org", PLAIN, False),
        (",.,*.,", PLAIN, False),
        ("news.example:80", PLAIN, True),
        ("news.example:443", PLAIN, False),
        ("news.example:443", SECURE, True),
        ("news.example:8080", "http://news.example:8080/", True),
        ("news.example", "http://news.example./", True),
        ("10.1.2.3", "http://10.1.2.3/", True),
        ("10.1.2.3:80", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("10.0.0.0/8", "http://10.example/", False),
        ("::1", "http://[::1]/", True),
        ("[::1]", "http://[::1]/", True),
        ("[::1]:80", "http://[::1]/", True),
        ("fd00::/8", "http://[fd12::1]:8080/", True),
    ],
)
def test_who_is_asked_without_the_proxy(no_proxy: str, url: str, *, direct: bool) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        rules = proxy_rules("", {"all_proxy": "http://p:1", name: no_proxy})
        assert (rules.proxy_for(url) is None) == direct


def test_credentials_of_a_proxy_are_read_and_not_shown() -> None:
    rules = proxy_rules("http://me:p%40ss@proxy.example:3128", {})
    assert rules.http == Proxy("http://proxy.example:3128", ("me", "p@ss"))
    assert rules.http.host == "proxy.example"
    assert "me" not in repr(rules).replace("name", "")
    assert "p@ss" not in repr(rules)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("socks5://me:secret@p:1080", "a proxy of the kind socks5, and only HTTP proxies can be used"),
        ("socks5h://me:secret@p:1080", "of the kind socks5h"),
        ("https://me:secret@p:1", "of the kind https"),
        ("http://me:secret@:1", "names no host"),
        ("http://me:secret@p:99999", "no URL of a proxy"),
        ("http://me:secret@p q", "names no host"),
        ("http://me:secret@[::1", "no URL of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(value: str, problem: str) -> None:
    for setting, environment, where in (
        (value, {}, "the setting [fetch] proxy"),
        ("", {"HTTPS_PROXY": value}, "the environment's HTTPS_PROXY"),
        ("", {"all_proxy": value}, "the environment's all_proxy"),
    ):
        with pytest.raises(ConfigError) as caught:
            proxy_rules(setting, environment)
        assert problem in str(caught.value)
        assert where in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_proxy_that_nobody_would_use_is_no_problem() -> None:
    environment = {"http_proxy": "http://p:1", "https_proxy": "", "all_proxy": "socks5://p:2"}
    assert proxy_rules("", environment).proxy_for(PLAIN) == Proxy("http://p:1")


# --- through the proxy ----------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        running.routes["/feed"] = answer(FEED)
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "secure.test", "IP:127.0.0.1", "IP:::1")


def _public_names(host: str, port: int, **options: object) -> list[tuple[object, ...]]:
    """Resolve names below .test to a public address, where the proxy alone will find them on this machine."""
    if host.endswith(".test") and host != "proxy.test":
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]
    return dot_test_names(host, port, **options)


@contextmanager
def _client(
    rules: ProxyRules, *, ca_file: Path | None = None, names: GetAddrInfo = _public_names
) -> Iterator[HttpClient]:
    client = HttpClient(
        user_agent="news-aggregator/1.0",
        workers=4,
        resolver=Resolver(getaddrinfo=names, abandon=run_abandonable, monotonic=time.monotonic),
        monotonic=time.monotonic,
        ca_file=ca_file,
        proxies=rules,
    )
    try:
        yield client
    finally:
        client.close()


def _rules(through: HostileServer, userinfo: str = "") -> ProxyRules:
    return proxy_rules(through.url(host="proxy.test").replace("//", f"//{userinfo}"), {})


def _request(url: str, trust: Trust = Trust.NETWORK) -> HttpRequest:
    return HttpRequest(url=url, trust=trust, accept="*/*", timeout_s=10.0, max_body_bytes=1_000_000)


def test_http_is_asked_in_absolute_form(server: HostileServer) -> None:
    server.routes["/feed?a=1"] = conditional(FEED, etag='"1"')
    with proxy() as through, _client(_rules(through)) as client:
        url = server.url("/feed?a=1", "public.test")
        first = client.get(_request(url + "#fragment"), NOW)
        assert (first.outcome, first.body, first.final_url) == (Outcome.OK, FEED, url + "#fragment")
        second = client.get(replace(_request(url), validators=first.validators), NOW)
        assert second.outcome is Outcome.NOT_MODIFIED
    assert [received.target for received in through.requests] == [url, url]
    assert through.requests[0].value("Host") == f"public.test:{server.port}"
    assert len(server.requests) == 2


def test_https_goes_through_a_tunnel_and_is_verified(certificate: Path) -> None:
    with HostileServer(certificate) as secure, proxy() as through:
        secure.routes["/feed"] = answer(FEED)
        with _client(_rules(through), ca_file=certificate) as client:
            assert client.get(_request(secure.url("/feed", "secure.test")), NOW).body == FEED
            assert client.get(_request(secure.url("/feed", "secure.test")), NOW).body == FEED
            wrong = client.get(_request(secure.url("/feed", "other.test")), NOW)
        assert wrong.outcome is Outcome.UNREACHABLE
        assert "not valid for 'other.test'" in (wrong.error or "")
        targets = [(received.method, received.target) for received in through.requests]
        assert targets == [("CONNECT", f"{name}.test:{secure.port}") for name in ("secure", "other")]
        assert len(secure.asked("/feed")) == 2
        assert len({received.peer for received in secure.requests}) == 1


def test_ipv6_addresses_keep_their_brackets(server: HostileServer, certificate: Path) -> None:
    with HostileServer(certificate) as secure, proxy() as through:
        secure.routes["/feed"] = answer(FEED)
        with _client(_rules(through), ca_file=certificate) as client:
            for url in (server.url("/feed", "[::1]"), secure.url("/feed", "[::1]")):
                assert client.get(_request(url, Trust.CONFIGURED), NOW).body == FEED
        assert [received.target for received in through.requests] == [
            server.url("/feed", "[::1]"),
            f"[::1]:{secure.port}",
        ]


def test_credentials_of_the_proxy_reach_the_proxy_only(server: HostileServer, certificate: Path) -> None:
    expected = "Basic " + b64encode("me:pässword".encode()).decode()
    with HostileServer(certificate) as secure, proxy(auth=("me", "pässword")) as through:
        secure.routes["/feed"] = answer(FEED)
        with _client(_rules(through, "me:p%C3%A4ssword@"), ca_file=certificate) as client:
            for url in (server.url("/feed", "public.test"), secure.url("/feed", "secure.test")):
                assert client.get(_request(url), NOW).body == FEED
        assert [received.value("Proxy-Authorization") for received in through.requests] == [expected, expected]
        for received in (*server.requests, *secure.requests):
            assert received.names == ["host", "user-agent", "accept", "accept-encoding"]


def test_credentials_of_a_feed_do_not_reach_the_proxy_in_a_tunnel(certificate: Path) -> None:
    with HostileServer(certificate) as secure, proxy() as through:
        secure.routes["/feed"] = answer(FEED)
        request = replace(
            _request(secure.url("/feed", "secure.test"), Trust.CONFIGURED),
            auth=("me", "secret"),
            headers=(("X-Key", "secret"),),
            validators=Validators('"1"'),
        )
        with _client(_rules(through), ca_file=certificate) as client:
            assert client.get(request, NOW).outcome is Outcome.OK
        assert {"authorization", "x-key", "if-none-match"} <= set(secure.requests[0].names)
        assert set(through.requests[0].names) <= {"host", "accept", "user-agent"}


@pytest.mark.parametrize("userinfo", ["", "me:wrong@"])
def test_a_proxy_that_wants_another_password_is_named(server: HostileServer, certificate: Path, userinfo: str) -> None:
    with HostileServer(certificate) as secure, proxy(auth=("me", "right")) as through:
        with _client(_rules(through, userinfo), ca_file=certificate) as client:
            for url in (server.url("/feed", "public.test"), secure.url("/feed", "secure.test")):
                download = client.get(_request(url), NOW)
                assert (download.outcome, download.status) == (Outcome.UNREACHABLE, None)
                assert (download.error or "").startswith("the proxy proxy.test did not let us through: it answered 407")
        assert server.requests == secure.requests == []


def test_a_proxy_that_is_not_there_is_named(server: HostileServer) -> None:
    with proxy() as gone:
        rules = _rules(gone)
    with _client(rules) as client:
        download = client.get(_request(server.url("/feed", "public.test")), NOW)
    assert (download.outcome, download.error) == (
        Outcome.UNREACHABLE,
        "the proxy proxy.test could not be reached: connection refused",
    )
    with _client(proxy_rules("http://nowhere.invalid:1", {})) as client:
        download = client.get(_request(server.url("/feed", "public.test")), NOW)
    assert (download.error or "").startswith("the proxy nowhere.invalid could not be reached: ")
    assert server.requests == []


def test_hosts_of_no_proxy_are_asked_directly(server: HostileServer) -> None:
    server.routes["/over"] = redirect(server.url("/feed", "public.test"))
    with proxy() as through:
        environment = {"HTTP_PROXY": through.url(), "NO_PROXY": "direct.test"}
        with _client(proxy_rules("", environment), names=_some_direct_names) as client:
            assert client.get(_request(server.url("/feed", "direct.test"), Trust.CONFIGURED), NOW).body == FEED
            assert through.accepted == 0
            assert client.get(_request(server.url("/over", "direct.test"), Trust.CONFIGURED), NOW).body == FEED
        assert [received.target for received in through.requests] == [server.url("/feed", "public.test")]


def _some_direct_names(host: str, port: int, **options: object) -> list[tuple[object, ...]]:
    return (dot_test_names if host == "direct.test" else _public_names)(host, port, **options)


def test_what_the_network_must_not_reach_is_not_named_to_the_proxy(server: HostileServer) -> None:
    with proxy() as through, _client(_rules(through), names=dot_test_names) as client:
        for host in ("inside.test", "127.0.0.1", "localhost"):
            assert client.get(_request(server.url("/feed", host)), NOW).outcome is Outcome.REFUSED
        unknown = client.get(_request("http://nowhere.invalid/"), NOW)
        assert unknown.outcome is Outcome.UNREACHABLE
        assert (unknown.error or "").endswith(", and unchecked it is not named to the proxy")
    assert (through.accepted, server.accepted) == (0, 0)


def test_what_the_user_configured_is_for_the_proxy_to_resolve(server: HostileServer) -> None:
    with proxy() as through, _client(_rules(through)) as client:
        url = server.url("/feed", "only-the-proxy-knows.invalid")
        assert client.get(_request(url, Trust.CONFIGURED), NOW).body == FEED
        picture = replace(_request(url), trusted_origin=origin(url))
        assert client.get(picture, NOW).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_deadline_holds_through_a_proxy(scheme: str) -> None:
    with proxy() as through:
        through.fallback = silence
        with _client(_rules(through)) as client:
            request = replace(_request(f"{scheme}://public.test/"), timeout_s=0.4)
            download = client.get(request, NOW)
    assert (download.outcome, download.error) == (Outcome.TIMEOUT, "public.test did not answer within 0.4 s")
    assert download.seconds < 10


def test_the_cap_and_the_deadline_hold_for_bodies_through_a_tunnel(certificate: Path) -> None:
    with (
        HostileServer(certificate) as secure,
        proxy() as through,
        _client(_rules(through), ca_file=certificate) as client,
    ):
        request = _request(secure.url("/endless", "secure.test"))
        assert client.get(request, NOW).outcome is Outcome.TOO_LARGE
        slow = replace(request, url=secure.url("/drip", "secure.test"), timeout_s=1.0)
        assert client.get(slow, NOW).outcome is Outcome.TIMEOUT
