"""Scenes at the water: harbour and bridge."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import ALL, Dice, Palette
from aggregator.newsroom.pictures.scenery import (
    CLOTHES,
    birds,
    ground,
    hill_line,
    ridge_line,
    sky,
    skyline,
    tree,
    water,
    windows,
)

WHITE: Colour = (255, 255, 255)


def harbour(canvas: Canvas, dice: Dice) -> None:
    """Draw gantry cranes on a quay, a loaded container ship and its reflection."""
    palette = dice.one_of(ALL)
    sun_x, _ = sky(canvas, palette, dice, 350)
    ground(canvas, hill_line(dice, 352, 50), palette.far, palette.far)
    skyline(canvas, palette, dice, 352, (14, 60), mix(palette.far, palette.mid, 0.5))
    water(canvas, palette, dice, 350, sun_x)
    side = dice.one_of((-1, 1))
    for number in range(3):
        _crane(canvas, palette, 480 + side * (130 + number * 140 + dice.between(-14, 14)), 372, -side)
    left, right = sorted((480 + side * 40, 480 + side * 560))
    canvas.gradient(mix(palette.near, palette.mid, 0.4), darker(palette.near, 0.2), (left, 370, right, 400))
    canvas.rectangle(left, 368, right, 373, lighter(palette.mid, 0.25))
    ship_x = 480 - side * dice.between(90, 170)
    _ship(canvas, palette, dice, ship_x, 420, side)
    birds(canvas, dice, 6, palette.near)


def _crane(canvas: Canvas, palette: Palette, x: float, base: float, side: int) -> None:
    steel = mix(palette.accent, palette.near, 0.15)
    for leg in (-28, 28):
        canvas.line([(x + leg, base), (x + leg * 0.8, base - 150)], steel, 7)
    for height in (60, 108):
        canvas.line([(x - 27, base - height), (x + 27, base - height)], steel, 5)
    canvas.line([(x - 27, base - 60), (x + 24, base - 108)], steel, 2.5)
    canvas.rectangle(*sorted_box(x - side * 84, base - 158, x + side * 168, base - 147), steel)
    canvas.line([(x - side * 10, base - 150), (x, base - 226), (x + side * 14, base - 150)], steel, 5)
    canvas.line([(x, base - 224), (x + side * 160, base - 156)], steel, 2.5)
    canvas.line([(x, base - 224), (x - side * 80, base - 156)], steel, 2.5)
    canvas.rectangle(x - 14, base - 146, x + 14, base - 126, darker(steel, 0.4))
    hook = x + side * 112
    canvas.line([(hook - 8, base - 148), (hook - 8, base - 92)], darker(steel, 0.4), 1.5)
    canvas.line([(hook + 8, base - 148), (hook + 8, base - 92)], darker(steel, 0.4), 1.5)
    canvas.rectangle(hook - 24, base - 94, hook + 24, base - 74, mix(palette.water_bottom, (60, 140, 150), 0.5))


def sorted_box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the box with its left edge first."""
    return min(left, right), top, max(left, right), bottom


def _ship(canvas: Canvas, palette: Palette, dice: Dice, x: float, base: float, side: int) -> None:
    boxes: tuple[Colour, ...] = (
        (212, 84, 70),
        (42, 124, 146),
        (240, 182, 80),
        (96, 148, 110),
        (226, 222, 212),
        (122, 92, 140),
    )
    for column in range(9):
        for level in range(dice.whole(2, 4)):
            left = x - 176 + column * 37
            top = base - 58 - level * 21
            colour = mix(dice.one_of(boxes), palette.mid, 0.18)
            canvas.rectangle(left, top, left + 35, top + 20, colour)
            for rib in range(4):
                canvas.rectangle(left + 5 + rib * 8, top + 2, left + 7 + rib * 8, top + 18, darker(colour, 0.18))
    bridge = x - 214 if side > 0 else x + 162
    canvas.rectangle(bridge, base - 136, bridge + 46, base - 36, (246, 244, 238))
    canvas.rectangle(bridge - 5, base - 140, bridge + 51, base - 116, (236, 234, 228))
    windows(canvas, dice, (bridge, base - 134, bridge + 50, base - 118), darker(palette.near, 0.2), 1, 7)
    canvas.rectangle(bridge + 14, base - 164, bridge + 32, base - 140, palette.accent)
    hull = [(x - 240, base - 40), (x + 240, base - 40), (x + 204, base + 26), (x - 204, base + 26)]
    canvas.gradient_polygon(hull, mix(palette.near, (120, 40, 50), 0.35), darker(palette.near, 0.25))
    canvas.polygon(
        [(x - 213, base + 10), (x + 213, base + 10), (x + 204, base + 26), (x - 204, base + 26)], (176, 58, 58)
    )
    canvas.polygon(
        [(x - 204, base + 26), (x + 204, base + 26), (x + 170, base + 84), (x - 180, base + 84)], palette.near, 0.3
    )
    for row in range(5):
        canvas.rounded(
            x - 190 + row * 9, base + 32 + row * 11, x + 190 - row * 14, base + 34 + row * 11, palette.water_top, 1, 0.4
        )


