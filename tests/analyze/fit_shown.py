"""`python tests/analyze/fit_shown.py [NUMBER]`: fit the weights of `analyze/shown.py` anew, and print them.

NUMBER drawings of each kind (220), and three seeds of every second scene of the newsroom as graphics. Minutes of work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import astuple, fields

import numpy as np
from drawings import DRAWERS, drawn
from sklearn.linear_model import LogisticRegression

from aggregator.analyze.colour import COARSE_BITS
from aggregator.analyze.picture import COARSE_SIDE_PX, LOOK_PX
from aggregator.analyze.pixels import read_scaled
from aggregator.analyze.shown import Traits, traits_of
from aggregator.newsroom.pictures.scenes import SCENES, drawn_picture
from aggregator.picture_kind import HEAD_BYTES, picture_kind
from aggregator.records import PICTURE_SHOWS


def pictures(number: int) -> Iterator[tuple[str, bytes]]:
    for kind in DRAWERS:
        yield from ((kind, drawn(kind, seed)) for seed in range(number))
    for scene in sorted(SCENES)[::2]:
        yield from (("graphic", drawn_picture(scene, seed)) for seed in range(100, 103))


def traits(content: bytes) -> tuple[float, ...]:
    scaled = read_scaled(content, picture_kind(content[:HEAD_BYTES]) or "", LOOK_PX)
    steps = scaled.steps(LOOK_PX)
    assert steps is not None
    coarse = scaled.sampled_colours(COARSE_SIDE_PX, COARSE_BITS)
    return astuple(traits_of(scaled.width, scaled.height, scaled.see_through, coarse, steps))


def main(number: int) -> None:
    kinds, rows = zip(*((kind, traits(content)) for kind, content in pictures(number)), strict=True)
    model = LogisticRegression(C=1, max_iter=3000).fit(np.array(rows), kinds)
    order = [list(model.classes_).index(kind) for kind in PICTURE_SHOWS]
    weights = (model.coef_ - model.coef_.mean(0))[order]
    lines = [f"bias {np.round(model.intercept_[order], 1).tolist()}"]
    lines += [f"{field.name} {np.round(weights[:, at], 1).tolist()}" for at, field in enumerate(fields(Traits))]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 220)
