from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator.errors import UsageError
from aggregator.publish.why import LAST_REQUESTS, Explanation, explain
from aggregator.records import (
    ApiRecipe,
    Download,
    FeedMemory,
    FeedState,
    FeedUpdate,
    HostLesson,
    LoggedRequest,
    Outcome,
    PageText,
    PageUpdate,
    Reason,
    RobotsFile,
    Subscription,
)
from aggregator.store.database import Database
from store.small_news import (
    HARBOUR,
    HILLS,
    LATER,
    NOW,
    add_article,
    entry,
    failure,
    give_picture_up,
    image_id,
    not_modified,
    opened,
    start_run,
    store_picture,
    subscribe,
    success,
    url_of,
    writing,
)

NEW_HOME = "https://news.harbour.test/all.xml"
PICTURE = "https://cdn.test/one.jpg"
EMPTY = "a feed with 0 articles, known since 2026-03-02 06:30:00 UTC"
CAME = "What came: status 200, new articles (1 new of 1 entry)."


def record(database: Database, *updates: FeedUpdate) -> None:
    with writing(database, start_run(database)) as transaction:
        for update in updates:
            transaction.feeds.record([update])


def why(folder: Path, url: str = HARBOUR, now: datetime = LATER) -> Explanation:
    return explain(url_of(folder), url, now)


def about_harbour(
    folder: Path, *updates: Callable[[int], FeedUpdate], now: datetime = LATER, lesson: HostLesson | None = None
) -> list[str]:
    """Make a database in which `updates` came of one feed, and return what there is to say of it."""
    with opened(folder) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        if updates:
            record(database, *(update(feed_id) for update in updates))
        if lesson is not None:
            with writing(database) as transaction:
                transaction.hosts.learn(lesson)
    return list(why(folder, now=now).sentences)


# --- feeds -----------------------------------------------------------------------------------------------------------


def test_a_feed_that_was_never_asked(tmp_path: Path) -> None:
    assert about_harbour(tmp_path, now=NOW) == [
        f"This is {EMPTY}. Its state is new: it has not answered yet.",
        "It was never asked.",
        "It may be asked now, and the next run does that. What decided: it is new.",
    ]
    assert why(tmp_path).requests == []


def test_a_feed_that_is_not_due_and_what_decided_that(tmp_path: Path) -> None:
    assert about_harbour(tmp_path, success, now=NOW + timedelta(minutes=5)) == [
        f"“Harbour News” is {EMPTY}. Its state is active: it answers well.",
        f"It was last asked 5 min ago (2026-03-02 06:30:00 UTC), for the whole of it; why: due. {CAME}",
        "It may be asked again in 5 h (2026-03-02 11:30:00 UTC). What decided: five hours between requests.",
    ]


def test_a_feed_that_is_due(tmp_path: Path) -> None:
    *_, last = about_harbour(tmp_path, success, now=LATER)
    assert last == "It may be asked now, and the next run does that. What decided: five hours between requests."


def test_a_conditional_request_is_told_from_another(tmp_path: Path) -> None:
    _, asked, _ = about_harbour(tmp_path, success, not_modified, now=LATER)
    assert asked == (
        "It was last asked 0 s ago (2026-03-02 11:30:00 UTC), only for what had changed since; why: due. "
        "What came: status 304, not modified."
    )


def test_a_feed_that_fails(tmp_path: Path) -> None:
    said = about_harbour(tmp_path, success, lambda feed_id: failure(feed_id, failures=3), now=LATER)
    assert said[0].endswith("Its state is failing: it could not be read lately.")
    assert said[1].endswith("What came: status 500, http error: the server answered 500.")
    assert said[2] == "It failed 3 times in a row since 2026-03-02 06:30:00 UTC."
    assert said[3].startswith("It may be asked again in 60 min (2026-03-02 12:30:00 UTC). What decided: one hour after")


def test_a_feed_that_was_never_read(tmp_path: Path) -> None:
    said = about_harbour(tmp_path, lambda feed_id: failure(feed_id, failures=2))
    assert "It failed 2 times in a row and was never read." in said


