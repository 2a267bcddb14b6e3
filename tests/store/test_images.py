from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.records import Harm, ImageToFetch, ImageUpdate, ModelId, PictureJob, PictureResult, QuarantinedItem
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    NOW,
    PICTURE_MODEL,
    add_article,
    entry,
    give_picture_up,
    image_id,
    model_id,
    opened,
    reading,
    row,
    rows,
    see_picture,
    sha_of,
    store_picture,
    subscribe,
    writing,
)

ONE, TWO, THREE = (f"https://cdn.test/{n}.jpg" for n in (1, 2, 3))


def due(database: Database, limit: int = 100, excluding: Sequence[int] = ()) -> list[str]:
    with reading(database) as transaction:
        return [image.url for image in transaction.images.due(NOW, limit, excluding)]


def pending(database: Database, model: int, limit: int = 100, excluding: Sequence[int] = ()) -> list[PictureJob]:
    with reading(database) as transaction:
        return transaction.images.pending_pictures(model, limit, excluding)


def fail_to_decode(database: Database, url: str, model: int) -> None:
    with writing(database) as transaction:
        transaction.images.record_picture(PictureResult(image_id(database, url), problem="cut off"), model)


def quarantine(database: Database, url: str) -> None:
    item = QuarantinedItem("image", image_id(database, url), url, "see", Harm.KILLED, "it swelled", sha_of(url))
    with writing(database) as transaction:
        transaction.quarantine.add(item, NOW)


def test_of_an_articles_pictures_only_the_first_is_due(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO, THREE]))
        assert due(database) == [ONE]


def test_the_next_picture_is_due_once_those_before_it_were_given_up(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO, THREE]))
        give_picture_up(database, ONE)
        assert due(database) == [TWO]
        give_picture_up(database, TWO)
        assert due(database) == [THREE]
        give_picture_up(database, THREE)
        assert due(database) == []


def test_the_next_picture_is_due_when_the_first_cannot_be_decoded(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO]))
        store_picture(database, ONE)
        assert due(database) == []
        fail_to_decode(database, ONE, model_id(database, PICTURE_MODEL))
        assert due(database) == [TWO]
        assert row(database, "SELECT error FROM images WHERE url = :url", url=ONE) == ("cut off",)


def test_the_next_picture_is_due_when_the_first_harmed_a_worker(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO]))
        store_picture(database, ONE)
        quarantine(database, ONE)
        assert due(database) == [TWO]


def test_a_picture_is_due_if_any_article_has_nothing_better(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO]))
        add_article(database, feed_id, entry("two", images=[TWO, THREE]))
        assert due(database) == [ONE, TWO]


def test_a_picture_that_failed_for_now_keeps_its_turn(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO]))
        later = NOW + timedelta(hours=1)
        with writing(database) as transaction:
            transaction.images.record_download(ImageUpdate(1, NOW, later, status=503, error="the server answered 503"))
            assert [image.url for image in transaction.images.due(later, 9)] == [ONE]
        assert due(database) == []
        assert row(database, "SELECT error, path FROM images WHERE id = 1") == ("the server answered 503", None)


def test_due_takes_one_of_every_host_before_a_second_of_any(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for host, count in (("a", 3), ("b", 1), ("c", 2)):
            for n in range(count):
                add_article(database, feed_id, entry(f"{host}{n}", images=[f"https://{host}.test/{n}.jpg"]))
        assert [url[8] for url in due(database)] == ["a", "b", "c", "a", "c", "a"]
        assert [url[8] for url in due(database, limit=2)] == ["a", "b"]
        assert [url[8] for url in due(database, excluding=[1, 4])] == ["a", "c", "a", "c"]


def test_a_claim_holds_and_counts_the_attempt(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        for attempts in range(3):
            with writing(database) as transaction:
                claimed = transaction.images.due(NOW + attempts * timedelta(hours=1), 9)
                assert claimed == [ImageToFetch(1, ONE, "cdn.test", None, failures=attempts)]
                transaction.images.claim(claimed, [NOW + (attempts + 1) * timedelta(hours=1)])
            assert due(database) == []
        with writing(database) as transaction:
            transaction.images.claim([], [])


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
    tmp_path: Path, origin: str | None, url: str, trusted: bool
) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[url]), origin)
        with reading(database) as transaction:
            (found,) = transaction.images.due(NOW, 9)
        assert found.trusted_origin == (origin if trusted else None)


def test_another_feed_cannot_make_a_picture_trusted(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        add_article(database, harbour, entry("one", images=["https://hills.test/1.jpg"]), "https://harbour.test")
        add_article(database, hills, entry("two", images=["https://hills.test/1.jpg"]), "https://hills.test")
        assert row(database, "SELECT trusted_origin FROM image") == (None,)


def test_a_stored_picture_is_pending_until_the_model_has_seen_it(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        model = model_id(database, PICTURE_MODEL)
        assert pending(database, model) == []
        store_picture(database, ONE)
        assert pending(database, model) == [PictureJob(1, sha_of(ONE), f"{sha_of(ONE)[:8]}.jpeg")]
        assert pending(database, model, excluding=[1]) == []
        see_picture(database, ONE, model)
        assert pending(database, model) == []


def test_pictures_seen_by_another_model_are_pending_after_those_that_nobody_saw(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for n, url in enumerate((ONE, TWO, THREE)):
            add_article(database, feed_id, entry(f"a{n}", images=[url]))
            store_picture(database, url)
        old = model_id(database, PICTURE_MODEL)
        new = model_id(database, ModelId("picture", "pixels", "800 px"))
        see_picture(database, ONE, old)
        see_picture(database, TWO, new)
        assert [job.image_id for job in pending(database, new)] == [3, 1]
        assert [job.image_id for job in pending(database, old)] == [3, 2]
        assert [job.image_id for job in pending(database, new, limit=1)] == [3]
        assert [job.image_id for job in pending(database, new, limit=1, excluding=[3])] == [1]


def test_a_picture_that_harmed_a_worker_is_not_pending_until_its_content_changes(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        store_picture(database, ONE)
        model = model_id(database, PICTURE_MODEL)
        quarantine(database, ONE)
        assert pending(database, model) == []
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE image SET sha256 = 'other'")
        assert len(pending(database, model)) == 1


def test_a_picture_that_cannot_be_decoded_is_not_pending_for_anybody(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        store_picture(database, ONE)
        model = model_id(database, PICTURE_MODEL)
        fail_to_decode(database, ONE, model)
        assert pending(database, model) == []
        assert pending(database, model_id(database, ModelId("picture", "pixels", "800 px"))) == []


def test_what_the_pixels_told_is_kept_and_replaced_by_the_next_analysis(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        store_picture(database, ONE)
        model = model_id(database, PICTURE_MODEL)
        see_picture(database, ONE, model, sizes=(800, 400))
        name = sha_of(ONE)[:8]
        assert row(database, "SELECT * FROM images") == (
            *(1, ONE, f"{name}.jpeg", f"{name}-400.jpeg", 1200, 600, "jpeg", 1234, "0f" * 8, sha_of(ONE), 1),
            *("2026-03-02 06:30:00", "2026-03-02 06:30:00", None),
        )
        see_picture(database, ONE, model, sizes=(200,))
        assert rows(database, "SELECT size, path, width, height, size_bytes FROM thumbnail") == [
            (200, f"{name}-200.jpeg", 200, 100, 200)
        ]
        fail_to_decode(database, ONE, model)
        assert rows(database, "SELECT * FROM thumbnail") == []
        assert row(database, "SELECT width, height, phash, kind FROM images") == (None, None, None, "jpeg")
