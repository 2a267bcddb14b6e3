"""Learning topics by hand, and measuring them: what `train`, `evaluate` and `label` do.

A training runs in a process of its own, as in the analysis; what it found is committed here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from aggregator.analyze.analyzed import Analyzed
from aggregator.analyze.models_in_use import seed_methods, usable_models
from aggregator.analyze.text_stage import adopt, learn_job, report_of
from aggregator.analyzing import learn_limits, text_settings
from aggregator.app import ANALYZE, Installation, open_installation
from aggregator.config import Settings
from aggregator.errors import UsageError
from aggregator.learning import evaluate, learn
from aggregator.pipeline.lock import StageLock
from aggregator.pipeline.worker import Worker, process_context
from aggregator.pipeline.worker_child import WorkerOrders
from aggregator.ports import Clock
from aggregator.records import Casualty, Evaluation, LearnJob, TrainingReport
from aggregator.store.database import Database, file_of
from aggregator.store.models import ModelRows
from aggregator.store.transaction import Transaction
from aggregator.topics import topic_name

R = TypeVar("R")


def train(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    languages: Collection[str] = (),
    is_forced: bool = False,
    on_language: Callable[[LearnJob], object] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[TrainingReport]:
    """Learn the topics of `languages` (all that there are articles in), and yield what became of each.

    `is_forced` adopts each model whatever was measured. `on_language` is told what begins, `say` sentences
    for a person. Articles get their new labels in the next analysis.

    Raises:
        UsageError: there are no articles in a language of `languages`.
        ConfigError: settings or word lists cannot be used.
        StorageError: the database or the disk failed.
        AlreadyRunningError: an analysis runs, which may be learning too.
    """
    with ExitStack() as stack:
        stack.enter_context(StageLock(file_of(settings.database_url).resolve(), ANALYZE))
        installation = stack.enter_context(open_installation(settings, environment, ()))
        rows = _Rows(installation.database)
        jobs = _jobs(installation, languages, say)
        with _worker(settings, learn, TrainingReport) as compute:
            for job in jobs:
                on_language(job)
                learnt = Analyzed(job, compute(replace(job, is_forced=is_forced)))
                report = report_of(learnt)
                rows.call(partial(_adopt, job, report, installation.clock))
                yield report


def evaluate_languages(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    languages: Collection[str] = (),
    on_language: Callable[[LearnJob], object] = lambda _: None,
) -> Iterator[Evaluation]:
    """Measure how well topics are told in `languages` (all that there are articles in), and yield each result.

    What a person corrected and what publishers say of their articles is taken for the truth. A model is trained
    without the feeds that it is measured on. Nothing is changed.

    Raises:
        UsageError: there are no articles in a language of `languages`.
        ConfigError: settings or word lists cannot be used.
        StorageError: the database or the disk failed.
    """
    with open_installation(settings, environment, ()) as installation:
        jobs = _jobs(installation, languages)
        with _worker(settings, evaluate, Evaluation) as compute:
            for job in jobs:
                on_language(job)
                result = compute(job)
                if isinstance(result, Casualty):
                    problem = f"the evaluation failed ({result.harm}): {result.detail}"
                    result = Evaluation(job.language, articles=job.articles, problem=problem)
                yield result


def correct(settings: Settings, environment: Mapping[str, str], article_id: int, topic: str | None) -> tuple[str, str]:
    """Say which topic an article has, or with None take back what was said. Return its title and the topic's name.

    Raises:
        UsageError: there is no such article, or no such topic.
        StorageError: the database or the disk failed.
    """
    try:
        name = None if topic is None else topic_name(topic, settings.topics.names)
    except ValueError as error:
        raise UsageError(str(error)) from error
    with open_installation(settings, environment, ()) as installation:
        now = installation.clock.now()
        title = _Rows(installation.database).call(lambda tx: tx.corrections.give(article_id, name, now))
    return title, name or ""


def _adopt(job: LearnJob, report: TrainingReport, clock: Clock, transaction: Transaction) -> None:
    adopt(transaction, job, report, clock)


class _Rows:
    """Writes without a thread: nothing else goes on in these commands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def call(self, operation: Callable[[Transaction], R]) -> R:
        with self._database.write() as connection:
            return operation(Transaction(connection))


def _jobs(
    installation: Installation,
    languages: Collection[str],
    say: Callable[[str], None] = lambda _: None,
) -> list[LearnJob]:
    chosen = text_settings(installation.settings)
    seeds = seed_methods(chosen)
    with installation.database.read() as connection:
        models = ModelRows(connection)
        trained = usable_models(chosen, seeds, models.trained(), say)
        counts, corrections = models.articles_by_language(), models.last_corrections()
    for language in languages:
        if language not in counts:
            there_are = f"there are in: {', '.join(sorted(counts))}" if counts else "there are none at all yet"
            raise UsageError(f"there are no analysed articles in “{language}”; {there_are}")
    database = installation.settings.database_url
    return [
        replace(
            learn_job(chosen, seeds, trained, language=language, database=database),
            articles=articles,
            last_correction=corrections.get(language),
        )
        for language, articles in sorted(counts.items())
        if not languages or language in languages
    ]


@contextmanager
def _worker(
    settings: Settings, function: Callable[..., Any], result_type: type[R]
) -> Iterator[Callable[[LearnJob], R | Casualty]]:
    limits = learn_limits(settings)
    orders = WorkerOrders(function, LearnJob, limits.item_timeout_s, limits.memory_limit_bytes)
    worker = Worker(process_context(()), orders, result_type)

    def compute(job: LearnJob) -> R | Casualty:
        reply = worker.compute([job])
        return reply if isinstance(reply, Casualty) else reply.results[0]

    try:
        yield compute
    finally:
        worker.close()
