# ruff: noqa: S104 - addresses to refuse, not to listen on
"""URLs that confuse guards, against a real server on the loopback and a socket layer that writes down every connect.

No packet leaves the machine: `Wire` stands below the client as a router with address translation does, so that what is
sent to the one public address arrives at a server here. Loopback addresses are connected for real: a guard that failed
would be counted by the inner server.
"""

from __future__ import annotations

import errno
import socket
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hostile import HostileServer, Line, answer, proxy, redirect
from test_transport import make_certificate

from aggregator.fetch.guard import Trust, origin
from aggregator.fetch.http import HttpClient
from aggregator.fetch.proxies import ProxyRules, proxy_rules
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.resolve import REMEMBERED_S, GetAddrInfo, Resolver
from aggregator.pipeline.abandon import run_abandonable
from aggregator.records import Download, Outcome

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
FEED = b"<rss><channel/></rss>"
PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:4700::6810:85e5"
METADATA = "169.254.169.254"

NAMES = {
    "public.test": PUBLIC,
    "inside.test": "127.0.0.1",
    "localhost": "127.0.0.1",
    "127.0.0.1.nip.test": "127.0.0.1",
    "app.10-0-0-1.nip.test": "10.0.0.1",
    "7f000001.nip.test": "127.0.0.1",
    "nas.test": "192.168.1.10",
    "cgnat.test": "100.64.0.1",
    "metadata.test": METADATA,
    "metadata.google.internal": METADATA,
    "alibaba.test": "100.100.100.200",
    "oracle.test": "192.0.0.192",
    "azure.test": "168.63.129.16",
    "zero.test": "0.0.0.0",
    "this-network.test": "0.1.2.3",
    "multicast.test": "224.0.0.1",
    "broadcast.test": "255.255.255.255",
    "benchmark.test": "198.18.0.1",
    "reserved.test": "240.0.0.1",
    "six.test": "::1",
    "unspecified.test": "::",
    "mapped.test": "::ffff:127.0.0.1",
    "compatible.test": "::127.0.0.1",
    "translated.test": "::ffff:0:127.0.0.1",
    "nat64.test": "64:ff9b::7f00:1",
    "sixtofour.test": "2002:7f00:1::1",
    "teredo.test": "2001:0:7f00:1::1",
    "isatap.test": "2606:4700::5efe:127.0.0.1",
    "ula.test": "fd12:3456::1",
    "amazon.test": "fd00:ec2::254",
    "link-local.test": "fe80::1%1",
    "xn--bcher-kva.test": "127.0.0.1",
}


def names(host: str, port: int, **_options: object) -> list[tuple[Any, ...]]:
    """Resolve as `socket.getaddrinfo` does, odd spellings of addresses included, but ask no name service."""
    address = NAMES.get(host.rstrip(".").lower()) or (PUBLIC if host.rstrip(".").endswith(".example") else host)
    return list(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))


