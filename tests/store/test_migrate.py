"""From the first version's database to this one: nothing is lost, and nobody meets a traceback on the way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from aggregator.errors import UsageError
from aggregator.publish.ailments import Wanted, find_ailments
from aggregator.publish.overview import load_overview, observed_feeds
from aggregator.publish.query import run_query
from aggregator.publish.why import explain
from aggregator.records import EntryKeys, FeedMemory, FeedState, Listing, ModelId, Reason, Subscription, Validators
from aggregator.store import stamps
from aggregator.store.schema import metadata
from store.first_version import make_first_version
from store.small_news import HARBOUR, HILLS, NOW, opened, reading, rows, start_run, success, url_of, writing

DUE = NOW + timedelta(hours=2)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a database of the first version."""
    make_first_version(tmp_path)
    return tmp_path


def content(folder: Path, columns: dict[str, list[str]] | None = None) -> dict[str, tuple[list[str], list[Any]]]:
    """Return table → columns and rows; only `columns` of its tables, if they are given."""
    with closing(sqlite3.connect(folder / "news.db")) as connection:
        found = {}
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            names = (columns or {}).get(table, [])
            if columns is None:
                names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if names and table not in ("alembic_version", "sqlite_stat1"):
                selected = connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1, 2")  # noqa: S608
                found[table] = (names, selected.fetchall())
        return found


def test_every_row_of_every_table_is_kept(old: Path) -> None:
    before = content(old)
    assert len(before) == 16
    assert all(kept for _, kept in before.values()), "a table without a row proves nothing"
    with opened(old) as database:
        assert rows(database, "SELECT version_num FROM alembic_version") == [(stamps.HEAD,)]
        assert rows(database, "PRAGMA foreign_key_check") == []
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    after = content(old, {table: names for table, (names, _) in before.items()})
    before["meta"] = (["key", "value"], [row for row in before["meta"][1] if row[0] != "views"])
    after["meta"] = (["key", "value"], [row for row in after["meta"][1] if row[0] != "views"])
    assert after == before
    assert set(metadata.tables) > set(before), "there are new tables"


def test_it_becomes_the_same_as_a_database_that_was_made_today(
    old: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fresh = tmp_path_factory.mktemp("fresh")
    for folder in (old, fresh):
        with opened(folder) as database, database.read() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []
    assert indexes(old) == indexes(fresh)


def indexes(folder: Path) -> set[str]:
    """Return the statements that made the indexes: nothing else tells the condition of a partial one."""
    with closing(sqlite3.connect(folder / "news.db")) as connection:
        statements = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        return {" ".join(statement.replace('"', "").split()) for (statement,) in statements}


def test_what_a_feed_was_asked_with_is_sent_on(old: Path) -> None:
    with opened(old) as database, reading(database) as transaction:
        harbour, hills = transaction.feeds.due(DUE, 9)
    assert (harbour.url, harbour.asked_url, harbour.state) == (HARBOUR, HARBOUR, FeedState.ACTIVE)
    assert harbour.validators == Validators('"abc"', "Mon, 02 Mar 2026 05:00:00 GMT")
    assert harbour.validators_url == HARBOUR
    assert (harbour.body_sha256, harbour.interval_s, harbour.memory) == ("ab" * 32, 900.0, FeedMemory())
    assert (hills.url, hills.failures, hills.validators) == (HILLS, 2, Validators())


def test_no_feed_becomes_due_sooner(old: Path) -> None:
    with opened(old) as database, reading(database) as transaction:
        assert transaction.feeds.due(NOW, 9) == []


def test_entries_are_known_under_their_old_keys(old: Path) -> None:
    with opened(old) as database, reading(database) as transaction:
        found = transaction.articles.known(1, [EntryKeys("guid one", "harbour.test/one")])
    assert found.by_entry_key["guid one"].article_id == 1
    assert found.article_by_url_key["harbour.test/one"].article_id == 1


def test_what_had_left_its_document_keeps_the_time_when_it_was_last_there(old: Path) -> None:
    with opened(old) as database:
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(1)])
            transaction.articles.unlist([Listing(1, frozenset({1}), NOW)])
        assert rows(database, "SELECT article_id, feed_url, last_seen_at FROM sightings ORDER BY 1, 2") == [
            (1, HARBOUR, "2026-03-02 06:30:00"),
            (1, HILLS, "2026-02-03 00:00:00"),
            (2, HARBOUR, "2026-02-20 00:00:00"),
        ]


def test_old_requests_stand_in_the_ledger(old: Path) -> None:
    with opened(old) as database:
        assert rows(database, "SELECT kind, feed_url, url, reason, outcome, error FROM fetches ORDER BY id") == [
            ("feed", HARBOUR, HARBOUR, str(Reason.DUE), "new articles", None),
            ("feed", HILLS, HILLS, str(Reason.DUE), "http error", "the server answered 500"),
        ]


def test_the_views_of_people_stay_and_work(old: Path) -> None:
    with opened(old) as database:
        assert rows(database, "SELECT * FROM my_morning ORDER BY title") == [("One", "Port"), ("Two", "Port")]
        assert rows(database, "SELECT * FROM my_failures") == [(2,)]


def test_the_new_tables_can_be_written_to(old: Path) -> None:
    with opened(old) as database, writing(database, start_run(database)) as transaction:
        transaction.feeds.sync([Subscription(HARBOUR, full_text=True), Subscription(HILLS)], DUE)
        transaction.feeds.record([success(1)])
        transaction.feeds.keep_slices({1: {b"one": 1}})
        transaction.pages.enlist(0, NOW)
        assert [page.article_id for page in transaction.pages.due(NOW, 9)] == [1]


