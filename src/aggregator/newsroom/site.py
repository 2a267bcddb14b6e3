"""The newsroom as a site: from a path and a time to what stands there. No sockets, no clock."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from aggregator.newsroom.api import API_TYPE, PER_PAGE, api_page, page_number
from aggregator.newsroom.cache import RenderedCache, Resource, resource
from aggregator.newsroom.chance import chance
from aggregator.newsroom.conditional import gzip_etag
from aggregator.newsroom.edition import PICTURE_VARIANTS, Edition, PublishedArticle, picture_path
from aggregator.newsroom.feeds import (
    NEWEST,
    NO_IDS,
    FeedFormat,
    NewsroomFeed,
    core_feeds,
    uses_permalinks,
)
from aggregator.newsroom.material import Article, Material, load_material
from aggregator.newsroom.pages import ROBOTS, article_page, feed_type, front_page, missing_page, outlet_page
from aggregator.newsroom.pictures.scenes import drawn_picture
from aggregator.newsroom.render.atom import atom03, atom10
from aggregator.newsroom.render.document import PICTURE_TYPE, FeedDocument, FeedEntry
from aggregator.newsroom.render.jsonfeed import json10, json11
from aggregator.newsroom.render.markup import rfc3339
from aggregator.newsroom.render.rdf import rss10
from aggregator.newsroom.render.rss import rss092, rss20_enclosure, rss20_escaped, rss20_full
from aggregator.newsroom.sections import section_tags, tagging_of
from aggregator.newsroom.wire import Wire, WireEntry

MAX_CACHED_BODY_BYTES = 96 * 1024 * 1024
GZIP_LEVEL = 4
HTML = "text/html; charset=utf-8"

WRITERS: dict[FeedFormat, Callable[[FeedDocument], str]] = {
    FeedFormat.RSS20_FULL: rss20_full,
    FeedFormat.RSS20_ENCLOSURE: rss20_enclosure,
    FeedFormat.RSS20_ESCAPED: rss20_escaped,
    FeedFormat.RSS092: rss092,
    FeedFormat.RSS10: rss10,
    FeedFormat.ATOM10: atom10,
    FeedFormat.ATOM03: atom03,
    FeedFormat.JSON11: json11,
    FeedFormat.JSON10: json10,
}


class Site:
    """One newsroom at one base address: the same paths and times give the same bytes in every process."""

    def __init__(
        self, base_url: str, opened_at: datetime, *, seed: int = 7, size: int = 0, material: Material | None = None
    ) -> None:
        """`base_url` ends without a slash; `size` is the number of wire feeds beside the outlets' own.

        Raises:
            ValueError: the material is malformed.
        """
        self.base_url = base_url.rstrip("/")
        self.material = material or load_material()
        self.feeds = core_feeds(self.material)
        self._seed = seed
        self._opened_at = opened_at
        self._edition = Edition(self.material, opened_at, seed)
        self._wire = Wire(self.material, opened_at, seed, size)
        self._core_by_path = {feed.path: feed for feed in self.feeds}
        self._outlet_by_page = {f"/{outlet.id}/": outlet for outlet in self.material.outlets}
        self._permalinks = frozenset(
            outlet.id for outlet in self.material.outlets if uses_permalinks(outlet, self.material.outlets)
        )
        self._tagging = {outlet.id: tagging_of(outlet, self.material.outlets) for outlet in self.material.outlets}
        self._scene_by_picture = {
            f"/pictures/{event.id}-{variant}.jpg": event.scene
            for event in self.material.events
            for variant in range(1, PICTURE_VARIANTS + 1)
        }
        self._cache = RenderedCache(MAX_CACHED_BODY_BYTES)

    def resource(self, path: str, now: datetime) -> Resource | None:
        """Return what stands at `path` (see `api.resource_path`) at `now`, or None if nothing does."""
        state = self._state(path, now)
        kept = self._cache.body(path, state)
        if kept is None:
            kept = self._rendered(path, now)
            if kept is not None:
                self._cache.keep(path, state, kept)
        return kept

    def tag(self, path: str, now: datetime) -> Resource | None:
        """Return the same as `resource`, perhaps without its body: enough for a conditional request."""
        return self._cache.tag(path, self._state(path, now)) or self.resource(path, now)

    def gzipped(self, path: str, now: datetime) -> Resource | None:
        """Return the same as `resource` with its body compressed and a tag of its own; pictures stay as they are."""
        plain = self.tag(path, now)
        if plain is None or plain.content_type == PICTURE_TYPE:
            return self.resource(path, now)
        state, key = self._state(path, now), path + "#gzip"  # no path that is asked for holds a `#`
        kept = self._cache.body(key, state)
        whole = None if kept else self.resource(path, now)
        if whole is not None:
            body = gzip.compress(whole.body, GZIP_LEVEL, mtime=0)
            kept = Resource(whole.content_type, gzip_etag(whole.etag), whole.last_modified, body)
            self._cache.keep(key, state, kept)
        return kept

    def missing(self) -> Resource:
        """Return the page for 404."""
        return resource(HTML, missing_page().encode(), self._opened_at)

    def _state(self, path: str, now: datetime) -> int:
        """Return the number that has to change before what stands at `path` can."""
        if path.startswith("/pictures/"):
            return 0
        return self._wire.state(now) if path.startswith("/wire/") else self._edition.state(now)

    def _rendered(self, path: str, now: datetime) -> Resource | None:
        if path.startswith("/pictures/"):
            return self._picture(path)
        if path.startswith("/wire/"):
            return self._wire_resource(path, now)
        if path in ("/", "/robots.txt"):
            return self._lasting_page(path)
        number = page_number(path)
        if number is not None:
            return self._api_page(number, now)
        if path in self._core_by_path:
            return self._core_feed(self._core_by_path[path], now)
        return self._outlet_or_article(path, now)

    def _lasting_page(self, path: str) -> Resource:
        if path == "/robots.txt":
            return resource("text/plain; charset=utf-8", ROBOTS.encode(), self._opened_at)
        page = front_page(self.material.outlets, self.feeds, self._wire.size)
        return resource(HTML, page.encode(), self._opened_at)

    def _picture(self, path: str) -> Resource | None:
        scene = self._scene_by_picture.get(path)
        if scene is None:
            return None
        return resource(PICTURE_TYPE, drawn_picture(scene, chance(self._seed, path)), self._opened_at)

    def _core_feed(self, feed: NewsroomFeed, now: datetime) -> Resource:
        published = [item for item in self._edition.articles(now) if feed.takes(item.article)]
        tagline = feed.outlet.tagline if feed.outlet else ""
        site_path = f"/{feed.outlet.id}/" if feed.outlet else "/"
        entries = [self._core_entry(item) for item in published[:NEWEST]]
        return self._feed_resource(feed, tagline, site_path, entries)

    def _api_page(self, number: int, now: datetime) -> Resource | None:
        published = self._edition.articles(now)
        shown = published[(number - 1) * PER_PAGE : number * PER_PAGE]
        if number > 1 and not shown:
            return None
        changed_at = max((item.changed_at for item in published), default=self._opened_at)
        text = api_page([self._core_entry(item) for item in shown], number, len(published), self.base_url)
        return resource(API_TYPE, text.encode(), changed_at)

    def _core_entry(self, item: PublishedArticle) -> FeedEntry:
        article = item.article
        url = self.base_url + article.path
        tag = f"tag:{article.outlet.id}.example,2024:{article.slug}"
        id_ = url if article.outlet.id in self._permalinks else tag
        return self._entry(article, id_, url, item.published_at, item.changed_at)

    def _wire_resource(self, path: str, now: datetime) -> Resource | None:
        number = self._wire.feed_number(path)
        if number is None:
            found = self._wire.entry_at(path, now)
            return self._article_page(found.article, path, found.published_at, found.published_at) if found else None
        feed = self._wire.feed(number)
        entries = [self._wire_entry(feed, entry) for entry in self._wire.entries(number, now)]
        return self._feed_resource(feed, "All the news, every hour", "/", entries)

    def _wire_entry(self, feed: NewsroomFeed, entry: WireEntry) -> FeedEntry:
        url = self.base_url + entry.path
        id_ = url if feed.format in NO_IDS else f"tag:wire.example,2024:{entry.path.removeprefix('/wire/')}"
        return self._entry(entry.article, id_, url, entry.published_at, entry.published_at)

    def _entry(self, article: Article, id_: str, url: str, published: datetime, updated: datetime) -> FeedEntry:
        return FeedEntry(
            id=id_,
            url=url,
            title=article.title,
            author=article.author,
            summary=article.summary,
            paragraphs=article.paragraphs,
            tags=section_tags(article, self._tagging[article.outlet.id]),
            picture_url=self.base_url + picture_path(article, self._seed),
            published_at=published,
            updated_at=updated,
        )

    def _feed_resource(
        self, feed: NewsroomFeed, description: str, site_path: str, entries: Sequence[FeedEntry]
    ) -> Resource:
        updated_at = max((entry.updated_at for entry in entries), default=self._opened_at)
        document = FeedDocument(
            url=self.base_url + feed.path,
            site_url=self.base_url + site_path,
            title=feed.title,
            description=description,
            language=feed.language,
            updated_at=updated_at,
            entries=tuple(entries),
        )
        text = WRITERS[feed.format](document)
        return resource(f"{feed_type(feed)}; charset=utf-8", text.encode(), updated_at)

    def _outlet_or_article(self, path: str, now: datetime) -> Resource | None:
        published = self._edition.articles(now)
        outlet = self._outlet_by_page.get(path)
        if outlet is not None:
            newest = [item for item in published if item.article.outlet == outlet]
            changed_at = max((item.changed_at for item in newest), default=self._opened_at)
            page = outlet_page(outlet, [feed for feed in self.feeds if feed.outlet == outlet], newest)
            return resource(HTML, page.encode(), changed_at)
        for item in published:
            if item.article.path == path:
                return self._article_page(item.article, path, item.published_at, item.changed_at)
        return None

    def _article_page(self, article: Article, path: str, published: datetime, changed: datetime) -> Resource:
        picture_url = self.base_url + picture_path(article, self._seed)
        page = article_page(article, self.base_url + path, picture_url, rfc3339(published))
        return resource(HTML, page.encode(), changed)


def newsroom_feeds(size: int = 0, *, core: bool = True, material: Material | None = None) -> tuple[NewsroomFeed, ...]:
    """Return the feeds of a newsroom: the outlets' own if `core`, then `size` wire feeds."""
    material = material or load_material()
    # A wire feed's title, language and address depend neither on the opening nor on the seed.
    wire = Wire(material, datetime.fromisoformat("2024-01-01T00:00:00+00:00"), 0, size)
    return (core_feeds(material) if core else ()) + wire.feeds()


def feeds_toml(base_url: str, size: int = 0, *, core: bool = True, material: Material | None = None) -> str:
    """Return the text of a feeds.toml that subscribes to all feeds; section feeds carry their topic as category."""
    tables = []
    for feed in newsroom_feeds(size, core=core, material=material):
        lines = ["[[feeds]]", f"url = {_quoted(base_url.rstrip('/') + feed.path)}", f"title = {_quoted(feed.title)}"]
        if feed.category is not None:
            lines.append(f"category = {_quoted(feed.category)}")
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def _quoted(text: str) -> str:
    # A JSON string of text without control characters is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)
