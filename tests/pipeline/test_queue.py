"""The bounded queue: its two bounds, its ends, and that nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aggregator.pipeline.abandon import run_abandonable
from aggregator.pipeline.queue import BoundedQueue, Cancelled, Drained, Slot
from pipeline.machine import DEADLINE_S, wait_until

MAX_ITEMS, MAX_BYTES = 3, 10


class Putter(threading.Thread):
    """Puts one item, and says when the queue has let it in or sent it away."""

    def __init__(self, queue: BoundedQueue[int], item: int, size_bytes: int = 0) -> None:
        super().__init__(daemon=True)
        self._queue, self._item, self._size_bytes = queue, item, size_bytes
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._queue.put(self._item, self._size_bytes)
        except (Cancelled, ValueError) as error:
            self.error = error

    @property
    def waits(self) -> bool:
        """Whether the put is still kept waiting, once it had time to end."""
        self.join(0.05)
        return self.is_alive()

    def ends(self) -> bool:
        self.join(DEADLINE_S)
        return not self.is_alive()


def take_one(queue: BoundedQueue[int]) -> Slot[int]:
    (slot,) = run_abandonable(queue.take, DEADLINE_S)
    return slot


def test_items_come_out_in_the_order_they_went_in() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, 10)
    for number in range(5):
        queue.put(number)
    assert [slot.item for slot in queue.take(3) + queue.take(3)] == [0, 1, 2, 3, 4]


def test_put_waits_while_as_many_items_wait_as_may() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2, 100)
    queue.put(1)
    queue.put(2)
    putter = Putter(queue, 3)
    assert putter.waits
    take_one(queue)
    assert putter.ends()
    assert queue.peak_items == 2


def test_bytes_are_in_flight_until_done_and_not_until_taken() -> None:
    queue: BoundedQueue[int] = BoundedQueue(100, 10)
    queue.put(1, 6)
    putter = Putter(queue, 2, 5)
    assert putter.waits
    slot = take_one(queue)
    assert putter.waits
    queue.done(slot)
    assert putter.ends()
    assert queue.peak_bytes == 6


def test_an_item_larger_than_the_bound_passes_alone() -> None:
    queue: BoundedQueue[int] = BoundedQueue(100, 10)
    queue.put(1, 1)
    large, small = Putter(queue, 2, 11), None
    assert large.waits
    queue.done(take_one(queue))
    assert large.ends()
    small = Putter(queue, 3, 1)
    assert small.waits
    queue.done(take_one(queue))
    assert small.ends()
    assert queue.peak_bytes == 11


def test_a_closed_queue_is_emptied_and_then_drained() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, 10)
    queue.put(1)
    queue.close()
    assert take_one(queue).item == 1
    for _ in range(2):
        with pytest.raises(Drained):
            take_one(queue)


def test_a_rest_ends_with_the_stream() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, 10)
    queue.rest(0.001)
    queue.close()
    assert run_abandonable(lambda: queue.rest(2 * DEADLINE_S), DEADLINE_S) is None, "it raises when the rest goes on"


def test_close_wakes_a_taker_that_waits() -> None:
    queue: BoundedQueue[int] = BoundedQueue(10, 10)
    drained = threading.Event()

    def take() -> None:
        with pytest.raises(Drained):
            queue.take()
        drained.set()

    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    queue.close()
    assert drained.wait(DEADLINE_S)
    taker.join(DEADLINE_S)


def test_nothing_enters_a_closed_queue_unnoticed() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1, 10)
    queue.put(1)
    putter = Putter(queue, 2)
    assert putter.waits
    queue.close()
    assert putter.ends()
    assert isinstance(putter.error, ValueError)
    assert len(queue) == 1


def test_cancel_wakes_everybody_and_lets_nobody_in() -> None:
    full: BoundedQueue[int] = BoundedQueue(1, 10)
    full.put(1)
    putter = Putter(full, 2)
    assert putter.waits
    full.cancel()
    assert putter.ends()
    assert isinstance(putter.error, Cancelled)
    with pytest.raises(Cancelled):
        full.put(3)
    with pytest.raises(Cancelled):
        full.take()


def test_the_end_of_an_items_way_travels_with_it() -> None:
    ended: list[int] = []
    queue: BoundedQueue[int] = BoundedQueue(1, 10)
    queue.put(7, on_end=lambda: ended.append(7))
    take_one(queue).on_end()
    assert ended == [7]


class QueueInStep(RuleBasedStateMachine):
    """Any sequence of puts, takes and dones, compared with a plain list. A put that must wait has a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: BoundedQueue[int] = BoundedQueue(MAX_ITEMS, MAX_BYTES)
        self.waiting: deque[tuple[int, int]] = deque()
        self.in_hand: list[Slot[int]] = []
        self.late: tuple[Putter, int, int] | None = None
        self.next_item = 0

    @property
    def bytes_in_flight(self) -> int:
        return sum(size for _, size in self.waiting) + sum(slot.size_bytes for slot in self.in_hand)

    def has_room(self, size: int) -> bool:
        in_flight = self.bytes_in_flight
        return len(self.waiting) < MAX_ITEMS and (in_flight == 0 or in_flight + size <= MAX_BYTES)

    @precondition(lambda self: self.late is None)
    @rule(size=st.integers(0, MAX_BYTES + 2))
    def put(self, size: int) -> None:
        putter = Putter(self.queue, self.next_item, size)
        self.late = (putter, self.next_item, size)
        self.next_item += 1
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        # The late putter may slip in as soon as there is room: only what surely waited is compared in number.
        slots = run_abandonable(lambda: self.queue.take(limit), DEADLINE_S)
        expected = [self.waiting.popleft() for _ in slots]
        assert [(slot.item, slot.size_bytes) for slot in slots] == expected
        assert len(slots) == min(limit, len(slots) + len(self.waiting))
        self.in_hand += slots
        self.settle()

    @precondition(lambda self: self.in_hand)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        slot = self.in_hand.pop(data.draw(st.integers(0, len(self.in_hand) - 1)))
        self.queue.done(slot)
        self.settle()

    def settle(self) -> None:
        """Wait until the late putter is in, if there is room for it."""
        if self.late and self.has_room(self.late[2]):
            putter, item, size = self.late
            assert putter.ends()
            self.waiting.append((item, size))
            self.late = None

    @invariant()
    def a_put_without_room_waits(self) -> None:
        if self.late:
            assert self.late[0].is_alive()

    @invariant()
    def what_waits_is_what_should(self) -> None:
        assert len(self.queue) == len(self.waiting) <= MAX_ITEMS
        assert self.queue.peak_items <= MAX_ITEMS

    def teardown(self) -> None:
        self.queue.cancel()
        if self.late:
            assert self.late[0].ends()


TestQueueInStep = QueueInStep.TestCase
TestQueueInStep.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.generate],  # a failure may mean to wait in vain: once is enough
)


def test_many_threads_lose_and_double_nothing() -> None:
    queue: BoundedQueue[tuple[int, int]] = BoundedQueue(4, 50)
    got: list[tuple[int, int]] = []
    lock = threading.Lock()

    def put(name: int) -> None:
        for number in range(300):
            queue.put((name, number), (name + number) % 70)

    def take() -> None:
        while True:
            try:
                slots = queue.take(3)
            except Drained:
                return
            with lock:
                got.extend(slot.item for slot in slots)
            for slot in slots:
                queue.done(slot)

    putters = [threading.Thread(target=put, args=(name,), daemon=True) for name in range(4)]
    takers = [threading.Thread(target=take, daemon=True) for _ in range(4)]
    for thread in putters + takers:
        thread.start()
    for thread in putters:
        thread.join(DEADLINE_S)
    queue.close()
    wait_until(lambda: not any(thread.is_alive() for thread in takers))
    assert sorted(got) == [(name, number) for name in range(4) for number in range(300)]
    assert queue.peak_items <= 4
    assert queue.peak_bytes <= 69  # the largest item may pass, but alone
