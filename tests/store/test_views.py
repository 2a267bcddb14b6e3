from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aggregator.records import (
    ApiRecipe,
    Listing,
    ModelId,
    PageText,
    PageUpdate,
    PictureResult,
    StoryMember,
    StoryNews,
    Subscription,
    ToldStory,
)
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    NOW,
    PICTURE_MODEL,
    add_article,
    analysis,
    analyze,
    entry,
    give_picture_up,
    image_id,
    model_id,
    not_modified,
    opened,
    row,
    rows,
    see_picture,
    sha_of,
    sight,
    start_run,
    store_picture,
    subscribe,
    success,
    writing,
)

ONE, TWO, THREE = (f"https://cdn.test/{n}.jpg" for n in (1, 2, 3))


def test_an_article_shows_the_first_of_its_pictures_that_can_be_shown(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO, THREE]))
        shown = "SELECT image, thumbnail FROM articles"
        model = model_id(database, PICTURE_MODEL)
        give_picture_up(database, ONE)
        store_picture(database, TWO)
        assert row(database, shown) == (None, None), "nobody has looked at it yet"
        with writing(database) as transaction:
            transaction.images.record_picture(PictureResult(image_id(database, TWO), problem="cut off"), model)
        store_picture(database, THREE)
        see_picture(database, THREE, model, sizes=(1000, 90, 400))
        name = sha_of(THREE)[:8]
        assert row(database, shown) == (f"{name}.jpeg", f"{name}-90.jpeg")


def test_the_first_picture_wins_over_a_later_one(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[TWO, ONE]))
        add_article(database, feed_id, entry("two", images=[ONE, TWO]))
        add_article(database, feed_id, entry("three"))
        model = model_id(database, PICTURE_MODEL)
        for url in (ONE, TWO):
            store_picture(database, url)
            see_picture(database, url, model)
        assert rows(database, "SELECT image FROM articles ORDER BY id") == [
            (f"{sha_of(TWO)[:8]}.jpeg",),
            (f"{sha_of(ONE)[:8]}.jpeg",),
            (None,),
        ]
        assert rows(database, "SELECT url, articles FROM images ORDER BY url") == [(ONE, 2), (TWO, 2)]


def test_the_detected_language_wins_over_the_declared_one(tmp_path: Path) -> None:
    one = entry("one")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        article_id = add_article(database, feed_id, one)
        model = model_id(database)
        analyze(database, replace(analysis(article_id, one), language="fr"), model)
        assert row(database, "SELECT language FROM articles") == ("fr",)
        analyze(database, replace(analysis(article_id, one), language=None), model)
        assert row(database, "SELECT language FROM articles") == ("en",)


def test_a_feed_is_called_as_the_user_calls_it_else_as_it_calls_itself_else_by_its_address(tmp_path: Path) -> None:
    title = "SELECT f.title, a.feed FROM feeds f JOIN articles a ON a.feed_url = f.url"
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one"))
        assert row(database, title) == (HARBOUR, HARBOUR)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(feed_id)])
        assert row(database, title) == ("Harbour News", "Harbour News")
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, title="Port")], NOW)
        assert row(database, title) == ("Port", "Port")


