"""What to set aside when a stage met a fault of ours: the item that it had in hand, by its kind and key."""

from __future__ import annotations

from aggregator.fetch.pages import VisitedPage
from aggregator.pipeline.flow import Bug
from aggregator.records import (
    ArticleJob,
    FeedToFetch,
    FetchedFeed,
    Harm,
    ImageToFetch,
    ImageUpdate,
    PageToFetch,
    PictureJob,
    QuarantinedItem,
)


def quarantined(bug: Bug) -> QuarantinedItem:
    """Name the item that a stage had in hand when it met a fault of ours."""
    from aggregator.analyze.analyzed import Analyzed  # noqa: PLC0415 - the room is not loaded for a fetch

    item = bug.item.job if isinstance(bug.item, Analyzed) else bug.item
    kind, item_id, url, content = "item", 0, None, None
    if isinstance(item, ArticleJob):
        kind, item_id, content = "article", item.article_id, item.input_hash
    elif isinstance(item, PictureJob):
        kind, item_id, url, content = "image", item.image_id, item.path, item.sha256
    elif isinstance(item, ImageToFetch):
        kind, item_id, url = "image", item.image_id, item.url
    elif isinstance(item, PageToFetch | VisitedPage):
        page = item.page if isinstance(item, VisitedPage) else item
        kind, item_id, url = "page", page.article_id, page.url
    elif isinstance(item, ImageUpdate):
        kind, item_id = "image", item.image_id
    elif isinstance(item, FetchedFeed | FeedToFetch):
        feed = item.feed if isinstance(item, FetchedFeed) else item
        kind, item_id, url = "feed", feed.feed_id, feed.url
    return QuarantinedItem(kind, item_id, url, bug.stage, Harm.BUG, bug.traceback, content)
