"""Models in the database: which label, which were trained here, and when that was last tried."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, exists, func, insert, not_, or_, select, update
from sqlalchemy.engine import Connection

from aggregator.records import LastTraining, LearnJob, ModelId, TrainedModel, TrainingReport
from aggregator.store.schema import analysis, correction, feed, meta, model, training

SELF_TRAINED = "self-trained"
"""The name of the models that were trained here."""

_LABELLED_WITH = "labelled with"


class ModelRows:
    """Models and trainings, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Read and write through `connection`."""
        self._connection = connection

    def model_id(self, method: ModelId, now: datetime) -> int:
        """Return the id of `method`, making its row at its first use."""
        of_method = (model.c.kind == method.kind, model.c.name == method.name, model.c.version == method.version)
        found = self._connection.execute(select(model.c.id).where(*of_method)).scalar()
        if found is not None:
            return int(found)
        row = {**asdict(method), "created_at": now}
        return int(self._connection.execute(insert(model).returning(model.c.id), row).scalar_one())

    def use(self, kind: str, in_use: Collection[int], now: datetime) -> None:
        """Note that of the models of a kind these label from now on, and no others."""
        of_kind = model.c.kind == kind
        again = (of_kind, model.c.id.in_(in_use), model.c.retired_at.is_not(None))
        self._connection.execute(update(model).where(*again).values(retired_at=None))
        others = (of_kind, model.c.id.not_in(in_use), model.c.retired_at.is_(None))
        self._connection.execute(update(model).where(*others).values(retired_at=now))

    def trained(self) -> list[TrainedModel]:
        """Return the models that were trained here and are in use: one for a language at most."""
        statement = (
            select(model.c.id, model.c.language, model.c.file, model.c.sha256, model.c.version)
            .where(model.c.kind == "text", model.c.file.is_not(None), model.c.retired_at.is_(None))
            .order_by(model.c.id)
        )
        rows = self._connection.execute(statement)
        return [
            TrainedModel(row.id, row.language, row.file, row.sha256, seeds=row.version.partition(" ")[2])
            for row in rows
        ]

    def adopt(self, report: TrainingReport, seeds: str, now: datetime) -> int:
        """Let the model of `report` label from now on, in the place of the language's last; return its id.

        `seeds` is the version of the word list that it was trained with.
        """
        earlier = (model.c.language == report.language, model.c.file.is_not(None), model.c.retired_at.is_(None))
        self._connection.execute(update(model).where(*earlier).values(retired_at=now))
        assert report.sha256 is not None, "what is adopted has a file"  # noqa: S101 - the trainer's own promise
        number = self.model_id(ModelId("text", SELF_TRAINED, f"{report.sha256[:12]} {seeds}", report.language), now)
        values = {"file": report.file, "sha256": report.sha256, "details": _json(report), "retired_at": None}
        self._connection.execute(update(model).where(model.c.id == number).values(values))
        return number

    def retire(self, model_id: int, now: datetime) -> None:
        """Let a model label no more; what it labelled stays until it is labelled again."""
        self._connection.execute(update(model).where(model.c.id == model_id).values(retired_at=now))

    def forget_unused(self) -> list[str]:
        """Forget the retired models that were trained here and to which no label refers; return their files.

        A file that another model uses is not among them: the same weights may serve with another word list.
        """
        referred = exists().where(analysis.c.model_id == model.c.id)
        unused = delete(model).where(model.c.file.is_not(None), model.c.retired_at.is_not(None), not_(referred))
        files = set(self._connection.execute(unused.returning(model.c.file)).scalars())
        used = self._connection.execute(select(model.c.file).where(model.c.file.in_(files))).scalars()
        return sorted(files.difference(used))

    def files(self) -> list[str]:
        """Return the files of all models that were trained here, those that label no more included."""
        return list(self._connection.execute(select(model.c.file).where(model.c.file.is_not(None))).scalars())

    def labelled_with(self) -> str:
        """Return by which models all recent articles were labelled when that was last finished: see `note_labelled`."""
        statement = select(meta.c.value).where(meta.c.key == _LABELLED_WITH)
        return str(self._connection.execute(statement).scalar() or "")

    def note_labelled(self, models: str) -> None:
        """Note that all recent articles are labelled by `models`, a word of the caller's."""
        self._connection.execute(delete(meta).where(meta.c.key == _LABELLED_WITH))
        self._connection.execute(insert(meta), {"key": _LABELLED_WITH, "value": models})

    def record_training(self, job: LearnJob, report: TrainingReport, now: datetime) -> None:
        """Note that a training was tried, whatever became of it."""
        row = {
            "language": job.language,
            "tried_at": now,
            "articles": job.articles,
            "last_correction": job.last_correction,
            "is_adopted": report.is_adopted,
            "reason": report.reason,
            "report": _json(report),
        }
        self._connection.execute(insert(training), row)

    def last_trainings(self) -> dict[str, LastTraining]:
        """Return for each language when its topics were last learnt, successfully or not.

        One whose model went out of use since then, without another in its place, counts as adopted, so that it is
        learnt again: the model was lost, though a later training had brought no better one.
        """
        newest = select(func.max(training.c.id)).group_by(training.c.language)
        statement = select(
            *(training.c.language, training.c.tried_at, training.c.articles),
            *(or_(training.c.is_adopted, _WAS_LOST_SINCE), training.c.last_correction),
        ).where(training.c.id.in_(newest))
        return {row.language: LastTraining(*row[1:]) for row in self._connection.execute(statement)}

    def articles_by_language(self) -> dict[str, int]:
        """Return how many analysed articles there are in each language."""
        statement = select(analysis.c.language, func.count()).group_by(analysis.c.language)
        return {language: count for language, count in self._connection.execute(statement) if language is not None}

    def feed_categories(self) -> set[str]:
        """Return all categories that the user gave to feeds."""
        statement = select(feed.c.category).where(feed.c.category.is_not(None)).distinct()
        return set(self._connection.execute(statement).scalars())

    def last_corrections(self) -> dict[str, str]:
        """Return for each language a word that changes whenever somebody corrects a topic, in whatever way."""
        statement = (
            select(analysis.c.language, correction.c.article_id, correction.c.topic)
            .join(analysis, analysis.c.article_id == correction.c.article_id)
            .where(analysis.c.language.is_not(None))
            .order_by(correction.c.article_id)
        )
        words: dict[str, Any] = {}
        for language, article_id, topic in self._connection.execute(statement):
            word = words.setdefault(language, hashlib.sha256())
            word.update(msgspec.json.encode([article_id, topic]))
        return {language: word.hexdigest() for language, word in words.items()}


_WAS_LOST_SINCE = exists().where(
    model.c.language == training.c.language, model.c.file.is_not(None), model.c.retired_at > training.c.tried_at
)


def _json(report: TrainingReport) -> str:
    return msgspec.json.encode(report).decode()
