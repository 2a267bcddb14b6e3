from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aggregator.records import ApiRecipe, Listing, PageText, PageUpdate, PictureResult, Subscription
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
        with database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO story VALUES (1, 'Flood', 1, '2026-03-01 00:00:00', '2026-03-02 00:00:00')"
            )
            connection.exec_driver_sql("INSERT INTO story_article VALUES (1, 1), (2, 1), (3, 1)")
        assert row(database, "SELECT id, title, size, sources FROM stories") == (1, "Flood", 3, 2)
        assert rows(database, "SELECT story_id FROM articles") == [(1,), (1,), (1,)]


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
