"""The perceptual hash: alike for copies, unlike for other pictures, still for pictures that show nothing."""

from __future__ import annotations

from io import BytesIO
from itertools import combinations
from math import cos, pi
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aggregator.analyze.phash import FLAT, SIDE_PX, differing_bits, perceptual_hash
from aggregator.analyze.pixels import read_scaled


def noise(seed: int, mode: str, width: int, height: int) -> Image.Image:
    count = width * height * Image.getmodebands(mode)
    return Image.frombytes(mode, (width, height), Random(seed).randbytes(count))  # noqa: S311 - pictures, not secrets


def photo(seed: int) -> Image.Image:
    """A picture of soft blobs with some grain, which is how photographs look to the hash."""
    blobs = noise(seed, "RGB", 9, 6).resize((900, 600), Image.Resampling.BICUBIC)
    return Image.blend(blobs, noise(seed, "L", 900, 600).convert("RGB"), 0.1)


def hash_of(picture: Image.Image, kind: str = "png", **options: int) -> str:
    encoded = BytesIO()
    picture.save(encoded, kind, **options)
    return perceptual_hash(read_scaled(encoded.getvalue(), kind, 400).grey_levels(SIDE_PX))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("width", "height", "kind", "quality"),
    [
        (900, 600, "jpeg", 30),
        (450, 300, "jpeg", 80),
        (300, 200, "webp", 50),
        (120, 80, "jpeg", 60),
        (640, 427, "avif", 50),
    ],
)
def test_a_scaled_and_recompressed_copy_has_nearly_the_same_hash(
    seed: int, width: int, height: int, kind: str, quality: int
) -> None:
    original = photo(seed)
    copy = original.resize((width, height), Image.Resampling.BICUBIC)
    assert differing_bits(hash_of(original), hash_of(copy, kind, quality=quality)) <= 4


def test_a_brighter_copy_has_nearly_the_same_hash() -> None:
    original = photo(1).point(lambda level: level * 0.6)
    brighter = original.point(lambda level: level * 1.2)
    assert differing_bits(hash_of(original), hash_of(brighter)) <= 6


def test_other_pictures_have_other_hashes() -> None:
    hashes = [hash_of(photo(seed)) for seed in range(8)]
    assert min(differing_bits(one, other) for one, other in combinations(hashes, 2)) >= 14


def test_a_mirrored_picture_is_another_picture() -> None:
    original = photo(3)
    assert differing_bits(hash_of(original), hash_of(original.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) >= 14


@pytest.mark.parametrize("colour", ["white", "black", "#7f7f7f", "#c03040"])
@pytest.mark.parametrize(("kind", "quality"), [("jpeg", 20), ("jpeg", 95), ("png", 0), ("webp", 30)])
def test_a_flat_picture_has_the_flat_hash_however_it_was_compressed(colour: str, kind: str, quality: int) -> None:
    assert hash_of(Image.new("RGB", (320, 200), colour), kind, quality=quality) == FLAT


def test_grain_on_a_flat_picture_does_not_show() -> None:
    assert hash_of(Image.blend(Image.new("L", (800, 600), 128), noise(1, "L", 800, 600), 0.2)) == FLAT


def test_rounding_of_almost_nothing_gives_no_bits() -> None:
    assert perceptual_hash(noise(5, "L", SIDE_PX, SIDE_PX).point(lambda level: 127 + level // 128).tobytes()) == FLAT


def test_each_wave_sets_the_bit_of_its_length() -> None:
    light_left = bytes(200 if column < SIDE_PX // 2 else 50 for _ in range(SIDE_PX) for column in range(SIDE_PX))
    light_top = bytes(200 if row < SIDE_PX // 2 else 50 for row in range(SIDE_PX) for _ in range(SIDE_PX))
    assert int(perceptual_hash(light_left), 16) & int(perceptual_hash(light_top), 16) == 0
    assert (int(perceptual_hash(light_left), 16) | int(perceptual_hash(light_top), 16)) >> 62 == 0b11


def plainly_hashed(square: bytes) -> str:
    """The hash by plain sums, as its docstring defines it, without folding."""

    def wave(across: int, down: int) -> float:
        return sum(
            square[row * SIDE_PX + column]
            * cos(pi * (2 * column + 1) * across / (2 * SIDE_PX))
            * cos(pi * (2 * row + 1) * down / (2 * SIDE_PX))
            for row in range(SIDE_PX)
            for column in range(SIDE_PX)
        )

    waves = [(across, down) for across in range(16) for down in range(16) if across + down > 0]
    waves.sort(key=lambda place: (sum(place), abs(place[0] - place[1]), place))
    return f"{int(''.join(str(int(wave(*place) >= 128)) for place in waves[:64]), 2):016x}"


@pytest.mark.parametrize("seed", range(3))
def test_the_folded_sums_are_the_plain_ones(seed: int) -> None:
    square = photo(seed).convert("L").resize((SIDE_PX, SIDE_PX)).tobytes()
    assert perceptual_hash(square) == plainly_hashed(square)


GREY_SQUARES = st.binary(min_size=SIDE_PX * SIDE_PX, max_size=SIDE_PX * SIDE_PX)


@given(GREY_SQUARES)
def test_a_hash_is_sixteen_hexadecimal_digits(square: bytes) -> None:
    hashed = perceptual_hash(square)
    assert len(hashed) == 16
    assert f"{int(hashed, 16):016x}" == hashed


@given(GREY_SQUARES.map(lambda square: bytes(level // 2 for level in square)), st.integers(0, 127))
def test_light_added_everywhere_moves_no_more_than_a_rounding(square: bytes, light: int) -> None:
    lighter = bytes(level + light for level in square)
    assert differing_bits(perceptual_hash(square), perceptual_hash(lighter)) <= 1


def test_the_square_must_be_whole() -> None:
    with pytest.raises(ValueError, match="expected 1024 grey levels, got 1000"):
        perceptual_hash(bytes(1000))


@pytest.mark.parametrize(("one", "other", "bits"), [("0" * 16, "f" * 16, 64), ("00ff" * 4, "00fe" * 4, 4)])
def test_differing_bits_are_counted(one: str, other: str, bits: int) -> None:
    assert differing_bits(one, other) == differing_bits(other, one) == bits
