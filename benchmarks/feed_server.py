"""`python -m benchmarks.feed_server`: very many feeds, each answer a while late, from one small process.

The newsroom is made to be real; this is made to cost nothing, so that what is measured is the client. Every feed has
the same dozen entries under addresses of its own, an ETag, and in each generation one more entry. It runs on asyncio
with no HTTP library: a request costs about 0.1 ms of CPU, its delay none.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

ENTRIES = 12
STARTED_AT = datetime(2026, 1, 5, tzinfo=UTC)
PATH = re.compile(rb"GET /feed/(\d+)\.xml HTTP/1\.1\r\n")
TAG = re.compile(rb'\r\nif-none-match: "(\d+)"', re.I)

SENTENCE = "The council voted on the budget after a long evening; harbour, schools and bridges get most of it."
ENTRY = """<item><title>Feed {feed}, report {number}: the council votes on harbour, schools and bridges</title>
<link>http://127.0.0.1/feed/{feed}/{number}</link><guid isPermaLink="false">{feed}-{number}</guid>
<pubDate>{date}</pubDate><category>politics</category>
<description><![CDATA[<p>{text}</p><p>{text} {text}</p>]]></description></item>
"""


def document(feed: int, generation: int) -> bytes:
    """Return a feed as RSS 2.0: about seven kilobytes, the newest entry first."""
    numbers = range(ENTRIES + generation - 1, generation - 1, -1)
    text = " ".join([SENTENCE] * 2)
    entries = [ENTRY.format(feed=feed, number=number, date=_date(number), text=text) for number in numbers]
    head = (
        f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Feed {feed}</title><link>http://127.0.0.1/</link>'
    )
    return f"{head}<description>For benchmarks</description>\n{''.join(entries)}</channel></rss>\n".encode()


def _date(number: int) -> str:
    return (STARTED_AT + timedelta(hours=number)).strftime("%a, %d %b %Y %H:%M:%S +0000")


def response(request: bytes, generation: int) -> bytes:
    """Return the whole answer to a request's head."""
    path = PATH.match(request)
    if path is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    tag = TAG.search(request)
    if tag is not None and int(tag[1]) == generation:
        return b'HTTP/1.1 304 Not Modified\r\nETag: "%d"\r\n\r\n' % generation
    body = document(int(path[1]), generation)
    head = b'HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: "%d"\r\nContent-Length: %d\r\n\r\n'
    return head % (generation, len(body)) + body


class _Connection(asyncio.Protocol):
    """One connection: heads come in, late answers go out, in order."""

    def __init__(self, latency_s: float, generation: int) -> None:
        self._latency_s = latency_s
        self._generation = generation
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server always hands out
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            asyncio.get_running_loop().call_later(self._latency_s, self._answer, request)

    def _answer(self, request: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response(request, self._generation))


async def _serve(port: int, latency_s: float, generation: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.add_reader(sys.stdin.fileno(), stopped.set)  # its end: whoever started us is gone
    server = await loop.create_server(partial(_Connection, latency_s, generation), "127.0.0.1", port, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stopped.wait()
    server.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped; the first line of the output is the address."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feed_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    parser.add_argument("--generation", type=int, default=0, help="entries that each feed has added")
    options = parser.parse_args(arguments)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, options.latency, options.generation))


if __name__ == "__main__":
    main()
