"""Scenes before an audience: stage, orchestra, and the chart of a news studio."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from math import pi, sin

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import ALL, DAWN, DUSK, GOLDEN, MINT, NIGHT, Dice
from aggregator.newsroom.pictures.scenery import CLOTHES, SKINS, crowd, person

WHITE: Colour = (255, 255, 255)
WOOD: Colour = (166, 108, 72)


def stage(canvas: Canvas, dice: Dice) -> None:
    """Draw a theatre: curtains, spotlights, two players and the heads of the audience."""
    palette = dice.one_of((DUSK, NIGHT, MINT, GOLDEN))
    canvas.gradient(darker(palette.near, 0.5), mix(palette.near, palette.mid, 0.4), (0, 0, WIDTH, 400))
    backdrop = mix(palette.sky_top, palette.near, 0.35)
    canvas.gradient(backdrop, mix(palette.sky_bottom, palette.mid, 0.3), (150, 60, 810, 384))
    canvas.disc(dice.between(330, 630), 200, 74, palette.sun, 0.9)
    canvas.polygon(
        [(150, 384), (150, 330), (300, 268), (420, 336), (560, 250), (700, 330), (810, 292), (810, 384)],
        mix(palette.mid, palette.near, 0.4),
    )
    canvas.gradient(lighter(WOOD, 0.15), darker(WOOD, 0.4), (60, 380, 900, 452))
    for board in range(-8, 9):
        canvas.line([(480 + board * 48, 380), (480 + board * 62, 452)], darker(WOOD, 0.45), 1.4, 0.6)
    places = (dice.between(330, 410), dice.between(540, 630))
    for place, source in zip(places, (200, 760), strict=True):
        canvas.polygon([(source - 8, 30), (source + 8, 30), (place + 84, 426), (place - 84, 426)], palette.light, 0.22)
        canvas.ellipse(place, 426, 88, 15, palette.light, 0.6)
    for place in places:
        _player(canvas, dice, place, 428)
    red: Colour = dice.one_of(((176, 34, 52), (150, 30, 70), (34, 92, 104)))
    for side in (-1, 1):
        for fold in range(6):
            edge, width = 480 + side * (480 - fold * 34), 36
            left, right = sorted((edge, edge - side * width))
            canvas.gradient(
                darker(red, 0.12 + 0.26 * (fold % 2)), darker(red, 0.45 + 0.1 * (fold % 2)), (left, 0, right, 456)
            )
    for number in range(9):
        canvas.pie(54 + number * 107, 44, 66, 0, 180, darker(red, 0.3 * (number % 2)))
    canvas.rectangle(0, 0, WIDTH, 52, darker(red, 0.1))
    for number in range(48):
        canvas.rectangle(number * 20 + 2, 46, number * 20 + 16, 56, (246, 200, 100))
    canvas.rectangle(0, 450, WIDTH, HEIGHT, darker(palette.near, 0.5))
    crowd(canvas, dice, 500, 2, 22, (darker(palette.near, 0.35), darker(palette.mid, 0.55)))


def _player(canvas: Canvas, dice: Dice, x: float, base: float) -> None:
    clothes, skin = dice.one_of(CLOTHES), dice.one_of(SKINS)
    arm = dice.one_of((-1, 1))
    canvas.line([(x + arm * 14, base - 112), (x + arm * 46, base - 150)], clothes, 11)
    canvas.disc(x + arm * 49, base - 154, 7, skin)
    canvas.line([(x - arm * 14, base - 110), (x - arm * 34, base - 76)], clothes, 11)
    if dice.happens(0.5):
        canvas.polygon([(x - 18, base - 90), (x + 18, base - 90), (x + 40, base), (x - 40, base)], clothes)
    person(canvas, x, base, 160, clothes, skin)
    canvas.pie(x, base - 146, 16, 180, 360, dice.one_of(((50, 36, 36), (150, 84, 44), (230, 190, 110))))


def orchestra(canvas: Canvas, dice: Dice) -> None:
    """Draw a concert hall: tiers of musicians, music stands, organ pipes and the conductor in front."""
    palette = dice.one_of((DUSK, GOLDEN, DAWN, MINT))
    hall = mix((150, 92, 62), palette.mid, 0.3)
    canvas.gradient(darker(hall, 0.3), lighter(hall, 0.15))
    for number in range(33):
        height = 90 + 120 * abs(sin(number * pi / 16)) ** 0.8
        left = 216 + number * 16
        canvas.gradient((252, 226, 160), (176, 130, 72), (left, 232 - height, left + 12, 236))
        canvas.rectangle(left + 8, 232 - height, left + 12, 236, (130, 90, 52))
    canvas.rectangle(196, 234, 764, 250, darker(hall, 0.35))
    for side in (-1, 1):
        for panel in range(3):
            left, right = sorted((480 + side * (292 + panel * 66), 480 + side * (350 + panel * 66)))
            canvas.gradient(lighter(hall, 0.22), darker(hall, 0.1), (left, 30 + panel * 10, right, 280))
    for place in (150, 480, 810):
        canvas.glow(place, 20, 230, palette.light, 0.7)
    for row, (base, size) in enumerate(((312, 78), (372, 92), (440, 108))):
        canvas.gradient(lighter(WOOD, 0.18 - 0.08 * row), darker(WOOD, 0.25), (0, base - 4, WIDTH, base + 90))
        count = 12 - row * 2
        for number in range(count):
            x = 480 + (number - (count - 1) / 2) * (66 + row * 22) + dice.between(-5, 5)
            _musician(canvas, dice, x, base + 4, size, row)
    canvas.gradient(lighter(WOOD, 0.05), darker(WOOD, 0.5), (0, 470, WIDTH, HEIGHT))
    canvas.rectangle(420, 512, 540, HEIGHT, darker(WOOD, 0.45))
    dress: Colour = (24, 22, 34)
    for side, lift in ((-1, dice.between(30, 60)), (1, dice.between(-10, 30))):
        canvas.line(
            [(480 + side * 22, 388), (480 + side * 66, 372 - lift * 0.3), (480 + side * 96, 352 - lift)], dress, 16
        )
        canvas.disc(480 + side * 98, 349 - lift, 9, (238, 196, 162))
        if side < 0:
            canvas.line([(382, 349 - lift), (336, 316 - lift)], (250, 246, 236), 3)
    person(canvas, 480, 528, 190, dress, (92, 58, 46))


def _musician(canvas: Canvas, dice: Dice, x: float, base: float, size: float, row: int) -> None:
    dress: Colour = dice.one_of(((30, 28, 40), (36, 34, 52), (58, 30, 42)))
    skin = dice.one_of(SKINS)
    varnish: Colour = dice.one_of(((186, 92, 42), (158, 72, 34)))
    person(canvas, x, base, size, dress, skin)
    if row == 0:
        canvas.line([(x - size * 0.04, base - size * 0.82), (x + size * 0.3, base - size * 0.6)], (250, 206, 96), 5)
        canvas.disc(x + size * 0.32, base - size * 0.57, size * 0.1, (250, 206, 96))
    elif row == 1:
        canvas.ellipse(x - size * 0.14, base - size * 0.7, size * 0.14, size * 0.075, varnish)
        canvas.line([(x - size * 0.24, base - size * 0.72), (x - size * 0.42, base - size * 0.77)], (60, 36, 26), 3)
        canvas.line([(x - size * 0.3, base - size * 0.92), (x + size * 0.16, base - size * 0.52)], (250, 240, 220), 1.6)
    else:
        canvas.ellipse(x, base - size * 0.2, size * 0.17, size * 0.2, varnish)
        canvas.ellipse(x, base - size * 0.42, size * 0.13, size * 0.13, varnish)
        canvas.line([(x, base - size * 0.36), (x, base - size * 0.86)], (60, 36, 26), 4)
        canvas.line([(x - size * 0.34, base - size * 0.22), (x + size * 0.34, base - size * 0.32)], (250, 240, 220), 2)


def chart(canvas: Canvas, dice: Dice) -> None:
    """Draw bars, a line that climbs or falls, and a grid, like a studio's background for money news."""
    palette = dice.one_of(ALL)
    dark = darker(mix(palette.near, palette.sky_top, 0.25), 0.15)
    canvas.gradient(mix(dark, palette.mid, 0.55), dark)
    canvas.glow(dice.between(200, 760), 160, 300, palette.far, 0.6)
    for row in range(9):
        canvas.line([(0, 60 + row * 50), (WIDTH, 60 + row * 50)], WHITE, 1, 0.12)
    for column in range(14):
        canvas.line([(40 + column * 68, 30), (40 + column * 68, 462)], WHITE, 1, 0.07)
    rising = dice.happens(0.5)
    count = 12
    levels = []
    for number in range(count):
        share = number / (count - 1)
        trend = share if rising else 1 - share
        levels.append(70 + 220 * trend + dice.between(-34, 34))
    for number, level in enumerate(levels):
        left, top = 66 + number * 71, 460 - level
        colour = mix(palette.far, palette.accent, 0.25 if number < count - 1 else 1)
        canvas.gradient(lighter(colour, 0.25), mix(colour, dark, 0.45), (left, top, left + 46, 460))
        canvas.polygon(
            [(left + 46, top), (left + 58, top - 9), (left + 58, 460), (left + 46, 460)], darker(colour, 0.45)
        )
        canvas.polygon(
            [(left, top), (left + 12, top - 9), (left + 58, top - 9), (left + 46, top)], lighter(colour, 0.5)
        )
    line = [(92 + number * 71, 460 - level - dice.between(44, 76)) for number, level in enumerate(levels)]
    canvas.polygon([*line, (line[-1][0], 460), (line[0][0], 460)], palette.light, 0.1)
    canvas.line(line, palette.light, 6)
    for x, y in line:
        canvas.disc(x, y, 8, dark)
        canvas.disc(x, y, 5.5, palette.light)
    canvas.rectangle(40, 460, 930, 463, WHITE, 0.7)
    (before_x, before_y), (x, y) = line[-2], line[-1]
    canvas.glow(x, y, 80, palette.light, 0.7)
    canvas.line([(before_x, before_y), (x, y)], palette.light, 6)
    canvas.disc(x, y, 10, WHITE)
    for number in range(count):
        canvas.rounded(70 + number * 71, 478, 70 + number * 71 + 38, 486, WHITE, 4, 0.3)


HALLS = {
    "chart": chart,
    "orchestra": orchestra,
    "stage": stage,
}
