"""Scenes of the sea, of weather and of space."""

# ruff: noqa: PLR0917, PLR2004 - drawing is made of positions, sizes and colours
from __future__ import annotations

from math import pi, sin

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import (
    ALL,
    CLOUDY,
    DAWN,
    DAY,
    DUSK,
    GOLDEN,
    NIGHT,
    Dice,
    Palette,
)
from aggregator.newsroom.pictures.scenery import (
    SKINS,
    birds,
    ground,
    hill_line,
    person,
    pine,
    ridge_line,
    sky,
    stars,
    water,
)

WHITE: Colour = (255, 255, 255)


def sea(canvas: Canvas, dice: Dice) -> None:
    """Draw waves, a lighthouse on its rock and a sailing boat."""
    palette = dice.one_of(ALL)
    sun_x, _ = sky(canvas, palette, dice, 290)
    water(canvas, palette, dice, 288, sun_x)
    side = dice.one_of((-1, 1))
    rock_x = 480 + side * dice.between(210, 300)
    _lighthouse(canvas, palette, rock_x, 330)
    boat_x, size = 480 - side * dice.between(60, 260), dice.between(0.8, 1.3)
    y = 370
    canvas.polygon([(boat_x - 46 * size, y), (boat_x + 50 * size, y), (boat_x + 32 * size, y + 20 * size),
                    (boat_x - 34 * size, y + 20 * size)], palette.accent)  # fmt: skip
    canvas.polygon([(boat_x, y - 110 * size), (boat_x + 44 * size, y - 8), (boat_x, y - 8)], lighter(palette.sun, 0.3))
    canvas.polygon(
        [(boat_x - 4, y - 96 * size), (boat_x - 4, y - 8), (boat_x - 34 * size, y - 8)],
        mix(palette.sun, palette.far, 0.3),
    )
    for row in range(4):
        base, shift = 410 + row * 36, dice.between(0, 2 * pi)
        line = [(x, base + 9 * sin(x / (46 + row * 12) + shift)) for x in range(0, WIDTH + 1, 8)]
        colour = mix(palette.water_top, palette.water_bottom, 0.35 + 0.2 * row)
        canvas.line([(x, y - 2) for x, y in line], lighter(colour, 0.4), 3, 0.7)
        ground(canvas, line, colour, darker(colour, 0.12))
    birds(canvas, dice, 5, palette.near)


def _lighthouse(canvas: Canvas, palette: Palette, x: float, base: float) -> None:
    canvas.glow(x, base - 182, 190, palette.light, 0.8)
    canvas.polygon(
        [(x - 130, base + 26), (x - 70, base - 20), (x - 10, base - 30), (x + 60, base - 14), (x + 130, base + 26)],
        palette.near,
    )
    canvas.polygon(
        [(x - 20, base - 20), (x - 13, base - 160), (x + 13, base - 160), (x + 20, base - 20)], (246, 242, 234)
    )
    for stripe in (0.12, 0.45, 0.78):
        low, high = base - 20 - 140 * stripe, base - 20 - 140 * (stripe + 0.15)
        wide, slim = 20 - 7 * stripe, 20 - 7 * (stripe + 0.15)
        canvas.polygon([(x - wide, low), (x - slim, high), (x + slim, high), (x + wide, low)], (214, 70, 64))
    canvas.polygon(
        [(x + 3, base - 20), (x + 3, base - 160), (x + 13, base - 160), (x + 20, base - 20)], (20, 20, 40), 0.18
    )
    canvas.rectangle(x - 18, base - 164, x + 18, base - 159, palette.near)
    canvas.rectangle(x - 9, base - 184, x + 9, base - 164, palette.light)
    canvas.polygon([(x - 14, base - 184), (x, base - 202), (x + 14, base - 184)], (170, 50, 54))


def snow(canvas: Canvas, dice: Dice) -> None:
    """Draw snow-covered hills, firs, a cottage with lit windows, and falling flakes."""
    palette = dice.one_of((DUSK, NIGHT, DAWN, CLOUDY, DAY))
    sky(canvas, palette, dice, 360)
    white = mix((250, 252, 255), palette.sky_top, 0.12)
    ground(canvas, ridge_line(dice, 330, 130), mix(white, palette.far, 0.5), mix(white, palette.far, 0.25))
    ground(canvas, hill_line(dice, 390, 90), mix(white, palette.far, 0.3), white)
    for _ in range(14):
        pine(
            canvas,
            dice.between(0, WIDTH),
            dice.between(365, 395),
            dice.between(50, 90),
            mix(palette.near, palette.green, 0.4),
            white,
        )
    ground(canvas, hill_line(dice, 470, 60, 1), white, mix(white, palette.sky_top, 0.35))
    x = dice.between(220, 700)
    _cottage(canvas, palette, x, 448, white)
    for _ in range(7):
        place = dice.between(0, WIDTH)
        if abs(place - x) > 120:
            pine(
                canvas,
                place,
                dice.between(470, 530),
                dice.between(120, 190),
                mix(palette.near, palette.green, 0.3),
                white,
            )
    for _ in range(110):
        canvas.disc(
            dice.between(0, WIDTH), dice.between(0, HEIGHT), dice.between(1, 3.2), WHITE, dice.between(0.5, 0.95)
        )


