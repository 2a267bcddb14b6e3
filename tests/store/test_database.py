from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from aggregator.errors import ConfigError, StorageError
from aggregator.records import Subscription
from aggregator.store import migrate, sqlite, stamps
from aggregator.store.database import Database, storage_errors
from aggregator.store.schema import metadata, time_text
from aggregator.store.views import VIEWS
from store.first_version import make_first_version
from store.small_news import HARBOUR, NOW, change, entry, opened, row, rows, save, subscribe, url_of, writing

UTC_YEARS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- the schema ------------------------------------------------------------------------------------------------------


def test_opening_makes_the_tables_the_views_and_our_mark(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        names = {name for (name,) in rows(database, "SELECT name FROM sqlite_master")}
        assert set(metadata.tables) | {view.name for view in VIEWS} <= names
        assert row(database, "PRAGMA application_id") == (sqlite.APPLICATION_ID,)
        assert row(database, "SELECT version_num FROM alembic_version") == (stamps.HEAD,)


def test_only_a_database_with_a_past_needs_alembic(tmp_path: Path) -> None:
    code = """
import sys
from aggregator.store.database import Database
Database(sys.argv[1]).close()
print(any(name.partition(".")[0] == "alembic" for name in sys.modules))
"""
    assert [run_python(code, url_of(tmp_path)).stdout.strip() for _ in range(2)] == ["False", "False"]
    make_first_version(tmp_path / "old")
    assert [run_python(code, url_of(tmp_path / "old")).stdout.strip() for _ in range(2)] == ["True", "False"]


def test_head_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [stamps.HEAD]


def test_a_new_database_has_the_schema_and_nothing_else(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_every_table_and_column_is_explained() -> None:
    assert [table.name for table in metadata.tables.values() if not table.comment] == []
    columns = [column for table in metadata.tables.values() for column in table.columns]
    assert [str(column) for column in columns if not column.comment] == []


def test_every_view_works_on_an_empty_database_and_has_the_columns_it_documents(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.read() as connection:
        for view in VIEWS:
            result = connection.execute(text(f"SELECT * FROM {view.name}"))  # noqa: S608 - our own names
            assert list(result.keys()) == [name for name, _ in view.columns]
            assert result.all() == []
            assert view.comment
            assert all(comment for _, comment in view.columns)


def test_our_views_are_made_again_and_those_of_people_stay(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db")) as older:
        older.execute(f"PRAGMA application_id = {sqlite.APPLICATION_ID}")
        older.execute("CREATE VIEW articles (heading) AS SELECT 'as it was'")
        older.execute("CREATE VIEW my_morning (id) AS SELECT 1")
    with opened(tmp_path) as database:
        names = {name for (name,) in rows(database, "SELECT name FROM sqlite_master WHERE type = 'view'")}
        assert names == {view.name for view in VIEWS} | {"my_morning"}
        assert rows(database, "SELECT effective_at FROM articles") == []


# --- files that are not ours, or not usable --------------------------------------------------------------------------


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"newer version of aggregator \(schema 9999"):
        Database(url_of(tmp_path))
    with closing(sqlite3.connect(tmp_path / "news.db")) as connection_:
        assert connection_.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_another_programs_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "news.db")) as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    before = (tmp_path / "news.db").read_bytes()
    with pytest.raises(StorageError, match="database of another program"):
        Database(url_of(tmp_path))
    assert (tmp_path / "news.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["news.db"]


@pytest.mark.parametrize("content", [b"Dear diary", b"SQLite format", b"\x00" * 5000])
def test_a_file_that_is_no_database_is_refused_and_not_touched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "news.db").write_bytes(content)
    with pytest.raises(StorageError, match="is not a database"):
        Database(url_of(tmp_path))
    assert (tmp_path / "news.db").read_bytes() == content


def test_a_header_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "news.db").write_bytes(b"SQLite format 3\0" + b"\0" * 20)
    with pytest.raises(StorageError, match="another program"):
        Database(url_of(tmp_path))


def test_an_empty_file_becomes_the_database(tmp_path: Path) -> None:
    (tmp_path / "news.db").touch()
    for _ in range(2):
        with opened(tmp_path) as database:
            assert rows(database, "SELECT * FROM articles") == []