def test_a_setting_that_decided_is_named_as_it_is_written(tmp_path: Path) -> None:
    *_, last = about_harbour(tmp_path, lambda feed_id: replace(success(feed_id), decided_by="min_interval"), now=NOW)
    assert last.endswith("What decided: the setting [fetch] min_interval, or the feed's own interval.")


def moved(feed_id: int) -> FeedUpdate:
    return replace(success(feed_id), state=FeedState.MOVED, moved_url=NEW_HOME, has_moved=True)


def test_a_feed_that_moved_is_found_under_all_its_addresses(tmp_path: Path) -> None:
    said = about_harbour(tmp_path, moved)
    assert said[0].endswith("Its state is moved: it answers well, at another address.")
    assert said[1] == f"It has moved for good to {NEW_HOME}, where it is asked for instead."
    for url in (NEW_HOME, "https://harbour.test/"):
        assert why(tmp_path, url) == why(tmp_path)
    assert why(tmp_path).url == HARBOUR


def test_a_feed_that_is_gone(tmp_path: Path) -> None:
    *_, last = about_harbour(tmp_path, lambda feed_id: replace(failure(feed_id), state=FeedState.GONE))
    assert last.startswith("It is not asked again, because its server answered 410 Gone again and again for days.")


def test_a_feed_that_has_become_the_same_as_another(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        old, _ = subscribe(database, HARBOUR, NEW_HOME)
        record(database, moved(old))
    assert why(tmp_path).sentences[-1] == (
        f"It is not asked, because {NEW_HOME} has become the same feed and is asked instead."
    )
    assert why(tmp_path, NEW_HOME).url == NEW_HOME
    assert why(tmp_path, NEW_HOME).sentences[-1].startswith("It may be asked now")


def test_a_feed_whose_host_is_left_alone(tmp_path: Path) -> None:
    until = LATER + timedelta(hours=2)
    lesson = HostLesson("harbour.test", until, 1, 2.0, "it answered 429; it rests for 2 h", NOW)
    *_, last = about_harbour(tmp_path, success, now=LATER, lesson=lesson)
    assert last == (
        "It may be asked again in 2 h (2026-03-02 13:30:00 UTC). What decided: its host harbour.test is left alone "
        "until then, because it answered 429; it rests for 2 h."
    )
    assert why(tmp_path, now=until).sentences[-1].endswith("What decided: five hours between requests.")


def test_a_feed_that_is_subscribed_to_no_longer(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
        subscribe(database, HILLS)
    *_, last = why(tmp_path).sentences
    assert last == (
        "It is not asked again: feeds.toml does not name it any more, or has it disabled. Its articles stay."
    )


def test_articles_that_were_missed(tmp_path: Path) -> None:
    memory = FeedMemory(entries=1, overflows=2)
    said = about_harbour(tmp_path, lambda feed_id: replace(success(feed_id), memory=memory, overflowed=True))
    assert said[2].startswith("Articles were missed 2 times: they had fallen out of it before they were seen.")


def test_a_request_that_was_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        harbour, _ = subscribe(database, HARBOUR, HILLS)
        record(database, success(harbour))
        with writing(database) as transaction:
            due = transaction.feeds.due(LATER, 9)
            transaction.feeds.claim(due, [LATER + timedelta(hours=1)] * 2)
    for url in (HARBOUR, HILLS):
        assert why(tmp_path, url).sentences[-1] == (
            "It may be asked again in 60 min (2026-03-02 12:30:00 UTC). What decided: a request that is under way, or "
            "was cut off; the time was set before it began."
        )


def test_an_api_and_its_further_pages(tmp_path: Path) -> None:
    page = Download(f"{HARBOUR}?page=2", f"{HARBOUR}?page=2", Outcome.OK, NOW, 0.1, 200)
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, api=ApiRecipe("items", ()))], NOW)
        with writing(database, start_run(database)) as transaction:
            transaction.feeds.record([success(1)])
            transaction.log.add([LoggedRequest("feed", Reason.NEXT_PAGE, page, "ok", feed_id=1)])
    found = why(tmp_path)
    assert found.sentences[0].startswith("“Harbour News” is an API with 0 articles")
    assert "why: due." in found.sentences[1]
    assert [request["reason"] for request in found.requests] == ["next page", "due"]
    assert "why: next page." in why(tmp_path, page.url).sentences[0]


