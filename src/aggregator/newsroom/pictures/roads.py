"""Scenes on the way: road and railway."""

# ruff: noqa: PLR0917, PLR2004 - drawing is made of positions, sizes and colours
from __future__ import annotations

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import ALL, OUTDOORS, Dice, Palette
from aggregator.newsroom.pictures.scenery import (
    CLOTHES,
    ground,
    hill_line,
    pine,
    ridge_line,
    sky,
    tree,
)

WHITE: Colour = (255, 255, 255)
HEADLAMP: Colour = (255, 246, 200)
TAIL_LAMP: Colour = (250, 70, 66)


def road(canvas: Canvas, dice: Dice) -> None:
    """Draw a road that winds to the hills, with cars and trees beside it."""
    palette = dice.one_of(OUTDOORS)
    sky(canvas, palette, dice, 300)
    ground(canvas, ridge_line(dice, 300, 140), palette.far, mix(palette.far, palette.sky_bottom, 0.4))
    ground(canvas, hill_line(dice, 310, 50), palette.mid, palette.mid)
    meadow = mix(palette.green, palette.mid, 0.12)
    canvas.gradient(lighter(meadow, 0.12), darker(meadow, 0.3), (0, 300, WIDTH, HEIGHT))
    vanish = dice.between(380, 580)
    asphalt = mix((84, 88, 104), palette.near, 0.4)
    bend = dice.between(-120, 120)

    def middle(share: float) -> float:
        return vanish * (1 - share) + 480 * share + bend * 4 * share * (1 - share)

    def edge(share: float, offset: float) -> tuple[float, float]:
        return middle(share) + offset * (4 + 330 * share**1.25), 300 + 240 * share

    shares = [step / 30 for step in range(31)]
    for half, colour in ((1.12, mix((226, 214, 190), meadow, 0.3)), (1.0, asphalt)):
        canvas.polygon([edge(s, -half) for s in shares] + [edge(s, half) for s in reversed(shares)], colour)
    for half in (-0.92, 0.9):
        canvas.polygon([edge(s, half) for s in shares] + [edge(s, half + 0.03) for s in reversed(shares)], WHITE, 0.85)
    for dash in range(1, 10):
        start, end = (dash / 10) ** 1.5, (dash / 10 + 0.05) ** 1.5
        canvas.polygon([edge(start, -0.025), edge(start, 0.025), edge(end, 0.025), edge(end, -0.025)], (255, 226, 120))
    for row in range(8):
        share = (row / 8) ** 1.4
        for side in (-1, 1):
            x, y = edge(share, side * 1.5)
            size = 34 + 130 * share
            if dice.happens(0.5):
                pine(canvas, x + side * dice.between(10, 120), y + 6, size * 1.2, mix(palette.green, palette.near, 0.5))
            else:
                tree(canvas, dice, x + side * dice.between(10, 120), y + 6, size, mix(palette.green, palette.near, 0.3))
    for share, lane in (
        (dice.between(0.16, 0.26), -0.48),
        (dice.between(0.4, 0.5), 0.48),
        (dice.between(0.66, 0.76), -0.5),
    ):
        x, y = edge(share, lane)
        _car_ahead(canvas, dice.one_of(CLOTHES), x, y, 0.16 + share * 1.25, HEADLAMP if lane < 0 else TAIL_LAMP)


def _car_ahead(canvas: Canvas, colour: Colour, x: float, base: float, size: float, lamp: Colour) -> None:
    canvas.ellipse(x, base, 62 * size, 8 * size, (10, 10, 24), 0.4)
    for side in (-44, 28):
        canvas.rounded(
            x + side * size, base - 18 * size, x + (side + 16) * size, base + 3 * size, (26, 26, 36), 3 * size
        )
    canvas.polygon(
        [
            (x - 40 * size, base - 44 * size),
            (x - 30 * size, base - 76 * size),
            (x + 30 * size, base - 76 * size),
            (x + 40 * size, base - 44 * size),
        ],
        darker(colour, 0.15),
    )
    canvas.polygon(
        [
            (x - 33 * size, base - 46 * size),
            (x - 26 * size, base - 71 * size),
            (x + 26 * size, base - 71 * size),
            (x + 33 * size, base - 46 * size),
        ],
        (176, 208, 226),
    )
    canvas.rounded(x - 50 * size, base - 48 * size, x + 50 * size, base - 10 * size, colour, 9 * size)
    for side in (-1, 1):
        canvas.disc(x + side * 38 * size, base - 34 * size, 6.5 * size, lamp)
    canvas.rectangle(x - 14 * size, base - 26 * size, x + 14 * size, base - 17 * size, (246, 246, 240))


