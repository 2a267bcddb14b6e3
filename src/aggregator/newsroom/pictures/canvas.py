"""A canvas of 960×540 units to draw on, twice as fine inside so that edges come out smooth.

The newsroom's only import of Pillow.
"""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

WIDTH = 960
HEIGHT = 540
JPEG_QUALITY = 82

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINE = 2


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that lies `share` (0 to 1) of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def lighter(colour: Colour, share: float) -> Colour:
    """Return `colour` with `share` of white in it."""
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    """Return `colour` with `share` of a bluish black in it."""
    return mix(colour, (10, 12, 30), share)


class Canvas:
    """A picture in the making. Lengths are in units: 960 across, 540 down, the origin top left.

    `opacity` goes from 0 to 1. Nothing is random here.
    """

    def __init__(self) -> None:
        """Start with a black picture."""
        self._image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE))
        self._solid = ImageDraw.Draw(self._image)
        self._blending = ImageDraw.Draw(self._image, "RGBA")

    def _pen(self, opacity: float) -> ImageDraw.ImageDraw:
        """Return what draws with that opacity; drawing without blending is ten times as fast."""
        return self._solid if opacity >= 1 else self._blending

    def jpeg(self) -> bytes:
        """Return the picture as a JPEG of 960×540 pixels."""
        buffer = BytesIO()
        self._image.reduce(_FINE).save(buffer, "JPEG", quality=JPEG_QUALITY)
        return buffer.getvalue()

    def gradient(self, top: Colour, bottom: Colour, box: tuple[float, float, float, float] | None = None) -> None:
        """Fill `box` (left, top, right, bottom; everything by default) with a colour that changes downwards."""
        left, upper, right, lower = (round(part * _FINE) for part in box or (0, 0, WIDTH, HEIGHT))
        if right > left and lower > upper:
            self._image.paste(_shaded(top, bottom, right - left, lower - upper), (left, upper))

    def polygon(self, points: Sequence[Point], colour: Colour, opacity: float = 1) -> None:
        """Fill a polygon."""
        self._pen(opacity).polygon([(x * _FINE, y * _FINE) for x, y in points], _paint(colour, opacity))

    def gradient_polygon(self, points: Sequence[Point], top: Colour, bottom: Colour) -> None:
        """Fill a polygon with a colour that changes from its highest point to its lowest."""
        fine = [(x * _FINE, y * _FINE) for x, y in points]
        left, right = max(0, int(min(x for x, _ in fine))), min(WIDTH * _FINE, int(max(x for x, _ in fine)) + 1)
        upper, lower = max(0, int(min(y for _, y in fine))), min(HEIGHT * _FINE, int(max(y for _, y in fine)) + 1)
        if right <= left or lower <= upper:
            return
        mask = Image.new("1", (right - left, lower - upper))
        ImageDraw.Draw(mask).polygon([(x - left, y - upper) for x, y in fine], 1)
        self._image.paste(_shaded(top, bottom, *mask.size), (left, upper), mask)

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, opacity: float = 1
    ) -> None:
        """Fill a rectangle."""
        if right > left and bottom > top:
            box = (left * _FINE, top * _FINE, right * _FINE - 1, bottom * _FINE - 1)
            self._pen(opacity).rectangle(box, _paint(colour, opacity))

    def rounded(
        self, left: float, top: float, right: float, bottom: float, colour: Colour, radius: float, opacity: float = 1
    ) -> None:
        """Fill a rectangle with round corners."""
        box = (left * _FINE, top * _FINE, right * _FINE - 1, bottom * _FINE - 1)
        self._pen(opacity).rounded_rectangle(box, radius * _FINE, _paint(colour, opacity))

    def ellipse(self, x: float, y: float, radius_x: float, radius_y: float, colour: Colour, opacity: float = 1) -> None:
        """Fill an ellipse around (x, y)."""
        box = ((x - radius_x) * _FINE, (y - radius_y) * _FINE, (x + radius_x) * _FINE, (y + radius_y) * _FINE)
        self._pen(opacity).ellipse(box, _paint(colour, opacity))

    def disc(self, x: float, y: float, radius: float, colour: Colour, opacity: float = 1) -> None:
        """Fill a circle around (x, y)."""
        self.ellipse(x, y, radius, radius, colour, opacity)

    def pie(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour) -> None:
        """Fill a slice of a circle, from `start` to `end` degrees, clockwise from the right."""
        box = ((x - radius) * _FINE, (y - radius) * _FINE, (x + radius) * _FINE, (y + radius) * _FINE)
        self._solid.pieslice(box, start, end, _paint(colour, 1))

    def arc(
        self,
        x: float,
        y: float,
        radius_x: float,
        radius_y: float,
        start: float,
        end: float,
        colour: Colour,
        width: float,
    ) -> None:
        """Draw a piece of an ellipse's outline, from `start` to `end` degrees, clockwise from the right."""
        box = ((x - radius_x) * _FINE, (y - radius_y) * _FINE, (x + radius_x) * _FINE, (y + radius_y) * _FINE)
        self._solid.arc(box, start, end, _paint(colour, 1), round(width * _FINE))

    def line(self, points: Sequence[Point], colour: Colour, width: float, opacity: float = 1) -> None:
        """Draw a line through `points`."""
        fine = [(x * _FINE, y * _FINE) for x, y in points]
        self._pen(opacity).line(fine, _paint(colour, opacity), max(1, round(width * _FINE)), joint="curve")

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1) -> None:
        """Lay a soft light around (x, y) that fades out at `radius`."""
        left, upper = max(0, round((x - radius) * _FINE)), max(0, round((y - radius) * _FINE))
        right = min(WIDTH * _FINE, round((x + radius) * _FINE))
        lower = min(HEIGHT * _FINE, round((y + radius) * _FINE))
        if right <= left or lower <= upper:
            return
        scale = 256 / (2 * radius * _FINE)
        origin_x, origin_y = (x - radius) * _FINE, (y - radius) * _FINE
        visible = (
            max(0.0, (left - origin_x) * scale),
            max(0.0, (upper - origin_y) * scale),
            min(256.0, (right - origin_x) * scale),
            min(256.0, (lower - origin_y) * scale),
        )
        mask = _glow_mask(round(strength * 100)).resize(
            (right - left, lower - upper), Image.Resampling.BILINEAR, visible
        )
        self._image.paste(colour, (left, upper, right, lower), mask)


def _paint(colour: Colour, opacity: float) -> tuple[int, int, int, int]:
    return (*colour, round(255 * opacity))


def _shaded(top: Colour, bottom: Colour, width: int, height: int) -> Image.Image:
    """Return a picture whose colour changes evenly downwards."""
    ends = Image.frombytes("RGB", (1, 2), bytes((*top, *bottom)))
    # Sampling between the middles of the two pixels is what makes the change even from edge to edge.
    column = ends.resize((1, height), Image.Resampling.BILINEAR, (0, 0.5, 1, 1.5))
    return column.resize((width, height), Image.Resampling.NEAREST)


@cache
def _glow_mask(percent: int) -> Image.Image:
    """Return a round mask, brightest in its middle, that falls off faster than linearly and ends at the edge."""
    edge = 180  # Pillow's gradient reaches 255 in the corners, and 181 in the middle of an edge
    fade = [round(255 * max(0.0, 1 - level / edge) ** 2 * percent / 100) for level in range(256)]
    return Image.radial_gradient("L").point(fade)
