"""Pieces that many scenes share: sky, clouds, ridges, water, houses, trees and people."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import pi, sin

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, darker, lighter, mix
from aggregator.newsroom.pictures.palette import NIGHT, Dice, Palette


def sky(canvas: Canvas, palette: Palette, dice: Dice, horizon: float = HEIGHT, clouds: int = 3) -> Point:
    """Draw sky, sun or moon, and clouds down to `horizon`; return where the sun stands."""
    canvas.gradient(palette.sky_top, palette.sky_bottom, (0, 0, WIDTH, horizon))
    x, y = dice.between(180, 780), dice.between(0.32, 0.66) * horizon
    if palette is NIGHT:
        y = dice.between(60, 130)
        stars(canvas, dice, 70, horizon)
    canvas.glow(x, y, 230, palette.sun, 0.85)
    canvas.disc(x, y, 26 if palette is NIGHT else 36, palette.sun)
    for _ in range(clouds):
        colour = mix(palette.sun, palette.sky_top, 0.45 if palette is NIGHT else 0.12)
        cloud(
            canvas, dice, dice.between(0, WIDTH), dice.between(40, horizon * 0.45), dice.between(0.5, 1.2), colour, 0.6
        )
    return x, y


def stars(canvas: Canvas, dice: Dice, count: int, lowest: float) -> None:
    """Scatter small stars above `lowest`."""
    for _ in range(count):
        size = dice.between(0.5, 1.4)
        canvas.disc(dice.between(0, WIDTH), dice.between(0, lowest), size, (255, 255, 255), dice.between(0.4, 1))


def cloud(canvas: Canvas, dice: Dice, x: float, y: float, scale: float, colour: Colour, opacity: float) -> None:
    """Draw a flat cloud: long bars with round ends, one over the other."""
    for row, width in enumerate((70, 120, 170, 110)):
        half = width * scale * dice.between(0.7, 1.1) / 2
        shift = dice.between(-28, 28) * scale
        top = y + row * 13 * scale
        canvas.rounded(x + shift - half, top, x + shift + half, top + 15 * scale, colour, 7 * scale, opacity)


def ridge_line(dice: Dice, base: float, height: float, roughness: float = 0.55, steps: int = 7) -> list[Point]:
    """Return the line of a jagged ridge across the picture, by halving stretches again and again."""
    levels = [dice.between(0.2, 1), dice.between(0.2, 1)]
    spread = 0.8
    for _ in range(steps):
        halved = [levels[0]]
        for left, right in pairwise(levels):
            halved += [(left + right) / 2 + dice.between(-spread, spread) / 2, right]
        levels, spread = halved, spread * roughness
    step = WIDTH / (len(levels) - 1)
    return [(index * step, base - height * max(0.02, level)) for index, level in enumerate(levels)]


def hill_line(dice: Dice, base: float, height: float, waves: float = 1.5) -> list[Point]:
    """Return the line of soft hills across the picture."""
    shift, other = dice.between(0, 2 * pi), dice.between(0, 2 * pi)
    return [
        (x, base - height * (0.5 + 0.32 * sin(x / WIDTH * 2 * pi * waves + shift) + 0.18 * sin(x / 110 + other)))
        for x in range(0, WIDTH + 1, 12)
    ]


def ground(canvas: Canvas, line: Sequence[Point], top: Colour, bottom: Colour, down_to: float = HEIGHT) -> None:
    """Fill everything from `line` down to `down_to`."""
    canvas.gradient_polygon([*line, (WIDTH, down_to), (0, down_to)], top, bottom)


def water(canvas: Canvas, palette: Palette, dice: Dice, top: float, sun_x: float) -> None:
    """Draw water from `top` to the lower edge, with glints below the sun."""
    canvas.gradient(palette.water_top, palette.water_bottom, (0, top, WIDTH, HEIGHT))
    depth = HEIGHT - top
    for _ in range(46):
        share = dice.between(0, 1) ** 1.4
        y = top + 4 + share * (depth - 8)
        half = dice.between(8, 40) * (0.5 + share)
        x = sun_x + dice.between(-1, 1) * (30 + 120 * share) if dice.happens(0.6) else dice.between(0, WIDTH)
        canvas.rounded(x - half, y, x + half, y + 1.5 + 2 * share, palette.sun, 1.5, 0.16 + 0.22 * (1 - share))


def skyline(
    canvas: Canvas, palette: Palette, dice: Dice, base: float, heights: tuple[float, float], colour: Colour
) -> None:
    """Draw a row of houses with some windows lit, all across the picture."""
    x = dice.between(-40, 0)
    while x < WIDTH:
        width, height = dice.between(34, 84), dice.between(*heights)
        canvas.rectangle(x, base - height, x + width, base, mix(colour, palette.sky_bottom, dice.between(0, 0.14)))
        if dice.happens(0.3):
            canvas.rectangle(
                x + width / 2 - 2, base - height - dice.between(12, 36), x + width / 2 + 1, base - height, colour
            )
        windows(canvas, dice, (x + 6, base - height + 8, x + width - 6, base - 8), palette.light, 0.35)
        x += width + dice.between(0, 10)


def windows(
    canvas: Canvas, dice: Dice, box: tuple[float, float, float, float], colour: Colour, lit: float, size: float = 5
) -> None:
    """Draw a grid of windows inside `box`, of which the share `lit` is bright."""
    left, top, right, bottom = box
    y = top
    while y + size * 1.4 < bottom:
        x = left
        while x + size < right:
            if dice.happens(lit):
                canvas.rectangle(x, y, x + size, y + size * 1.4, colour, dice.between(0.55, 0.95))
            x += size * 2
        y += size * 2.8


def pine(canvas: Canvas, x: float, base: float, height: float, colour: Colour, snow: Colour | None = None) -> None:
    """Draw a fir tree of three tiers, with `snow` on them if given."""
    canvas.rectangle(x - height * 0.03, base - height * 0.14, x + height * 0.03, base, darker(colour, 0.4))
    for tier in range(3):
        top, low = base - height * (1 - 0.22 * tier), base - height * (0.54 - 0.21 * tier)
        half = height * (0.15 + 0.055 * tier)
        canvas.polygon([(x, top), (x + half, low), (x - half, low)], colour)
        canvas.polygon([(x, top), (x + half, low), (x + half * 0.1, low)], darker(colour, 0.22))
        if snow is not None:
            canvas.polygon([(x, top), (x + half * 0.5, (top + low) / 2), (x - half * 0.5, (top + low) / 2)], snow)


def tree(canvas: Canvas, dice: Dice, x: float, base: float, height: float, colour: Colour) -> None:
    """Draw a leafy tree: a trunk and a crown of discs with light from the left."""
    canvas.polygon(
        [(x - height * 0.04, base), (x - height * 0.02, base - height * 0.5), (x + height * 0.02, base - height * 0.5),
         (x + height * 0.04, base)],
        darker(mix(colour, (120, 70, 50), 0.7), 0.25),
    )  # fmt: skip
    for shift_x, shift_y, size in ((-0.17, 0.52, 0.2), (0.17, 0.5, 0.2), (0, 0.7, 0.26)):
        spread = dice.between(0.92, 1.08)
        canvas.disc(x + height * shift_x, base - height * shift_y, height * size * spread, colour)
    canvas.disc(x - height * 0.08, base - height * 0.76, height * 0.13, lighter(colour, 0.16))
    canvas.disc(x - height * 0.2, base - height * 0.56, height * 0.09, lighter(colour, 0.12))


def person(canvas: Canvas, x: float, base: float, height: float, clothes: Colour, skin: Colour | None = None) -> None:
    """Draw somebody standing: legs, a round-shouldered coat and a head."""
    half = height * 0.13
    dark = darker(clothes, 0.45)
    canvas.rectangle(x - half * 0.75, base - height * 0.42, x - half * 0.1, base, dark)
    canvas.rectangle(x + half * 0.1, base - height * 0.42, x + half * 0.75, base, dark)
    canvas.rounded(x - half, base - height * 0.8, x + half, base - height * 0.34, clothes, half * 0.8)
    canvas.disc(x, base - height * 0.895, height * 0.09, skin or lighter(clothes, 0.1))


def crowd(canvas: Canvas, dice: Dice, base: float, rows: int, size: float, colours: tuple[Colour, ...]) -> None:
    """Draw rows of heads and shoulders seen from behind, the nearest row at `base`."""
    for row in range(rows):
        near = (row + 1) / rows
        head = size * (0.6 + 0.4 * near)
        y = base - (rows - 1 - row) * size * 1.3
        x = dice.between(-head * 2, 0)
        while x < WIDTH + head:
            colour = darker(dice.one_of(colours), 0.5 * (1 - near))
            lift = dice.between(-head * 0.4, head * 0.4)
            canvas.rounded(x - head * 1.45, y + head * 0.9 + lift, x + head * 1.45, y + head * 5, colour, head)
            canvas.disc(x, y + lift, head, darker(colour, 0.2))
            x += head * dice.between(2.7, 3.5)


def birds(canvas: Canvas, dice: Dice, count: int, colour: Colour) -> None:
    """Draw a small flock."""
    x, y = dice.between(120, 780), dice.between(60, 160)
    for _ in range(count):
        left, top, wing = x + dice.between(-80, 80), y + dice.between(-36, 36), dice.between(5, 10)
        canvas.line([(left - wing, top - wing * 0.5), (left, top), (left + wing, top - wing * 0.5)], colour, 1.6)


SKINS = ((250, 214, 184), (224, 172, 130), (176, 118, 82), (118, 76, 56))
CLOTHES = ((226, 92, 82), (44, 112, 156), (240, 176, 72), (72, 146, 120), (120, 92, 158), (236, 232, 222), (52, 60, 88))
