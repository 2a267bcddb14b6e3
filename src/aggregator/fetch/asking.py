"""Asking a server for something under the manners of its host. Runs in threads.

    turn at the host ─▶ HttpClient.get ─▶ what the answer teaches about the host ─▶ Download
           ▲                  │ redirect
           └──────────────────┘ a turn at the next host

The first turn was given out by the work list. A redirect leads to a host that nobody was admitted to: the turn at the
first one ends, then the next is waited for, so that no thread ever holds one turn and waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from aggregator.fetch.hosts import BURST_WITHIN, forgiven, is_forbidden, lesson_after
from aggregator.fetch.http import HttpClient
from aggregator.fetch.politeness import HostGate
from aggregator.fetch.request import HttpRequest
from aggregator.ports import Clock, Writer
from aggregator.records import Download, HostLesson, Outcome
from aggregator.store_ports import StoreTransaction

LOOK_AGAIN_S = 0.05
"""How long to wait before asking again whether one of a host's requests has ended."""


LONGEST_WAIT_S = 300.0
"""How long a thread waits for its turn at most: with the widest spacing, behind four others."""


class NoTurnError(Exception):
    """The host that would be asked next cannot be asked now; the text says why, `again_s` in how many seconds."""

    def __init__(self, reason: str, again_s: float | None = None) -> None:
        """Say why there is no turn."""
        super().__init__(reason)
        self.again_s = again_s


class HostSchool:
    """What hosts taught, kept for as long as the run, and in the database for the next. Any thread may ask."""

    def __init__(
        self,
        lessons: Iterable[HostLesson],
        *,
        gate: HostGate,
        writer: Writer[StoreTransaction],
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        """Start from what earlier runs learned."""
        self._gate = gate
        self._writer = writer
        self._clock = clock
        self._monotonic = monotonic
        self._lessons = {lesson.host: forgiven(lesson, clock.now()) for lesson in lessons}
        self._forbidden: dict[str, dict[str, datetime]] = {}
        self._lock = threading.Lock()
        for lesson in self._lessons.values():
            self._teach_gate(lesson)

    def learn(self, host: str, download: Download) -> None:
        """Take in an answer: a lesson holds at once for everybody, and for later runs."""
        now = self._clock.now()
        with self._lock:
            forbidden = self._count_forbidden(host, download.final_url, now) if is_forbidden(download) else 0
            lesson = lesson_after(self._lessons.get(host), host, download, now, forbidden=forbidden)
            if lesson is None:
                return
            self._lessons[host] = lesson
            self._teach_gate(lesson)
        self._writer.call(partial(_keep, lesson))

    def _count_forbidden(self, host: str, url: str, now: datetime) -> int:
        """Count the URLs of a host that were refused within the hour."""
        times = self._forbidden.setdefault(host, {})
        times[url] = now
        for old in [one for one, at in times.items() if now - at > BURST_WITHIN]:
            del times[old]
        return len(times)

    def _teach_gate(self, lesson: HostLesson) -> None:
        self._gate.space(lesson.host, lesson.spacing_s)
        if lesson.rests_until is not None:
            rest_s = (lesson.rests_until - self._clock.now()).total_seconds()
            self._gate.rest(lesson.host, self._monotonic() + rest_s)


def _keep(lesson: HostLesson, transaction: StoreTransaction) -> None:
    transaction.hosts.learn(lesson)


class Asker:
    """Gets things from hosts that have admitted us. Safe for threads.

    `pause` waits for some seconds, and returns true if the run is to end instead.
    """

    def __init__(
        self,
        client: HttpClient,
        *,
        gate: HostGate,
        school: HostSchool,
        clock: Clock,
        monotonic: Callable[[], float],
        pause: Callable[[float], object],
    ) -> None:
        """Take the parts."""
        self._client = client
        self._gate = gate
        self._school = school
        self._clock = clock
        self._monotonic = monotonic
        self._pause = pause

    def ask(self, request: HttpRequest, host: str, *, admitted: bool = True) -> Download:
        """Get what `request` names from `host`, which has admitted it; if nobody asked the host, wait for a turn."""
        turn = _Turn(self._gate, self._monotonic, self._pause)
        now = self._clock.now()
        try:
            if admitted:
                turn.begin(host)
            else:
                turn.move_on(host)
            download = self._client.get(replace(request, before_hop=turn.move_on), now)
        except NoTurnError as error:
            again = None if error.again_s is None else f"{error.again_s:.0f}"
            return Download(request.url, request.url, Outcome.RESTING, now, 0.0, retry_after=again, error=str(error))
        finally:
            turn.end()
        self._school.learn(turn.last_host, download)
        return download


class _Turn:
    """The place of one exchange at the hosts that it visits, one after another."""

    def __init__(self, gate: HostGate, monotonic: Callable[[], float], pause: Callable[[float], object]) -> None:
        self._gate = gate
        self._monotonic = monotonic
        self._pause = pause
        self._host = ""
        self.last_host = ""

    def begin(self, host: str) -> None:
        """Take the turn that the work list was given."""
        self._gate.begin(host, self._monotonic())
        self._host = self.last_host = host

    def move_on(self, host: str) -> None:
        """Leave the present host and wait for a turn at `host`. Raises NoTurnError where that would take too long."""
        self.end()
        rest_s = self._gate.rest_left_s(host, self._monotonic())
        if rest_s > 0:
            raise NoTurnError(f"{host} asked for fewer requests and is left alone for now", rest_s)
        until_s = self._monotonic() + LONGEST_WAIT_S
        while (wait_s := self._gate.begin_unasked(host, self._monotonic())) is None:
            if self._monotonic() > until_s:
                raise NoTurnError(f"{host} is busy with other requests of ours")
            self._wait(LOOK_AGAIN_S)
        self._host = self.last_host = host
        if wait_s > LONGEST_WAIT_S:
            raise NoTurnError(f"{host} has had as many requests as it allows for now", wait_s)
        if wait_s > 0:
            self._wait(wait_s)

    def _wait(self, seconds: float) -> None:
        """Wait; whoever stops the run cuts that short, and then nobody is asked any more."""
        if self._pause(seconds):
            raise NoTurnError("the run was stopped before its turn came")

    def end(self) -> None:
        """Leave the present host."""
        if self._host:
            self._gate.end(self._host, self._monotonic())
            self._host = ""
