from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aggregator.fetch.canonical import url_key
from aggregator.fetch.decide import decide_changes, effective_at, text_rank
from aggregator.fetch.identity import content_hash, entry_keys
from aggregator.records import (
    ArticleChange,
    ChangeKind,
    EntryKeys,
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
MONDAY, TUESDAY = NOW - timedelta(days=2), NOW - timedelta(days=1)
NEW, SIGHTED, REVISED, SEEN, PRUNED = (
    *(ChangeKind.NEW, ChangeKind.SIGHTED, ChangeKind.REVISED),
    *(ChangeKind.SEEN, ChangeKind.PRUNED),
)
STORM = "Storm breaks the old harbour wall"
STORY = "https://news.test/2026/03/storm-breaks-wall"

# Few values, so that entries share them as the entries of broken feeds do.
ENTRIES = st.builds(
    ParsedEntry,
    guid=st.sampled_from([None, "", "g", "h", "https://news.test/", STORY, STORY.replace("https", "http")]),
    url=st.sampled_from(
        [None, "https://news.test/", "https://news.test/1", "https://news.test/1?utm_id=2", "ftp://x/y", STORY]
    ),
    title=st.sampled_from(["", "One", "Two", STORM]),
    summary=st.sampled_from(["", "summary"]),
    content=st.sampled_from(["", "<p>a</p>", "<p>b</p>"]),
    published_raw=st.sampled_from([None, "Monday", "Tuesday"]),
).map(lambda one: replace(one, published_at={"Monday": MONDAY, "Tuesday": TUESDAY}.get(one.published_raw or "")))
DOCUMENTS = st.lists(ENTRIES, max_size=8)


@dataclass
class Shelf:
    """What the store would know after the changes of one feed, by its own rules: no two sightings share a key."""

    sightings: dict[int, KnownSighting] = field(default_factory=dict)
    addresses: dict[str, KnownArticle] = field(default_factory=dict)
    pruned: set[str] = field(default_factory=set)
    last: int = 0

    def feed(self, entries: Sequence[ParsedEntry], still_listed: Collection[int] = ()) -> list[ArticleChange]:
        changes = decide_changes(entries, self.known(entry_keys(entries)), NOW, still_listed=frozenset(still_listed))
        found = [change.sighting_id for change in changes if change.sighting_id is not None]
        assert len(set(found)) == len(found), "no sighting is two entries"
        for change in changes:
            if change.kind is not PRUNED:
                self._keep(change)
        return changes

    def known(self, keys: Sequence[EntryKeys]) -> KnownArticles:
        own = {key for one in keys for key in (one.entry, *one.fallbacks)}
        rows = self.sightings.values()
        return KnownArticles(
            by_entry_key={row.entry_key: row for row in rows if row.entry_key in own},
            by_alias_key={row.alias_key: row for row in rows if row.alias_key},
            by_match_key={row.match_key: row for row in rows if row.match_key},
            article_by_url_key={
                key: replace(one, sightings=tuple(row for row in rows if row.article_id == one.article_id))
                for key, one in self.addresses.items()
            },
            pruned_keys=frozenset(self.pruned),
        )

    def _keep(self, change: ArticleChange) -> None:
        self.last += 1
        entry, number = change.entry, change.sighting_id or self.last
        article_id = change.article_id or self.last
        rank = text_rank(entry, change.content_hash, 0, "")
        if change.kind is NEW and change.keys.url is not None:
            article = KnownArticle(article_id, rank, entry.title, entry.published_at)
            self.addresses.setdefault(change.keys.url, article)
        if change.kind is not SEEN or change.renewed:
            self.sightings[number] = KnownSighting(
                *(number, article_id, change.keys.entry, change.content_hash, True, rank, True),
                *(change.keys.alias, change.keys.match, entry.url, entry.title),
                *(entry.published_raw, entry.published_at),
            )
        for kind in ("entry_key", "alias_key", "match_key"):
            names = [name for row in self.sightings.values() if (name := getattr(row, kind)) is not None]
            assert len(set(names)) == len(names), "no key is two sightings"


def kinds(changes: Sequence[ArticleChange]) -> list[ChangeKind]:
    return [change.kind for change in changes]


def ids(changes: Sequence[ArticleChange]) -> list[int | None]:
    return [change.sighting_id for change in changes]


def identity(entry: ParsedEntry) -> tuple[object, ...]:
    """What two entries must have in common to be one entry that a document repeats."""
    named = (entry.guid or "", entry.url or "", entry.title, entry.published_raw or "")
    return named if entry.title or entry.published_raw else (*named, entry.summary, entry.content)


def story(guid: str | None = None, url: str | None = STORY, title: str = STORM, **more: object) -> ParsedEntry:
    return ParsedEntry(guid, url, title, **{"published_raw": "Monday", "published_at": MONDAY, **more})  # type: ignore[arg-type]


# --- laws -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(DOCUMENTS)
def test_every_distinct_entry_gets_exactly_one_change(entries: list[ParsedEntry]) -> None:
    changes = Shelf().feed(entries)
    assert [change.entry for change in changes] == [
        entry for n, entry in enumerate(entries) if identity(entry) not in {identity(other) for other in entries[:n]}
    ]
    assert set(kinds(changes)) <= {NEW}


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=4), DOCUMENTS, st.data())
def test_what_goes_in_comes_out(
    earlier: list[list[ParsedEntry]], entries: list[ParsedEntry], data: st.DataObject
) -> None:
    """Whatever was before, whatever was cut out, whatever was pruned: one change, a repeat or a tombstone for each."""
    shelf = Shelf()
    for document in earlier:
        shelf.feed(document)
    listed = data.draw(st.sets(st.sampled_from(sorted(shelf.sightings)))) if shelf.sightings else set()
    keys = sorted({key for one in entry_keys(entries) for key in (one.entry, one.url, one.match) if key})
    shelf.pruned = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    changes = shelf.feed(entries, listed)
    repeats = len(entries) - len({identity(entry) for entry in entries})
    assert len(changes) + repeats == len(entries)
    assert all((change.sighting_id is not None) == (change.kind in (SEEN, REVISED)) for change in changes)
    assert all((change.article_id is None) == (change.kind in (NEW, PRUNED)) for change in changes)


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=3), DOCUMENTS)
def test_a_document_read_twice_brings_nothing_new(earlier: list[list[ParsedEntry]], entries: list[ParsedEntry]) -> None:
    shelf = Shelf()
    for document in earlier:
        shelf.feed(document)
    first = shelf.feed(entries)
    again, at_last = shelf.feed(entries), shelf.feed(entries)
    assert kinds(again) == kinds(at_last) == [SEEN] * len(first)
    assert [change.keys.entry for change in at_last] == [change.keys.entry for change in again], "the keys have settled"


