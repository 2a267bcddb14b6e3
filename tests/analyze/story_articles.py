"""Articles for the tests of stories, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.records import StoriesTold, StoryArticle

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
EARTHQUAKE = "Earthquake shakes Hollin valley and injures dozens"
AFTERSHOCK = "Church tower of Hollin falls in valley earthquake"
FERRY = "Ferry company Norsund cancels winter sailings"


def article(number: int, title: str, text: str = "", *, hours: float = 0.0, language: str = "en") -> StoryArticle:
    at = OPENED + timedelta(hours=hours or number / 60)
    return StoryArticle(number, number % 7, at, language, title, text, f"example.org/{number}")


def parts(told: StoriesTold) -> set[frozenset[int]]:
    return {frozenset(member.article_id for member in story.members) for story in told.stories}


def duplicates(told: StoriesTold) -> dict[int, int | None]:
    return {member.article_id: member.duplicate_of for story in told.stories for member in story.members}


QUAKE = "A shallow quake of magnitude 5.4 hit the Skaddin range, toppled a church tower and hurt 23 villagers."


ROADS = " Roads stay shut until noon, and schools in Norsund send all of their pupils home early."
CHOIR = "Hollin valley choir sings in Norsund cathedral with guests from abroad"


def in_one_feed(*articles: StoryArticle) -> list[StoryArticle]:
    return [replace(one, feed_id=1) for one in articles]
