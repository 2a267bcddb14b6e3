"""The stage for text: language and topic of each article, and the learning of topics from all of them.

rows ─ArticleJob─▶ [understand ×M processes, batches] ─ArticleAnalysis─▶ save labels (the writer)
rows ─LearnJob──▶ [learn ×1 process] ─TrainingReport─▶ adopt models (the writer) ─▶ labelled again

A model is adopted by its row; the next question for work finds it and writes down anew which models are in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aggregator.analyze.analyzed import Analyzed, itself, with_result
from aggregator.analyze.models_in_use import (
    ModelsInUse,
    SeedMethods,
    Tell,
    TextSettings,
    choose_models,
    tell_topics_without_words,
)
from aggregator.analyze.text import analyze_articles
from aggregator.analyze.training_due import why_learn
from aggregator.analyze.work_lists import LearnWork, TextWork
from aggregator.ports import Clock, Flow, ProcessLimits, ProcessTask, Stream, Writer
from aggregator.records import (
    ArticleAnalysis,
    ArticleJob,
    Casualty,
    LearnJob,
    QuarantinedItem,
    TrainedModel,
    TrainingReport,
)
from aggregator.store_ports import Reader, StoreTransaction

TEXT_BATCH = 128
LOOK_AHEAD = 4096
"""Jobs that wait in memory: headlines and summaries of articles."""

MOST_IN_BATCHES = 8192
"""Articles that all workers together may have in hand. What is in hand is named in a query, which has its limits."""

LearnFunction = Callable[[Sequence[LearnJob]], Sequence[TrainingReport]]
Labelled = Analyzed[ArticleJob, ArticleAnalysis]
Learnt = Analyzed[LearnJob, TrainingReport]


@dataclass(frozen=True, slots=True)
class TextParts:
    """What the stage is made of; `learn` runs in a process, within `learn_limits`.

    Labels of articles older than `relabel_s` seconds stay when a model is new; None labels all again. `tell` is told
    sentences for a person.
    """

    settings: TextSettings
    seeds: SeedMethods
    database: str
    learns: bool
    relabel_s: float | None
    workers: int
    learn: LearnFunction
    learn_limits: ProcessLimits
    read: Reader
    writer: Writer[StoreTransaction]
    clock: Clock
    fetch_is_done: Callable[[], bool]
    tell: Tell


class CurrentModels:
    """The models in use, chosen again after a training."""

    def __init__(self, choose: Callable[[], ModelsInUse]) -> None:
        """Choose them for the first time."""
        self._choose = choose
        self._chosen = choose()
        self._is_outdated = False

    def outdate(self) -> None:
        """Note that a training has ended. May be called by any thread."""
        self._is_outdated = True

    def __call__(self) -> ModelsInUse:
        """Return them. Called by one thread."""
        if self._is_outdated:
            self._is_outdated = False
            self._chosen = self._choose()
        return self._chosen


def add_text_stage(flow: Flow[StoreTransaction], parts: TextParts) -> TextWork:
    """Add the stage to `flow`; return its list of work, which tells when it is over."""
    tell_topics_without_words(parts.settings, parts.writer, parts.tell)
    models = CurrentModels(lambda: choose_models(parts.settings, parts.seeds, parts.writer, parts.clock, parts.tell))
    since = None if parts.relabel_s is None else parts.clock.now() - timedelta(seconds=parts.relabel_s)
    text = TextWork(parts.read, models, since, parts.fetch_is_done, how_far_back=f"{parts.relabel_s or 0:g} s")
    _add_labelling(flow, parts, text)
    if parts.learns:
        learning = LearnWork(text, lambda: _due(parts, models()))
        text.learning_is_over = learning.is_over
        _add_learning(flow, parts, learning, models)
    return text


def _add_labelling(flow: Flow[StoreTransaction], parts: TextParts, text: TextWork) -> None:
    def save(transaction: StoreTransaction, labelled: Sequence[Labelled]) -> list[str]:
        now = parts.clock.now()
        for one in labelled:
            if isinstance(one.result, Casualty):
                transaction.quarantine.add(_quarantined(one.job, one.result), now)
        results = [one.result for one in labelled if not isinstance(one.result, Casualty)]
        transaction.analyses.record(results, now)
        text.labelled({one.model_id for one in results})
        return [_outcome(one.result) for one in labelled]

    jobs = flow.pull("articles pending", text, look_ahead=LOOK_AHEAD, done=text.done)
    labelled: Stream[Labelled] = flow.processes(
        "understand",
        ProcessTask(analyze_articles, ArticleJob, ArticleAnalysis),
        jobs,
        job_of=itself,
        join=with_result,
        workers=parts.workers,
        batch=min(TEXT_BATCH, MOST_IN_BATCHES // parts.workers),
    )
    flow.save("save labels", save, labelled)


def _outcome(result: ArticleAnalysis | Casualty) -> str:
    if isinstance(result, Casualty):
        return "quarantined"
    if not result.topics:
        return "without a topic"
    return "unsure" if result.is_unsure else "labelled"


def _quarantined(job: ArticleJob, casualty: Casualty) -> QuarantinedItem:
    return QuarantinedItem(
        "article", job.article_id, None, "understand", casualty.harm, casualty.detail, job.input_hash
    )


# --- learning --------------------------------------------------------------------------------------------------------


def _due(parts: TextParts, models: ModelsInUse) -> list[LearnJob]:
    with parts.read() as transaction:
        last = transaction.models.last_trainings()
        counts = transaction.models.articles_by_language()
        corrections = transaction.models.last_corrections()
    jobs = []
    for language, articles in sorted(counts.items()):
        reason = why_learn(
            articles,
            last.get(language),
            has_model=language in models.trained,
            last_correction=corrections.get(language),
            now=parts.clock.now(),
        )
        if reason:
            job = learn_job(parts.settings, parts.seeds, models.trained, language=language, database=parts.database)
            jobs.append(replace(job, articles=articles, reason=reason, last_correction=corrections.get(language)))
    return jobs


def learn_job(
    settings: TextSettings, seeds: SeedMethods, trained: Mapping[str, TrainedModel], *, language: str, database: str
) -> LearnJob:
    """Return the order to learn, or to measure, the topics of a language; `trained` are the models in use."""
    champion = trained.get(language)
    return LearnJob(
        database=database,
        models_dir=str(settings.models_dir),
        language=language,
        topics=settings.topics,
        lexicon_dir=str(settings.lexicon_dir) if settings.lexicon_dir else None,
        unsure_below=settings.unsure_below,
        seeds=seeds.version(language),
        champion_file=champion.file if champion else None,
        champion_sha256=champion.sha256 if champion else None,
    )


def _add_learning(flow: Flow[StoreTransaction], parts: TextParts, learning: LearnWork, models: CurrentModels) -> None:
    def save(transaction: StoreTransaction, learnt: Sequence[Learnt]) -> list[str]:
        return [adopt(transaction, one.job, report_of(one), parts.clock) for one in learnt]

    def done(job: LearnJob) -> None:
        models.outdate()  # before the list may be over: whoever sees that sees the new models too
        learning.done(job)

    jobs = flow.pull("languages due", learning, look_ahead=1, done=done)
    learnt: Stream[Learnt] = flow.processes(
        "learn",
        ProcessTask(parts.learn, LearnJob, TrainingReport),
        jobs,
        job_of=itself,
        join=with_result,
        workers=1,
        limits=parts.learn_limits,
    )
    flow.save("adopt models", save, learnt)


def report_of(learnt: Learnt) -> TrainingReport:
    """Return what became of a training, also where it harmed its process: then the old model stays."""
    if not isinstance(learnt.result, Casualty):
        return learnt.result
    reason = f"the training failed ({learnt.result.harm}): {learnt.result.detail}"
    return TrainingReport(learnt.job.language, is_adopted=False, reason=reason)


def adopt(transaction: StoreTransaction, job: LearnJob, report: TrainingReport, clock: Clock) -> str:
    """Keep what became of a training; return its outcome for the count."""
    now = clock.now()
    transaction.models.record_training(job, report, now)
    if not report.is_adopted:
        return "not adopted"
    transaction.models.adopt(report, job.seeds, now)
    return "adopted"
