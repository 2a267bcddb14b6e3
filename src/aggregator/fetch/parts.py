"""What the three halves of the fetch stage (feeds, pages, pictures) are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aggregator.config import FetchSettings
from aggregator.fetch.asking import Asker
from aggregator.fetch.moves import same_place
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.schedule import Limits
from aggregator.ports import Clock, Writer
from aggregator.records import ApiRecipe, FeedToFetch, Subscription
from aggregator.store_ports import Blobs, Reader, StoreTransaction


@dataclass(frozen=True, slots=True)
class FetchParts:
    """What the stage is made of; `app` picks the parts.

    `gate` and `asker` are those that feeds, pages and pictures share. `monotonic` measures seconds.
    """

    settings: FetchSettings
    subscriptions: Mapping[str, Subscription]
    asker: Asker
    gate: HostGate
    blobs: Blobs
    read: Reader
    writer: Writer[StoreTransaction]
    clock: Clock
    monotonic: Callable[[], float]
    parse_workers: int
    wants_pages: bool = False

    def recipe_of(self, feed: FeedToFetch) -> ApiRecipe | None:
        """Return how to read a feed that is an API; None for what is a feed by itself."""
        subscription = self.subscriptions.get(feed.url)
        return subscription.api if subscription is not None else None

    def trusted_with(self, feed: FeedToFetch) -> Subscription | None:
        """Return the subscription whose headers, password and key may go along; None where the feed has moved away."""
        return self.subscriptions.get(feed.url) if same_place(feed.url, feed.asked_url) else None

    def query_of(self, feed: FeedToFetch) -> tuple[tuple[str, str], ...]:
        """Return the secret parameters that the URL of a feed is asked with."""
        subscription = self.trusted_with(feed)
        return subscription.query if subscription is not None else ()

    @property
    def limits(self) -> Limits:
        """The shortest and the longest time between two requests for a feed."""
        return Limits(self.settings.min_interval_s, self.settings.max_interval_s)
