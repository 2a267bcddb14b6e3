"""The newsroom's HTTP/1.1 server: asyncio below, h11 for the protocol, a `Site` for the answers.

    connection → request → (latency) → 304, 200, 404 or 405 → next request on the same connection

It answers GET and HEAD, keeps connections open, and logs each request as a line of JSON if asked to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import h11

from aggregator.newsroom.api import resource_path
from aggregator.newsroom.cache import Resource
from aggregator.newsroom.conditional import accepts_gzip, gzip_etag, is_unchanged
from aggregator.newsroom.material import Material, load_material
from aggregator.newsroom.render.document import PICTURE_TYPE
from aggregator.newsroom.render.markup import rfc822
from aggregator.newsroom.site import Site

READ_BYTES = 65_536
MAX_HEADER_BYTES = 16_384
IDLE_TIMEOUT_S = 75.0
BACKLOG = 1024
SERVER_NAME = b"aggregator-newsroom"

_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class NewsroomSettings:
    """What a served newsroom is made of. `size` counts wire feeds; `latency_s` passes before every answer."""

    opened_at: datetime
    seed: int = 7
    size: int = 0
    latency_s: float = 0.0
    host: str = "127.0.0.1"
    port: int = 0
    log_path: Path | None = None
    material: Material | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: _Headers
    body: bytes = b""


async def serve(
    settings: NewsroomSettings,
    *,
    now: Callable[[], datetime],
    stop: asyncio.Event,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until `stop` is set; `on_ready` gets the base address, such as `http://127.0.0.1:8000`, once it is open.

    Raises:
        OSError: the port is taken, or the log cannot be written.
        ValueError: the material is malformed.
    """
    material = settings.material or load_material()
    with _opened_log(settings.log_path) as log:
        newsroom = _Newsroom(settings, now, log)
        server = await asyncio.start_server(
            newsroom.converse, settings.host, settings.port, backlog=BACKLOG, start_serving=False
        )
        port = server.sockets[0].getsockname()[1]
        base_url = f"http://{settings.host}:{port}"
        newsroom.site = Site(base_url, settings.opened_at, seed=settings.seed, size=settings.size, material=material)
        await server.start_serving()
        on_ready(base_url)
        try:
            await stop.wait()
        finally:
            server.close()
            await newsroom.hang_up()
            await server.wait_closed()


def _opened_log(path: Path | None) -> AbstractContextManager[TextIO | None]:
    # Line-buffered: what was asked stands in the file even if this process is killed.
    return path.open("a", encoding="utf-8", buffering=1) if path else nullcontext()


class _Newsroom:
    """All conversations of one server."""

    site: Site

    def __init__(self, settings: NewsroomSettings, now: Callable[[], datetime], log: TextIO | None) -> None:
        self._latency_s = settings.latency_s
        self._now = now
        self._log = log
        self._conversations: set[asyncio.Task[None]] = set()

    async def hang_up(self) -> None:
        """End all conversations."""
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request of one connection, until either side has enough."""
        task = asyncio.current_task()
        if task is not None:
            self._conversations.add(task)
            task.add_done_callback(self._conversations.discard)
        try:
            await self._answer_all(reader, writer)
            writer.close()
        except (ConnectionError, TimeoutError):  # the client went away, or was silent for too long
            writer.close()
        except asyncio.CancelledError:  # we hang up, and do not wait for a client that has stopped reading
            writer.transport.abort()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADER_BYTES)
        while True:
            try:
                request = await _next_request(connection, reader)
            except h11.RemoteProtocolError as error:
                await self._refuse(connection, writer, error)
                return
            if request is None:
                return
            await self._answer(connection, writer, request)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _refuse(
        self, connection: h11.Connection, writer: asyncio.StreamWriter, error: h11.RemoteProtocolError
    ) -> None:
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            await _send(connection, writer, _Answer(error.error_status_hint, headers))

    async def _answer(self, connection: h11.Connection, writer: asyncio.StreamWriter, request: h11.Request) -> None:
        now = self._now()
        path = resource_path(request.target.decode("ascii"))
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in request.headers}
        if self._latency_s > 0:
            await asyncio.sleep(self._latency_s)
        answer = self._decided(request.method, path, headers, now)
        self._note(request, headers, answer, now)
        await _send(connection, writer, answer, with_body=request.method != b"HEAD")

    def _decided(self, method: bytes, path: str, headers: dict[str, str], now: datetime) -> _Answer:
        if method not in (b"GET", b"HEAD"):
            return _Answer(405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0"), _date(now)])
        tag = self.site.tag(path, now)
        if tag is None:
            missing = self.site.missing()
            return _Answer(404, [*_described(missing.content_type, missing.body), _date(now)], missing.body)
        zip_it = accepts_gzip(headers.get("accept-encoding")) and tag.content_type != PICTURE_TYPE
        etag = gzip_etag(tag.etag) if zip_it else tag.etag
        validators = _validators(etag, tag, now)
        if is_unchanged(
            headers.get("if-none-match"),
            headers.get("if-modified-since"),
            (tag.etag, gzip_etag(tag.etag)),
            tag.last_modified,
        ):
            return _Answer(304, validators)
        whole = self.site.gzipped(path, now) if zip_it else self.site.resource(path, now)
        if whole is None:  # it was there a moment ago, at the same `now`
            raise AssertionError(path)
        coding = [(b"content-encoding", b"gzip")] if zip_it else []
        return _Answer(200, [*_described(whole.content_type, whole.body), *coding, *validators], whole.body)

    def _note(self, request: h11.Request, headers: dict[str, str], answer: _Answer, now: datetime) -> None:
        if self._log is None:
            return
        line = {
            "at": now.isoformat(),
            "method": request.method.decode("ascii"),
            "path": request.target.decode("ascii"),
            "status": answer.status,
            "bytes": len(answer.body),
            "if_none_match": headers.get("if-none-match"),
            "if_modified_since": headers.get("if-modified-since"),
            "accept_encoding": headers.get("accept-encoding"),
            "user_agent": headers.get("user-agent"),
        }
        self._log.write(json.dumps(line) + "\n")


async def _next_request(connection: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    """Return the next request once all of it has come, or None when the client has hung up."""
    request: h11.Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            async with asyncio.timeout(IDLE_TIMEOUT_S):
                connection.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage):
            return request
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return None


async def _send(
    connection: h11.Connection, writer: asyncio.StreamWriter, answer: _Answer, *, with_body: bool = True
) -> None:
    response = h11.Response(status_code=answer.status, headers=[(b"server", SERVER_NAME), *answer.headers])
    parts = [connection.send(response) or b""]
    if with_body and answer.body:
        parts.append(connection.send(h11.Data(answer.body)) or b"")
    parts.append(connection.send(h11.EndOfMessage()) or b"")
    writer.write(b"".join(parts))
    await writer.drain()


def _described(content_type: str, body: bytes) -> _Headers:
    return [(b"content-type", content_type.encode("ascii")), (b"content-length", b"%d" % len(body))]


def _validators(etag: str, tag: Resource, now: datetime) -> _Headers:
    return [
        (b"etag", etag.encode("ascii")),
        (b"last-modified", rfc822(tag.last_modified).encode("ascii")),
        (b"cache-control", b"max-age=0"),
        (b"vary", b"accept-encoding"),
        _date(now),
    ]


def _date(now: datetime) -> tuple[bytes, bytes]:
    return b"date", rfc822(now).encode("ascii")
