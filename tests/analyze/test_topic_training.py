from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze import topic_learning
from aggregator.analyze.calibration import calibrate, usual_temperature
from aggregator.analyze.lexicon import compile_lexicon
from aggregator.analyze.topic import LexiconScorer
from aggregator.analyze.topic_adoption import Held, judge
from aggregator.analyze.topic_evaluation import calibration_error
from aggregator.analyze.topic_examples import NO_LABEL, prepare_examples, unknown_corrections
from aggregator.analyze.topic_folds import FOLDS, assign_folds
from aggregator.analyze.topic_model import Question, TopicModel, save_model, softmax
from aggregator.analyze.topic_training import evaluate_topics, train_topics
from aggregator.analyze.topic_words import weigh_texts
from aggregator.records import Evaluation, TopicExample, TrainingReport

TOPICS = ("sport", "weather", "religion")
COMMON = [f"common{number}" for number in range(150)]
WORDS = {topic: [f"{topic}word{number}" for number in range(30)] for topic in (*TOPICS, "chess")}
SCORER = LexiconScorer(compile_lexicon({topic: WORDS[topic][:3] for topic in TOPICS}), TOPICS)
"""Knows a tenth of each topic's words."""


def article(number: int, topic: str, rng: random.Random, **fields: object) -> TopicExample:
    words = rng.choices(COMMON, k=10) + rng.choices(WORDS[topic], k=5)
    rng.shuffle(words)
    values: dict[str, object] = {"feed_id": 1 + number % 20, "title": " ".join(words[:4]), "text": " ".join(words[4:])}
    return TopicExample(number, **{**values, **fields})  # type: ignore[arg-type]


