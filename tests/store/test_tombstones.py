from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.fetch.decide import decide_changes
from aggregator.fetch.identity import entry_keys
from aggregator.records import ChangeKind, Listing, ParsedEntry, StoryMember, StoryMerge, StoryNews
from aggregator.store import selecting
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    analysis,
    analyze,
    entry,
    model_id,
    opened,
    row,
    rows,
    subscribe,
    writing,
)
from store.story_rows import add_analysed, tell, tell_stories, told

NEW, SEEN, PRUNED = ChangeKind.NEW, ChangeKind.SEEN, ChangeKind.PRUNED
OF_AN_ARTICLE = (
    *("article", "sighting", "revision", "analysis", "label", "article_image", "page"),
    *("story_article", "keyword", "correction"),
)


def story(name: str) -> ParsedEntry:
    """An entry whose address is that of one article."""
    return replace(entry(name), url=f"https://harbour.test/2026/{name}")


def poll(database: Database, feed_id: int, entries: Sequence[ParsedEntry], now: datetime = NOW) -> list[ChangeKind]:
    """Read a document of a feed, as the fetch stage does."""
    with writing(database) as transaction:
        known = transaction.articles.known(feed_id, entry_keys(entries))
        changes = decide_changes(entries, known, now)
        listed = transaction.articles.save(feed_id, changes, None, now)
        transaction.articles.unlist([Listing(feed_id, frozenset(listed), now)])
    return [change.kind for change in changes]


def prune(database: Database, *article_ids: int, now: datetime = LATER) -> int:
    with writing(database) as transaction:
        return transaction.articles.prune(article_ids, now)


def counts(database: Database, *tables: str) -> dict[str, int]:
    return {table: int(rows(database, f"SELECT COUNT(*) FROM {table}")[0][0]) for table in tables}  # noqa: S608 - ours


def test_pruned_articles_do_not_come_back_with_the_next_document(tmp_path: Path) -> None:
    document = [story("one"), story("two"), story("three")]
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        assert poll(database, harbour, document) == [NEW] * 3
        assert prune(database, 1, 3) == 2
        for _ in range(2):
            assert poll(database, harbour, [story("four"), *document], LATER)[1:] == [PRUNED, SEEN, PRUNED]
        edited = replace(story("one"), title="Edited", published_at=NOW)
        renamed = replace(story("three"), guid="another", url="https://harbour.test/elsewhere")
        assert poll(database, harbour, [edited, renamed], LATER) == [PRUNED, PRUNED]
        assert rows(database, "SELECT title FROM articles ORDER BY id") == [("Title of two",), ("Title of four",)]


def test_a_tombstone_counts_within_its_own_transaction(tmp_path: Path) -> None:
    keys = entry_keys([story("one")])
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, [story("one")])
        with writing(database) as transaction:
            assert not transaction.articles.known(harbour, keys).pruned_keys
            transaction.articles.prune([1], LATER)
            assert keys[0].entry in transaction.articles.known(harbour, keys).pruned_keys


def test_a_tombstone_is_for_its_own_feed(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        poll(database, harbour, [entry("one")])
        poll(database, hills, [entry("one")])
        assert prune(database, 1) == 1
        assert poll(database, harbour, [entry("one")]) == [PRUNED]
        assert poll(database, hills, [entry("one")]) == [PRUNED], "it was an article of both"
        assert poll(database, hills, [entry("two")]) == [NEW]
        assert prune(database, *[number for (number,) in rows(database, "SELECT id FROM article")]) == 1
        assert poll(database, harbour, [entry("two")]) == [NEW], "the harbour never had it"


def test_everything_that_belongs_to_an_article_goes_with_it_and_nothing_else(tmp_path: Path) -> None:
    one, two = (entry(name, images=["https://cdn.test/1.jpg"]) for name in ("one", "two"))
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, [one, two])
        poll(database, harbour, [replace(one, content="edited"), replace(two, content="edited")])
        model = model_id(database)
        for number, edited in ((1, one), (2, two)):
            analyze(database, analysis(number, replace(edited, content="edited")), model)
        with database.write() as connection:
            for statement in _STORIES_AND_PAGES.split(";"):
                connection.exec_driver_sql(statement)
        before = counts(database, *OF_AN_ARTICLE)
        assert before == dict.fromkeys(OF_AN_ARTICLE, 2)
        assert prune(database, 1) == 1
        assert counts(database, *OF_AN_ARTICLE) == dict.fromkeys(OF_AN_ARTICLE, 1)
        assert rows(database, "SELECT id, title, lead_article_id, size, merged_into FROM story ORDER BY id") == [
            (1, "Title of two", 2, 1, None),
            (2, "None", None, 0, 1),
        ]
        assert counts(database, "image", "quarantine_item") == {"image": 1, "quarantine_item": 1}
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert prune(database, 1, 2, 3) == 1
        assert counts(database, *OF_AN_ARTICLE, "story") == dict.fromkeys((*OF_AN_ARTICLE, "story"), 0)
        assert prune(database) == 0


