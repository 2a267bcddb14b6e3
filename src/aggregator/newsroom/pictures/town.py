"""Scenes of a town at work: skyline, hospital, factory and market."""

# ruff: noqa: PLR2004 - drawing is made of positions, sizes and colours
from __future__ import annotations

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import (
    ALL,
    DAWN,
    DAY,
    DUSK,
    EVENING,
    GOLDEN,
    MINT,
    Dice,
)
from aggregator.newsroom.pictures.scenery import (
    CLOTHES,
    SKINS,
    person,
    sky,
    skyline,
    tree,
    water,
    windows,
)

WHITE: Colour = (255, 255, 255)


def city(canvas: Canvas, dice: Dice) -> None:
    """Draw three rows of houses with lit windows behind a river or an avenue."""
    palette = dice.one_of(ALL)
    sun_x, _ = sky(canvas, palette, dice, 430)
    skyline(canvas, palette, dice, 440, (150, 290), mix(palette.far, palette.sky_bottom, 0.25))
    _tower(canvas, dice.between(160, 800), 440, dice.between(330, 380), palette.mid)
    skyline(canvas, palette, dice, 440, (90, 210), palette.mid)
    skyline(canvas, palette, dice, 446, (36, 110), palette.near)
    if dice.happens(0.6):
        water(canvas, palette, dice, 440, sun_x)
        canvas.rectangle(0, 436, WIDTH, 446, darker(palette.near, 0.2))
        for _ in range(40):
            x = dice.between(0, WIDTH)
            canvas.rectangle(x, 448, x + 4, 448 + dice.between(14, 70), palette.light, 0.22)
        return
    canvas.gradient(mix(palette.near, palette.mid, 0.4), darker(palette.near, 0.2), (0, 440, WIDTH, HEIGHT))
    for number in range(6):
        car(
            canvas,
            dice,
            60 + number * 170 + dice.between(-40, 40),
            486 if number % 2 else 524,
            0.7 + 0.3 * (number % 2 == 0),
        )


def _tower(canvas: Canvas, x: float, base: float, height: float, colour: Colour) -> None:
    top = base - height
    canvas.polygon([(x - 26, base), (x - 17, top + 70), (x + 17, top + 70), (x + 26, base)], colour)
    canvas.polygon([(x - 13, top + 70), (x, top + 14), (x + 13, top + 70)], colour)
    canvas.line([(x, top + 20), (x, top - 14)], colour, 2.5)


def car(canvas: Canvas, dice: Dice, x: float, base: float, size: float) -> None:
    """Draw a car from the side, standing on `base`."""
    colour = dice.one_of(CLOTHES)
    canvas.ellipse(x, base + 1, 62 * size, 5 * size, (10, 10, 24), 0.35)
    canvas.polygon(
        [
            (x - 34 * size, base - 28 * size),
            (x - 20 * size, base - 46 * size),
            (x + 18 * size, base - 46 * size),
            (x + 36 * size, base - 28 * size),
        ],
        mix(colour, (200, 224, 240), 0.75),
    )
    canvas.rectangle(x - 2 * size, base - 46 * size, x + 2 * size, base - 28 * size, colour)
    canvas.rounded(x - 56 * size, base - 30 * size, x + 56 * size, base - 8 * size, colour, 8 * size)
    canvas.disc(x + 52 * size, base - 20 * size, 4 * size, (255, 244, 190))
    for shift in (-32, 32):
        canvas.disc(x + shift * size, base - 9 * size, 10 * size, (28, 28, 40))
        canvas.disc(x + shift * size, base - 9 * size, 4.5 * size, (190, 194, 204))


