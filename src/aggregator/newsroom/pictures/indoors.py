"""Scenes under a roof: kitchen, library and laboratory."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from math import cos, pi, sin

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, darker, lighter, mix
from aggregator.newsroom.pictures.palette import ALL, DAWN, DUSK, GOLDEN, MINT, NIGHT, Dice, Palette
from aggregator.newsroom.pictures.scenery import CLOTHES, SKINS, person

WHITE: Colour = (255, 255, 255)
WOOD: Colour = (166, 108, 72)


def kitchen(canvas: Canvas, dice: Dice) -> None:
    """Draw a worktop with steaming pots, vegetables, tiles and hanging lamps."""
    palette = dice.one_of((MINT, GOLDEN, DAWN, DUSK))
    wall = mix(palette.far, (250, 240, 226), 0.55)
    canvas.gradient(lighter(wall, 0.2), wall)
    for row in range(5):
        for column in range(-1, 17):
            left, top = column * 60 + 30 * (row % 2), 218 + row * 30
            tile = mix(palette.mid, WHITE, 0.55 + 0.12 * ((row * 7 + column * 5) % 3))
            canvas.rounded(left + 1, top + 1, left + 59, top + 29, tile, 3)
    canvas.rectangle(60, 138, 420, 150, WOOD)
    for number in range(7):
        _jar(canvas, dice, 90 + number * 50, 138)
    _window(canvas, palette, 560, 40, 860, 210)
    canvas.rectangle(0, 366, WIDTH, 388, lighter(WOOD, 0.2))
    canvas.rectangle(0, 384, WIDTH, 390, darker(WOOD, 0.3))
    canvas.gradient(mix(palette.mid, palette.near, 0.3), palette.near, (0, 390, WIDTH, HEIGHT))
    for number in range(5):
        left = 16 + number * 190
        canvas.rounded(left, 408, left + 176, HEIGHT + 20, mix(palette.mid, palette.near, 0.12), 6)
        canvas.rounded(left + 70, 424, left + 106, 431, (246, 210, 130), 3)
    for place, colour in ((dice.between(150, 230), palette.accent), (dice.between(360, 440), (70, 84, 104))):
        _pot(canvas, dice, place, 366, colour)
    _board(canvas, dice.between(640, 720), 366)
    for place in (250, 480, 710):
        canvas.line([(place, 0), (place, 70)], (50, 46, 60), 3)
        canvas.glow(place, 104, 150, palette.light, 0.75)
        canvas.pie(place, 106, 42, 180, 360, mix(palette.accent, (50, 46, 60), 0.3))
        canvas.ellipse(place, 106, 14, 7, (255, 250, 224))


def _jar(canvas: Canvas, dice: Dice, x: float, base: float) -> None:
    height, colour = (
        dice.between(40, 62),
        dice.one_of(((226, 150, 70), (196, 80, 66), (130, 160, 86), (240, 206, 110), (150, 100, 80))),
    )
    canvas.rounded(x - 17, base - height, x + 17, base, (240, 246, 246), 6)
    canvas.rounded(x - 14, base - height * dice.between(0.5, 0.85), x + 14, base - 2, colour, 5)
    canvas.rounded(x - 15, base - height - 8, x + 15, base - height + 3, (110, 84, 70), 3)


def _window(canvas: Canvas, palette: Palette, left: float, top: float, right: float, bottom: float) -> None:
    canvas.rectangle(left - 10, top - 10, right + 10, bottom + 10, (252, 248, 240))
    canvas.gradient(palette.sky_top, palette.sky_bottom, (left, top, right, bottom))
    canvas.disc(left + (right - left) * 0.3, top + (bottom - top) * 0.45, 22, palette.sun)
    middle = (left + right) / 2
    canvas.polygon(
        [(left, bottom), (left, bottom - 30), (middle, bottom - 62), (right, bottom - 22), (right, bottom)], palette.far
    )
    canvas.polygon(
        [(left, bottom), (left, bottom - 16), (middle + 40, bottom - 30), (right, bottom - 44), (right, bottom)],
        palette.mid,
    )
    canvas.rectangle(middle - 4, top, middle + 4, bottom, (252, 248, 240))
    canvas.rectangle(left, (top + bottom) / 2 - 4, right, (top + bottom) / 2 + 4, (252, 248, 240))


def _pot(canvas: Canvas, dice: Dice, x: float, base: float, colour: Colour) -> None:
    for wisp in range(3):
        shift, bend = (wisp - 1) * 26, dice.between(0, 2 * pi)
        line = [(x + shift + 10 * sin(step / 3 + bend), base - 104 - step * 9) for step in range(12)]
        canvas.line(line, WHITE, 8, 0.35)
    canvas.rounded(x - 92, base - 74, x + 92, base - 60, darker(colour, 0.3), 7)
    canvas.rounded(x - 70, base - 90, x + 70, base, colour, 16)
    canvas.rounded(x - 60, base - 80, x - 44, base - 16, lighter(colour, 0.3), 8)
    canvas.rounded(x - 76, base - 98, x + 76, base - 86, darker(colour, 0.15), 6)
    canvas.disc(x, base - 103, 9, darker(colour, 0.3))


def _board(canvas: Canvas, x: float, base: float) -> None:
    canvas.rounded(x - 120, base - 12, x + 130, base, lighter(WOOD, 0.4), 5)
    for number in range(4):
        place = x - 92 + number * 36
        canvas.disc(place, base - 27, 17, (222, 64, 54))
        canvas.disc(place - 5, base - 33, 5, (250, 130, 110))
        canvas.polygon(
            [(place - 7, base - 43), (place, base - 40), (place + 8, base - 44), (place, base - 50)], (86, 140, 70)
        )
    for number in range(3):
        place = x + 60 + number * 18
        canvas.polygon(
            [(place - 9, base - 52), (place + 9, base - 52), (place + 2, base - 12), (place - 2, base - 12)],
            (246, 146, 54),
        )
        for leaf in (-9, 0, 9):
            canvas.line([(place, base - 52), (place + leaf, base - 82)], (96, 156, 76), 4)


def library(canvas: Canvas, dice: Dice) -> None:
    """Draw shelves full of books round an arched window, with readers at a lamp-lit table."""
    palette = dice.one_of(ALL)
    room = mix((86, 54, 46), palette.near, 0.35)
    canvas.gradient(lighter(room, 0.12), darker(room, 0.2))
    x = dice.between(430, 530)
    for left in (*range(int(x) - 140 - 4 * 170, int(x) - 140, 170), *range(int(x) + 140, WIDTH, 170)):
        _shelf(canvas, dice, left, left + 160, room)
    canvas.disc(x, 170, 118, lighter(WOOD, 0.2))
    canvas.rectangle(x - 118, 170, x + 118, 420, lighter(WOOD, 0.2))
    canvas.disc(x, 170, 106, palette.sky_top)
    canvas.gradient(palette.sky_top, palette.sky_bottom, (x - 106, 168, x + 106, 410))
    canvas.glow(x + 30, 200, 104, palette.sun, 0.8)
    canvas.disc(x + 30, 200, 24, palette.sun)
    canvas.polygon(
        [(x - 106, 410), (x - 106, 350), (x - 30, 320), (x + 50, 356), (x + 106, 330), (x + 106, 410)], palette.far
    )
    for shift in (-53, 0, 53):
        canvas.rectangle(x + shift - 2.5, 70 if shift == 0 else 84, x + shift + 2.5, 410, lighter(WOOD, 0.2))
    for height in (168, 250, 332):
        canvas.rectangle(x - 106, height, x + 106, height + 5, lighter(WOOD, 0.2))
    canvas.polygon([(x - 110, 420), (x + 110, 420), (x + 320, HEIGHT), (x - 320, HEIGHT)], palette.light, 0.22)
    _reading_table(canvas, dice, palette, x)


def _shelf(canvas: Canvas, dice: Dice, left: float, right: float, room: Colour) -> None:
    spines: tuple[Colour, ...] = (
        (184, 70, 62),
        (52, 104, 128),
        (220, 168, 84),
        (92, 128, 92),
        (130, 92, 130),
        (226, 214, 190),
        (60, 62, 92),
    )
    canvas.rectangle(left, 20, right, 440, darker(room, 0.35))
    for row in range(5):
        floor = 96 + row * 80
        place = left + 6
        while place < right - 14:
            width, height = dice.between(8, 17), dice.between(42, 64)
            colour = dice.one_of(spines)
            canvas.rectangle(place, floor - height, place + width - 1, floor, colour)
            canvas.rectangle(place, floor - height + 8, place + width - 1, floor - height + 11, lighter(colour, 0.4))
            place += width
            if dice.happens(0.05):
                place += 16
        canvas.rectangle(left, floor, right, floor + 8, WOOD)
    canvas.rectangle(left - 6, 12, left + 4, 440, lighter(WOOD, 0.08))
    canvas.rectangle(right - 4, 12, right + 6, 440, lighter(WOOD, 0.08))
    canvas.rectangle(left - 8, 8, right + 8, 24, lighter(WOOD, 0.2))


def _reading_table(canvas: Canvas, dice: Dice, palette: Palette, x: float) -> None:
    for place in (x - 220, x - 60, x + 120, x + 260):
        person(canvas, place, 560, 190, dice.one_of(CLOTHES), dice.one_of(SKINS))
    for place in (x - 140, x + 190):
        canvas.glow(place, 400, 150, palette.light, 0.85)
        canvas.line([(place, 470), (place, 402)], (200, 160, 90), 5)
        canvas.pie(place, 406, 36, 180, 360, (44, 128, 100))
    canvas.rectangle(0, 466, WIDTH, 484, lighter(WOOD, 0.15))
    canvas.gradient(darker(WOOD, 0.15), darker(WOOD, 0.5), (0, 484, WIDTH, HEIGHT))
    for place in (x - 220, x - 50, x + 110, x + 270):
        canvas.polygon(
            [(place - 40, 466), (place - 34, 452), (place, 460), (place + 34, 452), (place + 40, 466)], (250, 246, 236)
        )
        canvas.line([(place, 460), (place, 466)], (180, 170, 160), 2)


def lab(canvas: Canvas, dice: Dice) -> None:
    """Draw a bench with flasks of bright liquid, a microscope and a screen with a molecule."""
    palette = dice.one_of((DAWN, MINT, NIGHT, DUSK))
    wall = mix(palette.near, palette.mid, 0.5)
    canvas.gradient(lighter(wall, 0.12), darker(wall, 0.25))
    canvas.glow(480, 200, 280, palette.far, 0.7)
    _molecule(canvas, dice, dice.between(640, 720), 190, palette)
    for shelf in (120, 216):
        canvas.rectangle(50, shelf, 420, shelf + 9, lighter(wall, 0.35))
        for number in range(7):
            _bottle(canvas, dice, 84 + number * 50, shelf)
    canvas.gradient(lighter(palette.far, 0.45), lighter(palette.far, 0.2), (0, 408, WIDTH, 432))
    canvas.gradient(mix(palette.near, palette.mid, 0.35), darker(palette.near, 0.2), (0, 432, WIDTH, HEIGHT))
    for left in range(30, WIDTH, 230):
        canvas.rounded(left, 454, left + 206, HEIGHT + 20, mix(palette.near, palette.mid, 0.6), 6)
        canvas.rounded(left + 82, 470, left + 124, 477, lighter(palette.far, 0.4), 3)
    liquids: tuple[Colour, ...] = ((64, 210, 190), (250, 120, 110), (250, 196, 80), (120, 140, 250), (200, 110, 220))
    first = dice.whole(0, 4)
    for number, place in enumerate((110, 226, 560, 690)):
        _flask(canvas, dice, place + dice.between(-16, 16), 408, liquids[(first + number) % 5], dice.between(0.9, 1.25))
    _microscope(canvas, dice.between(380, 420), 408)
    _tubes(canvas, dice, 830, 408, liquids)


def _molecule(canvas: Canvas, dice: Dice, x: float, y: float, palette: Palette) -> None:
    canvas.rounded(x - 190, y - 130, x + 190, y + 130, (20, 26, 48), 12)
    canvas.gradient(mix((20, 30, 60), palette.mid, 0.3), (20, 30, 60), (x - 178, y - 118, x + 178, y + 118))
    canvas.rectangle(x - 14, y + 130, x + 14, y + 218, (60, 66, 90))
    turn = dice.between(0, pi)
    ring = [(x + 58 * cos(turn + step * pi / 3), y + 58 * sin(turn + step * pi / 3)) for step in range(6)]
    canvas.line([*ring, ring[0]], (200, 214, 240), 5)
    for step, (left, top) in enumerate(ring):
        outer = (x + 98 * cos(turn + step * pi / 3), y + 98 * sin(turn + step * pi / 3))
        canvas.line([(left, top), outer], (200, 214, 240), 3)
        canvas.disc(outer[0], outer[1], 9, (250, 196, 90))
        canvas.disc(left, top, 15, palette.accent if step % 2 else (90, 200, 220))


def _bottle(canvas: Canvas, dice: Dice, x: float, base: float) -> None:
    colour, height = (
        dice.one_of(((150, 96, 60), (70, 130, 150), (210, 220, 226), (110, 150, 110))),
        dice.between(36, 54),
    )
    canvas.rounded(x - 14, base - height, x + 14, base, colour, 5)
    canvas.rectangle(x - 6, base - height - 12, x + 6, base - height + 2, colour)
    canvas.rectangle(x - 14, base - height * 0.62, x + 14, base - height * 0.25, (248, 246, 240))
    canvas.rectangle(x - 8, base - height - 17, x + 8, base - height - 10, (40, 44, 60))


def _flask(canvas: Canvas, dice: Dice, x: float, base: float, liquid: Colour, size: float) -> None:
    half, height = 52 * size, 120 * size
    canvas.glow(x, base - 30 * size, 110 * size, liquid, 0.55)
    canvas.polygon(
        [
            (x - 12 * size, base - height),
            (x + 12 * size, base - height),
            (x + 12 * size, base - height * 0.6),
            (x + half, base),
            (x - half, base),
            (x - 12 * size, base - height * 0.6),
        ],
        (226, 240, 248),
        0.45,
    )
    level = dice.between(0.3, 0.46)
    wide = half - (half - 12 * size) * level / 0.6
    canvas.polygon(
        [
            (x - wide, base - height * level),
            (x + wide, base - height * level),
            (x + half - 3, base - 3),
            (x - half + 3, base - 3),
        ],
        liquid,
    )
    canvas.ellipse(x, base - height * level, wide, 5 * size, lighter(liquid, 0.4))
    for _ in range(6):
        canvas.disc(
            x + dice.between(-0.5, 0.5) * half,
            base - dice.between(0.06, level) * height * 0.9,
            dice.between(2, 4.5),
            lighter(liquid, 0.6),
        )
    canvas.rounded(x - 17 * size, base - height - 5, x + 17 * size, base - height + 4, (240, 248, 252), 3)
    canvas.line([(x - half * 0.72, base - 10), (x - 14 * size, base - height * 0.56)], WHITE, 4, 0.6)


def _microscope(canvas: Canvas, x: float, base: float) -> None:
    body, dark = (236, 238, 244), (54, 60, 84)
    canvas.rounded(x - 62, base - 18, x + 62, base, dark, 6)
    canvas.arc(x - 4, base - 84, 62, 76, -80, 80, body, 18)
    canvas.rounded(x - 54, base - 60, x + 34, base - 50, dark, 3)
    canvas.polygon([(x - 34, base - 186), (x - 8, base - 196), (x + 16, base - 96), (x - 12, base - 88)], body)
    canvas.polygon([(x - 38, base - 206), (x - 18, base - 214), (x - 10, base - 192), (x - 32, base - 184)], dark)
    canvas.polygon([(x - 8, base - 92), (x + 10, base - 97), (x + 8, base - 66), (x - 2, base - 66)], dark)
    canvas.disc(x + 48, base - 60, 12, dark)


def _tubes(canvas: Canvas, dice: Dice, x: float, base: float, liquids: tuple[Colour, ...]) -> None:
    for number, liquid in enumerate(liquids):
        place = x - 56 + number * 28
        canvas.rounded(place - 9, base - 104, place + 9, base - 14, (226, 240, 248), 9, 0.5)
        canvas.rounded(place - 9, base - dice.between(50, 80), place + 9, base - 14, liquid, 9)
    for height in (84, 30):
        canvas.rectangle(x - 76, base - height, x + 76, base - height + 9, (206, 158, 106))
    for side in (-76, 68):
        canvas.rectangle(x + side, base - 88, x + side + 8, base, (176, 126, 84))


INDOORS = {
    "kitchen": kitchen,
    "lab": lab,
    "library": library,
}
