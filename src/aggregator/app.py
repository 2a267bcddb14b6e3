"""The composition root: the only place that picks concrete parts from the configuration."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aggregator import __version__
from aggregator.analyze.stage import Analyzed, AnalyzeParts, add_analyze_stage
from aggregator.analyze.text import text_model
from aggregator.config import Settings
from aggregator.errors import AggregatorError, ExitCode, StorageError
from aggregator.fetch.http import HttpClient
from aggregator.fetch.request import user_agent
from aggregator.fetch.resolve import Resolver
from aggregator.fetch.stage import FetchParts, add_fetch_stage
from aggregator.fetch.update import SUCCESSES
from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.clock import clock_from_environment
from aggregator.pipeline.cores import usable_cores
from aggregator.pipeline.flow import Bug, FlowRunner, PoolLimits
from aggregator.pipeline.lock import StageLock
from aggregator.pipeline.memory import peak_memory_bytes
from aggregator.pipeline.shutdown import StopSignal
from aggregator.pipeline.wake import Wake
from aggregator.pipeline.writer import WriterThread
from aggregator.ports import Clock, StageReport
from aggregator.records import (
    ArticleJob,
    FeedToFetch,
    FetchedFeed,
    Harm,
    ImageToFetch,
    ImageUpdate,
    ModelId,
    PictureJob,
    QuarantinedItem,
    RunSummary,
    Subscription,
)
from aggregator.store.blobs import BlobFolder
from aggregator.store.database import Database, file_of
from aggregator.store.transaction import Transaction
from aggregator.subscriptions.feeds_file import load_subscriptions

MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
"""Bodies that wait between two stages, together: half a thousand ordinary feeds, or six of the largest allowed."""

PRELOAD = ("aggregator.fetch.stage", "aggregator.analyze.stage")
"""What the fork server imports, so that a new worker is ready in milliseconds."""

FETCH, ANALYZE = "fetch", "analyze"

Tick = Callable[[list[StageReport]], None]


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended: its exit code, what each stage did, and what it cost."""

    run_id: int
    summary: RunSummary
    stages: tuple[StageReport, ...]


