"""When topics are learnt anew: at most daily, or when the articles have grown by a fifth. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from aggregator.records import LastTraining

FEWEST_ARTICLES = 200
"""Fewer articles of a language teach nothing that its word list does not know better."""

LEARN_EVERY = timedelta(days=1)
GROWTH = 1.2


def why_learn(
    articles: int, last: LastTraining | None, *, has_model: bool, last_correction: str | None, now: datetime
) -> str | None:
    """Return why the topics of a language are to be learnt now, in words for a person, or None if they are not.

    `articles` is how many there are in the language, `last` the last training, `last_correction` a word that changes
    with every correction.
    """
    if articles < FEWEST_ARTICLES:
        return None
    if last is None:
        return "there are enough articles for the first time"
    if last.was_adopted and not has_model:
        return "the model in use was lost"
    if articles >= GROWTH * last.articles:
        return "the articles have grown by a fifth"
    return _why_learn_again(articles, last, last_correction) if now - last.tried_at >= LEARN_EVERY else None


def _why_learn_again(articles: int, last: LastTraining, last_correction: str | None) -> str | None:
    if last_correction != last.last_correction:
        return "topics were corrected, and a day has passed"
    return "there are new articles, and a day has passed" if articles != last.articles else None
