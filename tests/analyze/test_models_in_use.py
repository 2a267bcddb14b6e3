"""What labels is chosen of word lists and sound models; what is wrong with the settings is found before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aggregator.analyze.models_in_use import (
    ModelsInUse,
    TextSettings,
    choose_models,
    seed_methods,
    tell_topics_without_words,
)
from aggregator.analyze.text_models import load_text_models
from aggregator.analyze.topic_model import TopicModel, save_model
from aggregator.config import DEFAULT_LANGUAGES
from aggregator.errors import ConfigError
from aggregator.records import Subscription, TrainingReport
from aggregator.store.database import Database
from aggregator.topics import TOPICS
from store.small_news import NOW, opened, rows, writing


def settings(*languages: str) -> TextSettings:
    nowhere = Path("/nowhere")
    return TextSettings(
        tuple(TOPICS), languages, lexicon_dir=None, models_dir=nowhere, cache_dir=nowhere, unsure_below=0.5
    )


@pytest.mark.parametrize("wrong", ["xx", "EN", "en-GB", "english", "deu"])
def test_a_language_that_the_detector_does_not_know_is_named(wrong: str) -> None:
    with pytest.raises(ConfigError, match=rf"^\[analyze\] languages: unknown language “{wrong}”: .* such as en, de"):
        seed_methods(settings("en", wrong, "fr"))


def test_the_default_languages_are_known() -> None:
    assert "en" in seed_methods(settings(*DEFAULT_LANGUAGES)).by_language


# --- choosing --------------------------------------------------------------------------------------------------------


class Now:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Rows:
    """A writer without a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def call(self, operation: Callable[[Any], Any]) -> Any:
        with writing(self._database) as transaction:
            return operation(transaction)


class Choice:
    """Models chosen of a real database and a real folder."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.settings = replace(settings("en", "sv"), models_dir=folder / "models")
        self.rows = Rows(database)
        self.said: list[str] = []

    def make(self) -> ModelsInUse:
        self.said.clear()
        return choose_models(self.settings, seed_methods(self.settings), self.rows, Now(), self.said.append)

    def adopt(self, language: str) -> Path:
        """Adopt a model for `language` that has learnt one word; return its file."""
        count = len(TOPICS)
        model = TopicModel(
            language=language,
            topics=tuple(TOPICS),
            method="one word",
            vocabulary={"heron": 0},
            idf=np.ones(1),
            weights=np.eye(1, count, dtype=np.float32),
            offsets=np.zeros(count),
            is_learnt=np.ones(count, dtype=bool),
            priors=np.zeros(count),
            lexicon_weights=np.ones(count),
            temperature=1.0,
            weak_gains=np.ones(count),
        )
        file, sha256 = save_model(model, self.settings.models_dir)
        report = TrainingReport(language, is_adopted=True, reason="", file=file, sha256=sha256)
        seeds = seed_methods(self.settings).version(language)
        self.rows.call(lambda transaction: transaction.models.adopt(report, seeds, NOW))
        return self.settings.models_dir / file


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as one:
        yield one


@pytest.fixture
def choice(tmp_path: Path, database: Database) -> Choice:
    return Choice(tmp_path, database)


def in_use(database: Database) -> dict[int, str]:
    found = rows(database, "SELECT id, name || ' ' || COALESCE(language, '') FROM models WHERE retired_at IS NULL")
    return {number: name.strip() for number, name in found}


def test_without_training_word_lists_label_and_the_choice_stays(choice: Choice, database: Database) -> None:
    chosen = choice.make()
    assert chosen.trained == {}
    assert set(in_use(database)) == chosen.ids
    assert sorted(in_use(database).values())[0:2] == ["feed's category", "seed words de"]
    assert choice.make() == chosen
    assert choice.said == []
    written = load_text_models(str(chosen.path))
    assert (written.method("en").model_id, written.method("sv").model_id) == (
        number_of(database, "seed words en"),
        number_of(database, "feed's category"),
    )


def number_of(database: Database, name: str) -> int:
    return {text: number for number, text in in_use(database).items()}[name]


@pytest.mark.parametrize("language", ["en", "sv"])
def test_an_adopted_model_takes_the_place_of_the_words_of_its_language(
    choice: Choice, database: Database, language: str
) -> None:
    before = choice.make()
    choice.adopt(language)
    chosen = choice.make()
    assert set(chosen.trained) == {language}
    assert chosen.name != before.name
    assert set(in_use(database)) == chosen.ids
    number = number_of(database, f"self-trained {language}")
    assert load_text_models(str(chosen.path)).method(language).model_id == number
    assert (f"seed words {language}" in in_use(database).values()) is False


@pytest.mark.parametrize("harm", ["missing", "damaged", "other words"])
def test_a_model_that_cannot_be_used_is_retired_and_the_words_come_back(
    choice: Choice, database: Database, harm: str
) -> None:
    before = choice.make()
    file = choice.adopt("en")
    choice.make()
    if harm == "missing":
        file.unlink()
    elif harm == "damaged":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        choice.settings = replace(choice.settings, topics=tuple(TOPICS)[1:])
    chosen = choice.make()
    (sentence,) = choice.said
    assert file.name in sentence
    assert sentence.endswith("topics in “en” are learnt anew")
    assert chosen.trained == {}
    assert set(in_use(database)) == chosen.ids
    assert "seed words en" in in_use(database).values()
    assert (chosen == before) is (harm != "other words")
    choice.make()
    assert choice.said == [], "it is said once"


def test_own_topics_that_nothing_speaks_for_are_named(choice: Choice, database: Database, tmp_path: Path) -> None:
    def said(*topics: str) -> list[str]:
        choice.said.clear()
        chosen = replace(choice.settings, topics=topics, lexicon_dir=tmp_path)
        tell_topics_without_words(chosen, choice.rows, choice.said.append)
        return choice.said

    (tmp_path / "en.toml").write_text('[chess]\nwords = ["rook"]\n[herons]\nwords = []\n', encoding="utf-8")
    assert said("chess", "herons", "river life")[0].startswith(
        "nothing tells which articles are about “herons”, “river life”: "
    )
    with writing(database) as transaction:
        transaction.feeds.sync([Subscription("https://example.org/feed", category="river life")], NOW)
    (sentence,) = said("chess", "herons", "river life")
    assert "“herons”: give" in sentence
    assert "river life" not in sentence
    (tmp_path / "en.toml").write_text('[chess]\nwords = ["rook"]\n[herons]\nwords = ["beak"]\n', encoding="utf-8")
    assert said("chess", "herons", "river life") == []
    tell_topics_without_words(choice.settings, choice.rows, choice.said.append)
    assert choice.said == []
