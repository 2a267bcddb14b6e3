"""How often a feed is worth asking, by its own history of arrivals. Pure.

Two questions, and the shorter answer wins. *How soon will there be something new?* About half of the usual gap between
articles is a good time to look. *When would articles be lost?* A document holds so many entries; at the fastest pace
that this feed has shown, they are replaced within its turnover, and we look twice in that time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.records import MAX_ARRIVALS, FeedMemory

ENOUGH_ARRIVALS = 4
"""With fewer there is no pace to speak of."""

RECENT_GAPS = 24
"""The usual gap is that of so many last ones: more than one burst, and few enough to follow a feed that wakes up."""

BURST = 10
"""The fastest pace is that of so many articles in a row, or of a document if it holds fewer."""

OVERFLOW_LASTS = timedelta(weeks=1)
"""For so long after articles were missed, a feed is asked as often as it may be."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds, and why, for a person."""

    interval_s: float
    reason: str


def usual_gap(memory: FeedMemory, now: datetime) -> timedelta | None:
    """Return the mean of the last gaps between arrivals, with a longer present silence among them; None: unknown.

    Articles that came at one moment, such as those that a newspaper dates by the day, came once.
    """
    moments = sorted(set(memory.arrivals))
    if len(moments) < ENOUGH_ARRIVALS:
        return None
    recent = moments[-RECENT_GAPS - 1 :]
    mean = (recent[-1] - recent[0]) / (len(recent) - 1)
    silence = now - recent[-1]
    return max(mean, (mean * (len(recent) - 1) + silence) / len(recent)) if silence > mean else mean


def turnover(memory: FeedMemory) -> timedelta | None:
    """Return the time in which the whole document may be replaced, at the fastest pace seen; None: unknown.

    A pace is that of at least BURST articles, or a document of them, between two moments at which some came.
    """
    counts = sorted(Counter(memory.arrivals).items())
    if not memory.entries or len(memory.arrivals) < ENOUGH_ARRIVALS:
        return None
    enough = min(memory.entries, BURST, len(memory.arrivals) - counts[0][1])
    fastest = [span for at in range(len(counts)) if (span := _entry_time(counts[at:], enough)) is not None]
    return min(fastest) * memory.entries if fastest else None


def _entry_time(counts: Sequence[tuple[datetime, int]], enough: int) -> timedelta | None:
    """Return the mean time per article after the first moment, until `enough` have come; None if they never do."""
    came = 0
    for moment, count in counts[1:]:
        came += count
        if came >= enough:
            return (moment - counts[0][0]) / came
    return None


def pace(memory: FeedMemory, now: datetime, default_s: float, longest_s: float) -> Pace:
    """Return how long to wait for the next article, `longest_s` at most.

    `default_s` is the least that is allowed, and what a feed without a history waits.
    """
    if memory.overflowed_at is not None and now - memory.overflowed_at < OVERFLOW_LASTS:
        return Pace(default_s, "articles were missed lately, so it is asked as often as it may be")
    gap = usual_gap(memory, now)
    if gap is None:
        return _first_pace(memory, now, default_s, longest_s)
    wait_s, reason = gap.total_seconds() / 2, f"its articles come about every {spoken(gap)}"
    lost = turnover(memory)
    if lost is not None and lost.total_seconds() / 2 < wait_s:
        wait_s = lost.total_seconds() / 2
        reason = f"at its fastest, its {memory.entries} entries are replaced within {spoken(lost)}"
    if wait_s > longest_s:
        return Pace(longest_s, "it is quiet, and max_interval is the longest wait")
    return Pace(wait_s, reason)


def _first_pace(memory: FeedMemory, now: datetime, default_s: float, longest_s: float) -> Pace:
    """Return the pace of a feed without a history: ever slower while nothing comes."""
    silence_s = (now - memory.arrivals[-1]).total_seconds() if memory.arrivals else 0.0
    if silence_s / 4 <= default_s:
        return Pace(default_s, "it has no history yet")
    return Pace(min(silence_s / 4, longest_s), "too few of its articles came apart to tell its pace")


def with_arrivals(known: tuple[datetime, ...], new: list[datetime]) -> tuple[datetime, ...]:
    """Return the history with `new` arrivals, the latest `MAX_ARRIVALS`, in order."""
    return tuple(sorted([*known, *new])[-MAX_ARRIVALS:])


def spoken(length: timedelta) -> str:
    """Return a length of time for a person: 40 min, 3 h, 2.5 days."""
    seconds = length.total_seconds()
    for unit_s, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        count = seconds / unit_s
        if count >= 9.5:  # noqa: PLR2004 - two digits are enough
            return f"{count:.0f} {name}"
        if count >= 1.5:  # noqa: PLR2004 - "1.2 h" says less than "72 min"
            return f"{count:.2g} {name}"
    return f"{seconds:.0f} s"
