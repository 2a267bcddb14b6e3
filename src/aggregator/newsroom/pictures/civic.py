"""Scenes of public buildings: court, parliament, temple and school."""

# ruff: noqa: PLR0917, PLR2004 - drawing is made of positions, sizes and colours
from __future__ import annotations

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import (
    ALL,
    BRIGHT,
    DAWN,
    DUSK,
    EVENING,
    GOLDEN,
    MINT,
    NIGHT,
    OUTDOORS,
    Dice,
    Palette,
)
from aggregator.newsroom.pictures.scenery import (
    CLOTHES,
    SKINS,
    ground,
    hill_line,
    person,
    sky,
    skyline,
    tree,
)

WHITE: Colour = (255, 255, 255)


def _columned_front(
    canvas: Canvas, x: float, base: float, half: float, height: float, stone: Colour, inside: Colour
) -> None:
    """Draw steps, columns and a gable, as courts and parliaments like them."""
    floor, beam = base - 34, base - height
    for step in range(4):
        canvas.rectangle(
            x - half - 36 + step * 9,
            base - 9 * (step + 1),
            x + half + 36 - step * 9,
            base - 9 * step,
            mix(stone, inside, 0.34 - 0.09 * step),
        )
    canvas.gradient(darker(inside, 0.35), inside, (x - half, beam, x + half, floor))
    canvas.rectangle(x - 26, floor - height * 0.42, x + 26, floor, darker(inside, 0.6))
    count = 6
    for number in range(count):
        place = x - half + 24 + number * (2 * half - 48) / (count - 1)
        canvas.rectangle(place - 12, beam + 8, place + 12, floor, stone)
        canvas.rectangle(place + 4, beam + 8, place + 12, floor, darker(stone, 0.16))
        canvas.rectangle(place - 17, beam + 2, place + 17, beam + 12, lighter(stone, 0.25))
        canvas.rectangle(place - 17, floor - 8, place + 17, floor, lighter(stone, 0.12))
    canvas.rectangle(x - half - 14, beam - 24, x + half + 14, beam + 2, lighter(stone, 0.15))
    canvas.rectangle(x - half - 14, beam - 4, x + half + 14, beam + 2, darker(stone, 0.18))
    canvas.polygon([(x - half - 26, beam - 24), (x, beam - 100), (x + half + 26, beam - 24)], stone)
    canvas.polygon([(x - half + 24, beam - 34), (x, beam - 82), (x + half - 24, beam - 34)], darker(stone, 0.2))


def _plaza(canvas: Canvas, dice: Dice, palette: Palette, top: float, people: int) -> None:
    paving = mix(palette.far, palette.sky_bottom, 0.4)
    canvas.gradient(paving, darker(paving, 0.3), (0, top, WIDTH, HEIGHT))
    for number in range(-9, 10):
        canvas.line([(480 + number * 50, top), (480 + number * 150, HEIGHT)], darker(paving, 0.25), 1.5, 0.4)
    for step in (0.16, 0.4, 0.72):
        y = top + (HEIGHT - top) * step
        canvas.line([(0, y), (WIDTH, y)], darker(paving, 0.25), 1.5, 0.4)
    for _ in range(people):
        y = dice.between(top + 20, HEIGHT - 10)
        x, size = dice.between(40, 920), 40 + (y - top) * 0.5
        canvas.ellipse(x + size * 0.2, y, size * 0.34, size * 0.05, palette.near, 0.3)
        person(canvas, x, y, size, dice.one_of(CLOTHES), dice.one_of(SKINS))


