"""BlurHash: what any decoder makes of our 28 characters, and how near they are to those of the whole picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aggregator.analyze.pixels import Scaled
from aggregator.analyze.placeholder import SAMPLE_SIDES_PX, blurhash, sample_size

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
WIDE = SAMPLE_SIDES_PX
BYTES = WIDE[0] * WIDE[1] * 3


def number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 83 + DIGITS.index(digit)
    return value


def mean_colour(hashed: str) -> tuple[int, int, int]:
    mean = number(hashed[2:6])
    return mean >> 16, mean >> 8 & 255, mean & 255


def strengths(hashed: str) -> list[float]:
    """The strength of each wave in each band, as decoders read it."""
    scale = (number(hashed[1]) + 1) / 166
    levels = [number(hashed[at : at + 2]) for at in range(6, len(hashed), 2)]
    quanta = [quantum for level in levels for quantum in (level // 361, level // 19 % 19, level % 19)]
    return [scale * ((quantum - 9) / 9) * abs(quantum - 9) / 9 for quantum in quanta]


def hash_of(picture: Image.Image) -> str:
    scaled = Scaled(*picture.size, picture, picture.convert("L"))
    sample = sample_size(*picture.size)
    return blurhash(scaled.average_colours(*sample), *sample)


DOWN = Image.linear_gradient("L")
COLOURS = Image.merge("RGB", (DOWN, DOWN.rotate(90), Image.radial_gradient("L")))


def blocks() -> Image.Image:
    picture = Image.new("RGB", (160, 120), (200, 40, 30))
    picture.paste((20, 60, 180), (0, 0, 80, 120))
    picture.paste((240, 240, 240), (40, 30, 120, 90))
    return picture


# What the package blurhash 1.1.5 makes of every pixel, by the reference algorithm.
@pytest.mark.parametrize(
    ("picture", "reference"),
    [
        (DOWN.resize((160, 120)), "L%HV9wj[fQj[00ayfQay%MfQfQfQ"),
        (COLOURS.resize((160, 120), Image.Resampling.BICUBIC), "L%HV9uhpgii~2YazfRa|$BfRfRfR"),
        (COLOURS.resize((120, 160), Image.Resampling.BICUBIC), "T%HV9uhpgi2YazfR$BfRfRSgf7fR"),
        (blocks(), "LnKS;[2y8{n$j[a}ayfQ8{S6.7wt"),
    ],
    ids=["grey", "wide", "tall", "blocks"],
)
def test_few_averages_tell_what_all_pixels_would(picture: Image.Image, reference: str) -> None:
    hashed = hash_of(picture)
    assert (len(hashed), hashed[0]) == (28, reference[0])
    assert mean_colour(hashed) == pytest.approx(mean_colour(reference), abs=2)
    assert strengths(hashed) == pytest.approx(strengths(reference), abs=0.05)


def test_a_sample_of_one_colour_has_that_colour_and_no_waves() -> None:
    hashed = blurhash(bytes((200, 30, 90)) * (BYTES // 3), *WIDE)
    assert mean_colour(hashed) == (200, 30, 90)
    assert max(map(abs, strengths(hashed))) == 0


@given(st.binary(min_size=BYTES, max_size=BYTES), st.booleans())
def test_any_sample_becomes_28_digits_of_its_shape(rgb: bytes, tall: bool) -> None:
    hashed = blurhash(rgb, *(reversed(WIDE) if tall else WIDE))
    assert len(hashed) == 28
    assert set(hashed) <= set(DIGITS)
    assert divmod(number(hashed[0]), 9) == ((3, 2) if tall else (2, 3))


@pytest.mark.parametrize(("size", "sample"), [((1, 1), (16, 12)), ((10_000, 1), (16, 12)), ((3, 4), (12, 16))])
def test_the_sample_lies_as_the_picture_does(size: tuple[int, int], sample: tuple[int, int]) -> None:
    assert sample_size(*size) == sample


def test_the_sample_must_be_whole() -> None:
    with pytest.raises(ValueError, match="expected the RGB levels of a sample, got 9 bytes for 16×12"):
        blurhash(bytes(9), 16, 12)
