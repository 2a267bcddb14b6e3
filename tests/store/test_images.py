from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from aggregator.records import (
    Harm,
    ImageToFetch,
    ModelId,
    PictureJob,
    PictureLabel,
    PictureResult,
    QuarantinedItem,
    Validators,
)
from aggregator.store.database import Database
from aggregator.store.image_sights import FEWEST_STORIES, mark_repeated, stories_needed
from aggregator.store.images import MOST_LOSSES, ImageRows
from aggregator.store.runs import QuarantineRows
from aggregator.store.schema import host, image, story, story_article
from store.picture_rows import (
    NOW,
    ONE,
    THREE,
    TWO,
    add_article,
    add_feed,
    change_rows,
    due,
    give_picture_up,
    image_id,
    images,
    model_id,
    opened,
    path_of,
    record,
    row,
    rows,
    see_picture,
    sha_of,
    store_picture,
)

DAY = timedelta(days=1)
HASH = "0123456789abcdef"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as made:
        yield made


def pending(database: Database, model: int, limit: int = 100, excluding: Sequence[int] = ()) -> list[PictureJob]:
    with images(database) as pictures:
        return pictures.pending_pictures(model, limit, excluding)


def see(database: Database, url: str, model: int, **result: Any) -> None:
    with images(database) as pictures:
        pictures.record_picture(PictureResult(image_id(database, url), **result), model)


def quarantine(database: Database, url: str) -> None:
    item = QuarantinedItem("image", image_id(database, url), url, "see", Harm.KILLED, "it swelled", sha_of(url))
    with database.write() as connection:
        QuarantineRows(connection).add(item, NOW)
        ImageRows(connection).give_way(image_id(database, url))


def state(database: Database, url: str, *columns: str) -> tuple[Any, ...]:
    with database.read() as connection:
        found = connection.execute(select(image).where(image.c.url == url)).mappings().one()
    return tuple(found[column] for column in columns)


# --- which of an article's pictures ----------------------------------------------------------------------------------


def test_of_an_articles_pictures_only_the_first_is_due(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO, THREE])
    assert due(database) == [ONE]


def test_the_next_picture_is_due_once_those_before_it_were_given_up(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO, THREE])
    give_picture_up(database, ONE)
    assert due(database) == [TWO]
    give_picture_up(database, TWO)
    assert due(database) == [THREE]
    give_picture_up(database, THREE)
    assert due(database) == []