def court(canvas: Canvas, dice: Dice) -> None:
    """Draw a courthouse with the scales of justice in its gable."""
    palette = dice.one_of(OUTDOORS)
    sky(canvas, palette, dice, 430)
    skyline(canvas, palette, dice, 432, (60, 170), mix(palette.far, palette.sky_bottom, 0.3))
    for place in (90, 860, 170, 790):
        tree(
            canvas,
            dice,
            place + dice.between(-20, 20),
            436,
            dice.between(130, 180),
            mix(palette.green, palette.mid, 0.3),
        )
    _plaza(canvas, dice, palette, 428, 5)
    stone = mix((238, 226, 206), palette.far, 0.2)
    x = dice.between(420, 540)
    _columned_front(canvas, x, 440, 260, 236, stone, palette.mid)
    beam = 440 - 236
    gold = (250, 204, 96)
    canvas.line([(x, beam - 78), (x, beam - 40)], gold, 3)
    canvas.line([(x - 34, beam - 66), (x + 34, beam - 66)], gold, 3)
    for side in (-34, 34):
        canvas.line(
            [(x + side, beam - 66), (x + side - 10, beam - 48), (x + side + 10, beam - 48), (x + side, beam - 66)],
            gold,
            1.4,
        )
        canvas.pie(x + side, beam - 49, 12, 0, 180, gold)


def parliament(canvas: Canvas, dice: Dice) -> None:
    """Draw a domed parliament with wings, flags and people on its square."""
    palette = dice.one_of(ALL)
    sky(canvas, palette, dice, 430)
    ground(canvas, hill_line(dice, 430, 60), palette.far, palette.mid)
    _plaza(canvas, dice, palette, 426, 7)
    stone = mix((240, 230, 214), palette.mid, 0.45 if palette in EVENING else 0.22)
    x = 480 + dice.between(-60, 60)
    for side in (-1, 1):
        left, right = sorted((x + side * 120.0, x + side * 400.0))
        canvas.gradient(lighter(stone, 0.1), darker(stone, 0.15), (left, 286, right, 432))
        canvas.rectangle(left - 4, 280, right + 4, 292, lighter(stone, 0.25))
        for column in range(11):
            place = left + 16 + column * 24.5
            canvas.rounded(
                place - 6,
                306,
                place + 6,
                346,
                mix(palette.near, palette.light, 0.75 if palette in EVENING else 0.15),
                6,
            )
            canvas.rectangle(
                place - 6, 366, place + 6, 404, mix(palette.near, palette.light, 0.6 if palette in EVENING else 0.1)
            )
        _flag(canvas, dice, x + side * 300, 280, palette)
    copper = mix((110, 176, 156), palette.mid, 0.3)
    canvas.rectangle(x - 92, 178, x + 92, 250, mix(stone, palette.mid, 0.15))
    for column in range(9):
        canvas.rectangle(x - 84 + column * 20, 190, x - 76 + column * 20, 244, lighter(stone, 0.25))
    canvas.pie(x, 180, 88, 180, 360, copper)
    canvas.pie(x, 180, 88, 290, 360, darker(copper, 0.22))
    canvas.rectangle(x - 13, 72, x + 13, 100, stone)
    canvas.polygon([(x - 17, 74), (x, 44), (x + 17, 74)], copper)
    canvas.line([(x, 46), (x, 24)], (250, 204, 96), 3)
    _columned_front(canvas, x, 440, 132, 160, stone, palette.mid)


def _flag(canvas: Canvas, dice: Dice, x: float, base: float, palette: Palette) -> None:
    canvas.line([(x, base), (x, base - 86)], (236, 236, 240), 3)
    lift = dice.between(-4, 4)
    for stripe, colour in enumerate((palette.accent, WHITE, mix(palette.water_bottom, (30, 80, 150), 0.5))):
        top = base - 84 + stripe * 11
        canvas.polygon(
            [
                (x + 2, top),
                (x + 24, top + 4 + lift),
                (x + 54, top - 2),
                (x + 54, top + 9),
                (x + 24, top + 15 + lift),
                (x + 2, top + 11),
            ],
            colour,
        )