@settings(deadline=None)
@given(st.lists(DOCUMENTS, max_size=2), DOCUMENTS, st.data())
def test_what_is_left_of_a_known_document_brings_nothing_new(
    earlier: list[list[ParsedEntry]], entries: list[ParsedEntry], data: st.DataObject
) -> None:
    """Known entries are cut out before a document is read; the keys of the others must not depend on that."""
    shelf = Shelf()
    for document in earlier:
        shelf.feed(document)
    distinct = list({identity(entry): entry for entry in reversed(entries)}.values())[::-1]
    shelf.feed(distinct)
    numbers = ids(shelf.feed(distinct))
    left = sorted(data.draw(st.sets(st.sampled_from(range(len(distinct)))))) if distinct else []
    cut = [number for n, number in enumerate(numbers) if n not in left and number is not None]
    again = shelf.feed([distinct[n] for n in left], cut)
    assert (kinds(again), ids(again)) == ([SEEN] * len(left), [numbers[n] for n in left])


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
    first = shelf.feed(named)
    again = shelf.feed(
        [replace(entry, content=entry.content + "!") if n in edited else entry for n, entry in enumerate(named)]
    )
    assert kinds(again) == [REVISED if n in edited else SEEN for n in range(len(named))]
    assert ids(again) == [n + 1 for n in range(len(first))]


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
    assert all(change.keys.url is not None for change in sighted)


