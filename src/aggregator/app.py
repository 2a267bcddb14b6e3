"""The composition root: the only place that picks concrete parts from the configuration."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from aggregator.config import Settings
from aggregator.errors import AggregatorError, ExitCode, StorageError
from aggregator.pipeline.clock import clock_from_environment
from aggregator.pipeline.cores import usable_cores
from aggregator.pipeline.flow import Bug, FlowRunner
from aggregator.pipeline.lock import StageLock
from aggregator.pipeline.memory import peak_memory_bytes
from aggregator.pipeline.shutdown import StopSignal
from aggregator.pipeline.wake import Wake
from aggregator.pipeline.writer import WriterThread
from aggregator.ports import Clock, ProcessLimits, StageReport
from aggregator.records import RunSummary, Subscription
from aggregator.store.database import Database, file_of
from aggregator.store.image_care import care_for_images
from aggregator.store.transaction import Transaction
from aggregator.store_ports import StoreTransaction
from aggregator.subscriptions.feeds_file import load_subscriptions

MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024
"""Bodies that wait between two stages, together: half a thousand ordinary feeds, or six of the largest allowed."""

FETCH, ANALYZE = "fetch", "analyze"

PRELOAD = {FETCH: ("aggregator.fetch.parse", "aggregator.fetch.extract"), ANALYZE: ("aggregator.analyze.stage",)}
"""What the fork server imports for a stage, so that a new worker is ready in milliseconds."""

Tick = Callable[[list[StageReport]], None]


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended: its exit code, what each stage did, and what it cost. `notes` are sentences for a person."""

    run_id: int
    summary: RunSummary
    stages: tuple[StageReport, ...]
    notes: tuple[str, ...] = ()


def run_stages(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    command: str,
    stages: Sequence[str],
    relabel_all: bool = False,
    on_tick: Tick = lambda _: None,
) -> RunReport:
    """Run `stages` (fetch, analyze, or both overlapped) over one installation, and record the run.

    `relabel_all` labels old articles again too where another model than the present one did. `on_tick` is called
    about ten times a second with what each stage did so far.

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
        subscriptions = (
            load_subscriptions(settings.feeds_path, environment, settings.topics.names) if FETCH in stages else []
        )
        installation = stack.enter_context(open_installation(settings, environment, subscriptions))
        stop = stack.enter_context(StopSignal())
        run = _Run(installation, command, stages, stop, stack, relabel_all=relabel_all)
        return run.go(on_tick)


@dataclass(frozen=True, slots=True)
class Installation:
    """The parts that every run of an installation shares."""

    settings: Settings
    environment: Mapping[str, str]
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
    wanted = tuple(with_defaults(one, settings) for one in subscriptions)
    if any(one.full_text for one in wanted):
        from aggregator.fetch.extract import require_extractor  # noqa: PLC0415 - see `_Run._add_fetch_stage`

        require_extractor()
    _check_writable(settings.images_dir)
    database = Database(settings.database_url)
    try:
        yield Installation(settings, environment, wanted, clock, database)
    finally:
        database.close()


def with_defaults(subscription: Subscription, settings: Settings) -> Subscription:
    """Let the settings decide what a feed's own table leaves open."""
    full_text = settings.fetch.full_text if subscription.full_text is None else subscription.full_text
    return replace(subscription, full_text=full_text)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"the folder of pictures {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise StorageError(f"the folder of pictures {folder} cannot be written to; set [store] images_dir to another")


def _check_analysis(settings: Settings) -> None:
    from aggregator.analyzing import check_analysis  # noqa: PLC0415 - see `_Run._add_analyze_stage`

    check_analysis(settings)