def run_stages(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    command: str,
    stages: Sequence[str],
    on_tick: Tick = lambda _: None,
) -> RunReport:
    """Run `stages` (fetch, analyze, or both overlapped) over one installation, and record the run.

    `on_tick` is called about ten times a second with what each stage did so far.

    Raises:
        ConfigError: settings, subscriptions or word lists cannot be used.
        StorageError: the database or the disk failed; what was committed before stays.
        AlreadyRunningError: another process runs one of the stages.
    """
    with ExitStack() as stack:
        for stage in stages:
            # Resolved, or a database that is reached through a link would have two locks.
            stack.enter_context(StageLock(file_of(settings.database_url).resolve(), stage))
        # Only a fetch asks feeds: an analysis must not fail for want of a feed's password.
        subscriptions = load_subscriptions(settings.feeds_path, environment) if FETCH in stages else []
        installation = stack.enter_context(open_installation(settings, environment, subscriptions))
        stop = stack.enter_context(StopSignal())
        run = _Run(installation, command, stages, stop, stack)
        return run.go(on_tick)


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts that every run of an installation shares."""

    settings: Settings
    subscriptions: tuple[Subscription, ...]
    clock: Clock
    database: Database


@contextmanager
def open_installation(
    settings: Settings, environment: Mapping[str, str], subscriptions: Sequence[Subscription]
) -> Iterator[Installation]:
    """Open the database, which is closed at the end of the block.

    Raises:
        UsageError: the environment asks for a clock that cannot be.
        StorageError: the database or the folder of pictures cannot be used.
    """
    clock = clock_from_environment(environment)
    _check_writable(settings.images_dir)
    database = Database(settings.database_url)
    try:
        yield Installation(settings, tuple(subscriptions), clock, database)
    finally:
        database.close()


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder of pictures {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise StorageError(f"the folder of pictures {folder} cannot be written to; set [store] images_dir to another")


class _Run:
    """One run: its row in the database, its flow, and the sum of both at the end."""

    def __init__(
        self, installation: Installation, command: str, stages: Sequence[str], stop: StopSignal, resources: ExitStack
    ) -> None:
        self._resources = resources
        self._installation = installation
        self._command = command
        self._stop = stop
        self._started_s, self._started_cpu_s = time.monotonic(), time.process_time()
        lexicon_dir = installation.settings.lexicon_dir
        # First, because the word lists may be wrong: nothing has begun then.
        self._text_model = text_model(lexicon_dir) if ANALYZE in stages else None
        with self._transaction() as transaction:
            self._run_id = transaction.runs.start(command, installation.clock.now())
            if FETCH in stages:
                transaction.feeds.sync(installation.subscriptions, installation.clock.now())
        self._wake = Wake()
        self._writer: WriterThread[Transaction] = WriterThread(self._transaction, self._wake.ring)
        self._flow = self._lay_flow(stages)

    def go(self, on_tick: Tick) -> RunReport:
        """Run the flow to its end and record what it did."""
        try:
            reports = self._flow.run(on_tick)
        except Exception as error:
            code = error.exit_code if isinstance(error, AggregatorError) else ExitCode.BUG
            with suppress(StorageError):  # the first failure is the one to tell of
                self._finish(self._summary(self._flow.reports(), code))
            raise
        summary = self._summary(reports, self._stop.exit_code or self._exit_code(reports))
        self._finish(summary)
        return RunReport(self._run_id, summary, tuple(reports))

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._installation.database.write() as connection:
            yield Transaction(connection, getattr(self, "_run_id", None))

    @contextmanager
    def _read(self) -> Iterator[Transaction]:
        with self._installation.database.read() as connection:
            yield Transaction(connection)

    def _lay_flow(self, stages: Sequence[str]) -> FlowRunner[Transaction]:
        analyze = self._installation.settings.analyze
        flow = FlowRunner(
            writer=self._writer,
            wake=self._wake,
            stop=self._stop.requested,
            limits=PoolLimits(analyze.item_timeout_s, analyze.memory_limit_bytes, PRELOAD),
            max_bytes_in_flight=MAX_BYTES_IN_FLIGHT,
            on_bug=self._park,
        )
        fetch_is_done: Callable[[], bool] = lambda: True  # noqa: E731 - the case without a fetch, beside the other
        if FETCH in stages:
            fetch_is_done = add_fetch_stage(flow, self._fetch_parts())
        if self._text_model is not None:
            add_analyze_stage(flow, self._analyze_parts(self._text_model, fetch_is_done))
        return flow

    def _fetch_parts(self) -> FetchParts:
        installation, settings = self._installation, self._installation.settings.fetch
        client = HttpClient(
            user_agent=user_agent(__version__, settings.contact),
            workers=settings.workers + settings.image_workers,
            resolver=Resolver(getaddrinfo=socket.getaddrinfo, abandon=run_abandonable, monotonic=time.monotonic),
            monotonic=time.monotonic,
            allow_private_networks=settings.allow_private_networks,
        )
        self._resources.callback(client.close)
        return FetchParts(
            settings=settings,
            subscriptions={one.url: one for one in installation.subscriptions},
            client=client,
            blobs=BlobFolder(installation.settings.images_dir),
            read=self._read,
            writer=self._writer,
            clock=installation.clock,
            monotonic=time.monotonic,
            parse_workers=self._process_count(),
        )

    def _analyze_parts(self, method: ModelId, fetch_is_done: Callable[[], bool]) -> AnalyzeParts:
        settings = self._installation.settings
        return AnalyzeParts(
            images_dir=settings.images_dir,
            thumbnail_sizes=settings.analyze.thumbnail_sizes,
            lexicon_dir=settings.lexicon_dir,
            text_model=method,
            workers=self._process_count(),
            read=self._read,
            writer=self._writer,
            clock=self._installation.clock,
            more_may_come=lambda: not fetch_is_done() and not self._stop.requested.is_set(),
        )

    def _process_count(self) -> int:
        return self._installation.settings.analyze.workers or usable_cores()

    def _park(self, bug: Bug) -> None:
        """Set an item aside with the traceback, so that it is not worked on for ever."""
        item = _quarantined(bug)
        # Waited for: before the row stands, the item would be found pending again.
        self._writer.call(lambda transaction: transaction.quarantine.add(item, self._installation.clock.now()))

    def _exit_code(self, reports: Sequence[StageReport]) -> ExitCode:
        if self._flow.bugs:
            return ExitCode.BUG
        outcomes = next((report.outcomes for report in reports if report.name == "save feeds"), {})
        if outcomes and not SUCCESSES & outcomes.keys():
            return ExitCode.SILENCE
        return ExitCode.DONE

    def _summary(self, reports: Sequence[StageReport], exit_code: int) -> RunSummary:
        return RunSummary(
            command=self._command,
            exit_code=exit_code,
            seconds=time.monotonic() - self._started_s,
            cpu_s=time.process_time() - self._started_cpu_s,
            worker_cpu_s=self._flow.worker_cpu_s,
            peak_memory_bytes=peak_memory_bytes(),
            peak_worker_bytes=self._flow.peak_worker_bytes,
            counts={report.name: dict(report.outcomes) for report in reports},
            stages=tuple(asdict(report) for report in reports),
        )

    def _finish(self, summary: RunSummary) -> None:
        with self._transaction() as transaction:
            transaction.runs.finish(self._run_id, summary, self._installation.clock.now())


def _quarantined(bug: Bug) -> QuarantinedItem:
    """Name the item that a stage had in hand when it met a fault of ours."""
    item = bug.item.job if isinstance(bug.item, Analyzed) else bug.item
    kind, item_id, url, content = "item", 0, None, None
    if isinstance(item, ArticleJob):
        kind, item_id, content = "article", item.article_id, item.input_hash
    elif isinstance(item, PictureJob):
        kind, item_id, url, content = "image", item.image_id, item.path, item.sha256
    elif isinstance(item, ImageToFetch):
        kind, item_id, url = "image", item.image_id, item.url
    elif isinstance(item, ImageUpdate):
        kind, item_id = "image", item.image_id
    elif isinstance(item, FetchedFeed | FeedToFetch):
        feed = item.feed if isinstance(item, FetchedFeed) else item
        kind, item_id, url = "feed", feed.feed_id, feed.url
    return QuarantinedItem(kind, item_id, url, bug.stage, Harm.BUG, bug.traceback, content)