_STORIES_AND_PAGES = """
    INSERT INTO story (id, title, lead_article_id, first_at, last_at, merged_into)
        VALUES (1, 'Both', 1, '2026-03-02', '2026-03-02', NULL), (2, 'None', 1, '2026-03-02', '2026-03-02', 1);
    INSERT INTO story_article (article_id, story_id) VALUES (1, 1), (2, 1);
    INSERT INTO keyword (article_id, rank, term, score) VALUES (1, 1, 'harbour', 0.5), (2, 1, 'hills', 0.5);
    INSERT INTO correction (article_id, topic) VALUES (1, 'sport'), (2, 'health');
    INSERT INTO page (article_id, feed_id, url, host, next_fetch_at, attempts, gave_up)
        VALUES (1, 1, 'u', 'h', '2026-03-02', 0, 0), (2, 1, 'v', 'h', '2026-03-02', 0, 0);
    INSERT INTO quarantine_item (kind, item_id, stage, reason, detail, created_at)
        VALUES ('article', 1, 'read', 'bug', '', '2026-03-02'), ('image', 1, 'look', 'bug', '', '2026-03-02')
"""


def test_a_story_that_loses_articles_is_counted_anew_and_finds_another_lead(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        add_analysed(database, harbour, 1, 2, 3)
        add_analysed(database, hills, 4)
        near = [StoryMember(1, 0.9), StoryMember(2, 0.3, 1), StoryMember(3, 0.6, 1), StoryMember(4, 0.6)]
        tell_stories(database, replace(told(1, 2, 3, 4), members=tuple(near)))
        shown = "SELECT title, lead_article_id, size, sources, first_at, last_at FROM stories"
        prune(database, 4)
        assert row(database, shown) == ("Flood", 1, 3, 1, "2026-02-20 07:30:00", "2026-02-20 09:30:00")
        assert rows(database, "SELECT duplicate_of FROM articles ORDER BY id") == [(None,), (1,), (1,)]
        prune(database, 1)
        assert row(database, shown) == ("Title of 1-3-en", 3, 2, 1, "2026-02-20 08:30:00", "2026-02-20 09:30:00")
        assert rows(database, "SELECT duplicate_of FROM articles ORDER BY id") == [(None,), (None,)]


def test_a_story_without_articles_goes_and_takes_along_what_was_merged_into_it(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_analysed(database, feed_id, 1, 2, 3, 4)
        tell_stories(database, told(1), told(2), told(3), told(4))
        tell(database, StoryNews((), (StoryMerge(1, 2), StoryMerge(4, 3))))
        prune(database, 2)
        assert rows(database, "SELECT id, lead_article_id FROM stories ORDER BY id") == [(2, 1), (3, 3)]
        prune(database, 1)
        assert rows(database, "SELECT id FROM story ORDER BY id") == [(3,), (4,)]
        assert rows(database, "SELECT id, merged_into FROM merged_stories") == [(4, 3)]


@pytest.mark.parametrize(("days", "buried"), [(0, True), (89, True), (91, False)])
def test_tombstones_are_for_what_may_come_back(tmp_path: Path, days: int, buried: bool) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, [entry("one")])
        poll(database, harbour, [], NOW)
        prune(database, 1, now=NOW + timedelta(days=days))
        assert bool(rows(database, "SELECT * FROM tombstone")) == buried


def test_what_is_still_listed_gets_one_however_long_it_is_there(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, [entry("one")])
        prune(database, 1, now=NOW + timedelta(days=1000))
        assert poll(database, harbour, [entry("one")]) == [PRUNED]


def test_an_article_may_be_pruned_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, [entry("one")])
        prune(database, 1)
        same_address = replace(entry("one", title="A quite different piece"), guid="other", published_at=LATER)
        assert poll(database, harbour, [same_address]) == [NEW]
        assert prune(database, *[number for (number,) in rows(database, "SELECT id FROM article")]) == 1


def test_the_next_document_is_read_in_full(tmp_path: Path) -> None:
    """Its entries were known by the ids of sightings, which are gone, and may be given to others."""
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        poll(database, harbour, [entry("one")])
        poll(database, hills, [entry("two")])
        with writing(database) as transaction:
            for feed_id in (harbour, hills):
                transaction.feeds.keep_slices({feed_id: {b"0" * 16: feed_id}})
        prune(database, 1)
        with writing(database) as transaction:
            assert transaction.feeds.slices(harbour) == {}
            assert len(transaction.feeds.slices(hills)) == 1


def test_more_can_be_pruned_than_a_statement_has_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selecting, "MAX_PARAMETERS", 7)
    entries = [entry(f"a{n}") for n in range(20)]
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        poll(database, harbour, entries)
        assert prune(database, *range(1, 21)) == 20
        assert poll(database, harbour, entries) == [PRUNED] * 20