def temple(canvas: Canvas, dice: Dice) -> None:
    """Draw a shrine of no particular faith: a gabled hall, a bell tower, a round window, and people with lanterns."""
    palette = dice.one_of((DUSK, DAWN, GOLDEN, NIGHT, MINT))
    sky(canvas, palette, dice, 430, clouds=2)
    ground(canvas, hill_line(dice, 400, 130), palette.far, mix(palette.far, palette.mid, 0.5))
    ground(canvas, hill_line(dice, 450, 60), palette.mid, palette.near)
    x, side = dice.between(400, 560), dice.one_of((-1, 1))
    stone = mix((246, 236, 216), palette.mid, 0.22)
    for place in (x - 330, x - 262, x + 262, x + 330):
        _cypress(canvas, place, 446, dice.between(150, 220), mix(palette.green, palette.near, 0.4))
    _bell_tower(canvas, palette, x + side * 176, stone)
    _hall(canvas, palette, x, stone)
    canvas.gradient(mix(palette.near, palette.mid, 0.5), darker(palette.near, 0.3), (0, 438, WIDTH, HEIGHT))
    canvas.polygon([(x - 50, 438), (x + 50, 438), (x + 190, HEIGHT), (x - 170, HEIGHT)], mix(stone, palette.near, 0.3))
    for _ in range(12):
        y = dice.between(456, 532)
        place, size = x + dice.between(-1.6, 1.6) * (y - 380), 24 + (y - 438) * 0.62
        canvas.glow(place + size * 0.24, y - size * 0.45, size * 0.7, palette.light, 0.8)
        person(canvas, place, y, size, darker(dice.one_of(CLOTHES), 0.3), dice.one_of(SKINS))
        canvas.disc(place + size * 0.24, y - size * 0.45, size * 0.06, (255, 246, 210))


def _cypress(canvas: Canvas, x: float, base: float, height: float, colour: Colour) -> None:
    canvas.ellipse(x, base - height * 0.5, height * 0.11, height * 0.5, colour)
    canvas.ellipse(x - height * 0.03, base - height * 0.52, height * 0.05, height * 0.42, lighter(colour, 0.1))


def _bell_tower(canvas: Canvas, palette: Palette, x: float, stone: Colour) -> None:
    roof = mix((170, 84, 66), palette.mid, 0.25)
    canvas.gradient(lighter(stone, 0.1), darker(stone, 0.2), (x - 42, 160, x + 42, 440))
    canvas.rectangle(x + 22, 160, x + 42, 440, darker(stone, 0.22))
    canvas.rectangle(x - 48, 154, x + 48, 166, lighter(stone, 0.3))
    canvas.rectangle(x - 48, 262, x + 48, 270, lighter(stone, 0.25))
    canvas.polygon([(x - 52, 156), (x, 66), (x + 52, 156)], roof)
    canvas.polygon([(x, 66), (x + 52, 156), (x + 12, 156)], darker(roof, 0.22))
    canvas.rounded(x - 22, 182, x + 22, 262, mix(palette.near, palette.light, 0.3), 22)
    canvas.pie(x, 226, 15, 180, 360, (236, 184, 84))
    canvas.rectangle(x - 15, 225, x + 15, 238, (236, 184, 84))
    canvas.rectangle(x - 19, 237, x + 19, 242, (206, 150, 66))
    canvas.disc(x, 246, 4, (206, 150, 66))