def train(canvas: Canvas, dice: Dice) -> None:
    """Draw a train under its wire, hills behind and rails before it."""
    palette = dice.one_of(ALL)
    sky(canvas, palette, dice, 360)
    ground(canvas, ridge_line(dice, 340, 150), palette.far, mix(palette.far, palette.sky_bottom, 0.35))
    ground(canvas, hill_line(dice, 380, 80), mix(palette.mid, palette.green, 0.4), palette.mid)
    for _ in range(9):
        tree(canvas, dice, dice.between(0, WIDTH), 400, dice.between(60, 110), mix(palette.green, palette.mid, 0.4))
    side = dice.one_of((-1, 1))
    colour: Colour = dice.one_of(((206, 62, 62), (38, 106, 156), (40, 130, 116), (240, 168, 60)))
    nose = 480 + side * dice.between(300, 360)
    for pole in range(5):
        place = 60 + pole * 216
        canvas.line([(place, 440), (place, 208)], palette.near, 5)
        canvas.line([(place, 222), (place + 56, 222)], palette.near, 3)
    canvas.line([(0, 232), (WIDTH, 232)], palette.near, 1.6)
    stones = mix(palette.near, palette.far, 0.45)
    canvas.polygon([(0, 434), (WIDTH, 434), (WIDTH, 470), (0, 470)], stones)
    _carriages(canvas, dice, palette, nose, side, colour)
    canvas.rectangle(0, 440, WIDTH, 445, lighter(palette.far, 0.3))
    canvas.gradient(
        lighter(mix(palette.green, palette.mid, 0.2), 0.05),
        darker(mix(palette.green, palette.near, 0.3), 0.2),
        (0, 466, WIDTH, HEIGHT),
    )
    for number in range(24):
        canvas.rectangle(number * 42, 450, number * 42 + 22, 456, darker(palette.near, 0.15))
    for _ in range(30):
        x, y = dice.between(0, WIDTH), dice.between(484, 536)
        canvas.line([(x, y), (x + dice.between(-4, 4), y - dice.between(8, 16))], darker(palette.green, 0.3), 2)


def _carriages(canvas: Canvas, dice: Dice, palette: Palette, nose: float, side: int, colour: Colour) -> None:
    tail: float = -40 if side > 0 else WIDTH + 40
    left, right = sorted((tail, nose - side * 90))
    body = (246, 246, 244)
    canvas.gradient(body, darker(body, 0.12), (left, 276, right, 430))
    canvas.polygon(
        [
            (nose - side * 91, 276),
            (nose - side * 40, 296),
            (nose, 372),
            (nose - side * 4, 430),
            (nose - side * 91, 430),
        ],
        body,
    )
    canvas.polygon(
        [(nose - side * 62, 296), (nose - side * 42, 302), (nose - side * 14, 348), (nose - side * 62, 348)],
        darker(palette.near, 0.15),
    )
    canvas.rectangle(left, 376, right, 402, colour)
    canvas.polygon(
        [(nose - side * 91, 376), (nose - side * 1, 376), (nose - side * 1, 402), (nose - side * 91, 402)], colour
    )
    canvas.rectangle(left, 268, right, 280, mix(colour, palette.near, 0.5))
    place = nose - side * 130
    count = 0
    while -60 < place < WIDTH + 60:
        if count % 6 == 5:
            canvas.rounded(place - 20, 300, place + 20, 428, mix(colour, WHITE, 0.1), 4)
            canvas.rectangle(place - 13, 310, place + 13, 360, darker(palette.near, 0.1))
            canvas.rectangle(place - side * 38 - 3, 276, place - side * 38 + 3, 430, darker(body, 0.5))
        else:
            canvas.rounded(place - 24, 304, place + 24, 352, darker(palette.near, 0.1), 6)
            if dice.happens(0.55):
                canvas.rounded(place - 24, 304, place + 24, 352, palette.light, 6, 0.85)
                canvas.disc(place + dice.between(-8, 8), 332, 8, palette.near)
                canvas.rounded(place - 14, 340, place + 14, 352, palette.near, 4)
        place -= side * 62
        count += 1
    for number in range(12):
        wheel = nose - side * (70 + number * 84)
        canvas.disc(wheel, 432, 13, (36, 36, 48))
        canvas.disc(wheel, 432, 5, (150, 154, 166))
    canvas.glow(nose, 412, 80, palette.light, 0.7)
    canvas.disc(nose - side * 12, 412, 6, (255, 250, 220))
    canvas.line([(nose - side * 300, 268), (nose - side * 276, 248), (nose - side * 300, 232)], (60, 60, 74), 3)


ROADS = {"road": road, "train": train}