class _Run:
    """One run: its row in the database, its flow, and the sum of both at the end."""

    def __init__(
        self,
        installation: Installation,
        command: str,
        stages: Sequence[str],
        stop: StopSignal,
        resources: ExitStack,
        *,
        relabel_all: bool,
    ) -> None:
        self._resources = resources
        self._installation = installation
        self._environment = installation.environment
        self._stages = stages
        self._cared_for: dict[str, int] = {}
        self._command = command
        self._stop = stop
        self._started_s, self._started_cpu_s = time.monotonic(), time.process_time()
        self._relabel_all = relabel_all
        self._notes: list[str] = []
        self._finish_analysis: Callable[[StoreTransaction, Mapping[str, int]], list[str]] = lambda _, __: []
        if ANALYZE in stages:
            # First, because the word lists may be wrong: nothing has begun then.
            _check_analysis(installation.settings)
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
            self._care_for_images()
            self._end_analysis({report.name: report.done for report in reports})
        except Exception as error:
            code = error.exit_code if isinstance(error, AggregatorError) else ExitCode.BUG
            with suppress(StorageError):  # the first failure is the one to tell of
                self._finish(self._summary(self._flow.reports(), code))
            raise
        summary = self._summary(reports, self._stop.exit_code or self._exit_code(reports))
        self._finish(summary)
        return RunReport(self._run_id, summary, tuple(reports), tuple(self._notes))

    def _care_for_images(self) -> None:
        """Remove the pictures that are not to be kept, once nobody stores new ones."""
        settings = self._installation.settings
        if FETCH in self._stages and settings.fetch.images and not self._stop.requested.is_set():
            now = self._installation.clock.now()
            removed = care_for_images(self._installation.database, settings.fetch, settings.images_dir, now)
            self._cared_for = {reason: count for reason, count in removed.items() if count}

    def _end_analysis(self, ended: Mapping[str, int]) -> None:
        """Note what the analysis finished, and remove the models that no label refers to any longer."""
        if ANALYZE not in self._stages:
            return
        from aggregator.analyze.model_files import remove_model, sweep_models  # noqa: PLC0415 - the same room

        folder = self._installation.settings.models_dir
        with self._transaction() as transaction:
            files = self._finish_analysis(transaction, ended)
            kept = transaction.models.files()
        for file in files:
            remove_model(folder, file)
        sweep_models(folder, kept, self._installation.clock.now())

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
        preload = tuple(module for stage in stages for module in PRELOAD[stage])
        flow = FlowRunner(
            writer=self._writer,
            wake=self._wake,
            stop=self._stop.requested,
            limits=ProcessLimits(analyze.item_timeout_s, analyze.memory_limit_bytes),
            preload=preload,
            max_bytes_in_flight=MAX_BYTES_IN_FLIGHT,
            on_bug=self._park,
        )
        fetch_is_done: Callable[[], bool] = lambda: True  # noqa: E731 - the case without a fetch, beside the other
        if FETCH in stages:
            fetch_is_done = self._add_fetch_stage(flow)
        if ANALYZE in stages:
            self._add_analyze_stage(flow, fetch_is_done)
        return flow

    def _add_fetch_stage(self, flow: FlowRunner[Transaction]) -> Callable[[], bool]:
        # A third of a second, for httpx and all around it, that an analysis does not pay.
        from aggregator.fetch.stage import add_fetch_stage  # noqa: PLC0415
        from aggregator.fetching import fetch_parts  # noqa: PLC0415

        with self._read() as transaction:
            lessons = transaction.hosts.lessons()
        parts = fetch_parts(
            self._installation.settings,
            self._environment,
            subscriptions=self._installation.subscriptions,
            lessons=lessons,
            read=self._read,
            writer=self._writer,
            clock=self._installation.clock,
            pause=self._stop.requested.wait,
            parse_workers=self._process_count(),
            resources=self._resources,
        )
        return add_fetch_stage(flow, parts)

    def _add_analyze_stage(self, flow: FlowRunner[Transaction], fetch_is_done: Callable[[], bool]) -> None:
        # A third of a second, for NumPy and Pillow, that a fetch does not pay.
        from aggregator.analyze.stage import add_analyze_stage  # noqa: PLC0415
        from aggregator.analyzing import analyze_parts  # noqa: PLC0415

        parts = analyze_parts(
            self._installation.settings,
            workers=self._process_count(),
            relabel_all=self._relabel_all,
            read=self._read,
            writer=self._writer,
            clock=self._installation.clock,
            fetch_is_done=lambda: fetch_is_done() or self._stop.requested.is_set(),
            say=self._notes.append,
        )
        self._finish_analysis = add_analyze_stage(flow, parts)

    def _process_count(self) -> int:
        return self._installation.settings.analyze.workers or usable_cores()

    def _park(self, bug: Bug) -> None:
        """Set an item aside with the traceback, so that it is not worked on for ever."""
        from aggregator.parked import quarantined  # noqa: PLC0415 - it knows what both stages have in hand

        item = quarantined(bug)
        # Waited for: before the row stands, the item would be found pending again.
        self._writer.call(lambda transaction: transaction.quarantine.add(item, self._installation.clock.now()))

    def _exit_code(self, reports: Sequence[StageReport]) -> ExitCode:
        if self._flow.bugs:
            return ExitCode.BUG
        outcomes = next((report.outcomes for report in reports if report.name == "save feeds"), {})
        if outcomes:
            from aggregator.fetch.update import SUCCESSES  # noqa: PLC0415 - see `_add_fetch_stage`

            if not SUCCESSES & outcomes.keys():
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
            counts={report.name: dict(report.outcomes) for report in reports}
            | ({"remove pictures": self._cared_for} if self._cared_for else {}),
            stages=tuple(asdict(report) for report in reports),
        )

    def _finish(self, summary: RunSummary) -> None:
        with self._transaction() as transaction:
            transaction.runs.finish(self._run_id, summary, self._installation.clock.now())
