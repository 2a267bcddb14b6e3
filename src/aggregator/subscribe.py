"""Adding a feed: from what somebody typed, a feed or a page, to a table of feeds.toml and its first articles.

    URL ─ ask ─ read in a worker ┬ a feed ────────────────────────────────▶ feeds.toml ▶ database
                                 └ a page: its feeds, else the usual places ┘
                                   asked one after the other

The answer that shows the feed is its first fetch: it is saved as a run saves it, with its validators and its line in
the ledger, and nothing is asked twice. What the user typed may be on a private address, and so may a feed on the same
origin; any other address that a page names is a stranger's until it has been added.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from aggregator.app import FETCH, Installation, open_installation, with_defaults
from aggregator.config import Settings
from aggregator.errors import AlreadyRunningError, ConfigError, ExitCode
from aggregator.fetch.charset import declared_charset, decode_document
from aggregator.fetch.feed_asking import ask_feed
from aggregator.fetch.feed_saving import save_feeds
from aggregator.fetch.guard import origin
from aggregator.fetch.parts import FetchParts
from aggregator.fetch.stage import PARSE, parse_job, with_parsed
from aggregator.fetching import fetch_parts
from aggregator.pipeline.lock import StageLock
from aggregator.pipeline.memory import peak_memory_bytes
from aggregator.pipeline.processes import compute_each
from aggregator.pipeline.worker import Worker, process_context
from aggregator.pipeline.worker_child import WorkerOrders
from aggregator.records import (
    Casualty,
    Download,
    FeedToFetch,
    FetchedFeed,
    LoggedRequest,
    Outcome,
    Reason,
    RunSummary,
    Subscription,
)
from aggregator.store.database import file_of
from aggregator.store.transaction import Transaction
from aggregator.subscriptions.changes import add_feeds, present_subscriptions, require_editable
from aggregator.subscriptions.discovery import FeedLink
from aggregator.subscriptions.document import NewFeed
from aggregator.subscriptions.remedies import LATER, has_had_enough, remedy
from aggregator.subscriptions.search import Look, Search, Standing, TriedAddress, search_feeds
from aggregator.subscriptions.values import read_subscription

R = TypeVar("R")

OnAsk = Callable[[str], object]

COMMAND = "feeds add"

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|title)\b", re.IGNORECASE)
_HEAD_BYTES = _HEAD_CHARS = 4096


@dataclass(frozen=True, slots=True)
class AddedFeed:
    """A feed that was added. `entries` are those of its document; None where it was not asked, as `note` explains."""

    url: str
    title: str = ""
    entries: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SubscribeReport:
    """What came of it. `offered` are feeds of the page that were not chosen, `tried` addresses that hold none.

    `problem` says why nothing was added.
    """

    added: tuple[AddedFeed, ...] = ()
    present: tuple[str, ...] = ()
    offered: tuple[FeedLink, ...] = ()
    tried: tuple[TriedAddress, ...] = ()
    problem: str | None = None


def subscribe(
    settings: Settings,
    environment: Mapping[str, str],
    feed: NewFeed,
    *,
    take_all: bool = False,
    on_ask: OnAsk = lambda _: None,
) -> SubscribeReport:
    """Add the feed at `feed.url`, or the main one of the page there; with `take_all`, all that the page offers.

    `on_ask` is told each address before it is asked.

    Raises:
        ConfigError: settings or feeds.toml cannot be used as they are.
        StorageError: feeds.toml, the database or the disk failed.
        AlreadyRunningError: a fetch is running; nothing was asked.
    """
    present = present_subscriptions(settings.feeds_path, settings.topics.names)
    if feed.url in {one.url for one in present}:
        return SubscribeReport(present=(feed.url,))
    require_editable(settings.feeds_path)
    with ExitStack() as stack:
        stack.enter_context(_lock(settings))
        # With the new one among them, since an installation that lacks what it needs is found out when it is opened.
        wanted = [*present, _subscription(feed, environment, settings.topics.names)]
        installation = stack.enter_context(open_installation(settings, environment, wanted))
        return _Adding(installation, present, feed, on_ask).go(take_all=take_all)


@contextmanager
def _lock(settings: Settings) -> Iterator[None]:
    try:
        with StageLock(file_of(settings.database_url).resolve(), FETCH):
            yield
    except AlreadyRunningError as error:
        raise AlreadyRunningError(
            f"{error}. Try again when it is done, or type “aggregator feeds add --no-fetch URL” with the address of a "
            "feed: that only writes feeds.toml, and the next run asks it"
        ) from None


class _Adding:
    """One command: its row in the database, its search, and what is kept of it at the end."""

    def __init__(
        self, installation: Installation, present: Sequence[Subscription], feed: NewFeed, on_ask: OnAsk
    ) -> None:
        self._installation = installation
        self._present = {one.url for one in present}
        self._feed = feed
        self._on_ask = on_ask
        self._started_s, self._started_cpu_s = time.monotonic(), time.process_time()
        with self._transaction() as transaction:
            self._run_id = transaction.runs.start(COMMAND, installation.clock.now())

    def go(self, *, take_all: bool) -> SubscribeReport:
        """Search, write feeds.toml, then the database."""
        with ExitStack() as resources:
            parts = self._fetch_parts(resources)
            scout = _Scout(self._installation, parts, self._feed, self._on_ask)
            resources.callback(scout.close)
            search = search_feeds(self._feed.url, scout.look, self._standing, take_all=take_all)
            feeds = [scout.table(url) for url in (*search.known, *search.feeds)]
            settings = self._installation.settings
            written = add_feeds(settings.feeds_path, feeds, settings.topics.names) if feeds else []
            self._save(search, scout, parts, written)
        return SubscribeReport(
            added=tuple(_added(feed, scout.feeds.get(feed.url)) for feed in written),
            present=tuple(search.present),
            offered=tuple(search.offered),
            tried=tuple(search.tried),
            problem=search.problem,
        )

    def _standing(self, url: str) -> Standing:
        if url in self._present:
            return Standing.PRESENT
        with self._read() as transaction:
            known = transaction.feeds.by_url(url)
        # What is known to be a feed keeps its next time, however often it is taken out and added again. What failed at
        # its last request may be none any more, or never was one: that is found out before it is added.
        was_read = known is not None and known.last_success_at is not None and known.failures == 0
        return Standing.KNOWN if was_read else Standing.NEW

    def _save(self, search: Search, scout: _Scout, parts: FetchParts, written: Sequence[NewFeed]) -> None:
        now, environment = self._installation.clock.now(), self._installation.environment
        settings = self._installation.settings
        wanted = [one for one in self._installation.subscriptions if one.url in self._present]
        new = [_subscription(feed, environment, settings.topics.names) for feed in written]
        wanted += [with_defaults(one, settings) for one in new]
        with self._transaction() as transaction:
            transaction.feeds.sync(wanted, now)
            rows = [(transaction.feeds.by_url(feed.url), scout.feeds.get(feed.url)) for feed in written]
            first = [replace(fetched, feed=row) for row, fetched in rows if row is not None and fetched is not None]
            outcomes = save_feeds(parts, transaction, first)
            transaction.log.add([LoggedRequest("page", Reason.ADDED, one, str(one.outcome)) for one in scout.others])
            code = ExitCode.DONE if search.has_found else ExitCode.USAGE
            transaction.runs.finish(self._run_id, self._summary(outcomes, code), now)

    def _summary(self, outcomes: Sequence[str], code: ExitCode) -> RunSummary:
        return RunSummary(
            command=COMMAND,
            exit_code=code,
            seconds=time.monotonic() - self._started_s,
            cpu_s=time.process_time() - self._started_cpu_s,
            worker_cpu_s=0.0,
            peak_memory_bytes=peak_memory_bytes(),
            peak_worker_bytes=0,
            counts={"save feeds": dict(Counter(outcomes))},
        )

    def call(self, operation: Callable[[Transaction], R]) -> R:
        """Write for the parts that ask for it: there is one thread only."""
        with self._transaction() as transaction:
            return operation(transaction)

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._installation.database.write() as connection:
            yield Transaction(connection, getattr(self, "_run_id", None))

    @contextmanager
    def _read(self) -> Iterator[Transaction]:
        with self._installation.database.read() as connection:
            yield Transaction(connection)

    def _fetch_parts(self, resources: ExitStack) -> FetchParts:
        with self._read() as transaction:
            lessons = transaction.hosts.lessons()
        return fetch_parts(
            self._installation.settings,
            self._installation.environment,
            subscriptions=self._installation.subscriptions,
            lessons=lessons,
            read=self._read,
            writer=self,
            clock=self._installation.clock,
            pause=time.sleep,
            parse_workers=1,
            resources=resources,
        )


class _Scout:
    """Asks addresses and reads what comes. `feeds` are the feeds among the answers, `others` what else was asked."""

    def __init__(self, installation: Installation, parts: FetchParts, feed: NewFeed, on_ask: OnAsk) -> None:
        self._installation = installation
        self._parts = parts
        self._feed = feed
        self._on_ask = on_ask
        limits = installation.settings.analyze
        orders = WorkerOrders(PARSE.function, PARSE.job_type, limits.item_timeout_s, limits.memory_limit_bytes)
        self._worker = Worker(process_context(["aggregator.fetch.stage"]), orders, PARSE.result_type)
        self.feeds: dict[str, FetchedFeed] = {}
        self.others: list[Download] = []

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def look(self, url: str) -> Look:
        """Ask for `url` and read what comes, which only a worker can be harmed by."""
        host = urlsplit(url).hostname or ""
        if self._parts.gate.rests(host, self._parts.monotonic()):
            return Look(f"{host} has asked for fewer requests, and is left alone for now", LATER, stop=True)
        fetched = self._ask(url, host)
        download = fetched.download
        self.others.append(replace(download, body=b""))
        if download.outcome is not Outcome.OK:
            why = download.error or f"it answered “{download.outcome}”"
            return Look(why, remedy(download), stop=has_had_enough(download))
        result = compute_each(self._worker, [parse_job(self._parts, fetched)])[0]
        if isinstance(result, Casualty):
            return Look(f"it could not be read ({result.harm})", "It may be hostile")
        if result.problem is not None:
            text = _text_of(download)
            page = text if _HTML.search(text[:_HEAD_CHARS]) else None
            return Look(f"it is {result.problem}", "Give the address of a feed or a page", page, download.final_url)
        self.others.pop()
        self.feeds[url] = with_parsed(fetched, result)
        return Look()

    def _ask(self, url: str, host: str) -> FetchedFeed:
        # On another origin than the one typed it is asked as one that moved there: as a stranger's, and without what
        # the user trusts the typed one with.
        home = url if self._is_at_home(url) else self._feed.url
        known = self._installation
        trusted = {home: _subscription(self.table(home), known.environment, known.settings.topics.names)}
        feed = FeedToFetch(feed_id=0, url=home, asked_url=url, host=host)
        self._on_ask(url)
        return ask_feed(replace(self._parts, subscriptions=trusted), feed, reason=Reason.ADDED, admitted=False)

    def table(self, url: str) -> NewFeed:
        """Return the table of a feed that was found. A password stays on the origin that it was typed for."""
        return replace(self._feed, url=url, auth=self._feed.auth if self._is_at_home(url) else None)

    def _is_at_home(self, url: str) -> bool:
        return origin(url) == origin(self._feed.url)


def _subscription(feed: NewFeed, environment: Mapping[str, str], topics: Collection[str]) -> Subscription:
    """Return what the table of `feed` is read as."""
    try:
        return read_subscription(feed.table(), environment, topics)
    except ValueError as error:
        raise ConfigError(f"{feed.url}: {error}") from None


def _added(feed: NewFeed, fetched: FetchedFeed | None) -> AddedFeed:
    if fetched is None or fetched.parsed is None:
        return AddedFeed(
            feed.url, feed.title, note="known from before and not asked now: the next run asks it when it is due"
        )
    return AddedFeed(feed.url, feed.title or fetched.parsed.title, len(fetched.parsed.entries))


def _text_of(download: Download) -> str:
    """Return the text of a page; what its header does not tell, its <meta> may."""
    meta = _META_CHARSET.search(download.body[:_HEAD_BYTES])
    return decode_document(
        download.body, declared_charset(download.content_type) or (meta[1].decode() if meta else None)
    )
