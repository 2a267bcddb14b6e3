from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile import HostileServer, Line, answer, dot_test_names

from aggregator.errors import ConfigError
from aggregator.fetch.addresses import address_problem
from aggregator.fetch.exchange import (
    AddressRefusedError,
    ConnectFailedError,
    DeadlineExceededError,
    Exchange,
    HandshakeError,
    NoAnswerError,
    UnknownNameError,
    exchange_until,
)
from aggregator.fetch.resolve import REMEMBERED_NAMES, REMEMBERED_S, NotResolvedError, Resolver
from aggregator.fetch.tls import tls_context
from aggregator.fetch.transport import GuardedTransport
from aggregator.pipeline.abandon import run_abandonable


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        running.routes["/"] = answer(b"news")
        yield running


_OPEN: list[GuardedTransport] = []


@pytest.fixture(autouse=True)
def _closing() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


def _resolver(getaddrinfo: Callable[..., list[tuple[object, ...]]] = dot_test_names) -> Resolver:
    return Resolver(getaddrinfo=getaddrinfo, abandon=run_abandonable, monotonic=time.monotonic)


def _transport(
    problem: Callable[[str], str | None] = lambda _: None,
    *,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
    max_connections: int = 4,
) -> GuardedTransport:
    transport = GuardedTransport(
        resolver=resolver or _resolver(),
        refusal=lambda _host, address: problem(address),
        tls=tls or ssl.create_default_context(),
        max_connections=max_connections,
    )
    _OPEN.append(transport)
    return transport


def _get(transport: GuardedTransport, url: str, timeout_s: float = 5.0) -> tuple[bytes, Exchange]:
    with exchange_until(time.monotonic() + timeout_s, time.monotonic) as exchange:
        response = transport.get(url, ())
        try:
            return b"".join(response.body), exchange
        finally:
            response.close()


# --- abandoning -----------------------------------------------------------------------------------------------------


