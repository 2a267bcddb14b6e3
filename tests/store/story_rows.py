"""Analysed articles and told stories, for the tests of what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.records import ArticleKeywords, Keyword, ParsedEntry, StoryMember, StoryNews, ToldStory
from aggregator.store.database import Database
from store.small_news import LATER, NOW, add_article, analysis, analyze, entry, model_id, rows, text_hash, writing

HOUR = timedelta(hours=1)
START = NOW - timedelta(days=10)


def entry_at(name: str, at: datetime) -> ParsedEntry:
    return replace(entry(name), published_at=at)


def add_analysed(database: Database, feed_id: int, *hours: int, language: str | None = "en") -> list[int]:
    """Add an article for each of `hours` after the start, analysed, and return their ids."""
    model = model_id(database)
    numbers = []
    for hour in hours:
        one = entry_at(f"{feed_id}-{hour}-{language}", START + hour * HOUR)
        numbers.append(add_article(database, feed_id, one))
        analyze(database, replace(analysis(numbers[-1], one), language=language), model)
    return numbers


def told(
    *members: int, story_id: int | None = None, title: str = "Flood", lead: int = 0, duplicates: Sequence[int] = ()
) -> ToldStory:
    """A story of `members`, led by `lead` or else the first; `duplicates` repeat the lead."""
    leading = lead or members[0]  # with a `lead` there may be no members: those that are as they were are left out
    return ToldStory(
        story_id=story_id,
        language="en",
        title=title,
        lead_article_id=leading,
        first_at=START,
        last_at=START,
        sources=1,
        members=tuple(StoryMember(one, 0.5, leading if one in duplicates else None) for one in members),
    )


def tell(database: Database, news: StoryNews, now: datetime = LATER) -> list[int]:
    with writing(database) as transaction:
        return transaction.stories.save(news, now)


def tell_stories(database: Database, *stories: ToldStory) -> list[int]:
    return tell(database, StoryNews(stories))


def keywords_of(article_id: int, *terms: str) -> ArticleKeywords:
    return ArticleKeywords(article_id, tuple(Keyword(term, 1 / rank) for rank, term in enumerate(terms, start=1)))


def hash_of(feed_id: int, hour: int, language: str = "en") -> str:
    """The hash of the text of an article of `add_analysed`."""
    return text_hash(entry(f"{feed_id}-{hour}-{language}"))


def sizes(database: Database) -> dict[int, tuple[int, int]]:
    """Return of each story, merged ones too, how many articles and feeds it counts."""
    return {number: (size, sources) for number, size, sources in rows(database, "SELECT id, size, sources FROM story")}


def places(database: Database) -> dict[int, int | None]:
    """Return of each article the story that it tells."""
    return dict(rows(database, "SELECT id, story_id FROM articles ORDER BY id"))
