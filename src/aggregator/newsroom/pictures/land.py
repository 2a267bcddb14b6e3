"""Scenes of land: mountains, forest, river, fields, garden and desert."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from math import cos, pi, sin

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import (
    ALL,
    BRIGHT,
    CLOUDY,
    DAWN,
    DAY,
    DUSK,
    GOLDEN,
    MINT,
    OUTDOORS,
    Dice,
    Palette,
)
from aggregator.newsroom.pictures.scenery import (
    birds,
    ground,
    hill_line,
    pine,
    ridge_line,
    sky,
    tree,
    water,
)

WHITE: Colour = (255, 255, 255)


def mountains(canvas: Canvas, dice: Dice) -> None:
    """Draw ridges one behind the other, the highest capped with snow, above a lake or a wood."""
    palette = dice.one_of(ALL)
    sun_x, _ = sky(canvas, palette, dice, 420)
    ground(canvas, ridge_line(dice, 330, 190), palette.far, mix(palette.far, palette.sky_bottom, 0.6))
    x = dice.between(-60, 40)
    while x < WIDTH:
        _peak(canvas, palette, dice, x, 420)
        x += dice.between(170, 280)
    ground(canvas, ridge_line(dice, 440, 90), palette.mid, mix(palette.mid, palette.near, 0.5))
    if dice.happens(0.5):
        water(canvas, palette, dice, 420, sun_x)
        ground(canvas, hill_line(dice, 560, 60), darker(palette.near, 0.1), darker(palette.near, 0.4))
    else:
        ground(canvas, hill_line(dice, 490, 60), mix(palette.near, palette.green, 0.3), darker(palette.near, 0.3))
    for _ in range(26):
        pine(canvas, dice.between(0, WIDTH), dice.between(505, 560), dice.between(60, 120), darker(palette.near, 0.15))


def _peak(canvas: Canvas, palette: Palette, dice: Dice, x: float, base: float) -> None:
    height, half = dice.between(170, 290), dice.between(150, 230)
    top = base - height
    canvas.gradient_polygon([(x, top), (x + half, base), (x - half, base)], lighter(palette.mid, 0.12), palette.mid)
    canvas.polygon([(x, top), (x + half, base), (x + half * 0.15, base), (x - half * 0.06, top + height * 0.4)],
                   darker(palette.mid, 0.28), 0.7)  # fmt: skip
    low = top + height * 0.3
    edge = half * 0.3
    snow = lighter(mix(palette.sun, palette.sky_top, 0.1), 0.25)
    canvas.polygon(
        [(x, top), (x + edge, low), (x + edge * 0.5, low - 10), (x + edge * 0.2, low + 16), (x - edge * 0.25, low - 6),
         (x - edge * 0.6, low + 12), (x - edge, low)],
        snow,
    )  # fmt: skip
    canvas.polygon([(x, top), (x + edge, low), (x + edge * 0.5, low - 10), (x + edge * 0.2, low + 16), (x, low - 20)],
                   mix(snow, palette.mid, 0.3))  # fmt: skip


def forest(canvas: Canvas, dice: Dice) -> None:
    """Draw firs in mist, layer before layer, with light falling through them."""
    palette = dice.one_of((MINT, DAWN, GOLDEN, CLOUDY, DAY))
    canvas.gradient(mix(palette.sky_top, palette.sky_bottom, 0.35), lighter(palette.sky_bottom, 0.2))
    sun_x = dice.between(240, 720)
    canvas.glow(sun_x, 120, 330, palette.sun, 0.95)
    for layer in range(4):
        near = layer / 3
        colour = mix(mix(palette.far, palette.green, 0.35), darker(mix(palette.near, palette.green, 0.25), 0.15), near)
        base = 360 + 70 * layer
        ground(canvas, hill_line(dice, base, 40), colour, mix(colour, palette.sky_bottom, 0.45 * (1 - near)))
        x = dice.between(-30, 20)
        while x < WIDTH + 40:
            height = dice.between(110, 190) * (0.75 + 0.75 * near)
            pine(canvas, x, base + dice.between(-4, 22), height, colour)
            x += dice.between(34, 70) * (0.8 + 1.5 * near)
    for _ in range(3):
        lean = dice.between(-260, 260)
        foot = sun_x + lean * 1.6
        canvas.polygon(
            [(sun_x - 14, -10), (sun_x + 14, -10), (foot + 60, HEIGHT), (foot - 40, HEIGHT)], palette.sun, 0.09
        )


def river(canvas: Canvas, dice: Dice) -> None:
    """Draw a river that winds towards us between hills and trees."""
    palette = dice.one_of(OUTDOORS)
    sun_x, _ = sky(canvas, palette, dice, 280)
    ground(canvas, hill_line(dice, 270, 90), palette.far, mix(palette.far, palette.sky_bottom, 0.3))
    ground(canvas, hill_line(dice, 300, 50, 2.2), palette.mid, palette.mid)
    meadow = mix(palette.green, palette.mid, 0.15)
    canvas.gradient(lighter(meadow, 0.1), darker(meadow, 0.35), (0, 290, WIDTH, HEIGHT))
    swing, shift = dice.between(60, 120), dice.between(0, 2 * pi)
    left, right = [], []
    for step in range(51):
        share = step / 50
        middle = sun_x * (1 - share) + 480 * share + swing * sin(share * 5 + shift) * share**0.7
        half = 6 + 190 * share**1.8
        y = 291 + 249 * share
        left.append((middle - half, y))
        right.append((middle + half, y))
    canvas.polygon([(x - 9, y) for x, y in left] + [(x + 9, y) for x, y in reversed(right)], darker(meadow, 0.4), 0.6)
    canvas.gradient_polygon([*left, *reversed(right)], palette.water_top, palette.water_bottom)
    for (west, y), (east, _) in list(zip(left, right, strict=True))[8::3]:
        middle, half = dice.between(west, east), (east - west) * dice.between(0.06, 0.16)
        glint = max(west, middle - half)
        canvas.rounded(glint, y, max(min(east, middle + half), glint + 2), y + 2.5, palette.sun, 1, 0.4)
    for row in range(7):
        y = 300 + row * row * 4.6
        for side in (-1, 1):
            edge = left[min(50, int((y - 291) / 5))][0] if side < 0 else right[min(50, int((y - 291) / 5))][0]
            x = edge + side * dice.between(34, 230) * (0.4 + row / 7)
            tree(canvas, dice, x, y + 8, 46 + row * 22, mix(palette.green, palette.near, dice.between(0.1, 0.5)))


def fields(canvas: Canvas, dice: Dice) -> None:
    """Draw rows of crops that run to the horizon, a barn, and wind turbines far off."""
    palette = dice.one_of(BRIGHT)
    sky(canvas, palette, dice, 300)
    ground(canvas, hill_line(dice, 300, 70), palette.far, mix(palette.far, palette.green, 0.4))
    for _ in range(dice.whole(2, 4)):
        _turbine(canvas, dice, dice.between(60, 900), dice.between(262, 284), dice.between(90, 140))
    crop = dice.one_of(((236, 196, 84), (206, 178, 78), palette.green))
    soil = darker(mix(crop, (140, 90, 60), 0.5), 0.1)
    canvas.gradient(mix(crop, palette.sky_bottom, 0.35), soil, (0, 292, WIDTH, HEIGHT))
    vanish = dice.between(360, 600)
    for row in range(-18, 19):
        near, far = 480 + row * 92, vanish + row * 7
        strip = [(far - 1, 294), (far + 2, 294), (near + 30, HEIGHT), (near - 30, HEIGHT)]
        canvas.polygon(strip, lighter(crop, 0.1) if row % 2 else crop)
    _barn(canvas, palette, dice.one_of((170, 770)), 330)
    for _ in range(4):
        tree(canvas, dice, dice.between(20, 940), 320, dice.between(46, 80), darker(palette.green, 0.15))
    birds(canvas, dice, 4, palette.near)


def _turbine(canvas: Canvas, dice: Dice, x: float, base: float, height: float) -> None:
    canvas.polygon([(x - 3, base), (x - 1.2, base - height), (x + 1.2, base - height), (x + 3, base)], (250, 250, 250))
    turn = dice.between(0, 2)
    for blade in range(3):
        angle = turn + blade * 2 * pi / 3
        tip = (x + height * 0.45 * cos(angle), base - height + height * 0.45 * sin(angle))
        side = (x + 5 * cos(angle + 1.2), base - height + 5 * sin(angle + 1.2))
        canvas.polygon([(x, base - height), side, tip], (252, 252, 252))
    canvas.disc(x, base - height, 3, (230, 232, 236))


def _barn(canvas: Canvas, palette: Palette, x: float, base: float) -> None:
    wall = (190, 66, 56)
    canvas.rectangle(x - 60, base - 56, x + 60, base, wall)
    canvas.polygon(
        [(x - 68, base - 54), (x - 44, base - 92), (x, base - 110), (x + 44, base - 92), (x + 68, base - 54)],
        darker(palette.near, 0.1),
    )
    canvas.polygon(
        [(x - 52, base - 54), (x - 36, base - 84), (x, base - 98), (x + 36, base - 84), (x + 52, base - 54)],
        lighter(wall, 0.08),
    )
    canvas.rectangle(x - 20, base - 40, x + 20, base, darker(wall, 0.35))
    canvas.line([(x - 20, base - 40), (x + 20, base)], (240, 226, 214), 3)
    canvas.line([(x + 20, base - 40), (x - 20, base)], (240, 226, 214), 3)
    canvas.rectangle(x - 8, base - 78, x + 8, base - 62, (240, 226, 214))


def garden(canvas: Canvas, dice: Dice) -> None:
    """Draw flower beds, a path and a glasshouse or trees."""
    palette = dice.one_of((DAY, MINT, GOLDEN, DAWN))
    sky(canvas, palette, dice, 300, clouds=2)
    ground(canvas, hill_line(dice, 290, 60), mix(palette.far, palette.green, 0.4), mix(palette.green, palette.mid, 0.4))
    for _ in range(7):
        tree(
            canvas,
            dice,
            dice.between(0, WIDTH),
            320,
            dice.between(100, 190),
            mix(palette.green, palette.mid, dice.between(0, 0.5)),
        )
    x = dice.between(260, 700)
    _glasshouse(canvas, palette, x, 336)
    canvas.gradient(lighter(palette.green, 0.15), darker(palette.green, 0.3), (0, 326, WIDTH, HEIGHT))
    canvas.polygon(
        [(x - 16, 334), (x + 16, 334), (x + 130, HEIGHT), (x - 110, HEIGHT)],
        mix((236, 214, 176), palette.sky_bottom, 0.2),
    )
    flowers: tuple[Colour, ...] = ((238, 88, 96), (250, 190, 70), (244, 132, 168), (250, 246, 238), (140, 100, 190))
    for row in range(9):
        y = 350 + row * row * 2.6
        gap = 26 + row * 15
        for _ in range(26):
            place = dice.between(0, WIDTH)
            if abs(place - x) > gap:
                _flower(canvas, dice, place, y + dice.between(-6, 6), 3 + row * 1.1, dice.one_of(flowers), palette)


def _flower(canvas: Canvas, dice: Dice, x: float, y: float, size: float, colour: Colour, palette: Palette) -> None:
    canvas.line([(x, y), (x + dice.between(-2, 2), y + size * 3.4)], darker(palette.green, 0.4), max(1, size * 0.3))
    for turn in range(5):
        canvas.disc(x + size * cos(turn * 1.257), y + size * sin(turn * 1.257), size * 0.72, colour)
    canvas.disc(x, y, size * 0.55, (255, 224, 120))


def _glasshouse(canvas: Canvas, palette: Palette, x: float, base: float) -> None:
    glass = lighter(mix(palette.sky_top, palette.sky_bottom, 0.6), 0.4)
    canvas.rectangle(x - 120, base - 74, x + 120, base, glass)
    canvas.polygon(
        [(x - 130, base - 74), (x - 70, base - 126), (x + 70, base - 126), (x + 130, base - 74)], lighter(glass, 0.3)
    )
    for shift in range(-120, 121, 30):
        canvas.line([(x + shift, base), (x + shift, base - 74), (x + shift * 0.58, base - 126)], WHITE, 2)
    canvas.line([(x - 128, base - 74), (x + 128, base - 74)], WHITE, 3)
    canvas.line([(x - 70, base - 126), (x + 70, base - 126)], WHITE, 3)
    canvas.rectangle(x - 15, base - 52, x + 15, base, mix(palette.near, palette.green, 0.5), 0.6)


def desert(canvas: Canvas, dice: Dice) -> None:
    """Draw dunes with their shadowed sides, rocks far off, and a few tents."""
    palette = dice.one_of((GOLDEN, DUSK, DAWN))
    sky(canvas, palette, dice, 360, clouds=1)
    sand = mix((240, 186, 122), palette.far, 0.35)
    x = dice.between(-40, 60)
    while x < WIDTH:
        width, height = dice.between(60, 170), dice.between(30, 90)
        canvas.polygon(
            [(x, 322), (x + 14, 322 - height), (x + width - 18, 322 - height * 0.92), (x + width, 322)],
            mix(palette.far, palette.mid, 0.4),
        )
        x += width + dice.between(40, 180)
    for layer in range(4):
        base = 330 + 62 * layer
        line = hill_line(dice, base, 56, 1 + 0.3 * layer)
        colour = mix(lighter(sand, 0.2), mix(sand, palette.mid, 0.55), layer / 3)
        ground(canvas, line, lighter(colour, 0.08), darker(colour, 0.1))
        crest = min(line[10:70], key=lambda point: point[1])
        shade = [
            (crest[0], crest[1]),
            (crest[0] + 250, base + 30),
            (crest[0] + 60, base + 74),
            (crest[0] - 50, base + 60),
            (crest[0] + 30, base + 10),
        ]
        canvas.polygon(shade, darker(colour, 0.5), 0.35)
        if layer == 1:
            for number in range(3):
                _tent(canvas, palette, dice, 200 + number * 110 + dice.between(0, 200), base + 14)


def _tent(canvas: Canvas, palette: Palette, dice: Dice, x: float, base: float) -> None:
    size = dice.between(26, 42)
    canvas.polygon([(x - size, base), (x, base - size), (x + size, base)], lighter(palette.light, 0.3))
    canvas.polygon([(x, base - size), (x + size, base), (x + size * 0.3, base)], mix(palette.light, palette.mid, 0.45))
    canvas.polygon([(x, base - size * 0.7), (x + size * 0.18, base), (x - size * 0.18, base)], palette.near)


LAND = {
    "desert": desert,
    "fields": fields,
    "forest": forest,
    "garden": garden,
    "mountains": mountains,
    "river": river,
}