def test_the_next_picture_is_due_when_the_first_cannot_be_decoded(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    store_picture(database, ONE)
    assert due(database) == []
    see(database, ONE, model_id(database), problem="cut off")
    assert due(database) == [TWO]
    assert state(database, ONE, "error") == ("cut off",)


def test_the_next_picture_is_due_when_the_first_harmed_a_worker(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    store_picture(database, ONE)
    quarantine(database, ONE)
    assert due(database) == [TWO]


def test_a_picture_is_due_if_any_article_has_nothing_better(database: Database) -> None:
    feed_id = add_feed(database)
    add_article(database, feed_id, [ONE, TWO])
    assert due(database) == [ONE]
    add_article(database, feed_id, [TWO, THREE])
    assert due(database) == [ONE, TWO]


def test_an_article_whose_first_picture_failed_long_ago_gets_its_next(database: Database) -> None:
    feed_id = add_feed(database)
    add_article(database, feed_id, [ONE])
    give_picture_up(database, ONE)
    add_article(database, feed_id, [ONE, TWO])
    assert due(database) == [TWO]


def test_a_pruned_picture_leaves_no_turn_to_the_next(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    store_picture(database, ONE)
    change_rows(database, "UPDATE image SET pruned_at = first_seen_at, path = NULL WHERE url = :url", url=ONE)
    assert due(database) == []


def test_those_that_stand_by_are_not_asked_about(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO, THREE])
    assert rows(database, "SELECT url FROM image WHERE stands_by ORDER BY url") == [(TWO,), (THREE,)]
    change_rows(database, "UPDATE image SET stands_by = 0")
    assert due(database) == [ONE]  # the question is right without it, only slower
    with images(database) as pictures:
        pictures.stand_by()
    assert rows(database, "SELECT url FROM image WHERE stands_by ORDER BY url") == [(TWO,), (THREE,)]


def test_a_picture_that_failed_for_now_keeps_its_turn(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    later = NOW + timedelta(hours=1)
    record(database, ONE, next_fetch_at=later, status=503, error="cdn.test answered 503")
    assert due(database, later) == [ONE]
    assert due(database) == []
    assert state(database, ONE, "error", "path", "last_status") == ("cdn.test answered 503", None, 503)


# --- whose turn it is ------------------------------------------------------------------------------------------------


def test_due_takes_one_of_every_host_before_a_second_of_any(database: Database) -> None:
    feed_id = add_feed(database)
    for name, count in (("a", 3), ("b", 1), ("c", 2)):
        for n in range(count):
            add_article(database, feed_id, [f"https://{name}.test/{n}.jpg"])
    assert [url[8] for url in due(database)] == ["a", "b", "c", "a", "c", "a"]
    assert [url[8] for url in due(database, limit=2)] == ["a", "b"]
    assert [url[8] for url in due(database, excluding=[1, 4])] == ["a", "c", "a", "c"]


def test_hosts_with_nothing_due_take_no_room(database: Database) -> None:
    feed_id = add_feed(database)
    for name in "abcdefgh":
        add_article(database, feed_id, [f"https://{name}.test/1.jpg"], at=NOW + DAY)
    late = [f"https://z.test/{n}.jpg" for n in range(3)]
    for url in late:
        add_article(database, feed_id, [url])
    assert due(database, limit=2) == late[:2]
    assert due(database, limit=9) == late


def test_a_host_that_rests_is_left_out(database: Database) -> None:
    feed_id = add_feed(database)
    add_article(database, feed_id, ["https://a.test/1.jpg"])
    add_article(database, feed_id, ["https://b.test/1.jpg"])
    values = {"name": "a.test", "rests_until": NOW + timedelta(hours=1), "strikes": 1, "spacing_s": 0, "reason": "429"}
    with database.write() as connection:
        connection.execute(insert(host), {**values, "learned_at": NOW})
    assert due(database) == ["https://b.test/1.jpg"]
    assert len(due(database, NOW + timedelta(hours=2))) == 2


def test_a_claim_holds_and_counts_the_attempt(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    for attempts in range(3):
        with images(database) as pictures:
            claimed = pictures.due(NOW + attempts * timedelta(hours=1), 9)
            assert claimed == [ImageToFetch(1, ONE, "cdn.test", None, failures=attempts)]
            pictures.claim(claimed, [NOW + (attempts + 1) * timedelta(hours=1)])
        assert due(database) == []
    with images(database) as pictures:
        pictures.claim([], [])


@pytest.mark.parametrize(
    ("origin", "url", "trusted"),
    [
        ("https://harbour.test", "https://harbour.test/1.jpg", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/1.jpg", True),
        ("https://harbour.test", "http://harbour.test/1.jpg", False),
        ("https://harbour.test", "https://harbour.test:8443/1.jpg", False),
        ("https://harbour.test", "https://harbour.test.evil.test/1.jpg", False),
        ("https://harbour.test", "https://harbour.test@evil.test/1.jpg", False),
        ("https://harbour.test", "https://cdn.harbour.test/1.jpg", False),
        (None, "https://harbour.test/1.jpg", False),
    ],
)
def test_only_pictures_of_the_feeds_own_origin_are_trusted(
    database: Database, origin: str | None, url: str, trusted: bool
) -> None:
    add_article(database, add_feed(database), [url], origin=origin)
    with images(database) as pictures:
        (found,) = pictures.due(NOW, 9)
    assert found.trusted_origin == (origin if trusted else None)


def test_a_feed_makes_only_pictures_of_its_own_origin_trusted_whoever_named_them_first(database: Database) -> None:
    url = "https://hills.test/1.jpg"
    for harbours in ("first", "second"):
        add_article(database, add_feed(database, harbours), [url], origin="https://harbour.test")
        assert state(database, url, "trusted_origin") == (None,)
    add_article(database, add_feed(database, "hills"), [url], origin="https://hills.test")
    assert state(database, url, "trusted_origin") == ("https://hills.test",)
    add_article(database, add_feed(database, "harbour"), [url], origin="https://harbour.test")
    assert state(database, url, "trusted_origin") == ("https://hills.test",)


# --- looking at a stored picture again -------------------------------------------------------------------------------


def stored_picture(database: Database) -> int:
    """Store a picture that may be looked at again in a day; return a feed that names it."""
    feed_id = add_feed(database)
    add_article(database, feed_id, [ONE])
    store_picture(database, ONE, again_at=NOW + DAY)
    see_picture(database, ONE, model_id(database))
    return feed_id


def test_a_stored_picture_that_a_new_article_names_is_looked_at_again_with_its_validators(database: Database) -> None:
    feed_id = stored_picture(database)
    assert due(database, NOW + 9 * DAY) == []
    add_article(database, feed_id, [ONE], at=NOW + DAY)
    with images(database) as pictures:
        (found,) = pictures.due(NOW + DAY, 9)
    assert found == ImageToFetch(1, ONE, "cdn.test", validators=Validators('"1"', None), sha256=sha_of(ONE))


def test_it_is_not_looked_at_again_within_a_day(database: Database) -> None:
    feed_id = stored_picture(database)
    add_article(database, feed_id, [ONE], at=NOW + DAY - timedelta(seconds=1))
    assert due(database, NOW + 9 * DAY) == []


def test_a_look_is_claimed_once_even_if_the_program_dies(database: Database) -> None:
    feed_id = stored_picture(database)
    add_article(database, feed_id, [ONE], at=NOW + DAY)
    with images(database) as pictures:
        pictures.claim(pictures.due(NOW + DAY, 9), [NOW + 2 * DAY])
    add_article(database, feed_id, [ONE], at=NOW + DAY + timedelta(hours=2))
    assert due(database, NOW + 9 * DAY) == []


def test_an_unchanged_picture_keeps_what_is_known_and_gets_new_validators(database: Database) -> None:
    stored_picture(database)
    before = state(database, ONE, "path", "phash", "fetched_at", "picture_model_id")
    record(database, ONE, unchanged=True, status=304, validators=Validators('"2"', "Mon"), next_fetch_at=NOW + 2 * DAY)
    assert state(database, ONE, "path", "phash", "fetched_at", "picture_model_id") == before
    assert state(database, ONE, "etag", "last_modified", "attempts", "recheck_at") == ('"2"', "Mon", 0, None)
    assert rows(database, "SELECT size FROM thumbnail") == [(400,)]


def test_other_bytes_take_its_place_and_are_analysed_anew(database: Database) -> None:
    stored_picture(database)
    store_picture(database, ONE, "other bytes")
    assert state(database, ONE, "path", "width", "phash", "picture_model_id") == (
        *(path_of("other bytes"), None, None, None),
    )
    assert rows(database, "SELECT * FROM thumbnail") == []
    assert pending(database, model_id(database)) == [PictureJob(1, sha_of("other bytes"), path_of("other bytes"))]


# --- a file that vanished --------------------------------------------------------------------------------------------


def test_a_picture_whose_file_vanished_is_fetched_again_without_conditions(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    store_picture(database, ONE, again_at=NOW + DAY)
    model = model_id(database)
    see_picture(database, ONE, model)
    see(database, ONE, model, problem="the stored file is missing", missing=True)
    with images(database) as pictures:
        assert pictures.due(NOW, 9) == [ImageToFetch(1, ONE, "cdn.test")]
    assert state(database, ONE, "error") == ("the stored file is missing; it is fetched again",)
    assert pending(database, model) == []
    assert rows(database, "SELECT * FROM thumbnail") == []
    store_picture(database, ONE)
    assert state(database, ONE, "error", "path") == (None, path_of(ONE))
    assert len(pending(database, model)) == 1


def test_one_that_vanishes_again_and_again_is_given_up(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    model = model_id(database)
    for _ in range(MOST_LOSSES + 1):
        assert due(database) == [ONE]
        store_picture(database, ONE)
        see(database, ONE, model, problem="the stored file is missing", missing=True)
    assert due(database) == [TWO]
    assert state(database, ONE, "gave_up", "error") == (1, "the stored file is missing; it vanished again and again")


def test_what_an_analysis_says_of_a_pruned_picture_comes_too_late(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    change_rows(database, "UPDATE image SET pruned_at = first_seen_at, path = NULL")
    see(database, ONE, model_id(database), problem="the stored file is missing", missing=True)
    assert state(database, ONE, "error", "losses") == (None, 0)
    assert due(database) == []


# --- what is still to be analysed ------------------------------------------------------------------------------------


def test_a_stored_picture_is_pending_until_the_model_has_seen_it(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    model = model_id(database)
    assert pending(database, model) == []
    store_picture(database, ONE)
    assert pending(database, model) == [PictureJob(1, sha_of(ONE), path_of(ONE))]
    assert pending(database, model, excluding=[1]) == []
    see_picture(database, ONE, model)
    assert pending(database, model) == []


def test_pictures_seen_by_another_model_are_pending_after_those_that_nobody_saw(database: Database) -> None:
    feed_id = add_feed(database)
    for url in (ONE, TWO, THREE):
        add_article(database, feed_id, [url])
        store_picture(database, url)
    old = model_id(database)
    new = model_id(database, ModelId("picture", "pixels", "800 px"))
    see_picture(database, ONE, old)
    see_picture(database, TWO, new)
    assert [job.image_id for job in pending(database, new)] == [3, 1]
    assert [job.image_id for job in pending(database, old)] == [3, 2]
    assert [job.image_id for job in pending(database, new, limit=1)] == [3]
    assert [job.image_id for job in pending(database, new, limit=1, excluding=[3])] == [1]


def test_a_picture_that_harmed_a_worker_is_not_pending_until_its_content_changes(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    quarantine(database, ONE)
    assert pending(database, model_id(database)) == []
    store_picture(database, ONE, "other bytes")
    assert len(pending(database, model_id(database))) == 1


def test_a_picture_that_cannot_be_decoded_is_not_pending_for_anybody(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    see(database, ONE, model_id(database), problem="cut off")
    assert pending(database, model_id(database)) == []
    assert pending(database, model_id(database, ModelId("picture", "pixels", "800 px"))) == []


def test_what_the_pixels_told_is_kept_and_replaced_by_the_next_analysis(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    model = model_id(database)
    see_picture(database, ONE, model, sizes=(800, 400))
    assert state(database, ONE, "width", "height", "format", "phash", "size_bytes") == (
        *(1200, 600, "jpeg", "0f" * 8, 1000),
    )
    see_picture(database, ONE, model, sizes=(200,))
    assert rows(database, "SELECT size, width, height, size_bytes FROM thumbnail") == [(200, 200, 100, 200)]
    see(database, ONE, model, problem="cut off")
    assert rows(database, "SELECT * FROM thumbnail") == []
    assert state(database, ONE, "width", "height", "phash", "format") == (None, None, None, "jpeg")


# --- at any size -----------------------------------------------------------------------------------------------------


def plans(database: Database) -> list[str]:
    """How SQLite means to answer the questions that are asked many times a second."""
    asked: list[tuple[str, Any]] = []
    with database.read() as connection:

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        event.listen(connection.engine, "before_cursor_execute", note)
        pictures = ImageRows(connection)
        pictures.due(NOW + DAY, 9, [1])
        pictures.pending_pictures(2, 9, [1])
        event.remove(connection.engine, "before_cursor_execute", note)
        return [
            str(step[3])
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def test_no_question_reads_the_whole_table(database: Database) -> None:
    feed_id = add_feed(database)
    add_article(database, feed_id, [ONE, TWO])
    add_article(database, feed_id, [THREE])
    store_picture(database, THREE)
    add_article(database, feed_id, [THREE], at=NOW + DAY)
    steps = plans(database)
    used = {name for step in steps for name in ("wanted", "rechecked", "to_see") if f"ix_image_{name}" in step}
    assert used == {"wanted", "rechecked", "to_see"}
    tables = ("image", "first", "following", "candidate", "article_image", "quarantine_item", "host")
    assert [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in tables))] == [
        step for step in steps if step == "SCAN hosts"
    ]
    assert not [step for step in steps if "TEMP B-TREE" in step]


# --- junk ------------------------------------------------------------------------------------------------------------


def test_what_the_pixels_say_of_colours_and_kind_is_kept_until_other_bytes_come(database: Database) -> None:
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    seen: dict[str, Any] = {
        "colour": "#336699",
        "blurhash": "LKO2",
        "shows": "logo",
        "shows_score": 0.7,
        "junk": "blank",
    }
    see(database, ONE, model_id(database), width=9, phash=HASH, labels=(PictureLabel("harbour", 0.8),), **seen)
    assert state(database, ONE, *seen) == tuple(seen.values())
    assert len(rows(database, "SELECT * FROM phash_quarter")) == 4
    store_picture(database, ONE, "other bytes")
    assert state(database, ONE, *seen) == (None,) * len(seen)
    assert rows(database, "SELECT * FROM phash_quarter") == []


def test_a_picture_that_is_junk_by_its_pixels_steps_aside_and_is_no_failure(database: Database) -> None:
    add_article(database, add_feed(database), [ONE, TWO])
    store_picture(database, ONE)
    assert due(database) == []
    model = model_id(database)
    see(database, ONE, model, width=1, height=1, junk="tracking pixel")
    assert due(database) == [TWO]
    with images(database) as pictures:
        pictures.stand_by()
    assert due(database) == [TWO]
    assert state(database, ONE, "gave_up", "error", "junk") == (False, None, "tracking pixel")
    assert pending(database, model_id(database, ModelId("picture", "pixels", "800 px"))) == [
        PictureJob(1, sha_of(ONE), path_of(ONE))
    ]
    see(database, ONE, model, width=1, height=1)
    assert state(database, ONE, "junk") == (None,)


def test_the_quarters_of_a_hash_are_those_of_the_last_analysis(database: Database) -> None:
    kept = "SELECT quarter, digits, image_id FROM phash_quarter ORDER BY quarter"
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    model = model_id(database)
    see(database, ONE, model, width=9, phash="ffff000000000001")
    assert rows(database, kept) == [(0, "ffff", 1), (1, "0000", 1), (2, "0000", 1), (3, "0001", 1)]
    see(database, ONE, model, width=9, phash=HASH)
    assert [digits for _, digits, _ in rows(database, kept)] == ["0123", "4567", "89ab", "cdef"]
    see(database, ONE, model, width=9, phash="00000000000007ff")  # eleven bits: too plain to be told from others
    assert rows(database, kept) == []
    see(database, ONE, model, width=9, phash=HASH)
    see(database, ONE, model, problem="the stored file is missing", missing=True)
    assert rows(database, kept) == []


def test_labels_are_kept_with_the_model_that_gave_them(database: Database) -> None:
    kept = "SELECT rank, label, score, model_id FROM picture_label ORDER BY rank"
    add_article(database, add_feed(database), [ONE])
    store_picture(database, ONE)
    model, vision = model_id(database), model_id(database, ModelId("vision", "mine", "1"))
    labels = (PictureLabel("harbour", 0.75), PictureLabel("boat", 0.25))
    with images(database) as pictures:
        pictures.record_picture(PictureResult(1, 9, 9, "jpeg", HASH, labels=labels), model, vision)
    assert rows(database, kept) == [(1, "harbour", 0.75, vision), (2, "boat", 0.25, vision)]
    see(database, ONE, model, width=9, phash=HASH)
    assert rows(database, kept) == []


# --- repeated pictures -----------------------------------------------------------------------------------------------


def repeat(database: Database, feed_id: int, url: str, times: int, story_id: int | None = None) -> None:
    """Add articles that show the picture at `url` and have one of their own behind it, of one story or of none."""
    for _ in range(times):
        (count,) = row(database, "SELECT COUNT(*) FROM article")
        article_id = add_article(database, feed_id, [url, f"https://cdn.test/own-{count}.jpg"])
        if story_id is not None:
            told = {"id": story_id, "title": "Storm", "first_at": NOW, "last_at": NOW}
            with database.write() as connection:
                connection.execute(insert(story).prefix_with("OR IGNORE"), told)
                connection.execute(insert(story_article), {"article_id": article_id, "story_id": story_id})


def marked(database: Database) -> int:
    with database.write() as connection:
        return mark_repeated(connection)


def junk(database: Database) -> list[tuple[Any, ...]]:
    return rows(database, "SELECT url, junk FROM image WHERE junk IS NOT NULL ORDER BY url")


def test_a_picture_over_many_articles_of_a_feed_is_junk_and_the_next_is_wanted(database: Database) -> None:
    repeat(database, add_feed(database), ONE, FEWEST_STORIES - 1)
    store_picture(database, ONE, again_at=NOW + DAY)
    change_rows(database, "UPDATE feed SET title = 'The Harbour'")
    assert (marked(database), junk(database)) == (0, [])
    repeat(database, 1, ONE, 1)
    assert due(database) == []
    assert (marked(database), junk(database)) == (1, [(ONE, "repeated over the articles of The Harbour")])
    assert due(database) == [f"https://cdn.test/own-{n}.jpg" for n in range(FEWEST_STORIES)]
    assert (marked(database), len(junk(database))) == (0, 1)


def test_one_story_however_long_makes_no_logo(database: Database) -> None:
    repeat(database, add_feed(database), ONE, 2 * FEWEST_STORIES, story_id=1)
    store_picture(database, ONE)
    assert marked(database) == 0
    for number in range(FEWEST_STORIES - 1):
        repeat(database, 1, ONE, 1, story_id=2 + number)
    assert (marked(database), len(junk(database))) == (1, 1)


def test_a_photo_that_many_feeds_have_is_news(database: Database) -> None:
    for number in range(2 * FEWEST_STORIES):
        repeat(database, add_feed(database, f"feed-{number}"), ONE, 1)
    store_picture(database, ONE)
    assert marked(database) == 0


def test_the_same_file_at_another_address_each_time_is_one_picture(database: Database) -> None:
    feed_id = add_feed(database)
    urls = [f"https://cdn.test/logo.png?{n}" for n in range(FEWEST_STORIES)]
    for url in urls:
        add_article(database, feed_id, [url])
        store_picture(database, url, "the logo")
    add_article(database, add_feed(database, "hills"), ["https://cdn.test/elsewhere.png"])
    store_picture(database, "https://cdn.test/elsewhere.png", "the logo")
    assert marked(database) == len(urls)
    assert [url for url, _ in junk(database)] == urls


def test_a_mark_goes_when_it_holds_no_longer_and_others_stay(database: Database) -> None:
    feed_id = add_feed(database)
    for number in range(FEWEST_STORIES):
        add_article(database, feed_id, [ONE])
        add_article(database, feed_id, [f"https://cdn.test/own-{number}.jpg"])
    store_picture(database, ONE)
    change_rows(database, "UPDATE image SET junk = 'blank' WHERE url LIKE '%own-1.jpg'")
    model = model_id(database)
    assert marked(database) == 1
    see(database, ONE, model, width=9)  # another look at the pixels does not take it back
    assert len(junk(database)) == 2
    for number in range(5 * FEWEST_STORIES):
        add_article(database, feed_id, [f"https://cdn.test/more-{number}.jpg"])
    assert (marked(database), junk(database)) == (0, [("https://cdn.test/own-1.jpg", "blank")])


def test_what_the_pixels_said_goes_before(database: Database) -> None:
    repeat(database, add_feed(database), ONE, FEWEST_STORIES)
    store_picture(database, ONE)
    see(database, ONE, model_id(database), width=1, junk="tracking pixel")
    marked(database)
    assert junk(database) == [(ONE, "tracking pixel")]


@pytest.mark.parametrize(("articles", "stories"), [(1, 4), (20, 4), (50, 10), (250, 50), (100_000, 50)])
def test_how_many_stories_make_a_picture_repeated(articles: int, stories: int) -> None:
    assert stories_needed(articles) == stories
