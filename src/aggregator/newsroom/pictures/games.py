"""Scenes of sport: a stadium and runners."""

# ruff: noqa: PLR0917 - drawing is made of positions, sizes and colours
from __future__ import annotations

from aggregator.newsroom.pictures.canvas import HEIGHT, WIDTH, Canvas, Colour, Point, darker, lighter, mix
from aggregator.newsroom.pictures.palette import ALL, OUTDOORS, Dice, Palette
from aggregator.newsroom.pictures.scenery import CLOTHES, SKINS, ground, hill_line, person, sky, skyline, tree

WHITE: Colour = (255, 255, 255)
GRASS: Colour = (72, 158, 84)


def stadium(canvas: Canvas, dice: Dice) -> None:
    """Draw a full stand, floodlights and a striped pitch with players."""
    palette = dice.one_of(ALL)
    sky(canvas, palette, dice, 240, clouds=2)
    skyline(canvas, palette, dice, 190, (10, 60), mix(palette.far, palette.sky_bottom, 0.2))
    _stands(canvas, dice, palette)
    grass = mix(GRASS, palette.mid, 0.18)
    for stripe in range(8):
        top, bottom = 330 + 210 * (stripe / 8) ** 1.3, 330 + 210 * ((stripe + 1) / 8) ** 1.3
        canvas.rectangle(0, top, WIDTH, bottom, lighter(grass, 0.1) if stripe % 2 else grass)
    canvas.rectangle(0, 334, WIDTH, 337, WHITE, 0.9)
    canvas.arc(480, 446, 190, 62, 0, 360, mix(grass, WHITE, 0.85), 3.5)
    canvas.line([(480, 336), (480, HEIGHT)], WHITE, 3.5, 0.85)
    canvas.ellipse(480, 446, 6, 3, WHITE)
    home, away = dice.one_of(
        (((226, 62, 66), (246, 244, 236)), ((40, 92, 180), (250, 206, 80)), ((250, 150, 50), (44, 60, 90)))
    )
    for number in range(10):
        y = dice.between(366, 530)
        x, size = dice.between(50, 910), 44 + (y - 340) * 0.3
        canvas.ellipse(x + size * 0.3, y, size * 0.4, size * 0.05, (10, 30, 20), 0.35)
        person(canvas, x, y, size, home if number % 2 else away, dice.one_of(SKINS))
    ball_x = dice.between(300, 660)
    canvas.disc(ball_x, 498, 9, WHITE)
    canvas.disc(ball_x + 1, 499, 3.4, (40, 44, 60))
    for place in (70, 890):
        _floodlight(canvas, palette, place)


def _stands(canvas: Canvas, dice: Dice, palette: Palette) -> None:
    concrete = mix(palette.near, palette.mid, 0.4)
    canvas.polygon([(0, 130), (200, 176), (760, 176), (WIDTH, 130), (WIDTH, 340), (0, 340)], concrete)
    fans: tuple[Colour, ...] = (
        palette.accent,
        palette.light,
        (246, 244, 238),
        mix(palette.accent, palette.near, 0.3),
        (70, 130, 180),
    )
    for row in range(11):
        y = 192 + row * 11.6
        x = dice.between(0, 8)
        canvas.rectangle(0, y + 4, WIDTH, y + 9, darker(concrete, 0.3))
        while x < WIDTH:
            dip = 34 * max(0.0, abs(x - 480) / 480 - 0.42) / 0.58 * (1 - row / 11)
            canvas.disc(x, y - dip, 4.1, dice.one_of(fans) if dice.happens(0.88) else darker(concrete, 0.3))
            x += 9.4
    canvas.polygon(
        [(0, 92), (200, 146), (760, 146), (WIDTH, 92), (WIDTH, 124), (760, 168), (200, 168), (0, 124)],
        lighter(palette.mid, 0.35),
    )
    canvas.polygon(
        [(0, 118), (200, 162), (760, 162), (WIDTH, 118), (WIDTH, 124), (760, 168), (200, 168), (0, 124)],
        darker(palette.near, 0.1),
    )
    canvas.rectangle(0, 314, WIDTH, 336, darker(palette.near, 0.2))
    for board in range(8):
        canvas.rounded(
            board * 122 + 6,
            318,
            board * 122 + 114,
            332,
            (palette.accent, palette.light, (246, 244, 238))[board % 3],
            3,
            0.9,
        )


