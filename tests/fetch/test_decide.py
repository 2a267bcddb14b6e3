from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aggregator.fetch.decide import decide_changes, effective_at, keys_of, text_rank
from aggregator.fetch.identity import content_hash, url_key
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    KnownArticle,
    KnownArticles,
    KnownSighting,
    ParsedEntry,
    Subscription,
    TextRank,
)
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
NEW, SIGHTED, REVISED, SEEN = ChangeKind.NEW, ChangeKind.SIGHTED, ChangeKind.REVISED, ChangeKind.SEEN

# Few values, so that entries share them as the entries of broken feeds do.
ENTRIES = st.builds(
    ParsedEntry,
    guid=st.sampled_from([None, "", "g", "h", "https://news.test/"]),
    url=st.sampled_from(
        [None, "https://news.test/", "https://news.test/1", "https://news.test/1?utm_id=2", "ftp://x/y"]
    ),
    title=st.sampled_from(["", "One", "Two"]),
    summary=st.sampled_from(["", "summary"]),
    content=st.sampled_from(["", "<p>a</p>", "<p>b</p>"]),
    published_raw=st.sampled_from([None, "Monday", "Tuesday"]),
    published_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)
DOCUMENTS = st.lists(ENTRIES, max_size=8)


@dataclass
class Shelf:
    """What the store would know after the changes of one feed."""

    sightings: dict[str, KnownSighting] = field(default_factory=dict)
    articles: dict[str, KnownArticle] = field(default_factory=dict)
    count: int = 0

    def feed(self, entries: Sequence[ParsedEntry]) -> list[ArticleChange]:
        keys, addresses = keys_of(entries)
        known = KnownArticles(
            {key: self.sightings[key] for key in keys if key in self.sightings},
            {key: self.articles[key] for key in addresses if key in self.articles},
        )
        changes = decide_changes(entries, known, NOW)
        for change in changes:
            self._keep(change)
        return changes

    def _keep(self, change: ArticleChange) -> None:
        article_id = change.article_id
        if change.kind is NEW:
            self.count += 1
            article_id = self.count
            if change.url_key is not None:
                known = KnownArticle(article_id, text_rank(change.entry, change.content_hash, 0))
                self.articles.setdefault(change.url_key, known)
        assert article_id is not None
        number = change.sighting_id or len(self.sightings) + 1
        self.sightings[change.entry_key] = KnownSighting(
            number, article_id, change.entry_key, change.content_hash, leads=True
        )


def kinds(changes: Sequence[ArticleChange]) -> list[ChangeKind]:
    return [change.kind for change in changes]


def identity(entry: ParsedEntry) -> tuple[object, ...]:
    """What two entries must have in common to be one entry that a document repeats."""
    named = (entry.guid or "", entry.url or "", entry.title, entry.published_raw or "")
    return named if entry.title or entry.published_raw else (*named, entry.summary, entry.content)


# --- laws -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(DOCUMENTS)
def test_every_distinct_entry_gets_exactly_one_change(entries: list[ParsedEntry]) -> None:
    changes = decide_changes(entries, KnownArticles(), NOW)
    distinct = {identity(entry): entry for entry in reversed(entries)}
    assert [change.entry for change in changes] == [
        entry for n, entry in enumerate(entries) if identity(entry) not in {identity(other) for other in entries[:n]}
    ]
    assert len(changes) == len(distinct) == len({change.entry_key for change in changes})
    assert set(kinds(changes)) <= {NEW}


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=3), DOCUMENTS)
def test_a_document_read_twice_brings_nothing_new(earlier: list[list[ParsedEntry]], entries: list[ParsedEntry]) -> None:
    shelf = Shelf()
    for document in earlier:
        shelf.feed(document)
    first = shelf.feed(entries)
    again = shelf.feed(entries)
    assert kinds(again) == [SEEN] * len(first)
    assert [change.entry_key for change in again] == [change.entry_key for change in first]


@settings(deadline=None)
@given(DOCUMENTS, st.data())
def test_an_entry_that_is_suddenly_listed_twice_brings_nothing_new(
    entries: list[ParsedEntry], data: st.DataObject
) -> None:
    shelf = Shelf()
    changes = shelf.feed(entries)
    repeated = data.draw(st.lists(st.sampled_from(entries), max_size=3)) if entries else []
    assert kinds(shelf.feed([*entries, *repeated])) == [SEEN] * len(changes)


@settings(deadline=None)
@given(st.lists(ENTRIES, min_size=1, max_size=6), st.data())
def test_an_edit_is_a_revision_of_the_same_article(entries: list[ParsedEntry], data: st.DataObject) -> None:
    named = [replace(entry, guid=f"own-{n}") for n, entry in enumerate(entries)]
    edited = data.draw(st.sets(st.sampled_from(range(len(named)))))
    shelf = Shelf()
    shelf.feed(named)
    again = shelf.feed(
        [replace(entry, content=entry.content + "!") if n in edited else entry for n, entry in enumerate(named)]
    )
    assert kinds(again) == [REVISED if n in edited else SEEN for n in range(len(named))]
    assert [(change.article_id, change.sighting_id) for change in again] == [(n + 1, n + 1) for n in range(len(named))]