def test_old_stories_are_counted_and_old_articles_wait_to_be_told(old: Path) -> None:
    with closing(sqlite3.connect(old / "news.db")) as connection:
        connection.executescript("""
            INSERT INTO article SELECT 3, 2, NULL, NULL, title, '', '', '', NULL, NULL, NULL, first_seen_at,
                effective_at, content_hash, NULL FROM article WHERE id = 2;
            INSERT INTO story VALUES (2, 'Rain', 2, '2026-02-01 00:00:00', '2026-02-01 00:00:00'),
                (3, 'Nothing', NULL, '2026-02-01 00:00:00', '2026-02-01 00:00:00');
            INSERT INTO story_article VALUES (2, 1), (3, 1);
        """)
    with opened(old) as database:
        assert rows(database, "SELECT id, title, size, sources, language, merged_into FROM story ORDER BY id") == [
            (1, "Flood", 3, 2, None, None),
            (2, "Rain", 0, 0, None, None),
            (3, "Nothing", 0, 0, None, None),
        ]
        with reading(database) as transaction:
            assert transaction.stories.untold_between(NOW - timedelta(days=99), NOW) == {1: "c1" * 32}


def test_old_labels_stay_and_are_by_models_that_may_be_used_no_more(old: Path) -> None:
    with opened(old) as database:
        assert rows(database, "SELECT topic, topic_score, unsure, topic_from, tags FROM articles ORDER BY id") == [
            ("sport", 0.75, 0, "words", None),
            (None, None, 0, None, None),
        ]
        with writing(database) as transaction:
            assert transaction.models.trained() == []
            new = transaction.models.model_id(ModelId("text", "seed words", "2", "en"), NOW)
            transaction.models.use("text", [new], NOW)
            jobs, _ = transaction.analyses.labelled_otherwise([new], 0, 9, "models.json")
            assert [job.article_id for job in jobs] == [1]
        assert rows(database, "SELECT name, retired_at FROM models WHERE kind = 'text' ORDER BY id") == [
            ("words", "2026-03-02 06:30:00"),
            ("seed words", None),
        ]


# --- before the first run of this version ----------------------------------------------------------------------------


def query(folder: Path, sql: str) -> list[Any]:
    with run_query(url_of(folder), sql) as (_, found):
        return [tuple(row) for row in found]


def test_old_data_can_be_queried(old: Path) -> None:
    assert query(old, "SELECT title FROM articles ORDER BY 1") == [("One",), ("Two",)]


@pytest.mark.parametrize("sql", ["SELECT full_text FROM articles", "SELECT * FROM hosts"])
def test_a_query_for_what_is_new_says_what_to_type(old: Path, sql: str) -> None:
    with pytest.raises(UsageError, match=r"SQL: no such .*of another version of aggregator; “aggregator run”"):
        query(old, sql)


def test_what_was_observed_of_feeds_is_shown(old: Path) -> None:
    assert {url: one.condition[0] for url, one in observed_feeds(url_of(old)).items()} == {
        HARBOUR: "active",
        HILLS: "failing",
    }


READERS: dict[str, Callable[[str], object]] = {
    "status": lambda url: load_overview(url, NOW),
    "why": lambda url: explain(url, HARBOUR, NOW),
    "feeds check": lambda url: find_ailments(url, [Wanted(HARBOUR)], NOW),
}


@pytest.mark.parametrize("command", READERS)
def test_whatever_needs_what_is_new_says_what_to_type(old: Path, command: str) -> None:
    with pytest.raises(
        UsageError, match="not up to date with this version of aggregator; “aggregator run” makes it so"
    ):
        READERS[command](url_of(old))
    with opened(old):
        pass
    assert READERS[command](url_of(old))


def test_after_the_first_run_a_feed_can_be_explained(old: Path) -> None:
    with opened(old):
        pass
    said = explain(url_of(old), HARBOUR, NOW).sentences
    assert said[-1].endswith("What decided: an earlier version of aggregator.")


def test_nothing_is_changed_by_looking(old: Path) -> None:
    before = content(old)
    for read in READERS.values():
        with pytest.raises(UsageError):
            read(url_of(old))
    assert content(old) == before


def test_two_programs_may_bring_it_up_to_date_at_once(old: Path) -> None:
    code = """
import sys
import alembic.command, sqlalchemy
from aggregator.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
Database(sys.argv[1]).close()
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-W", "error", "-c", code, url_of(old)]
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in processes] == [("", 0)] * 2
    with opened(old) as database:
        assert rows(database, "SELECT COUNT(*) FROM articles") == [(2,)]


def test_a_program_killed_while_it_migrates_leaves_the_old_database(old: Path) -> None:
    before = content(old)
    code = """
import os, signal, sys
from aggregator.store import migrate
from aggregator.store.database import Database
migrate.create_statement = lambda view: os.kill(os.getpid(), signal.SIGKILL)
Database(sys.argv[1])
"""
    command = [sys.executable, "-W", "error", "-c", code, url_of(old)]
    assert subprocess.run(command, env={**os.environ}, timeout=120, check=False).returncode == -9
    assert content(old) == before
    with opened(old) as database:
        assert rows(database, "SELECT COUNT(*) FROM hosts") == [(0,)]


def test_the_old_times_are_read_as_what_they_are(old: Path) -> None:
    with opened(old) as database, reading(database) as transaction:
        (harbour,) = transaction.feeds.due(NOW + timedelta(hours=1), 9)
    assert harbour.last_success_at == datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
