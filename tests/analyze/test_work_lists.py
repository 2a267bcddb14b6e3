"""The lists of work wait for each other, hand out nothing twice, and end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze import work_lists
from aggregator.analyze.models_in_use import ModelsInUse
from aggregator.analyze.work_lists import LONGEST_SPAN, LearnWork, TellWork, TextWork, first_span
from aggregator.records import ArticleJob, LearnJob, ModelId, StoryNews, TellJob
from aggregator.store.database import Database
from aggregator.store_ports import StoreTransaction
from store.small_news import (
    HARBOUR,
    NOW,
    add_article,
    analysis,
    analyze,
    change,
    entry,
    model_id,
    opened,
    reading,
    rows,
    save,
    subscribe,
    writing,
)
from store.story_rows import HOUR, START, add_analysed, entry_at, hash_of, tell

DAY = timedelta(days=1)
WINDOW = 3 * DAY
LEARN_ENGLISH = LearnJob("sqlite://", "/models", "en", ("sport",), None, 0.5, "seeds")


def models(name: str, *ids: int) -> ModelsInUse:
    return ModelsInUse(Path("/models") / name, frozenset(ids), {})


class Analysis:
    """The lists over a real database, and what the stages behind them do with the jobs."""

    def __init__(
        self, database: Database, *, relabel_since: datetime | None = NOW - DAY, learns: Sequence[LearnJob] = ()
    ) -> None:
        self.database = database
        self.in_use = models("text-old.json", model_id(database))
        self.fetch_is_done = True
        self.asked = 0
        self._to_learn = list(learns)

        def read() -> Any:
            return reading(database)

        def due() -> list[LearnJob]:
            self.asked += 1
            return self._to_learn

        self.text = TextWork(read, lambda: self.in_use, relabel_since, lambda: self.fetch_is_done)
        self.learning = LearnWork(self.text, due)
        self.text.learning_is_over = self.learning.is_over
        self.spans = TellWork(self.text, read, database.url, WINDOW.total_seconds())

    def take(self) -> dict[str, list[Any] | None]:
        """Ask each list once, the last first: none may rely on the order."""
        lists: dict[str, Any] = {"tell": self.spans, "learn": self.learning, "text": self.text}
        taken = {name: work.take(2) for name, work in lists.items()}
        return {name: None if jobs is None else list(jobs) for name, jobs in taken.items()}

    def label(self, job: ArticleJob) -> None:
        (model,) = self.in_use.ids
        result = replace(analysis(job.article_id, entry("")), input_hash=job.input_hash)
        analyze(self.database, result, model)
        self.text.done(job)

    def learn(self, job: LearnJob) -> None:
        self.in_use = models("text-new.json", model_id(self.database, ModelId("text", "words", "new")))
        self.learning.done(job)

    def tell(self, job: TellJob) -> None:
        with reading(self.database) as transaction:
            untold = transaction.stories.untold_between(job.from_at, job.to_at + WINDOW)
        tell(self.database, StoryNews(told=tuple(untold.items())))
        self.spans.done(job)

    def run(self) -> list[str]:
        """Work until all lists have ended; return what was done, in its order."""
        diary: list[str] = []
        for _ in range(100):
            taken = self.take()
            if all(jobs is None for jobs in taken.values()):
                return diary
            for job in taken["text"] or ():
                diary.append(f"{self.in_use.path.stem} {job.article_id}")
                self.label(job)
            for job in taken["learn"] or ():
                diary.append(f"learn {job.language}")
                self.learn(job)
            for job in taken["tell"] or ():
                diary.append(f"tell to {(job.to_at - START) // HOUR}")
                self.tell(job)
        raise AssertionError(f"the lists do not end: {diary}")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as one:
        subscribe(one, HARBOUR)
        yield one


def labels(database: Database) -> list[tuple[Any, ...]]:
    return rows(database, "SELECT article_id, model_version FROM labels ORDER BY 1")


# --- the order -------------------------------------------------------------------------------------------------------


def test_text_is_labelled_then_topics_learnt_then_text_labelled_again_then_stories_told(database: Database) -> None:
    for hour in (1, 2, 3):
        add_article(database, 1, entry_at(str(hour), START + hour * HOUR))
    analysis = Analysis(database, learns=[LEARN_ENGLISH])
    assert analysis.run() == [
        *("text-old 1", "text-old 2", "text-old 3"),
        "learn en",
        *("text-new 1", "text-new 2", "text-new 3"),
        "tell to 3",
    ]
    assert labels(database) == [(1, "new"), (2, "new"), (3, "new")]
    assert (analysis.text.is_over, analysis.text.labelled_with) == (True, "text-new.json")
    assert analysis.asked == 1


def test_without_articles_all_lists_end_at_once(database: Database) -> None:
    analysis = Analysis(database)
    assert analysis.run() == []
    assert analysis.text.is_over
    assert analysis.asked == 1


def test_nothing_is_learnt_or_told_while_a_fetch_goes_on_or_text_is_in_hand(database: Database) -> None:
    add_article(database, 1, entry("one"))
    analysis = Analysis(database, learns=[LEARN_ENGLISH])
    analysis.fetch_is_done = False
    (job,) = analysis.text.take(9) or ()
    for fetch_is_done in (False, True):
        analysis.fetch_is_done = fetch_is_done
        assert analysis.take() == {"text": [], "learn": [], "tell": []}, "its outcome is not committed"
    analysis.fetch_is_done = False
    analysis.label(job)
    assert analysis.take() == {"text": [], "learn": [], "tell": []}, "more may come"
    assert analysis.asked == 0
    add_article(database, 1, entry("two"))
    analysis.fetch_is_done = True
    assert analysis.run() == ["text-old 2", "learn en", "text-new 1", "text-new 2", "tell to 238"]


def test_stories_wait_for_a_training_and_for_what_is_labelled_after_it(database: Database) -> None:
    add_analysed(database, 1, 1)
    analysis = Analysis(database, learns=[LEARN_ENGLISH])
    assert analysis.take()["text"] == []
    assert analysis.take() == {"tell": [], "learn": [LEARN_ENGLISH], "text": []}
    assert analysis.take() == {"tell": [], "learn": [], "text": []}
    analysis.learn(LEARN_ENGLISH)
    taken = analysis.take()
    assert (taken["tell"], taken["learn"]) == ([], None)
    (again,) = taken["text"] or []
    assert analysis.take()["tell"] == []
    analysis.label(again)
    assert analysis.take()["text"] is None
    assert len(analysis.take()["tell"] or ()) == 1


def test_without_learning_the_list_of_text_ends_by_itself(database: Database) -> None:
    add_article(database, 1, entry("one"))
    work = TextWork(lambda: cast("Any", reading(database)), lambda: models("m.json", 1), NOW, lambda: True)
    (only,) = work.take(9) or []
    assert (work.take(9), work.is_over) == ([], False)
    work.done(only)
    assert [one.article_id for one in work.take(9) or ()] == [1], "given up, and not set aside: it is tried again"


# --- what is labelled again ------------------------------------------------------------------------------------------


def add_old(database: Database, *days_ago: int) -> None:
    old = model_id(database)
    for days in days_ago:
        one = entry(f"{days}")
        save(database, 1, change(one), now=NOW - days * DAY)
        ((number,),) = rows(database, "SELECT MAX(id) FROM article")
        analyze(database, analysis(number, one), old)


def relabelled(database: Database, since: datetime | None) -> list[int]:
    """Return what is labelled again by a model that nobody has used yet."""
    analysis = Analysis(database, relabel_since=since)
    analysis.learn(LEARN_ENGLISH)
    analysis.run()
    return [number for number, version in labels(database) if version == "new"]


def test_only_recent_articles_are_labelled_again(database: Database) -> None:
    add_old(database, 9, 8, 3, 2, 1)
    assert relabelled(database, NOW - 3 * DAY) == [3, 4, 5]


def test_all_articles_are_labelled_again_on_request(database: Database) -> None:
    add_old(database, 9, 8, 3, 2, 1)
    with writing(database) as transaction:
        transaction.models.note_labelled("text-new.json")
    assert relabelled(database, None) == [1, 2, 3, 4, 5]


def test_what_was_finished_is_not_looked_through_again(database: Database) -> None:
    """With a window that grows with each day, old articles would else be labelled again after all."""
    add_old(database, 9, 2, 1)
    with writing(database) as transaction:
        transaction.models.note_labelled("text-new.json")
    assert relabelled(database, NOW - 3 * DAY) == []
    with writing(database) as transaction:
        # That was further back, or less far: it says nothing about this window.
        transaction.models.note_labelled("text-new.json 30 days")
    assert relabelled(database, NOW - 3 * DAY) == [2, 3]


# --- spans -----------------------------------------------------------------------------------------------------------

HOURS = st.lists(st.integers(0, 400), min_size=1, max_size=20).map(sorted)


@given(HOURS, st.integers(0, 100))
def test_a_span_reaches_to_the_first_gap_longer_than_the_window(hours: list[int], window: int) -> None:
    times = [START + hour * HOUR for hour in hours]
    first, last = first_span(times, window * HOUR)
    inside = [hour for hour in hours if START + hour * HOUR <= last]
    assert first == times[0]
    assert last in times
    assert all(later - earlier <= window for earlier, later in pairwise(inside))
    assert inside[-1] - inside[0] <= LONGEST_SPAN * window
    after = hours[len(inside) :]
    assert all(hour - inside[-1] > window or hour - inside[0] > LONGEST_SPAN * window for hour in after)


def spans_of(database: Database) -> list[tuple[int, int]]:
    """Tell all stories; return the first and last hour of each span."""
    analysis = Analysis(database)
    while not analysis.text.is_over:
        analysis.text.take(1)
        analysis.learning.take(1)
    found = []
    while (jobs := analysis.spans.take(1)) is not None:
        (job,) = jobs
        assert analysis.spans.take(1) == [], "each builds on the one before"
        assert (job.database, job.window_s) == (database.url, WINDOW.total_seconds())
        found.append(((job.from_at - START) // HOUR, (job.to_at - START) // HOUR))
        analysis.tell(job)
    return found


def test_spans_are_parted_by_gaps_and_the_open_window_is_told_from_its_start(database: Database) -> None:
    add_analysed(database, 1, 0, 72, 146, 300, 310)
    assert spans_of(database) == [(0, 72), (146, 146), (310 - 72, 310)]
    assert spans_of(database) == []


def test_a_late_article_is_told_within_the_open_window_only_if_it_lies_there(database: Database) -> None:
    add_analysed(database, 1, 100, 200)
    tell(database, StoryNews(told=((1, hash_of(1, 100)), (2, hash_of(1, 200)))))
    assert spans_of(database) == []
    add_analysed(database, 1, 127)
    assert spans_of(database) == [(127, 127)]
    add_analysed(database, 1, 128)
    assert spans_of(database) == [(128, 128)], "it starts where the open window does"
    add_analysed(database, 1, 190)
    assert spans_of(database) == [(128, 190)]


def test_more_than_a_process_holds_is_told_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_lists, "MOST_TOLD_AT_ONCE", 2)
    add_analysed(database, 1, 0, 50, 100, 150, 500)
    assert spans_of(database) == [(0, 50), (150, 150), (500 - 72, 500)], "100 was told with the first"


def test_a_span_that_cannot_be_told_is_left_for_the_next_run(database: Database) -> None:
    add_analysed(database, 1, 0, 200, 500)
    analysis = Analysis(database)
    found = []
    while (jobs := analysis.take()["tell"]) is not None:
        for job in jobs:
            found.append((job.to_at - START) // HOUR)
            analysis.spans.done(job)
    assert found == [0, 200, 500]
    assert spans_of(database) == [(0, 0), (200, 200), (500 - 72, 500)]


# --- whatever comes first --------------------------------------------------------------------------------------------


class Rows:
    """What the lists ask of a transaction, over a dictionary: article → model that labelled it, None if nobody did."""

    def __init__(self, labelled: dict[int, int | None]) -> None:
        self.labelled = labelled
        self.untold = set(labelled)
        self.analyses = self.models = self.stories = self

    @contextmanager
    def __call__(self) -> Iterator[StoreTransaction]:
        yield cast("StoreTransaction", self)

    def pending(self, limit: int, models: str, excluding: Sequence[int]) -> list[ArticleJob]:
        wanted = [one for one, model in self.labelled.items() if model is None and one not in excluding]
        return [job_of(one, models) for one in wanted[:limit]]

    def labelled_otherwise(
        self, in_use: frozenset[int], after: int, limit: int, models: str, excluding: Sequence[int]
    ) -> tuple[list[ArticleJob], int | None]:
        wanted = [
            one for one, model in self.labelled.items() if one > after and model is not None and model not in in_use
        ]
        found = wanted[:limit]
        return [job_of(one, models) for one in found if one not in excluding], found[-1] if found else None

    def last_before(self, _: datetime) -> int:
        return 0

    def labelled_with(self) -> str:
        return ""

    def untold_times(self, after: datetime, limit: int) -> list[datetime]:
        return [moment for one in sorted(self.untold) if (moment := START + one * DAY) >= after][:limit]

    def newest_time(self) -> datetime | None:
        return START + max(self.labelled, default=0) * DAY


def job_of(number: int, models: str) -> ArticleJob:
    return ArticleJob(number, "hash", "", "", models=models)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.integers(1, 20), st.none() | st.just(1), max_size=8),
    st.booleans(),
    st.integers(0, 10),
    st.integers(0, 10**6),
)
def test_in_whatever_order_work_is_taken_and_done_nothing_is_handed_out_twice_and_all_ends(
    articles: dict[int, int | None], learns: bool, late: int, seed: int
) -> None:
    rows = Rows(dict(sorted(articles.items())))
    random = Random(seed)  # noqa: S311 - and not drawn by Hypothesis, which would let one list starve the others
    state = SimpleNamespace(in_use=models("m1", 1), fetched=not late, ticks=0)
    text = TextWork(rows, lambda: state.in_use, None, lambda: state.fetched)
    learning = LearnWork(text, lambda: [LEARN_ENGLISH] if learns else [])
    text.learning_is_over = learning.is_over
    spans = TellWork(text, rows, "sqlite://", DAY.total_seconds())
    lists: dict[str, Any] = {"text": text, "learn": learning, "tell": spans}
    in_hand: list[tuple[str, Any]] = []

    def finish(name: str, job: Any) -> None:
        if name == "text":
            rows.labelled[job.article_id] = int(job.models[-1])
        elif name == "learn":
            state.in_use = models("m2", 2)
        else:
            rows.untold = {one for one in rows.untold if not job.from_at <= START + one * DAY <= job.to_at + DAY}
        lists[name].done(job)

    open_lists = set(lists)
    while open_lists:
        state.ticks += 1
        assert state.ticks < 2000, "the lists do not end"
        if state.ticks == late:
            rows.labelled[21], state.fetched = None, True
            rows.untold.add(21)
        if in_hand and random.random() < 0.4:
            finish(*in_hand.pop(random.randrange(len(in_hand))))
            continue
        name = random.choice(sorted(open_lists))
        jobs = lists[name].take(random.randint(1, 3))
        if jobs is None:
            open_lists.remove(name)
            continue
        if name != "text" and jobs:
            assert None not in rows.labelled.values(), "some text is not labelled yet"
            assert not [one for one, _ in in_hand if one == "text"], "some text is in hand"
        in_hand += [(name, job) for job in jobs]
        named = [(one, getattr(job, "article_id", None)) for one, job in in_hand]
        assert len(set(named)) == len(named), "handed out twice"
        assert name != "tell" or not jobs or set(rows.labelled.values()) <= state.in_use.ids, "told before all is done"
    assert in_hand == []
    assert set(rows.labelled.values()) <= state.in_use.ids
    assert state.in_use.name == ("m2" if learns else "m1")
    assert rows.untold == set()
