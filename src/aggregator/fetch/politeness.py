"""Who may be asked now: requests at a time and spacing for each host, and fairness between hosts.

Nothing here waits or reads a clock; the time is an argument, in seconds of a clock that never goes back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Host:
    admitted: int = 0
    """let through, and not yet begun"""
    busy: int = 0
    """begun, and not yet ended"""
    next_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Manners:
    """What a host taught: its own spacing, and until when it rests."""

    spacing_s: float = 0.0
    rests_until_s: float = 0.0


_ORDINARY = _Manners()


class HostGate:
    """Counts the requests under way to each host, for feeds and pictures alike. Any thread may ask it."""

    def __init__(self, per_host: int, spacing_s: float) -> None:
        """Allow `per_host` requests at a time, and one start every `spacing_s`."""
        self.per_host = per_host
        self._spacing_s = spacing_s
        self._hosts: dict[str, _Host] = {}
        self._manners: dict[str, _Manners] = {}
        self._resting: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def space(self, host: str, spacing_s: float) -> None:
        """Keep requests to `host` at least so far apart; the widest spacing that was ever asked for holds."""
        with self._lock:
            known = self._manners.get(host, _ORDINARY)
            self._manners[host] = replace(known, spacing_s=max(known.spacing_s, spacing_s))

    def rest(self, host: str, until_s: float) -> None:
        """Admit nothing to `host` before `until_s`; the longest rest holds."""
        with self._lock:
            known = self._manners.get(host, _ORDINARY)
            self._manners[host] = replace(known, rests_until_s=max(known.rests_until_s, until_s))

    def rests(self, host: str, now_s: float) -> bool:
        """Tell whether nothing may be asked of `host` at present."""
        return self.rest_left_s(host, now_s) > 0

    def rest_left_s(self, host: str, now_s: float) -> float:
        """Return for how many seconds nothing may be asked of `host`; 0 if it does not rest."""
        with self._lock:
            return max(self._manners.get(host, _ORDINARY).rests_until_s - now_s, 0.0)

    def admit(self, host: str, now_s: float) -> bool:
        """Return whether a request to `host` may start now; if so it is counted, and `begin` and `end` must follow.

        With a spacing, nobody is admitted while another has been admitted and not begun: two that waited together for
        a free thread would otherwise start together.
        """
        with self._lock:
            self._forget_rested(now_s)
            state = self._hosts.setdefault(host, _Host())
            manners = self._manners.get(host, _ORDINARY)
            if state.admitted + state.busy >= self.per_host or now_s < max(state.next_at_s, manners.rests_until_s):
                return False
            if self._spacing_of(host) > 0 and state.admitted:
                return False
            state.admitted += 1
            return True

    def begin(self, host: str, now_s: float) -> None:
        """Note that an admitted request starts."""
        with self._lock:
            state = self._hosts[host]
            state.admitted -= 1
            state.busy += 1
            state.next_at_s = now_s + self._spacing_of(host)

    def forgo(self, host: str, now_s: float) -> None:
        """Give an admission back: what was admitted will not be asked for after all."""
        with self._lock:
            state = self._hosts[host]
            state.admitted -= 1
            if state.admitted + state.busy == 0:
                self._resting.append((state.next_at_s, host))
            self._forget_rested(now_s)

    def begin_unasked(self, host: str, now_s: float) -> float | None:
        """Count a request that nobody admitted, such as one that a redirect leads to; then `end` must follow.

        Return how many seconds to wait before it starts: it takes its place in the spacing. None if as many as may be
        are under way: ask again. Only those that have begun count, because they end by themselves, whoever waits here.
        """
        with self._lock:
            state = self._hosts.setdefault(host, _Host())
            if state.busy >= self.per_host:
                return None
            state.busy += 1
            starts_at_s = max(now_s, state.next_at_s)
            state.next_at_s = starts_at_s + self._spacing_of(host)
            return starts_at_s - now_s

    def end(self, host: str, now_s: float) -> None:
        """Note that a request ended. A host that is idle is forgotten once it is due, so that memory does not grow."""
        with self._lock:
            state = self._hosts[host]
            state.busy -= 1
            if state.admitted + state.busy == 0:
                self._resting.append((state.next_at_s, host))
            self._forget_rested(now_s)

    def _spacing_of(self, host: str) -> float:
        return max(self._spacing_s, self._manners.get(host, _ORDINARY).spacing_s)

    def _forget_rested(self, now_s: float) -> None:
        while self._resting and self._resting[0][0] <= now_s:
            _, host = self._resting.popleft()
            state = self._hosts.get(host)
            if state is not None and state.admitted + state.busy == 0 and state.next_at_s <= now_s:
                del self._hosts[host]


class WaitingRoom(Generic[T]):
    """Items that wait for their host, taken from one host after another. Used by one thread."""

    def __init__(self, host_of: Callable[[T], str]) -> None:
        """Sort items by `host_of`."""
        self._host_of = host_of
        self._by_host: dict[str, deque[T]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return self._count

    def items(self) -> list[T]:
        """Return all waiting items."""
        return [item for waiting in self._by_host.values() for item in waiting]

    def add(self, items: Sequence[T], at_most: int) -> int:
        """Let `items` wait, each behind the others of its host, `at_most` of each; return how many do."""
        before = self._count
        for item in items:
            waiting = self._by_host.setdefault(self._host_of(item), deque())
            if len(waiting) < at_most:
                waiting.append(item)
                self._count += 1
        return self._count - before

    def drop(self, unwanted: Callable[[str], bool]) -> None:
        """Let the items of unwanted hosts wait no longer."""
        for host in [host for host in self._by_host if unwanted(host)]:
            self._count -= len(self._by_host.pop(host))

    def take(self, limit: int, gate: HostGate, now_s: float) -> list[T]:
        """Return at most `limit` items whose host admits them, at most one of each host in a round."""
        taken: list[T] = []
        willing = list(self._by_host)
        while willing and len(taken) < limit:
            still_willing = []
            for host in willing:
                if len(taken) == limit:
                    break
                if not gate.admit(host, now_s):
                    continue
                waiting = self._by_host.pop(host)
                taken.append(waiting.popleft())
                if waiting:
                    # Put back at the end: next time the others come first.
                    self._by_host[host] = waiting
                    still_willing.append(host)
            willing = still_willing
        self._count -= len(taken)
        return taken
