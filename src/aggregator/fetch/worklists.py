"""The two work lists of the fetch stage: feeds that are due, and pictures that are still to be had.

Both are recomputed from rows. What is handed out was claimed before, durably: a crash costs a wait and never a second
request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from aggregator.fetch.images import CLAIM
from aggregator.fetch.politeness import HostGate, WaitingRoom
from aggregator.fetch.schedule import claim_until
from aggregator.ports import Clock, Reader, StoreTransaction, Writer
from aggregator.records import FeedToFetch, ImageToFetch

T = TypeVar("T", FeedToFetch, ImageToFetch)

WINDOW = 500
"""Items that wait in memory for their host, at most."""

LOOK_EVERY_S = 0.25
"""How long a look at the rows is good for, when it found less than there is room for."""


class PoliteWorkList(Generic[T]):
    """Items whose host admits them, from a window over the rows, claimed before they are handed out.

    Taken from by one thread; `done` may be called by any other.
    """

    def __init__(
        self,
        *,
        load: Callable[[int, Collection[int]], list[T]],
        claim: Callable[[Sequence[T]], None],
        id_of: Callable[[T], int],
        host_of: Callable[[T], str],
        gate: HostGate,
        monotonic: Callable[[], float],
        more_may_come: Callable[[], bool],
    ) -> None:
        """Hand out what `load` finds. The list ends once it finds nothing and `more_may_come` is false."""
        self._load: Callable[[int, Collection[int]], list[T]] = load
        self._claim: Callable[[Sequence[T]], None] = claim
        self._id_of: Callable[[T], int] = id_of
        self._waiting: WaitingRoom[T] = WaitingRoom(host_of)
        self._gate = gate
        self._monotonic = monotonic
        self._more_may_come = more_may_come
        self._look_again_at_s = 0.0
        self._taken = 0
        self._done = 0
        self.ended = False

    @property
    def finished(self) -> bool:
        """Whether everything that was on the list has been worked on and committed."""
        return self.ended and self._taken == self._done

    def done(self, _item: object) -> None:
        """Note that an item's outcome is committed. Called by one thread, the writer's."""
        self._done += 1

    def take(self, limit: int) -> Sequence[T] | None:
        """Return items that may be asked for now; none while their hosts must wait; None when there are no more."""
        may_grow = self._more_may_come() or self._taken != self._done
        looked = self._refill(limit, may_grow=may_grow)
        if looked and not self._waiting and not may_grow:
            self.ended = True
            return None
        items = self._waiting.take(limit, self._gate, self._monotonic())
        if items:
            self._taken += len(items)
            self._claim(items)
        return items

    def _refill(self, limit: int, *, may_grow: bool) -> bool:
        """Look for more in the rows, where there is room and it may be worth it; return whether they were looked at.

        Of one host no more may wait than it will be asked for soon, or one slow host would fill the whole window.
        """
        now_s = self._monotonic()
        is_last_look = not self._waiting and not may_grow
        if len(self._waiting) >= limit or (now_s < self._look_again_at_s and not is_last_look):
            return False
        present = {self._id_of(item) for item in self._waiting.items()}
        found = self._load(WINDOW - len(present), present)
        added = self._waiting.add(found, at_most=2 * self._gate.per_host)
        self._look_again_at_s = now_s if added == WINDOW - len(present) else now_s + LOOK_EVERY_S
        return True


def feeds_due(
    *,
    read: Reader,
    writer: Writer[StoreTransaction],
    gate: HostGate,
    clock: Clock,
    min_interval_s: float,
    monotonic: Callable[[], float],
) -> PoliteWorkList[FeedToFetch]:
    """Return the feeds that are due at this moment; each is handed out once, however short its interval."""
    started_at = clock.now()

    def load(limit: int, excluding: Collection[int]) -> list[FeedToFetch]:
        with read() as transaction:
            return transaction.feeds.due(started_at, limit, excluding)

    def claim(feeds: Sequence[FeedToFetch]) -> None:
        until = [claim_until(feed, clock.now(), min_interval_s) for feed in feeds]
        writer.call(partial(_claim_feeds, feeds, until))

    return PoliteWorkList(
        load=load,
        claim=claim,
        id_of=lambda feed: feed.feed_id,
        host_of=lambda feed: feed.host,
        gate=gate,
        monotonic=monotonic,
        more_may_come=lambda: False,
    )


def images_due(
    *,
    read: Reader,
    writer: Writer[StoreTransaction],
    gate: HostGate,
    clock: Clock,
    monotonic: Callable[[], float],
    more_may_come: Callable[[], bool],
) -> PoliteWorkList[ImageToFetch]:
    """Return the pictures to be had, those included that articles name while the list is worked on."""

    def load(limit: int, excluding: Collection[int]) -> list[ImageToFetch]:
        with read() as transaction:
            return transaction.images.due(clock.now(), limit, excluding)

    def claim(images: Sequence[ImageToFetch]) -> None:
        until = clock.now() + CLAIM
        writer.call(partial(_claim_images, images, [until] * len(images)))

    return PoliteWorkList(
        load=load,
        claim=claim,
        id_of=lambda image: image.image_id,
        host_of=lambda image: image.host,
        gate=gate,
        monotonic=monotonic,
        more_may_come=more_may_come,
    )


def _claim_feeds(feeds: Sequence[FeedToFetch], until: Sequence[datetime], transaction: StoreTransaction) -> None:
    transaction.feeds.claim(feeds, until)


def _claim_images(images: Sequence[ImageToFetch], until: Sequence[datetime], transaction: StoreTransaction) -> None:
    transaction.images.claim(images, until)
