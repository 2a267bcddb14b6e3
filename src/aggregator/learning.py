"""Learning topics from the articles in the database, and measuring how well they are told; in a process of its own.

LearnJob → rows ─TopicExample─▶ training (scikit-learn) → a model's file → TrainingReport
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from aggregator.analyze.topic import LexiconScorer, load_scorer
from aggregator.analyze.topic_model import TopicModel, UnusableModelError, load_model, save_model
from aggregator.errors import StorageError
from aggregator.records import Evaluation, LearnJob, TopicExample, TrainingReport
from aggregator.store.database import reading
from aggregator.store.examples import ExampleRows


def learn(jobs: Sequence[LearnJob]) -> list[TrainingReport]:
    """Train a model for each job, and write it beside those in use if it is to take the place of the present one.

    Raises:
        StorageError: the database cannot be read, or the model not be written.
    """
    return [_learn(job) for job in jobs]


def evaluate(jobs: Sequence[LearnJob]) -> list[Evaluation]:
    """Measure for each job how well topics are told of articles of feeds that were held out.

    Raises:
        StorageError: the database cannot be read.
    """
    # scikit-learn: two seconds and 120 MB that only the process pays that trains, not the one that orders it.
    with _want_of_memory():
        from aggregator.analyze.topic_training import evaluate_topics  # noqa: PLC0415

    return [
        evaluate_topics(
            _examples(job),
            language=job.language,
            topics=job.topics,
            scorer=_scorer(job),
            unsure_below=job.unsure_below,
        )
        for job in jobs
    ]


def _learn(job: LearnJob) -> TrainingReport:
    with _want_of_memory():
        from aggregator.analyze.topic_training import train_topics  # noqa: PLC0415 - as in `evaluate`

    model, report = train_topics(
        _examples(job),
        language=job.language,
        topics=job.topics,
        scorer=_scorer(job),
        champion=_champion(job),
        unsure_below=job.unsure_below,
    )
    if model is not None and job.is_forced and not report.is_adopted:
        report = replace(report, is_adopted=True, reason=f"adopted because it was asked for, although: {report.reason}")
    if model is None or not report.is_adopted:
        return replace(report, is_adopted=False)
    folder = Path(job.models_dir)
    try:
        file, sha256 = save_model(model, folder)
    except OSError as error:
        raise StorageError(f"the model cannot be written to {folder}: {error.strerror}") from error
    return replace(report, file=file, sha256=sha256)


@contextmanager
def _want_of_memory() -> Iterator[None]:
    """Turn what the system's loader says when a library does not fit into memory into what Python says of it.

    Raises:
        MemoryError: a library that is imported in the block needs more memory than this process may use.
    """
    try:
        yield
    except ImportError as error:
        if "failed to map segment" in str(error) or "annot allocate memory" in str(error):
            raise MemoryError from error
        raise


def _examples(job: LearnJob) -> list[TopicExample]:
    with reading(job.database) as connection:
        return ExampleRows(connection).of_language(job.language)


def _scorer(job: LearnJob) -> LexiconScorer | None:
    return load_scorer(job.language, Path(job.lexicon_dir) if job.lexicon_dir else None, job.topics)


def _champion(job: LearnJob) -> TopicModel | None:
    if job.champion_file is None or job.champion_sha256 is None:
        return None
    try:
        return load_model(Path(job.models_dir), job.champion_file, job.champion_sha256)
    except UnusableModelError:
        return None  # whoever chose it says so; there is nothing to compare with
