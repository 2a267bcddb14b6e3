"""What kind of picture is told, on drawings that the weights were not fitted on, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drawings import DRAWERS, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze.colour import COARSE_BITS
from aggregator.analyze.picture import COARSE_SIDE_PX, LOOK_PX
from aggregator.analyze.pixels import Steps, read_scaled
from aggregator.analyze.shown import shown, traits_of
from aggregator.newsroom.pictures.scenes import drawn_picture
from aggregator.picture_kind import HEAD_BYTES, picture_kind
from aggregator.records import PICTURE_SHOWS

DRAWINGS_EACH = 6
NEW_SEED = 5000
"""The weights were fitted on seeds below 220."""


def judged(content: bytes) -> tuple[str, float]:
    scaled = read_scaled(content, picture_kind(content[:HEAD_BYTES]) or "", LOOK_PX)
    coarse = scaled.sampled_colours(COARSE_SIDE_PX, COARSE_BITS)
    return shown(scaled.width, scaled.height, scaled.see_through, coarse, scaled.steps(LOOK_PX))


@pytest.fixture(scope="module")
def judgements() -> list[tuple[str, str, float]]:
    """The kind that was drawn, the kind that was seen, and how sure that is."""

    def all_of_them() -> Iterator[tuple[str, str, float]]:
        for kind in DRAWERS:
            for seed in range(NEW_SEED, NEW_SEED + DRAWINGS_EACH):
                yield kind, *judged(drawn(kind, seed))

    return list(all_of_them())


def test_every_kind_is_drawn() -> None:
    assert set(DRAWERS) == set(PICTURE_SHOWS)


@pytest.mark.parametrize("kind", PICTURE_SHOWS)
def test_new_drawings_of_each_kind_are_told(kind: str, judgements: list[tuple[str, str, float]]) -> None:
    told = [seen == kind for drawn_kind, seen, _ in judgements if drawn_kind == kind]
    assert sum(told) >= DRAWINGS_EACH * 2 // 3


def test_the_score_is_about_how_often_it_is_right(judgements: list[tuple[str, str, float]]) -> None:
    right = sum(kind == seen for kind, seen, _ in judgements)
    assert right >= 0.8 * len(judgements)
    assert sum(score for *_, score in judgements) == pytest.approx(right, abs=0.15 * len(judgements))


def test_what_is_surely_told_is_right(judgements: list[tuple[str, str, float]]) -> None:
    sure = [kind == seen for kind, seen, score in judgements if score >= 0.9]
    assert len(sure) >= len(judgements) // 4
    assert sum(sure) >= 0.95 * len(sure)


@pytest.mark.parametrize("scene", ["court", "harbour", "parliament", "snow"])
def test_a_scene_of_the_newsroom_is_no_photo(scene: str) -> None:
    kind, _ = judged(drawn_picture(scene, 3))
    assert kind == "graphic"


def test_a_line_of_pixels_is_told_with_no_confidence() -> None:
    assert shown(1, 10_000, 0.0, [(1, (0, 0, 0))], None) == ("graphic", 0.2)


MEANS = st.binary(min_size=1, max_size=60)
COLOURS = st.lists(
    st.tuples(st.integers(1, 1600), st.tuples(*[st.integers(0, 15).map(lambda level: level * 16)] * 3)),
    min_size=1,
    max_size=20,
)


@settings(max_examples=40)
@given(
    st.integers(1, 65_535),
    st.integers(1, 65_535),
    st.floats(0, 1),
    COLOURS,
    st.binary(min_size=256, max_size=256).filter(any),
    MEANS,
)
def test_whatever_is_measured_traits_are_shares_and_the_score_is_one(  # noqa: PLR0917 - hypothesis gives them so
    width: int,
    height: int,
    see_through: float,
    coarse: list[tuple[int, tuple[int, int, int]]],
    counts: bytes,
    means: bytes,
) -> None:
    steps = Steps(tuple(counts), means, means, means)
    traits = traits_of(width, height, see_through, coarse, steps)
    values = [getattr(traits, name) for name in traits.__slots__]
    assert all(0 <= value <= 1 for value in values), traits
    kind, score = shown(width, height, see_through, coarse, steps)
    assert kind in PICTURE_SHOWS
    assert 0.2 <= score <= 1


def test_the_judgement_does_not_depend_on_sizes_of_thumbnails() -> None:
    content = drawn("screenshot of text", NEW_SEED)
    small, large = (read_scaled(content, picture_kind(content[:HEAD_BYTES]) or "", px) for px in (LOOK_PX, 1000))
    one, other = (
        shown(it.width, it.height, 0.0, it.sampled_colours(COARSE_SIDE_PX, COARSE_BITS), it.steps(LOOK_PX))
        for it in (small, large)
    )
    assert one[0] == other[0]
    assert one[1] == pytest.approx(other[1], abs=0.15)