# "{port}" is that of the inner server. One a line, so that their number can be seen.
TRAPS = """
    http://127.0.0.1:{port}/ · http://127.0.0.1/ · https://127.0.0.1:{port}/ · http://127.8.9.10:{port}/
    http://127.1:{port}/ · http://127.0.1:{port}/ · http://127.000.000.001:{port}/ · http://127.0.0.1.:{port}/
    http://2130706433:{port}/ · http://017700000001:{port}/ · http://0x7f000001:{port}/ · http://0X7F000001:{port}/
    http://0x7f.0x0.0x0.0x1:{port}/ · http://0x7f.1:{port}/ · http://0177.0.0.1:{port}/ · http://0177.0.0.01:{port}/
    http://0177.1:{port}/ · http://127.0x0.0.1:{port}/ · http://127.0.0.0x1:{port}/ · http://00127.0.0.1:{port}/
    http://0:{port}/ · http://00:{port}/ · http://0x0:{port}/ · http://0.0.0.0:{port}/ · http://0.1.2.3:{port}/
    http://4294967297:{port}/ · http://6425673729:{port}/ · http://256.256.256.256:{port}/ · http://1.2.3.4.5:{port}/
    http://10.0.0.1/ · http://10.1/ · http://012.0.0.1/ · http://172.16.0.1/ · http://192.168.0.1/ · http://3232235521/
    http://0xc0a80001/ · http://100.64.0.1/ · http://198.18.0.1/ · http://192.0.2.1/ · http://224.0.0.1/
    http://240.0.0.1/ · http://255.255.255.255/
    http://169.254.169.254/latest/meta-data/ · http://169.254.43518/ · http://0xa9fea9fe/ · http://2852039166/
    http://0251.0376.0251.0376/ · http://0xA9.0xFE.0xA9.0xFE/ · http://169.254.170.2/v2/credentials
    http://100.100.100.200/latest/ · http://192.0.0.192/opc/v1/ · http://168.63.129.16/ · http://[fd00:ec2::254]/
    http://[::1]:{port}/ · http://[::]:{port}/ · http://[0:0:0:0:0:0:0:1]:{port}/ · http://[0000::0001]:{port}/
    http://[::ffff:127.0.0.1]:{port}/ · http://[::ffff:7f00:1]:{port}/ · http://[::ffff:7f00:0001]:{port}/
    http://[::127.0.0.1]:{port}/ · http://[::7f00:1]:{port}/ · http://[::ffff:0:127.0.0.1]:{port}/
    http://[64:ff9b::127.0.0.1]:{port}/ · http://[64:ff9b::a9fe:a9fe]/ · http://[64:ff9b:1::7f00:1]/
    http://[2002:7f00:1::]/ · http://[2002:a9fe:a9fe::1]/ · http://[2001:0:7f00:1::1]/ · http://[2001::80ff:fffe]/
    http://[2606:4700::5efe:127.0.0.1]/ · http://[fe80::1]/ · http://[fe80::1%25eth0]/ · http://[fe80::1%eth0]/
    http://[::1%25lo]:{port}/ · http://[fc00::1]/ · http://[fec0::1]/ · http://[ff02::1]/ · http://[2001:db8::1]/
    http://[100::1]/ · http://[4000::1]/ · http://[::ffff:10.0.0.1]/ · http://[::ffff:169.254.169.254]/
    http://[127.0.0.1]:{port}/ · http://[::1:{port}/ · http://::1:{port}/ · http://[v1.127.0.0.1]:{port}/
    http://[::1].public.test:{port}/ · http://[[::1]]:{port}/
    http://localhost:{port}/ · http://LOCALHOST:{port}/ · http://localhost.:{port}/ · http://news.localhost:{port}/
    http://ｌｏｃａｌｈｏｓｔ:{port}/ · http://loc%61lhost:{port}/ · http://local\u00adhost:{port}/
    http://１２７.0.0.1:{port}/ · http://①②⑦.⓪.⓪.①:{port}/ · http://127。0。0。1:{port}/ · http://127．0．0．1:{port}/
    http://127｡0｡0｡1:{port}/ · http://٣.0.0.1:{port}/ · http://0𝟎177.0.0.1:{port}/ · http://𝟏𝟐𝟕.𝟎.𝟎.𝟏:{port}/
    http://127%2e0%2e0%2e1:{port}/ · http://%31%32%37.0.0.1:{port}/ · http://127.0.0.1%00.public.test:{port}/
    http://127.0.0.1%20:{port}/ · http://127.0.0.1%2f@public.test/ · http://public.test%2f@127.0.0.1:{port}/
    http://public.test@127.0.0.1:{port}/ · http://127.0.0.1:{port}@public.test/ · http://a:b@inside.test:{port}/
    http://public.test:80@127.0.0.1:{port}/ · http://@127.0.0.1:{port}/ · http://a@b@127.0.0.1:{port}/
    http://public.test#@inside.test:{port}@127.0.0.1\x00/ · http://inside.test:{port}\\@public.test/
    http://public.test\\@127.0.0.1:{port}/ · http://127.0.0.1:{port}\\.public.test/ · http:\\\\127.0.0.1:{port}\\
    http:/\\127.0.0.1:{port}/ · http:///127.0.0.1:{port}/ · http:127.0.0.1:{port}/ · http:/127.0.0.1:{port}/
    //127.0.0.1:{port}/ · \\\\127.0.0.1:{port}\\ · 127.0.0.1:{port} · /\\127.0.0.1:{port}/
    http://127.0.0.1\t:{port}/ · http://127.0\t.0.1:{port}/ · ht\ttp://127.0.0.1:{port}/ · \x01http://127.0.0.1:{port}/
    http://\x00127.0.0.1:{port}/ · http://127.0.0.1:{port}\x7f/ · http://127.0.0.1\u200b:{port}/
    http://127.0.0.1 .public.test:{port}/ · http://127.0.0.1&@public.test#@inside.test:{port}/
    http://inside.test:{port}/ · http://INSIDE.test:{port}/ · http://inside.test.:{port}/ · http://bücher.test:{port}/
    http://127.0.0.1.nip.test:{port}/ · http://app.10-0-0-1.nip.test/ · http://7f000001.nip.test:{port}/
    http://nas.test/ · http://cgnat.test/ · http://metadata.test/ · http://metadata.google.internal/computeMetadata/v1/
    http://alibaba.test/ · http://oracle.test/ · http://azure.test/ · http://zero.test:{port}/
    http://this-network.test/ · http://multicast.test/ · http://broadcast.test/ · http://benchmark.test/
    http://reserved.test/ · http://six.test:{port}/ · http://unspecified.test:{port}/ · http://mapped.test:{port}/
    http://compatible.test:{port}/ · http://translated.test:{port}/ · http://nat64.test:{port}/
    http://sixtofour.test/ · http://teredo.test/ · http://isatap.test/ · http://ula.test/ · http://amazon.test/
    http://link-local.test/ · https://inside.test:{port}/ · https://metadata.test/
    http://public.test:22/ · http://public.test:25/ · http://public.test:587/ · http://public.test:2375/
    http://public.test:3306/ · http://public.test:5432/ · http://public.test:6379/ · http://public.test:6667/
    http://public.test:9200/ · http://public.test:11211/ · http://public.test:27017/ · http://public.test:0/
    http://public.test:65536/ · http://public.test:-1/ · http://public.test:+{port}x/ · http://public.test:{port}:22/
    file:///etc/passwd · file://127.0.0.1/etc/passwd · ftp://127.0.0.1:{port}/ · gopher://127.0.0.1:{port}/_GET
    dict://127.0.0.1:{port}/x · data:text/xml,<rss/> · javascript:alert(1) · ldap://127.0.0.1:{port}/
    ws://127.0.0.1:{port}/ · jar:http://127.0.0.1:{port}/!/ · view-source:http://127.0.0.1:{port}/
    unix:///run/docker.sock · http+unix://%2Frun%2Fdocker.sock/ · feed:http://127.0.0.1:{port}/
    netdoc:///etc/passwd · tftp://127.0.0.1:{port}/ · HTTP+http://127.0.0.1:{port}/
"""
TRAP_URLS = [url.strip(" ") for line in TRAPS.strip("\n").split("\n") for url in line.split(" · ")]

