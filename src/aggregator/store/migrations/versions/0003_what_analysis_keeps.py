"""What analysis that people can trust has to keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the schema from the revision before to this one."""
    op.create_table(
        "training",
        sa.Column("id", sa.Integer(), nullable=False, comment="key"),
        sa.Column("language", sa.Text(), nullable=False, comment="language whose topics were learnt"),
        sa.Column("tried_at", sa.String(length=19), nullable=False, comment="time of the training"),
        sa.Column("articles", sa.Integer(), nullable=False, comment="articles that there were in this language"),
        sa.Column(
            "last_correction",
            sa.Text(),
            nullable=True,
            comment="hash of the corrections that there were",
        ),
        sa.Column(
            "is_adopted", sa.Boolean(), nullable=False, comment="whether the new model took the place of the old"
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why, or why not"),
        sa.Column("report", sa.Text(), nullable=False, comment="JSON: what was measured"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training")),
        comment="An attempt to learn topics from the articles.",
    )
    op.create_index(op.f("ix_training_language_tried_at"), "training", ["language", "tried_at"], unique=False)

    op.create_table(
        "correction",
        sa.Column("article_id", sa.Integer(), autoincrement=False, nullable=False, comment="article whose topic it is"),
        sa.Column("topic", sa.Text(), nullable=False, comment="topic that the article really has"),
        sa.Column(
            "made_at",
            sa.String(length=19),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
            comment="time when it was said",
        ),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_correction_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_correction")),
        comment="A topic that a person gave to an article. Your own SQL may write to it: article_id and topic.",
    )
    op.create_table(
        "keyword",
        sa.Column(
            "article_id", sa.Integer(), autoincrement=False, nullable=False, comment="article that it tells about"
        ),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False, comment="1 for the weightiest"),
        sa.Column("term", sa.Text(), nullable=False, comment="word or phrase, as the article writes it"),
        sa.Column("score", sa.Float(), nullable=False, comment="its weight among those of the article, 0 to 1"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_keyword_article_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "rank", name=op.f("pk_keyword")),
        comment="A word or phrase that tells what an article is about.",
    )
    op.create_index(op.f("ix_keyword_term"), "keyword", ["term"], unique=False)

    op.create_table(
        "picture_label",
        sa.Column("image_id", sa.Integer(), autoincrement=False, nullable=False, comment="picture that was labelled"),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False, comment="1 for the likeliest"),
        sa.Column("model_id", sa.Integer(), nullable=False, comment="image model that gave it"),
        sa.Column("label", sa.Text(), nullable=False, comment="what the model calls it"),
        sa.Column("score", sa.Float(), nullable=False, comment="how sure it is, 0 to 1"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_picture_label_image_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name=op.f("fk_picture_label_model_id")),
        sa.PrimaryKeyConstraint("image_id", "rank", name=op.f("pk_picture_label")),
        comment="What the user's own image model saw in a picture.",
    )
    op.create_index(op.f("ix_picture_label_label"), "picture_label", ["label"], unique=False)

    op.create_index(op.f("ix_analysis_language"), "analysis", ["language"], unique=False)

    op.add_column(
        "article", sa.Column("tags", sa.Text(), nullable=True, comment="JSON array: what the publisher files it under")
    )
    op.add_column(
        "article",
        sa.Column(
            "told_hash",
            sa.Text(),
            nullable=True,
            comment="content_hash of the text that was last compared with others to find its story",
        ),
    )
    op.create_index(
        "ix_article_untold",
        "article",
        ["effective_at"],
        unique=False,
        sqlite_where=sa.text("analysis_id IS NOT NULL AND article.told_hash IS NOT article.content_hash"),
        postgresql_where=sa.text("analysis_id IS NOT NULL AND article.told_hash IS DISTINCT FROM article.content_hash"),
    )

    op.add_column("image", sa.Column("colour", sa.Text(), nullable=True, comment="dominant colour, #rrggbb"))
    op.add_column(
        "image",
        sa.Column(
            "blurhash",
            sa.Text(),
            nullable=True,
            comment="BlurHash: a few characters from which a blurred picture is drawn while it loads",
        ),
    )
    op.add_column(
        "image",
        sa.Column(
            "shows",
            sa.Text(),
            nullable=True,
            comment="what is pictured: photo, graphic, chart or map, logo, screenshot of text",
        ),
    )
    op.add_column("image", sa.Column("shows_score", sa.Float(), nullable=True, comment="how sure that is, 0 to 1"))
    op.add_column(
        "image",
        sa.Column("junk", sa.Text(), nullable=True, comment="why it is not chosen as the picture of an article"),
    )

    op.add_column(
        "label",
        sa.Column(
            "is_unsure",
            sa.Boolean(),
            server_default="0",
            nullable=False,
            comment="whether the score is below the threshold",
        ),
    )

    op.add_column(
        "model", sa.Column("language", sa.Text(), nullable=True, comment="language that it is for, if for one alone")
    )
    op.add_column(
        "model",
        sa.Column(
            "file", sa.Text(), nullable=True, comment="its file, below the folder of models, if it was trained here"
        ),
    )
    op.add_column("model", sa.Column("sha256", sa.Text(), nullable=True, comment="hash of that file"))
    op.add_column(
        "model",
        sa.Column("details", sa.Text(), nullable=True, comment="JSON: what it was trained on, and how well it does"),
    )
    op.add_column(
        "model",
        sa.Column(
            "retired_at",
            sa.String(length=19),
            nullable=True,
            comment="time from which no new article is labelled by it",
        ),
    )

    op.add_column(
        "story",
        sa.Column("language", sa.Text(), nullable=True, comment="ISO 639-1 code of the language of all its articles"),
    )
    op.add_column(
        "story", sa.Column("size", sa.Integer(), server_default="0", nullable=False, comment="number of articles")
    )
    op.add_column(
        "story", sa.Column("sources", sa.Integer(), server_default="0", nullable=False, comment="number of feeds")
    )
    op.add_column(
        "story", sa.Column("merged_into", sa.Integer(), nullable=True, comment="story that it turned out to be part of")
    )
    op.add_column(
        "story", sa.Column("merged_at", sa.String(length=19), nullable=True, comment="time when that turned out")
    )
    op.create_index(op.f("ix_story_last_at"), "story", ["last_at"], unique=False)
    op.create_index(op.f("ix_story_lead_article_id"), "story", ["lead_article_id"], unique=False)
    op.create_index(op.f("ix_story_merged_into"), "story", ["merged_into"], unique=False)

    op.add_column(
        "story_article",
        sa.Column(
            "similarity",
            sa.Float(),
            server_default="0",
            nullable=False,
            comment="cosine to the middle of the story, 0 to 1",
        ),
    )
    op.add_column(
        "story_article",
        sa.Column(
            "duplicate_of",
            sa.Integer(),
            nullable=True,
            comment="earliest article that says nearly the same, word for word",
        ),
    )
    op.create_table(
        "phash_quarter",
        sa.Column(
            "quarter",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="which four of its digits, 0 to 3",
        ),
        sa.Column("digits", sa.Text(), nullable=False, comment="these digits"),
        sa.Column("image_id", sa.Integer(), nullable=False, comment="picture whose hash it is"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_phash_quarter_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("quarter", "digits", "image_id", name=op.f("pk_phash_quarter")),
        comment="A quarter of a perceptual hash: two that differ in few bits nearly agree in one of their quarters.",
    )
    op.create_index(op.f("ix_phash_quarter_image_id"), "phash_quarter", ["image_id"], unique=False)
    op.create_index(op.f("ix_story_article_duplicate_of"), "story_article", ["duplicate_of"], unique=False)
    op.create_index(
        "ix_label_unsure",
        "label",
        ["analysis_id"],
        unique=False,
        sqlite_where=sa.text("is_unsure"),
        postgresql_where=sa.text("is_unsure"),
    )
    op.create_index(op.f("ix_image_sha256"), "image", ["sha256"], unique=False)
    op.create_index(
        "ix_image_junk",
        "image",
        ["junk"],
        unique=False,
        sqlite_where=sa.text("junk IS NOT NULL"),
        postgresql_where=sa.text("junk IS NOT NULL"),
    )
    op.execute(
        "UPDATE story SET size = (SELECT COUNT(*) FROM story_article s WHERE s.story_id = story.id), "
        "sources = (SELECT COUNT(DISTINCT a.feed_id) FROM story_article s JOIN article a ON a.id = s.article_id "
        "WHERE s.story_id = story.id)"
    )