@settings(deadline=None)
@given(st.none() | st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_an_article_never_counts_as_of_a_time_to_come(published_at: datetime | None, now: datetime) -> None:
    counted = effective_at(published_at, now)
    assert counted <= now
    assert counted in (published_at, now)
    (change,) = decide_changes([ParsedEntry("g", None, "t", published_at=published_at)], KnownArticles(), now)
    assert change.effective_at == counted


# --- GUIDs that change ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (story("http://news.test/?p=4711"), story("https://news.test/?p=4711")),
        (story("http://old.test/?p=4711"), story("https://www.new.test/?p=4711#c", STORY.replace("news.", "new."))),
        (story(STORY), story(STORY + "/?utm_source=rss")),
        (story("tag:old.test,2026:post-4711"), story("tag:new.test,2026-03:post-4711")),
        (story("a1"), story("b2")),
        (story("a1"), story(None)),
        (story("a1", url="https://news.test/"), story("b2", url="https://news.test/")),
        (story(None, STORY), story(None, STORY.replace("https://news", "http://www.news") + "/")),
        (story("a1", published_at=None), story("b2", published_at=None)),
    ],
)
@pytest.mark.parametrize("edit", ["", "<p>edited</p>"])
def test_an_article_whose_guid_changed_is_the_same_sighting(before: ParsedEntry, after: ParsedEntry, edit: str) -> None:
    shelf = Shelf()
    shelf.feed([before])
    (change,) = shelf.feed([replace(after, content=edit)])
    assert (change.kind, change.article_id, change.sighting_id) == (REVISED if edit else SEEN, 1, 1)
    assert change.renewed
    assert kinds(shelf.feed([replace(after, content=edit)])) == [SEEN]
    assert not shelf.feed([replace(after, content=edit)])[0].renewed, "it is known by its new keys from then on"


@pytest.mark.parametrize("guid", ["http://news.test/?p=4711", "a1"])
def test_a_new_headline_under_a_new_guid_is_a_revision_while_the_date_stays(guid: str) -> None:
    shelf = Shelf()
    shelf.feed([story(guid)])
    (change,) = shelf.feed([story("https://news.test/?p=4711", title="Harbour wall: what we know")])
    assert (change.kind, change.sighting_id) == (REVISED, 1)


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([story("b2"), story("a1")], id="in what was read"),
        pytest.param([story("b2")], id="in what was cut out"),
    ],
)
def test_a_sighting_that_is_still_in_the_document_is_no_other_entry(later: list[ParsedEntry]) -> None:
    shelf = Shelf()
    shelf.feed([story("a1")])
    change = shelf.feed(later, [] if len(later) == 2 else [1])[0]
    assert (change.kind, change.sighting_id) == (NEW, None)


def test_two_entries_that_could_be_one_sighting_are_not_both() -> None:
    shelf = Shelf()
    shelf.feed([story("a1", url=None)])
    first, second = shelf.feed([story("b2", url=None), story("c3", url=None, title=STORM + "!")])
    assert [first.kind, second.kind].count(NEW) >= 1


def test_an_entry_that_was_gone_and_is_back_is_written_again() -> None:
    shelf = Shelf()
    shelf.feed([story("a1")])
    shelf.sightings[1] = replace(shelf.sightings[1], listed=False)
    (change,) = shelf.feed([story("a1")])
    assert (change.kind, change.renewed) == (SEEN, True)


def test_short_titles_without_a_date_are_nobodys_match() -> None:
    shelf = Shelf()
    shelf.feed([ParsedEntry("a1", None, "Weather", "sunny")])
    assert kinds(shelf.feed([ParsedEntry("b2", None, "Weather", "sunny")])) == [NEW]


# --- GUIDs that tell nothing ----------------------------------------------------------------------------------------


def test_feeds_whose_items_share_a_guid_or_a_link_do_not_collapse() -> None:
    titles = [f"Story {n}" for n in range(5)]
    for guid, url in (("same", None), (None, "https://news.test/"), ("same", "https://news.test/all")):
        shelf = Shelf()
        assert kinds(shelf.feed([ParsedEntry(guid, url, title) for title in titles])) == [NEW] * 5
        next_day = [ParsedEntry(guid, url, title) for title in ["Story 5", *titles[:4]]]
        assert kinds(shelf.feed(next_day)) == [NEW] + [SEEN] * 4


def test_feeds_whose_items_share_a_guid_do_not_collapse_when_the_known_ones_are_cut_out() -> None:
    shelf = Shelf()
    shelf.feed([ParsedEntry("same", f"https://news.test/{n}", f"Story {n}") for n in range(4)])
    for n in range(4, 8):
        assert kinds(shelf.feed([ParsedEntry("same", f"https://news.test/{n}", f"Story {n}")], range(1, n + 1))) == [
            NEW
        ]


def test_an_entry_that_stands_as_it_was_is_itself_though_an_older_one_has_the_guid_that_all_share() -> None:
    guid = "6f1c9a4e-0b1d-4b7e"
    first, second, third = (ParsedEntry(guid, f"https://news.test/{n}", f"Story {n}") for n in range(3))
    shelf = Shelf()
    shelf.feed([first])
    shelf.feed([second, third])
    (change,) = shelf.feed([third], [2])
    assert (change.kind, change.sighting_id) == (SEEN, 3)