@pytest.mark.parametrize("state", list(FeedState))
def test_every_state_is_explained(tmp_path: Path, state: FeedState) -> None:
    standing, *_ = about_harbour(tmp_path, lambda feed_id: replace(success(feed_id), state=state))
    assert f"Its state is {state}: it" in standing


def test_only_the_last_requests_are_shown_the_latest_first(tmp_path: Path) -> None:
    about_harbour(tmp_path, *[success] * (LAST_REQUESTS + 3), failure)
    outcomes = [request["outcome"] for request in why(tmp_path).requests]
    assert outcomes == ["http error", *["new articles"] * (LAST_REQUESTS - 1)]


# --- what is no feed -------------------------------------------------------------------------------------------------


@pytest.fixture
def illustrated(tmp_path: Path) -> Path:
    """A folder with a database of one article with a picture; its feed asks for full text."""
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.feeds.sync([Subscription(HARBOUR, full_text=True)], NOW)
        start_run(database)
        add_article(database, 1, entry("one", images=[PICTURE]))
    return tmp_path


def test_a_picture_that_was_never_asked_for(illustrated: Path) -> None:
    assert list(why(illustrated, PICTURE).sentences) == [
        "This is a picture that one article names.",
        "It was never asked for.",
        "It may be asked for now, and the next run does that.",
    ]


def test_a_picture_that_is_stored(illustrated: Path) -> None:
    download = Download(PICTURE, PICTURE, Outcome.OK, NOW, 0.1, 200)
    with opened(illustrated) as database:
        store_picture(database, PICTURE)
        with writing(database, 1) as transaction:
            transaction.log.add([LoggedRequest("image", Reason.PICTURE, download, "stored")])
    _, asked, fate = why(illustrated, PICTURE).sentences
    assert asked.endswith("for the whole of it; why: picture. What came: status 200, stored.")
    assert fate.startswith("It is stored as ")
    assert fate.endswith(".jpeg, and is asked for again only when a new article names it.")


def test_a_picture_that_was_given_up(illustrated: Path) -> None:
    with opened(illustrated) as database:
        give_picture_up(database, PICTURE)
    assert why(illustrated, PICTURE).sentences[-1] == "It is not asked for again: not found."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("stands_by = 1", "It is not asked for while a better picture of the same articles may be had."),
        ("pruned_at = '2026-03-02 06:30:00'", "Its file was removed 5 h ago (2026-03-02 06:30:00 UTC) to save space"),
        (
            "next_fetch_at = '2026-03-02 13:30:00', error = 'the server answered 503'",
            "It may be asked for in 2 h (2026-03-02 13:30:00 UTC), after what went wrong: the server answered 503.",
        ),
    ],
)
def test_what_else_becomes_of_a_picture(illustrated: Path, change: str, said: str) -> None:
    with opened(illustrated) as database, database.write() as connection:
        connection.exec_driver_sql(f"UPDATE image SET {change} WHERE id = ?", (image_id(database, PICTURE),))  # noqa: S608
    assert why(illustrated, PICTURE).sentences[-1].startswith(said)


def test_a_picture_whose_host_is_left_alone(illustrated: Path) -> None:
    with opened(illustrated) as database, writing(database) as transaction:
        transaction.hosts.learn(HostLesson("cdn.test", LATER + timedelta(hours=1), 1, 2.0, "it answered 429", NOW))
    assert why(illustrated, PICTURE).sentences[-1] == (
        "It may be asked for in 60 min (2026-03-02 12:30:00 UTC): its host cdn.test is left alone until then, because "
        "it answered 429."
    )


PAGE = "https://harbour.test/one"