def _cottage(canvas: Canvas, palette: Palette, x: float, base: float, white: Colour) -> None:
    wall = mix(palette.near, (150, 84, 66), 0.6)
    canvas.rectangle(x + 34, base - 128, x + 50, base - 80, darker(wall, 0.2))
    canvas.rectangle(x - 70, base - 64, x + 70, base + 4, wall)
    canvas.polygon([(x - 88, base - 58), (x - 44, base - 118), (x + 44, base - 118), (x + 88, base - 58)], white)
    canvas.polygon(
        [(x - 88, base - 58), (x + 88, base - 58), (x + 84, base - 52), (x - 84, base - 52)], darker(wall, 0.4)
    )
    canvas.rectangle(x - 12, base - 42, x + 12, base + 4, darker(wall, 0.5))
    for shift in (-44, 44):
        canvas.glow(x + shift, base - 28, 60, palette.light, 0.8)
        canvas.rectangle(x + shift - 14, base - 42, x + shift + 14, base - 16, palette.light)
        canvas.rectangle(x + shift - 1, base - 42, x + shift + 1, base - 16, wall)


def storm(canvas: Canvas, dice: Dice) -> None:
    """Draw heavy clouds, lightning, slanting rain and trees that bend."""
    palette = dice.one_of((NIGHT, CLOUDY, DUSK))
    canvas.gradient(darker(palette.sky_top, 0.45), mix(palette.sky_bottom, palette.mid, 0.35))
    strike = dice.between(220, 740)
    canvas.glow(strike, 190, 250, (236, 230, 255), 0.8)
    ground(canvas, ridge_line(dice, 450, 110), darker(palette.far, 0.25), palette.mid)
    _lightning(canvas, dice, strike, 110, 420)
    for row in range(3):
        shade = darker(mix(palette.sky_top, palette.near, 0.35 + 0.2 * row), 0.1)
        for _ in range(13 - row * 2):
            radius = dice.between(56, 104)
            canvas.disc(dice.between(-40, WIDTH + 40), 104 - row * 52 + dice.between(-16, 24), radius, shade)
    ground(canvas, hill_line(dice, 500, 50), darker(palette.near, 0.2), darker(palette.near, 0.5))
    for _ in range(7):
        _bent_tree(
            canvas,
            dice,
            dice.between(30, 930),
            490,
            dice.between(80, 150),
            darker(mix(palette.near, palette.green, 0.25), 0.25),
        )
    for _ in range(150):
        x, y, length = dice.between(0, WIDTH + 120), dice.between(80, HEIGHT), dice.between(14, 34)
        canvas.line([(x, y), (x - length * 0.4, y + length)], (226, 236, 248), 1, dice.between(0.2, 0.55))