def test_a_feed_counts_the_articles_that_it_brought_first(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        article_id = add_article(database, harbour, entry("one"))
        add_article(database, harbour, entry("two"))
        add_article(database, hills, entry("three"))
        sight(database, hills, entry("one"), article_id)
        assert rows(database, "SELECT url, articles, subscribed FROM feeds ORDER BY url") == [
            (HARBOUR, 2, 1),
            (HILLS, 1, 1),
        ]


def test_a_story_counts_its_articles_and_feeds(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, hills = subscribe(database, HARBOUR, HILLS)
        for n, feed_id in enumerate((harbour, harbour, hills)):
            add_article(database, feed_id, entry(f"a{n}"))
        told = ToldStory(None, "en", "Flood", 1, NOW, NOW, 2, tuple(StoryMember(n, 0.5) for n in (1, 2, 3)))
        with writing(database) as transaction:
            transaction.stories.save(StoryNews((told,)), NOW)
        assert row(database, "SELECT id, title, size, sources FROM stories") == (1, "Flood", 3, 2)
        assert rows(database, "SELECT story_id FROM articles") == [(1,), (1,), (1,)]


def test_a_story_shows_the_picture_of_its_lead_else_of_the_article_nearest_to_its_middle(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        for name, images in (("lead", [ONE]), ("far", [TWO]), ("near", [THREE])):
            add_article(database, feed_id, entry(name, images=images))
        members = tuple(StoryMember(number, similarity) for number, similarity in ((1, 0.1), (2, 0.2), (3, 0.9)))
        told = ToldStory(None, "en", "Flood", 1, NOW, NOW, 1, members)
        with writing(database) as transaction:
            transaction.stories.save(StoryNews((told,)), NOW)
        shown = "SELECT image, thumbnail, lead_article_id, topic FROM stories"
        assert row(database, shown) == (None, None, 1, None)
        model = model_id(database, PICTURE_MODEL)
        for url in (TWO, THREE, ONE):
            store_picture(database, url)
            see_picture(database, url, model, sizes=(400, 90))
            name = sha_of(url)[:8]
            assert row(database, shown) == (f"{name}.jpeg", f"{name}-90.jpeg", 1, None)
        call_junk(database, ONE)
        assert row(database, "SELECT image FROM stories") == (f"{sha_of(THREE)[:8]}.jpeg",)


def test_junk_is_nobodys_picture(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE, TWO]))
        model = model_id(database, PICTURE_MODEL)
        for url in (ONE, TWO):
            store_picture(database, url)
            see_picture(database, url, model)
        call_junk(database, ONE)
        name = sha_of(TWO)[:8]
        assert row(database, "SELECT image, thumbnail FROM articles") == (f"{name}.jpeg", f"{name}-400.jpeg")


def call_junk(database: Database, url: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE image SET junk = 'blank' WHERE url = ?", (url,))


def test_a_picture_shows_what_its_pixels_and_the_users_own_model_told(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one", images=[ONE]))
        looks = "SELECT colour, blurhash, shows, shows_score, junk, phash FROM images"
        assert row(database, looks) == (None,) * 6
        store_picture(database, ONE)
        with database.write() as connection:
            connection.exec_driver_sql(
                "UPDATE image SET colour = '#aabbcc', blurhash = 'L00000', shows = 'photo', shows_score = 0.75,"
                " junk = 'repeated', phash = '0f0f0f0f0f0f0f0f'"
            )
        assert row(database, looks) == ("#aabbcc", "L00000", "photo", 0.75, "repeated", "0f" * 8)
        own = model_id(database, ModelId("vision", "ships.onnx", "3"))
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO picture_label (image_id, rank, model_id, label, score)"
                " VALUES (1, 2, ?, 'tug', 0.25), (1, 1, ?, 'ferry', 0.5)",
                (own, own),
            )
        assert rows(database, "SELECT * FROM picture_labels ORDER BY rank") == [
            (1, "ferry", 0.5, 1, "ships.onnx", "3"),
            (1, "tug", 0.25, 2, "ships.onnx", "3"),
        ]


def test_an_article_says_how_sure_its_language_is_and_a_model_how_much_it_labelled(tmp_path: Path) -> None:
    one, two = entry("one"), entry("two")
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        model, other = model_id(database), model_id(database, ModelId("text", "seed words", "2", "en"))
        sure = "SELECT language_score, topic_from FROM articles ORDER BY id"
        for entry_ in (one, two):
            add_article(database, feed_id, entry_)
        assert rows(database, sure) == [(None, None), (None, None)]
        analyze(database, replace(analysis(1, one), language_score=0.5), model)
        analyze(database, analysis(2, two, topic=None), model)
        assert rows(database, sure) == [(0.5, "words"), (0.9, None)]
        shown = "SELECT id, kind, name, language, version, created_at, retired_at, articles FROM models ORDER BY id"
        first = (model, "text", "words", None, "1", "2026-03-02 06:30:00", None)
        second = (other, "text", "seed words", "en", "2", "2026-03-02 06:30:00", None)
        assert rows(database, shown) == [(*first, 2), (*second, 0)]
        analyze(database, analysis(2, two), other)
        assert rows(database, shown) == [(*first, 1), (*second, 1)]


def test_pictures_that_were_removed_and_apis_are_told_from_others(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR), Subscription(HILLS, api=ApiRecipe("items", ()))], NOW)
        assert rows(database, "SELECT url, kind FROM feeds ORDER BY url") == [(HARBOUR, "feed"), (HILLS, "api")]
        add_article(database, 1, entry("one", images=[ONE, TWO]))
        with database.write() as connection:
            connection.exec_driver_sql("UPDATE image SET pruned_at = '2026-03-02 06:30:00' WHERE url = ?", (ONE,))
        assert rows(database, "SELECT url, removed_at FROM images ORDER BY url") == [
            (ONE, "2026-03-02 06:30:00"),
            (TWO, None),
        ]


def test_an_article_shows_the_text_of_its_page_and_where_it_is_from(tmp_path: Path) -> None:
    shown = "SELECT content, full_text, full_text_from FROM articles"
    url = "https://harbour.test/one"
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, full_text=True)], NOW)
        add_article(database, 1, entry("one", content="<p>Short.</p>"))
        assert row(database, shown) == ("<p>Short.</p>", None, None)
        with writing(database) as transaction:
            transaction.pages.enlist(0, NOW)
            assert len(transaction.pages.due(NOW, 9)) == 1
            read = PageText("reader 1.0", "One", "All of it.")
            transaction.pages.record([PageUpdate(1, url, NOW, NOW, "stored", page=read)])
        assert row(database, shown) == (
            "<p>Short.</p>",
            "All of it.",
            f"{url}, read by reader 1.0, 2026-03-02 06:30:00",
        )


def test_an_entry_that_is_still_listed_was_last_seen_when_its_feed_was_last_read(tmp_path: Path) -> None:
    seen = "SELECT last_seen_at FROM sightings ORDER BY article_id"
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one"))
        add_article(database, feed_id, entry("two"))
        assert rows(database, seen) == [("2026-03-02 06:30:00",)] * 2
        with writing(database, start_run(database)) as transaction:
            transaction.articles.unlist([Listing(feed_id, frozenset({1}), NOW)])
            transaction.feeds.record([not_modified(feed_id)])
        assert rows(database, seen) == [("2026-03-02 11:30:00",), ("2026-03-02 06:30:00",)]
