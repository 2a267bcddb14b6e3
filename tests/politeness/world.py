"""A small world: a web, a clock, and one installation of the program, run by cron every quarter of an hour.

    with World(folder) as world:
        world.web.sites["news.example/feed"] = Publisher(every(timedelta(hours=3)))
        world.subscribe("http://news.example/feed")
        world.live(timedelta(days=3))
        world.web.asked("news.example/feed")

Each run is the real fetch stage with the real client over the real database, in one thread. A failed assertion takes
the log of all requests with it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import text

from aggregator import __version__
from aggregator.config import FetchSettings
from aggregator.fetch.asking import Asker, HostSchool
from aggregator.fetch.http import HttpClient
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.request import user_agent
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.stage import add_fetch_stage
from aggregator.records import Subscription
from aggregator.store.blobs import BlobFolder
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction

from .clock import SimulatedClock
from .inline import InlineFlow, InlineWriter, PowerCutError
from .web import Asked, SimulatedWeb

T = TypeVar("T")

QUARTER = timedelta(minutes=15)
SETTINGS = FetchSettings(images=False, allow_private_networks=True, timeout_s=20.0)
"""The defaults, but for pictures, and for the loopback that stands in for the internet."""


class World:
    """See the module. `certificate` (PEM) is that of its https servers, and trusted."""

    def __init__(self, folder: Path, settings: FetchSettings = SETTINGS, certificate: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = settings
        self.clock = SimulatedClock()
        self.web = SimulatedWeb(self.clock, certificate)
        self.subscriptions: list[Subscription] = []
        self.power_cut = False
        self._run_id: int | None = None

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._open.enter_context(self.web)
        (self.folder / "news.db").write_bytes(_empty_database())
        self._database = Database(f"sqlite:///{self.folder / 'news.db'}")
        self._open.callback(self._database.close)
        self._client = self._open.enter_context(closing(self._new_client()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            error.add_note("every request:\n" + self.web.text())
        self._open.close()

    # --- the user ---------------------------------------------------------------------------------------------------

    def subscribe(self, *feeds: str | Subscription) -> None:
        """Add feeds to what feeds.toml names."""
        self.subscriptions += [Subscription(url=feed) if isinstance(feed, str) else feed for feed in feeds]

    def live(self, length: timedelta, *, every: timedelta = QUARTER, skip: bool = True) -> None:
        """Let time go by, with a run every so often. Runs that would find nothing due are skipped if `skip`."""
        until = self.clock.now() + length
        self.run()
        while (at := self._next_run(every, skip=skip)) <= until:
            self.clock.go(at)
            self.run()
        self.clock.go(max(until, self.clock.now()))

    def live_until(self, happened: Callable[[], bool], *, at_most: timedelta) -> None:
        """Let time go by until something has happened."""
        until = self.clock.now() + at_most
        self.run()
        while not happened():
            at = self._next_run(QUARTER, skip=True)
            assert at < until, f"it did not happen within {at_most}"
            self.clock.go(at)
            self.run()

    def _next_run(self, every: timedelta, *, skip: bool) -> datetime:
        """Return when cron starts the next run, the first one that finds something due if `skip`."""
        next_at = self.clock.now() + every
        if not skip:
            return next_at
        sql = "SELECT min(next_fetch_at) FROM feed WHERE subscribed AND state <> 'gone'"
        due_at = self.one(sql)
        if due_at is None:
            return datetime.max.replace(tzinfo=UTC)
        wait = datetime.fromisoformat(due_at).replace(tzinfo=UTC) - next_at
        return next_at + max(-(-wait // every), 0) * every

    def run(self) -> list[str]:
        """Run `aggregator fetch` once; return how each item ended."""
        if self._run_id is None:
            with self._transaction() as transaction:
                self._run_id = transaction.runs.start("fetch", self.clock.now())
        with self._transaction() as transaction:
            transaction.feeds.sync(self.subscriptions, self.clock.now())
        writer = InlineWriter(self._transaction)
        flow = InlineFlow(writer, self.clock.wait, power_cut=lambda: self.power_cut)
        add_fetch_stage(flow, self._parts(writer))
        with suppress(PowerCutError):
            flow.run()
        return flow.outcomes

    # --- what can be seen ---------------------------------------------------------------------------------------------

    def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        """Ask the database."""
        with self._database.read() as connection:
            return connection.execute(text(sql), values).all()

    def one(self, sql: str, **values: Any) -> Any:
        """Return the one value of the one row."""
        ((value,),) = self.rows(sql, **values)
        return value

    def state(self, url: str) -> str:
        return str(self.one("SELECT state FROM feed WHERE url = :url", url=url))

    def guids(self, url: str) -> set[str]:
        """Return the GUIDs of all articles that were ever seen in a feed."""
        return {guid for (guid,) in self.rows("SELECT guid FROM sightings WHERE feed_url = :url", url=url)}

    def decisions(self, url: str) -> list[str]:
        """Return what decided the time of the next request, for all requests of a feed."""
        sql = "SELECT decided_by FROM fetch WHERE feed_id = (SELECT id FROM feed WHERE url = :url) ORDER BY id"
        return [decided_by for (decided_by,) in self.rows(sql, url=url)]

    # --- the parts ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._database.write() as connection:
            yield Transaction(connection, self._run_id)

    @contextmanager
    def _read(self) -> Iterator[Transaction]:
        with self._database.read() as connection:
            yield Transaction(connection)

    def _parts(self, writer: InlineWriter) -> FetchParts:
        with self._read() as transaction:
            lessons = transaction.hosts.lessons()
        clock, gate = self.clock, HostGate(self.settings.per_host, self.settings.host_spacing_s)
        school = HostSchool(lessons, gate=gate, writer=writer, clock=clock, monotonic=clock.monotonic)
        asker = Asker(self._client, gate=gate, school=school, clock=clock, monotonic=clock.monotonic, pause=clock.wait)
        return FetchParts(
            settings=self.settings,
            subscriptions={one.url: one for one in self.subscriptions},
            asker=asker,
            gate=gate,
            blobs=BlobFolder(self.folder / "images"),
            read=self._read,
            writer=writer,
            clock=clock,
            monotonic=clock.monotonic,
            parse_workers=1,
        )

    def _new_client(self) -> HttpClient:
        return HttpClient(
            user_agent=user_agent(__version__, self.settings.contact),
            workers=4,
            resolver=Resolver(getaddrinfo=self.web.getaddrinfo, abandon=_at_once, monotonic=time.monotonic),
            monotonic=time.monotonic,
            allow_private_networks=True,
            ca_file=self.web.certificate,
        )


@cache
def _empty_database() -> bytes:
    """Return the file of a database without a row, made once: making one takes longer than a simulated day."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        Database(f"sqlite:///{path}").close()
        return path.read_bytes()


def _at_once(work: Callable[[], T], timeout_s: float) -> T:  # noqa: ARG001 - what looks up here never hangs
    return work()


def settings(**changes: Any) -> FetchSettings:
    """Return the settings of a world, changed."""
    return replace(SETTINGS, **changes)


def gaps(asked: Sequence[Asked]) -> list[timedelta]:
    """Return the times between requests."""
    return [later.at - earlier.at for earlier, later in pairwise(asked)]