def test_a_damaged_database_is_named_with_a_remedy(tmp_path: Path) -> None:
    opened_once = Database(url_of(tmp_path))
    opened_once.close()
    file = tmp_path / "news.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)
    with pytest.raises(StorageError, match=r"news\.db failed: .*malformed.*restore a backup"):
        Database(url_of(tmp_path))


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"the folder .* cannot be made"):
        Database(f"sqlite:///{tmp_path}/file/data/news.db")


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "news.db").mkdir()
    with pytest.raises(StorageError, match="cannot be read"):
        Database(url_of(tmp_path))


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: (Path(path), mode) != (tmp_path, os.W_OK))
    with pytest.raises(StorageError, match="cannot be written to"):
        Database(url_of(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/some/where/news.db").close()
    assert (tmp_path / "some" / "where" / "news.db").exists()


@pytest.mark.parametrize("url", ["postgresql+psycopg://host/news", "sqlite://", "news.db"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="only sqlite:///path"):
        Database(url)


MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
 /blank tmpfs rw 0 0
server:/home {folder}/far\\040away nfs4 rw 0 0
/dev/vdb {folder}/far\\040away/near ext4 rw 0 0
//server/ü {folder}/größer cifs rw 0 0
"""


def _mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mounts"
    file.write_bytes(MOUNTS.format(folder=tmp_path).encode() + b"x /mnt/\xff\xfe ext4 rw 0 0\n")
    return file


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells by a file")
def test_a_network_drive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_file_system", partial(sqlite._file_system, mounts=_mounts(tmp_path)))
    with pytest.raises(StorageError, match=r"on a network drive \(nfs4\).*local disk"):
        Database(f"sqlite:///{tmp_path}/far away/news.db")
    Database(f"sqlite:///{tmp_path}/far away/near/news.db").close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells by a file")
def test_the_file_system_is_that_of_the_innermost_mount(tmp_path: Path) -> None:
    kind_of = partial(sqlite._file_system, mounts=_mounts(tmp_path))
    assert kind_of(Path("/home")) == "ext4"
    assert kind_of(Path("/proc/1")) == "proc"
    assert kind_of(Path("/blank")) == "tmpfs"
    assert kind_of(tmp_path / "far away" / "x") == "nfs4"
    assert kind_of(tmp_path / "far away" / "near" / "x") == "ext4"
    assert kind_of(tmp_path / "größer") == "cifs"
    assert sqlite._file_system(tmp_path, tmp_path / "nowhere") is None


# --- crashes and company ---------------------------------------------------------------------------------------------


def test_a_second_process_may_look_while_the_first_has_just_made_the_file(tmp_path: Path) -> None:
    sqlite.prepare(url_of(tmp_path))
    first = sqlite.create_write_engine(url_of(tmp_path))
    with first.connect():
        assert (tmp_path / "news.db").stat().st_size > 0
        with opened(tmp_path) as second:
            assert rows(second, "SELECT * FROM articles") == []
    first.dispose()


def test_a_process_killed_before_the_schema_was_complete_does_no_harm(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from aggregator.store import migrate
from aggregator.store.database import Database
migrate.create_statement = lambda view: os.kill(os.getpid(), signal.SIGKILL)
Database(sys.argv[1])
"""
    assert run_python(code, url_of(tmp_path)).returncode == -9
    assert (tmp_path / "news.db").exists()
    with opened(tmp_path) as database:
        assert rows(database, "SELECT * FROM articles") == []


def test_a_process_killed_with_everything_in_the_log_loses_nothing(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from datetime import UTC, datetime
from aggregator.records import Subscription
from aggregator.store.database import Database
from aggregator.store.transaction import Transaction
database = Database(sys.argv[1])
with database.write() as connection:
    Transaction(connection).feeds.sync([Subscription("https://harbour.test/feed.xml")], datetime.now(UTC))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(code, url_of(tmp_path)).returncode == -9
    with opened(tmp_path) as database:
        assert rows(database, "SELECT url FROM feeds") == [(HARBOUR,)]


def test_processes_that_open_a_fresh_database_at_once_all_succeed(tmp_path: Path) -> None:
    code = """
import sys
import alembic.command, sqlalchemy
from aggregator.store.database import Database
print("ready", flush=True)
sys.stdin.readline()
database = Database(sys.argv[1])
with database.write() as connection:
    connection.exec_driver_sql("SELECT COUNT(*) FROM articles")
database.close()
"""
    command = [sys.executable, "-W", "error", "-c", code, url_of(tmp_path)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in processes] == [("", 0)] * 3


# --- how it is opened ------------------------------------------------------------------------------------------------


def test_the_writer_is_durable_and_keeps_the_rules(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.write() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        with pytest.raises(StorageError, match="readonly"), database.read() as connection:
            connection.execute(text("DELETE FROM feed"))
        assert rows(database, "SELECT url FROM feed") == [(HARBOUR,)]


def test_a_reader_sees_one_state(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.read() as connection:
        count = text("SELECT COUNT(*) FROM feed")
        assert connection.execute(count).scalar() == 0
        subscribe(database, HARBOUR)
        assert connection.execute(count).scalar() == 0


def test_a_transaction_that_raises_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with pytest.raises(ZeroDivisionError):
            _subscribe_and_fail(database)
        assert rows(database, "SELECT * FROM feed") == []
        subscribe(database, HARBOUR)
        assert len(rows(database, "SELECT * FROM feed")) == 1


def _subscribe_and_fail(database: Database) -> None:
    with writing(database) as transaction:
        transaction.feeds.sync([Subscription(HARBOUR)], NOW)
        raise ZeroDivisionError


@pytest.mark.parametrize("is_large", [True, False])
def test_closing_keeps_the_planners_statistics_of_a_large_database_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_large: bool
) -> None:
    """What is true of five articles makes SQLite read the whole table once there are thousands."""
    if is_large:
        monkeypatch.setattr(sqlite, "FEWEST_PAGES_OF_STATISTICS", 1)
    with opened(tmp_path) as database:
        subscribe(database, *(f"https://site{n}.test/feed" for n in range(500)))
        with writing(database) as transaction:
            transaction.feeds.due(NOW, 10)
    with opened(tmp_path) as database:
        tables = rows(database, "SELECT name FROM sqlite_master WHERE name = 'sqlite_stat1'")
        assert bool(tables) is is_large
        assert not is_large or ("feed",) in rows(database, "SELECT DISTINCT tbl FROM sqlite_stat1")


def test_after_closing_everything_is_in_the_one_file(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        assert rows(database, "SELECT url FROM feeds") == [(HARBOUR,)]
    assert [path.name for path in tmp_path.iterdir()] == ["news.db"]


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_named_with_a_remedy_and_what_was_committed_is_safe(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        with database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match=r"disk is full: free some space.*what was committed is safe"):
            _save_much(database, feed_id)
        assert rows(database, "SELECT url FROM feeds") == [(HARBOUR,)]
        assert rows(database, "SELECT id FROM articles") == []
        with database.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 100000")
        _save_much(database, feed_id)
        assert len(rows(database, "SELECT id FROM articles")) == 20


def _save_much(database: Database, feed_id: int) -> None:
    save(database, feed_id, *(change(entry(f"a{n}", content="x" * 4000)) for n in range(20)))


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("database or disk is full", "free some space"),
        ("database is locked", "Another program holds it"),
        ("database disk image is malformed", "restore a backup"),
        ("file is not a database", "restore a backup"),
        ("attempt to write a readonly database", "permissions of the file and its folder"),
        ("unable to open database file", "permissions of the file and its folder"),
        ("disk I/O error", "Check the disk"),
    ],
)
def test_every_failure_of_the_disk_has_a_remedy(message: str, remedy: str) -> None:
    with (
        pytest.raises(StorageError, match=rf"/data/news.db failed: {message}.*{remedy}"),
        storage_errors("sqlite:////data/news.db"),
    ):
        raise DBAPIError.instance("SELECT 1", {}, sqlite3.OperationalError(message), sqlite3.Error)


def test_a_locked_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    with opened(tmp_path) as database, closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match=r"locked.*Another program holds it"):
            subscribe(database, HARBOUR)
        other.execute("ROLLBACK")
        subscribe(database, HARBOUR)


def test_a_violated_rule_stays_our_bug(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text("INSERT INTO revision SELECT 1, 99, '', '', '', '', ''"))
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(text("UPDATE feed SET url = NULL"))


def test_wrong_sql_stays_our_bug(tmp_path: Path) -> None:
    with (
        opened(tmp_path) as database,
        pytest.raises(DBAPIError, match="no such column"),
        database.write() as connection,
    ):
        connection.execute(text("SELECT nonsense FROM feed"))


# --- times -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(UTC_YEARS, min_size=2, max_size=6))
def test_times_as_text_sort_as_times(moments: list[datetime]) -> None:
    by_text = sorted(moments, key=time_text)
    assert all(earlier <= later for earlier, later in pairwise(by_text))
    assert all(len(time_text(moment)) == 19 for moment in moments)


def test_times_are_utc_and_padded() -> None:
    east = timezone(timedelta(hours=2))
    assert time_text(datetime(2026, 3, 2, 1, 30, 9, 999_999, tzinfo=east)) == "2026-03-01 23:30:09"
    assert time_text(datetime(33, 4, 3, tzinfo=UTC)) == "0033-04-03 00:00:00"


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(999, 12, 31, tzinfo=UTC), NOW])
def test_times_come_back_as_they_were(tmp_path: Path, moment: datetime) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR, now=moment)
        with database.read() as connection:
            assert connection.execute(metadata.tables["feed"].select()).one().created_at == moment