def test_the_result_and_the_error_of_abandonable_work_come_back() -> None:
    assert run_abandonable(lambda: 7, 5.0) == 7
    assert run_abandonable(lambda: None, 5.0) is None
    with pytest.raises(ZeroDivisionError):
        run_abandonable(lambda: 1 // 0, 5.0)


def test_work_that_takes_too_long_is_abandoned() -> None:
    never = threading.Event()
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        run_abandonable(never.wait, 0.1)
    assert time.monotonic() - started < 2
    assert any(thread.daemon and thread.name == "abandonable" for thread in threading.enumerate())
    never.set()


# --- names ----------------------------------------------------------------------------------------------------------


class CountingNames:
    """A name service that counts its questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **options: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        return dot_test_names(host, port, **options)


def test_a_name_is_remembered_for_a_minute() -> None:
    names, now = CountingNames(), [1000.0]
    resolver = Resolver(getaddrinfo=names, abandon=run_abandonable, monotonic=lambda: now[0])
    first = resolver.resolve("a.test", 80, 5.0)
    assert [address.ip for address in first] == ["127.0.0.1"]
    now[0] += REMEMBERED_S - 0.1
    assert resolver.resolve("a.test", 80, 5.0) == first
    assert names.asked == ["a.test"]
    now[0] += 0.2
    resolver.resolve("a.test", 80, 5.0)
    assert names.asked == ["a.test", "a.test"]


def test_the_memory_for_names_is_bounded() -> None:
    names = CountingNames()
    resolver = Resolver(getaddrinfo=names, abandon=lambda work, _timeout_s: work(), monotonic=time.monotonic)
    for number in range(REMEMBERED_NAMES + 1):
        resolver.resolve(f"{number}.test", 80, 5.0)
    names.asked.clear()
    resolver.resolve(f"{REMEMBERED_NAMES}.test", 80, 5.0)
    assert names.asked == []
    resolver.resolve("0.test", 80, 5.0)
    assert names.asked == ["0.test"]


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".test.invalid", "a..b", "\udc80"])
def test_a_name_without_an_address_is_an_expected_error(host: str) -> None:
    with pytest.raises(NotResolvedError):
        _resolver().resolve(host, 80, 5.0)


def test_an_answer_without_addresses_is_an_expected_error() -> None:
    with pytest.raises(NotResolvedError, match="no address"):
        _resolver(lambda *_args, **_options: []).resolve("a.test", 80, 5.0)


# --- the check of addresses -----------------------------------------------------------------------------------------


def _listing(*addresses: str) -> Resolver:
    """Return a resolver that lists these addresses for every name."""

    def getaddrinfo(_host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return _resolver(getaddrinfo)


def test_a_name_that_resolves_to_an_inner_address_is_refused(server: HostileServer) -> None:
    transport = _transport(address_problem)
    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1 is a loopback address"):
        _get(transport, server.url(host="public.test"))
    assert server.requests == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1."])
def test_odd_spellings_are_refused_by_the_address_they_mean(server: HostileServer, host: str) -> None:
    resolver = _resolver(lambda *args, **options: list(socket.getaddrinfo(*args, **options)))
    with pytest.raises((AddressRefusedError, UnknownNameError)):
        _get(_transport(address_problem, resolver=resolver), server.url(host=host))
    assert server.requests == []


def test_allowed_addresses_of_a_name_are_used_and_the_others_are_not(server: HostileServer) -> None:
    transport = _transport(
        lambda address: None if address == "127.0.0.1" else f"{address} is forbidden",
        resolver=_listing("127.0.0.2", "127.0.0.1", "127.0.0.3"),
    )
    body, _ = _get(transport, server.url(host="mixed.test"))
    assert body == b"news"


def test_the_address_that_is_really_connected_is_checked(server: HostileServer) -> None:
    asked: list[str] = []

    def changes_its_mind(address: str) -> str | None:
        asked.append(address)
        return None if len(asked) == 1 else f"{address} is forbidden now"

    with pytest.raises(AddressRefusedError, match="forbidden now"):
        _get(_transport(changes_its_mind), server.url(host="rebinding.test"))
    assert asked == ["127.0.0.1", "127.0.0.1"]
    assert server.requests == []


def test_a_dead_address_is_passed_over(server: HostileServer) -> None:
    # The server listens on 127.0.0.1 only.
    body, _ = _get(_transport(resolver=_listing("127.0.0.9", "127.0.0.1")), server.url(host="half-dead.test"))
    assert body == b"news"


# --- the deadline ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/silence", "/drip", "/drip-head"])
def test_nothing_that_a_server_does_outlives_the_deadline(server: HostileServer, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        _get(_transport(), server.url(path), timeout_s=0.4)
    assert 0.3 < time.monotonic() - started < 2


def test_a_name_that_is_never_resolved_does_not_outlive_the_deadline() -> None:
    stuck = threading.Event()

    def getaddrinfo(*_args: object, **_options: object) -> list[tuple[object, ...]]:
        stuck.wait(10)
        return []

    started = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        _get(_transport(resolver=_resolver(getaddrinfo)), "http://slow.test/", timeout_s=0.3)
    assert time.monotonic() - started < 2
    stuck.set()


def test_a_connection_that_nobody_accepts_does_not_outlive_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
        started = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            _get(_transport(), f"http://127.0.0.1:{port}/", timeout_s=0.3)
        assert time.monotonic() - started < 2
        for connection in waiting:
            connection.close()


def test_a_request_that_is_never_taken_does_not_outlive_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        headers = [(b"X-Long", b"x" * 20_000_000)]
        started = time.monotonic()
        with exchange_until(started + 0.3, time.monotonic), pytest.raises(DeadlineExceededError):
            _transport().get(url, headers)
        assert time.monotonic() - started < 3


def test_a_handshake_that_never_ends_does_not_outlive_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        started = time.monotonic()
        with pytest.raises(DeadlineExceededError):
            _get(_transport(), f"https://127.0.0.1:{mute.getsockname()[1]}/", timeout_s=0.3)
        assert time.monotonic() - started < 2


def test_waiting_for_a_free_connection_does_not_outlive_the_deadline(server: HostileServer) -> None:
    transport = _transport(max_connections=1)
    with exchange_until(time.monotonic() + 10, time.monotonic):
        holding = transport.get(server.url("/drip"), ())
        with pytest.raises(DeadlineExceededError):
            _get(transport, server.url("/"), timeout_s=0.2)
        holding.close()


# --- connections ----------------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(server: HostileServer) -> None:
    transport = _transport()
    for _ in range(3):
        assert _get(transport, server.url())[0] == b"news"
    assert len({request.peer for request in server.requests}) == 1


def test_each_transport_has_connections_of_its_own(server: HostileServer) -> None:
    _get(_transport(), server.url())
    with pytest.raises(AddressRefusedError):
        _get(_transport(address_problem), server.url())
    assert len(server.requests) == 1


def test_a_kept_connection_that_the_server_closed_costs_a_second_try_only(server: HostileServer) -> None:
    closing = threading.Event()

    def close_on_the_second(line: Line) -> None:
        if closing.is_set() and len({request.peer for request in server.requests}) == 1:
            return  # closes the connection that was kept, as the request arrives
        closing.set()
        line.respond(200, body=b"news")

    server.routes["/"] = close_on_the_second
    transport = _transport()
    assert _get(transport, server.url())[0] == b"news"
    assert _get(transport, server.url())[0] == b"news"
    assert [request.peer == server.requests[0].peer for request in server.requests] == [True, True, False]


@pytest.mark.parametrize("path", ["/hang-up", "/reset"])
def test_a_fresh_connection_without_an_answer_is_not_tried_again(server: HostileServer, path: str) -> None:
    with pytest.raises(NoAnswerError):
        _get(_transport(), server.url(path))
    assert len(server.requests) == 1


def test_a_closed_port_is_a_failed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectFailedError, match="refused"):
        _get(_transport(), f"http://127.0.0.1:{port}/")


def test_requests_overlap(server: HostileServer) -> None:
    together = threading.Barrier(4, timeout=5)

    def meet(line: Line) -> None:
        together.wait()
        line.respond(200, body=b"met")

    server.routes["/meet"] = meet
    transport = _transport(max_connections=4)
    bodies: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: bodies.append(_get(transport, server.url("/meet"))[0])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert bodies == [b"met"] * 4


def test_received_bytes_are_counted_on_the_wire(server: HostileServer) -> None:
    _, exchange = _get(_transport(), server.url())
    assert exchange.received_bytes == len(b"HTTP/1.1 200 Thus\r\nContent-Length: 4\r\n\r\nnews")


# --- TLS ------------------------------------------------------------------------------------------------------------


def make_certificate(folder: Path, *names: str) -> Path:
    """Write a self-signed certificate and its key into one PEM file. An address is written `IP:127.0.0.1`."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subject = [
        "-subj",
        f"/CN={names[0]}",
        "-addext",
        "subjectAltName=" + ",".join(_alternative(name) for name in names),
    ]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "2"]
    subprocess.run([*command, *files, *subject], check=True, capture_output=True)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    return both


