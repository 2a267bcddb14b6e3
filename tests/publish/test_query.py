from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import StorageError, UsageError
from aggregator.publish.query import run_query
from store.small_news import HARBOUR, add_article, entry, opened, subscribe, url_of

COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n {where}) SELECT {what} FROM n"
ENDLESS = COUNTING.format(where="", what="COUNT(*)")


@pytest.fixture
def url(tmp_path: Path) -> str:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for name in ("one", "two", "three"):
            add_article(database, feed_id, entry(name))
    return url_of(tmp_path)


def ask(url: str, sql: str) -> tuple[Sequence[str], list[Sequence[Any]]]:
    with run_query(url, sql) as (columns, rows):
        return columns, list(rows)


def contents(folder: Path) -> dict[str, str]:
    """What is in the files. The log's index is SQLite's scratch: a reader notes there how far it reads."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith("-shm") and not (path.name.endswith("-wal") and path.stat().st_size == 0)
    }


def test_a_query_gives_columns_and_rows(url: str) -> None:
    columns, rows = ask(url, "SELECT title, feed_url AS feed FROM articles ORDER BY title LIMIT 2")
    assert columns == ["title", "feed"]
    assert rows == [("Title of one", HARBOUR), ("Title of three", HARBOUR)]


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        (COUNTING.format(where="WHERE i < 5", what="SUM(i)"), [(15,)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
        ("SELECT COUNT(*) FROM articles WHERE effective_at > datetime('2026-03-02', '-1 day')", [(3,)]),
        ("SELECT title FROM articles WHERE title LIKE '%two' -- a comment", [("Title of two",)]),
        ("SELECT rank() OVER (ORDER BY title) FROM articles", [(1,), (2,), (3,)]),
        ("SELECT name FROM pragma_table_info('articles') LIMIT 1", [("id",)]),
        ("SELECT value FROM json_each('[7]')", [(7,)]),
        ("SELECT 1;", [(1,)]),
    ],
)
def test_whatever_only_reads_is_answered(url: str, sql: str, answer: list[tuple[Any, ...]]) -> None:
    assert ask(url, sql)[1] == answer


def test_the_plan_of_a_query_may_be_asked_for(url: str) -> None:
    assert "SCAN" in str(ask(url, "EXPLAIN QUERY PLAN SELECT * FROM article")[1])


WRITING = {
    "insert": "INSERT INTO model VALUES (9, 'text', 'mine', '1', '2026-01-01 00:00:00')",
    "insert returning": "INSERT INTO model VALUES (9, 'text', 'mine', '1', '') RETURNING id",
    "replace": "REPLACE INTO model VALUES (9, 'text', 'mine', '1', '')",
    "update": "UPDATE article SET title = ''",
    "delete": "DELETE FROM article",
    "delete in a with": "WITH old AS (SELECT 1) DELETE FROM article",
    "drop table": "DROP TABLE article",
    "drop view": "DROP VIEW articles",
    "alter": "ALTER TABLE article RENAME TO gone",
    "create": "CREATE TABLE mine (id)",
    "create temp": "CREATE TEMP TABLE mine (id)",
    "create temp view": "CREATE TEMP VIEW mine AS SELECT 1",
    "create temp trigger": "CREATE TEMP TRIGGER t AFTER INSERT ON article BEGIN SELECT 1; END",
    "create virtual": "CREATE VIRTUAL TABLE mine USING fts5(text)",
    "attach": "ATTACH DATABASE '{folder}/new.db' AS other",
    "attach a uri": "ATTACH DATABASE 'file:{folder}/new.db?mode=rwc' AS other",
    "detach": "DETACH DATABASE main",
    "vacuum": "VACUUM",
    "vacuum into": "VACUUM INTO '{folder}/copy.db'",
    "analyze": "ANALYZE",
    "reindex": "REINDEX",
    "writable schema": "PRAGMA writable_schema = 1",
    "query only": "PRAGMA query_only = OFF",
    "journal": "PRAGMA journal_mode = DELETE",
    "journal, asked": "PRAGMA journal_mode",
    "user version": "PRAGMA user_version = 7",
    "temp folder": "PRAGMA temp_store_directory = '{folder}'",
    "checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
    "optimize": "SELECT * FROM pragma_optimize",
    "extension": "SELECT load_extension('{folder}/evil.so')",
    "write a file": "SELECT writefile('{folder}/new', 'x')",
    "begin": "BEGIN IMMEDIATE",
    "savepoint": "SAVEPOINT s",
    "commit": "COMMIT",
    "two statements": "SELECT 1; SELECT 2",
    "a hidden second": "SELECT 1; DELETE FROM article",
}


@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for name, sql in WRITING.items()])
def test_whatever_does_more_than_read_is_refused_and_changes_nothing(url: str, tmp_path: Path, sql: str) -> None:
    before = contents(tmp_path)
    with pytest.raises(UsageError):
        ask(url, sql.format(folder=tmp_path))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["insert", "delete", "drop view", "attach", "vacuum into", "create temp", "begin"])
def test_a_refusal_says_why(url: str, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="would do more than read"):
        ask(url, WRITING[name].format(folder=tmp_path))


@pytest.mark.parametrize(
    ("sql", "explanation"),
    [
        ("SELECT nonsense FROM articles", r"no such column: nonsense\. The views are articles, .* docs/schema\.md"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELEKT 1", "syntax error"),
        ("SELECT ?", "SQL: .*binding"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("", "gives no rows; ask with SELECT"),
        ("-- nothing", "gives no rows; ask with SELECT"),
        ("SELECT '\udcff'", "not text in UTF-8"),
        ("SELECT CAST(x'ff' AS TEXT)", "decode"),
        ("SELECT abs(-9223372036854775808)", "integer overflow"),
    ],
)
def test_wrong_sql_is_explained(url: str, sql: str, explanation: str) -> None:
    with pytest.raises(UsageError, match=explanation):
        ask(url, sql)


def test_rows_stream(url: str) -> None:
    with run_query(url, COUNTING.format(where="", what="i")) as (_, rows):
        assert [row[0] for row in islice(rows, 3)] == [1, 2, 3]


def test_a_failure_among_the_rows_is_explained_too(url: str) -> None:
    failing = COUNTING.format(where="WHERE i < 9", what="CASE i WHEN 8 THEN abs(-9223372036854775808) ELSE i END")
    with run_query(url, failing) as (_, rows):
        assert next(iter(rows)) == (1,)
    with pytest.raises(UsageError, match="integer overflow"):
        ask(url, failing)


def test_a_query_that_computes_for_too_long_is_ended(url: str) -> None:
    with pytest.raises(UsageError, match=r"computed for more than 0\.05 seconds"), run_query(url, ENDLESS, 0.05):
        pass


def test_ctrl_c_ends_a_query(url: str) -> None:
    code = """
