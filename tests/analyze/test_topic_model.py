from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from aggregator.analyze import topic_learning, topic_model, topic_training
from aggregator.analyze.calibration import calibrate
from aggregator.analyze.tfidf import FloatArray
from aggregator.analyze.topic import load_scorer
from aggregator.analyze.topic_examples import NO_LABEL, ReadyExamples, prepare_examples
from aggregator.analyze.topic_folds import assign_folds
from aggregator.analyze.topic_model import Question, TopicModel, UnusableModelError, check_model, load_model, save_model
from aggregator.analyze.topic_words import weigh_texts
from aggregator.analyze.words import words_of
from aggregator.newsroom.material import load_material
from aggregator.records import TopicExample
from aggregator.topics import TOPICS

Fit = topic_learning.Fit


@cache
def newsroom() -> ReadyExamples:
    """Every article of the newsroom, in all its languages at once, with its true topic as a correction."""
    examples = [
        TopicExample(at, at % 20, one.title, " ".join([one.summary, *one.paragraphs]), correction=one.topic)
        for at, one in enumerate(load_material().articles)
    ]
    return prepare_examples(examples, tuple(TOPICS), load_scorer("en"))


@cache
def trained(fit: Fit = topic_learning.fit_bayes) -> TopicModel:
    ready = newsroom()
    words = weigh_texts(ready.texts)
    folds = assign_folds(ready.feeds, ready.labels, seed=0)
    learnt = replace(topic_learning.self_train(words.rows, ready, folds), fit=fit)
    return topic_training._model("en", words, ready, learnt, calibrate(learnt.scores, ready.weak, ready.corrected))


def questions() -> list[Question]:
    ready = newsroom()
    evidence = [dict(zip(ready.topics, row.tolist(), strict=True)) for row in ready.evidence]
    return [Question(*text, found) for text, found in zip(ready.texts, evidence, strict=True)]


def sklearn_scores(fit: Fit, ready: ReadyExamples) -> tuple[FloatArray, FloatArray]:
    """The raw scores of a plain scikit-learn pipeline for each article, and how many of its words it knows."""
    texts = [f"{title}\n{text}" for title, text in ready.texts]
    vectorizer = TfidfVectorizer(analyzer=words_of, sublinear_tf=True, max_df=0.3, min_df=2)
    last = ComplementNB(alpha=0.3)
    if fit is topic_learning.fit_regression:
        last = LogisticRegression(class_weight="balanced", max_iter=200, tol=1e-3)
    labels = ready.labels
    assert (labels != NO_LABEL).all()
    pipeline = make_pipeline(vectorizer, last).fit(texts, labels)
    assert len(last.classes_) == len(TOPICS)
    rows = vectorizer.transform(texts)
    scores = rows @ last.feature_log_prob_.T if isinstance(last, ComplementNB) else pipeline.decision_function(texts)
    assert (pipeline.predict(texts) == scores.argmax(axis=1)).all()
    return scores, np.diff(rows.indptr)