def test_guids_that_only_count_through_the_document_are_no_identity() -> None:
    shelf = Shelf()
    for day in ("Monday", "Tuesday", "Wednesday"):
        moment = MONDAY + timedelta(days=len(day))
        entries = [
            ParsedEntry(str(n), "https://news.test/all", f"{day} {n}", published_raw=day, published_at=moment)
            for n in range(3)
        ]
        assert kinds(shelf.feed(entries)) == [NEW] * 3
        assert kinds(shelf.feed(entries)) == [SEEN] * 3


def test_a_key_that_the_document_uses_anew_keeps_its_old_sighting() -> None:
    monday, tuesday = (story("today", f"https://news.test/2026/{day}", day) for day in ("Monday's", "Tuesday's"))
    shelf = Shelf()
    shelf.feed([monday])
    changes = shelf.feed([replace(tuesday, published_at=TUESDAY), replace(monday, guid="other")])
    assert kinds(changes) == [NEW, SEEN], "Monday's is the article that it was, under another key"


DAILY = [
    pytest.param("today", "https://news.test/2026/story-{n}", id="one GUID"),
    pytest.param("https://news.test/", "https://news.test/story/{n}", id="the front page as GUID"),
    pytest.param("6f1c9a4e-0b1d-4b7e", "https://news.test/2026/story-{n}", id="one GUID that looks like a real one"),
    pytest.param("today", "https://news.test/", id="one GUID and the front page"),
    pytest.param("today", None, id="one GUID and no link"),
    pytest.param(None, "https://news.test/", id="the front page"),
    pytest.param(None, "https://news.test/weather", id="one link"),
    pytest.param("today", "https://news.test/weather", id="one GUID and one link"),
    pytest.param("day-{n}", "https://news.test/weather", id="GUIDs of their own and one link"),
    pytest.param("day-{n}", "https://news.test/programme/b006qykl99", id="GUIDs of their own and one telling link"),
]