def _lightning(canvas: Canvas, dice: Dice, x: float, top: float, bottom: float) -> None:
    points = [(x, top)]
    while points[-1][1] < bottom:
        points.append((points[-1][0] + dice.between(-44, 44), points[-1][1] + dice.between(28, 60)))
    canvas.line(points, (200, 190, 255), 10, 0.35)
    canvas.line(points, (255, 252, 236), 4)
    fork = points[len(points) // 2]
    side = dice.one_of((-1, 1))
    canvas.line([fork, (fork[0] + side * 40, fork[1] + 44), (fork[0] + side * 56, fork[1] + 92)], (255, 252, 236), 2.4)


def _bent_tree(canvas: Canvas, dice: Dice, x: float, base: float, height: float, colour: Colour) -> None:
    bend = height * dice.between(0.34, 0.5)
    spine = [(x - bend * (step / 12) ** 1.8, base - height * step / 12) for step in range(13)]
    canvas.line(spine, darker(colour, 0.35), 5)
    crown = [(spine[step], height * 0.17 * sin(pi * (step - 3) / 9) ** 0.7) for step in range(4, 12)]
    leaves = [spine[3], *((left - wide * 1.1, top) for (left, top), wide in crown), (spine[12][0] - 12, spine[12][1])]
    canvas.polygon([*leaves, *((left + wide * 0.8, top) for (left, top), wide in reversed(crown))], colour)
    for (left, top), wide in crown[::2]:
        canvas.line([(left + wide * 0.3, top + 6), (left - wide * 1.5, top - 8)], lighter(colour, 0.14), 3)


def sun(canvas: Canvas, dice: Dice) -> None:
    """Draw a huge sun over a beach: parasols, people and shimmering water."""
    palette = dice.one_of((GOLDEN, DAY, DUSK))
    canvas.gradient(palette.sky_top, palette.sky_bottom, (0, 0, WIDTH, 330))
    x, y = dice.between(260, 700), dice.between(140, 200)
    for ring in range(4):
        canvas.disc(x, y, 230 - ring * 40, palette.sun, 0.16)
    canvas.disc(x, y, 86, lighter(palette.sun, 0.2))
    water(canvas, palette, dice, 322, x)
    sand = mix((250, 220, 166), palette.sky_bottom, 0.25)
    shore = [(step, 404 + 14 * sin(step / 120 + y)) for step in range(0, WIDTH + 1, 12)]
    canvas.line([(place, height - 3) for place, height in shore], WHITE, 7, 0.7)
    ground(canvas, shore, sand, mix(sand, palette.mid, 0.25))
    for number in range(4):
        place = 120 + number * 230 + dice.between(-50, 50)
        base = 450 + 34 * (number % 2) + dice.between(0, 24)
        _parasol(canvas, dice, place, base, palette)
        person(
            canvas,
            place + dice.between(44, 80),
            base + 6,
            64,
            dice.one_of((palette.accent, (44, 112, 156), (240, 236, 226))),
            dice.one_of(SKINS),
        )


def _parasol(canvas: Canvas, dice: Dice, x: float, base: float, palette: Palette) -> None:
    first, second = dice.one_of(
        (((226, 92, 82), WHITE), ((44, 126, 156), WHITE), ((244, 180, 70), (226, 92, 82)), (palette.accent, WHITE))
    )
    canvas.ellipse(x + 24, base + 4, 62, 8, palette.near, 0.25)
    canvas.line([(x, base + 4), (x, base - 90)], (250, 246, 238), 4)
    for slice_ in range(6):
        canvas.pie(x, base - 66, 64, 180 + slice_ * 30, 210 + slice_ * 30, first if slice_ % 2 else second)
    canvas.disc(x, base - 132, 3, first)


def space(canvas: Canvas, dice: Dice) -> None:
    """Draw stars, a ringed planet, a moon and a satellite with its panels."""
    deep: Colour = dice.one_of(((14, 14, 44), (24, 10, 44), (6, 22, 46)))
    haze: Colour = dice.one_of(((120, 70, 170), (40, 110, 170), (180, 80, 120)))
    canvas.gradient(deep, mix(deep, haze, 0.45))
    for _ in range(3):
        canvas.glow(dice.between(0, WIDTH), dice.between(0, HEIGHT), dice.between(170, 250), haze, 0.6)
    stars(canvas, dice, 190, HEIGHT)
    side = dice.one_of((-1, 1))
    x, y, radius = 480 + side * dice.between(130, 250), dice.between(220, 330), dice.between(110, 150)
    body: Colour = dice.one_of(((238, 158, 96), (96, 170, 206), (206, 116, 136), (120, 190, 160)))
    canvas.glow(x, y, radius * 1.8, body, 0.6)
    canvas.arc(x, y, radius * 1.75, radius * 0.42, 180, 360, lighter(body, 0.5), 9)
    canvas.disc(x, y, radius, body)
    for band in range(-2, 3):
        half = radius * (1 - (band / 3.2) ** 2) ** 0.5 * 0.97
        height = y + band * radius * 0.32
        canvas.ellipse(x, height, half, radius * 0.055, lighter(body, 0.3) if band % 2 else darker(body, 0.18), 0.55)
    for step in range(10):
        canvas.arc(x, y, radius - step * 4, radius, -66, 66, darker(body, 0.75 - step * 0.06), 5)
    canvas.arc(x, y, radius * 1.75, radius * 0.42, 0, 180, lighter(body, 0.6), 9)
    moon_x, moon_y = x - side * dice.between(260, 330), dice.between(80, 160)
    canvas.disc(moon_x, moon_y, 30, (216, 214, 226))
    for shift_x, shift_y, size in ((-9, -6, 7), (10, 4, 5), (-3, 13, 4)):
        canvas.disc(moon_x + shift_x, moon_y + shift_y, size, (180, 178, 196))
    _satellite(canvas, 480 - side * dice.between(120, 280), dice.between(350, 430))


def _satellite(canvas: Canvas, x: float, y: float) -> None:
    for side in (-1, 1):
        near, far = x + side * 34, x + side * 132
        canvas.line([(x, y), (near, y)], (210, 214, 226), 5)
        canvas.rectangle(min(near, far), y - 24, max(near, far), y + 24, (40, 84, 168))
        for column in range(1, 4):
            place = near + (far - near) * column / 4
            canvas.line([(place, y - 24), (place, y + 24)], (150, 190, 240), 1.5)
        canvas.line([(near, y), (far, y)], (150, 190, 240), 1.5)
    canvas.rounded(x - 24, y - 32, x + 24, y + 32, (236, 196, 104), 5)
    canvas.rectangle(x + 6, y - 32, x + 22, y + 32, (196, 148, 70))
    canvas.pie(x, y - 44, 26, 0, 180, (240, 242, 248))
    canvas.line([(x, y - 44), (x, y - 66)], (240, 242, 248), 2.5)
    canvas.disc(x, y - 67, 3.5, (250, 120, 100))


WEATHER = {
    "sea": sea,
    "snow": snow,
    "space": space,
    "storm": storm,
    "sun": sun,
}
