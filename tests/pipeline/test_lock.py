"""The kernel lock of a stage, against other processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aggregator.errors import AlreadyRunningError, StorageError
from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.lock import StageLock
from pipeline.machine import DEADLINE_S, line_from, program, wait_until


def test_a_second_process_is_turned_away_at_once(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    with program("hold-lock", database) as holder:
        pid = line_from(holder.stdout)
        with pytest.raises(AlreadyRunningError, match=rf"another fetch .* \(process {pid}\)") as refused:
            run_abandonable(StageLock(database, "fetch").__enter__, DEADLINE_S)
        assert refused.value.exit_code == 75
        with StageLock(database, "analyze"), StageLock(tmp_path / "other.db", "fetch"):
            pass


def test_the_lock_dies_with_a_killed_holder(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    with program("hold-lock", database) as holder:
        line_from(holder.stdout)
        assert not can_lock(database)
        holder.kill()
        holder.wait()
        wait_until(lambda: can_lock(database))


def can_lock(database: Path) -> bool:
    lock = StageLock(database, "fetch")
    try:
        run_abandonable(lock.__enter__, DEADLINE_S)
    except AlreadyRunningError:
        return False
    lock.__exit__(None, None, None)
    return True


def test_the_lock_is_free_after_its_block_even_one_that_fails(tmp_path: Path) -> None:
    database = tmp_path / "news.db"
    with StageLock(database, "fetch"):
        assert not can_lock(database)
        assert (tmp_path / "news.db.fetch.lock").read_text() == str(os.getpid())
    with pytest.raises(KeyError), StageLock(database, "fetch"):
        raise KeyError
    assert can_lock(database)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    assert can_lock(tmp_path / "new" / "folder" / "news.db")


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be opened"), StageLock(tmp_path / "file" / "news.db", "fetch"):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no device that is always full")
def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "news.db.fetch.lock").symlink_to("/dev/full")
    for _ in range(2):  # the second would be turned away, had the first kept its hold
        with pytest.raises(StorageError, match="cannot be written"), StageLock(tmp_path / "news.db", "fetch"):
            pass