@pytest.mark.parametrize(("guid", "url"), DAILY)
def test_a_feed_of_one_entry_with_a_useless_name_does_not_collapse(guid: str | None, url: str | None) -> None:
    days = [
        ParsedEntry(
            guid and guid.format(n=n), url and url.format(n=n), f"The {n}th day", published_raw=str(n),
            published_at=MONDAY + timedelta(hours=n),
        )
        for n in range(5)
    ]  # fmt: skip
    shelf = Shelf()
    changes = [change for day in days for change in shelf.feed([day])]
    assert kinds(changes) == [NEW] * 5
    again = [change for day in days for change in shelf.feed([day])]
    assert (kinds(again), ids(again)) == ([SEEN] * 5, [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("guid", "url"), [("4711", None), ("4711", "https://news.test/"), (None, STORY), ("one", STORY), ("one", None)]
)
def test_an_edit_of_headline_and_date_is_one_where_the_name_is_that_of_one_article(
    guid: str | None, url: str | None
) -> None:
    shelf = Shelf()
    shelf.feed([story(guid, url)])
    date = TUESDAY if guid != "one" or url else MONDAY
    (change,) = shelf.feed([story(guid, url, "Harbour wall: what we know", published_at=date)])
    assert (change.kind, change.sighting_id) == (REVISED, 1)


def test_the_front_page_makes_no_two_entries_one() -> None:
    shelf = Shelf()
    shelf.feed([ParsedEntry("a", "https://news.test/", "One")])
    assert kinds(shelf.feed([ParsedEntry("b", "https://news.test/", "Two")])) == [NEW]


# --- tombstones -----------------------------------------------------------------------------------------------------


def test_an_entry_whose_article_was_pruned_is_counted_and_stays_away() -> None:
    shelf = Shelf()
    (first,) = shelf.feed([story("a1")])
    pruned = Shelf(pruned={key for key in (first.keys.entry, first.keys.url, first.keys.match) if key})
    for entry in (story("a1"), story("a1", title="Edited"), story("b2"), story(None), story("a1", url=STORY + "/")):
        (change,) = pruned.feed([entry])
        assert (change.kind, change.article_id, change.sighting_id) == (PRUNED, None, None)
    assert not pruned.sightings


@pytest.mark.parametrize(("guid", "url"), DAILY)
def test_tombstones_bury_no_other_article_of_the_feed(guid: str | None, url: str | None) -> None:
    def of_day(n: int) -> ParsedEntry:
        moment = MONDAY + timedelta(hours=n)
        return ParsedEntry(guid and guid.format(n=n), url and url.format(n=n), f"Day {n}", published_at=moment)

    (first,) = Shelf().feed([of_day(1)])
    pruned = Shelf(pruned={key for key in (first.keys.entry, first.keys.url, first.keys.match) if key})
    assert kinds(pruned.feed([of_day(1)])) == [PRUNED]
    assert kinds(pruned.feed([of_day(2)])) == [NEW]


# --- several feeds --------------------------------------------------------------------------------------------------


def test_a_sighting_that_does_not_lead_stays_one_that_does_not() -> None:
    known = KnownArticles({"guid g": KnownSighting(4, 2, "guid g", "other text", leads=False)})
    (change,) = decide_changes([ParsedEntry("g", None, "One")], known, NOW)
    assert (change.kind, change.article_id, change.sighting_id, change.leads) == (REVISED, 2, 4, False)


def _rank(entry: ParsedEntry) -> TextRank:
    return text_rank(entry, content_hash(entry), 2, "")


@pytest.mark.parametrize(("content", "leads"), [("<p>All of it</p>", True), ("<p>A</p>", False)])
def test_an_edit_takes_over_when_it_says_more_than_the_feed_that_leads(content: str, leads: bool) -> None:
    present = ParsedEntry("a", STORY, STORM, content="<p>Half of it</p>"[:-4])
    sighting = KnownSighting(4, 3, "guid b", "before", leads=False, rank=_rank(present))
    entry = ParsedEntry("b", STORY, STORM, content=content)
    (change,) = decide_changes([entry], KnownArticles({"guid b": sighting}, feed_id=3), NOW)
    assert (change.kind, change.leads) == (REVISED, leads)
    unchanged = replace(sighting, content_hash=content_hash(entry))
    (change,) = decide_changes([entry], KnownArticles({"guid b": unchanged}, feed_id=3), NOW)
    assert (change.kind, change.leads) == (SEEN, False)


def test_of_two_feeds_the_one_that_says_more_leads_whichever_came_first() -> None:
    short = ParsedEntry("a", "https://news.test/1", "One", summary="a long summary and nothing else")
    long = ParsedEntry("b", "https://news.test/1", "One", content="<p>All of it</p>")
    for first, second, leads in ((short, long, True), (long, short, False)):
        known = KnownArticles(article_by_url_key={"news.test/1": KnownArticle(3, _rank(first))})
        (change,) = decide_changes([second], known, NOW)
        assert (change.kind, change.article_id, change.leads) == (SIGHTED, 3, leads)


def test_of_two_feeds_with_the_same_text_the_first_subscribed_leads() -> None:
    same = ParsedEntry("a", "https://news.test/1", "One", content="<p>All of it</p>")
    for feed_id, leads in ((1, True), (3, False)):
        known = KnownArticles(article_by_url_key={"news.test/1": KnownArticle(3, _rank(same))}, feed_id=feed_id)
        (change,) = decide_changes([same], known, NOW)
        assert (change.kind, change.leads) == (SIGHTED, leads)


@pytest.mark.parametrize(("address", "kind"), [("https://news.test/weather", NEW), (STORY, SIGHTED)])
def test_at_an_address_for_all_days_another_title_at_another_time_is_another_article(
    address: str, kind: ChangeKind
) -> None:
    there = KnownArticle(3, TextRank(False, 1, 1, "", -1), "Weather for Monday", MONDAY)
    known = KnownArticles(article_by_url_key={str(url_key(address)): there})
    (change,) = decide_changes([story("a", address, "Weather for Tuesday", published_at=TUESDAY)], known, NOW)
    assert change.kind is kind


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
            known = transaction.articles.known(feed_id, entry_keys(entries))
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


def test_a_feed_that_numbers_its_places_and_not_its_articles_brings_each_article_once() -> None:
    def document(first: int) -> list[ParsedEntry]:
        return [
            ParsedEntry(
                f"item-{place}",
                f"https://news.test/2026/11/a-long-headline-{number}",
                f"Headline {number}",
                published_raw=str(number),
                published_at=MONDAY + timedelta(hours=number),
            )
            for place, number in enumerate(range(first, first + 5))
        ]

    shelf = Shelf()
    counts = [Counter(kinds(shelf.feed(document(first)))) for first in (10, 9, 8, 7)]
    assert counts == [{NEW: 5}, {NEW: 1, SEEN: 4}, {NEW: 1, SEEN: 4}, {NEW: 1, SEEN: 4}]
