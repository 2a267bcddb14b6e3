"""A web server on the loopback that misbehaves as the real web does, and remembers every request byte for byte.

    with HostileServer() as server:
        server.routes["/feed"] = answer(b"<rss/>", headers=[("ETag", 'W/"1"')])
        ... server.url("/feed") ...
        server.requests[0].value("User-Agent")

A route is a function of a `Line`, which can send whatever bytes it likes. `HOSTILE_ROUTES` are there from the start.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

Header = tuple[str, str]


@dataclass(frozen=True)
class Received:
    """A request as it came. `peer` is the client's port: two requests with the same one shared a connection."""

    method: str
    target: str
    headers: tuple[Header, ...]
    peer: int

    def value(self, name: str) -> str | None:
        values = [value for given, value in self.headers if given.lower() == name.lower()]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    @property
    def names(self) -> list[str]:
        return [name.lower() for name, _ in self.headers]


class Line:
    """The server's end of a connection, with the request that came over it."""

    def __init__(self, connection: socket.socket, request: Received, stopped: threading.Event) -> None:
        self.request = request
        self.keep = False
        self._connection = connection
        self._stopped = stopped

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def head(self, status: int, headers: Iterable[Header] = ()) -> None:
        lines = [f"HTTP/1.1 {status} Thus", *(f"{name}: {value}" for name, value in headers), "", ""]
        self.send("\r\n".join(lines).encode("latin-1"))

    def respond(self, status: int, headers: Iterable[Header] = (), body: bytes = b"") -> None:
        """Send a whole and honest response, and keep the connection for the next request."""
        self.head(status, [*headers, ("Content-Length", str(len(body)))])
        self.send(body)
        self.keep = True

    def wait(self, seconds: float) -> bool:
        """Sleep; False when the server is being stopped."""
        return not self._stopped.wait(seconds)

    def until_stopped(self) -> None:
        self._stopped.wait()

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def relay(self, other: socket.socket) -> None:
        """Pass bytes on in both directions until one side has no more."""
        pump = threading.Thread(target=_pump, args=(self._connection, other), daemon=True)
        pump.start()
        _pump(other, self._connection)
        pump.join(5)

    def reset(self) -> None:
        """End the connection as a crashed server does."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._connection.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


Route = Callable[[Line], None]


def not_found(line: Line) -> None:
    line.respond(404)


@dataclass
class HostileServer:
    """Listens on 127.0.0.1, each connection in a thread. With a `certificate` (PEM, its key included) it speaks TLS.

    `fallback` answers what no route does. `accepted` counts connections, whether or not a request came over them.
    """

    certificate: Path | None = None
    fallback: Route = not_found
    accepted: int = 0
    routes: dict[str, Route] = field(default_factory=lambda: dict(HOSTILE_ROUTES))
    requests: list[Received] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        # Closing a listener does not wake who waits on it; a last connection does.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        self._threads[0].join(5)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Received]:
        return [request for request in self.requests if request.target == path]

    def _accept(self) -> None:
        while True:
            connection, (_, peer, *_) = self._listener.accept()
            if self._stopped.is_set():
                connection.close()
                return
            self.accepted += 1
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, peer), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, peer: int) -> None:
        # The client may go away whenever it likes.
        with contextlib.suppress(OSError), contextlib.closing(self._secured(connection)) as line:
            while (request := _read_request(line, peer)) is not None:
                self.requests.append(request)
                answered = Line(line, request, self._stopped)
                self.routes.get(request.target, self.fallback)(answered)
                if not answered.keep:
                    return

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self.certificate is None:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            raise
        self._connections.append(secured)
        return secured


def _read_request(connection: socket.socket, peer: int) -> Received | None:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        more = connection.recv(65536)
        if not more:
            return None
        if more.startswith(b"\x16"):  # a TLS handshake at the wrong door
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return None
        data += more
    first, *lines = data.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = [line.partition(": ") for line in lines if line]
    return Received(method, target, tuple((name, value) for name, _, value in headers), peer)


# --- honest routes --------------------------------------------------------------------------------------------------


def answer(body: bytes = b"", *, status: int = 200, headers: Sequence[Header] = ()) -> Route:
    return lambda line: line.respond(status, headers, body)


def redirect(target: str, *, status: int = 302, headers: Sequence[Header] = ()) -> Route:
    return lambda line: line.respond(status, [("Location", target), *headers])


def conditional(body: bytes, *, etag: str | None = None, last_modified: str | None = None) -> Route:
    """Answer 304 to a request that repeats the validators exactly, 200 to any other."""
    validators = [(name, value) for name, value in (("ETag", etag), ("Last-Modified", last_modified)) if value]

    def route(line: Line) -> None:
        same_etag = line.request.value("If-None-Match") == etag
        same_date = line.request.value("If-Modified-Since") == last_modified
        if same_etag and same_date:
            line.head(304, validators)
            line.keep = True
        else:
            line.respond(200, validators, body)

    return route


def password(user: str, secret: str, body: bytes) -> Route:
    """Answer 401 to whoever does not know the password (RFC 7617)."""
    expected = "Basic " + b64encode(f"{user}:{secret}".encode()).decode()

    def route(line: Line) -> None:
        if line.request.value("Authorization") == expected:
            line.respond(200, body=body)
        else:
            line.respond(401, [("WWW-Authenticate", 'Basic realm="news"')])

    return route


# --- hostile routes -------------------------------------------------------------------------------------------------


def silence(line: Line) -> None:
    """Take the request and never answer."""
    line.until_stopped()


def hang_up(line: Line) -> None:
    """Close the connection instead of answering."""


def reset(line: Line) -> None:
    line.reset()


def drip(line: Line) -> None:
    """Send a body of a byte every 20 ms, for ever."""
    line.head(200, [("Content-Type", "application/rss+xml")])
    while line.wait(0.02):
        line.send(b".")


def drip_head(line: Line) -> None:
    """Send a header of a byte every 20 ms, for ever."""
    line.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while line.wait(0.02):
        line.send(b".")


def header_flood(line: Line) -> None:
    line.send(b"HTTP/1.1 200 OK\r\n")
    while line.wait(0):
        line.send(b"X-Flood: " + b"f" * 1000 + b"\r\n")


def interim_flood(line: Line) -> None:
    while line.wait(0):
        line.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)


def endless(line: Line) -> None:
    """Send a body that never ends, as fast as it is taken."""
    line.head(200)
    while line.wait(0):
        line.send(b"x" * 65536)


def short_body(line: Line) -> None:
    """Promise more than is sent."""
    line.head(200, [("Content-Length", "100")])
    line.send(b"only this")


def cut_chunks(line: Line) -> None:
    """Leave a chunked body without its end."""
    line.head(200, [("Transfer-Encoding", "chunked")])
    line.chunk(b"only this")


def tiny_chunks(line: Line) -> None:
    """Send a long body of one byte a chunk."""
    line.head(200, [("Transfer-Encoding", "chunked")])
    line.send(b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n")
    line.keep = True


def not_http(line: Line) -> None:
    line.send(b"220 mail.example.org ESMTP\r\n")


def huge_claim(line: Line) -> None:
    """Announce a terabyte and send none of it."""
    line.head(200, [("Content-Length", str(10**12))])
    line.until_stopped()


def cookies(line: Line) -> None:
    line.respond(200, [("Set-Cookie", "spy=1; Path=/; Max-Age=99999"), ("Set-Cookie", "more=2")], b"crumbs")


def gzip_bomb(line: Line) -> None:
    """Send 10 GB of zeros in 10 MB of gzip, made while it is sent."""
    line.head(200, [("Content-Encoding", "gzip")])
    for piece in gzip_zeros(10 * 10**9):
        line.send(piece)


def gzip_zeros(length: int) -> Iterator[bytes]:
    """Yield the pieces of a gzip file of zeros."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = bytes(1_000_000)
    for _ in range(length // len(block)):
        piece = compressor.compress(block)
        if piece:
            yield piece
    yield compressor.flush()


HOSTILE_ROUTES: dict[str, Route] = {
    "/silence": silence,
    "/hang-up": hang_up,
    "/reset": reset,
    "/drip": drip,
    "/drip-head": drip_head,
    "/header-flood": header_flood,
    "/interim-flood": interim_flood,
    "/endless": endless,
    "/short-body": short_body,
    "/cut-chunks": cut_chunks,
    "/tiny-chunks": tiny_chunks,
    "/not-http": not_http,
    "/huge-claim": huge_claim,
    "/cookies": cookies,
    "/gzip-bomb": gzip_bomb,
    "/loop": redirect("/loop"),
    "/circle": redirect("/circle-2"),
    "/circle-2": redirect("/circle", status=301),
    "/to-metadata": redirect("http://169.254.169.254/latest/meta-data/"),
    "/to-file": redirect("file:///etc/passwd"),
    "/to-nowhere": answer(status=302),
}


# --- a proxy --------------------------------------------------------------------------------------------------------


def proxy(*, auth: tuple[str, str] | None = None) -> HostileServer:
    """Return an HTTP proxy that finds every name on this machine, and lets through only who knows the password.

    It serves absolute-form requests (RFC 9112, section 3.2.2) and CONNECT (RFC 9110, section 9.3.6), and keeps the
    credentials that were meant for itself.
    """
    expected = auth and "Basic " + b64encode(":".join(auth).encode()).decode()

    def serve(line: Line) -> None:
        if expected and line.request.value("Proxy-Authorization") != expected:
            line.respond(407, [("Proxy-Authenticate", 'Basic realm="proxy"')], b"the password!")
        elif line.request.method == "CONNECT":
            _tunnel(line)
        else:
            _forward(line)

    return HostileServer(routes={}, fallback=serve)


def _tunnel(line: Line) -> None:
    with _beyond(urlsplit(f"//{line.request.target}").port or 443) as origin:
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        line.relay(origin)


def _forward(line: Line) -> None:
    url = urlsplit(line.request.target)
    assert url.scheme == "http", f"not in absolute form: {line.request.target}"
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [(name, value) for name, value in line.request.headers if name.lower() != "proxy-authorization"]
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in kept), "", ""]
    with _beyond(url.port or 80) as origin:
        origin.sendall("\r\n".join(lines).encode("latin-1"))
        response = HTTPResponse(origin)
        response.begin()
        line.head(response.status, response.getheaders())
        line.send(response.read())
        line.keep = True


def _beyond(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


# --- names ----------------------------------------------------------------------------------------------------------


def dot_test_names(host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
    """Resolve as `socket.getaddrinfo` does, but every name below .test is this machine and no other name exists."""
    if host.endswith(".test"):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