def _hall(canvas: Canvas, palette: Palette, x: float, stone: Colour) -> None:
    roof = mix((170, 84, 66), palette.mid, 0.25)
    canvas.polygon([(x - 164, 284), (x, 168), (x + 164, 284)], roof)
    canvas.polygon([(x - 140, 290), (x, 190), (x + 140, 290), (x + 140, 440), (x - 140, 440)], stone)
    canvas.polygon([(x + 96, 258), (x + 140, 290), (x + 140, 440), (x + 96, 440)], darker(stone, 0.12))
    canvas.glow(x, 270, 90, palette.light, 0.8)
    canvas.disc(x, 268, 34, darker(stone, 0.35))
    panes: tuple[Colour, ...] = ((240, 110, 90), palette.light, (80, 160, 180), (240, 190, 90))
    for slice_ in range(8):
        canvas.pie(x, 268, 30, slice_ * 45 + 2, slice_ * 45 + 43, panes[slice_ % 4])
    canvas.disc(x, 268, 9, palette.light)
    canvas.glow(x, 410, 130, palette.light, 0.7)
    for place, half, top in ((x, 32, 352), (x - 92, 13, 340), (x + 92, 13, 340)):
        canvas.disc(place, top, half + 5, lighter(stone, 0.3))
        canvas.rectangle(place - half - 5, top, place + half + 5, 440 if half > 20 else 402, lighter(stone, 0.3))
        canvas.disc(place, top, half, palette.light)
        canvas.rectangle(place - half, top, place + half, 440 if half > 20 else 398, palette.light)
    canvas.rectangle(x - 60, 432, x + 60, 440, lighter(stone, 0.2))


def school(canvas: Canvas, dice: Dice) -> None:
    """Draw a brick school with a clock, trees, and children in the yard."""
    palette = dice.one_of(BRIGHT)
    sky(canvas, palette, dice, 430)
    ground(canvas, hill_line(dice, 410, 80), mix(palette.far, palette.green, 0.3), palette.mid)
    brick: Colour = dice.one_of(((206, 104, 78), (222, 170, 96), (176, 88, 84)))
    x = dice.between(430, 540)
    for side in (-1, 1):
        tree(canvas, dice, x + side * dice.between(360, 430), 440, dice.between(170, 230), palette.green)
    canvas.gradient(lighter(brick, 0.08), darker(brick, 0.1), (x - 310, 240, x + 310, 438))
    canvas.rectangle(x - 322, 230, x + 322, 246, darker(brick, 0.45))
    for row in (268, 354):
        for column in range(9):
            place = x - 286 + column * 66
            if abs(place + 22 - x) > 76:
                canvas.rectangle(place - 3, row - 3, place + 47, row + 55, (250, 244, 232))
                canvas.rectangle(place, row, place + 44, row + 52, mix(palette.sky_top, (40, 70, 110), 0.4))
                canvas.polygon([(place, row), (place + 26, row), (place, row + 38)], WHITE, 0.25)
                canvas.rectangle(place + 21, row, place + 23, row + 52, (250, 244, 232))
    canvas.rectangle(x - 76, 176, x + 76, 438, lighter(brick, 0.12))
    canvas.polygon([(x - 94, 180), (x, 104), (x + 94, 180)], darker(brick, 0.45))
    canvas.disc(x, 226, 30, (250, 244, 232))
    canvas.line([(x, 226), (x, 206)], (40, 44, 60), 3)
    canvas.line([(x, 226), (x + 14, 232)], (40, 44, 60), 3)
    canvas.rounded(x - 40, 330, x + 40, 440, (250, 244, 232), 38)
    canvas.rounded(x - 33, 338, x + 33, 440, mix(palette.near, palette.accent, 0.25), 32)
    canvas.rectangle(x - 1.5, 340, x + 1.5, 438, (250, 244, 232))
    canvas.gradient(lighter(palette.green, 0.1), darker(palette.green, 0.25), (0, 436, WIDTH, HEIGHT))
    canvas.polygon(
        [(x - 40, 436), (x + 40, 436), (x + 150, HEIGHT), (x - 150, HEIGHT)],
        mix((240, 222, 190), palette.sky_bottom, 0.2),
    )
    for number in range(9):
        place, base = 50 + number * 108 + dice.between(-30, 30), dice.between(470, 530)
        person(canvas, place, base, dice.between(56, 74), dice.one_of(CLOTHES), dice.one_of(SKINS))
    canvas.disc(dice.between(200, 760), 526, 9, palette.accent)


CIVIC = {
    "court": court,
    "parliament": parliament,
    "school": school,
    "temple": temple,
}
