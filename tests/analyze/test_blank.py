"""Pictures that are no article's: told in plain words, and nothing else is."""

from __future__ import annotations

from random import Random

import pytest
from drawings import DRAWERS, drawn
from PIL import Image, ImageDraw

from aggregator.analyze.blank import junk_reason
from aggregator.analyze.pixels import Scaled, read_scaled
from aggregator.picture_kind import HEAD_BYTES, picture_kind


def reason(scaled: Scaled) -> str | None:
    return junk_reason(scaled.width, scaled.height, scaled.see_through, scaled.sampled_colours(24), scaled.steps(400))


def reason_of(picture: Image.Image, see_through: float = 0.0) -> str | None:
    return reason(Scaled(*picture.size, picture, picture.convert("L"), see_through))


def grain(width: int, height: int) -> Image.Image:
    return Image.frombytes("L", (width, height), Random(3).randbytes(width * height))  # noqa: S311 - pixels


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ((1, 1), "tracking pixel"),
        ((3, 2), "tracking pixel"),
        ((16, 16), "icon"),
        ((48, 40), "icon"),
        ((600, 2), "line"),
        ((1, 400), "line"),
        ((728, 90), "banner"),
        ((120, 900), "banner"),
        ((970, 250), None),
        ((400, 130), None),
        ((60, 60), None),
    ],
)
def test_sizes_tell(size: tuple[int, int], told: str | None) -> None:
    assert reason_of(grain(*size)) == told


@pytest.mark.parametrize("colour", ["white", "black", "#c03040"])
def test_one_colour_is_blank(colour: str) -> None:
    assert reason_of(Image.new("RGB", (300, 200), colour)) == "blank"


def test_what_compression_leaves_of_one_colour_is_blank() -> None:
    assert reason_of(grain(300, 200).point(lambda level: 250 + level // 64)) == "blank"


def test_what_is_all_transparent_shows_nothing() -> None:
    assert reason_of(Image.new("RGB", (300, 200), "white"), see_through=1.0) == "all transparent"


def test_a_few_words_on_white_are_not_blank() -> None:
    picture = Image.new("RGB", (400, 225), "white")
    ImageDraw.Draw(picture).text((150, 100), "no comment", fill="black")
    assert reason_of(picture) is None


def test_a_bar_between_the_places_of_the_sample_is_seen() -> None:
    picture = Image.new("RGB", (400, 225), "white")
    picture.paste("black", (0, 6, 400, 11))
    assert {colour for _, colour in Scaled(400, 225, picture, picture).sampled_colours(24)} == {(255, 255, 255)}
    assert reason_of(picture) is None


def test_a_soft_shade_all_over_is_not_blank() -> None:
    assert reason_of(Image.linear_gradient("L").resize((400, 225))) is None


def test_two_colours_of_the_same_grey_are_not_blank() -> None:
    picture = Image.new("RGB", (300, 200), (200, 0, 0))
    picture.paste((0, 102, 0), (0, 0, 150, 200))
    assert reason_of(picture) is None


@pytest.mark.parametrize("kind", [kind for kind in DRAWERS if kind != "logo"])
def test_pictures_for_articles_are_no_junk(kind: str) -> None:
    for seed in range(2):
        content = drawn(kind, seed)
        assert reason(read_scaled(content, picture_kind(content[:HEAD_BYTES]) or "", 400)) in {None, "banner"}
