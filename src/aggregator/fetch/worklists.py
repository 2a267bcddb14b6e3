"""Work lists of the fetch stage: what is due, one host after another. Feeds have theirs here.

They are recomputed from rows. What is handed out was claimed before, durably: a crash costs a wait and never a second
request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Generic, TypeVar

from aggregator.fetch.parts import FetchParts
from aggregator.fetch.politeness import HostGate, WaitingRoom
from aggregator.fetch.schedule import claim_until, is_unwelcome
from aggregator.records import FeedToFetch

T = TypeVar("T")

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
        self._host_of: Callable[[T], str] = host_of
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
        now_s = self._monotonic()
        may_grow = self._more_may_come() or self._taken != self._done
        self._waiting.drop(partial(self._gate.rests, now_s=now_s))
        items = self._waiting.take(limit, self._gate, now_s)
        is_last_look = not items and not self._waiting and not may_grow
        if len(items) < limit and (now_s >= self._look_again_at_s or is_last_look):
            self._look(now_s, items)
            items += self._waiting.take(limit - len(items), self._gate, now_s)
            if is_last_look and not items and not self._waiting:
                self.ended = True
                return None
        if items:
            self._taken += len(items)
            self._claim(items)
        return items

    def _look(self, now_s: float, in_hand: Sequence[T]) -> None:
        """Look for more in the rows, as much as there is room for; what is in hand is not claimed yet.

        Hosts share half of the window, and the rest is for hosts to come: one that is slow must not hold up others.
        """
        present = {self._id_of(item) for item in [*in_hand, *self._waiting.items()]}
        room = WINDOW - len(present)
        found = [item for item in self._load(room, present) if not self._gate.rests(self._host_of(item), now_s)]
        hosts = {self._host_of(item) for item in found}
        added = self._waiting.add(found, at_most=max(2 * self._gate.per_host, WINDOW // 2 // max(len(hosts), 1)))
        self._look_again_at_s = now_s if 2 * added >= room > 0 else now_s + LOOK_EVERY_S


def feeds_due(parts: FetchParts) -> PoliteWorkList[FeedToFetch]:
    """Return the feeds that are due at this moment; each is handed out once, however short its interval."""
    started_at = parts.clock.now()

    def load(limit: int, excluding: Collection[int]) -> list[FeedToFetch]:
        with parts.read() as transaction:
            found = transaction.feeds.due(started_at, limit, excluding)
        now = parts.clock.now()
        return [feed for feed in found if not is_unwelcome(feed, now)]

    def claim(feeds: Sequence[FeedToFetch]) -> None:
        now = parts.clock.now()
        until = [claim_until(feed, now, parts.limits) for feed in feeds]
        parts.writer.call(lambda transaction: transaction.feeds.claim(feeds, until))

    return PoliteWorkList(
        load=load,
        claim=claim,
        id_of=lambda feed: feed.feed_id,
        host_of=lambda feed: feed.host,
        gate=parts.gate,
        monotonic=parts.monotonic,
        more_may_come=lambda: False,
    )