import signal, sys
from aggregator.publish.query import run_query
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
try:
    with run_query(sys.argv[1], sys.argv[2]):
        pass
except KeyboardInterrupt:
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("interrupted")
"""
    if not hasattr(signal, "setitimer"):
        pytest.skip("no timer here that could press Ctrl-C")
    command = [sys.executable, "-W", "error", "-c", code, url, ENDLESS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_without_a_database_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no database at .*news\.db yet; “aggregator run” makes it"):
        ask(url_of(tmp_path), "SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_another_programs_database_is_not_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db")) as other:
        other.execute("CREATE TABLE secret (id)")
    with pytest.raises(StorageError, match="another program"):
        ask(url_of(tmp_path), "SELECT * FROM secret")


def test_a_damaged_database_is_named(url: str, tmp_path: Path) -> None:
    file = tmp_path / "news.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)
    with pytest.raises(StorageError, match=r"cannot be read: .*malformed.*restore a backup"):
        ask(url, "SELECT * FROM articles")


def test_a_query_works_while_another_process_writes(url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM sighting")
        assert ask(url, "SELECT COUNT(*) FROM sightings")[1] == [(3,)]
        writer.execute("COMMIT")
        assert ask(url, "SELECT COUNT(*) FROM sightings")[1] == [(0,)]
