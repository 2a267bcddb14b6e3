"""A digest of the content: equal for two databases that hold the same news, however they came to hold it."""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.engine import Connection

_CONTENT = {
    "sightings": """
        SELECT s.feed_url, s.guid, s.url, s.title, s.published_raw, s.published_at,
               a.title, a.summary, a.content, a.author
        FROM sightings s JOIN articles a ON a.id = s.article_id""",
    "labels": """
        SELECT a.url, a.title, a.language, a.topic, ROUND(a.topic_score, 6) FROM articles a""",
    "full texts": """
        SELECT a.url, a.title, a.full_text FROM articles a WHERE a.full_text IS NOT NULL""",
    "revisions": """
        SELECT a.url, r.title, r.summary, r.content FROM revisions r JOIN articles a ON a.id = r.article_id""",
    "images": """
        SELECT url, path, thumbnail, width, height, kind, phash, error FROM images""",
    "pictures of articles": """
        SELECT a.url, a.title, a.feed_url, a.image, a.thumbnail FROM articles a""",
}
"""No ids, no times of ours, no logs: those differ between two runs over the same news."""


def content_digest(connection: Connection) -> str:
    """Return a SHA-256 of entries, articles, labels, revisions and pictures, in an order of their own.

    Stories are not in it: how runs are cut may move an article at the edge of one (docs/decisions/0031).
    """
    digest = hashlib.sha256()
    for name, query in _CONTENT.items():
        rows = sorted(repr(tuple(row)) for row in connection.execute(text(query)))
        digest.update(f"{name} {len(rows)}\n".encode())
        for row in rows:
            digest.update(row.encode() + b"\n")
    return digest.hexdigest()
