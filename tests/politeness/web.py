"""A web of many hosts on one machine: real HTTP/1.1 on the loopback, by script, with a log of every request.

    web.sites["news.example/feed"] = lambda asked: Reply(200, [("ETag", '"1"')], b"<rss/>")

`web.getaddrinfo` stands in for the resolver of the system: it leads every name to this server, the ports 80 and 443 to
its own two. A site is found by the Host header and the path; anything else is 404.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aggregator.ports import Clock

HTTP, HTTPS = 80, 443
VALIDATORS = ("if-none-match", "if-modified-since")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came, byte for byte (headers in latin-1), and when by the simulated clock."""

    at: datetime
    scheme: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    connection: int

    def value(self, name: str) -> str | None:
        """Return the value of a header that may be sent once."""
        values = [value for given, value in self.headers if given.lower() == name.lower()]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    @property
    def host(self) -> str:
        return self.value("host") or ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.target}"

    @property
    def site(self) -> str:
        return self.host + self.target.partition("?")[0]

    @property
    def conditional(self) -> bool:
        return any(self.value(name) is not None for name in VALIDATORS)

    def __str__(self) -> str:
        sent = [f"{name}: {value}" for name, value in self.headers if name.lower() in VALIDATORS]
        return "  ".join([f"{self.at:%Y-%m-%d %H:%M:%S}", f"{self.method} {self.url}", *sent])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to send. One that `hangs` is never sent."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    hangs: bool = False


Site = Callable[[Asked], Reply]
NOT_FOUND = Reply(404, [("Content-Type", "text/plain")], b"nothing here")
HANG = Reply(hangs=True)


def redirect(status: int, location: str, *headers: tuple[str, str]) -> Site:
    """Return a site that leads elsewhere."""
    return lambda _: Reply(status, [("Location", location), *headers])


def status(number: int, *headers: tuple[str, str], body: bytes = b"no") -> Site:
    """Return a site that always says the same."""
    return lambda _: Reply(number, headers, body)


@dataclass
class SimulatedWeb:
    """Listens on two ports of 127.0.0.1 while its block runs; the second one speaks TLS if there is a
    `certificate`."""

    clock: Clock
    certificate: Path | None = None
    sites: dict[str, Site] = field(default_factory=dict)
    log: list[tuple[Asked, Reply]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stopped = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listeners = {"http": self._listen("http")}
        if self.certificate is not None:
            self._listeners["https"] = self._listen("https")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()
        for listener in self._listeners.values():
            # Closing a listener does not wake who waits on it; a last connection does.
            with contextlib.suppress(OSError):
                socket.create_connection(listener.getsockname(), timeout=5).close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
        for listener in self._listeners.values():
            listener.close()

    @property
    def address(self) -> str:
        """Host and port by which a program that asks the real resolver reaches this web."""
        return f"127.0.0.1:{self._port('http')}"

    def getaddrinfo(self, _host: str, port: int, **_more: Any) -> list[tuple[Any, ...]]:
        here = {HTTP: "http", HTTPS: "https"}.get(port)
        address = ("127.0.0.1", self._port(here) if here in self._listeners else port)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address)]

    def asked(self, site: str | None = None) -> list[Asked]:
        """Return the requests for a site, or all."""
        return [asked for asked, _ in self.log if site is None or asked.site == site]

    def forget(self) -> None:
        self.log.clear()

    def text(self) -> str:
        """Return the log for a person."""
        return "\n".join(f"{asked}  → {'no answer' if reply.hangs else reply.status}" for asked, reply in self.log)

    def _port(self, scheme: str | None) -> int:
        port: int = self._listeners[scheme or "http"].getsockname()[1]
        return port

    def _listen(self, scheme: str) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._start(self._accept, listener, scheme)
        return listener

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket, scheme: str) -> None:
        while True:
            connection, _ = listener.accept()
            if self._stopped.is_set():
                connection.close()
                return
            self._connections.append(connection)
            self._start(self._serve, connection, scheme, len(self._connections))

    def _serve(self, connection: socket.socket, scheme: str, number: int) -> None:
        # The client may go away whenever it likes.
        with contextlib.suppress(OSError), contextlib.closing(self._secured(connection, scheme)) as line:
            reader = line.makefile("rb")
            while (asked := self._read(reader, scheme, number)) is not None:
                site = self.sites.get(asked.site)
                reply = site(asked) if site is not None else NOT_FOUND
                self.log.append((asked, reply))
                if reply.hangs:
                    self._stopped.wait()
                    return
                line.sendall(_on_the_wire(reply))

    def _secured(self, connection: socket.socket, scheme: str) -> socket.socket:
        if scheme == "http" or self.certificate is None:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(connection, server_side=True)

    def _read(self, reader: Any, scheme: str, number: int) -> Asked | None:
        first = reader.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = []
        while line := reader.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers.append((name, value.strip(" \t")))
        return Asked(self.clock.now(), scheme, first[0], first[1], tuple(headers), number)


def _on_the_wire(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} Thus", *(f"{name}: {value}" for name, value in reply.headers)]
    if reply.status != 304:
        lines.append(f"Content-Length: {len(reply.body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head if reply.status == 304 else head + reply.body
