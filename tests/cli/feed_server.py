"""A web server of feeds on this machine, whose every answer a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the server was asked."""

    path: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class FeedServer:
    """The server: `answers` says what each path gives, anything else is 404; `requests` is what was asked so far."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def serve(
        self, path: str, body: str | bytes, content_type: str = "application/rss+xml", status: int = 200, **more: str
    ) -> str:
        """Answer `path` so from now on, and return its URL. `more` are headers, `_` in place of `-`."""
        self.answers[path] = answer(body, content_type, status, **more)
        return self.url + path

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [request.path for request in self.requests]


def answer(body: str | bytes, content_type: str = "application/rss+xml", status: int = 200, **more: str) -> Answer:
    """Return an answer with a body."""
    content = body.encode() if isinstance(body, str) else body

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in more.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return send


def rss(*titles: str, name: str = "A feed") -> str:
    """Return an RSS document with an item for each title."""
    items = "".join(
        f"<item><title>{escape(title)}</title><guid isPermaLink='false'>{name}-{number}</guid>"
        f"<link>https://news.example/{name.replace(' ', '-')}/{number}</link>"
        f"<description>What happened, in short: {escape(title)}</description></item>"
        for number, title in enumerate(titles)
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """Serve on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.requests.append(Request(self.path, dict(self.headers)))
            served.answers.get(self.path, answer("no such feed", "text/plain", 404))(self)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - named by the base class
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    served = FeedServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
