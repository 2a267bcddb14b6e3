"""An item of the analysis with what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from aggregator.records import Casualty

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Analyzed(Generic[J, R]):
    """A job with its result, or with what it did to its worker."""

    job: J
    result: R | Casualty


def itself(job: J) -> J:
    """Return the job: what a stage hands on is all that a worker needs."""
    return job


def with_result(job: J, result: R | Casualty | None) -> Analyzed[J, R]:
    """Put a job and its result together."""
    assert result is not None, "every job of this stage goes to a worker"  # noqa: S101 - the flow's own promise
    return Analyzed(job, result)
