"""Which articles tell the same story: one pass in the order of time over an inverted index of centroids.

    articles → vectors (IDF frozen for the run) → each: a repetition goes to the story of its original, a settled one to
    its own; any other joins the open story that is most like it, or begins one ⇒ a story that grew merges with those
    that are like it → ids kept by overlap → StoriesTold

The order is that of time, then of content, so the answer does not depend on the order of arrival. Pure, and what it
costs grows with the articles and with what they share: see docs/decisions/0031-stories.md for all that was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.analyze.near_duplicates import Limits, Originals
from aggregator.analyze.story_ids import keep_ids
from aggregator.analyze.story_index import SEVERAL_FEEDS, Likeness, Origin, StoryIndex
from aggregator.analyze.story_vectors import count_articles, count_terms, weigh_terms, without_furniture
from aggregator.records import StoriesTold, StoryArticle, StoryMember, ToldStory

TITLE_CHARS = 90
"""As long as a long headline, for a story whose lead has none."""

LONGEST_SUMMARY = 1_000
"""As many characters of it are looked at for that."""

COLLECTS = 50
"""A feed with more articles than that in a span collects what many publish, or is a wire: what is alike in it
is mostly one event. UCI's headlines in a single feed: F1 47 with `own_feed` for it, 77 without."""

ALWAYS_COMPARED = 10
GROWTH = 1.1
"""A story is compared with others whenever it grew by this factor, and always while it has no more articles than that.

Its centroid hardly moves otherwise, and ten thousand copies of one article would be compared as often.
"""


