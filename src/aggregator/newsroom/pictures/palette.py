"""Moods of light: the colours that a picture is drawn with, and the dice that vary it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from aggregator.newsroom.pictures.canvas import Colour

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Palette:
    """One mood. `far`, `mid` and `near` are layers of ground; `light` is that of windows and lamps."""

    sky_top: Colour
    sky_bottom: Colour
    sun: Colour
    far: Colour
    mid: Colour
    near: Colour
    accent: Colour
    light: Colour
    water_top: Colour
    water_bottom: Colour
    green: Colour


DAWN = Palette(
    sky_top=(96, 116, 182), sky_bottom=(255, 204, 170), sun=(255, 240, 208), far=(170, 152, 188), mid=(112, 106, 158),
    near=(52, 56, 104), accent=(240, 104, 92), light=(255, 228, 164), water_top=(222, 178, 182),
    water_bottom=(76, 92, 150), green=(92, 124, 122),
)  # fmt: skip
DAY = Palette(
    sky_top=(66, 150, 222), sky_bottom=(212, 240, 250), sun=(255, 250, 222), far=(146, 190, 214), mid=(92, 152, 164),
    near=(38, 88, 108), accent=(242, 112, 66), light=(255, 242, 196), water_top=(126, 196, 220),
    water_bottom=(26, 98, 150), green=(104, 172, 96),
)  # fmt: skip
DUSK = Palette(
    sky_top=(58, 42, 104), sky_bottom=(255, 142, 98), sun=(255, 220, 140), far=(146, 82, 124), mid=(94, 54, 106),
    near=(42, 28, 68), accent=(255, 168, 72), light=(255, 212, 124), water_top=(232, 128, 112),
    water_bottom=(62, 42, 100), green=(84, 84, 96),
)  # fmt: skip
NIGHT = Palette(
    sky_top=(10, 18, 46), sky_bottom=(66, 92, 146), sun=(240, 244, 255), far=(50, 70, 118), mid=(32, 48, 90),
    near=(14, 22, 50), accent=(250, 118, 104), light=(255, 218, 134), water_top=(56, 84, 136),
    water_bottom=(12, 22, 54), green=(44, 82, 92),
)  # fmt: skip
CLOUDY = Palette(
    sky_top=(122, 142, 164), sky_bottom=(220, 228, 230), sun=(250, 250, 242), far=(164, 180, 190), mid=(112, 134, 148),
    near=(54, 72, 90), accent=(218, 84, 72), light=(255, 226, 156), water_top=(172, 190, 198),
    water_bottom=(70, 98, 118), green=(112, 142, 116),
)  # fmt: skip
GOLDEN = Palette(
    sky_top=(244, 166, 84), sky_bottom=(255, 236, 184), sun=(255, 253, 236), far=(228, 168, 112), mid=(182, 112, 80),
    near=(92, 56, 64), accent=(34, 122, 130), light=(255, 240, 186), water_top=(248, 208, 150),
    water_bottom=(140, 108, 112), green=(150, 142, 74),
)  # fmt: skip
MINT = Palette(
    sky_top=(92, 184, 182), sky_bottom=(244, 248, 218), sun=(255, 252, 226), far=(148, 204, 188), mid=(78, 154, 146),
    near=(26, 80, 92), accent=(246, 108, 94), light=(255, 236, 170), water_top=(166, 220, 204),
    water_bottom=(34, 112, 124), green=(106, 172, 116),
)  # fmt: skip

OUTDOORS = (DAWN, DAY, DUSK, GOLDEN, MINT, CLOUDY)
BRIGHT = (DAY, MINT, GOLDEN, DAWN)
EVENING = (DUSK, NIGHT, DAWN)
WARM = (DUSK, GOLDEN, DAWN)
ALL = (*OUTDOORS, NIGHT)


class Dice:
    """Choices that follow from a seed alone, the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        """Only `Random.random` is used: its numbers are promised to stay."""
        self._random = Random(seed)  # noqa: S311 - pictures, not secrets

    def between(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of `choices`."""
        return choices[int(self._random.random() * len(choices))]

    def happens(self, probability: float) -> bool:
        """Return True as often as `probability` says."""
        return self._random.random() < probability