# What a redirect may also say, to lead from where it is to somewhere else.
RELATIVE_TRAPS = ["//inside.test:{port}/", "//127.0.0.1:{port}", "///127.0.0.1:{port}/", "//[::1]:{port}/", "//"]

HONEST_URLS = [
    *("http://public.test/feed", "http://PUBLIC.test/feed", "http://public.test./feed", "http://public.test:80/feed"),
    *("http://public.test:8080/feed", "http://public.test:8000/feed", "http://public.test:65535/feed"),
    *("https://public.test/feed", "https://public.test:443/feed", "https://public.test:8443/feed"),
    *("http://news.example/feed", "http://1und1.example/feed", "http://4chan.example/feed", "http://0x.example/feed"),
    *("http://127.0.0.1.example/feed", "http://10.example/feed", "http://localhost.example/feed"),
    *("http://bücher.example/feed", "http://xn--bcher-kva.example/feed", "http://müller。example/feed"),
    *("http://a-b.c-d.example/feed", "http://x_y.example/feed", "HTTP://news.example/feed"),
    *(f"http://{PUBLIC}/feed", f"http://{PUBLIC}:8080/feed", f"https://{PUBLIC}/feed"),
    *("http://public.test#@127.0.0.1\\@inside.test/", "http://public.test?@127.0.0.1/"),
    *("http://news.example/feed?next=http://127.0.0.1/", "http://news.example/feed#@127.0.0.1"),
    *("http://news.example/feed?user@127.0.0.1", "http://metadata.example/feed"),
    *(f"http://[{PUBLIC_V6}]/feed", f"http://[::ffff:{PUBLIC}]/feed", "http://news.example/moved"),
]


