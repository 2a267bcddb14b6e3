from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from aggregator.records import (
    ChangeKind,
    EntryKeys,
    KnownArticle,
    KnownSighting,
    Listing,
    ParsedEntry,
    Subscription,
    TextRank,
)
from aggregator.store import images, selecting
from aggregator.store.articles import ArticleRows
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    add_article,
    analysis,
    analyze,
    change,
    entry,
    known,
    known_by,
    model_id,
    opened,
    revise,
    row,
    rows,
    save,
    sight,
    subscribe,
    text_hash,
    writing,
)

PICTURES = ["https://harbour.test/1.jpg", "https://harbour.test/2.jpg", "https://cdn.test/3.jpg"]


def test_a_new_entry_becomes_an_article_and_a_sighting(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        one = entry("one", content="<p>Text</p>")
        article_id = add_article(database, feed_id, one)
        assert row(
            database,
            """SELECT id, url, title, summary, content, author, feed, feed_url, published_at, first_seen_at,
               effective_at, language, topic, topic_score, story_id, image, thumbnail FROM articles""",
        ) == (
            *(article_id, one.url, one.title, one.summary, one.content, "Ada", HARBOUR, HARBOUR),
            *("2026-03-02 05:00:00", "2026-03-02 06:30:00", "2026-03-02 05:00:00", "en"),
            *(None, None, None, None, None),
        )
        assert row(database, "SELECT * FROM sightings") == (
            *(article_id, HARBOUR, "guid-one", one.title, one.url, "2026-03-02 05:00:00"),
            *("Mon, 02 Mar 2026 05:00:00 GMT", "2026-03-02 06:30:00", "2026-03-02 06:30:00"),
        )


def test_what_was_saved_is_known_by_entry_and_by_address(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        one, two = entry("one"), entry("two")
        save(database, harbour, change(one), change(two))
        here = known(database, harbour, one, entry("never"))
        assert here.by_entry_key == {"guid guid-one": _sighting(1, one)}
        assert here.article_by_url_key == {"harbour.test/one": _article(1, one, _sighting(1, one))}
        there = known(database, hills, one, two)
        assert there.by_entry_key == {}
        assert there.article_by_url_key == {"harbour.test/one": _article(1, one), "harbour.test/two": _article(2, two)}


def _rank(one: ParsedEntry) -> TextRank:
    return TextRank(True, len(one.content), len(one.summary), text_hash(one), -1)


def _sighting(number: int, one: ParsedEntry) -> KnownSighting:
    """What is known of an entry of the first feed, which is the only one that has its article."""
    return KnownSighting(
        sighting_id=number,
        article_id=number,
        entry_key=f"guid {one.guid}",
        content_hash=text_hash(one),
        leads=True,
        rank=_rank(one),
        url=one.url,
        title=one.title,
        published_raw=one.published_raw,
        published_at=one.published_at,
    )


def _article(number: int, one: ParsedEntry, *sightings: KnownSighting) -> KnownArticle:
    return KnownArticle(number, _rank(one), one.title, one.published_at, sightings)


def test_an_entry_is_known_by_any_of_its_keys_in_its_own_feed(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        keys = EntryKeys("guid one", None, "alias /one", "match one")
        assert save(database, harbour, replace(change(entry("one")), keys=keys)) == [1]
        assert known_by(database, harbour, EntryKeys("guid other", fallbacks=("guid one",))).by_entry_key.keys() == {
            "guid one"
        }
        assert known_by(database, harbour, EntryKeys("x", alias="alias /one")).by_alias_key["alias /one"].alias_key
        assert known_by(database, harbour, EntryKeys("x", match="match one")).by_match_key["match one"].match_key
        abroad = known_by(database, hills, keys)
        assert (abroad.by_entry_key, abroad.by_alias_key, abroad.by_match_key) == ({}, {}, {})


def test_what_a_text_is_worth_is_counted_in_characters(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        one = entry("one", content="größer 🚢")
        save(database, harbour, change(one))
        assert known(database, harbour, one).article_by_url_key["harbour.test/one"].rank.content_chars == 8


def test_of_articles_that_share_an_address_the_oldest_is_known(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        save(database, harbour, change(entry("one")))
        one = change(entry("one"))
        save(database, harbour, replace(one, keys=replace(one.keys, entry="another key")))
        assert known(database, harbour, entry("one")).article_by_url_key == {
            "harbour.test/one": _article(1, entry("one"), _sighting(1, entry("one")))
        }


def test_an_article_sighted_in_a_second_feed_stays_one_article(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        article_id = add_article(database, harbour, entry("one"))
        abroad = entry("one", title="As the hills put it", images=PICTURES)
        sight(database, hills, abroad, article_id)
        assert rows(database, "SELECT title, feed_url FROM articles") == [("Title of one", HARBOUR)]
        assert rows(database, "SELECT article_id, feed_url, title, first_seen_at FROM sightings ORDER BY feed_url") == [
            (article_id, HARBOUR, "Title of one", "2026-03-02 06:30:00"),
            (article_id, HILLS, "As the hills put it", "2026-03-02 11:30:00"),
        ]
        theirs = known(database, hills, abroad).by_entry_key["guid guid-one"]
        assert (theirs.sighting_id, theirs.article_id, theirs.content_hash) == (2, article_id, text_hash(abroad))
        assert (theirs.leads, theirs.rank) == (False, _rank(entry("one"))), "the article's text is that of the harbour"
        assert rows(database, "SELECT * FROM images") == []


def test_a_feed_that_says_more_gives_the_article_its_text(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        one = entry("one", images=PICTURES[:1])
        article_id = add_article(database, harbour, one)
        analyze(database, analysis(article_id, one), model_id(database))
        fuller = entry("one", title="Fuller", content="<p>All of it</p>", images=PICTURES[1:])
        sight(database, hills, fuller, article_id, leads=True)
        assert rows(database, "SELECT id, title, content, feed_url, topic, first_seen_at FROM articles") == [
            (article_id, "Fuller", "<p>All of it</p>", HILLS, None, "2026-03-02 06:30:00")
        ]
        assert rows(database, "SELECT * FROM revisions") == [], "that is no edit"
        assert _pictures(rows(database, _ORDER), article_id) == PICTURES[1:]
        assert known(database, harbour, one).by_entry_key["guid guid-one"].leads is False
        assert known(database, hills, fuller).by_entry_key["guid guid-one"].leads is True


@pytest.mark.parametrize(("hours", "expected"), [(-2, "2026-03-02 03:00:00"), (2, "2026-03-02 05:00:00")])
def test_of_two_feeds_the_earlier_date_counts(tmp_path: Path, hours: int, expected: str) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        one = entry("one")
        assert one.published_at is not None
        article_id = add_article(database, harbour, one)
        fuller = replace(one, content="<p>More</p>", published_at=one.published_at + timedelta(hours=hours))
        sight(database, hills, fuller, article_id, leads=True)
        assert row(database, "SELECT effective_at FROM articles") == (expected,)


def test_a_feed_with_a_category_makes_its_articles_pending_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            plain = [Subscription(HARBOUR), Subscription(HILLS)]
            transaction.feeds.sync([*plain, Subscription("https://c.test/", category="sport")], NOW)
        one = entry("one")
        article_id = add_article(database, 1, one)
        analyze(database, analysis(article_id, one), model_id(database))
        unlabelled = "SELECT COUNT(*) FROM article WHERE analysis_id IS NULL"
        sight(database, 2, one, article_id)
        assert row(database, unlabelled) == (0,)
        sight(database, 3, one, article_id)
        assert row(database, unlabelled) == (1,)


def test_a_seen_entry_writes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        article_id = add_article(database, harbour, entry("one"))
        seen = change(entry("one", title="ignored"), ChangeKind.SEEN, article_id=article_id, sighting_id=1)
        with writing(database) as transaction:
            before = _changes(transaction.articles)
            assert transaction.articles.save(harbour, [seen], None, LATER) == [1]
            assert _changes(transaction.articles) == before


def _changes(articles: ArticleRows) -> int:
    return int(articles._connection.exec_driver_sql("SELECT total_changes()").scalar_one())


def test_an_entry_under_a_new_guid_keeps_its_sighting_and_its_article(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        article_id = add_article(database, harbour, entry("one"))
        moved = replace(entry("one"), guid="new", url="https://harbour.test/moved")
        keys = EntryKeys("guid new", "harbour.test/moved", "alias a", "match m")
        found = {"article_id": article_id, "sighting_id": 1, "renewed": True}
        assert save(database, harbour, replace(change(moved, ChangeKind.SEEN, **found), keys=keys), now=LATER) == [1]
        assert row(
            database, "SELECT id, article_id, entry_key, alias_key, match_key, guid, url, first_seen_at FROM sighting"
        ) == (1, article_id, "guid new", "alias a", "match m", "new", moved.url, "2026-03-02 06:30:00")
        assert row(database, "SELECT id, title FROM articles") == (article_id, "Title of one")
        assert rows(database, "SELECT * FROM revisions") == []


def test_what_left_the_document_was_last_seen_when_the_document_last_had_it(tmp_path: Path) -> None:
    listing = "SELECT listed, last_seen_at FROM sighting ORDER BY id"
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        save(database, harbour, *(change(entry(name)) for name in ("one", "two")))
        save(database, hills, change(entry("three")))
        with writing(database) as transaction:
            transaction.articles.unlist([Listing(harbour, frozenset({2}), LATER)])
        gone, stays = (False, "2026-03-02 11:30:00"), (True, "2026-03-02 06:30:00")
        assert rows(database, listing) == [gone, stays, stays]
        with writing(database) as transaction:
            transaction.articles.unlist([Listing(harbour, frozenset({2}), LATER + timedelta(hours=5))])
        assert rows(database, listing) == [gone, stays, stays], "what is gone stays as it was"
        back = change(entry("one"), ChangeKind.SEEN, article_id=1, sighting_id=1, renewed=True)
        assert known(database, harbour, entry("one")).by_entry_key["guid guid-one"].listed is False
        save(database, harbour, back)
        assert rows(database, listing)[0][0] == 1


def test_a_document_that_was_never_read_before_says_nothing_of_when_it_had_what_is_gone(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        save(database, harbour, change(entry("one")))
        with writing(database) as transaction:
            transaction.articles.unlist([Listing(harbour, frozenset(), None)])
        assert row(database, "SELECT listed, last_seen_at FROM sighting") == (False, "2026-03-02 06:30:00")


def test_every_change_gets_the_id_of_its_sighting_in_order(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        assert save(database, hills, change(entry("abroad"))) == [1]
        assert save(database, harbour, change(entry("one"))) == [2]
        found = {"article_id": 2, "sighting_id": 2}
        ids = save(
            database,
            harbour,
            change(entry("pruned"), ChangeKind.PRUNED),
            change(entry("two")),
            change(entry("one"), ChangeKind.SEEN, **found),
            change(entry("abroad"), ChangeKind.SIGHTED, article_id=1, leads=False),
            change(entry("three")),
        )
        guids = dict(rows(database, "SELECT id, guid FROM sighting WHERE feed_id = :feed", feed=harbour))
        assert [guids.get(number) for number in ids] == [None, "guid-two", "guid-one", "guid-abroad", "guid-three"]


def test_a_revision_holds_what_was_said_before(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        article_id = add_article(database, harbour, entry("one", title="First", content="<p>1</p>"))
        for title in ("Second", "Third"):
            revise(database, harbour, entry("one", title=title, content="<p>2</p>"))
        assert row(database, "SELECT title, content FROM articles") == ("Third", "<p>2</p>")
        assert row(database, "SELECT title FROM sightings") == ("Third",)
        assert rows(database, "SELECT article_id, replaced_at, title, summary, content FROM revisions ORDER BY id") == [
            (article_id, "2026-03-02 11:30:00", "First", "Summary of one", "<p>1</p>"),
            (article_id, "2026-03-02 11:30:00", "Second", "Summary of one", "<p>2</p>"),
        ]
        assert known(database, harbour, entry("one")).by_entry_key["guid guid-one"].content_hash == text_hash(
            entry("one", title="Third", content="<p>2</p>")
        )


def test_an_edit_makes_an_article_no_newer_and_clears_its_analysis(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        one, two = entry("one"), entry("two")
        article_id, other_id = add_article(database, harbour, one), add_article(database, harbour, two)
        model = model_id(database)
        analyze(database, analysis(article_id, one), model)
        analyze(database, analysis(other_id, two), model)
        edited = replace(
            entry("one", title="Edited"), published_at=NOW + timedelta(hours=4), url="https://harbour.test/moved"
        )
        revise(database, harbour, edited)
        assert row(
            database,
            "SELECT url, effective_at, first_seen_at, published_at, topic FROM articles WHERE id = :id",
            id=article_id,
        ) == (
            *("https://harbour.test/moved", "2026-03-02 05:00:00", "2026-03-02 06:30:00", "2026-03-02 10:30:00", None),
        )
        assert rows(database, "SELECT id FROM article WHERE analysis_id IS NULL") == [(article_id,)]
        assert row(database, "SELECT url_key FROM article WHERE id = :id", id=article_id) == ("harbour.test/one",)


def test_an_edit_in_a_feed_that_does_not_lead_changes_only_its_sighting(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        one = entry("one", images=PICTURES[:1])
        article_id = add_article(database, harbour, one)
        analyze(database, analysis(article_id, one), model_id(database))
        save(database, hills, change(one, ChangeKind.SIGHTED, article_id=article_id, leads=False))
        revise(database, hills, entry("one", title="Edited in the hills", images=PICTURES[1:]))
        assert row(database, "SELECT title, topic FROM articles") == ("Title of one", "sport")
        assert rows(database, "SELECT * FROM revisions") == []
        assert rows(database, "SELECT url FROM images") == [(PICTURES[0],)]
        assert rows(database, "SELECT title FROM sighting ORDER BY id") == [("Title of one",), ("Edited in the hills",)]


def test_an_edit_that_makes_another_feed_say_more_gives_the_article_its_text(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        one = entry("one", images=PICTURES[:1])
        article_id = add_article(database, harbour, one)
        sight(database, hills, one, article_id)
        fuller = entry("one", title="Fuller", content="<p>All of it</p>", images=PICTURES[1:])
        earlier = replace(fuller, published_at=NOW - timedelta(days=1))
        found = {"article_id": article_id, "sighting_id": 2, "leads": True}
        save(database, hills, change(earlier, ChangeKind.REVISED, **found), now=LATER)
        assert rows(database, "SELECT title, content, feed_url, effective_at FROM articles") == [
            ("Fuller", "<p>All of it</p>", HILLS, "2026-03-01 06:30:00")
        ]
        assert rows(database, "SELECT * FROM revisions") == [], "the harbour edited nothing"
        assert _pictures(rows(database, _ORDER), article_id) == PICTURES[1:]
        assert known(database, hills, fuller).by_entry_key["guid guid-one"].leads is True


def test_pictures_are_made_once_and_keep_the_order_of_the_entry(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        first, second = entry("one", images=PICTURES), entry("two", images=[PICTURES[2], PICTURES[0], PICTURES[2]])
        save(database, harbour, change(first), change(second), now=NOW)
        save(database, harbour, change(entry("three", images=[PICTURES[1], "https://new.test/4.jpg"])), now=LATER)
        assert _pictures(database_rows := rows(database, _ORDER), 1) == PICTURES
        assert _pictures(database_rows, 2) == [PICTURES[2], PICTURES[0], PICTURES[2]]
        assert _pictures(database_rows, 3) == [PICTURES[1], "https://new.test/4.jpg"]
        assert rows(database, "SELECT url, first_seen_at FROM images ORDER BY url") == [
            (PICTURES[2], "2026-03-02 06:30:00"),
            (PICTURES[0], "2026-03-02 06:30:00"),
            (PICTURES[1], "2026-03-02 06:30:00"),
            ("https://new.test/4.jpg", "2026-03-02 11:30:00"),
        ]


_ORDER = """SELECT ai.article_id, i.url, ai.source FROM article_image ai JOIN image i ON i.id = ai.image_id
            ORDER BY ai.article_id, ai.position"""


def _pictures(ordered: list[tuple[int, str, str]], article_id: int) -> list[str]:
    assert all(source == "enclosure" for _, _, source in ordered)
    return [url for owner, url, _ in ordered if owner == article_id]


def test_an_edit_replaces_the_pictures_of_its_article_only(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        add_article(database, harbour, entry("one", images=PICTURES))
        add_article(database, harbour, entry("two", images=PICTURES))
        revise(database, harbour, entry("one", title="Edited", images=[PICTURES[1]]))
        assert _pictures(rows(database, _ORDER), 1) == [PICTURES[1]]
        assert _pictures(rows(database, _ORDER), 2) == PICTURES


def test_nothing_to_save_saves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (harbour,) = subscribe(database, HARBOUR)
        save(database, harbour)
        assert known(database, harbour).by_entry_key == {}
        assert rows(database, "SELECT * FROM articles") == []


def test_a_document_may_hold_more_than_one_statement_can_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (selecting, images):
        monkeypatch.setattr(module, "MAX_PARAMETERS", 400)
    count = 1001
    entries = [entry(f"a{n}", images=[f"https://cdn.test/{n}-{i}.jpg" for i in range(2)]) for n in range(count)]
    with opened(tmp_path) as database:
        for engine in (database._write_engine, database._read_engine):
            event.listen(engine, "connect", _allow_few_parameters)
        (harbour,) = subscribe(database, HARBOUR)
        save(database, harbour, *(change(one) for one in entries))
        found = known(database, harbour, *entries)
        assert len(found.by_entry_key) == len(found.article_by_url_key) == count
        assert all(found.by_entry_key[f"guid guid-a{n}"].article_id == n + 1 for n in range(count))
        edits = [
            change(
                replace(one, title="Edited"),
                ChangeKind.REVISED,
                article_id=found.by_entry_key[f"guid {one.guid}"].article_id,
                sighting_id=found.by_entry_key[f"guid {one.guid}"].sighting_id,
            )
            for one in entries
        ]
        save(database, harbour, *edits)
        assert row(database, "SELECT COUNT(*), COUNT(DISTINCT article_id) FROM article_image") == (2 * count, count)
        assert row(database, "SELECT COUNT(*) FROM revisions") == (count,)
        assert row(database, "SELECT COUNT(*) FROM article WHERE title = 'Edited'") == (count,)


def _allow_few_parameters(connection: sqlite3.Connection, _record: object) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 410)
