"""Jobs in, analyses out: each in its place, by the method that its language has, within what a worker may cost."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.analyze.language import prepare_languages
from aggregator.analyze.text import LEAST_SCORE, MOST_TOPICS, analyze_articles
from aggregator.analyze.text_models import LanguageMethod, TextModels, load_text_models, save_text_models
from aggregator.analyze.topic_model import Question, TopicModel, save_model
from aggregator.analyze.words import TEXT_CAP
from aggregator.config import DEFAULT_LANGUAGES
from aggregator.errors import StorageError
from aggregator.records import ArticleAnalysis, ArticleJob
from aggregator.topics import TOPICS

NAMES = tuple(TOPICS)
FALLBACK_ID, SEED_ID, MODEL_ID = 1, 2, 3
FOOTER = "The post {} appeared first on The Daily Heron."
SPORT = "Striker scores hat-trick to send champions into semi-final"
MONEY = "Central bank raises interest rates as inflation climbs"
HERONS = "A pair of herons was seen again by the old lock in the harbour"


@pytest.fixture(scope="session")
def languages_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The arranged model of languages: made once for all processes of a parallel run."""
    folder = tmp_path_factory.getbasetemp()
    return str(prepare_languages(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, languages_file: str) -> TextModels:
    """Seed words for English and German, and nothing else."""
    methods = (LanguageMethod("en", SEED_ID), LanguageMethod("de", SEED_ID + 10))
    folder = str(tmp_path_factory.mktemp("models"))
    return TextModels(NAMES, DEFAULT_LANGUAGES, FALLBACK_ID, 0.5, folder, None, methods, languages_file)


@pytest.fixture(scope="session")
def seeds_only(models: TextModels) -> str:
    return str(save_text_models(models, Path(models.models_dir)))


@pytest.fixture(scope="session")
def with_model(models: TextModels) -> str:
    """A model for English too: it takes herons for a matter of the weather, and knows the footer."""
    count = len(NAMES)
    model = TopicModel(
        language="en",
        topics=NAMES,
        method="two words",
        vocabulary={"herons": 0, "post": 1},
        idf=np.ones(2),
        weights=np.vstack([np.eye(1, count, count - 1), np.eye(1, count, NAMES.index("religion"))]).astype(np.float32),
        offsets=np.zeros(count),
        is_learnt=np.ones(count, dtype=bool),
        priors=np.zeros(count),
        lexicon_weights=np.ones(count),
        temperature=0.5,
        weak_gains=np.ones(count),
        boilerplate=frozenset({"the post \ue000 appeared first on the daily heron"}),
    )
    folder = Path(models.models_dir)
    file, sha256 = save_model(model, folder)
    methods = (LanguageMethod("en", SEED_ID, MODEL_ID, file, sha256), *models.methods[1:])
    return str(save_text_models(replace(models, methods=methods), folder))


def analyze(models: str, title: str, text: str = "", **more: object) -> ArticleAnalysis:
    return analyze_articles([replace(ArticleJob(5, "hash", title, text, models=models), **more)])[0]  # type: ignore[arg-type]


def test_seed_words_answer_where_there_is_no_model(seeds_only: str) -> None:
    told = analyze(seeds_only, SPORT, declared_language="en-GB")
    assert (told.article_id, told.input_hash, told.language, told.model_id) == (5, "hash", "en", SEED_ID)
    assert told.topics[0].topic == "sport"
    assert (told.topics[0].score > 0.8, told.is_unsure) == (True, False)


def test_a_model_answers_where_there_is_one(with_model: str) -> None:
    told = analyze(with_model, HERONS)
    assert (told.model_id, told.topics[0].topic) == (MODEL_ID, "weather")
    assert analyze(with_model, SPORT).topics[0].topic == "sport", "with the help of the seed words"


def test_the_model_is_quoted_rightly(with_model: str) -> None:
    model = load_text_models(with_model).method("en").model
    scorer = load_text_models(with_model).method("en").scorer
    assert model is not None
    assert scorer is not None
    for text in (HERONS, SPORT, f"{SPORT}, and herons"):
        expected = model.predict([Question(text, "", scorer.evidence(text, ""), "sport")])[0]
        topics = analyze(with_model, text, category="sport").topics
        assert [topic.topic for topic in topics] == [topic.topic for topic in expected][: len(topics)]
        assert [topic.score for topic in topics] == pytest.approx([topic.score for topic in expected][: len(topics)])


def test_what_the_feed_adds_is_not_read(with_model: str) -> None:
    plain, framed = (
        analyze(with_model, HERONS, "Herons."),
        analyze(with_model, HERONS, f"Herons. {FOOTER.format(HERONS)}"),
    )
    assert framed.topics == plain.topics
    assert analyze(with_model, HERONS, "Herons. A post").topics != plain.topics


def test_without_words_weak_labels_answer(seeds_only: str) -> None:
    swedish = "Hägrarna syntes åter vid den gamla slussen i hamnen, skriver tidningen."
    told = analyze(seeds_only, swedish, category="sport")
    assert (told.language, told.model_id, told.topics[0].topic, told.is_unsure) == ("sv", FALLBACK_ID, "sport", False)
    silent = analyze(seeds_only, swedish)
    assert (silent.topics, silent.is_unsure, silent.model_id) == ((), False, FALLBACK_ID)
    nothing = analyze(seeds_only, "")
    assert (nothing.language, nothing.language_score, nothing.topics) == (None, 0.0, ())


@pytest.mark.parametrize("method", ["seeds_only", "with_model"])
def test_the_feeds_category_the_tags_and_the_url_count(method: str, request: pytest.FixtureRequest) -> None:
    path, vague = request.getfixturevalue(method), "It is about to happen again, and nobody knows why it does"
    for more in ({"category": "sport"}, {"tags": ("Sport",)}, {"url": "https://example.org/sport/2024/again"}):
        assert analyze(path, vague, **more).topics[0].topic == "sport", more


def test_few_topics_the_best_first(seeds_only: str, with_model: str) -> None:
    for path in (seeds_only, with_model):
        for text in (SPORT, MONEY, f"{SPORT}. {MONEY}. The bishop prayed for the hospital's patients.", HERONS):
            scores = [topic.score for topic in analyze(path, "", text).topics]
            assert len(scores) <= MOST_TOPICS
            assert scores == sorted(scores, reverse=True)
            assert all(LEAST_SCORE <= score <= 1 for score in scores[1:])
    assert len(analyze(seeds_only, "", f"{SPORT}. {MONEY}.").topics) == 2


def test_a_topic_below_the_threshold_is_unsure(models: TextModels, seeds_only: str) -> None:
    vague = "It happened near the stadium, it is said, and nobody knows why"
    assert analyze(seeds_only, "", vague).is_unsure
    lower = str(save_text_models(replace(models, unsure_below=0.1), Path(models.models_dir)))
    assert not analyze(lower, "", vague).is_unsure


def test_a_batch_gives_each_article_what_it_gets_alone_in_its_place(seeds_only: str, with_model: str) -> None:
    german = "Bundestag streitet über Gesetzentwurf der Bundesregierung"
    jobs = [
        ArticleJob(number, f"hash {number}", title, "", models=path)
        for number, (title, path) in enumerate(
            [(title, path) for title in (SPORT, german, HERONS, "", MONEY, german) for path in (with_model, seeds_only)]
        )
    ]
    together, alone = analyze_articles(jobs), [analyze_articles([job])[0] for job in jobs]
    assert [(one.article_id, one.input_hash) for one in together] == [(job.article_id, job.input_hash) for job in jobs]
    for one, other in zip(together, alone, strict=True):
        assert (one.language, one.model_id, one.is_unsure) == (other.language, other.model_id, other.is_unsure)
        assert [topic.topic for topic in one.topics] == [topic.topic for topic in other.topics]
        assert [topic.score for topic in one.topics] == pytest.approx([topic.score for topic in other.topics])
    assert {one.model_id for one in together} == {FALLBACK_ID, SEED_ID, SEED_ID + 10, MODEL_ID}
    assert analyze_articles([]) == []


def test_a_damaged_model_does_not_harm_the_batch(models: TextModels) -> None:
    method = LanguageMethod("en", SEED_ID, MODEL_ID, "topics-en-none.npz", "00" * 32)
    path = str(save_text_models(replace(models, methods=(method,)), Path(models.models_dir)))
    told = analyze(path, SPORT)
    assert (told.model_id, told.topics[0].topic) == (SEED_ID, "sport")


def test_no_file_is_a_matter_of_storage() -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        analyze("", SPORT)


@pytest.mark.parametrize("method", ["seeds_only", "with_model"])
def test_a_megabyte_is_read_no_further_than_the_cap(method: str, request: pytest.FixtureRequest) -> None:
    path, filler = request.getfixturevalue(method), "it is so " * 120_000
    assert len(filler) > 200 * TEXT_CAP
    assert analyze(path, filler, filler + SPORT) == analyze(path, filler[:TEXT_CAP], filler[:TEXT_CAP])


ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
"""Lone surrogates included: broken feeds hold them."""


ANY_JOB = st.builds(
    partial(ArticleJob, 5, "hash"),
    ANY_TEXT,
    ANY_TEXT,
    declared_language=st.none() | ANY_TEXT,
    category=st.none() | ANY_TEXT,
    tags=st.tuples(ANY_TEXT),
    url=st.none() | ANY_TEXT,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(job=ANY_JOB)
def test_any_article_is_answered(with_model: str, job: ArticleJob) -> None:
    told = analyze_articles([replace(job, models=with_model)])[0]
    assert told.model_id in {FALLBACK_ID, SEED_ID + 10, MODEL_ID}
    assert all(0 <= topic.score <= 1 and topic.topic in TOPICS for topic in told.topics)


# --- what a worker costs ---------------------------------------------------------------------------------------------

MOST_WORKER_MEMORY_KIB = 80 * 1024


def test_a_worker_is_light(with_model: str) -> None:
    code = f"""if True:
        import re, sys
        from pathlib import Path
        from aggregator.analyze.text import analyze_articles
        from aggregator.records import ArticleJob
        told = analyze_articles([ArticleJob(1, '', {SPORT!r}, {MONEY!r}, models={with_model!r})] * 128)
        assert told[0].topics, told
        print(*sys.modules)
        status = Path('/proc/self/status')
        print(re.search('VmHWM:[^0-9]*([0-9]+)', status.read_text())[1] if status.exists() else 0)
    """
    single = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, env=single
    )
    assert (done.returncode, done.stderr) == (0, "")
    modules, memory = done.stdout.splitlines()
    heavy = {"PIL", "scipy", "sklearn", "sqlalchemy", "py3langid", "onnxruntime", "httpx", "feedparser", "alembic"}
    assert heavy & set(modules.split()) == set()
    assert int(memory) < MOST_WORKER_MEMORY_KIB
