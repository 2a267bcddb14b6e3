"""What kind of picture it is: a photo, a graphic, a chart or map, a logo, a screenshot of text.

    colours and steps of the scaled pixels → fifteen traits, 0 to 1 → a weighted sum for each kind → shares (softmax)

A first step that looks at how a picture is made and does not see what is in it. The weights below are those of a
multinomial logistic regression (scikit-learn, C = 1), rounded to a tenth, fitted on 220 pictures of each kind that
`tests/analyze/drawings.py` draws and on half of the newsroom's scenes: pictures of our own, none of them a photo. How
it does on real ones, and how sure it rightly is, stands in docs/decisions/0033-what-a-picture-shows.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log2
from operator import attrgetter, itemgetter, mul
from typing import TYPE_CHECKING

from aggregator.records import PICTURE_SHOWS

if TYPE_CHECKING:
    from aggregator.analyze.colour import Counted
    from aggregator.analyze.pixels import Steps


@dataclass(frozen=True, slots=True)
class Traits:
    """What the kinds differ in, 0 to 1 each."""

    commonest: float
    """share of the commonest colour"""
    five: float
    """share of the five commonest"""
    light: float
    """how light the commonest is"""
    vivid: float
    """mean distance from grey"""
    clear: float
    """transparent share"""
    small: float
    """1 from 90 pixels down, 0 from 720 up"""
    wide: float
    """0 up to 1.9 times as wide as high, 1 from 4.3 times on"""
    still: float
    """share of pixels like their neighbours (up to 1 level of 255)"""
    soft: float
    """share of small steps (2 to 15)"""
    middling: float
    """share of middling steps (16 to 47)"""
    hard: float
    """share of hard steps (48 and more)"""
    crisp: float
    """hard steps among all that can be seen"""
    lines: float
    """rows of marks with quiet rows between them: lines of text, up to 16"""
    ruled: float
    """the sharpest row: baselines, grids, bars"""
    upright: float
    """the sharpest column: axes, frames"""


_BIAS = (5.6, 1.4, -0.2, -5.5, -1.3)
_WEIGHTS = {
    # kinds:     photo  graphic  chart  logo  text
    "commonest": (-1.0, -1.6, 0.3, 1.4, 0.9),
    "five": (-1.6, -2.3, 1.1, 2.3, 0.6),
    "light": (-2.0, -0.4, 1.4, 1.0, 0.0),
    "vivid": (-1.6, 5.3, -3.2, 1.6, -2.1),
    "clear": (0.0, -0.3, -1.4, 2.6, -0.9),
    "small": (1.2, -2.5, -3.0, 5.2, -1.0),
    "wide": (-0.5, -1.6, -2.4, 1.0, 3.5),
    "still": (-3.1, 2.5, 0.1, 2.1, -1.6),
    "soft": (2.7, -1.4, -0.2, -1.0, -0.1),
    "middling": (1.0, -0.8, 0.1, -0.6, 0.3),
    "hard": (-0.6, -0.3, 0.0, -0.6, 1.5),
    "crisp": (-2.9, -1.7, 0.1, 0.6, 3.8),
    "lines": (-1.5, 0.0, -1.1, -1.0, 3.6),
    "ruled": (-1.4, 0.4, 1.3, -1.7, 1.5),
    "upright": (-1.2, -0.6, 1.0, 2.7, -1.9),
}
"""What each trait speaks for, in the order of `PICTURE_SHOWS`."""

_NOTHING_SEEN = ("graphic", 1 / len(PICTURE_SHOWS))
"""What is said of a line of pixels: as unsure as can be."""


def shown(
    width: int, height: int, see_through: float, coarse: Sequence[Counted], steps: Steps | None
) -> tuple[str, float]:
    """Return which of `PICTURE_SHOWS` a picture is, and how sure that is, 0.2 to 1.

    Width and height are those of the whole picture, `see_through` its transparent share; `coarse` is a sample of its
    colours with `COARSE_BITS` a band, `steps` how its grey levels change (None: it is a line of pixels).
    """
    if steps is None:
        return _NOTHING_SEEN
    traits = traits_of(width, height, see_through, coarse, steps)
    values = _VALUES(traits)
    sums = [bias + sum(map(mul, values, weights)) for bias, weights in zip(_BIAS, _BY_KIND, strict=True)]
    odds = [exp(speaks - max(sums)) for speaks in sums]
    best = max(odds)
    return PICTURE_SHOWS[odds.index(best)], best / sum(odds)


_VALUES = attrgetter(*_WEIGHTS)
_BY_KIND = tuple(zip(*_WEIGHTS.values(), strict=True))


def traits_of(width: int, height: int, see_through: float, coarse: Sequence[Counted], steps: Steps) -> Traits:
    """Measure the traits of a picture; the arguments are those of `shown`."""
    counts = sorted(map(itemgetter(0), coarse), reverse=True)
    seen = sum(counts)
    changes = steps.counts
    pixels = sum(changes)
    red, green, blue = max(coarse)[1]
    return Traits(
        commonest=counts[0] / seen,
        five=sum(counts[:5]) / seen,
        light=(3 * red + 6 * green + blue) / 2400,
        vivid=sum([count * (max(colour) - min(colour)) for count, colour in coarse]) / seen / 240,
        clear=see_through,
        small=_ramp(-log2(max(width, height)), -9.5, -6.5),
        wide=_ramp(log2(width / height), 0.9, 2.1),
        still=sum(changes[:2]) / pixels,
        soft=sum(changes[2:16]) / pixels,
        middling=sum(changes[16:48]) / pixels,
        hard=sum(changes[48:]) / pixels,
        crisp=sum(changes[48:]) / max(1, sum(changes[4:])),
        lines=_ramp(_lines_of_marks(steps.across_by_row), 2, 16),
        ruled=_ramp(max(steps.down_by_row), 16, 96),
        upright=_ramp(max(steps.across_by_column), 16, 96),
    )


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _lines_of_marks(rows: bytes) -> int:
    """How often a row that is full of steps follows on rows that have next to none."""
    peak = sorted(rows)[len(rows) * 9 // 10]
    count, was_quiet = 0, False
    for level in rows:
        if level * 4 <= peak:
            was_quiet = True
        elif was_quiet and level * 2 > peak:
            count, was_quiet = count + 1, False
    return count
