"""A model that goes out of use after the last training leaves its language to be learnt again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.records import LearnJob, TrainingReport
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("lost_after", "is_to_be_there"), [(None, False), (3 * HOUR, True), (HOUR, False)])
def test_a_model_lost_after_a_training_in_vain_is_to_be_there(
    tmp_path: Path, lost_after: timedelta | None, is_to_be_there: bool
) -> None:
    database = Database(f"sqlite:///{tmp_path}/news.db")
    job = LearnJob("", "", "en", ("sport",), None, 0.5, "seeds", articles=300)
    adopted = TrainingReport("en", is_adopted=True, reason="first", file="topics-en-1.npz", sha256="1" * 64)
    with database.write() as connection:
        models = Transaction(connection).models
        models.record_training(job, adopted, NOW)
        number = models.adopt(adopted, job.seeds, NOW)
        assert models.last_trainings()["en"].was_adopted
        models.record_training(job, TrainingReport("en", is_adopted=False, reason="worse"), NOW + 2 * HOUR)
        if lost_after:
            models.retire(number, NOW + lost_after)
        last = models.last_trainings()["en"]
        assert (last.tried_at, last.was_adopted) == (NOW + 2 * HOUR, is_to_be_there)
        assert models.files() == ["topics-en-1.npz"]
    database.close()
