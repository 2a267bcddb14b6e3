from __future__ import annotations

import json
import tomllib
from calendar import timegm
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import feedparser
import pytest

from aggregator.newsroom.edition import Edition, picture_path
from aggregator.newsroom.feeds import SECTION_FEEDS, FeedFormat, NewsroomFeed
from aggregator.newsroom.gold import Gold, gold_by_path
from aggregator.newsroom.material import LANGUAGES, Material
from aggregator.newsroom.render.markup import article_html
from aggregator.newsroom.sections import BROAD_SECTIONS, SECTIONS
from aggregator.newsroom.site import Site, feeds_toml, newsroom_feeds
from aggregator.topics import TOPICS

from .conftest import BASE_URL, OPENED_AT, TWO_DAYS_LATER

A_WEEK_LATER = OPENED_AT + timedelta(days=7)
VERSIONS = {
    FeedFormat.RSS20_FULL: "rss20",
    FeedFormat.RSS20_ENCLOSURE: "rss20",
    FeedFormat.RSS20_ESCAPED: "rss20",
    FeedFormat.RSS092: "rss092",
    FeedFormat.RSS10: "rss10",
    FeedFormat.ATOM10: "atom10",
    FeedFormat.ATOM03: "atom03",
}


def body_of(site: Site, path: str, now: datetime = TWO_DAYS_LATER) -> bytes:
    found = site.resource(path, now)
    assert found is not None, path
    return found.body


def parsed(body: bytes) -> Any:
    return feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)


def published(feed: NewsroomFeed, material: Material) -> list[Any]:
    items = Edition(material, OPENED_AT, 7).articles(TWO_DAYS_LATER)
    return [
        item for item in items if item.article.outlet == feed.outlet and feed.category in (None, item.article.topic)
    ]


def core_of(*formats: FeedFormat) -> list[NewsroomFeed]:
    return [feed for feed in newsroom_feeds() if feed.format in formats]


def test_every_outlet_has_a_front_feed_and_every_format_is_there(material: Material) -> None:
    feeds = newsroom_feeds()
    assert [feed.outlet for feed in feeds if not feed.category] == list(material.outlets)
    assert {feed.format for feed in feeds} == set(FeedFormat)
    assert len({feed.path for feed in feeds}) == len(feeds)
    sections = [feed for feed in feeds if feed.category]
    assert len(sections) == SECTION_FEEDS
    assert {feed.category for feed in sections} <= set(TOPICS)


@pytest.mark.parametrize("feed", core_of(*VERSIONS), ids=lambda feed: feed.path)
def test_an_xml_feed_read_back_equals_the_material(feed: NewsroomFeed, site: Site, material: Material) -> None:
    document = parsed(body_of(site, feed.path))
    items = published(feed, material)
    assert items
    assert (document.bozo, document.version) == (False, VERSIONS[feed.format])
    assert document.feed.title == feed.title
    assert document.feed.language == feed.language
    # Titles that are HTML inside XML keep one layer of escaping, which their reader has to undo.
    titles = [
        unescape(entry.title) if feed.format is FeedFormat.RSS20_ESCAPED else entry.title for entry in document.entries
    ]
    assert titles == [item.article.title for item in items]
    assert [entry.link for entry in document.entries] == [BASE_URL + item.article.path for item in items]
    if feed.format is not FeedFormat.RSS092:
        assert [entry.author for entry in document.entries] == [item.article.author for item in items]
        dates = [
            datetime.fromtimestamp(timegm(entry.get("published_parsed") or entry.updated_parsed), UTC)
            for entry in document.entries
        ]
        assert dates == [item.published_at for item in items]


@pytest.mark.parametrize("feed", core_of(FeedFormat.JSON10, FeedFormat.JSON11), ids=lambda feed: feed.path)
def test_a_json_feed_read_back_equals_the_material(feed: NewsroomFeed, site: Site, material: Material) -> None:
    document = json.loads(body_of(site, feed.path))
    items = published(feed, material)
    assert document["version"] == f"https://jsonfeed.org/version/{'1.1' if feed.format is FeedFormat.JSON11 else '1'}"
    assert [entry["title"] for entry in document["items"]] == [item.article.title for item in items]
    assert [entry["url"] for entry in document["items"]] == [BASE_URL + item.article.path for item in items]
    assert [entry["content_html"] for entry in document["items"]] == [
        article_html(item.article.paragraphs) for item in items
    ]
    assert [datetime.fromisoformat(entry["date_published"]) for entry in document["items"]] == [
        item.published_at for item in items
    ]
    assert all(entry["image"].startswith(f"{BASE_URL}/pictures/") for entry in document["items"])


