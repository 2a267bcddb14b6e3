"""the first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("url", sa.Text(), nullable=False, comment="address as subscribed to"),
        sa.Column(
            "host", sa.Text(), nullable=False, comment="host name of the address, by which politeness is counted"
        ),
        sa.Column("subscribed", sa.Boolean(), nullable=False, comment="whether feeds.toml names it and has it enabled"),
        sa.Column("wanted_title", sa.Text(), nullable=True, comment="title that the user gave it in feeds.toml"),
        sa.Column(
            "category", sa.Text(), nullable=True, comment="topic that the user gave it in feeds.toml, a weak label"
        ),
        sa.Column(
            "interval_s", sa.Float(), nullable=True, comment="interval that the user gave it in feeds.toml, in seconds"
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="title that the feed gives itself"),
        sa.Column("site_url", sa.Text(), nullable=True, comment="address of the site that the feed belongs to"),
        sa.Column("language", sa.Text(), nullable=True, comment="language that the feed declares"),
        sa.Column("format", sa.Text(), nullable=True, comment="format last read: rss20, atom10, json11 …"),
        sa.Column("state", sa.Text(), nullable=False, comment="new, active, throttled, blocked, failing or gone"),
        sa.Column("etag", sa.Text(), nullable=True, comment="validator to send, byte for byte as received"),
        sa.Column("last_modified", sa.Text(), nullable=True, comment="validator to send, byte for byte as received"),
        sa.Column("body_sha256", sa.Text(), nullable=True, comment="hash of the body last read"),
        sa.Column("next_fetch_at", sa.String(length=19), nullable=False, comment="earliest time of the next request"),
        sa.Column("last_fetch_at", sa.String(length=19), nullable=True, comment="time of the last request"),
        sa.Column(
            "last_success_at",
            sa.String(length=19),
            nullable=True,
            comment="time when it was last read, or answered that nothing changed",
        ),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="HTTP status of the last answer"),
        sa.Column("last_outcome", sa.Text(), nullable=True, comment="how the last request ended"),
        sa.Column("last_error", sa.Text(), nullable=True, comment="what went wrong last, empty after a success"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failures since the last success"),
        sa.Column("created_at", sa.String(length=19), nullable=False, comment="time when it was first subscribed to"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("url", name=op.f("uq_feed_url")),
        comment="A feed: what the user wants of it, and what was observed.",
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_feed_subscribed_next_fetch_at"), ["subscribed", "next_fetch_at"], unique=False
        )

    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False, comment="name of the fact"),
        sa.Column("value", sa.Text(), nullable=False, comment="the fact"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        comment="What the program has to remember about this database itself.",
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("kind", sa.Text(), nullable=False, comment="text or picture"),
        sa.Column("name", sa.Text(), nullable=False, comment="name of the method"),
        sa.Column("version", sa.Text(), nullable=False, comment="version, or a hash of what it depends on"),
        sa.Column("created_at", sa.String(length=19), nullable=False, comment="time of its first use"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        sa.UniqueConstraint("kind", "name", "version", name=op.f("uq_model_kind_name_version")),
        comment="A method that produced analyses.",
    )
    op.create_table(
        "quarantine_item",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("kind", sa.Text(), nullable=False, comment="feed, image or article"),
        sa.Column("item_id", sa.Integer(), nullable=True, comment="key of the item in the table of that name"),
        sa.Column("url", sa.Text(), nullable=True, comment="address of the item"),
        sa.Column("stage", sa.Text(), nullable=False, comment="stage that it harmed"),
        sa.Column("reason", sa.Text(), nullable=False, comment="crashed, killed, timed out, out of memory or bug"),
        sa.Column("detail", sa.Text(), nullable=False, comment="what happened, with the traceback if it was our bug"),
        sa.Column(
            "input_hash",
            sa.Text(),
            nullable=True,
            comment="hash of the content that did it; other content is tried again",
        ),
        sa.Column("created_at", sa.String(length=19), nullable=False, comment="time when it was set aside"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_item")),
        comment="An item that was set aside, because it harmed the process that worked on it.",
    )
    with op.batch_alter_table("quarantine_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_item_kind_item_id"), ["kind", "item_id"], unique=False)

    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("command", sa.Text(), nullable=False, comment="fetch, analyze, run or demo"),
        sa.Column("version", sa.Text(), nullable=False, comment="version of the program"),
        sa.Column("started_at", sa.String(length=19), nullable=False, comment="start"),
        sa.Column(
            "finished_at", sa.String(length=19), nullable=True, comment="end, empty while it runs or when it was killed"
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True, comment="exit code of the command"),
        sa.Column("seconds", sa.Float(), nullable=True, comment="wall time"),
        sa.Column("cpu_s", sa.Float(), nullable=True, comment="CPU time of the parent process"),
        sa.Column("worker_cpu_s", sa.Float(), nullable=True, comment="CPU time that the workers spent on items"),
        sa.Column(
            "peak_memory_bytes", sa.Integer(), nullable=True, comment="largest resident size of the parent process"
        ),
        sa.Column(
            "peak_worker_bytes", sa.Integer(), nullable=True, comment="largest resident size of any worker process"
        ),
        sa.Column("counts", sa.Text(), nullable=True, comment="JSON object: stage → outcome → number of items"),
        sa.Column(
            "stages",
            sa.Text(),
            nullable=True,
            comment="JSON array: workers, busy seconds, bytes and queue peaks of each stage",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        comment="A run of a command, with what it did and what it cost.",
    )
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column(
            "feed_id",
            sa.Integer(),
            nullable=False,
            comment="feed whose text it has: of those that have it, the one that says most",
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="address as the feed gives it"),
        sa.Column(
            "url_key",
            sa.Text(),
            nullable=True,
            comment="address without tracking parameters and fragment, for recognising it elsewhere",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="headline, plain text"),
        sa.Column("summary", sa.Text(), nullable=False, comment="summary, plain text"),
        sa.Column("content", sa.Text(), nullable=False, comment="sanitised HTML"),
        sa.Column("author", sa.Text(), nullable=False, comment="author, plain text"),
        sa.Column("declared_language", sa.Text(), nullable=True, comment="language that entry or feed declares"),
        sa.Column("published_raw", sa.Text(), nullable=True, comment="date as the feed gives it"),
        sa.Column(
            "published_at",
            sa.String(length=19),
            nullable=True,
            comment="what that date means; empty if it cannot be read",
        ),
        sa.Column("first_seen_at", sa.String(length=19), nullable=False, comment="time when it was first seen"),
        sa.Column(
            "effective_at",
            sa.String(length=19),
            nullable=False,
            comment="the earlier of published and first seen; never in the future",
        ),
        sa.Column(
            "content_hash",
            sa.Text(),
            nullable=False,
            comment="hash of title, summary and content; a change is a revision",
        ),
        sa.Column(
            "analysis_id",
            sa.Integer(),
            nullable=True,
            comment="analysis of the present text; empty while there is none",
        ),
        sa.ForeignKeyConstraint(["analysis_id"], ["analysis.id"], name=op.f("fk_article_analysis_id"), use_alter=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_article_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        comment="An article: one, however many feeds it was seen in.",
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_analysis_id"), ["analysis_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_effective_at"), ["effective_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_feed_id_effective_at"), ["feed_id", "effective_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_article_url_key"), ["url_key"], unique=False)

    op.create_table(
        "fetch",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("feed_id", sa.Integer(), nullable=False, comment="feed that was asked"),
        sa.Column("run_id", sa.Integer(), nullable=False, comment="run that asked"),
        sa.Column("started_at", sa.String(length=19), nullable=False, comment="time of the request"),
        sa.Column("seconds", sa.Float(), nullable=False, comment="time that it took, redirects included"),
        sa.Column("conditional", sa.Boolean(), nullable=False, comment="whether a validator was sent"),
        sa.Column(
            "outcome", sa.Text(), nullable=False, comment="new articles, unchanged, not modified, unreadable, timeout …"
        ),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the answer"),
        sa.Column("final_url", sa.Text(), nullable=True, comment="address that answered, if another one"),
        sa.Column(
            "received_bytes", sa.Integer(), nullable=False, comment="bytes that came over the wire, heads included"
        ),
        sa.Column("entries", sa.Integer(), nullable=False, comment="entries in the document"),
        sa.Column("new_articles", sa.Integer(), nullable=False, comment="articles that were new"),
        sa.Column("revised_articles", sa.Integer(), nullable=False, comment="articles that had been edited"),
        sa.Column("error", sa.Text(), nullable=True, comment="what went wrong"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_fetch_feed_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_fetch_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetch")),
        comment="The log of requests for feeds.",
    )
    with op.batch_alter_table("fetch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fetch_feed_id_started_at"), ["feed_id", "started_at"], unique=False)

    op.create_table(
        "image",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("url", sa.Text(), nullable=False, comment="address"),
        sa.Column(
            "host", sa.Text(), nullable=False, comment="host name of the address, by which politeness is counted"
        ),
        sa.Column(
            "trusted_origin",
            sa.Text(),
            nullable=True,
            comment="origin of the feed that named it first: private addresses there are allowed",
        ),
        sa.Column("first_seen_at", sa.String(length=19), nullable=False, comment="time when an article first named it"),
        sa.Column("next_fetch_at", sa.String(length=19), nullable=False, comment="earliest time of the next request"),
        sa.Column("fetched_at", sa.String(length=19), nullable=True, comment="time when it was stored"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="requests so far"),
        sa.Column(
            "gave_up",
            sa.Boolean(),
            nullable=False,
            comment="whether it failed for good; an article's next picture is tried",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="why it could not be fetched or decoded"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="HTTP status of the last answer"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="hash of the stored file"),
        sa.Column("path", sa.Text(), nullable=True, comment="stored file, below the images folder"),
        sa.Column("size_bytes", sa.Integer(), nullable=True, comment="size of the stored file"),
        sa.Column("format", sa.Text(), nullable=True, comment="jpeg, png, gif, webp, avif …, by content"),
        sa.Column("width", sa.Integer(), nullable=True, comment="width of the upright picture in pixels"),
        sa.Column("height", sa.Integer(), nullable=True, comment="height of the upright picture in pixels"),
        sa.Column("phash", sa.Text(), nullable=True, comment="perceptual hash, 64 bits as 16 hexadecimal digits"),
        sa.Column("picture_model_id", sa.Integer(), nullable=True, comment="method that last analysed it"),
        sa.ForeignKeyConstraint(["picture_model_id"], ["model.id"], name=op.f("fk_image_picture_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
        sa.UniqueConstraint("url", name=op.f("uq_image_url")),
        comment="A picture that articles name.",
    )
    with op.batch_alter_table("image", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_image_gave_up_sha256_next_fetch_at"), ["gave_up", "sha256", "next_fetch_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_image_picture_model_id_sha256"), ["picture_model_id", "sha256"], unique=False
        )

    op.create_table(
        "analysis",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("article_id", sa.Integer(), nullable=False, comment="article that was analysed"),
        sa.Column("model_id", sa.Integer(), nullable=False, comment="method that did it"),
        sa.Column(
            "input_hash",
            sa.Text(),
            nullable=False,
            comment="content_hash of the text that was analysed, and the category of its feeds",
        ),
        sa.Column("language", sa.Text(), nullable=True, comment="ISO 639-1 code of the language"),
        sa.Column("language_score", sa.Float(), nullable=False, comment="how sure the language is, 0 to 1"),
        sa.Column("analyzed_at", sa.String(length=19), nullable=False, comment="time of the analysis"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_analysis_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_analysis_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis")),
        sa.UniqueConstraint("article_id", name=op.f("uq_analysis_article_id")),
        comment="What the text of an article told, by one method.",
    )
    with op.batch_alter_table("analysis", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_analysis_model_id"), ["model_id"], unique=False)

    op.create_table(
        "article_image",
        sa.Column("article_id", sa.Integer(), nullable=False, comment="article"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="order of preference, from 0"),
        sa.Column("image_id", sa.Integer(), nullable=False, comment="picture"),
        sa.Column(
            "source", sa.Text(), nullable=False, comment="where it is named: media:content, enclosure, content …"
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_article_image_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_article_image_image_id")),
        sa.PrimaryKeyConstraint("article_id", "position", name=op.f("pk_article_image")),
        comment="A picture that an article names.",
    )
    with op.batch_alter_table("article_image", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_image_image_id"), ["image_id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("article_id", sa.Integer(), nullable=False, comment="article that was edited"),
        sa.Column("replaced_at", sa.String(length=19), nullable=False, comment="time when the edit was seen"),
        sa.Column("title", sa.Text(), nullable=False, comment="headline before the edit"),
        sa.Column("summary", sa.Text(), nullable=False, comment="summary before the edit"),
        sa.Column("content", sa.Text(), nullable=False, comment="content before the edit"),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="hash of the text before the edit"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_revision_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
        comment="What an article said before it was edited.",
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_article_id"), ["article_id"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("article_id", sa.Integer(), nullable=False, comment="article that was seen"),
        sa.Column("feed_id", sa.Integer(), nullable=False, comment="feed that it was seen in"),
        sa.Column("entry_key", sa.Text(), nullable=False, comment="what tells the entry from others of its feed"),
        sa.Column("guid", sa.Text(), nullable=True, comment="id as the feed gives it"),
        sa.Column("url", sa.Text(), nullable=True, comment="link as the feed gives it"),
        sa.Column("title", sa.Text(), nullable=False, comment="title in this feed, plain text"),
        sa.Column("published_raw", sa.Text(), nullable=True, comment="date as the feed gives it"),
        sa.Column("published_at", sa.String(length=19), nullable=True, comment="what that date means"),
        sa.Column("content_hash", sa.Text(), nullable=False, comment="hash of title, summary and content in this feed"),
        sa.Column("first_seen_at", sa.String(length=19), nullable=False, comment="time when this feed first had it"),
        sa.Column(
            "last_seen_at",
            sa.String(length=19),
            nullable=False,
            comment="time when this feed last had it, in a changed document",
        ),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_sighting_article_id")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_sighting_feed_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sighting")),
        sa.UniqueConstraint("feed_id", "entry_key", name=op.f("uq_sighting_feed_id_entry_key")),
        comment="An article seen in a feed under a GUID.",
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_article_id"), ["article_id"], unique=False)

    op.create_table(
        "story",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("title", sa.Text(), nullable=False, comment="headline of its lead article"),
        sa.Column("lead_article_id", sa.Integer(), nullable=True, comment="article that leads it"),
        sa.Column("first_at", sa.String(length=19), nullable=False, comment="time of its first article"),
        sa.Column("last_at", sa.String(length=19), nullable=False, comment="time of its last article"),
        sa.ForeignKeyConstraint(["lead_article_id"], ["article.id"], name=op.f("fk_story_lead_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        comment="An event, told by several articles.",
    )
    op.create_table(
        "thumbnail",
        sa.Column("image_id", sa.Integer(), nullable=False, comment="picture it was made of"),
        sa.Column(
            "size", sa.Integer(), autoincrement=False, nullable=False, comment="configured bound of the longer side"
        ),
        sa.Column("path", sa.Text(), nullable=False, comment="stored file, below the images folder"),
        sa.Column("width", sa.Integer(), nullable=False, comment="width in pixels"),
        sa.Column("height", sa.Integer(), nullable=False, comment="height in pixels"),
        sa.Column("size_bytes", sa.Integer(), nullable=False, comment="size of the file"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_thumbnail_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "size", name=op.f("pk_thumbnail")),
        comment="A scaled copy of a picture.",
    )
    op.create_table(
        "label",
        sa.Column("analysis_id", sa.Integer(), nullable=False, comment="analysis that it belongs to"),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False, comment="1 for the topic that was chosen"),
        sa.Column("topic", sa.Text(), nullable=False, comment="IPTC Media Topic"),
        sa.Column("score", sa.Float(), nullable=False, comment="how sure the topic is, 0 to 1"),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analysis.id"], name=op.f("fk_label_analysis_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", "rank", name=op.f("pk_label")),
        comment="A topic given to an article by an analysis.",
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_topic"), ["topic"], unique=False)

    op.create_table(
        "story_article",
        sa.Column("article_id", sa.Integer(), nullable=False, comment="article"),
        sa.Column("story_id", sa.Integer(), nullable=False, comment="story that it tells"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_story_article_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_article_story_id")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_story_article")),
        comment="Which story an article tells.",
    )
    with op.batch_alter_table("story_article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_story_article_story_id"), ["story_id"], unique=False)