@pytest.mark.parametrize("fit", [topic_learning.fit_bayes, topic_learning.fit_regression])
def test_numpy_and_scikit_learn_agree_on_every_article_of_the_newsroom(fit: Fit) -> None:
    ready, model = newsroom(), trained(fit)
    raw, words = sklearn_scores(fit, ready)
    standard = (raw - raw.mean(axis=1, keepdims=True)) / raw.std(axis=1, keepdims=True)
    joined = (
        standard * (words / (words + 6.0))[:, None] + model.priors + model.lexicon_weights * np.log1p(ready.evidence)
    )
    expected = np.exp(joined / model.temperature)
    expected /= expected.sum(axis=1, keepdims=True)
    is_silent, shares = model.probabilities(questions())
    assert len(shares) > 200
    assert not is_silent.any()
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert (shares.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_topics_come_with_the_likeliest_first_and_their_shares() -> None:
    model = trained()
    for question, topics in zip(questions()[:50], model.predict(questions()[:50]), strict=True):
        scores = [one.score for one in topics]
        assert scores == sorted(scores, reverse=True)
        assert 0.8 < sum(scores) <= 1 + 1e-9
        assert min(scores[1:], default=1.0) >= 0.01
        assert topics[0].topic == model.topics[int(model.probabilities([question])[1].argmax())]


@given(st.lists(st.integers(0, 150), max_size=8))
@settings(max_examples=15)
def test_an_article_has_the_same_topics_in_any_batch(places: list[int]) -> None:
    asked = [questions()[place] if place else Question("", "") for place in places]
    together = trained().probabilities(asked)[1]
    for row, question in zip(together, asked, strict=True):
        np.testing.assert_allclose(row, trained().probabilities([question])[1][0], atol=1e-12)


@pytest.mark.parametrize("text", ["", "qqqq zzzz", "!!! ???", "\0", "字" * 9])
def test_an_article_that_says_nothing_has_no_topic(text: str) -> None:
    assert trained().predict([Question(text, text)]) == [()]


def test_where_the_text_is_silent_the_weak_label_or_the_lexicon_speaks() -> None:
    weak, seeds, foreign = trained().predict(
        [Question("", "", weak_topic="weather"), Question("", "", {"religion": 9.0}), Question("", "", {"chess": 9.0})]
    )
    assert weak[0].topic == "weather"
    assert seeds[0].topic == "religion"
    assert foreign == ()


def test_a_weak_label_adds_to_what_the_text_says_and_a_clear_text_overrules_it() -> None:
    model = trained()
    plain = questions()
    labelled = [one._replace(weak_topic="weather") for one in plain]
    column = model.topics.index("weather")
    without, with_label = (model.probabilities(asked)[1] for asked in (plain, labelled))
    assert (with_label[:, column] > without[:, column]).all()
    assert (with_label.argmax(axis=1) != column).sum() > 100
    assert (model.probabilities([one._replace(weak_topic="chess") for one in plain])[1] == without).all()


def test_a_title_of_a_megabyte_costs_no_more_than_a_page() -> None:
    long = Question("election parliament " * 60_000, "")
    short = Question(("election parliament " * 60_000)[:5_000], "")
    assert trained().predict([long]) == trained().predict([short])


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    model = replace(trained(), boilerplate=frozenset({"read on", "mehr\nlesen", ""}))
    file, sha256 = save_model(model, tmp_path / "new" / "folder")
    loaded = load_model(tmp_path / "new" / "folder", file, sha256)
    assert loaded.predict(questions()) == model.predict(questions())
    assert loaded.vocabulary == model.vocabulary
    assert loaded.boilerplate == model.boilerplate
    assert loaded.card == model.card
    assert list(loaded.learnt_labels) == list(model.learnt_labels)


def test_the_same_model_is_the_same_file_named_by_language_and_hash(tmp_path: Path) -> None:
    file, sha256 = save_model(trained(), tmp_path)
    assert (file, sha256) == save_model(trained(), tmp_path)
    assert file == f"topics-en-{sha256[:16]}.npz"
    assert hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() == sha256
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([file, file.replace(".npz", ".json")])
    assert save_model(replace(trained(), temperature=9.0), tmp_path)[0] != file


def test_the_file_beside_it_says_where_a_model_comes_from(tmp_path: Path) -> None:
    card = topic_training._card(newsroom(), None)
    file, _ = save_model(replace(trained(), card=card), tmp_path)
    told = json.loads((tmp_path / file).with_suffix(".json").read_text("utf-8"))
    assert told["method"] == "self-trained naive Bayes"
    assert told["card"]["training_set"] == newsroom().fingerprint
    assert told["card"]["corrections"] == len(newsroom())
    assert set(told["card"]["versions"]) == {"news-aggregator", "numpy", "scikit-learn"}


def test_a_model_holds_no_objects_that_only_a_pickle_could(tmp_path: Path) -> None:
    file, _ = save_model(trained(), tmp_path)
    with np.load(tmp_path / file, allow_pickle=False) as archive:
        assert {archive[name].dtype.kind for name in archive.files} <= {"u", "f", "b"}


def refused(folder: Path, content: bytes, sha256: str | None = None) -> str:
    (folder / "topics-en-x.npz").write_bytes(content)
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    with pytest.raises(UnusableModelError) as caught:
        load_model(folder, "topics-en-x.npz", sha256)
    assert str(folder / "topics-en-x.npz") in str(caught.value)
    assert "aggregator train" in str(caught.value)
    return str(caught.value)


@cache
def packed() -> bytes:
    return topic_model._packed(trained(), msgspec.json.encode(topic_model._header(trained())))


def repacked(change: Callable[[dict[str, np.ndarray]], None]) -> bytes:
    with np.load(io.BytesIO(packed())) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    target = io.BytesIO()
    np.savez(target, **arrays)
    return target.getvalue()


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(packed()).hexdigest()
    flipped = bytearray(packed())
    flipped[len(flipped) // 2] ^= 1
    assert "its content is not what was saved" in refused(tmp_path, bytes(flipped), sha256)
    assert "its content is not what was saved" in refused(tmp_path, packed()[:-100], sha256)
    assert "its content is not what was saved" in refused(tmp_path, b"", sha256)


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + b"\0" * 18, b"\x93NUMPY", b"not a model", packed()[:-100]])
def test_a_file_that_is_no_model_is_refused_whatever_its_hash(tmp_path: Path, content: bytes) -> None:
    assert "not a model of this version" in refused(tmp_path, content)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not a model"])
