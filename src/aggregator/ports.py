"""The few narrow protocols that stages see, and the records that speak of the machinery itself.

A stage is written against these; `app` hands it the real parts, which `pipeline` and `store` provide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from aggregator.records import (
    ArticleAnalysis,
    ArticleChange,
    ArticleJob,
    Blob,
    Casualty,
    EntryKeys,
    FeedToFetch,
    FeedUpdate,
    HostLesson,
    ImageToFetch,
    ImageUpdate,
    KnownArticles,
    Listing,
    LoggedRequest,
    ModelId,
    PageToFetch,
    PageUpdate,
    PictureJob,
    PictureResult,
    QuarantinedItem,
    RobotsFile,
)

T = TypeVar("T")
R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)
Job = TypeVar("Job")
Result = TypeVar("Result")
Transaction_co = TypeVar("Transaction_co", covariant=True)


class Clock(Protocol):
    """Tells the time; a test hands in its own."""

    def now(self) -> datetime:
        """Return the present moment, aware and UTC."""
        ...


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did so far. `outcomes` counts items by how they ended; `taken` those begun."""

    name: str
    workers: int
    taken: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    busy_s: float = 0.0
    bytes: int = 0
    waiting: int = 0
    peak_waiting: int = 0
    peak_bytes: int = 0

    @property
    def done(self) -> int:
        """How many items ended, in whatever outcome."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class ProcessTask(Generic[Job, Result]):
    """Work for a process: a function over a batch, and the types that are sent to it and expected back.

    `function` must be importable by name (a module's function, or a `functools.partial` of one), must return one
    result per job, in order, and must not raise for bad input. Jobs and results are plain records, see `records`.
    """

    function: Callable[[Sequence[Job]], Sequence[Result]]
    job_type: type[Job]
    result_type: type[Result]


class WorkList(Protocol[T_co]):
    """A durable list of pending work, recomputed from rows."""

    def take(self, limit: int) -> Sequence[T_co] | None:
        """Return up to `limit` items, none of which was returned before unless it is pending again.

        An empty sequence means nothing just now: ask again later. None means nothing more in this run.
        """
        ...


class Writer(Protocol[Transaction_co]):
    """The one writer of this command. Operations are committed together in short transactions."""

    def call(self, operation: Callable[[Transaction_co], R]) -> R:
        """Run `operation` inside a transaction and return its result once that is durable."""
        ...


class Stream(Protocol[T_co]):
    """What comes out of a stage, through a bounded queue. Only `Flow` can read it."""

    @property
    def name(self) -> str:
        """The stage that it comes from."""
        ...


class Flow(Protocol[Transaction_co]):
    """Joins stages by bounded queues. Nothing moves until the flow is run by whoever made it."""

    def pull(self, name: str, work: WorkList[T], *, look_ahead: int, done: Callable[[T], Any] = ...) -> Stream[T]:
        """Start a stream from rows; at most `look_ahead` items wait in memory.

        `done` is called once for each item, never twice at the same time: after what became of it is committed, or
        when a stage on the way has parked it.
        """
        ...

    def threads(
        self, name: str, work: Callable[[T], R], source: Stream[T], *, workers: int, size_of: Callable[[R], int] = ...
    ) -> Stream[R]:
        """Do work that waits in `workers` threads. `size_of` tells the bytes that a result keeps in memory."""
        ...

    def processes(
        self,
        name: str,
        task: ProcessTask[Job, Result],
        source: Stream[T],
        *,
        job_of: Callable[[T], Job | None],
        join: Callable[[T, Result | Casualty | None], R],
        workers: int,
        batch: int = 1,
    ) -> Stream[R]:
        """Do work that computes in `workers` processes, `batch` jobs at a time.

        `job_of` says what of an item a worker needs, or None if the item needs none and passes through; `join` puts
        item and result together.
        """
        ...

    def save(
        self, name: str, operation: Callable[[Transaction_co, Sequence[T]], Sequence[str]], source: Stream[T]
    ) -> None:
        """End a stream in the database. `operation` saves a batch and returns each item's outcome, to be counted."""
        ...


# --- what the stages see of the store --------------------------------------------------------------------------------


class FeedRows(Protocol):
    """Feeds, inside a transaction."""

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[FeedToFetch]:
        """Return at most `limit` feeds that may be asked, hosts interleaved."""
        ...

    def claim(self, feeds: Sequence[FeedToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask `feeds` again before the given times."""
        ...

    def record(self, changes: Sequence[FeedUpdate]) -> None:
        """Keep what requests taught, and log them."""
        ...

    def slices(self, feed_id: int) -> dict[bytes, int]:
        """Return fingerprint → sighting of the entries in the document that was last read."""
        ...

    def slices_of(self, feed_ids: Collection[int]) -> dict[int, dict[bytes, int]]:
        """Return the same of several feeds, those left out of whose document nothing is kept."""
        ...

    def keep_slices(self, slices: Mapping[int, Mapping[bytes, int] | None]) -> None:
        """Keep fingerprint → sighting of documents just read, by feed; None where one could not be taken apart."""
        ...


class HostRows(Protocol):
    """What hosts taught, inside a transaction."""

    def lessons(self) -> list[HostLesson]:
        """Return what is known of all hosts that taught something."""
        ...

    def learn(self, lesson: HostLesson) -> None:
        """Keep a lesson in the place of an earlier one of the same host."""
        ...


class RequestLog(Protocol):
    """The ledger, inside a transaction."""

    def add(self, requests: Sequence[LoggedRequest]) -> None:
        """Log requests for anything but feeds."""
        ...


class PageRows(Protocol):
    """Pages of articles, inside a transaction."""

    def newest_sighting(self) -> int:
        """Return the id of the sighting that came last, 0 if there is none."""
        ...

    def before_recent(self, now: datetime) -> int:
        """Return the id of a sighting before all those whose pages may still be wanted."""
        ...

    def forget_unwanted(self) -> None:
        """Take those pages off the list whose feeds no longer ask for full text."""
        ...

    def enlist(self, after: int, now: datetime) -> int:
        """Put the pages of new articles on the list: of the sightings that come next after the id `after`.

        Return the id of the last sighting that was looked at.
        """
        ...

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[PageToFetch]:
        """Return at most `limit` pages that may be asked for, hosts interleaved."""
        ...

    def claim(self, pages: Sequence[PageToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask for `pages` again before the given times."""
        ...

    def record(self, changes: Sequence[PageUpdate]) -> None:
        """Keep what requests brought."""
        ...

    def robots(self, origin: str) -> RobotsFile | None:
        """Return what is known of the robots.txt of `origin`."""
        ...

    def keep_robots(self, robots: RobotsFile) -> None:
        """Keep a robots.txt."""
        ...

    def forget_old_robots(self, now: datetime) -> None:
        """Forget each robots.txt that expired so long ago that it cannot even serve in the place of a new one."""
        ...


class ArticleRows(Protocol):
    """Articles with their sightings and revisions, inside a transaction."""

    def known(self, feed_id: int, keys: Sequence[EntryKeys]) -> KnownArticles:
        """Return what the store has under these keys."""
        ...

    def save(
        self, feed_id: int, changes: Sequence[ArticleChange], trusted_origin: str | None, now: datetime
    ) -> list[int]:
        """Write what was decided about the entries of one document.

        Return the id of each change's sighting, in their order, and 0 for what was pruned.
        """
        ...

    def unlist(self, listings: Sequence[Listing]) -> None:
        """Note that all other sightings of these feeds have left their documents, which had them last before."""
        ...


class ImageRows(Protocol):
    """Pictures, inside a transaction."""

    def due(self, cutoff: datetime, limit: int, excluding: Collection[int] = ()) -> list[ImageToFetch]:
        """Return at most `limit` pictures that may be asked for, hosts interleaved."""
        ...

    def claim(self, images: Sequence[ImageToFetch], next_fetch_at: Sequence[datetime]) -> None:
        """Promise not to ask for `images` again before the given times."""
        ...

    def record_download(self, change: ImageUpdate) -> None:
        """Keep what a request brought."""
        ...

    def pending_pictures(self, model_id: int, limit: int, excluding: Collection[int] = ()) -> list[PictureJob]:
        """Return at most `limit` stored pictures that the method has not analysed."""
        ...

    def record_picture(self, result: PictureResult, model_id: int) -> None:
        """Keep what the pixels told."""
        ...


class AnalysisRows(Protocol):
    """Analyses, inside a transaction."""

    def model_id(self, method: ModelId, now: datetime) -> int:
        """Return the id of a method, making its row at its first use."""
        ...

    def pending(self, model_id: int, limit: int, excluding: Collection[int] = ()) -> list[ArticleJob]:
        """Return at most `limit` articles whose present text the method has not analysed."""
        ...

    def record(self, results: Sequence[ArticleAnalysis], model_id: int, now: datetime) -> None:
        """Keep what the text of articles told."""
        ...


class QuarantineRows(Protocol):
    """Items set aside, inside a transaction."""

    def add(self, item: QuarantinedItem, now: datetime) -> None:
        """Set `item` aside until its content changes."""
        ...


class StoreTransaction(Protocol):
    """A transaction, with a part for each noun."""

    @property
    def feeds(self) -> FeedRows:
        """The feeds."""
        ...

    @property
    def articles(self) -> ArticleRows:
        """The articles."""
        ...

    @property
    def images(self) -> ImageRows:
        """The pictures."""
        ...

    @property
    def analyses(self) -> AnalysisRows:
        """The analyses."""
        ...

    @property
    def quarantine(self) -> QuarantineRows:
        """What was set aside."""
        ...

    @property
    def hosts(self) -> HostRows:
        """What hosts taught."""
        ...

    @property
    def log(self) -> RequestLog:
        """The ledger of requests for anything but feeds."""
        ...

    @property
    def pages(self) -> PageRows:
        """The pages of articles."""
        ...


class Reader(Protocol):
    """Opens transactions that only read, one after another, from any thread."""

    def __call__(self) -> AbstractContextManager[StoreTransaction]:
        """Open one."""
        ...


class Blobs(Protocol):
    """Files named by the hash of their content."""

    def save(self, content: bytes, extension: str) -> Blob:
        """Store `content` and return where; the same content is stored once."""
        ...