@dataclass
class Wire:
    """A router below the client: what is sent to an address of `outside` arrives at the loopback port of its own port.

    `connects` are the addresses and ports that sockets were asked to connect to, in order.
    """

    ports: Callable[[int], int]
    outside: tuple[str, ...] = (PUBLIC, PUBLIC_V6, f"::ffff:{PUBLIC}")
    connects: list[tuple[str, int]] = field(default_factory=list)
    _peers: weakref.WeakKeyDictionary[socket.socket, tuple[Any, ...]] = field(default_factory=weakref.WeakKeyDictionary)

    def insert(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connect, getpeername = socket.socket.connect, socket.socket.getpeername

        def spying_connect(one: socket.socket, address: Any) -> None:
            ip, port = address[:2]
            self.connects.append((ip, port))
            if ip in self.outside:
                # The loopback's mapped address serves sockets of both families.
                here = "127.0.0.1" if one.family is socket.AF_INET else "::ffff:127.0.0.1"
                connect(one, (here, self.ports(port)))
                self._peers[one] = address
            elif ip.startswith("127.") or ip == "::1":
                connect(one, address)
            else:
                raise OSError(errno.ENETUNREACH, "network is unreachable")

        monkeypatch.setattr(socket.socket, "connect", spying_connect)
        monkeypatch.setattr(socket.socket, "getpeername", lambda one: self._peers.get(one) or getpeername(one))


@pytest.fixture(scope="module")
def inner() -> Iterator[HostileServer]:
    """The service that nobody outside should reach; it answers everything."""
    with HostileServer(routes={}, fallback=answer(b"the crown jewels")) as running:
        yield running


@pytest.fixture(scope="module")
def outer() -> Iterator[HostileServer]:
    """The server at the public address."""
    with HostileServer() as running:
        running.routes["/feed"] = running.fallback = answer(FEED)
        running.routes["/moved"] = redirect("http://public.test:8080/feed", status=301)
        yield running


@pytest.fixture
def wire(outer: HostileServer, monkeypatch: pytest.MonkeyPatch) -> Wire:
    router = Wire(lambda _port: outer.port)
    router.insert(monkeypatch)
    return router


@contextmanager
def _client(
    getaddrinfo: GetAddrInfo = names,
    *,
    rules: ProxyRules | None = None,
    ca_file: Path | None = None,
    forgetful: bool = False,
) -> Iterator[HttpClient]:
    """Open a client; a `forgetful` one asks for a name anew each time."""
    ages = iter(range(0, 10**9, int(REMEMBERED_S) + 1))
    client = HttpClient(
        user_agent="news-aggregator/1.0",
        workers=4,
        resolver=Resolver(
            getaddrinfo=getaddrinfo,
            abandon=run_abandonable,
            monotonic=(lambda: float(next(ages))) if forgetful else time.monotonic,
        ),
        monotonic=time.monotonic,
        ca_file=ca_file,
        proxies=rules or ProxyRules(),
    )
    try:
        yield client
    finally:
        client.close()


def _request(url: str, trust: Trust = Trust.NETWORK) -> HttpRequest:
    return HttpRequest(url=url, trust=trust, accept="*/*", timeout_s=20.0, max_body_bytes=1_000_000)


def _get(client: HttpClient, url: str, trust: Trust = Trust.NETWORK) -> Download:
    return client.get(_request(url, trust), NOW)


# --- straight at it -------------------------------------------------------------------------------------------------


def test_there_are_enough_traps_and_honest_urls() -> None:
    assert len(set(TRAP_URLS)) == len(TRAP_URLS) >= 100
    assert len(set(HONEST_URLS)) == len(HONEST_URLS) >= 20


@pytest.mark.parametrize("trap", TRAP_URLS)
def test_no_trap_connects(wire: Wire, inner: HostileServer, trap: str) -> None:
    with _client() as client:
        download = _get(client, trap.replace("{port}", str(inner.port)))
    assert download.outcome in (Outcome.REFUSED, Outcome.BAD_URL)
    assert download.error
    assert wire.connects == []
    assert inner.accepted == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("trust", [Trust.NETWORK, Trust.CONFIGURED])
def test_no_redirect_leads_into_a_trap(
    wire: Wire,
    inner: HostileServer,
    outer: HostileServer,
    monkeypatch: pytest.MonkeyPatch,
    *,
    status: int,
    trust: Trust,
) -> None:
    monkeypatch.setattr(outer, "fallback", answer(status=404))  # some traps are relative, and lead to where they stand
    with _client() as client:
        for trap in TRAP_URLS + RELATIVE_TRAPS:
            target = trap.replace("{port}", str(inner.port)).encode().decode("latin-1")
            outer.routes["/go"] = redirect(target, status=status)
            download = _get(client, "http://public.test/go", trust)
            assert download.outcome is not Outcome.OK, trap
            assert download.error, trap
            assert {ip for ip, _ in wire.connects} == {PUBLIC}, trap
    assert inner.accepted == 0


def test_no_trap_is_named_to_a_proxy(wire: Wire, inner: HostileServer) -> None:
    with proxy() as through, _client(rules=proxy_rules(through.url(), {})) as client:
        for trap in TRAP_URLS:
            download = _get(client, trap.replace("{port}", str(inner.port)))
            assert download.outcome in (Outcome.REFUSED, Outcome.BAD_URL), trap
        assert (through.accepted, wire.connects, inner.accepted) == (0, [], 0)


def test_a_trap_behind_a_redirect_is_not_named_to_a_proxy(wire: Wire, inner: HostileServer) -> None:
    with proxy() as through:
        through.fallback = redirect(inner.url(host="inside.test"))
        with _client(rules=proxy_rules(through.url(), {})) as client:
            assert _get(client, "http://public.test/").outcome is Outcome.REFUSED
        assert [received.target for received in through.requests] == ["http://public.test/"]
        assert wire.connects == [("127.0.0.1", through.port)]
    assert inner.accepted == 0


# --- honest ones ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HostileServer, Path]]:
    certificate = make_certificate(tmp_path_factory.mktemp("tls"), "public.test", f"IP:{PUBLIC}")
    with HostileServer(certificate, routes={}, fallback=answer(FEED)) as running:
        yield running, certificate


def _reaches_v6() -> bool:
    """Whether an IPv6 socket can stand for another address here: it needs the system's mapped addresses."""
    try:
        with socket.socket(socket.AF_INET6) as one, socket.create_server(("127.0.0.1", 0)) as listener:
            one.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("url", HONEST_URLS)
def test_honest_urls_arrive(
    outer: HostileServer, secure: tuple[HostileServer, Path], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    if "[" in url and not _reaches_v6():
        pytest.skip("this system has no IPv6")
    server, certificate = secure
    wire = Wire(lambda port: server.port if port in (443, 8443) else outer.port)
    wire.insert(monkeypatch)
    with _client(ca_file=certificate) as client:
        download = _get(client, url)
    assert (download.outcome, download.error, download.body) == (Outcome.OK, None, FEED)
    assert wire.connects
    assert {ip for ip, _ in wire.connects} <= set(wire.outside)


# --- names that change their minds ------------------------------------------------------------------------------------


class Rebinding:
    """A name service that gives these addresses one after another, the last for ever."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = list(addresses)

    def __call__(self, _host: str, port: int, **options: object) -> list[tuple[Any, ...]]:
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        return names(address, port, **options)


def _and_close(body: bytes = FEED) -> Callable[[Line], None]:
    """Answer, and close the connection, so that the next request has to resolve again."""

    def route(line: Line) -> None:
        line.respond(200, body=body)
        line.keep = False

    return route


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", METADATA, "::1", "::ffff:127.0.0.1"])
def test_a_name_that_moves_inside_between_two_requests(
    wire: Wire, inner: HostileServer, outer: HostileServer, inside: str
) -> None:
    outer.routes["/close"] = _and_close()
    with _client(Rebinding(PUBLIC, inside), forgetful=True) as client:
        url = f"http://rebinding.test:{inner.port}/close"
        assert _get(client, url).body == FEED
        assert _get(client, url).outcome is Outcome.REFUSED
    assert wire.connects == [(PUBLIC, inner.port)]
    assert inner.accepted == 0


def test_a_name_that_moves_inside_between_two_hops(wire: Wire, inner: HostileServer, outer: HostileServer) -> None:
    def away(line: Line) -> None:
        line.respond(302, [("Location", "/secrets")])
        line.keep = False

    outer.routes["/away"] = away
    with _client(Rebinding(PUBLIC, "127.0.0.1"), forgetful=True) as client:
        assert _get(client, f"http://rebinding.test:{inner.port}/away").outcome is Outcome.REFUSED
    assert wire.connects == [(PUBLIC, inner.port)]
    assert inner.accepted == 0


def test_a_name_with_a_dead_public_address_and_an_inner_one(
    inner: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead_port = closed.getsockname()[1]
    wire = Wire(lambda _port: dead_port)
    wire.insert(monkeypatch)

    def both(_host: str, port: int, **_options: object) -> list[tuple[Any, ...]]:
        return [*names(PUBLIC, port), *names("127.0.0.1", port)]

    with _client(both) as client:
        assert _get(client, f"http://both.test:{inner.port}/").outcome is Outcome.UNREACHABLE
    assert wire.connects == [(PUBLIC, inner.port)]
    assert inner.accepted == 0


def test_a_connection_that_ends_elsewhere_is_not_used(inner: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket was asked for a public address, and says itself that it is connected to this machine."""
    wire = Wire(lambda _port: inner.port)
    wire.insert(monkeypatch)
    monkeypatch.setattr(socket.socket, "getpeername", lambda _one: ("127.0.0.1", inner.port))
    with _client() as client:
        download = _get(client, "http://public.test/")
    assert download.error == "refused: 127.0.0.1 is a loopback address and the URL came from the network"
    assert inner.requests == []


# --- what the user configured -----------------------------------------------------------------------------------------


def test_the_same_origin_reaches_the_users_own_network_and_no_metadata(outer: HostileServer, wire: Wire) -> None:
    wire.outside = (*wire.outside, "192.168.1.10", METADATA, "169.254.1.1")
    outer.routes["/photo.jpg"] = _and_close()
    picture = replace(_request("http://nas.test/photo.jpg"), trusted_origin=origin("http://nas.test/feed"))
    addresses = ("192.168.1.10", METADATA, "169.254.1.1", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0")
    with _client(Rebinding(*addresses), forgetful=True) as client:
        outcomes = [client.get(picture, NOW).outcome for _ in addresses]
    assert outcomes == [Outcome.OK] + [Outcome.REFUSED] * (len(addresses) - 1)
    assert wire.connects == [("192.168.1.10", 80)]


def test_a_configured_feed_reaches_the_metadata_service_only_if_its_url_says_so(wire: Wire) -> None:
    wire.outside = (*wire.outside, METADATA)
    with _client() as client:
        for url in ("http://metadata.test/feed", "http://2852039166/feed"):
            download = _get(client, url, Trust.CONFIGURED)
            assert download.error == (
                f"refused: {METADATA} is the address of a cloud's metadata service, where no name may lead"
            )
        assert wire.connects == []
        url = f"http://{METADATA}/feed"
        assert _get(client, url, Trust.CONFIGURED).body == FEED
        picture = replace(_request(f"http://{METADATA}/photo.jpg"), trusted_origin=origin(url))
        assert client.get(picture, NOW).outcome is Outcome.REFUSED
    assert wire.connects == [(METADATA, 80)]