def bridge(canvas: Canvas, dice: Dice) -> None:
    """Draw a suspension or a cable-stayed bridge over wide water."""
    palette = dice.one_of(ALL)
    sun_x, _ = sky(canvas, palette, dice, 360)
    ground(canvas, ridge_line(dice, 362, 110), palette.far, mix(palette.far, palette.sky_bottom, 0.35))
    skyline(canvas, palette, dice, 362, (10, 54), mix(palette.far, palette.mid, 0.5))
    water(canvas, palette, dice, 360, sun_x)
    steel = mix(palette.accent, lighter(palette.near, 0.25), 0.1 if dice.happens(0.6) else 0.75)
    deck, top = 350, 120
    towers = (dice.between(210, 260), dice.between(690, 740))
    if dice.happens(0.5):
        _main_cables(canvas, towers, deck, top, steel)
    else:
        _stays(canvas, towers, deck, top, steel)
    for tower in towers:
        for leg in (-15, 15):
            canvas.polygon(
                [
                    (tower + leg - 6, 420),
                    (tower + leg * 0.7 - 5, top),
                    (tower + leg * 0.7 + 5, top),
                    (tower + leg + 6, 420),
                ],
                steel,
            )
        for height in (top + 14, top + 90, top + 170):
            canvas.rectangle(tower - 15, height, tower + 15, height + 9, darker(steel, 0.2))
        canvas.polygon([(tower - 40, 426), (tower - 30, 404), (tower + 30, 404), (tower + 40, 426)], palette.near)
        canvas.polygon(
            [(tower - 24, 426), (tower + 24, 426), (tower + 16, HEIGHT), (tower - 20, HEIGHT)], palette.near, 0.22
        )
    canvas.rectangle(0, deck, WIDTH, deck + 13, darker(steel, 0.25))
    canvas.rectangle(0, deck, WIDTH, deck + 3, lighter(steel, 0.25))
    for number in range(9):
        x = number * 108 + dice.between(0, 60)
        canvas.rounded(x, deck - 10, x + dice.between(16, 34), deck, dice.one_of(CLOTHES), 3)
    for number in range(25):
        canvas.line([(number * 40, deck), (number * 40, deck - 22)], darker(steel, 0.3), 1.4)
        canvas.disc(number * 40, deck - 23, 2.4, palette.light)
    ground(canvas, hill_line(dice, 556, 60), darker(palette.near, 0.1), darker(palette.near, 0.4))
    for _ in range(8):
        tree(
            canvas,
            dice,
            dice.one_of((dice.between(0, 220), dice.between(740, 960))),
            548,
            dice.between(60, 110),
            mix(palette.green, palette.near, 0.55),
        )


def _main_cables(canvas: Canvas, towers: tuple[float, float], deck: float, top: float, steel: Colour) -> None:
    left, right = towers
    middle = (left + right) / 2
    for start, end, lowest, slope in (
        (left, right, deck - 18, middle),
        (left - 320, left, deck, left - 320),
        (right, right + 320, deck, right + 320),
    ):
        reach = max(abs(start - slope), abs(end - slope))
        cable = [(start + (end - start) * step / 24, 0.0) for step in range(25)]
        cable = [(x, lowest - (lowest - top) * ((x - slope) / reach) ** 2) for x, _ in cable]
        canvas.line(cable, steel, 4.5)
        for x, y in cable[1:-1]:
            canvas.line([(x, y), (x, deck)], steel, 1.3, 0.8)


def _stays(canvas: Canvas, towers: tuple[float, float], deck: float, top: float, steel: Colour) -> None:
    for tower in towers:
        for step in range(1, 13):
            for side in (-1, 1):
                canvas.line([(tower, top + step * 7), (tower + side * step * 20, deck)], steel, 1.6, 0.85)


WATERFRONT = {"bridge": bridge, "harbour": harbour}
