from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from aggregator.errors import UsageError
from aggregator.publish import photos
from aggregator.publish.photos import LIKE_BITS, SAME_BITS, AlikePicture, ReusedPhoto
from aggregator.records import PictureResult, Thumbnail
from aggregator.store.database import Database
from aggregator.store.schema import story, story_article
from store.picture_rows import (
    NOW,
    add_article,
    add_feed,
    change_rows,
    image_id,
    images,
    model_id,
    opened,
    path_of,
    store_picture,
)
from store.small_news import url_of

DAY = timedelta(days=1)
HASH = "0123456789abcdef"
OTHER = "fedcba9876543210"
PLAIN = "8100200040000800"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as made:
        add_feed(made)
        yield made


def flipped(phash: str, *bits: int) -> str:
    return f"{int(phash, 16) ^ sum(1 << bit for bit in bits):016x}"


def url(name: str) -> str:
    return f"https://cdn.test/{name}.jpg"


def tell(
    database: Database,
    name: str,
    story_id: int,
    *,
    phash: str = HASH,
    at: datetime = NOW,
    language: str = "en",
    **seen: Any,
) -> int:
    """Add an article that tells a story and shows the picture `name`; `seen` is what the pixels told."""
    article_id = add_article(database, 1, [url(name)], at=at)
    told = {"id": story_id, "title": f"Story {story_id}", "first_at": at, "last_at": at, "language": language}
    with database.write() as connection:
        connection.execute(insert(story).prefix_with("OR IGNORE"), told)
        connection.execute(insert(story_article), {"article_id": article_id, "story_id": story_id})
    picture(database, name, phash, **seen)
    return article_id


def picture(database: Database, name: str, phash: str, content: str = "", **seen: Any) -> None:
    store_picture(database, url(name), content)
    thumbnails = (Thumbnail(400, f"thumbnails/400/{name}.jpg", 400, 200, 1), Thumbnail(99, f"{name}.jpg", 99, 50, 1))
    values = {"width": 1200, "height": 600, "format": "jpeg", "shows": "photo", "shows_score": 0.9, **seen}
    with images(database) as rows:
        number = image_id(database, url(name))
        rows.record_picture(PictureResult(number, phash=phash, thumbnails=thumbnails, **values), 1)


def reused(folder: Path, since: datetime = NOW - DAY, **options: Any) -> list[ReusedPhoto]:
    with photos.reading_photos(url_of(folder)) as connection:
        return list(photos.reused_photos(connection, since, **options))


def like(folder: Path, number: int) -> list[AlikePicture]:
    with photos.reading_photos(url_of(folder)) as connection:
        return photos.like_photo(connection, number)


def names_of(found: Sequence[ReusedPhoto]) -> list[list[int]]:
    return [[use.article_id for use in one.uses] for one in found]


# --- the same photo under different stories --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _model(database: Database) -> None:
    assert model_id(database) == 1


def test_a_photo_under_two_stories_is_shown_with_all_its_uses(database: Database, tmp_path: Path) -> None:
    old = tell(database, "old", 1, at=NOW - 300 * DAY, width=600, height=300)
    same = tell(database, "same", 1, at=NOW - 299 * DAY, phash=flipped(HASH, 3))
    new = tell(database, "new", 2, phash=flipped(HASH, 40, 41))
    change_rows(
        database, "UPDATE article SET title = 'Storm', url = 'https://harbour.test/storm' WHERE id = :id", id=new
    )
    (found,) = reused(tmp_path)
    assert (found.width, found.height, found.stories, found.path) == (1200, 600, 2, path_of(url("same")))
    assert found.thumbnail == "same.jpg"
    assert [(use.article_id, use.story_id, use.differing_bits) for use in found.uses] == [
        *((old, 1, 2), (same, 1, 3), (new, 2, 0)),
    ]
    last = found.uses[-1]
    assert (last.story, last.title, last.url, last.feed, last.at, last.image_id) == (
        *("Story 2", "Storm", "https://harbour.test/storm", "https://harbour.test/feed.xml"),
        *("2026-03-02 06:30:00", image_id(database, url("new"))),
    )


def test_one_address_under_two_stories_is_reuse_too(database: Database, tmp_path: Path) -> None:
    articles = [tell(database, "one", 1), tell(database, "one", 2)]
    assert names_of(reused(tmp_path)) == [articles]