def tags_of(site: Site, feed: NewsroomFeed) -> list[list[str]]:
    body = body_of(site, feed.path, A_WEEK_LATER)
    if feed.path.endswith(".json"):
        return [entry["tags"] for entry in json.loads(body)["items"]]
    return [[tag.term for tag in entry.get("tags", ())] for entry in parsed(body).entries]


def test_about_half_of_the_outlets_tag_with_their_own_sections_in_their_language(
    site: Site, material: Material
) -> None:
    tagging = set()
    for feed in newsroom_feeds():
        assert feed.outlet
        own, broad = SECTIONS[feed.language], BROAD_SECTIONS[feed.language]
        articles = [item.article for item in Edition(material, OPENED_AT, 7).articles(A_WEEK_LATER)]
        topics = [article.topic for article in articles if feed.takes(article)]
        tags = tags_of(site, feed)
        assert tags in ([[own[topic]] for topic in topics], [[broad[topic]] for topic in topics], [[] for _ in topics])
        if any(tags):
            tagging.add(feed.outlet)
    assert len(material.outlets) * 0.4 < len(tagging) < len(material.outlets) * 0.6
    assert {outlet.language for outlet in tagging} == set(LANGUAGES)


def test_section_names_are_a_newspapers_and_not_the_schemes() -> None:
    for language in LANGUAGES:
        assert SECTIONS[language].keys() == BROAD_SECTIONS[language].keys() == TOPICS.keys()
        assert len(set(SECTIONS[language].values())) == len(TOPICS)
        assert len(set(BROAD_SECTIONS[language].values())) < 10
        names = {*SECTIONS[language].values(), *BROAD_SECTIONS[language].values()}
        assert not {name.lower() for name in names} & {topic for topic in TOPICS if " " in topic}


@pytest.mark.parametrize("feed", core_of(FeedFormat.RSS20_FULL, FeedFormat.ATOM10), ids=lambda feed: feed.path)
def test_content_arrives_whole(feed: NewsroomFeed, site: Site, material: Material) -> None:
    contents = [entry.content[0].value for entry in parsed(body_of(site, feed.path)).entries]
    assert contents == [article_html(item.article.paragraphs) for item in published(feed, material)]


def test_every_format_names_the_picture_in_its_own_way(site: Site, material: Material) -> None:
    for feed in core_of(*VERSIONS):
        entries = parsed(body_of(site, feed.path)).entries
        for entry, item in zip(entries, published(feed, material), strict=True):
            url = BASE_URL + picture_path(item.article, 7)
            if feed.format is FeedFormat.RSS20_FULL:
                assert (entry.media_content[0]["url"], entry.media_content[0]["width"]) == (url, "960")
            elif feed.format in (FeedFormat.RSS20_ENCLOSURE, FeedFormat.RSS092, FeedFormat.ATOM10):
                assert entry.enclosures[0].href == url
            else:
                html = entry.content[0].value if "content" in entry else entry.summary
                assert f'<img src="{url}"' in html


@pytest.mark.parametrize("number", range(8))
def test_awkward_text_survives_every_format(small_material: Material, number: int) -> None:
    site = Site(BASE_URL, OPENED_AT, size=8, material=small_material)
    article = small_material.articles[0]
    feed = newsroom_feeds(8, core=False, material=small_material)[number]
    wanted = article if feed.language == "en" else small_material.articles[1]
    body = body_of(site, feed.path)
    if feed.format is FeedFormat.JSON11:
        entry = json.loads(body)["items"][0]
        assert (entry["title"], entry["authors"]) == (wanted.title, [{"name": wanted.author}])
        return
    entry = parsed(body).entries[0]
    assert (unescape(entry.title) if feed.format is FeedFormat.RSS20_ESCAPED else entry.title) == wanted.title
    assert entry.author == wanted.author


def test_one_manner_of_rss_escapes_its_titles_twice(site: Site) -> None:
    (feed, *_) = core_of(FeedFormat.RSS20_ESCAPED)
    assert b"Kestrin&amp;#x27;s" in body_of(site, feed.path, OPENED_AT + timedelta(days=4))


def test_a_section_repeats_its_front_feed_with_the_same_ids(site: Site) -> None:
    def ids(feed: NewsroomFeed) -> set[str]:
        body = body_of(site, feed.path)
        if feed.path.endswith(".json"):
            return {entry["id"] for entry in json.loads(body)["items"]}
        return {entry.get("id") or entry.link for entry in parsed(body).entries}

    feeds = newsroom_feeds()
    for section in (feed for feed in feeds if feed.category):
        front = next(feed for feed in feeds if feed.outlet == section.outlet and not feed.category)
        assert ids(section)
        assert ids(section) < ids(front)