def hospital(canvas: Canvas, dice: Dice) -> None:
    """Draw a hospital block with its cross, and an ambulance in front."""
    palette = dice.one_of(ALL)
    sky(canvas, palette, dice, 430)
    skyline(canvas, palette, dice, 432, (60, 150), mix(palette.far, palette.sky_bottom, 0.3))
    x = dice.between(400, 560)
    wall = mix((244, 246, 248), palette.mid, 0.35 if palette in EVENING else 0.1)
    canvas.gradient(wall, darker(wall, 0.12), (x - 330, 250, x + 330, 440))
    canvas.gradient(lighter(wall, 0.3), wall, (x - 140, 120, x + 140, 440))
    canvas.rectangle(x + 96, 120, x + 140, 440, darker(wall, 0.1))
    glass = mix(palette.water_bottom, palette.sky_top, 0.4)
    lit = 0.7 if palette in EVENING else 0.25
    for left, top, right in ((x - 310, 270, x - 150), (x + 156, 270, x + 320), (x - 120, 210, x + 90)):
        for row in range(5):
            y = top + row * 34
            if y < 400:
                canvas.rounded(left, y, right, y + 19, glass, 3)
                windows(canvas, dice, (left + 4, y + 2, right - 4, y + 19), palette.light, lit, 11)
    canvas.rounded(x - 54, 138, x + 10, 202, (226, 62, 66), 10)
    canvas.rectangle(x - 29, 147, x - 15, 193, WHITE)
    canvas.rectangle(x - 45, 163, x + 1, 177, WHITE)
    canvas.rectangle(x - 80, 384, x + 60, 396, (226, 62, 66))
    canvas.rectangle(x - 60, 396, x + 40, 440, mix(palette.light, WHITE, 0.3))
    canvas.rectangle(x - 12, 396, x - 8, 440, wall)
    for _ in range(6):
        tree(
            canvas,
            dice,
            dice.one_of((dice.between(10, 160), dice.between(800, 950))),
            446,
            dice.between(80, 130),
            mix(palette.green, palette.mid, 0.2),
        )
    road_colour = mix(palette.near, palette.far, 0.35)
    canvas.rectangle(0, 438, WIDTH, 452, lighter(mix(palette.green, palette.mid, 0.2), 0.1))
    canvas.gradient(road_colour, darker(road_colour, 0.3), (0, 450, WIDTH, HEIGHT))
    for number in range(8):
        canvas.rectangle(number * 130 + 20, 516, number * 130 + 84, 521, WHITE, 0.7)
    _ambulance(canvas, x + dice.one_of((-200, 190)), 500)


def _ambulance(canvas: Canvas, x: float, base: float) -> None:
    canvas.ellipse(x, base + 3, 120, 9, (10, 10, 24), 0.35)
    canvas.glow(x - 40, base - 104, 70, (90, 150, 255), 0.9)
    canvas.rounded(x - 46, base - 106, x - 30, base - 92, (70, 130, 250), 4)
    canvas.rounded(x - 108, base - 96, x + 44, base - 12, (250, 250, 252), 8)
    canvas.polygon(
        [(x + 40, base - 78), (x + 76, base - 78), (x + 100, base - 46), (x + 108, base - 12), (x + 40, base - 12)],
        (250, 250, 252),
    )
    canvas.polygon(
        [(x + 50, base - 70), (x + 73, base - 70), (x + 90, base - 46), (x + 50, base - 46)], (110, 160, 196)
    )
    canvas.rectangle(x - 108, base - 42, x + 104, base - 30, (226, 62, 66))
    canvas.rectangle(x - 44, base - 86, x - 34, base - 52, (226, 62, 66))
    canvas.rectangle(x - 56, base - 74, x - 22, base - 64, (226, 62, 66))
    for shift in (-70, 66):
        canvas.disc(x + shift, base - 10, 17, (30, 30, 42))
        canvas.disc(x + shift, base - 10, 8, (196, 200, 208))


def factory(canvas: Canvas, dice: Dice) -> None:
    """Draw saw-tooth roofs, tall chimneys with smoke, tanks and a fence."""
    palette = dice.one_of(ALL)
    sky(canvas, palette, dice, 440, clouds=1)
    skyline(canvas, palette, dice, 442, (40, 110), mix(palette.far, palette.sky_bottom, 0.2))
    for number in range(dice.whole(2, 4)):
        x, height = 180 + number * 190 + dice.between(-50, 50), dice.between(230, 310)
        smoke = mix(palette.sky_bottom, (250, 250, 250), 0.45)
        for puff in range(7):
            canvas.disc(
                x + 10 + puff * 22 + dice.between(-6, 6),
                436 - height - 8 - puff * 13,
                12 + puff * 5.4,
                smoke,
                0.6 - puff * 0.06,
            )
        canvas.gradient_polygon(
            [(x - 18, 440), (x - 11, 440 - height), (x + 11, 440 - height), (x + 18, 440)],
            lighter(palette.mid, 0.12),
            palette.mid,
        )
        for band in (0.0, 0.1):
            canvas.rectangle(
                x - 12, 440 - height + band * height, x + 12, 440 - height + band * height + 12, palette.accent
            )
    x = dice.between(-20, 40)
    brick = mix((190, 100, 82), palette.mid, 0.4)
    for number in range(6):
        left, right = x + number * 124, x + number * 124 + 124
        canvas.polygon([(left, 346), (left, 296), (right, 346)], darker(brick, 0.3))
        canvas.polygon([(left + 4, 338), (left + 4, 304), (left + 78, 338)], palette.light, 0.85)
        canvas.gradient(brick, darker(brick, 0.2), (left, 344, right, 446))
        windows(canvas, dice, (left + 14, 366, right - 10, 430), palette.light, 0.6, 13)
    for number in range(3):
        place = x + 800 + number * 66
        canvas.gradient(lighter(palette.far, 0.3), palette.far, (place, 330, place + 56, 446))
        canvas.ellipse(place + 28, 330, 28, 9, lighter(palette.far, 0.45))
        canvas.rectangle(place + 40, 334, place + 56, 446, darker(palette.mid, 0.1), 0.25)
    canvas.gradient(mix(palette.near, palette.mid, 0.4), darker(palette.near, 0.25), (0, 444, WIDTH, HEIGHT))
    for number in range(33):
        canvas.line([(number * 30, 452), (number * 30, 500)], darker(palette.near, 0.3), 2)
    canvas.line([(0, 462), (WIDTH, 462)], darker(palette.near, 0.3), 2.5)
    canvas.line([(0, 490), (WIDTH, 490)], darker(palette.near, 0.3), 2.5)


