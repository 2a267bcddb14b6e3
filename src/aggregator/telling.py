"""Finding the stories and keywords of a span of time. Runs in a process of its own.

    TellJob → rows ─StoryArticle─▶ without boilerplate → tell_stories, choose_keywords → what differs from the rows
      → StoryNews

Only what changed is handed back: the window is told anew in every run, and most of it stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from aggregator.analyze.boilerplate import find_boilerplate, strip_boilerplate
from aggregator.analyze.keywords import ENOUGH_ARTICLES, choose_keywords
from aggregator.analyze.stories import StoryRules, tell_stories
from aggregator.records import StoryArticle, StoryMember, StoryNews, TellJob, ToldStory
from aggregator.store.database import reading
from aggregator.store.stories import StoryRows

SAME_SIMILARITY = 0.02
"""A member whose similarity moved by less is not written again: it moves a little with every article that comes."""


BACKGROUND_ARTICLES = 3_000
"""In a thin span, so many of the newest articles tell what words are rare, and what a feed says in all of its texts.

Three articles of a week say nothing about that, and all of their words would weigh the same.
"""


def tell(jobs: Sequence[TellJob]) -> list[StoryNews]:
    """Tell the stories of each span, and the keywords of the articles that are new in it.

    Raises:
        StorageError: the database cannot be read.
    """
    return [_tell(job) for job in jobs]


def _tell(job: TellJob) -> StoryNews:
    window = timedelta(seconds=job.window_s)
    last = job.to_at + window
    with reading(job.database) as connection:
        rows = StoryRows(connection)
        articles = rows.articles_between(job.from_at - window, last, job.from_at)
        untold = rows.untold_between(job.from_at, last)
        background = rows.newest_articles(BACKGROUND_ARTICLES) if len(articles) < ENOUGH_ARTICLES else []
        articles, background = _without_boilerplate(articles, background)
        result = tell_stories(articles, StoryRules(window_s=job.window_s))
        before = rows.members([one.article_id for one in articles])
        titles = rows.titles([told.story_id for told in result.stories if told.story_id is not None])
    settled = {one.article_id for one in articles if one.is_settled}
    changed = (_change(told, before, settled, titles) for told in result.stories)
    return StoryNews(
        stories=tuple(told for told in changed if told is not None),
        merges=result.merges,
        told=tuple(untold.items()),
        keywords=tuple(choose_keywords(untold.keys(), articles, background)),
    )


def _without_boilerplate(
    articles: Sequence[StoryArticle], background: Sequence[StoryArticle]
) -> tuple[list[StoryArticle], list[StoryArticle]]:
    """Return both without what the feeds of `articles` say in many of their texts."""
    feeds = {one.feed_id for one in articles}
    every = {one.article_id: one for one in (*background, *articles) if one.feed_id in feeds}.values()
    found = find_boilerplate((one.feed_id, one.title, one.text) for one in every)

    def strip(one: StoryArticle) -> StoryArticle:
        is_ours = one.feed_id in feeds
        return replace(one, text=strip_boilerplate(one.title, one.text, found)) if is_ours else one

    return list(map(strip, articles)), list(map(strip, background))


def _change(
    told: ToldStory,
    before: Mapping[int, tuple[int, StoryMember]],
    settled: Collection[int],
    titles: Mapping[int, tuple[str, int | None]],
) -> ToldStory | None:
    """Return `told` with only the members that are not as they were; None if all is as it was.

    What is settled stays, or goes with its story into another: what it repeats may lie before the articles given.
    """
    members = tuple(
        one
        for one in told.members
        if one.article_id not in settled and _is_other(one, told.story_id, before.get(one.article_id))
    )
    is_same = told.story_id is not None and titles.get(told.story_id) == (told.title, told.lead_article_id)
    return None if is_same and not members else replace(told, members=members)


def _is_other(member: StoryMember, story_id: int | None, before: tuple[int, StoryMember] | None) -> bool:
    if before is None or before[0] != story_id or before[1].duplicate_of != member.duplicate_of:
        return True
    return abs(before[1].similarity - member.similarity) > SAME_SIMILARITY
