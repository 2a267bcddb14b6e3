"""Which models label, which are forgotten, and what trainings and corrections leave behind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator.records import LastTraining, LearnJob, ModelId, TrainedModel, TrainingReport
from aggregator.store.database import Database
from store.small_news import HARBOUR, LATER, NOW, analysis, analyze, opened, reading, rows, subscribe, writing
from store.story_rows import add_analysed, entry_at

SEED_WORDS = ModelId("text", "seed words", "1", "en")
SEEDS = "seeds-1"


def report(name: str, language: str = "en") -> TrainingReport:
    return TrainingReport(
        language, is_adopted=True, reason="better", accuracy=0.75, file=f"{name}.npz", sha256=name * 32
    )


def adopt(database: Database, name: str, language: str = "en", seeds: str = SEEDS) -> int:
    with writing(database) as transaction:
        return transaction.models.adopt(report(name, language), seeds, NOW)


def trained(database: Database) -> list[TrainedModel]:
    with reading(database) as transaction:
        return transaction.models.trained()


def forget_unused(database: Database) -> list[str]:
    with writing(database) as transaction:
        return transaction.models.forget_unused()


def in_use(database: Database) -> list[str]:
    return [name for (name,) in rows(database, "SELECT version FROM models WHERE retired_at IS NULL ORDER BY id")]


# --- which models label ----------------------------------------------------------------------------------------------


def test_an_adopted_model_takes_the_place_of_the_last_of_its_language(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        first, german, second = adopt(database, "aa"), adopt(database, "dd", "de"), adopt(database, "bb")
        assert trained(database) == [
            TrainedModel(german, "de", "dd.npz", "dd" * 32, SEEDS),
            TrainedModel(second, "en", "bb.npz", "bb" * 32, SEEDS),
        ]
        assert rows(database, "SELECT id, kind, name, language, file, sha256, retired_at FROM models ORDER BY id") == [
            (first, "text", "self-trained", "en", "aa.npz", "aa" * 32, "2026-03-02 06:30:00"),
            (german, "text", "self-trained", "de", "dd.npz", "dd" * 32, None),
            (second, "text", "self-trained", "en", "bb.npz", "bb" * 32, None),
        ]
        ((details,),) = rows(database, "SELECT details FROM models WHERE id = :id", id=second)
        assert json.loads(details)["accuracy"] == 0.75


def test_a_model_may_be_adopted_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        first = adopt(database, "aa")
        adopt(database, "bb")
        assert adopt(database, "aa") == first
        assert [one.model_id for one in trained(database)] == [first]
        other = adopt(database, "aa", seeds="seeds-2")
        assert other != first, "it labels with another word list"
        assert trained(database) == [TrainedModel(other, "en", "aa.npz", "aa" * 32, "seeds-2")]


def test_what_is_not_in_use_is_retired_once_and_what_is_again_comes_back(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            models = transaction.models
            one, two = (models.model_id(replace(SEED_WORDS, version=version), NOW) for version in "12")
            models.model_id(ModelId("picture", "pixels", "3"), NOW)
            models.use("text", [one], NOW)
            models.use("text", {one}, LATER)
        assert in_use(database) == ["1", "3"]
        assert rows(database, "SELECT retired_at FROM models WHERE id = :id", id=two) == [("2026-03-02 06:30:00",)]
        with writing(database) as transaction:
            transaction.models.use("text", [two], LATER)
        assert in_use(database) == ["2", "3"]
        with writing(database) as transaction:
            transaction.models.retire(two, LATER)
            transaction.models.use("picture", [], LATER)
        assert in_use(database) == []


def test_the_models_that_all_is_labelled_with_are_remembered(tmp_path: Path) -> None:
    with opened(tmp_path) as database, writing(database) as transaction:
        assert transaction.models.labelled_with() == ""
        for name in ("text-1.json", "text-2.json"):
            transaction.models.note_labelled(name)
            assert transaction.models.labelled_with() == name


# --- which are forgotten ---------------------------------------------------------------------------------------------


def test_a_model_is_forgotten_when_it_is_retired_and_no_label_refers_to_it(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1)
        one = entry_at("1-1-en", NOW)
        with writing(database) as transaction:
            transaction.models.retire(transaction.models.model_id(SEED_WORDS, NOW), NOW)
        old = adopt(database, "aa")
        analyze(database, analysis(1, one), old)
        unused, new = adopt(database, "bb"), adopt(database, "cc")
        assert forget_unused(database) == ["bb.npz"]
        assert forget_unused(database) == []
        analyze(database, analysis(1, one), new)
        assert forget_unused(database) == ["aa.npz"]
        left = [number for (number,) in rows(database, "SELECT id FROM models WHERE file IS NOT NULL")]
        assert left == [new]
        assert {old, unused}.isdisjoint(left)
        assert rows(database, "SELECT file FROM models WHERE name = 'seed words'") == [(None,)], (
            "it has no file to lose"
        )


def test_a_file_that_another_model_uses_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        adopt(database, "aa", seeds="seeds-1")
        adopt(database, "aa", seeds="seeds-2")
        assert forget_unused(database) == []
        assert [one.seeds for one in trained(database)] == ["seeds-2"]


# --- trainings -------------------------------------------------------------------------------------------------------


def job(language: str, articles: int, last_correction: str | None = None) -> LearnJob:
    return LearnJob(
        *("sqlite://", "/models", language, ("sport",), None, 0.5, SEEDS),
        articles=articles,
        last_correction=last_correction,
    )


def test_the_last_training_of_each_language_is_known(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            models = transaction.models
            assert models.last_trainings() == {}
            models.record_training(job("en", 200), report("aa"), NOW)
            models.record_training(job("de", 900, "word"), report("bb", "de"), NOW + timedelta(hours=1))
            rejected = replace(report("cc"), is_adopted=False, reason="worse")
            models.record_training(job("en", 300, "another"), rejected, LATER)
        with reading(database) as transaction:
            assert transaction.models.last_trainings() == {
                "en": LastTraining(LATER, 300, was_adopted=False, last_correction="another"),
                "de": LastTraining(NOW + timedelta(hours=1), 900, was_adopted=True, last_correction="word"),
            }
        shown = rows(database, "SELECT id, language, tried_at, articles, adopted, reason, report FROM trainings")
        assert [line[:6] for line in shown] == [
            (1, "en", "2026-03-02 06:30:00", 200, 1, "better"),
            (2, "de", "2026-03-02 07:30:00", 900, 1, "better"),
            (3, "en", "2026-03-02 11:30:00", 300, 0, "worse"),
        ]
        assert json.loads(shown[0][6])["accuracy"] == 0.75


def test_a_model_that_is_lost_after_a_training_in_vain_counts_as_adopted(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        number = adopt(database, "aa")
        with writing(database) as transaction:
            models = transaction.models
            models.record_training(job("en", 300), replace(report("bb"), is_adopted=False), NOW)
            assert not models.last_trainings()["en"].was_adopted
            models.retire(number, LATER)
            assert models.last_trainings()["en"].was_adopted is True
            assert models.files() == ["aa.npz"]


def test_articles_are_counted_by_language(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for language, hours in (("en", (1, 2, 3)), ("de", (4,)), (None, (5,))):
            add_analysed(database, feed_id, *hours, language=language)
        with reading(database) as transaction:
            assert transaction.models.articles_by_language() == {"en": 3, "de": 1}


def test_each_correction_changes_the_word_of_its_language(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3)
        add_analysed(database, feed_id, 4, language="de")
        assert last_corrections(database) == {}
        said = [
            "INSERT INTO correction (article_id, topic) VALUES (4, 'sport')",
            "INSERT INTO correction (article_id, topic) VALUES (1, 'sport')",
            "INSERT INTO correction (article_id, topic) VALUES (3, 'sport')",
            "INSERT INTO correction (article_id, topic, made_at) VALUES (2, 'art', '2001-01-01 00:00:00')",
            "UPDATE correction SET topic = 'health' WHERE article_id = 2",
            "UPDATE correction SET article_id = 5 WHERE article_id = 1",
            "DELETE FROM correction WHERE article_id = 2",
        ]
        add_analysed(database, feed_id, 5)
        english, german = [], []
        for statement in said:
            with database.write() as connection:
                connection.exec_driver_sql(statement)
            words = last_corrections(database)
            english.append(words.get("en"))
            german.append(words["de"])
        assert len(set(english)) == len(said), "each is another"
        assert len(set(german)) == 1
        with writing(database) as transaction:
            transaction.corrections.give(3, "weather", NOW)
            transaction.corrections.give(5, "sport", NOW)
        assert last_corrections(database)["en"] not in english
        with writing(database) as transaction:
            transaction.corrections.give(3, "sport", LATER)
        assert last_corrections(database)["en"] == english[-1], "what was learnt from is as it was"


def last_corrections(database: Database) -> dict[str, str]:
    with reading(database) as transaction:
        return transaction.models.last_corrections()
