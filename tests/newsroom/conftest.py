"""A small newsroom of its own material, and a way to run the real one as users do."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest

from aggregator.newsroom.edition import Edition
from aggregator.newsroom.material import Material, load_material
from aggregator.newsroom.site import Site

OPENED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
TWO_DAYS_LATER = OPENED_AT + timedelta(hours=48)
BASE_URL = "http://127.0.0.1:8000"

OUTLETS = """
[[outlet]]
id = "north-star"
name = "North & Star"
language = "en"
tagline = "News for <everybody>"

[[outlet]]
id = "el-sol"
name = "El Sol"
language = "es"
tagline = "Noticias"
"""

EVENTS = """
[[event]]
id = "bridge-opens"
topic = "society"
hour = 1
scene = "bridge"
place = "Fenmouth"

[[event.article]]
outlet = "north-star"
delay_minutes = 10
author = "Mary O'Dell"
title = "Fenmouth's “long” bridge opens: 3 < 4 lanes & no toll"
summary = "It's open."
body = \"\"\"
First paragraph, with <angle> brackets & more.

Second paragraph.
\"\"\"

[[event.article]]
outlet = "el-sol"
delay_minutes = 40
author = "Íñigo Ruiz"
title = "El puente, por fin: ¿y ahora qué?"
summary = "Ya está abierto."
body = "Un párrafo."
"""


def write_material(folder: Path, *, outlets: str = OUTLETS, events: str = EVENTS) -> Path:
    (folder / "outlets.toml").write_text(outlets, encoding="utf-8")
    (folder / "en-1.toml").write_text(events, encoding="utf-8")
    return folder


def quiet_times() -> tuple[datetime, datetime]:
    """Two times in the hour after `TWO_DAYS_LATER` between which, and for a minute after which, no article moves."""
    edition = Edition(load_material(), OPENED_AT, 7)
    minutes = [TWO_DAYS_LATER + timedelta(minutes=number) for number in range(60)]
    quiet = max((list(group) for _, group in groupby(minutes, edition.state)), key=len)
    assert len(quiet) >= 4
    return quiet[0], quiet[len(quiet) // 2]


@pytest.fixture(scope="session")
def material() -> Material:
    return load_material()


@pytest.fixture
def small_material(tmp_path: Path) -> Material:
    return load_material(write_material(tmp_path))


@pytest.fixture
def site() -> Site:
    return Site(BASE_URL, OPENED_AT, size=16)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Visitor:
    """An HTTP client on one connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, headers=named)
        with self._connection.getresponse() as response:
            lower = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, lower, response.read())

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Running:
    """A newsroom in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    visitor: Visitor
    log_path: Path

    def requests(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log_path.read_text(encoding="utf-8").splitlines()]


@contextmanager
def running_newsroom(log_path: Path, *arguments: str, now: datetime = TWO_DAYS_LATER) -> Iterator[Running]:
    command = [
        sys.executable,
        "-m",
        "aggregator.newsroom",
        "--opened-at",
        OPENED_AT.isoformat(),
        "--log",
        str(log_path),
    ]
    source = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "AGGREGATOR_CLOCK": now.isoformat(), "PYTHONPATH": source}
    process = subprocess.Popen(
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline().decode().strip()
    assert line.startswith("http://127.0.0.1:"), process.stderr.read()
    port = int(line.rstrip("/").rpartition(":")[2])
    visitor = Visitor(port)
    try:
        yield Running(process, port, visitor, log_path)
    finally:
        visitor.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_newsroom(tmp_path / "requests.jsonl", "--size", "8") as newsroom:
        yield newsroom
