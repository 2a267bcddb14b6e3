"""The process stage's policy: which item pays for what happened to a worker, and how often it is tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aggregator.pipeline.worker import Reply
from aggregator.records import Casualty, Harm

TRIES = 2
"""An item that harms its worker is tried once more, then given up with the reason."""

TRIES_IF_KILLED = 10
"""A SIGKILL that we did not send proves little against the item: its memory is limited, so most likely a person or
the kernel chose this process for reasons of their own. Ten tries, further and further apart, outlast both."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0


class Computer(Protocol):
    """What computes a batch: a `Worker`, or a stand-in for it."""

    def compute(self, jobs: Sequence[Any]) -> Reply | Casualty:
        """Return the results of `jobs`, or what happened instead."""
        ...


def compute_each(
    worker: Computer,
    jobs: Sequence[Any],
    on_reply: Callable[[Reply], None] = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
) -> list[Any | Casualty]:
    """Return one result or `Casualty` per job, in order. A batch that fails is taken apart to find the guilty item.

    `on_reply` is told the cost of every batch that succeeded, `pause` waits so many seconds.
    """
    if not jobs:
        return []
    outcome = worker.compute(jobs)
    if isinstance(outcome, Reply):
        on_reply(outcome)
        return outcome.results
    if len(jobs) > 1:
        return [result for job in jobs for result in compute_each(worker, [job], on_reply, pause)]
    return [_try_again(worker, jobs, outcome, on_reply, pause)]


def _try_again(
    worker: Computer,
    jobs: Sequence[Any],
    harm: Casualty,
    on_reply: Callable[[Reply], None],
    pause: Callable[[float], object],
) -> Any | Casualty:
    tried = 1
    while tried < _tries_allowed(harm):
        if harm.harm is Harm.KILLED:
            pause(min(FIRST_PAUSE_S * 2 ** (tried - 1), LONGEST_PAUSE_S))
        outcome = worker.compute(jobs)
        if isinstance(outcome, Reply):
            on_reply(outcome)
            return outcome.results[0]
        harm = outcome
        tried += 1
    return harm


def _tries_allowed(harm: Casualty) -> int:
    return TRIES_IF_KILLED if harm.harm is Harm.KILLED else TRIES