@cache
def corpus(count: int = 300, topics: tuple[str, ...] = TOPICS, seed: int = 1) -> tuple[TopicExample, ...]:
    """Unlabelled articles, whose topics take turns."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    return tuple(article(number, topics[number % len(topics)], rng) for number in range(count))


def truth(example: TopicExample, topics: Sequence[str] = TOPICS) -> str:
    return topics[example.article_id % len(topics)]


def train(
    examples: Sequence[TopicExample],
    topics: tuple[str, ...] = TOPICS,
    scorer: LexiconScorer | None = SCORER,
    champion: TopicModel | None = None,
) -> tuple[TopicModel | None, TrainingReport]:
    return train_topics(
        examples, language="en", topics=topics, scorer=scorer, champion=champion, unsure_below=0.5, seed=0
    )


def trained(examples: Sequence[TopicExample], **options: object) -> tuple[TopicModel, TrainingReport]:
    model, report = train(examples, **options)  # type: ignore[arg-type]
    assert model is not None, report.reason
    return model, report


@cache
def first_model() -> TopicModel:
    return trained(corpus())[0]


def guesses(model: TopicModel, examples: Sequence[TopicExample], scorer: LexiconScorer | None = SCORER) -> list[str]:
    asked = [Question(one.title, one.text, scorer.evidence(one.title, one.text) if scorer else {}) for one in examples]
    return [topics[0].topic if topics else "" for topics in model.predict(asked)]


def accuracy(model: TopicModel, examples: Sequence[TopicExample], **options: object) -> float:
    told = guesses(model, examples, **options)  # type: ignore[arg-type]
    return sum(map(str.__eq__, told, map(truth, examples))) / len(examples)


def with_categories(examples: Sequence[TopicExample], wrong: int = 0) -> list[TopicExample]:
    """Every second article labelled by its feed, every `wrong`th of these labels (if any) with another topic."""
    labelled = []
    for one in examples:
        topic = truth(one)
        if wrong and one.article_id // 2 % wrong == 0:
            topic = TOPICS[(TOPICS.index(topic) + 1) % len(TOPICS)]
        labelled.append(replace(one, category=topic) if one.article_id % 2 else one)
    return labelled


# --- learning ------------------------------------------------------------------------------------------------------


def test_it_learns_without_labels_what_the_word_list_does_not_know() -> None:
    model, report = trained(corpus())
    unseen = corpus(seed=2)
    by_list = sum(
        max(TOPICS, key=lambda topic: found.get(topic, 0.0)) == truth(one) if found else 0
        for one in unseen
        for found in [SCORER.evidence(one.title, one.text)]
    ) / len(unseen)
    assert by_list < 0.7
    assert accuracy(model, unseen) > 0.95
    assert report.is_adopted
    assert report.reason.startswith("it is the first model; nothing could be compared, because no article has a weak ")
    assert (report.articles, report.weak_labels, report.corrections) == (300, 0, 0)
    assert (report.accuracy, report.champion_accuracy, report.changed) == (None, None, None)
    assert report.method == model.method == "self-trained naive Bayes"


def test_each_round_learns_from_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    # Words that follow one another: each article has neighbouring ones, and the word list knows the first.
    rng = random.Random(1)  # noqa: S311 - not for secrets
    examples = []
    for number in range(600):
        start = rng.randrange(60)
        chain = [f"{TOPICS[number % 3]}chain{start + step}" for step in range(8)]
        examples.append(TopicExample(number, number % 20, " ".join(chain), " ".join(rng.choices(COMMON, k=10))))
    first_words = {topic: [f"{topic}chain{number}" for number in range(6)] for topic in TOPICS}
    scorer = LexiconScorer(compile_lexicon(first_words), TOPICS)

    def reached(rounds: int) -> float:
        monkeypatch.setattr(topic_learning, "ROUNDS", rounds)
        return accuracy(trained(examples, scorer=scorer)[0], examples, scorer=scorer)

    assert topic_learning.ROUNDS == 3
    assert reached(1) + 0.05 < reached(3)


def test_the_order_of_the_examples_does_not_matter(tmp_path: Path) -> None:
    examples = with_categories(corpus())
    shuffled = random.Random(3).sample(examples, len(examples))  # noqa: S311 - not for secrets
    assert save_model(trained(examples)[0], tmp_path) == save_model(trained(shuffled)[0], tmp_path)


def test_topics_of_ones_own_are_learnt_from_weak_labels_alone() -> None:
    examples = with_categories(corpus())
    model, report = trained(examples, scorer=None)
    assert accuracy(model, corpus(seed=2), scorer=None) > 0.9
    assert report.weak_labels == 150
    assert report.accuracy is not None
    assert report.accuracy > 0.9


def test_wrong_weak_labels_are_not_learnt() -> None:
    examples = with_categories(corpus(600), wrong=8)
    model, report = trained(examples)
    mislabelled = [one for one in examples if one.category not in (None, truth(one))]
    assert len(mislabelled) > 30
    assert accuracy(model, mislabelled) > 0.9
    assert report.accuracy == pytest.approx(1 - len(mislabelled) / 300, abs=0.03)


def test_labels_that_the_text_contradicts_are_replaced_before_the_last_fit() -> None:
    rng = random.Random(1)  # noqa: S311 - not for secrets
    clear = [replace(one, text=" ".join([one.text, *rng.sample(WORDS[truth(one)], k=20)])) for one in corpus(600)]
    examples = with_categories(clear, wrong=8)
    ready = prepare_examples(examples, TOPICS, SCORER)
    true = np.array([TOPICS.index(truth(one)) for one in examples])
    wrong = (ready.weak != NO_LABEL) & (ready.weak != true)
    folds = assign_folds(ready.feeds, ready.labels, seed=0)
    learnt = topic_learning.self_train(weigh_texts(ready.texts).rows, ready, folds)
    assert wrong.sum() > 30
    assert (learnt.labels == true)[wrong].mean() > 0.5
    assert (learnt.labels == true)[~wrong].mean() > 0.97


def test_corrections_are_always_true_and_overrule_weak_labels() -> None:
    # A user for whom every weather report is religion, against the feeds and the word list.
    examples = [
        replace(one, correction="religion") if truth(one) == "weather" else one for one in with_categories(corpus())
    ]
    model, report = trained(examples)
    weather = [one for one in corpus(seed=2) if truth(one) == "weather"]
    assert report.corrections == 100
    assert Counter(guesses(model, weather, scorer=None))["religion"] > 0.8 * len(weather)


def test_a_feeds_footer_is_not_its_topic() -> None:
    footer = ". Goalkeeper newsletter: subscribe to our goalkeeper bulletin today."
    examples = [
        replace(one, feed_id=50, category="sport", text=one.text + footer) if one.article_id % 6 == 0 else one
        for one in corpus()
    ]
    model, _ = trained(examples)
    assert model.boilerplate
    assert "goalkeeper" not in model.vocabulary
    religion = [replace(one, text=one.text + footer) for one in corpus(seed=2) if truth(one) == "religion"]
    assert Counter(guesses(model, religion))["religion"] > 0.9 * len(religion)


def test_with_many_labels_the_method_that_guesses_them_best_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = with_categories(corpus(600))
    assert trained(examples)[1].method == topic_learning.SELF_TRAINED
    real = topic_learning.self_train

    def mistaken(*arguments: Any) -> topic_learning.Learnt:
        learnt = real(*arguments)
        return replace(learnt, scores=np.roll(learnt.scores, 1, axis=1))

    monkeypatch.setattr(topic_learning, "self_train", mistaken)
    model, report = trained(examples)
    assert report.method in (topic_learning.LABELS_ONLY, topic_learning.REGRESSION)
    assert model.method == report.method
    assert accuracy(model, corpus(seed=2)) > 0.95
    assert trained(examples[:-2])[1].method == topic_learning.SELF_TRAINED


# --- what cannot be learnt -------------------------------------------------------------------------------------------


def test_too_few_articles_teach_nothing() -> None:
    model, report = train(corpus(199))
    assert model is None
    assert report == TrainingReport(
        "en", is_adopted=False, reason="there are 199 different articles, and 200 are needed; the word list goes on",
        articles=199,
    )  # fmt: skip


def test_ten_thousand_identical_articles_are_one() -> None:
    same = [replace(corpus()[0], article_id=number, feed_id=number % 7) for number in range(10_000)]
    assert train(same)[1].articles == 1
    model, report = trained([*same, *(replace(one, article_id=20_000 + one.article_id) for one in corpus()[1:])])
    assert report.articles == 300
    assert len(set(guesses(model, corpus()))) == 3


@pytest.mark.parametrize(
    ("examples", "topics", "scorer", "reason"),
    [
        ([TopicExample(number, 1, "", "") for number in range(300)], TOPICS, SCORER, "0 different articles"),
        ([TopicExample(number, 1, f"word{number}", "") for number in range(300)], TOPICS, SCORER, "no words in common"),
        (corpus(), TOPICS, None, "fewer than two topics"),
        (corpus(topics=("sport",)), TOPICS, SCORER, "fewer than two topics"),
        (corpus(), ("sport",), SCORER, "fewer than two topics"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_is_said(
    examples: Sequence[TopicExample], topics: tuple[str, ...], scorer: LexiconScorer | None, reason: str
) -> None:
    model, report = train(examples, topics, scorer)
    assert model is None
    assert not report.is_adopted
    assert reason in report.reason


def test_a_topic_with_a_single_example_is_left_to_the_word_list_and_named() -> None:
    topics = (*TOPICS, "chess")
    one = article(1_000, "chess", random.Random(1), correction="chess")  # noqa: S311 - not for secrets
    model, report = trained([*corpus(), one], topics=topics)
    assert report.reason.endswith("too few examples, so left to the word list: chess")
    assert accuracy(model, corpus(seed=2)) > 0.95
    [told] = model.predict([Question("", "", {"chess": 50.0})])
    assert told[0].topic == "chess"


# --- champion and challenger -----------------------------------------------------------------------------------------


def renamed(model: TopicModel) -> TopicModel:
    """A model that takes each topic for the next one."""
    return replace(
        model,
        weights=np.roll(model.weights, 1, axis=1),
        is_learnt=np.roll(model.is_learnt, 1),
        lexicon_weights=np.zeros(len(TOPICS)),
    )


def test_the_first_model_is_compared_with_the_word_list() -> None:
    _, report = trained(with_categories(corpus()))
    assert report.is_adopted
    assert report.reason == "it is the first model, and better than the word list on 150 labels"
    assert report.champion_accuracy is not None
    assert report.accuracy is not None
    labelled = [one for one in with_categories(corpus()) if one.category]
    right = sum(SCORER.guess(one.title, one.text).topic == truth(one) for one in labelled)
    assert report.champion_accuracy == pytest.approx(right / 150)
    assert report.accuracy > report.champion_accuracy


def test_a_first_model_that_is_worse_than_the_word_list_is_refused() -> None:
    labelled = [replace(one, category=truth(one)) for one in corpus(300)]
    ready = prepare_examples(labelled, TOPICS, SCORER)
    wrong = np.roll(ready.labels, 1)
    model, _ = trained(labelled)
    perfect = replace(ready, evidence=np.eye(len(TOPICS))[ready.labels])
    verdict = judge(Held(perfect, wrong), model, None)
    assert not verdict.is_adopted
    assert verdict.reason == (
        "it is worse than the word list on 300 labels, by more than chance explains; the word list goes on"
    )
    assert (verdict.accuracy, verdict.champion_accuracy) == (0.0, 1.0)
    nearly = np.where(np.arange(300) == 7, wrong, ready.labels)
    assert judge(Held(perfect, nearly), model, None).is_adopted
    other = replace(model, topics=("sport", "weather", "chess"))
    assert not judge(Held(perfect, wrong), model, other).is_adopted
    without = replace(ready, evidence=np.zeros_like(ready.evidence))
    assert "there is no word list to compare it with" in judge(Held(without, wrong), model, None).reason


def test_rare_topics_keep_the_word_list_where_others_have_many_labels() -> None:
    priors, weights = topic_learning.joining(np.repeat([0, 1], [250, 5]), 3)
    usual = 2 / (1 + 85 / 125)
    assert weights == pytest.approx([(2 / 3 + usual) / 2, (2 / 1.04 + usual) / 2, (2.0 + usual) / 2])
    assert priors[0] > priors[1] > priors[2]


def test_a_model_that_says_the_same_is_adopted() -> None:
    _, report = trained(corpus(330), champion=first_model())
    assert report.is_adopted
    assert report.changed is not None
    assert report.changed < 0.05
    assert report.reason == "there are no labels to compare on"


def test_too_many_changed_labels_need_a_reason() -> None:
    champion = renamed(first_model())
    model, report = train(corpus(), champion=champion)
    assert model is not None
    assert not report.is_adopted
    assert report.changed is not None
    assert report.changed > 0.9
    assert "it would change" in report.reason
    much_more = [*corpus(600), *corpus(300, seed=5)][:600]
    assert train(much_more, champion=champion)[1].is_adopted


def test_fresh_labels_show_which_model_is_better() -> None:
    good = first_model()
    labelled = with_categories(corpus())
    _, better = train(labelled, champion=renamed(good))
    assert better.is_adopted
    assert better.reason == "it is no worse than the model in use"
    assert better.champion_accuracy is not None
    assert better.champion_accuracy < 0.2


def test_a_worse_challenger_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = first_model()
    monkeypatch.setattr(topic_learning, "ROUNDS", 1)
    monkeypatch.setattr(topic_learning, "CLEAR_LEAD", 99.0)
    misled = LexiconScorer(compile_lexicon({topic: COMMON[at::3] for at, topic in enumerate(TOPICS)}), TOPICS)
    few = [
        one if number < 40 else replace(one, category=None) for number, one in enumerate(with_categories(corpus(), 2))
    ]
    few += [replace(one, article_id=10_000 + one.article_id, correction=truth(one)) for one in corpus(60, seed=3)]
    _, report = train(few, champion=good, scorer=misled)
    assert report.accuracy is not None
    assert report.champion_accuracy is not None
    assert report.accuracy < report.champion_accuracy
    assert not report.is_adopted
    assert "worse than the model in use" in report.reason


def test_on_labels_that_the_champion_has_learnt_from_it_counts_what_it_reached_when_they_were_held_out() -> None:
    labelled = with_categories(corpus(), wrong=8)
    champion, first = trained(labelled)
    assert champion.card.accuracy == first.accuracy
    lucky = replace(champion, card=replace(champion.card, accuracy=0.99))
    _, again = train(labelled, champion=lucky)
    assert again.champion_accuracy == 0.99
    assert not again.is_adopted
    assert train(labelled, champion=champion)[1].is_adopted


def test_other_topics_make_another_model() -> None:
    champion = first_model()
    _, report = train(corpus(topics=("sport", "weather")), ("sport", "weather"), champion=champion)
    assert report.is_adopted
    assert report.changed is None


# --- evaluation ----------------------------------------------------------------------------------------------------


def evaluate(examples: Sequence[TopicExample], scorer: LexiconScorer | None = SCORER) -> Evaluation:
    return evaluate_topics(examples, language="en", topics=TOPICS, scorer=scorer, unsure_below=0.5, seed=0)


def test_evaluation_measures_articles_of_feeds_that_were_held_out() -> None:
    found = evaluate(with_categories(corpus()))
    assert found.problem is None
    assert (found.articles, found.corrections) == (150, 0)
    assert found.accuracy is not None
    assert found.accuracy > 0.9
    assert found.calibration_error is not None
    assert found.calibration_error < 0.15
    assert [one.topic for one in found.topics] == sorted(TOPICS)
    assert sum(one.articles for one in found.confusions) == round(150 * (1 - found.accuracy))


def test_held_out_labels_do_not_come_back_by_way_of_guesses() -> None:
    # Each article has an unlabelled twin elsewhere, which would be guessed by the label, and then be learnt from.
    rng = random.Random(9)  # noqa: S311 - not for secrets
    examples = []
    for number in range(200):
        title = " ".join(f"unique{number}x{word}" for word in range(8))
        examples.append(TopicExample(number, number % 10, title, "", category=rng.choice(TOPICS)))
        examples.append(TopicExample(1_000 + number, 20 + number % 9, title + " again", ""))
    found = evaluate(examples, scorer=None)
    assert found.accuracy is not None
    assert found.accuracy < 0.45


def test_what_a_training_reports_was_held_out_too() -> None:
    rng = random.Random(9)  # noqa: S311 - not for secrets
    _, report = train([replace(one, category=rng.choice(TOPICS)) for one in corpus()], scorer=None)
    assert report.accuracy is not None
    assert report.accuracy < 0.45


def test_what_cannot_be_measured_is_said() -> None:
    for count in (100, 300):
        found = evaluate(corpus(count))
        assert (found.accuracy, found.articles) == (None, 0)
        assert (found.problem or "").startswith("no article has a weak label or a correction")
        assert "aggregator label" in (found.problem or "")
        assert "feeds.toml" in (found.problem or "")
    assert "no word list" in (evaluate(with_categories(corpus(100)), scorer=None).problem or "")


def test_of_few_articles_the_word_list_is_measured() -> None:
    labelled = [one for one in with_categories(corpus(100)) if one.category]
    found = evaluate(labelled)
    assert found.problem == (
        "there are 50 different articles, and 200 are needed; this measures the word list, which labels meanwhile"
    )
    told = [SCORER.guess(one.title, one.text) for one in labelled]
    is_right = [guess.topic == truth(one) for guess, one in zip(told, labelled, strict=True)]
    assert found.articles == 50
    assert found.accuracy == pytest.approx(sum(is_right) / 50)
    assert found.calibration_error == pytest.approx(calibration_error([guess.score for guess in told], is_right))
    assert found.unsure == pytest.approx(sum(guess.score < 0.5 for guess in told) / 50)
    silent = sum(guess.topic is None for guess in told)
    assert silent > 3
    assert sum(one.articles for one in found.confusions if one.guess == "") == silent


def test_corrections_of_unknown_topics_are_counted_and_named() -> None:
    examples = [replace(one, correction="sprot") if one.article_id < 2 else one for one in with_categories(corpus())]
    sentence = "2 corrections name no topic and were passed over: “sprot”"
    assert trained(examples)[1].reason.endswith("; " + sentence)
    assert sentence in train(examples[:100])[1].reason
    assert sentence in (evaluate(examples).problem or "")
    assert sentence in (evaluate(examples[:100]).problem or "")
    many = [replace(examples[0], correction=f"topic {number}") for number in range(7)]
    assert unknown_corrections(many, TOPICS).endswith("“topic 4” and 2 more")
    assert unknown_corrections([replace(examples[0], correction="x")], TOPICS).startswith("1 correction names no topic")
    assert unknown_corrections(corpus(), TOPICS) == ""


# --- folds and calibration -----------------------------------------------------------------------------------------


@given(
    feeds=st.lists(st.integers(0, 40), min_size=1, max_size=300),
    labelled=st.lists(st.integers(-1, 3), min_size=300, max_size=300),
)
@settings(max_examples=15)
def test_a_feed_is_held_out_as_a_whole_unless_it_is_too_large(feeds: list[int], labelled: list[int]) -> None:
    labels = np.array(labelled[: len(feeds)])
    folds = assign_folds(np.array(feeds), labels, seed=0)
    assert set(folds.of_article) <= set(range(FOLDS))
    groups = [Counter(feeds), *(Counter(np.array(feeds)[labels == label].tolist()) for label in range(4))]
    split = {feed for group in groups for feed, count in group.items() if count > 0.4 * group.total()}
    for feed in set(feeds) - split:
        assert len(set(folds.of_article[np.array(feeds) == feed])) == 1
    assert folds.split_articles == sum(feed in split for feed in feeds)


def test_folds_are_of_about_the_same_size() -> None:
    folds = assign_folds(np.arange(1_000) % 50, np.full(1_000, NO_LABEL), seed=0)
    assert np.bincount(folds.of_article).tolist() == [200] * FOLDS


def test_a_single_feed_is_split_and_that_is_said() -> None:
    examples = [replace(one, feed_id=1) for one in corpus()]
    _, report = trained(examples)
    assert "were held out in parts" in report.reason
    assert "were held out in parts" not in trained(corpus())[1].reason


@pytest.mark.parametrize(("temperature", "reliability"), [(0.5, 0.9), (1.0, 0.75)])
def test_calibration_finds_how_sure_scores_are_and_how_often_labels_are_wrong(
    temperature: float, reliability: float
) -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(4_000, 4)) * 2
    true = np.array([rng.choice(4, p=row) for row in softmax(scores / temperature)])
    weak = np.where(rng.random(4_000) < reliability, true, rng.integers(0, 4, 4_000))
    found = calibrate(scores, weak, np.full(4_000, NO_LABEL))
    assert found.temperature == pytest.approx(temperature, rel=0.15)
    assert found.reliability == pytest.approx(reliability, abs=0.05)
    # With four topics named equally often, a wrong label names each of them in a quarter of cases.
    odds = (reliability + (1 - reliability) / 4) / ((1 - reliability) / 4)
    assert found.weak_gains == pytest.approx(np.log(odds), abs=0.4)


def test_corrections_are_taken_for_right_when_calibrating() -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(2_000, 4)) * 2
    true = np.array([rng.choice(4, p=row) for row in softmax(scores / 0.5)])
    nobody = np.full(2_000, NO_LABEL)
    assert calibrate(scores, nobody, true).temperature == pytest.approx(0.5, rel=0.15)


def test_without_labels_the_usual_temperature_is_taken() -> None:
    nobody = np.full(500, NO_LABEL)
    found = calibrate(np.random.default_rng(4).normal(size=(500, 4)), nobody, nobody)
    assert found.temperature == pytest.approx(usual_temperature(500, 4), rel=0.05)
    assert found.reliability == pytest.approx(0.9)
    assert (found.weak_gains > 0).all()
