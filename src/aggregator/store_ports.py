"""What the stages see of the store: the few narrow protocols that `store` keeps and `app` hands over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from aggregator.records import (
    ArticleAnalysis,
    ArticleChange,
    ArticleJob,
    Blob,
    EntryKeys,
    FeedToFetch,
    FeedUpdate,
    HostLesson,
    ImageToFetch,
    ImageUpdate,
    KnownArticles,
    LastTraining,
    LearnJob,
    Listing,
    LoggedRequest,
    ModelId,
    PageToFetch,
    PageUpdate,
    PictureJob,
    PictureResult,
    QuarantinedItem,
    RobotsFile,
    StoryNews,
    TrainedModel,
    TrainingReport,
)


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

    def record_picture(self, result: PictureResult, model_id: int, vision_model_id: int | None = None) -> None:
        """Keep what the pixels told, and what the user's own image model saw."""
        ...

    def mark_repeated(self) -> int:
        """Say of pictures that feeds repeat over their articles that they are junk; return how many are new to that."""
        ...


class AnalysisRows(Protocol):
    """Analyses, inside a transaction."""

    def pending(self, limit: int, models: str, excluding: Collection[int] = ()) -> list[ArticleJob]:
        """Return at most `limit` articles whose present text nobody has analysed; `models` is put into the jobs."""
        ...

    def labelled_otherwise(
        self, in_use: Collection[int], after: int, limit: int, models: str, excluding: Collection[int] = ()
    ) -> tuple[list[ArticleJob], int | None]:
        """Return at most `limit` articles with ids above `after` whose model is not `in_use`, and where to go on."""
        ...

    def mark_unsure(self, below: float) -> None:
        """Mark the labels that score lower than `below` as unsure, and no others."""
        ...

    def last_before(self, moment: datetime) -> int:
        """Return the id of the last article that was first seen before `moment`."""
        ...

    def record(self, results: Sequence[ArticleAnalysis], now: datetime) -> None:
        """Keep what the text of articles told."""
        ...


class ModelRows(Protocol):
    """Models and trainings, inside a transaction."""

    def model_id(self, method: ModelId, now: datetime) -> int:
        """Return the id of a method, making its row at its first use."""
        ...

    def trained(self) -> list[TrainedModel]:
        """Return the models that were trained here and are in use."""
        ...

    def adopt(self, report: TrainingReport, seeds: str, now: datetime) -> int:
        """Let the model of `report` label from now on; return its id."""
        ...

    def retire(self, model_id: int, now: datetime) -> None:
        """Let a model label no more."""
        ...

    def use(self, kind: str, in_use: Collection[int], now: datetime) -> None:
        """Note that of the models of a kind these label from now on, and no others."""
        ...

    def labelled_with(self) -> str:
        """Return by which models all recent articles were labelled when that was last finished."""
        ...

    def note_labelled(self, models: str) -> None:
        """Note that all recent articles are labelled by `models`."""
        ...

    def forget_unused(self) -> list[str]:
        """Forget the retired models that no label refers to; return their files."""
        ...

    def record_training(self, job: LearnJob, report: TrainingReport, now: datetime) -> None:
        """Note that a training was tried."""
        ...

    def last_trainings(self) -> dict[str, LastTraining]:
        """Return for each language when its topics were last learnt, successfully or not."""
        ...

    def articles_by_language(self) -> dict[str, int]:
        """Return how many analysed articles there are in each language."""
        ...

    def feed_categories(self) -> set[str]:
        """Return all categories that the user gave to feeds."""
        ...

    def last_corrections(self) -> dict[str, str]:
        """Return for each language a word that changes whenever somebody corrects a topic."""
        ...


class StoryRows(Protocol):
    """Stories, inside a transaction."""

    def untold_times(self, after: datetime, limit: int) -> list[datetime]:
        """Return the times, from `after` on, of the first `limit` articles that have no story yet."""
        ...

    def newest_time(self) -> datetime | None:
        """Return the time of the newest article."""
        ...

    def save(self, news: StoryNews, now: datetime) -> list[int]:
        """Write what is new, and return the ids of the stories."""
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
    def models(self) -> ModelRows:
        """The models."""
        ...

    @property
    def stories(self) -> StoryRows:
        """The stories."""
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
