"""The colour that a picture is mostly of, for a page that shows a plain field until the picture is there.

Not the mean, which for most pictures is mud, but the fullest place among the colours: the largest group of pixels that
are nearly alike, and of those the mean, or the one colour that most of them have to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from operator import itemgetter

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

Counted = tuple[int, Colour]
"""How many pixels of a sample have a colour, and the colour."""

COARSE_BITS = 4
"""Bits of each band that are kept where colours are grouped: alike is what differs by less than a tenth."""

_CELL = 1 << 8 - COARSE_BITS
_CANDIDATES = 4
"""The fullest group is around one of the fullest cells."""

_AROUND = tuple(product((-_CELL, 0, _CELL), repeat=3))


def dominant_colour(coarse: Sequence[Counted], exact: Sequence[Counted]) -> str:
    """Return the dominant colour of a picture as "#rrggbb".

    `coarse` and `exact` are samples of it, neither empty: of colours with `COARSE_BITS` a band, and of full ones.
    """
    counts = {cell: count for count, cell in coarse}
    fullest = sorted(coarse, reverse=True)[:_CANDIDATES]
    groups = [{near: counts[near] for near in _near(cell) if near in counts} for _, cell in fullest]
    group = max(groups, key=lambda members: sum(members.values()))
    share, commonest = max(exact)
    if _cell_of(commonest) in group and 2 * share * sum(counts.values()) > sum(group.values()) * _total(exact):
        return _written(commonest)
    return _written(_middle(group))


def _near(cell: Colour) -> list[Colour]:
    red, green, blue = cell
    return [(red + x, green + y, blue + z) for x, y, z in _AROUND]


def _cell_of(colour: Colour) -> Colour:
    red, green, blue = (level // _CELL * _CELL for level in colour)
    return red, green, blue


def _total(sample: Sequence[Counted]) -> int:
    return sum(map(itemgetter(0), sample))


def _middle(group: dict[Colour, int]) -> Colour:
    total = sum(group.values())
    red, green, blue = (
        sum(count * (cell[band] + _CELL // 2) for cell, count in group.items()) // total for band in range(3)
    )
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
