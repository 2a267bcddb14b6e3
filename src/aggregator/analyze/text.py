"""What the text of articles tells: language, and from it the topic. Runs in worker processes, a batch at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from aggregator.analyze.language import DEFAULT_LANGUAGES, detect_language
from aggregator.analyze.topic import guess_from_evidence, load_scorer
from aggregator.errors import ConfigError
from aggregator.records import ArticleAnalysis, ArticleJob, ModelId

METHOD = "seed lexicon"
METHOD_VERSION = "1"
"""Changes when the same words would give another answer; the words themselves are in the version by their hash."""


def analyze_articles(jobs: Sequence[ArticleJob], *, lexicon_dir: str | None) -> list[ArticleAnalysis]:
    """Return the language and topic of each article, in the order of `jobs`."""
    folder = Path(lexicon_dir) if lexicon_dir else None
    return [_analyze(job, folder) for job in jobs]


def _analyze(job: ArticleJob, lexicon_dir: Path | None) -> ArticleAnalysis:
    language = detect_language(f"{job.title}\n{job.text}", job.declared_language, DEFAULT_LANGUAGES)
    scorer = load_scorer(language.language, lexicon_dir) if language.language else None
    if scorer is None:
        guess = guess_from_evidence({}, job.category)
    else:
        guess = scorer.guess(job.title, job.text, prior_topic=job.category)
    return ArticleAnalysis(
        article_id=job.article_id,
        input_hash=job.input_hash,
        language=language.language,
        language_score=language.score,
        topic=guess.topic,
        topic_score=guess.score,
    )


def text_model(lexicon_dir: Path | None) -> ModelId:
    """Return the identity of this method with these word lists; articles labelled by another are labelled again.

    Raises:
        ConfigError: one of the user's word lists cannot be used.
    """
    digest = hashlib.sha256(METHOD_VERSION.encode())
    packaged = {Path(file.name).stem: file for file in (files("aggregator.analyze") / "lexicon").iterdir()}
    own = {file.stem: file for file in lexicon_dir.glob("*.toml")} if lexicon_dir else {}
    if lexicon_dir and not own:
        raise ConfigError(f"[topics] lexicon_dir: there is no word list such as en.toml in {lexicon_dir}")
    for language in sorted({*packaged, *own}):
        digest.update(language.encode() + (own.get(language) or packaged[language]).read_bytes())
        if language in own:
            _check(language, lexicon_dir)
    return ModelId("text", METHOD, digest.hexdigest()[:12])


def _check(language: str, lexicon_dir: Path | None) -> None:
    try:
        load_scorer(language, lexicon_dir)
    except ValueError as error:
        raise ConfigError(str(error)) from error
