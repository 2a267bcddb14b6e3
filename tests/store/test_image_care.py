"""Which pictures are kept, and that rows and files agree whatever happens in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import FetchSettings
from aggregator.store import image_care
from aggregator.store.blobs import BlobFolder
from aggregator.store.database import Database
from aggregator.store.image_care import Removals, StoredFile, care_for_images, files_to_remove
from store.picture_rows import (
    NOW,
    ONE,
    THREE,
    TWO,
    add_article,
    add_feed,
    due,
    model_id,
    opened,
    path_of,
    put_files,
    rows,
    see_article,
    see_picture,
    store_picture,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAY_S = DAY.total_seconds()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as made:
        yield made


def care(database: Database, folder: Path, *, quota: int = 0, keep_s: float = 0, now: datetime = NOW) -> dict[str, int]:
    settings = FetchSettings(image_quota_bytes=quota, keep_images_s=keep_s)
    return care_for_images(database, settings, folder, now)


def kept(database: Database) -> list[str]:
    return [url for (url,) in rows(database, "SELECT url FROM image WHERE path IS NOT NULL ORDER BY url")]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def aged(path: Path, age: timedelta, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    written = (NOW - age).timestamp()
    os.utime(path, (written, written))
    return path


# --- the decision ----------------------------------------------------------------------------------------------------


def stored(name: str, size: int = 10, age_days: float = 0, kept_days: float | None = None) -> StoredFile:
    until = None if kept_days is None else NOW + kept_days * DAY
    return StoredFile(name, size, NOW - age_days * DAY, until)


def test_without_a_quota_only_those_go_whose_time_is_over() -> None:
    files = [stored("a", kept_days=-1), stored("b", kept_days=0), stored("c", kept_days=1), stored("d", age_days=999)]
    assert files_to_remove(files, 0, NOW) == Removals(outdated=("a", "b"))


def test_over_the_quota_the_oldest_go_until_there_is_room_for_new_ones() -> None:
    files = [stored(f"{days}", 10, days) for days in range(10)]
    assert files_to_remove(files, 100, NOW) == Removals()
    assert files_to_remove(files, 99, NOW) == Removals(displaced=("9", "8"))  # 80 is the first below 89.1
    assert files_to_remove(files, 50, NOW) == Removals(displaced=("9", "8", "7", "6", "5", "4"))
    assert len(files_to_remove(files, 1, NOW).displaced) == 10


def test_what_goes_for_its_age_makes_room() -> None:
    files = [stored("old", 50, 9), stored("over", 50, 1, kept_days=-1)]
    assert files_to_remove(files, 60, NOW) == Removals(outdated=("over",))


FILES = st.lists(
    st.builds(
        stored,
        st.uuids().map(str),
        st.integers(1, 1000),
        st.integers(0, 400),
        st.none() | st.integers(-5, 5),
    ),
    max_size=30,
)


@given(FILES, st.integers(0, 5000))
def test_the_quota_holds_and_nothing_newer_goes_before_anything_older(files: list[StoredFile], quota: int) -> None:
    removals = files_to_remove(files, quota, NOW)
    gone = {*removals.outdated, *removals.displaced}
    assert len(gone) == len(removals.outdated) + len(removals.displaced)
    left = [file for file in files if file.sha256 not in gone]
    assert all(file.kept_until is None or file.kept_until > NOW for file in left)
    assert not quota or sum(file.size_bytes for file in left) <= quota
    displaced = [file for file in files if file.sha256 in removals.displaced]
    assert all(old.newest_at <= new.newest_at for old in displaced for new in left)
    assert quota or not displaced


# --- how long each feed keeps its pictures ---------------------------------------------------------------------------


def picture_of(database: Database, url: str, *feeds: int, last_listed: datetime | None = None) -> None:
    """Store a picture of an article of several feeds, which left them all at `last_listed` or is there still."""
    at, listed = last_listed or NOW, last_listed is None
    article_id = add_article(database, feeds[0], [url], at=at, listed=listed)
    for other in feeds[1:]:
        see_article(database, article_id, other, at=at, listed=listed)
    store_picture(database, url, at=NOW - 99 * DAY)


def test_by_default_pictures_are_kept_for_ever(database: Database, tmp_path: Path) -> None:
    picture_of(database, ONE, add_feed(database), last_listed=NOW - 999 * DAY)
    assert care(database, tmp_path) == {"outdated": 0, "displaced": 0, "files without a row": 0}
    assert kept(database) == [ONE]


def test_a_picture_is_kept_for_a_time_after_its_article_was_last_listed(database: Database, tmp_path: Path) -> None:
    feed_id = add_feed(database)
    picture_of(database, ONE, feed_id, last_listed=NOW - 5 * DAY - HOUR)
    picture_of(database, TWO, feed_id, last_listed=NOW - 5 * DAY + HOUR)
    picture_of(database, THREE, feed_id)  # still in the document that the feed was last read with
    assert care(database, tmp_path, keep_s=5 * DAY_S)["outdated"] == 1
    assert kept(database) == [TWO, THREE]


@pytest.mark.parametrize("quota", [0, 2500])
def test_a_picture_of_an_old_article_is_kept_for_that_time_as_well(
    database: Database, tmp_path: Path, quota: int
) -> None:
    feed_id = add_feed(database)
    add_article(database, feed_id, [ONE], at=NOW - 99 * DAY, listed=False)
    store_picture(database, ONE, at=NOW - DAY)
    picture_of(database, TWO, feed_id, last_listed=NOW - 99 * DAY)
    picture_of(database, THREE, feed_id)
    assert care(database, tmp_path, keep_s=5 * DAY_S, quota=quota)["displaced"] == 0
    assert kept(database) == [ONE, THREE]


def test_what_a_feed_listed_counts_until_it_was_last_read(database: Database, tmp_path: Path) -> None:
    picture_of(database, ONE, add_feed(database, read_at=NOW + 2 * DAY))
    care(database, tmp_path, keep_s=5 * DAY_S, now=NOW + 6 * DAY)
    assert kept(database) == [ONE]
    care(database, tmp_path, keep_s=5 * DAY_S, now=NOW + 8 * DAY)
    assert kept(database) == []


def test_the_most_patient_feed_decides(database: Database, tmp_path: Path) -> None:
    short, long = add_feed(database, "short", keep_s=DAY_S), add_feed(database, "long", keep_s=9 * DAY_S)
    for_ever, default = add_feed(database, "ever", keep_s=0), add_feed(database, "default")
    picture_of(database, "https://cdn.test/s.jpg", short, last_listed=NOW - 5 * DAY)
    picture_of(database, "https://cdn.test/sl.jpg", short, long, last_listed=NOW - 5 * DAY)
    picture_of(database, "https://cdn.test/se.jpg", short, for_ever, last_listed=NOW - 999 * DAY)
    picture_of(database, "https://cdn.test/d.jpg", default, last_listed=NOW - 5 * DAY)
    assert care(database, tmp_path, keep_s=3 * DAY_S)["outdated"] == 2
    assert kept(database) == ["https://cdn.test/se.jpg", "https://cdn.test/sl.jpg"]


def test_the_same_bytes_under_two_addresses_are_kept_while_either_is_wanted(database: Database, tmp_path: Path) -> None:
    short, default = add_feed(database, "short", keep_s=DAY_S), add_feed(database, "default")
    add_article(database, short, [ONE], at=NOW - 9 * DAY, listed=False)
    add_article(database, default, [TWO], at=NOW - 9 * DAY, listed=False)
    store_picture(database, ONE, "same bytes", at=NOW - 9 * DAY)
    store_picture(database, TWO, "same bytes", at=NOW - HOUR)
    put_files(database, tmp_path / "images")
    care(database, tmp_path / "images")
    assert kept(database) == [ONE, TWO]
    assert files(tmp_path / "images") == {path_of("same bytes")}
    care(database, tmp_path / "images", keep_s=DAY_S, now=NOW + DAY)
    assert kept(database) == []
    assert files(tmp_path / "images") == set()


def test_a_picture_that_no_article_names_any_longer_ages_from_its_storing(database: Database, tmp_path: Path) -> None:
    picture_of(database, ONE, add_feed(database))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM article_image")
    assert care(database, tmp_path, keep_s=100 * DAY_S)["outdated"] == 0
    assert care(database, tmp_path, keep_s=98 * DAY_S)["outdated"] == 1


# --- the quota -------------------------------------------------------------------------------------------------------


def three_pictures(database: Database, folder: Path) -> None:
    """Store pictures of 1000 bytes with a thumbnail of 400, the first of the oldest article."""
    feed_id = add_feed(database)
    for days, url in enumerate((THREE, TWO, ONE)):
        add_article(database, feed_id, [url], at=NOW - days * DAY)
        store_picture(database, url)
        see_picture(database, url, model_id(database))
    put_files(database, folder)


def test_pictures_and_thumbnails_count_and_new_ones_displace_older_ones(database: Database, tmp_path: Path) -> None:
    three_pictures(database, tmp_path)
    assert care(database, tmp_path, quota=4200)["displaced"] == 0
    assert care(database, tmp_path, quota=4199)["displaced"] == 1
    assert kept(database) == [TWO, THREE]
    assert care(database, tmp_path, quota=1600)["displaced"] == 1
    assert kept(database) == [THREE]


def test_what_was_removed_has_a_tombstone_and_no_files(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    three_pictures(database, folder)
    assert len(files(folder)) == 6
    care(database, folder, quota=2800)
    assert rows(database, "SELECT pruned_at, width, error FROM image WHERE url = :url", url=ONE) == [
        ("2026-03-02 06:30:00", 1200, None)
    ]
    assert rows(database, "SELECT COUNT(*) FROM thumbnail") == [(1,)]
    assert len(files(folder)) == 2
    add_article(database, 1, [ONE], at=NOW + 9 * DAY)
    assert due(database, NOW + 99 * DAY) == []


# --- crashes ---------------------------------------------------------------------------------------------------------


def test_a_crash_after_the_commit_leaves_files_that_the_next_sweep_finds(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images"
    three_pictures(database, folder)

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(image_care, "_delete", die)
        with pytest.raises(KeyboardInterrupt):
            care(database, folder, quota=2800)
    assert kept(database) == [THREE]
    assert len(files(folder)) == 6
    for path in folder.rglob("*.jp*"):
        aged(path, 2 * DAY)
    assert care(database, folder)["files without a row"] == 4
    assert files(folder) == {
        path for (path,) in rows(database, "SELECT path FROM image UNION SELECT path FROM thumbnail") if path
    }


def test_the_sweep_takes_leftovers_and_nothing_that_is_not_ours(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    three_pictures(database, folder)
    mine = files(folder)
    for path in folder.rglob("*.jp*"):
        aged(path, 9 * DAY)
    name = "ab" * 32
    gone = [f"ab/ab/{name}.png", f"thumbnails/400/ab/{name}.jpg", "ab/ab/.new-0123456789abcdef"]
    gone += [f"thumbnails/400/ab/.{name}.jpg.4711.tmp"]
    foreign = ["notes.txt", "ab/ab/holiday.jpg", f"{name}.png", f"old/ab/{name}.png", "thumbnails/readme"]
    foreign += [f"backup/ab/ab/{name}.png", f"ab/ab/{name}.png.bak"]
    young = [f"cd/cd/{'cd' * 32}.png", f"thumbnails/400/cd/{'cd' * 32}.jpg", "ab/ab/.new-00"]
    for name in (*gone, *foreign):
        aged(folder / name, 2 * DAY)
    for name in young:
        aged(folder / name, HOUR)
    assert care(database, folder)["files without a row"] == 4
    assert files(folder) == mine | {*foreign, *young}


def test_the_sweep_is_made_once_a_day(database: Database, tmp_path: Path) -> None:
    orphan = f"ab/ab/{'ab' * 32}.png"
    assert care(database, tmp_path)["files without a row"] == 0
    aged(tmp_path / orphan, 2 * DAY)
    assert care(database, tmp_path, now=NOW + 23 * HOUR)["files without a row"] == 0
    assert care(database, tmp_path, now=NOW + 24 * HOUR)["files without a row"] == 1


def test_the_file_of_a_picture_that_was_replaced_is_an_orphan(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    three_pictures(database, folder)
    store_picture(database, ONE, "other bytes")
    put_files(database, folder)
    for path in folder.rglob("*.jp*"):
        aged(path, 2 * DAY)
    assert care(database, folder)["files without a row"] == 2
    assert (folder / path_of("other bytes")).exists()


def test_a_blob_that_was_saved_before_a_crash_is_found_again_or_removed(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    blob = BlobFolder(folder).save(b"pixels", "png")
    aged(folder / blob.path, 2 * DAY, b"pixels")
    assert care(database, folder)["files without a row"] == 1
    assert not (folder / blob.path).exists()
    assert BlobFolder(folder).save(b"pixels", "png") == blob
    assert (folder / blob.path).read_bytes() == b"pixels"


def test_a_folder_that_is_not_there_yet_has_nothing_to_care_for(database: Database, tmp_path: Path) -> None:
    assert care(database, tmp_path / "nowhere", quota=1000, keep_s=1)["files without a row"] == 0