def market(canvas: Canvas, dice: Dice) -> None:
    """Draw stalls with striped awnings, heaps of fruit, bunting and shoppers."""
    palette = dice.one_of((DAY, GOLDEN, MINT, DAWN, DUSK))
    sky(canvas, palette, dice, 300, clouds=2)
    facades: tuple[Colour, ...] = ((238, 186, 130), (224, 142, 116), (240, 214, 160), (170, 190, 178), (206, 160, 170))
    x = dice.between(-60, 0)
    while x < WIDTH:
        width, height = dice.between(110, 170), dice.between(230, 330)
        wall = mix(dice.one_of(facades), palette.mid, 0.2)
        canvas.rectangle(x, 440 - height, x + width, 440, wall)
        canvas.polygon(
            [(x - 6, 440 - height), (x + width / 2, 400 - height), (x + width + 6, 440 - height)],
            darker(mix(wall, (150, 70, 60), 0.5), 0.2),
        )
        windows(
            canvas, dice, (x + 16, 456 - height, x + width - 12, 330), mix(palette.near, palette.sky_top, 0.4), 1, 14
        )
        x += width
    canvas.gradient(
        mix(palette.far, (230, 210, 190), 0.4), mix(palette.mid, palette.near, 0.4), (0, 436, WIDTH, HEIGHT)
    )
    for number in range(4):
        _stall(canvas, dice, 130 + number * 240 + dice.between(-16, 16), 470)
    for string in range(2):
        y = 70 + 50 * string
        points = [(place, y + 44 * (1 - ((place - 480) / 480) ** 2)) for place in range(0, WIDTH + 1, 40)]
        canvas.line(points, palette.near, 1.5)
        for place, height in points:
            canvas.polygon([(place - 11, height), (place + 11, height), (place, height + 20)], dice.one_of(CLOTHES))
    for number in range(6):
        person(
            canvas,
            70 + number * 165 + dice.between(-40, 40),
            dice.between(515, 545),
            dice.between(120, 140),
            dice.one_of(CLOTHES),
            dice.one_of(SKINS),
        )


def _stall(canvas: Canvas, dice: Dice, x: float, base: float) -> None:
    fruit: tuple[Colour, ...] = ((226, 64, 56), (250, 160, 50), (126, 178, 64), (250, 212, 80), (140, 70, 130))
    stripe: Colour = dice.one_of(((214, 70, 64), (42, 124, 136), (236, 156, 56), (84, 130, 84)))
    for side in (-96, 96):
        canvas.line([(x + side, base), (x + side, base - 150)], (120, 82, 60), 4)
    canvas.rectangle(x - 94, base - 128, x + 94, base, (60, 40, 44), 0.35)
    for number in range(8):
        left, right = x - 108 + number * 27, x - 81 + number * 27
        colour = stripe if number % 2 else WHITE
        canvas.polygon(
            [
                (x - 84 + number * 21, base - 176),
                (x - 63 + number * 21, base - 176),
                (right, base - 128),
                (left, base - 128),
            ],
            colour,
        )
        canvas.pie((left + right) / 2, base - 129, 13.5, 0, 180, darker(colour, 0.1))
    for crate in range(3):
        left = x - 92 + crate * 63
        colour = dice.one_of(fruit)
        for row in range(2):
            for piece in range(5):
                canvas.disc(
                    left + 8 + piece * 10.5, base - 58 - row * 8, 7, lighter(colour, 0.1 * row + 0.05 * (piece % 2))
                )
        canvas.polygon(
            [(left - 2, base - 56), (left + 60, base - 56), (left + 57, base - 26), (left + 1, base - 26)],
            (186, 132, 86),
        )
        canvas.line([(left, base - 41), (left + 58, base - 41)], (140, 96, 64), 2)
    canvas.rectangle(x - 98, base - 28, x + 98, base, (146, 102, 74))


TOWN = {
    "city": city,
    "factory": factory,
    "hospital": hospital,
    "market": market,
}
