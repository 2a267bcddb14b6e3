"""What the analysis still has to do, recomputed from rows: the lists that the stages pull from.

The lists wait for each other. Topics are learnt once all text that there is has a language and a first label; then what
the old models labelled is labelled again; and stories are told last, when languages are certain.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from aggregator.analyze.models_in_use import ModelsInUse
from aggregator.records import ArticleJob, LearnJob, TellJob
from aggregator.store_ports import Reader, StoreTransaction

J = TypeVar("J")

MOST_TOLD_AT_ONCE = 20_000
"""Articles without a story in one span: what a process has in memory for it, beside the window around it."""


LONGEST_SPAN = 2
"""In windows. A window on either side is loaded with it."""


class PendingWork(Generic[J]):
    """Jobs that the rows call for. Each is handed out once, until its outcome is committed.

    Taken from by one thread; `done` may be called by any other.
    """

    def __init__(
        self,
        load: Callable[[int, Collection[int]], list[J]],
        id_of: Callable[[J], int],
        more_may_come: Callable[[], bool],
    ) -> None:
        """Hand out what `load` finds. The list ends once it finds nothing and `more_may_come` is false."""
        self._load: Callable[[int, Collection[int]], list[J]] = load
        self._id_of: Callable[[J], int] = id_of
        self._more_may_come = more_may_come
        self._in_hand: set[int] = set()

    def done(self, job: J) -> None:
        """Note that the outcome of a job is committed, or that it was given up."""
        self._in_hand.discard(self._id_of(job))

    def take(self, limit: int) -> Sequence[J] | None:
        """Return pending jobs; none while more may come; None when there are no more."""
        # Asked before the rows are: what is committed after these questions is then found by the next ones. What is in
        # hand may become pending again, if it is edited meanwhile.
        may_grow = self._more_may_come() or bool(self._in_hand)
        jobs = self._load(limit, tuple(self._in_hand))
        self._in_hand.update(self._id_of(job) for job in jobs)
        return None if not jobs and not may_grow else jobs


class TextWork:
    """Articles without a label, then those whose label is by a model that is in use no more.

    Taken from by one thread; `done` may be called by any other, `is_quiet` and `is_over` may be read by any.
    """

    def __init__(
        self,
        read: Reader,
        models: Callable[[], ModelsInUse],
        relabel_since: datetime | None,
        fetch_is_done: Callable[[], bool],
        how_far_back: str = "",
    ) -> None:
        """Hand out jobs for the present `models`.

        Articles first seen before `relabel_since` keep their labels (None: all are labelled again). `how_far_back` is
        a word for that: where it is another one than the last time, the articles are gone through again.
        """
        self._read = read
        self._models = models
        self._relabel_since = relabel_since
        self._how_far_back = how_far_back
        self._labelled_by_others = False
        self._fetch_is_done = fetch_is_done
        self._in_hand: set[int] = set()
        self._ids_in_use: frozenset[int] = frozenset()
        self._pass_for: str | None = None
        self._after: int | None = None
        self.learning_is_over: Callable[[], bool] = lambda: True
        self.is_quiet = False
        self.is_over = False

    @property
    def labelled_with(self) -> str:
        """A word for the models by which all recent articles are labelled, once the list is over; empty if not all."""
        return "" if self._pass_for is None or self._labelled_by_others else self._word(self._pass_for)

    def _word(self, models: str) -> str:
        return f"{models} {self._how_far_back}".strip()

    def labelled(self, model_ids: Collection[int]) -> None:
        """Note which models really labelled: a worker that cannot read a model's file falls back on the word list."""
        if not self._ids_in_use.issuperset(model_ids):
            self._labelled_by_others = True

    def done(self, job: ArticleJob) -> None:
        """Note that the outcome of a job is committed, or that it was given up."""
        self._in_hand.discard(job.article_id)

    def take(self, limit: int) -> Sequence[ArticleJob] | None:
        """Return jobs; none while more may come; None when there are no more."""
        learning_is_over = self.learning_is_over()  # asked first: its last models are then known to what follows
        no_more_comes = self._fetch_is_done() and not self._in_hand
        models = self._models()
        self._ids_in_use = models.ids
        with self._read() as transaction:
            jobs = transaction.analyses.pending(limit, str(models.path), tuple(self._in_hand))
        if not jobs and (no_more_comes or self._pass_for == models.name):
            jobs = self._relabel(models, limit)
        self._in_hand.update(job.article_id for job in jobs)
        self.is_quiet = no_more_comes and not jobs and self._after is None
        self.is_over = self.is_quiet and learning_is_over
        return None if self.is_over else jobs

    def _relabel(self, models: ModelsInUse, limit: int) -> list[ArticleJob]:
        """Go once through the articles for each set of models: not ten times a second through all of them."""
        with self._read() as transaction:
            if self._pass_for != models.name:
                self._pass_for, self._after = models.name, self._start(transaction, models)
                self._labelled_by_others = False
            if self._after is None:
                return []
            jobs, self._after = transaction.analyses.labelled_otherwise(
                models.ids, self._after, limit, str(models.path), tuple(self._in_hand)
            )
            return jobs

    def _start(self, transaction: StoreTransaction, models: ModelsInUse) -> int | None:
        if self._relabel_since is None:
            return 0
        if transaction.models.labelled_with() == self._word(models.name):
            return None
        return transaction.analyses.last_before(self._relabel_since)