def _floodlight(canvas: Canvas, palette: Palette, x: float) -> None:
    canvas.line([(x, 330), (x, 66)], darker(palette.near, 0.1), 8)
    canvas.glow(x, 52, 170, (255, 252, 230), 0.9)
    canvas.rounded(x - 46, 26, x + 46, 78, darker(palette.near, 0.2), 5)
    for row in range(3):
        for column in range(5):
            canvas.disc(x - 34 + column * 17, 37 + row * 15, 6, (255, 252, 236))


def runner(canvas: Canvas, dice: Dice) -> None:
    """Draw runners in full stride on a track or a road, with long shadows."""
    palette = dice.one_of(OUTDOORS)
    sky(canvas, palette, dice, 366)
    skyline(canvas, palette, dice, 345, (30, 120), mix(palette.far, palette.sky_bottom, 0.2))
    ground(canvas, hill_line(dice, 360, 50), mix(palette.mid, palette.green, 0.5), palette.mid)
    for _ in range(9):
        tree(canvas, dice, dice.between(0, WIDTH), 366, dice.between(60, 110), mix(palette.green, palette.mid, 0.3))
    track = mix(dice.one_of(((214, 96, 70), (126, 130, 146))), palette.mid, 0.2)
    canvas.gradient(lighter(track, 0.12), darker(track, 0.2), (0, 358, WIDTH, HEIGHT))
    for lane in range(5):
        y = 372 + lane * lane * 9 + lane * 8
        canvas.rectangle(0, y, WIDTH, y + 2 + lane * 0.7, WHITE, 0.75)
    spots: list[tuple[float, float]] = [(190, 150), (420, 180), (690, 215)]
    for number, (x, size) in enumerate(spots):
        _athlete(canvas, dice, x + dice.between(-36, 36), 418 + number * 46, size * 1.1, palette)


def _athlete(canvas: Canvas, dice: Dice, x: float, base: float, size: float, palette: Palette) -> None:
    skin, shirt = dice.one_of(SKINS), dice.one_of(CLOTHES)
    shorts = darker(shirt, 0.5)

    def at(right: float, up: float) -> Point:
        return x + right * size, base - up * size

    lift = dice.between(-0.03, 0.03)
    canvas.ellipse(x - size * 0.16, base + 2, size * 0.46, size * 0.035, palette.near, 0.35)
    limb = size * 0.062
    _limb(canvas, [at(0.06, 0.76), at(-0.1, 0.64), at(-0.02, 0.53 + lift)], darker(skin, 0.12), limb * 0.85)
    _limb(canvas, [at(-0.02, 0.46), at(-0.12, 0.25), at(-0.34, 0.24 + lift)], darker(skin, 0.15), limb)
    canvas.line([at(-0.34, 0.25 + lift), at(-0.37, 0.16 + lift)], palette.accent, limb)
    _limb(canvas, [at(0.0, 0.46), at(0.2, 0.34), at(0.16, 0.06)], skin, limb * 1.1)
    canvas.line([at(0.14, 0.04), at(0.24, 0.03)], palette.accent, limb)
    canvas.polygon([at(-0.09, 0.5), at(0.09, 0.5), at(0.14, 0.37), at(0.03, 0.34), at(-0.11, 0.36)], shorts)
    canvas.polygon([at(-0.09, 0.48), at(0.07, 0.47), at(0.15, 0.76), at(0.06, 0.8), at(-0.02, 0.77)], shirt)
    canvas.rectangle(*at(-0.01, 0.7), *at(0.08, 0.61), (250, 248, 242))
    _limb(canvas, [at(0.07, 0.75), at(0.02, 0.57), at(0.2, 0.56 - lift)], skin, limb * 0.85)
    canvas.line([at(0.1, 0.78), at(0.13, 0.84)], skin, limb)
    canvas.disc(*at(0.15, 0.9), size * 0.07, skin)
    canvas.pie(*at(0.14, 0.91), size * 0.074, 150, 340, (52, 38, 38))


def _limb(canvas: Canvas, joints: list[Point], colour: Colour, width: float) -> None:
    canvas.line(joints, colour, width)
    for joint_x, joint_y in joints:
        canvas.disc(joint_x, joint_y, width / 2, colour)


GAMES = {"runner": runner, "stadium": stadium}
