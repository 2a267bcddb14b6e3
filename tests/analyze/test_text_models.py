"""The file that names the models: what is written is read, what is damaged refused; labels name what gave them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aggregator.analyze import text_models
from aggregator.analyze.text_models import (
    LanguageMethod,
    TextModels,
    lexicon_languages,
    load_text_models,
    no_method,
    save_text_models,
    seed_method,
)
from aggregator.analyze.topic import load_scorer
from aggregator.analyze.topic_model import TopicModel, save_model
from aggregator.errors import ConfigError, StorageError
from aggregator.records import ModelId
from aggregator.topics import TOPICS

NAMES = tuple(TOPICS)
LANGUAGES = ("de", "en", "sv")
FALLBACK_ID, SEED_ID, MODEL_ID = 1, 2, 3


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    load_text_models.cache_clear()
    text_models._usable_model.cache_clear()
    yield
    text_models._usable_model.cache_clear()


def some_models(folder: Path, *methods: LanguageMethod) -> TextModels:
    return TextModels(NAMES, LANGUAGES, FALLBACK_ID, 0.5, str(folder), None, methods)


def trained(folder: Path) -> LanguageMethod:
    """A model for English that has learnt one word, beside the seed words."""
    count = len(NAMES)
    model = TopicModel(
        language="en",
        topics=NAMES,
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
    file, sha256 = save_model(model, folder)
    return LanguageMethod("en", SEED_ID, MODEL_ID, file, sha256)


# --- the file --------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    models = some_models(tmp_path, LanguageMethod("en", SEED_ID), LanguageMethod("sv", None, 9, "sv.npz", "ab" * 32))
    path = save_text_models(replace(models, languages_file="/somewhere/languages.npz"), tmp_path / "new" / "folder")
    assert load_text_models(str(path)).content == replace(models, languages_file="/somewhere/languages.npz")
    assert load_text_models(str(path)) is load_text_models(str(path))


def test_the_name_tells_the_content(tmp_path: Path) -> None:
    models = some_models(tmp_path)
    path = save_text_models(models, tmp_path)
    written = path.stat().st_ino
    assert save_text_models(models, tmp_path) == path
    assert path.stat().st_ino == written
    assert save_text_models(replace(models, unsure_below=0.4), tmp_path) != path
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".json", ".json"]


def test_a_damaged_file_is_refused_and_then_written_anew(tmp_path: Path) -> None:
    models = some_models(tmp_path)
    path = save_text_models(models, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.1"))
    with pytest.raises(StorageError, match="is damaged"):
        load_text_models(str(path))
    assert save_text_models(models, tmp_path) == path
    assert load_text_models(str(path)).content == models


def test_a_missing_file_is_a_matter_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        load_text_models(str(tmp_path / "text-0.json"))
    with pytest.raises(StorageError, match="cannot be read"):
        load_text_models("")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        save_text_models(some_models(tmp_path), tmp_path / "file")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("topics", []), ("languages", []), ("topics", "sport"), ("fallback_id", "1"), ("unsure_below", None)],
        ("methods", [{"language": "en", "seed_id": 1}, {"language": "en", "seed_id": 2}]),
        ("methods", [{"language": "en", "seed_id": 1, "model_id": 2}]),
        ("methods", [{"language": "en", "seed_id": 1, "file": "x.npz", "sha256": "00"}]),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, key: str, value: object) -> None:
    saved = json.loads(save_text_models(some_models(tmp_path), tmp_path).read_bytes())
    content = json.dumps(saved | {key: value}).encode()
    path = tmp_path / text_models._file_name(content)
    path.write_bytes(content)
    with pytest.raises(StorageError, match="is not valid"):
        load_text_models(str(path))


# --- the methods -----------------------------------------------------------------------------------------------------


def test_each_language_gets_the_best_that_there_is(tmp_path: Path) -> None:
    models = some_models(tmp_path, trained(tmp_path), LanguageMethod("de", 7))
    loaded = load_text_models(str(save_text_models(models, tmp_path)))
    english, german, swedish, none = (loaded.method(language) for language in ("en", "de", "sv", None))
    assert (english.model_id, english.scorer is not None, english.model is not None) == (MODEL_ID, True, True)
    assert (german.model_id, german.scorer is not None, german.model) == (7, True, None)
    for nothing in (swedish, none):
        assert (nothing.model_id, nothing.scorer, nothing.model) == (FALLBACK_ID, None, None)
    assert loaded.method("en").model is english.model, "a model is read once"


@pytest.mark.parametrize("harm", ["missing", "damaged", "foreign"])
@pytest.mark.parametrize("has_seeds", [True, False])
def test_a_model_that_cannot_be_used_leaves_the_seed_words_under_their_own_name(
    tmp_path: Path, harm: str, *, has_seeds: bool
) -> None:
    method = trained(tmp_path)
    path = tmp_path / str(method.file)
    if harm == "missing":
        path.unlink()
    elif harm == "damaged":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        method = replace(method, sha256="00" * 32)
    models = some_models(tmp_path, method if has_seeds else replace(method, seed_id=None))
    english = load_text_models(str(save_text_models(models, tmp_path))).method("en")
    assert english.model is None
    assert (english.model_id, english.scorer is not None) == (SEED_ID if has_seeds else FALLBACK_ID, has_seeds)


# --- the identity of methods -----------------------------------------------------------------------------------------


def seeds(language: str = "en", folder: Path | None = None, topics: tuple[str, ...] = NAMES) -> ModelId | None:
    return seed_method(language, topics=topics, languages=LANGUAGES, lexicon_dir=folder)


def test_seed_words_are_known_by_all_that_the_answer_depends_on(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[sport]\nwords = ["goal"]\n', encoding="utf-8")
    english = seeds()
    assert english is not None
    assert (english.kind, english.name, english.language) == ("text", "seed words", "en")
    assert seeds() == english
    others = [
        seeds(folder=tmp_path),
        seeds(topics=("sport", "weather")),
        seeds(topics=("weather", "sport")),
        seed_method("en", topics=NAMES, languages=("en", "de"), lexicon_dir=None),
        seeds("de"),
    ]
    assert len({english, *others}) == 1 + len(others)
    assert seed_method("en", topics=NAMES, languages=LANGUAGES[::-1], lexicon_dir=None) == english
    assert seeds("de", folder=tmp_path) == seeds("de"), "the user's English list is nothing to German"
    assert seeds("sv") is None
    assert seeds(topics=("chess",)) is None


def test_what_has_no_words_is_known_by_topics_and_languages() -> None:
    method = no_method(topics=NAMES, languages=LANGUAGES)
    assert (method.kind, method.name, method.language) == ("text", "feed's category", None)
    assert no_method(topics=NAMES[1:], languages=LANGUAGES) != method
    assert no_method(topics=NAMES, languages=LANGUAGES[1:]) != method


def test_word_lists_of_the_user_are_checked(tmp_path: Path) -> None:
    assert lexicon_languages(None, NAMES) == ("de", "en", "es", "fr", "it", "nl", "pt")
    assert lexicon_languages(None, ("chess",)) == ()
    with pytest.raises(ConfigError, match=r"there is no word list such as en\.toml in"):
        lexicon_languages(tmp_path, NAMES)
    (tmp_path / "english.toml").write_text('[sport]\nwords = ["goal"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"english\.toml is not named like a language; .* such as en\.toml"):
        lexicon_languages(tmp_path, NAMES)
    (tmp_path / "sv.toml").write_text('[sport]\nwords = ["mål"]\n', encoding="utf-8")
    assert lexicon_languages(tmp_path, NAMES) == ("de", "en", "es", "fr", "it", "nl", "pt", "sv")
    assert seeds("sv", tmp_path) is not None
    (tmp_path / "sv.toml").write_text('[sprot]\nwords = ["mål"]\n', encoding="utf-8")
    for check in (lambda: lexicon_languages(tmp_path, NAMES), lambda: seeds("sv", tmp_path)):
        load_scorer.cache_clear()
        with pytest.raises(ConfigError, match=r"sv\.toml: unknown topic “sprot”"):
            check()