def test_an_edit_shows_in_the_feed_and_moves_its_date(site: Site, material: Material) -> None:
    edition = Edition(material, OPENED_AT, 7)
    item = next(each for each in edition.articles(TWO_DAYS_LATER) if each.updated_at)
    assert item.updated_at is not None
    front = next(feed for feed in newsroom_feeds() if feed.outlet == item.article.outlet and not feed.category)
    before = site.resource(front.path, item.updated_at - timedelta(seconds=1))
    after = site.resource(front.path, item.updated_at)
    assert before
    assert after
    assert after.last_modified == item.updated_at > before.last_modified
    assert after.etag != before.etag


def test_an_empty_newsroom_has_feeds_without_entries(site: Site) -> None:
    for feed in newsroom_feeds():
        body = body_of(site, feed.path, OPENED_AT - timedelta(seconds=1))
        entries = json.loads(body)["items"] if feed.path.endswith(".json") else parsed(body).entries
        assert entries == []


def test_the_same_seed_and_time_give_the_same_bytes(site: Site) -> None:
    again = Site(BASE_URL, OPENED_AT, size=16)
    other = Site(BASE_URL, OPENED_AT, size=16, seed=8)
    paths = [feed.path for feed in newsroom_feeds(16)]
    bodies = [body_of(site, path) for path in paths]
    assert [body_of(again, path) for path in paths] == bodies
    assert [body_of(other, path) for path in paths] != bodies


def test_the_bodies_kept_stay_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.newsroom.site.MAX_CACHED_BODY_BYTES", 200_000)
    site = Site(BASE_URL, OPENED_AT, size=40)
    tags = {}
    for feed in newsroom_feeds(40, core=False):
        found = site.resource(feed.path, TWO_DAYS_LATER)
        assert found
        tags[feed.path] = found.etag
        assert site._cache.body_bytes <= 200_000
    first = site.tag("/wire/00000.rss", TWO_DAYS_LATER)
    assert first
    assert (first.body, first.etag) == (b"", tags["/wire/00000.rss"])


def test_feeds_toml_subscribes_to_all_of_them() -> None:
    tables = tomllib.loads(feeds_toml(f"{BASE_URL}/", 5))["feeds"]
    feeds = newsroom_feeds(5)
    assert [table["url"] for table in tables] == [BASE_URL + feed.path for feed in feeds]
    assert [table["title"] for table in tables] == [feed.title for feed in feeds]
    assert [table.get("category") for table in tables] == [feed.category for feed in feeds]
    assert len(tomllib.loads(feeds_toml(BASE_URL, 5, core=False))["feeds"]) == 5


def test_front_feeds_once_read_at_the_end_give_every_article_that_gold_knows(site: Site) -> None:
    links: list[str] = []
    for feed in newsroom_feeds():
        body = body_of(site, feed.path, A_WEEK_LATER)
        if feed.category:
            continue
        if feed.path.endswith(".json"):
            links += [entry["url"] for entry in json.loads(body)["items"]]
        else:
            links += [entry.link for entry in parsed(body).entries]
    assert sorted(link.removeprefix(BASE_URL) for link in links) == sorted(gold_by_path())


def test_gold_is_what_the_material_says(small_material: Material) -> None:
    english, spanish = small_material.articles
    assert gold_by_path(small_material) == {
        english.path: Gold("bridge-opens", "society", "en"),
        spanish.path: Gold("bridge-opens", "society", "es"),
    }


def test_an_article_has_a_page_with_its_picture(site: Site, material: Material) -> None:
    item = Edition(material, OPENED_AT, 7).articles(TWO_DAYS_LATER)[0]
    page = body_of(site, item.article.path).decode()
    picture = picture_path(item.article, 7)
    assert f'<meta property="og:image" content="{BASE_URL}{picture}">' in page
    assert article_html(item.article.paragraphs) in page
    assert body_of(site, picture).startswith(b"\xff\xd8")
    assert site.resource(item.article.path, item.published_at - timedelta(seconds=1)) is None


def test_a_wire_entry_has_a_page_once_it_is_published(site: Site) -> None:
    path = parsed(body_of(site, "/wire/00000.rss")).entries[0].link.removeprefix(BASE_URL)
    assert site.resource(path, TWO_DAYS_LATER)
    assert site.resource(path, TWO_DAYS_LATER - timedelta(hours=1)) is None
    assert site.resource(f"{path}-x", TWO_DAYS_LATER) is None


def test_the_front_page_leads_to_the_feeds(site: Site, material: Material) -> None:
    front = body_of(site, "/").decode()
    assert all(f'href="{feed.path}"' in front for feed in newsroom_feeds())
    outlet = body_of(site, f"/{material.outlets[0].id}/").decode()
    assert 'rel="alternate" type="application/rss+xml"' in outlet
