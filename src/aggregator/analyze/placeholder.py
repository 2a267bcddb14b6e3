"""A blurred stand-in for a picture in some thirty characters, which a page can show before the picture is there.

This is BlurHash by its published algorithm (https://github.com/woltapp/blurhash, Algorithm.md): the picture's average
colour and its longest waves, in linear light, in digits of base 83. Any BlurHash decoder reads it.
"""

from __future__ import annotations

from math import cos, pi
from operator import mul

Light = tuple[float, float, float]
"""Red, green and blue in linear light, 0 to 1; of a wave, −1 to 1."""

SAMPLE_SIDES_PX = (16, 12)
"""Longer and shorter side of the averages that are encoded. The shortest wave is as long as ten such pixels."""

_WAVES_ALONG, _WAVES_ACROSS = 4, 3
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_STEPS = 9
"""A wave's strength has so many levels on each side of nothing."""


def _to_linear(level: int) -> float:
    """Undo the curve of sRGB (IEC 61966-2-1)."""
    share = level / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB's numbers


def _to_level(light: float) -> int:
    light = min(1.0, max(0.0, light))
    share = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055  # noqa: PLR2004 - sRGB's
    return int(share * 255 + 0.5)


_LINEAR = tuple(_to_linear(level) for level in range(256))
_COSINES = {
    side: tuple(tuple(cos(pi * wave * (place + 0.5) / side) for place in range(side)) for wave in range(_WAVES_ALONG))
    for side in SAMPLE_SIDES_PX
}
"""Taken in the middle of each average, so that few of them tell what all the pixels would have told."""


def sample_size(width: int, height: int) -> tuple[int, int]:
    """Return the width and height of the averages to take of a picture, for `blurhash`."""
    longer, shorter = SAMPLE_SIDES_PX
    return (longer, shorter) if width >= height else (shorter, longer)


def blurhash(rgb: bytes, width: int, height: int) -> str:
    """Encode `width` × `height` colours (sRGB, three bytes each, row by row) of a size that `sample_size` returned.

    Four waves along the longer side, three along the other: 28 characters.
    """
    if len(rgb) != 3 * width * height or {width, height} != set(SAMPLE_SIDES_PX):
        message = f"expected the RGB levels of a sample, got {len(rgb)} bytes for {width}×{height}"
        raise ValueError(message)
    across, down = (_WAVES_ALONG, _WAVES_ACROSS) if width > height else (_WAVES_ACROSS, _WAVES_ALONG)
    bands = [_waves(rgb[band::3], width, across, _COSINES[height][:down]) for band in range(3)]
    mean, *waves = zip(*bands, strict=True)
    return _encoded(mean, waves, across, down)


def _waves(levels: bytes, width: int, across: int, cosines_down: tuple[tuple[float, ...], ...]) -> list[float]:
    """How strong each wave is in one band, the mean first, then by rows of rising frequency across."""
    light = [_LINEAR[level] for level in levels]
    rows = [light[start : start + width] for start in range(0, len(light), width)]
    along = [[sum(map(mul, row, cosines)) for row in rows] for cosines in _COSINES[width][:across]]
    strengths = [2 * sum(map(mul, column, cosines)) / len(light) for cosines in cosines_down for column in along]
    strengths[0] /= 2
    return strengths


def _encoded(mean: Light, waves: list[Light], across: int, down: int) -> str:
    strongest = max(abs(band) for wave in waves for band in wave)
    scale = min(82, max(0, int(strongest * 166 - 0.5)))
    red, green, blue = (_to_level(band) for band in mean)
    shape = (across - 1) + (down - 1) * 9
    digits = [_base83(shape, 1), _base83(scale, 1), _base83(red << 16 | green << 8 | blue, 4)]
    for wave in waves:
        red, green, blue = (_quantised(band / ((scale + 1) / 166)) for band in wave)
        digits.append(_base83((red * 19 + green) * 19 + blue, 2))
    return "".join(digits)


def _quantised(strength: float) -> int:
    """Bring −1 to 1 to 0 to 18, with finer steps around nothing."""
    root = abs(strength) ** 0.5
    return min(2 * _STEPS, max(0, int((root if strength >= 0 else -root) * _STEPS + _STEPS + 0.5)))


def _base83(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, 83)
        digits = _DIGITS[digit] + digits
    return digits