def test_what_is_no_model_is_refused_without_reading_all_of_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "good.npz").write_bytes(packed())
    (tmp_path / "bad.npz").write_bytes(content)
    check_model(tmp_path, "good.npz", hashlib.sha256(packed()).hexdigest())
    for file, sha256, problem in (
        ("missing.npz", "0" * 64, "cannot be read"),
        ("good.npz", "0" * 64, "its content is not what was saved"),
        ("bad.npz", hashlib.sha256(content).hexdigest(), "not a model of this version"),
    ):
        with pytest.raises(UnusableModelError, match=problem):
            check_model(tmp_path, file, sha256)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name in ("missing.npz", "folder.npz"):
        with pytest.raises(UnusableModelError, match="cannot be read"):
            load_model(tmp_path, name, "0" * 64)


def test_a_model_of_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_model, "FORMAT", 3)
    assert "its format is 2, not 3" in refused(tmp_path, packed())
    with pytest.raises(UnusableModelError, match="its format is 2, not 3"):
        check_model(tmp_path, "topics-en-x.npz", hashlib.sha256(packed()).hexdigest())


@pytest.mark.parametrize("name", sorted(topic_model._ARRAYS))
def test_arrays_that_do_not_belong_together_are_refused(tmp_path: Path, name: str) -> None:
    def shorten(arrays: dict[str, np.ndarray]) -> None:
        arrays[name] = arrays[name][..., None] if name == "learnt_labels" else arrays[name][:-1]

    def retype(arrays: dict[str, np.ndarray]) -> None:
        arrays[name] = arrays[name].astype("U8")

    def remove(arrays: dict[str, np.ndarray]) -> None:
        del arrays[name]

    assert "not a model of this version" in refused(tmp_path, repacked(shorten))
    assert "not a model of this version" in refused(tmp_path, repacked(retype))
    assert "not a model of this version" in refused(tmp_path, repacked(remove))


def test_a_model_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    def pickle(arrays: dict[str, np.ndarray]) -> None:
        arrays["vocabulary"] = np.array([{"a": 1}], dtype=object)

    assert "allow_pickle=False" in refused(tmp_path, repacked(pickle))


def test_sizes_are_bounded_packed_and_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topic_model, "MOST_MODEL_BYTES", 1 << 20)
    assert "larger than 1 MiB" in refused(tmp_path, b"\0" * ((1 << 20) + 1))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", b"\0" * (1 << 21))
    assert "unpacks to too much" in refused(tmp_path, bomb.getvalue())


def test_predicting_loads_neither_scikit_learn_nor_scipy() -> None:
    code = "import sys, aggregator.analyze.topic_model; print([m for m in sys.modules if m in ('sklearn', 'scipy')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