class LearnWork:
    """Languages whose topics are due to be learnt, asked once: when all text is labelled."""

    def __init__(self, text: TextWork, load: Callable[[], list[LearnJob]]) -> None:
        """Wait for `text`, then hand out what `load` finds."""
        self._text = text
        self._load = load
        self._was_asked = False
        self._in_hand = 0

    def is_over(self) -> bool:
        """Tell whether all has been learnt that is due."""
        return self._was_asked and self._in_hand == 0

    def done(self, _: LearnJob) -> None:
        """Note that what became of a training is committed."""
        self._in_hand -= 1

    def take(self, limit: int) -> Sequence[LearnJob] | None:  # noqa: ARG002 - there are as many as languages
        """Return the jobs; none while text or training goes on; None when there are no more."""
        if not self._was_asked and self._text.is_quiet:
            jobs = self._load()
            self._in_hand = len(jobs)
            self._was_asked = True
            return jobs or None
        return None if self.is_over() else []


class TellWork:
    """Spans of time with articles that no story has, the earliest first, one after another."""

    def __init__(self, text: TextWork, read: Reader, database: str, window_s: float) -> None:
        """Wait for `text`, then look at the rows; a story is open for `window_s` seconds after its last article."""
        self._text = text
        self._read = read
        self._database = database
        self._window = timedelta(seconds=window_s)
        self._after = datetime.min.replace(tzinfo=UTC)
        self._is_in_hand = False

    def done(self, _: TellJob) -> None:
        """Note that what is new about the stories of a span is committed."""
        self._is_in_hand = False

    def take(self, limit: int) -> Sequence[TellJob] | None:  # noqa: ARG002 - each builds on the one before
        """Return the next span; none while text or another span is in hand; None when there are no more."""
        if not self._text.is_over or self._is_in_hand:
            return []
        with self._read() as transaction:
            times = transaction.stories.untold_times(self._after, MOST_TOLD_AT_ONCE)
            newest = transaction.stories.newest_time()
        if not times or newest is None:
            return None
        first, last = first_span(times, self._window)
        # A span that cannot be told is left for the next run.
        self._after = last + timedelta(seconds=1)
        if last >= newest - self._window:
            # Stories that are still open are told anew from the start, whenever their articles came.
            first = min(first, newest - self._window)
        self._is_in_hand = True
        return [TellJob(self._database, first, last, self._window.total_seconds())]


def first_span(times: Sequence[datetime], window: timedelta) -> tuple[datetime, datetime]:
    """Return first and last of the leading `times`, in order, that are told together.

    There is no gap longer than `window` between them, and they span no more than `LONGEST_SPAN` windows: all that lies
    there is loaded, told or not, and an edit here and there must not join a whole year.
    """
    last = times[0]
    for moment in times:
        if moment - last > window or moment - times[0] > LONGEST_SPAN * window:
            break
        last = moment
    return times[0], last