def test_an_article_whose_feed_wants_no_full_text(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        (feed_id,) = subscribe(database, HARBOUR)
        add_article(database, feed_id, entry("one"))
    assert list(why(tmp_path, PAGE).sentences) == [
        f"This is the address of the article “Title of one” of the feed {HARBOUR}.",
        "It was never asked for.",
        "Its page is not asked for, because full_text is not set for that feed.",
    ]


def test_an_article_whose_page_is_not_on_the_list(illustrated: Path) -> None:
    assert why(illustrated, PAGE).sentences[-1].startswith("Its page is not on the list: the next run puts it there")


def page_update(download: Download | None, **more: object) -> PageUpdate:
    return replace(PageUpdate(1, PAGE, NOW, LATER, "…", download), **more)  # type: ignore[arg-type]


FOUND = Download(PAGE, PAGE, Outcome.OK, NOW, 0.1, 200)


@pytest.mark.parametrize(
    ("update", "fate"),
    [
        (
            page_update(FOUND, page=PageText("trafilatura 2.0", "One", "It happened.")),
            "Its text was read 2 h ago (2026-03-02 06:30:00 UTC) by trafilatura 2.0; it is not asked for again.",
        ),
        (
            page_update(None, gave_up=True, error="its robots.txt forbids it"),
            "It is not asked for again: its robots.txt forbids it.",
        ),
        (
            page_update(FOUND, error="the server answered 503"),
            "It may be asked for in 3 h (2026-03-02 11:30:00 UTC), after what went wrong: the server answered 503.",
        ),
    ],
)
def test_a_page(illustrated: Path, update: PageUpdate, fate: str) -> None:
    with opened(illustrated) as database, writing(database, 1) as transaction:
        transaction.pages.enlist(0, NOW)
        transaction.pages.record([update])
    standing, _, last = why(illustrated, PAGE, NOW + timedelta(hours=2)).sentences
    assert standing == "This is the page of the article “Title of one”, which a feed with full text has."
    assert last == fate


@pytest.mark.parametrize(
    ("expires_at", "refused", "fate"),
    [
        (LATER + timedelta(hours=3), None, "It holds for now, and is asked for again in 3 h (2026-03-02 14:30:00 UTC)"),
        (LATER + timedelta(hours=3), "the server answered 500", "No page there is asked for: the server answered 500."),
        (LATER, None, "It is asked for again before the next page of that site."),
    ],
)
def test_a_robots_txt(tmp_path: Path, expires_at: datetime, refused: str | None, fate: str) -> None:
    with opened(tmp_path) as database, writing(database) as transaction:
        transaction.pages.keep_robots(RobotsFile("https://harbour.test", NOW, expires_at, "", 200, refused))
    standing, asked, last = why(tmp_path, "https://harbour.test/robots.txt").sentences
    assert standing == "This is the robots.txt of https://harbour.test, which says what pages there may be asked for."
    assert asked == "It was never asked for."
    assert last.startswith(fate)


# --- what nobody knows -----------------------------------------------------------------------------------------------


def test_an_unknown_address_with_feeds_that_are_near(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        subscribe(database, "https://www.harbour.test/feed.xml", "https://harbour.test/sport.xml", HILLS)
    with pytest.raises(UsageError) as caught:
        why(tmp_path, HARBOUR)
    assert str(caught.value) == (
        f"nothing in the database has the address {HARBOUR}; did you mean https://www.harbour.test/feed.xml or "
        "https://harbour.test/sport.xml?"
    )


@pytest.mark.parametrize("url", ["https://elsewhere.test/", "https://ha%_bour.test/", "https:///"])
def test_an_unknown_address_with_nothing_near(tmp_path: Path, url: str) -> None:
    with opened(tmp_path) as database:
        subscribe(database, HARBOUR)
    with pytest.raises(UsageError, match=r"has the address https://.*; “aggregator feeds list” shows all feeds"):
        why(tmp_path, url)


def test_without_a_database_nothing_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no database"):
        why(tmp_path)
