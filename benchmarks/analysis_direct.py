"""What the functions say about labelled articles, called in this process without feeds on the wire and a database."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aggregator.analyze.language import prepare_languages
from aggregator.analyze.stories import StoryRules, tell_stories
from aggregator.analyze.text import analyze_articles
from aggregator.analyze.text_models import LanguageMethod, TextModels, save_text_models
from aggregator.analyze.topic import load_scorer
from aggregator.analyze.topic_model import save_model
from aggregator.config import DEFAULT_LANGUAGES, TopicSettings
from aggregator.records import ArticleAnalysis, ArticleJob, StoryArticle, TopicExample
from aggregator.topics import TOPICS
from benchmarks.analysis_answers import Answer, Cost
from benchmarks.labelled_feeds import PlannedFeed, published_at
from benchmarks.pipeline import tell

BATCH = 128
"""Articles that are labelled at a time, as a worker does."""

SEED_ID, MODEL_ID, FALLBACK_ID = 1, 2, 3


def call_functions(feeds: Sequence[PlannedFeed], language: str) -> tuple[dict[int, Answer], Cost]:
    """Train, label and cluster; the cost is wall time."""
    started_s = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="aggregator-bench-") as name:
        models = train_models(feeds, language, Path(name))
        topics = {one.article_id: one for one in _label(feeds, language, models)}
    stories = {
        member.article_id: number
        for number, story in enumerate(tell_stories(_story_articles(feeds, language), StoryRules()).stories)
        for member in story.members
    }
    answers = {
        number: Answer(
            one.topics[0].topic if one.topics else None,
            one.topics[0].score if one.topics else 0.0,
            one.is_unsure,
            stories.get(number),
        )
        for number, one in topics.items()
    }
    return answers, Cost(analyze_s=time.perf_counter() - started_s)


def train_models(feeds: Sequence[PlannedFeed], language: str, folder: Path) -> str:
    """Train as far as there is enough to learn from; return the path of the file that says which models are in use."""
    from aggregator.analyze.topic_training import train_topics  # noqa: PLC0415 - scikit-learn takes two seconds

    topics, unsure_below = tuple(TOPICS), TopicSettings().unsure_below
    scorer = load_scorer(language, None, topics)
    examples = [
        TopicExample(one.number, place, one.title, one.text, category=feed.category)
        for place, feed in enumerate(feeds)
        for one in feed.articles
    ]
    model, report = train_topics(
        examples, language=language, topics=topics, scorer=scorer, champion=None, unsure_below=unsure_below
    )
    tell(f"training: {report.reason}")
    file, sha256 = save_model(model, folder) if model is not None else (None, None)
    method = LanguageMethod(
        language, SEED_ID if scorer is not None else None, MODEL_ID if file is not None else None, file, sha256
    )
    models = TextModels(
        topics,
        DEFAULT_LANGUAGES,
        FALLBACK_ID,
        unsure_below,
        models_dir=str(folder),
        methods=(method,),
        languages_file=str(prepare_languages(folder)),
    )
    return str(save_text_models(models, folder))


def _label(feeds: Sequence[PlannedFeed], language: str, models: str) -> Iterator[ArticleAnalysis]:
    jobs = [
        ArticleJob(one.number, "", one.title, one.text, language, feed.category, models=models)
        for feed in feeds
        for one in feed.articles
    ]
    for start in range(0, len(jobs), BATCH):
        yield from analyze_articles(jobs[start : start + BATCH])


def _story_articles(feeds: Sequence[PlannedFeed], language: str) -> list[StoryArticle]:
    return [
        StoryArticle(one.number, place, published_at(one), language, one.title, one.text, url=None)
        for place, feed in enumerate(feeds)
        for one in feed.articles
    ]