@dataclass(frozen=True, slots=True)
class StoryRules:
    """When articles are one story. Similarities are cosines of TF-IDF vectors, 0 to 1.

    A story is open while its last article lies at most `window_s` seconds back. An article joins at `join`, stories
    merge at `merge`, and at `duplicate` an article repeats another. `age_discount` is the share of similarity that a
    story loses while it is silent for the window, `size_discount` what it loses for each e-fold of its articles: a
    large centroid is a little like everything.

    Where all articles of both sides are of one feed, `own_feed` times as much similarity is asked: its series, its
    house style and its one subject are alike already. `undated` times as much is asked where neither side has a time
    but that of the fetch: what met there need not be of one day. Within one feed `repeated_in_feed` is in the place of
    `duplicate`.
    """

    window_s: float = 3 * 86_400
    join: float = 0.16
    merge: float = 0.28
    duplicate: float = 0.75
    age_discount: float = 0.3
    size_discount: float = 0.02
    own_feed: float = 2.0
    undated: float = 2.0
    repeated_in_feed: float = 0.9

    def likeness(self, usually: float) -> Likeness:
        """Return what is asked in each case, from what is asked usually."""
        return Likeness(usually, self.own_feed * usually, self.undated * usually)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An article in its story. `original` is the one that it repeats."""

    article: StoryArticle
    similarity: float
    original: StoryArticle | None

    @property
    def is_duplicate(self) -> bool:
        return self.original is not None


def tell_stories(articles: Sequence[StoryArticle], rules: StoryRules = StoryRules()) -> StoriesTold:
    """Put every article into exactly one story, in the order in which the stories began.

    Languages never meet. A settled article stays with those that are settled in its story; a settled one without a
    story is treated as any other.
    """
    ordered = sorted(articles, key=_place_in_time)
    by_language: dict[str, list[StoryArticle]] = {}
    for article in ordered:
        by_language.setdefault(article.language, []).append(article)
    stories = [story for group in by_language.values() for story in _Clustering(group, rules).run()]
    stories.sort(key=lambda story: _place_in_time(story[0].article))
    ids, merges = keep_ids([[placed.article for placed in story] for story in stories])
    return StoriesTold(tuple(map(_told, stories, ids)), merges)


def _place_in_time(article: StoryArticle) -> tuple[object, ...]:
    return article.at, article.url or "", article.title, article.text, article.feed_id, article.article_id


def _origins(articles: Sequence[StoryArticle]) -> list[Origin]:
    """Return where each article is from; a feed that collects from many counts as no feed of its own."""
    volumes = Counter(article.feed_id for article in articles)
    return [
        Origin(SEVERAL_FEEDS) if volumes[article.feed_id] > COLLECTS else Origin(article.feed_id, article.is_dated)
        for article in articles
    ]


class _Clustering:
    """One pass over the articles of one language, in their order. They are named by their numbers."""

    def __init__(self, articles: Sequence[StoryArticle], rules: StoryRules) -> None:
        counts = [count_terms(article.title, article.text, article.language) for article in articles]
        counts = without_furniture(counts, [article.feed_id for article in articles])
        found_in = count_articles(counts)
        self._articles = articles
        self._vectors = weigh_terms(counts, found_in)
        self._index = StoryIndex(rules.window_s, rules.age_discount, rules.size_discount)
        self._origins = _origins(articles)
        self._to_join, self._to_merge = rules.likeness(rules.join), rules.likeness(rules.merge)
        limits = Limits(rules.window_s, rules.duplicate, rules.repeated_in_feed)
        self._originals = Originals(articles, self._vectors, found_in, limits)
        self._original_of: list[int | None] = []
        self._story_of: list[int] = []
        self._members: dict[int, list[int]] = {}
        self._settled: dict[int, int] = {}  # old id → one of its settled articles
        self._compared_at: dict[int, int] = {}  # story → its size when it was compared with others

    def run(self) -> Iterable[list[_Placed]]:
        """Return the articles of each story."""
        for number in range(len(self._articles)):
            self._place(number)
        return [self._placed(story, sorted(numbers)) for story, numbers in self._members.items()]

    def _place(self, number: int) -> None:
        article, vector, origin = self._articles[number], self._vectors[number], self._origins[number]
        at = article.at.timestamp()
        self._index.close_before(at)
        original = self._originals.find_or_add(number)
        self._original_of.append(original)
        settled_in = article.story_id if article.is_settled else None
        story = self._open_story(number, at) if settled_in is None else self._settled_story(settled_in, number)
        self._index.add(story, vector, at, origin)
        self._story_of.append(story)
        self._members.setdefault(story, []).append(number)
        if settled_in is None:
            self._merge(story)

    def _settled_story(self, story_id: int, number: int) -> int:
        first = self._settled.setdefault(story_id, number)
        return self._index.start() if first == number else self._story_of[first]

    def _open_story(self, number: int, at: float) -> int:
        original = self._original_of[number]
        if original is not None:
            return self._story_of[original]
        nearest = self._index.nearest(self._vectors[number], at, self._origins[number], self._to_join)
        return self._index.start() if nearest is None else nearest

    def _merge(self, story: int) -> None:
        """Merge a story that grew with those that are like it, and what comes of that with others."""
        while self._is_to_be_compared(story):
            other = self._index.nearest_to_story(story, self._to_merge)
            if other is None:
                self._compared_at[story] = self._index.size(story)
                return
            if self._index.size(other) > self._index.size(story):
                story, other = other, story
            self._index.absorb(story, other)
            moved = self._members.pop(other)
            self._members[story].extend(moved)
            for number in moved:
                self._story_of[number] = story
            self._compared_at.pop(story, None)

    def _is_to_be_compared(self, story: int) -> bool:
        size = self._index.size(story)
        return 1 < size <= ALWAYS_COMPARED or size >= GROWTH * self._compared_at.get(story, 0) + 1

    def _placed(self, story: int, numbers: Sequence[int]) -> list[_Placed]:
        return [
            _Placed(
                self._articles[number],
                self._index.similarity(story, self._vectors[number]),
                self._original_within(story, number),
            )
            for number in numbers
        ]

    def _original_within(self, story: int, number: int) -> StoryArticle | None:
        """Return the original if it tells the same story: settled articles stay apart though they be alike."""
        original = self._original_of[number]
        return None if original is None or self._story_of[original] != story else self._articles[original]


def _told(story: Sequence[_Placed], story_id: int | None) -> ToldStory:
    lead = max(story, key=_fitness_to_lead).article  # of equals, the first
    return ToldStory(
        story_id=story_id,
        language=lead.language,
        title=_title(lead),
        lead_article_id=lead.article_id,
        first_at=story[0].article.at,
        last_at=story[-1].article.at,
        sources=len({placed.article.feed_id for placed in story}),
        members=tuple(_member(placed) for placed in story),
    )


def _title(lead: StoryArticle) -> str:
    """Return the title of an article, or the first words of its summary where it has none."""
    if lead.title.strip():
        return lead.title
    words = " ".join(lead.text[:LONGEST_SUMMARY].split())
    if len(words) <= TITLE_CHARS:
        return words
    head = words[: TITLE_CHARS - 1]
    return (head.rpartition(" ")[0] or head) + "…"


def _fitness_to_lead(placed: _Placed) -> tuple[bool, bool, bool, float]:
    """The one that best stands for all, with a title and a summary, and that said it first."""
    article = placed.article
    return bool(article.title.strip()), not placed.is_duplicate, bool(article.text.strip()), round(placed.similarity, 3)


def _member(placed: _Placed) -> StoryMember:
    original = placed.original.article_id if placed.original else None
    return StoryMember(placed.article.article_id, round(placed.similarity, 4), original)