def _alternative(name: str) -> str:
    return name if name.startswith("IP:") else f"DNS:{name}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "secure.test")


def test_a_certificate_of_nobody_is_refused(certificate: Path) -> None:
    with HostileServer(certificate) as server:
        with pytest.raises(HandshakeError, match="certificate is not valid: self-signed certificate"):
            _get(_transport(tls=tls_context()), server.url(host="secure.test"))
        assert server.requests == []


def test_an_authority_of_the_user_is_trusted_for_its_names_only(certificate: Path) -> None:
    with HostileServer(certificate) as server:
        server.routes["/"] = answer(b"secret news")
        transport = _transport(tls=tls_context(certificate))
        assert _get(transport, server.url(host="secure.test"))[0] == b"secret news"
        with pytest.raises(HandshakeError, match=r"not valid for 'other\.test'"):
            _get(transport, server.url(host="other.test"))


def test_plain_http_is_no_handshake(server: HostileServer) -> None:
    with pytest.raises(HandshakeError):
        _get(_transport(), f"https://127.0.0.1:{server.port}/")


def test_a_drip_under_tls_does_not_outlive_the_deadline(certificate: Path) -> None:
    with HostileServer(certificate) as server, pytest.raises(DeadlineExceededError):
        _get(_transport(tls=tls_context(certificate)), server.url("/drip", host="secure.test"), timeout_s=0.4)


def test_an_unusable_file_of_authorities_is_named(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        path = tmp_path / "authorities.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigError, match=r"authorities\.pem"):
            tls_context(path)


def test_pools_of_one_trust_do_not_serve_the_other(server: HostileServer) -> None:
    """The reason for two transports: one pool does hand out an open connection without a second look."""
    trusting = [True]
    transport = _transport(lambda address: None if trusting[0] else address_problem(address))
    _get(transport, server.url())
    trusting[0] = False
    assert _get(transport, server.url())[0] == b"news"
