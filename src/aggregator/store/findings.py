"""The tables of what the analysis found: models, labels, corrections, keywords, stories. `schema` has the others."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from aggregator.store.columns import UtcText, key_column, metadata, reference


def _of_article(comment: str) -> Column[int]:
    target = ForeignKey("article.id", ondelete="CASCADE")
    return Column("article_id", Integer, target, primary_key=True, autoincrement=False, comment=comment)


model = Table(
    "model",
    metadata,
    key_column(),
    Column("kind", Text, nullable=False, comment="text, picture or vision"),
    Column("name", Text, nullable=False, comment="name of the method"),
    Column("version", Text, nullable=False, comment="a hash of all that its answers depend on"),
    Column("created_at", UtcText, nullable=False, comment="time of its first use"),
    Column("language", Text, comment="language that it is for, if for one alone"),
    Column("file", Text, comment="its file, below the folder of models, if it was trained here"),
    Column("sha256", Text, comment="hash of that file"),
    Column("details", Text, comment="JSON: what it was trained on, and how well it does"),
    Column("retired_at", UtcText, comment="time from which no new article is labelled by it"),
    UniqueConstraint("kind", "name", "version"),
    comment="A method that produced analyses.",
)

training = Table(
    "training",
    metadata,
    key_column(),
    Column("language", Text, nullable=False, comment="language whose topics were learnt"),
    Column("tried_at", UtcText, nullable=False, comment="time of the training"),
    Column("articles", Integer, nullable=False, comment="articles that there were in this language"),
    Column("last_correction", Text, comment="hash of the corrections that there were"),
    Column("is_adopted", Boolean, nullable=False, comment="whether the new model took the place of the old"),
    Column("reason", Text, nullable=False, comment="why, or why not"),
    Column("report", Text, nullable=False, comment="JSON: what was measured"),
    Index(None, "language", "tried_at"),
    comment="An attempt to learn topics from the articles.",
)

analysis = Table(
    "analysis",
    metadata,
    key_column(),
    Column(
        "article_id",
        Integer,
        ForeignKey("article.id", ondelete="CASCADE"),
        nullable=False,
        comment="article that was analysed",
    ),
    reference("model", "method that did it"),
    Column(
        "input_hash",
        Text,
        nullable=False,
        comment="content_hash of the text that was analysed, and the category of its feeds",
    ),
    Column("language", Text, comment="ISO 639-1 code of the language"),
    Column("language_score", Float, nullable=False, comment="how sure the language is, 0 to 1"),
    Column("analyzed_at", UtcText, nullable=False, comment="time of the analysis"),
    UniqueConstraint("article_id"),
    Index(None, "model_id"),
    Index(None, "language"),
    comment="What the text of an article told, by one method.",
)

label = Table(
    "label",
    metadata,
    Column(
        "analysis_id",
        Integer,
        ForeignKey("analysis.id", ondelete="CASCADE"),
        primary_key=True,
        comment="analysis that it belongs to",
    ),
    Column("rank", Integer, primary_key=True, autoincrement=False, comment="1 for the topic that was chosen"),
    Column("topic", Text, nullable=False, comment="IPTC Media Topic, or one of the user's own"),
    Column("score", Float, nullable=False, comment="how sure the topic is, 0 to 1"),
    Column(
        "is_unsure", Boolean, nullable=False, server_default="0", comment="whether the score is below the threshold"
    ),
    Index(None, "topic"),
    comment="A topic given to an article by an analysis.",
)

Index("ix_label_unsure", label.c.analysis_id, sqlite_where=label.c.is_unsure, postgresql_where=label.c.is_unsure)

correction = Table(
    "correction",
    metadata,
    _of_article("article whose topic it is"),
    Column("topic", Text, nullable=False, comment="topic that the article really has"),
    Column(
        "made_at", UtcText, nullable=False, server_default=text("CURRENT_TIMESTAMP"), comment="time when it was said"
    ),
    comment="A topic that a person gave to an article. Your own SQL may write to it: article_id and topic.",
)

keyword = Table(
    "keyword",
    metadata,
    _of_article("article that it tells about"),
    Column("rank", Integer, primary_key=True, autoincrement=False, comment="1 for the weightiest"),
    Column("term", Text, nullable=False, comment="word or phrase, as the article writes it"),
    Column("score", Float, nullable=False, comment="its weight among those of the article, 0 to 1"),
    Index(None, "term"),
    comment="A word or phrase that tells what an article is about.",
)

story = Table(
    "story",
    metadata,
    key_column(),
    Column("title", Text, nullable=False, comment="headline of its lead article"),
    reference("article", "article that leads it", name="lead_article_id", nullable=True),
    Column("first_at", UtcText, nullable=False, comment="time of its first article"),
    Column("last_at", UtcText, nullable=False, comment="time of its last article"),
    Column("language", Text, comment="ISO 639-1 code of the language of all its articles"),
    Column("size", Integer, nullable=False, server_default="0", comment="number of articles"),
    Column("sources", Integer, nullable=False, server_default="0", comment="number of feeds"),
    Column("merged_into", Integer, comment="story that it turned out to be part of"),
    Column("merged_at", UtcText, comment="time when that turned out"),
    Index(None, "last_at"),
    Index(None, "merged_into"),
    Index(None, "lead_article_id"),
    comment="An event, told by one article or several.",
)

story_article = Table(
    "story_article",
    metadata,
    Column("article_id", Integer, ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, comment="article"),
    reference("story", "story that it tells"),
    Column(
        "similarity", Float, nullable=False, server_default="0", comment="cosine to the middle of the story, 0 to 1"
    ),
    Column("duplicate_of", Integer, comment="earliest article that says nearly the same, word for word"),
    Index(None, "story_id"),
    Index(None, "duplicate_of"),
    comment="Which story an article tells.",
)

picture_label = Table(
    "picture_label",
    metadata,
    Column(
        "image_id",
        Integer,
        ForeignKey("image.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="picture that was labelled",
    ),
    Column("rank", Integer, primary_key=True, autoincrement=False, comment="1 for the likeliest"),
    reference("model", "image model that gave it"),
    Column("label", Text, nullable=False, comment="what the model calls it"),
    Column("score", Float, nullable=False, comment="how sure it is, 0 to 1"),
    Index(None, "label"),
    comment="What the user's own image model saw in a picture.",
)
