"""The tables. Singular nouns, a comment on every table and column; people read the plural views of `views.py`.

Times are UTC text `YYYY-MM-DD HH:MM:SS`, which sorts rightly and which SQLite's own date functions compare rightly.
What is pending is recomputed from the rows and never kept as a flag; the indexes below serve those questions.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from aggregator.store.columns import UtcText, key_column, metadata, reference, time_text
from aggregator.store.conditions import (
    article_is_untold,
    image_is_junk,
    image_is_rechecked,
    image_is_sound,
    image_is_stored,
    image_is_wanted,
    is_listed,
    page_is_wanted,
)
from aggregator.store.findings import (
    analysis,
    correction,
    keyword,
    label,
    model,
    picture_label,
    story,
    story_article,
    training,
)

__all__ = [
    "UtcText",
    "analysis",
    "article",
    "article_image",
    "correction",
    "feed",
    "feed_document",
    "fetch",
    "host",
    "image",
    "keyword",
    "label",
    "meta",
    "metadata",
    "model",
    "page",
    "phash_quarter",
    "picture_label",
    "quarantine_item",
    "revision",
    "robots",
    "run",
    "sighting",
    "story",
    "story_article",
    "thumbnail",
    "time_text",
    "tombstone",
    "training",
]

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True, comment="name of the fact"),
    Column("value", Text, nullable=False, comment="the fact"),
    comment="What the program has to remember about this database itself.",
)

feed = Table(
    "feed",
    metadata,
    key_column(),
    Column("url", Text, nullable=False, unique=True, comment="address as subscribed to"),
    Column("moved_url", Text, comment="address that it moved to for good, where it is asked for instead"),
    Column("host", Text, nullable=False, comment="host name of the address asked, by which politeness is counted"),
    Column("kind", Text, nullable=False, server_default="feed", comment="feed or api"),
    Column("full_text", Boolean, nullable=False, server_default="0", comment="whether pages of its articles are read"),
    Column("keep_images_s", Float, comment="how long its pictures are kept, in seconds; empty: as the settings say"),
    Column("subscribed", Boolean, nullable=False, comment="whether feeds.toml names it and has it enabled"),
    Column("wanted_title", Text, comment="title that the user gave it in feeds.toml"),
    Column("category", Text, comment="topic that the user gave it in feeds.toml, a weak label"),
    Column("interval_s", Float, comment="interval that the user gave it in feeds.toml, in seconds"),
    Column("title", Text, comment="title that the feed gives itself"),
    Column("site_url", Text, comment="address of the site that the feed belongs to"),
    Column("language", Text, comment="language that the feed declares"),
    Column("format", Text, comment="format last read: rss20, atom10, json11 …"),
    Column("state", Text, nullable=False, comment="new, active, moved, throttled, blocked, failing or gone"),
    Column("etag", Text, comment="validator to send, byte for byte as received"),
    Column("last_modified", Text, comment="validator to send, byte for byte as received"),
    Column("validators_url", Text, comment="address that gave the validators, and the only one they are sent to"),
    Column("body_sha256", Text, comment="hash of the body last read"),
    Column("next_fetch_at", UtcText, nullable=False, comment="earliest time of the next request"),
    Column("last_fetch_at", UtcText, comment="time of the last request"),
    Column("last_success_at", UtcText, comment="time when it was last read, or answered that nothing changed"),
    Column("last_status", Integer, comment="HTTP status of the last answer"),
    Column("last_outcome", Text, comment="how the last request ended"),
    Column("last_error", Text, comment="what went wrong last, empty after a success"),
    Column("failures", Integer, nullable=False, comment="failures since the last success"),
    Column("decided_by", Text, comment="what decided the time of the next request"),
    Column("note", Text, comment="what was left out of the document last read, or not found in it"),
    Column("memory", Text, comment="JSON: what the schedule remembers of earlier answers"),
    Column("overflows", Integer, nullable=False, server_default="0", comment="times that articles were missed"),
    Column("created_at", UtcText, nullable=False, comment="time when it was first subscribed to"),
    Index(None, "subscribed", "next_fetch_at"),
    Index(None, "moved_url"),
    comment="A feed: what the user wants of it, and what was observed.",
)

feed_document = Table(
    "feed_document",
    metadata,
    Column(
        "feed_id",
        Integer,
        ForeignKey("feed.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="feed whose document it was",
    ),
    Column("slices", LargeBinary, nullable=False, comment="MessagePack: fingerprint and sighting of each entry"),
    comment="What the document last read of a feed held, so that known entries need not be read again.",
)

host = Table(
    "host",
    metadata,
    Column("name", Text, primary_key=True, comment="host name"),
    Column("rests_until", UtcText, comment="time before which nothing on it is asked for"),
    Column("strikes", Integer, nullable=False, comment="lessons since it was last content"),
    Column("spacing_s", Float, nullable=False, comment="seconds between two requests that it taught, 0 for none"),
    Column("reason", Text, nullable=False, comment="what the last lesson was"),
    Column("learned_at", UtcText, nullable=False, comment="time of the last lesson"),
    comment="What a host taught that holds for everything on it.",
)

run = Table(
    "run",
    metadata,
    key_column(),
    Column("command", Text, nullable=False, comment="fetch, analyze, run or demo"),
    Column("version", Text, nullable=False, comment="version of the program"),
    Column("started_at", UtcText, nullable=False, comment="start"),
    Column("finished_at", UtcText, comment="end, empty while it runs or when it was killed"),
    Column("exit_code", Integer, comment="exit code of the command"),
    Column("seconds", Float, comment="wall time"),
    Column("cpu_s", Float, comment="CPU time of the parent process"),
    Column("worker_cpu_s", Float, comment="CPU time that the workers spent on items"),
    Column("peak_memory_bytes", Integer, comment="largest resident size of the parent process"),
    Column("peak_worker_bytes", Integer, comment="largest resident size of any worker process"),
    Column("counts", Text, comment="JSON object: stage → outcome → number of items"),
    Column("stages", Text, comment="JSON array: workers, busy seconds, bytes and queue peaks of each stage"),
    comment="A run of a command, with what it did and what it cost.",
)

fetch = Table(
    "fetch",
    metadata,
    key_column(),
    Column("kind", Text, nullable=False, server_default="feed", comment="feed, page, image or robots"),
    reference("feed", "feed that was asked, if it was one", nullable=True),
    Column("url", Text, comment="address that was asked, if not that of the feed"),
    reference("run", "run that asked"),
    Column("reason", Text, nullable=False, server_default="due", comment="why it was asked"),
    Column("started_at", UtcText, nullable=False, comment="time of the request"),
    Column("seconds", Float, nullable=False, comment="time that it took, redirects included"),
    Column("conditional", Boolean, nullable=False, comment="whether a validator was sent"),
    Column("outcome", Text, nullable=False, comment="new articles, unchanged, not modified, unreadable, timeout …"),
    Column("status", Integer, comment="HTTP status of the answer"),
    Column("final_url", Text, comment="address that answered, if another one"),
    Column("received_bytes", Integer, nullable=False, comment="bytes that came over the wire, heads included"),
    Column("entries", Integer, nullable=False, comment="entries in the document"),
    Column("new_articles", Integer, nullable=False, comment="articles that were new"),
    Column("revised_articles", Integer, nullable=False, comment="articles that had been edited"),
    Column("error", Text, comment="what went wrong"),
    Column("next_fetch_at", UtcText, comment="earliest time of the next request, as decided then"),
    Column("decided_by", Text, comment="what decided that time"),
    Column("overflowed", Boolean, nullable=False, server_default="0", comment="whether articles had been missed"),
    Index(None, "feed_id", "started_at"),
    Index(None, "url"),
    comment="The log of requests: why each was made, and how it ended.",
)

article = Table(
    "article",
    metadata,
    key_column(),
    reference("feed", "feed whose text it has: of those that have it, the one that says most"),
    Column("url", Text, comment="address as the feed gives it"),
    Column("url_key", Text, comment="address without tracking parameters and fragment, for recognising it elsewhere"),
    Column("title", Text, nullable=False, comment="headline, plain text"),
    Column("summary", Text, nullable=False, comment="summary, plain text"),
    Column("content", Text, nullable=False, comment="sanitised HTML"),
    Column("author", Text, nullable=False, comment="author, plain text"),
    Column("declared_language", Text, comment="language that entry or feed declares"),
    Column("published_raw", Text, comment="date as the feed gives it"),
    Column("published_at", UtcText, comment="what that date means; empty if it cannot be read"),
    Column("first_seen_at", UtcText, nullable=False, comment="time when it was first seen"),
    Column(
        "effective_at", UtcText, nullable=False, comment="the earlier of published and first seen; never in the future"
    ),
    Column("content_hash", Text, nullable=False, comment="hash of title, summary and content; a change is a revision"),
    Column(
        "analysis_id",
        Integer,
        ForeignKey("analysis.id", use_alter=True),
        comment="analysis of the present text; empty while there is none",
    ),
    Column("tags", Text, comment="JSON array: what the publisher files it under"),
    Column("told_hash", Text, comment="content_hash of the text that was last compared with others to find its story"),
    Index(None, "url_key"),
    Index(None, "effective_at"),
    Index(None, "feed_id", "effective_at"),
    Index(None, "analysis_id"),
    comment="An article: one, however many feeds it was seen in.",
)

sighting = Table(
    "sighting",
    metadata,
    key_column(),
    reference("article", "article that was seen"),
    reference("feed", "feed that it was seen in"),
    Column("entry_key", Text, nullable=False, comment="what tells the entry from others of its feed"),
    Column("alias_key", Text, comment="its GUID without what sites change, for recognising it under another"),
    Column("match_key", Text, comment="hash of title and date, for recognising it when GUID and link have changed"),
    Column("listed", Boolean, nullable=False, server_default="1", comment="whether the document last read has it"),
    Column("guid", Text, comment="id as the feed gives it"),
    Column("url", Text, comment="link as the feed gives it"),
    Column("title", Text, nullable=False, comment="title in this feed, plain text"),
    Column("published_raw", Text, comment="date as the feed gives it"),
    Column("published_at", UtcText, comment="what that date means"),
    Column("content_hash", Text, nullable=False, comment="hash of title, summary and content in this feed"),
    Column("first_seen_at", UtcText, nullable=False, comment="time when this feed first had it"),
    Column("last_seen_at", UtcText, nullable=False, comment="time when this feed last had it, written when it left"),
    UniqueConstraint("feed_id", "entry_key"),
    Index(None, "article_id"),
    Index(None, "feed_id", "alias_key"),
    Index(None, "feed_id", "match_key"),
    comment="An article seen in a feed under a GUID.",
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("feed_id", Integer, ForeignKey("feed.id"), primary_key=True, comment="feed that had it"),
    Column("entry_key", Text, primary_key=True, comment="key, of whatever kind, of an entry that must not come back"),
    Column("pruned_at", UtcText, nullable=False, comment="time when its article was pruned"),
    comment="An entry whose article was pruned.",
)

page = Table(
    "page",
    metadata,
    Column(
        "article_id",
        Integer,
        ForeignKey("article.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="article whose page it is",
    ),
    reference("feed", "feed that asks for full text and has the article"),
    Column("url", Text, nullable=False, comment="address of the page, as the feed gives it"),
    Column("host", Text, nullable=False, comment="host name of the address, by which politeness is counted"),
    Column("trusted_origin", Text, comment="origin of the feed, if the page is on it: private addresses are allowed"),
    Column("final_url", Text, comment="address that answered, if another one"),
    Column("next_fetch_at", UtcText, nullable=False, comment="earliest time of the next request"),
    Column("attempts", Integer, nullable=False, comment="times that its turn came"),
    Column("gave_up", Boolean, nullable=False, comment="whether it is not asked for again"),
    Column("error", Text, comment="why there is no text"),
    Column("last_status", Integer, comment="HTTP status of the last answer"),
    Column("fetched_at", UtcText, comment="time of the answer that the text is from"),
    Column("title", Text, comment="title of the page, plain text"),
    Column("text", Text, comment="text of the article, plain"),
    Column("extractor", Text, comment="what read it out of the page: name and version"),
    comment="The page of an article, fetched for its full text.",
)

robots = Table(
    "robots",
    metadata,
    Column("origin", Text, primary_key=True, comment="scheme, host and port"),
    Column("fetched_at", UtcText, nullable=False, comment="time of the request"),
    Column("expires_at", UtcText, nullable=False, comment="time until which it holds"),
    Column("status", Integer, comment="HTTP status of the answer"),
    Column("rules", Text, nullable=False, comment="what it says to us and to everybody"),
    Column("refused", Text, comment="why nothing there may be asked for"),
    comment="The robots.txt of a site, which pages are fetched by.",
)

revision = Table(
    "revision",
    metadata,
    key_column(),
    reference("article", "article that was edited"),
    Column("replaced_at", UtcText, nullable=False, comment="time when the edit was seen"),
    Column("title", Text, nullable=False, comment="headline before the edit"),
    Column("summary", Text, nullable=False, comment="summary before the edit"),
    Column("content", Text, nullable=False, comment="content before the edit"),
    Column("content_hash", Text, nullable=False, comment="hash of the text before the edit"),
    Index(None, "article_id"),
    comment="What an article said before it was edited.",
)

image = Table(
    "image",
    metadata,
    key_column(),
    Column("url", Text, nullable=False, unique=True, comment="address"),
    Column("host", Text, nullable=False, comment="host name of the address, by which politeness is counted"),
    Column(
        "trusted_origin", Text, comment="origin of the feed that named it first: private addresses there are allowed"
    ),
    Column("first_seen_at", UtcText, nullable=False, comment="time when an article first named it"),
    Column("next_fetch_at", UtcText, nullable=False, comment="earliest time of the next request"),
    Column("recheck_at", UtcText, comment="time from which a stored picture is looked at again; empty: never"),
    Column("etag", Text, comment="validator to send, byte for byte as received"),
    Column("last_modified", Text, comment="validator to send, byte for byte as received"),
    Column("pruned_at", UtcText, comment="time when its file was removed to save space; it does not come back"),
    Column("fetched_at", UtcText, comment="time when it was stored"),
    Column("attempts", Integer, nullable=False, comment="requests since the last one that brought it"),
    Column("losses", Integer, nullable=False, server_default="0", comment="times that its stored file was missing"),
    Column(
        "gave_up", Boolean, nullable=False, comment="whether it failed for good; an article's next picture is tried"
    ),
    Column(
        "stands_by",
        Boolean,
        nullable=False,
        server_default="0",
        comment="whether it need not be looked at until a better picture of its articles fails",
    ),
    Column("error", Text, comment="why it could not be fetched or decoded"),
    Column("last_status", Integer, comment="HTTP status of the last answer"),
    Column("sha256", Text, comment="hash of the stored file"),
    Column("path", Text, comment="stored file, below the images folder"),
    Column("size_bytes", Integer, comment="size of the stored file"),
    Column("format", Text, comment="jpeg, png, gif, webp, avif …, by content"),
    Column("width", Integer, comment="width of the upright picture in pixels"),
    Column("height", Integer, comment="height of the upright picture in pixels"),
    Column("phash", Text, comment="perceptual hash, 64 bits as 16 hexadecimal digits"),
    Column("colour", Text, comment="dominant colour, #rrggbb"),
    Column("blurhash", Text, comment="BlurHash: a few characters from which a blurred picture is drawn while it loads"),
    Column("shows", Text, comment="what is pictured: photo, graphic, chart or map, logo, screenshot of text"),
    Column("shows_score", Float, comment="how sure that is, 0 to 1"),
    Column("junk", Text, comment="why it is not chosen as the picture of an article"),
    reference("model", "method that last analysed it", name="picture_model_id", nullable=True),
    Index(None, "sha256"),
    comment="A picture that articles name.",
)

Index(
    "ix_article_untold",
    article.c.effective_at,
    sqlite_where=article_is_untold(article),
    postgresql_where=article_is_untold(article),
)
Index("ix_sighting_listed", sighting.c.feed_id, sqlite_where=is_listed(sighting), postgresql_where=is_listed(sighting))


def _image_index(name: str, only: ColumnElement[bool], *columns: Column[Any]) -> Index:
    """Index the rows of one question alone: it stays as small as the answer, however many rows there are."""
    return Index(f"ix_image_{name}", *columns, sqlite_where=only, postgresql_where=only)


_image_index("wanted", image_is_wanted(image), image.c.host, image.c.next_fetch_at, image.c.id)
_image_index("rechecked", image_is_rechecked(image), image.c.host, image.c.next_fetch_at, image.c.id)
_image_index("to_see", image_is_sound(image), image.c.picture_model_id, image.c.id)
_image_index("junk", image_is_junk(image), image.c.junk)
_image_index("file", image_is_stored(image), image.c.sha256, image.c.size_bytes, image.c.fetched_at)

Index(
    "ix_page_wanted",
    *(page.c.host, page.c.article_id),
    sqlite_where=page_is_wanted(page),
    postgresql_where=page_is_wanted(page),
)

phash_quarter = Table(
    "phash_quarter",
    metadata,
    Column("quarter", Integer, primary_key=True, autoincrement=False, comment="which four of its digits, 0 to 3"),
    Column("digits", Text, primary_key=True, comment="these digits"),
    Column(
        "image_id",
        Integer,
        ForeignKey("image.id", ondelete="CASCADE"),
        primary_key=True,
        comment="picture whose hash it is",
    ),
    Index(None, "image_id"),
    comment="A quarter of a perceptual hash: two that differ in few bits nearly agree in one of their quarters.",
)

thumbnail = Table(
    "thumbnail",
    metadata,
    Column(
        "image_id",
        Integer,
        ForeignKey("image.id", ondelete="CASCADE"),
        primary_key=True,
        comment="picture it was made of",
    ),
    Column("size", Integer, primary_key=True, autoincrement=False, comment="configured bound of the longer side"),
    Column("path", Text, nullable=False, comment="stored file, below the images folder"),
    Column("width", Integer, nullable=False, comment="width in pixels"),
    Column("height", Integer, nullable=False, comment="height in pixels"),
    Column("size_bytes", Integer, nullable=False, comment="size of the file"),
    comment="A scaled copy of a picture.",
)

article_image = Table(
    "article_image",
    metadata,
    Column("article_id", Integer, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, comment="article"),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="order of preference, from 0"),
    reference("image", "picture"),
    Column("source", Text, nullable=False, comment="where it is named: media:content, enclosure, content …"),
    Index(None, "image_id"),
    comment="A picture that an article names.",
)

quarantine_item = Table(
    "quarantine_item",
    metadata,
    key_column(),
    Column("kind", Text, nullable=False, comment="feed, page, image or article"),
    Column("item_id", Integer, comment="key of the item in the table of that name"),
    Column("url", Text, comment="address of the item"),
    Column("stage", Text, nullable=False, comment="stage that it harmed"),
    Column("reason", Text, nullable=False, comment="crashed, killed, timed out, out of memory or bug"),
    Column("detail", Text, nullable=False, comment="what happened, with the traceback if it was our bug"),
    Column("input_hash", Text, comment="hash of the content that did it; other content is tried again"),
    Column("created_at", UtcText, nullable=False, comment="time when it was set aside"),
    Index(None, "kind", "item_id"),
    comment="An item that was set aside, because it harmed the process that worked on it.",
)