@settings(deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_two_entries_of_a_document_never_become_one_article_by_their_address(
    other: list[ParsedEntry], entries: list[ParsedEntry]
) -> None:
    shelf = Shelf()
    shelf.feed(other)
    shelf.sightings.clear()
    sighted = [change for change in shelf.feed(entries) if change.kind is SIGHTED]
    assert len({change.article_id for change in sighted}) == len(sighted)
    assert all(change.url_key is not None for change in sighted)


@settings(deadline=None)
@given(st.none() | st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_an_article_never_counts_as_of_a_time_to_come(published_at: datetime | None, now: datetime) -> None:
    counted = effective_at(published_at, now)
    assert counted <= now
    assert counted in (published_at, now)
    (change,) = decide_changes([ParsedEntry("g", None, "t", published_at=published_at)], KnownArticles(), now)
    assert change.effective_at == counted


# --- feeds as they are ----------------------------------------------------------------------------------------------


def test_feeds_whose_items_share_a_guid_or_a_link_do_not_collapse() -> None:
    titles = [f"Story {n}" for n in range(5)]
    for guid, url in (("same", None), (None, "https://news.test/"), ("same", "https://news.test/all")):
        shelf = Shelf()
        assert kinds(shelf.feed([ParsedEntry(guid, url, title) for title in titles])) == [NEW] * 5
        next_day = [ParsedEntry(guid, url, title) for title in ["Story 5", *titles[:4]]]
        assert kinds(shelf.feed(next_day)) == [NEW] + [SEEN] * 4


def test_an_article_whose_guid_changed_is_sighted_and_not_new() -> None:
    shelf = Shelf()
    shelf.feed([ParsedEntry("old", "https://news.test/1", "One")])
    (change,) = shelf.feed([ParsedEntry("new", "http://www.news.test/1?utm_source=rss", "One")])
    assert (change.kind, change.article_id, change.sighting_id) == (SIGHTED, 1, None)


def test_the_front_page_makes_no_two_entries_one() -> None:
    shelf = Shelf()
    shelf.feed([ParsedEntry("a", "https://news.test/", "One")])
    assert kinds(shelf.feed([ParsedEntry("b", "https://news.test/", "Two")])) == [NEW]


def test_a_sighting_that_does_not_lead_stays_one_that_does_not() -> None:
    known = KnownArticles({"guid g": KnownSighting(4, 2, "guid g", "other text", leads=False)}, {})
    (change,) = decide_changes([ParsedEntry("g", None, "One")], known, NOW)
    assert (change.kind, change.article_id, change.sighting_id, change.leads) == (REVISED, 2, 4, False)


def test_the_store_is_asked_for_every_key() -> None:
    entries = [ParsedEntry("g", "https://news.test/1", "One"), ParsedEntry(None, "https://news.test/", "Two")]
    assert keys_of(entries) == (["guid g", "url https://news.test/"], ["news.test/1"])


def _rank(entry: ParsedEntry) -> TextRank:
    return text_rank(entry, content_hash(entry), feed_id=2)


def test_of_two_feeds_the_one_that_says_more_leads_whichever_came_first() -> None:
    short = ParsedEntry("a", "https://news.test/1", "One", summary="a long summary and nothing else")
    long = ParsedEntry("b", "https://news.test/1", "One", content="<p>All of it</p>")
    for first, second, leads in ((short, long, True), (long, short, False)):
        known = KnownArticles({}, {"news.test/1": KnownArticle(3, _rank(first))})
        (change,) = decide_changes([second], known, NOW)
        assert (change.kind, change.article_id, change.leads) == (SIGHTED, 3, leads)


def test_of_two_feeds_with_the_same_text_the_first_subscribed_leads() -> None:
    same = ParsedEntry("a", "https://news.test/1", "One", content="<p>All of it</p>")
    for feed_id, leads in ((1, True), (3, False)):
        known = KnownArticles({}, {"news.test/1": KnownArticle(3, _rank(same))}, feed_id)
        (change,) = decide_changes([same], known, NOW)
        assert (change.kind, change.leads) == (SIGHTED, leads)


@settings(deadline=None)
@given(ENTRIES, ENTRIES)
def test_of_two_texts_exactly_one_leads_unless_they_are_equal(one: ParsedEntry, other: ParsedEntry) -> None:
    assert (_rank(one) > _rank(other)) + (_rank(other) > _rank(one)) == (content_hash(one) != content_hash(other))


def test_an_address_in_two_feeds_is_one_article_with_two_sightings(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    here = [ParsedEntry("h1", "https://news.test/1?utm_source=here", "One"), ParsedEntry("h2", None, "Two")]
    there = [ParsedEntry("t1", "http://www.news.test/1#x", "Uno"), ParsedEntry("t2", "https://news.test/3", "Tres")]
    seen: list[list[ChangeKind]] = []
    with database.write() as connection:
        transaction = Transaction(connection)
        transaction.feeds.sync([Subscription("https://here.test/"), Subscription("https://there.test/")], NOW)
        for hours, (feed_id, entries) in enumerate([(1, here), (2, there), (1, here), (2, there)]):
            known = transaction.articles.known(feed_id, *keys_of(entries))
            changes = decide_changes(entries, known, NOW + timedelta(hours=hours))
            transaction.articles.save(feed_id, changes, None, NOW + timedelta(hours=hours))
            seen.append(kinds(changes))
    with database.read() as connection:
        articles = connection.execute(text("SELECT title FROM articles ORDER BY id")).scalars().all()
        sightings = connection.execute(text("SELECT title FROM sightings WHERE article_id = 1")).scalars().all()
    database.close()
    assert seen == [[NEW, NEW], [SIGHTED, NEW], [SEEN, SEEN], [SEEN, SEEN]]
    assert sorted(articles) == sorted([max(here[0], there[0], key=_rank).title, "Two", "Tres"])
    assert sorted(sightings) == ["One", "Uno"]
    assert url_key(here[0].url) == url_key(there[0].url)
