"""Every scene by its name, and the one call that draws a picture."""

from __future__ import annotations

from collections.abc import Callable

from aggregator.newsroom.pictures.canvas import Canvas
from aggregator.newsroom.pictures.civic import CIVIC
from aggregator.newsroom.pictures.games import GAMES
from aggregator.newsroom.pictures.halls import HALLS
from aggregator.newsroom.pictures.indoors import INDOORS
from aggregator.newsroom.pictures.land import LAND
from aggregator.newsroom.pictures.palette import Dice
from aggregator.newsroom.pictures.roads import ROADS
from aggregator.newsroom.pictures.town import TOWN
from aggregator.newsroom.pictures.waterfront import WATERFRONT
from aggregator.newsroom.pictures.weather import WEATHER

SCENES: dict[str, Callable[[Canvas, Dice], None]] = {
    **CIVIC,
    **GAMES,
    **HALLS,
    **INDOORS,
    **LAND,
    **TOWN,
    **ROADS,
    **WATERFRONT,
    **WEATHER,
}
"""Name of the scene → the function that draws it."""


def drawn_picture(scene: str, seed: int) -> bytes:
    """Return a JPEG of 960×540 pixels; the same scene and seed give the same bytes.

    Raises:
        KeyError: `scene` is not one of `SCENES`.
    """
    canvas = Canvas()
    SCENES[scene](canvas, Dice(seed))
    return canvas.jpeg()