def test_the_same_photo_under_one_story_is_news(database: Database, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        tell(database, name, 1)
    assert reused(tmp_path) == []


def test_one_event_in_two_languages_is_no_reuse_and_two_events_in_one_are(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1)
    tell(database, "two", 2, language="de")
    assert reused(tmp_path) == []
    tell(database, "three", 3, language="de")
    assert [one.stories for one in reused(tmp_path)] == [3]


def test_hashes_may_differ_in_a_few_bits(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1)
    two = tell(database, "two", 2, phash=flipped(HASH, *range(0, 64, 13)))
    tell(database, "far", 3, phash=OTHER)
    tell(database, "farther", 4, phash=flipped(OTHER, *range(0, 64, 12)))
    assert (len(range(0, 64, 13)), len(range(0, 64, 12))) == (SAME_BITS, SAME_BITS + 1)
    assert names_of(reused(tmp_path)) == [[1, two]]


def test_only_photos_of_recent_articles_are_looked_up(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1, at=NOW - 3 * DAY)
    tell(database, "two", 2, at=NOW - 2 * DAY)
    assert reused(tmp_path) == []
    assert len(reused(tmp_path, NOW - 2 * DAY)) == 1


def test_an_article_whose_story_is_not_known_is_no_use(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1, at=NOW - 3 * DAY)
    tell(database, "two", 2, at=NOW - 2 * DAY)
    add_article(database, 1, [url("two")])
    assert reused(tmp_path) == []


def test_what_is_no_photo_is_left_out(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1)
    tell(database, "two", 2)
    for shows, is_photo in {"photo": True, None: True, "logo": False, "graphic": False, "chart or map": False}.items():
        change_rows(database, "UPDATE image SET shows = :shows WHERE id = 1", shows=shows)
        assert len(reused(tmp_path)) == is_photo, shows
        assert len(reused(tmp_path, any_kind=True)) == 1
    change_rows(database, "UPDATE image SET shows = 'photo', junk = 'blank' WHERE id = 1")
    assert reused(tmp_path, any_kind=True) == []


def test_a_picture_too_plain_for_its_hash_is_compared_by_its_file(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1, phash=PLAIN)
    tell(database, "two", 2, phash=PLAIN)
    assert reused(tmp_path) == []
    copy = tell(database, "three", 3, phash=PLAIN, content=url("one"))
    assert names_of(reused(tmp_path)) == [[1, copy]]


def test_two_copies_in_one_article_are_one_use(database: Database, tmp_path: Path) -> None:
    article_id = tell(database, "one", 1)
    tell(database, "two", 2, phash=flipped(HASH, 1))
    change_rows(database, "INSERT INTO article_image VALUES (:id, 1, 2, 'content')", id=article_id)
    (found,) = reused(tmp_path)
    assert [(use.article_id, use.image_id, use.differing_bits) for use in found.uses] == [(1, 2, 0), (2, 2, 0)]


def test_each_photo_is_in_one_group_and_the_one_used_last_comes_first(database: Database, tmp_path: Path) -> None:
    tell(database, "a", 1, at=NOW - timedelta(hours=3))
    tell(database, "b", 2, phash=OTHER, at=NOW - timedelta(hours=2))
    tell(database, "c", 3, phash=OTHER)
    tell(database, "d", 4, at=NOW - timedelta(hours=1))
    tell(database, "e", 5, at=NOW - 9 * DAY)
    tell(database, "f", 6, at=NOW - timedelta(hours=9))
    assert names_of(reused(tmp_path)) == [[2, 3], [5, 6, 1, 4]]


def test_a_picture_whose_file_was_removed_is_still_known(database: Database, tmp_path: Path) -> None:
    tell(database, "one", 1)
    tell(database, "two", 2)
    change_rows(database, "UPDATE image SET path = NULL, pruned_at = first_seen_at")
    change_rows(database, "DELETE FROM thumbnail")
    assert [(one.path, one.thumbnail, one.stories) for one in reused(tmp_path)] == [(None, None, 2)]


# --- pictures like a given one ---------------------------------------------------------------------------------------


def test_pictures_like_one_are_listed_by_nearness_itself_first(database: Database, tmp_path: Path) -> None:
    tell(database, "far", 1, phash=OTHER)
    tell(database, "near", 2, phash=flipped(HASH, *range(LIKE_BITS)))
    tell(database, "twin", 3, junk="repeated")
    tell(database, "this", 4)
    add_article(database, 1, [url("near")])
    found = like(tmp_path, image_id(database, url("this")))
    assert [(one.url, one.differing_bits, one.articles) for one in found] == [
        *((url("this"), 0, 1), (url("twin"), 0, 1), (url("near"), LIKE_BITS, 2)),
    ]
    assert found[1].junk == "repeated"


@given(bits=st.sets(st.integers(0, 63), max_size=LIKE_BITS), phash=st.integers(0, 2**64 - 1))
def test_enough_quarters_always_lead_to_a_neighbour(bits: set[int], phash: int) -> None:
    one = f"{phash:016x}"
    other = flipped(one, *bits)
    quarters = [(one[start : start + 4], other[start : start + 4]) for start in range(0, 16, 4)]
    assert sum(there in photos._nearly(here) for here, there in quarters) >= 4 - len(bits) // 2 >= 1


def test_a_picture_that_nobody_knows_or_has_looked_at_is_refused_with_the_reason(
    database: Database, tmp_path: Path
) -> None:
    add_article(database, 1, [url("one")])
    with pytest.raises(UsageError, match="no picture with the id 7"):
        like(tmp_path, 7)
    with pytest.raises(UsageError, match="not analysed yet"):
        like(tmp_path, 1)


def test_there_may_be_no_database(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no database"):
        reused(tmp_path / "elsewhere")


# --- at any size -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
def test_a_look_up_goes_by_the_quarters_and_reads_no_table_through(tmp_path: Path) -> None:
    with photos.reading_photos(url_of(tmp_path)) as connection:
        connection.set_authorizer(None)
        for sql in (photos._RECENT, photos._QUARTERS, photos._NEARLY, photos._HASHES, photos._SAME_FILE, photos._USES):
            statement = f"EXPLAIN QUERY PLAN {sql.format(condition='', kinds='')}"
            wanted = {"since": ""} if ":since" in sql else ["0"] * sql.count("?")
            steps = [str(step[3]) for step in connection.execute(statement, wanted)]
            assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == [], sql
            assert sql != photos._NEARLY or "COVERING" in steps[0]
