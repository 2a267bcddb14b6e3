"""What a polite client remembers, and how entries are recognised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "host",
        sa.Column("name", sa.Text(), nullable=False, comment="host name"),
        sa.Column(
            "rests_until", sa.String(length=19), nullable=True, comment="time before which nothing on it is asked for"
        ),
        sa.Column("strikes", sa.Integer(), nullable=False, comment="lessons since it was last content"),
        sa.Column(
            "spacing_s", sa.Float(), nullable=False, comment="seconds between two requests that it taught, 0 for none"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="what the last lesson was"),
        sa.Column("learned_at", sa.String(length=19), nullable=False, comment="time of the last lesson"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_host")),
        comment="What a host taught that holds for everything on it.",
    )
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text(), nullable=False, comment="scheme, host and port"),
        sa.Column("fetched_at", sa.String(length=19), nullable=False, comment="time of the request"),
        sa.Column("expires_at", sa.String(length=19), nullable=False, comment="time until which it holds"),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status of the answer"),
        sa.Column("rules", sa.Text(), nullable=False, comment="what it says to us and to everybody"),
        sa.Column("refused", sa.Text(), nullable=True, comment="why nothing there may be asked for"),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robots")),
        comment="The robots.txt of a site, which pages are fetched by.",
    )
    op.create_table(
        "feed_document",
        sa.Column("feed_id", sa.Integer(), autoincrement=False, nullable=False, comment="feed whose document it was"),
        sa.Column(
            "slices", sa.LargeBinary(), nullable=False, comment="MessagePack: fingerprint and sighting of each entry"
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_document_feed_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_document")),
        comment="What the document last read of a feed held, so that known entries need not be read again.",
    )
    op.create_table(
        "tombstone",
        sa.Column("feed_id", sa.Integer(), nullable=False, comment="feed that had it"),
        sa.Column(
            "entry_key", sa.Text(), nullable=False, comment="key, of whatever kind, of an entry that must not come back"
        ),
        sa.Column("pruned_at", sa.String(length=19), nullable=False, comment="time when its article was pruned"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_tombstone_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", "entry_key", name=op.f("pk_tombstone")),
        comment="An entry whose article was pruned.",
    )
    op.create_table(
        "page",
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False, comment="article whose page it is"),
        sa.Column("feed_id", sa.Integer(), nullable=False, comment="feed that asks for full text and has the article"),
        sa.Column("url", sa.Text(), nullable=False, comment="address of the page, as the feed gives it"),
        sa.Column(
            "host", sa.Text(), nullable=False, comment="host name of the address, by which politeness is counted"
        ),
        sa.Column(
            "trusted_origin",
            sa.Text(),
            nullable=True,
            comment="origin of the feed, if the page is on it: private addresses are allowed",
        ),
        sa.Column("final_url", sa.Text(), nullable=True, comment="address that answered, if another one"),
        sa.Column("next_fetch_at", sa.String(length=19), nullable=False, comment="earliest time of the next request"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="times that its turn came"),
        sa.Column("gave_up", sa.Boolean(), nullable=False, comment="whether it is not asked for again"),
        sa.Column("error", sa.Text(), nullable=True, comment="why there is no text"),
        sa.Column("last_status", sa.Integer(), nullable=True, comment="HTTP status of the last answer"),
        sa.Column(
            "fetched_at", sa.String(length=19), nullable=True, comment="time of the answer that the text is from"
        ),
        sa.Column("title", sa.Text(), nullable=True, comment="title of the page, plain text"),
        sa.Column("text", sa.Text(), nullable=True, comment="text of the article, plain"),
        sa.Column("extractor", sa.Text(), nullable=True, comment="what read it out of the page: name and version"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_page_article_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_page_feed_id")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_page")),
        comment="The page of an article, fetched for its full text.",
    )
    with op.batch_alter_table("page", schema=None) as batch_op:
        batch_op.create_index(
            "ix_page_wanted",
            ["host", "article_id"],
            unique=False,
            sqlite_where=sa.text("gave_up IS FALSE AND text IS NULL"),
            postgresql_where=sa.text("gave_up IS FALSE AND text IS NULL"),
        )

    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "moved_url",
                sa.Text(),
                nullable=True,
                comment="address that it moved to for good, where it is asked for instead",
            )
        )
        batch_op.add_column(sa.Column("kind", sa.Text(), server_default="feed", nullable=False, comment="feed or api"))
        batch_op.add_column(
            sa.Column(
                "full_text",
                sa.Boolean(),
                server_default="0",
                nullable=False,
                comment="whether pages of its articles are read",
            )
        )
        batch_op.add_column(
            sa.Column(
                "keep_images_s",
                sa.Float(),
                nullable=True,
                comment="how long its pictures are kept, in seconds; empty: as the settings say",
            )
        )
        batch_op.add_column(
            sa.Column(
                "validators_url",
                sa.Text(),
                nullable=True,
                comment="address that gave the validators, and the only one they are sent to",
            )
        )
        batch_op.add_column(
            sa.Column("decided_by", sa.Text(), nullable=True, comment="what decided the time of the next request")
        )
        batch_op.add_column(
            sa.Column(
                "note",
                sa.Text(),
                nullable=True,
                comment="what was left out of the document last read, or not found in it",
            )
        )
        batch_op.add_column(
            sa.Column(
                "memory", sa.Text(), nullable=True, comment="JSON: what the schedule remembers of earlier answers"
            )
        )
        batch_op.add_column(
            sa.Column(
                "overflows", sa.Integer(), server_default="0", nullable=False, comment="times that articles were missed"
            )
        )
        batch_op.create_index(batch_op.f("ix_feed_moved_url"), ["moved_url"], unique=False)

    with op.batch_alter_table("fetch", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.Text(), server_default="feed", nullable=False, comment="feed, page, image or robots")
        )
        batch_op.add_column(
            sa.Column("url", sa.Text(), nullable=True, comment="address that was asked, if not that of the feed")
        )
        batch_op.add_column(
            sa.Column("reason", sa.Text(), server_default="due", nullable=False, comment="why it was asked")
        )
        batch_op.add_column(
            sa.Column(
                "next_fetch_at",
                sa.String(length=19),
                nullable=True,
                comment="earliest time of the next request, as decided then",
            )
        )
        batch_op.add_column(sa.Column("decided_by", sa.Text(), nullable=True, comment="what decided that time"))
        batch_op.add_column(
            sa.Column(
                "overflowed",
                sa.Boolean(),
                server_default="0",
                nullable=False,
                comment="whether articles had been missed",
            )
        )
        batch_op.alter_column("feed_id", existing_type=sa.INTEGER(), nullable=True)
        batch_op.create_index(batch_op.f("ix_fetch_url"), ["url"], unique=False)

    with op.batch_alter_table("image", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "recheck_at",
                sa.String(length=19),
                nullable=True,
                comment="time from which a stored picture is looked at again; empty: never",
            )
        )
        batch_op.add_column(
            sa.Column("etag", sa.Text(), nullable=True, comment="validator to send, byte for byte as received")
        )
        batch_op.add_column(
            sa.Column("last_modified", sa.Text(), nullable=True, comment="validator to send, byte for byte as received")
        )
        batch_op.add_column(
            sa.Column(
                "pruned_at",
                sa.String(length=19),
                nullable=True,
                comment="time when its file was removed to save space; it does not come back",
            )
        )
        batch_op.add_column(
            sa.Column(
                "losses",
                sa.Integer(),
                server_default="0",
                nullable=False,
                comment="times that its stored file was missing",
            )
        )
        batch_op.add_column(
            sa.Column(
                "stands_by",
                sa.Boolean(),
                server_default="0",
                nullable=False,
                comment="whether it need not be looked at until a better picture of its articles fails",
            )
        )
        batch_op.drop_index(batch_op.f("ix_image_gave_up_sha256_next_fetch_at"))
        batch_op.drop_index(batch_op.f("ix_image_picture_model_id_sha256"))
        batch_op.create_index(
            "ix_image_file",
            ["sha256", "size_bytes", "fetched_at"],
            unique=False,
            sqlite_where=sa.text("path IS NOT NULL"),
            postgresql_where=sa.text("path IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_image_rechecked",
            ["host", "next_fetch_at", "id"],
            unique=False,
            sqlite_where=sa.text("recheck_at IS NOT NULL"),
            postgresql_where=sa.text("recheck_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_image_to_see",
            ["picture_model_id", "id"],
            unique=False,
            sqlite_where=sa.text("path IS NOT NULL AND gave_up IS FALSE"),
            postgresql_where=sa.text("path IS NOT NULL AND gave_up IS FALSE"),
        )
        batch_op.create_index(
            "ix_image_wanted",
            ["host", "next_fetch_at", "id"],
            unique=False,
            sqlite_where=sa.text("gave_up IS FALSE AND stands_by IS FALSE AND sha256 IS NULL AND pruned_at IS NULL"),
            postgresql_where=sa.text(
                "gave_up IS FALSE AND stands_by IS FALSE AND sha256 IS NULL AND pruned_at IS NULL"
            ),
        )

    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "alias_key",
                sa.Text(),
                nullable=True,
                comment="its GUID without what sites change, for recognising it under another",
            )
        )
        batch_op.add_column(
            sa.Column(
                "match_key",
                sa.Text(),
                nullable=True,
                comment="hash of title and date, for recognising it when GUID and link have changed",
            )
        )
        batch_op.add_column(
            sa.Column(
                "listed",
                sa.Boolean(),
                server_default="1",
                nullable=False,
                comment="whether the document last read has it",
            )
        )
        batch_op.create_index(batch_op.f("ix_sighting_feed_id_alias_key"), ["feed_id", "alias_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_feed_id_match_key"), ["feed_id", "match_key"], unique=False)
        batch_op.create_index(
            "ix_sighting_listed",
            ["feed_id"],
            unique=False,
            sqlite_where=sa.text("listed IS NOT FALSE"),
            postgresql_where=sa.text("listed IS NOT FALSE"),
        )

    # Every sighting counts as listed now. Those that the last reading of their feed did not renew have left it.
    op.execute("""
        UPDATE sighting SET listed = FALSE
        FROM (SELECT feed_id, MAX(last_seen_at) AS at FROM sighting GROUP BY feed_id) AS latest
        WHERE latest.feed_id = sighting.feed_id AND sighting.last_seen_at < latest.at
    """)
