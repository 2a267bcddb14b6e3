"""Feeds that have become the same as another one, which is asked in their place (see `FeedRows.due`)."""

from __future__ import annotations

IS_THE_SAME = """other.subscribed AND other.state <> 'gone' AND other.id <> this.id AND this.moved_url IS NOT NULL
    AND ((other.url = this.moved_url AND other.moved_url IS NULL)
         OR (other.moved_url = this.moved_url AND other.id < this.id))"""
"""SQL: whether the row `other` of the table feed is the one that is asked in the place of the row `this`."""
