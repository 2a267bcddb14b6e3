"""The dominant colour: the fullest place among the colours, not their mean."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aggregator.analyze.colour import COARSE_BITS, dominant_colour
from aggregator.analyze.pixels import Scaled


def dominant(picture: Image.Image) -> str:
    scaled = Scaled(*picture.size, picture, picture.convert("L"))
    return dominant_colour(scaled.sampled_colours(40, COARSE_BITS), scaled.sampled_colours(24))


def test_one_colour_is_told_to_the_bit() -> None:
    assert dominant(Image.new("RGB", (60, 40), (201, 77, 3))) == "#c94d03"
    assert dominant(Image.new("L", (60, 40), 255)) == "#ffffff"


def test_the_larger_part_counts_and_not_the_mean() -> None:
    picture = Image.new("RGB", (100, 100), (250, 250, 250))
    picture.paste((10, 20, 200), (0, 0, 45, 100))
    assert dominant(picture) == "#fafafa"


def test_a_sky_of_many_blues_wins_over_one_smaller_plain_colour() -> None:
    picture = Image.new("RGB", (100, 100), (200, 30, 30))
    for row in range(70):
        picture.paste((100 + row // 4, 140 + row // 4, 220), (0, row, 100, row + 1))
    red, green, blue = bytes.fromhex(dominant(picture)[1:])
    assert (100 <= red <= 120, 138 <= green <= 160, 210 <= blue <= 230) == (True, True, True)


def test_a_shade_across_a_border_of_cells_is_one_group() -> None:
    picture = Image.new("RGB", (100, 100), (127, 127, 127))
    picture.paste((128, 128, 128), (0, 0, 100, 70))
    picture.paste((250, 40, 40), (0, 0, 100, 40))
    red, green, blue = bytes.fromhex(dominant(picture)[1:])
    assert max(abs(level - 127) for level in (red, green, blue)) <= 8


LEVELS = st.integers(0, 255)
EXACT = st.lists(st.tuples(st.integers(1, 500), st.tuples(LEVELS, LEVELS, LEVELS)), min_size=1, max_size=30)


@given(EXACT)
def test_any_colours_give_one_that_can_be_written(exact: list[tuple[int, tuple[int, int, int]]]) -> None:
    coarse: dict[tuple[int, int, int], int] = {}
    for count, (red, green, blue) in exact:
        cell = red & 0xF0, green & 0xF0, blue & 0xF0
        coarse[cell] = coarse.get(cell, 0) + count
    counted = [(count, cell) for cell, count in coarse.items()]
    assert re.fullmatch("#[0-9a-f]{6}", dominant_colour(counted, exact))
    assert dominant_colour(counted, exact) == dominant_colour(counted[::-1], exact)
