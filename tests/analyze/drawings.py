"""Pictures of every kind, drawn from a seed: what `shown` was fitted on and is tested with. Nobody's photos.

Each function draws one picture of its kind; the same seed gives the same picture. What a camera would have seen is
made of clouds of noise in many sizes, soft light, edges out of focus and grain: its statistics, not its beauty.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from math import cos, sin
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
TEXT = """
the council voted on a new bridge while rain and wind kept most of the town at home for another long week and
nobody knew who would pay prices rose by three percent after years of talks between both sides of the river
"""
WORDS = TEXT.split()


def encoded(picture: Image.Image, dice: Random, *kinds: str) -> bytes:
    """Encode as one of `kinds`, at a quality that publishers use."""
    content = BytesIO()
    kind = dice.choice(kinds or ("jpeg", "png", "webp"))
    if kind == "png":
        picture.save(content, "png", compress_level=1)
    else:
        opaque = picture.convert("RGB") if kind == "jpeg" else picture
        opaque.save(content, kind, quality=dice.randint(60, 92), **({"method": 0} if kind == "webp" else {}))
    return content.getvalue()


def colour(dice: Random, low: int = 0, high: int = 255) -> Colour:
    return dice.randint(low, high), dice.randint(low, high), dice.randint(low, high)


def paper(dice: Random) -> Colour:
    light = dice.choice([255, 255, 255, 250, 245, dice.randint(225, 250)])
    return dice.choice([(light, light, light), (light, light, max(0, light - 12)), (max(0, light - 8), light, light)])


def ink(dice: Random) -> Colour:
    return colour(dice, 0, 70)


def font(dice: Random, low: int, high: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=dice.randint(low, max(low, high)))


def words(dice: Random, count: int) -> str:
    return " ".join(dice.choice(WORDS) for _ in range(count))


def size(dice: Random, low: int = 480, high: int = 1200) -> tuple[int, int]:
    width = dice.randint(low, high)
    return width, int(width * dice.choice([0.56, 0.56, 0.67, 0.75, 1.0, 0.5, 1.3]))


# --- photo -----------------------------------------------------------------------------------------------------------


def cloud(dice: Random, width: int, height: int, cells: int) -> Image.Image:
    """Smooth noise of three colours, `cells` across."""
    down = max(2, cells * height // width)
    noise = Image.frombytes("RGB", (cells, down), dice.randbytes(cells * down * 3))
    return noise.resize((width, height), Image.Resampling.BICUBIC)


def clouds(dice: Random, width: int, height: int) -> Image.Image:
    """Noise in octaves, each finer one weaker: the spectrum of natural scenes falls with the frequency."""
    picture = cloud(dice, width, height, dice.choice([2, 4]))
    weight, fall = dice.uniform(0.3, 0.5), dice.uniform(0.55, 0.95)
    for cells in (8, 16, 32, 64, 128, 256, 512):
        if cells < width:
            picture = Image.blend(picture, cloud(dice, width, height, cells), weight)
            weight *= fall
    return ImageOps.autocontrast(picture, cutoff=dice.choice([0, 2, 5]))


def tinted(picture: Image.Image, dice: Random, keep: float) -> Image.Image:
    """Take most of the colour out and cast another over what is left: the world is less gaudy than noise."""
    grey = picture.convert("L").convert("RGB")
    light = Image.new("RGB", picture.size, colour(dice, 60 if keep else 255, 255))
    return ImageChops.multiply(Image.blend(grey, picture, keep), light)


def things(picture: Image.Image, dice: Random, keep: float) -> None:
    """Put some things before the background, each with a texture, a shade and an edge of its own."""
    width, height = picture.size
    for _ in range(dice.randint(1, 9)):
        mask = Image.new("L", (width, height))
        middle, reach = (dice.uniform(0, width), dice.uniform(0.2, 1) * height), dice.uniform(0.03, 0.4) * width
        ring = [
            (middle[0] + reach * dice.uniform(0.5, 1) * cos(turn), middle[1] + reach * sin(turn)) for turn in range(7)
        ]
        ImageDraw.Draw(mask).polygon(ring, fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(dice.choice([0.6, 1, 2, 6])))
        picture.paste(tinted(clouds(dice, width, height), dice, keep), (0, 0), mask)


def draw_photo(dice: Random) -> bytes:
    width, height = size(dice, 400, 700)
    keep = dice.choice([0.0, 0.15, 0.3, 0.45, 0.6, 1.0])
    picture = tinted(clouds(dice, width, height), dice, keep)
    if dice.random() < 0.3:  # far out of focus, or in the dark
        picture = picture.filter(ImageFilter.GaussianBlur(width / dice.choice([15, 40])))
        if dice.random() < 0.5:
            picture = picture.point(lambda level: level // 5)
    if dice.random() < 0.5:  # a sky, a wall or a backdrop
        calm = Image.linear_gradient("L").rotate(180).point(lambda level: 140 + level * 2 // 5).resize((width, height))
        mask = Image.new("L", (width, height))
        mask.paste(255, (0, 0, width, int(height * dice.uniform(0.2, 0.7))))
        sky = ImageChops.multiply(calm.convert("RGB"), Image.new("RGB", (width, height), colour(dice, 190, 255)))
        picture.paste(sky, (0, 0), mask.filter(ImageFilter.GaussianBlur(dice.choice([1, 3, 9]))))
    things(picture, dice, keep)
    grain = Image.frombytes("L", (width, height), dice.randbytes(width * height)).convert("RGB")
    picture = Image.blend(picture, grain, dice.choice([0.0, 0.01, 0.02, 0.04]))
    picture = picture.convert("RGB" if keep else "L")
    return encoded(picture, dice, "jpeg", "jpeg", "webp", "png")


# --- graphic ---------------------------------------------------------------------------------------------------------


def palette(dice: Random) -> list[Colour]:
    """Return colours that go together: loud ones, or a few around one tint."""
    if dice.random() < 0.3:
        return [colour(dice) for _ in range(6)]
    base, spread = colour(dice, 30, 220), dice.choice([25, 50, 80])
    return [near(dice, base, spread) for _ in range(8)]


def near(dice: Random, base: Colour, spread: int) -> Colour:
    red, green, blue = (
        min(255, max(0, part + dice.randint(-spread, spread) + dice.randint(-spread, spread))) for part in base
    )
    return red, green, blue


def faded(dice: Random, width: int, height: int, top: Colour, bottom: Colour) -> Image.Image:
    picture = Image.new("RGB", (width, height), top)
    if dice.random() < 0.6:
        shade = Image.linear_gradient("L").resize((width, height))
        picture.paste(Image.new("RGB", (width, height), bottom), (0, 0), shade)
    return picture


def draw_shape(draw: Draw, dice: Random, fill: Colour, reach: float, at: tuple[float, float]) -> None:
    across, down = at
    box = (across - reach, down - reach * dice.uniform(0.3, 1), across + reach, down + reach)
    match dice.randrange(6):
        case 0 | 1:
            draw.ellipse(box, fill=fill)
        case 2:
            draw.rectangle(box, fill=fill)
        case 3:
            draw.rounded_rectangle(box, reach / 4, fill=fill)
        case 4:
            draw.line(
                (*at, across + dice.gauss(0, reach), down + dice.gauss(0, reach)), fill=fill, width=dice.randint(2, 9)
            )
        case _:
            ring = [(across + dice.uniform(-2, 2) * reach, down + dice.uniform(-2, 2) * reach) for _ in range(3)]
            draw.polygon(ring, fill=fill)


def draw_graphic(dice: Random) -> bytes:
    width, height = size(dice)
    colours = palette(dice)
    picture = faded(dice, width, height, colours[0], colours[1])
    draw = ImageDraw.Draw(picture)
    small = dice.choice([0.01, 0.03, 0.05])
    for _ in range(dice.choice([6, 20, 60, 200])):
        at = dice.uniform(0, width), dice.uniform(0, height)
        draw_shape(draw, dice, dice.choice(colours), dice.uniform(small, small * 6) * width, at)
    for row in range(dice.choice([0, 0, 2, 6])):  # windows, seats, fences: rows of the same
        start, side = dice.uniform(0, width / 2), dice.uniform(0.008, 0.03) * width
        for column in range(dice.randint(4, 14)):
            left, top = start + column * side * 2, height * 0.3 + row * side * 2
            draw.rectangle((left, top, left + side, top + side), fill=colours[-1])
    if dice.random() < 0.3:
        draw.text((width * 0.1, height * 0.4), words(dice, 3), fill=colour(dice, 200), font=font(dice, 40, width // 9))
    return encoded(picture, dice)


# --- chart or map ----------------------------------------------------------------------------------------------------


def axes(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    letters, shade = font(dice, 11, 20), ink(dice)
    if dice.random() < 0.8:
        for line in range(dice.randint(3, 8)):
            down = bottom - (bottom - top) * line // 7
            draw.line((left, down, right, down), fill=colour(dice, 190, 230), width=dice.randint(1, 2))
            draw.text((left - 40, down - 8), str(line * 10), fill=shade, font=letters)
    draw.line((left, bottom, right, bottom), fill=shade, width=2)
    if dice.random() < 0.6:
        draw.line((left, top, left, bottom), fill=shade, width=2)
    for place in range(dice.randint(4, 8)):
        draw.text((left + (right - left) * place // 8, bottom + 8), str(2016 + place), fill=shade, font=letters)


def draw_bars(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    count = dice.randint(3, 16)
    fills = [colour(dice, 20, 210) for _ in range(dice.choice([1, 1, 2, 4]))]
    for bar in range(count):
        start = left + (right - left) * bar // count + 4
        tip = bottom - int((bottom - top) * dice.uniform(0.1, 1))
        draw.rectangle((start, tip, start + max(3, (right - left) // count - 10), bottom), fill=dice.choice(fills))


def draw_lines(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    for _ in range(dice.randint(1, 4)):
        level, points = dice.uniform(0.2, 0.8), []
        for step in range(60):
            level = min(1.0, max(0.0, level + dice.gauss(0, 0.05)))
            points.append((left + (right - left) * step / 59, bottom - (bottom - top) * level))
        draw.line(points, fill=colour(dice, 0, 200), width=dice.randint(2, 5))


def draw_dots(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    fill = colour(dice, 0, 200)
    for _ in range(dice.randint(30, 200)):
        across, down = dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])
        draw.ellipse((across - 4, down - 4, across + 4, down + 4), fill=fill)


def draw_pie(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    reach = min(box[2] - box[0], box[3] - box[1]) // 2
    middle, start = (box[0] + box[2]) // 2, 0.0
    while start < 360:
        end = start + dice.uniform(20, 120)
        draw.pieslice(
            (middle - reach, box[1], middle + reach, box[1] + 2 * reach), start, min(end, 360), fill=colour(dice)
        )
        start = end


def draw_levels(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    """Draw bars that lie, with their names before them."""
    left, top, right, bottom = box
    count, fill, letters = dice.randint(4, 12), colour(dice, 20, 200), font(dice, 11, 18)
    for bar in range(count):
        down = top + (bottom - top) * bar // count
        tip = left + 60 + int((right - left - 60) * dice.uniform(0.05, 1))
        draw.text((left, down + 2), words(dice, 1), fill=(90, 90, 90), font=letters)
        draw.rectangle((left + 60, down, tip, down + max(4, (bottom - top) // count - 8)), fill=fill)


def draw_boxes(draw: Draw, dice: Random, box: tuple[int, int, int, int]) -> None:
    """Draw named boxes with lines from one to the next: who belongs to whom."""
    last, fill, letters = (box[0], box[1]), dice.choice([(255, 255, 255), colour(dice, 180)]), font(dice, 11, 18)
    for _ in range(dice.randint(3, 12)):
        left, top = dice.randint(box[0], box[2] - 120), dice.randint(box[1], box[3] - 40)
        draw.line((*last, left, top), fill=(60, 60, 60), width=2)
        draw.rectangle((left, top, left + 110, top + 40), fill=fill, outline=(60, 60, 60), width=2)
        draw.text((left + 8, top + 10), words(dice, 1), fill=(30, 30, 30), font=letters)
        last = (left + 55, top + 40)


def draw_chart(dice: Random) -> bytes:
    width, height = size(dice)
    picture = Image.new("RGB", (width, height), paper(dice) if dice.random() < 0.9 else ink(dice))
    draw = ImageDraw.Draw(picture)
    box = (70, int(height * 0.2), width - 30, int(height * 0.85))
    shade = ink(dice) if picture.getpixel((0, 0)) > (128, 128, 128) else (240, 240, 240)  # type: ignore[operator]
    draw.text((30, height * 0.04), words(dice, 6), fill=shade, font=font(dice, 18, 34))
    contents = dice.choice([draw_bars, draw_bars, draw_lines, draw_lines, draw_dots, draw_pie, draw_levels, draw_boxes])
    if contents in {draw_bars, draw_lines, draw_dots}:
        axes(draw, dice, box)
    contents(draw, dice, box)
    draw.text((30, height - 24), words(dice, 5), fill=(130, 130, 130), font=font(dice, 10, 16))
    return encoded(picture, dice)


def outline(dice: Random, steps: int, bend: float) -> list[float]:
    level, levels = 0.0, []
    for _ in range(steps):
        level += dice.gauss(0, bend)
        levels.append(level)
    return levels


def draw_map(dice: Random) -> bytes:
    """Draw regions with ragged borders in a few tints, some roads, and names of places."""
    width, height = size(dice)
    sea = dice.choice([(255, 255, 255), (170, 211, 223), (205, 225, 240), (235, 235, 235)])
    land = dice.choice([(242, 239, 233), (250, 245, 220), (225, 225, 225), colour(dice, 180, 240)])
    picture = Image.new("RGB", (width, height), sea)
    draw = ImageDraw.Draw(picture)
    tints = [land, land, *(tuple(int(part * shade) for part in land) for shade in (0.95, 0.8, 0.6, 0.45))]
    across, down = dice.randint(3, 8), dice.randint(3, 6)
    corners = [
        [
            (
                width * (0.05 + 0.9 * (x + dice.uniform(-0.35, 0.35)) / across),
                height * (0.05 + 0.9 * (y + dice.uniform(-0.35, 0.35)) / down),
            )
            for x in range(across + 1)
        ]
        for y in range(down + 1)
    ]
    for y in range(down):
        for x in range(across):
            ring = [corners[y][x], corners[y][x + 1], corners[y + 1][x + 1], corners[y + 1][x]]
            draw.polygon(
                ring, fill=dice.choice(tints), outline=dice.choice([(255, 255, 255), (150, 150, 150)]), width=2
            )
    for _ in range(dice.randint(0, 14)):
        bends = outline(dice, 30, height * 0.02)
        start = dice.uniform(0, height)
        road = [(width * step / 29, start + bend) for step, bend in enumerate(bends)]
        draw.line(road, fill=dice.choice([(255, 255, 255), (247, 200, 120), (120, 170, 210)]), width=dice.randint(2, 6))
    for _ in range(dice.randint(4, 25)):
        place = (dice.uniform(0, width * 0.9), dice.uniform(0, height * 0.95))
        draw.text(place, words(dice, 1).title(), fill=ink(dice), font=font(dice, 11, 22))
    return encoded(picture, dice)


# --- logo ------------------------------------------------------------------------------------------------------------


def draw_logo(dice: Random) -> bytes:
    width = dice.randint(80, 640)
    height = max(30, int(width * dice.choice([1, 1, 0.5, 0.35, 0.25])))
    clear = dice.random() < 0.5
    ground = dice.choice([(255, 255, 255), (255, 255, 255), colour(dice)])
    picture = Image.new("RGBA", (width, height), (*ground, 0 if clear else 255))
    draw = ImageDraw.Draw(picture)
    main = colour(dice, 0, 190)
    shaded = Image.linear_gradient("L").resize((width, height)).point(lambda level: level // 2)
    margin = int(height * dice.uniform(0.08, 0.28))
    mark = (margin, margin, height - margin, height - margin)
    dice.choice([draw.ellipse, draw.rectangle, draw.ellipse])(mark, fill=(*main, 255))
    inner = tuple(place + (1 if index < 2 else -1) * (mark[2] - mark[0]) // 4 for index, place in enumerate(mark))
    if dice.random() < 0.7 and inner[2] > inner[0]:
        dice.choice([draw.ellipse, draw.rectangle])(inner, fill=(*dice.choice([ground, colour(dice)]), 255))
    if width > height * 1.5:
        letters = ImageFont.load_default(size=max(10, int(height * dice.uniform(0.3, 0.6))))
        name = words(dice, dice.randint(1, 2))
        draw.text((height, height * 0.25), dice.choice([name.title(), name.upper()]), fill=(*main, 255), font=letters)
    if dice.random() < 0.3:  # some are shaded
        bright = Image.new("RGBA", picture.size, (*colour(dice, 128), 255))
        bright.putalpha(picture.getchannel("A"))
        picture = Image.composite(bright, picture, shaded) if clear else picture
    return encoded(picture, dice, *(("png",) if clear else ("png", "jpeg", "webp")))


# --- screenshot of text ----------------------------------------------------------------------------------------------


def draw_lines_of_text(draw: Draw, dice: Random, box: tuple[int, int, int, int], shades: list[Colour]) -> None:
    left, top, right, bottom = box
    pitch = dice.randint(14, 34)
    letters = ImageFont.load_default(size=int(pitch * dice.uniform(0.58, 0.78)))
    full, down = dice.uniform(0.3, 1), top
    while down < bottom - pitch:
        indent = dice.choice([0, 0, 20, 40]) if len(shades) > 1 else 0
        line = ""
        room = (right - left - indent - 50) * (1 if dice.random() < full else dice.uniform(0, 0.8))
        while draw.textlength(line, font=letters) < room:
            line += dice.choice(WORDS) + " "
        draw.text((left + indent, down), line, fill=dice.choice(shades), font=letters)
        down += pitch + (pitch if dice.random() < 0.12 else 0)


def draw_frame(draw: Draw, dice: Random, width: int, height: int, shade: Colour) -> tuple[int, int, int, int]:
    """Draw what is around a text on a screen, a bar, a side, a portrait, a heading, and return where the text goes."""
    left, top, right = dice.randint(8, max(9, width // 5)), dice.randint(4, 50), width - dice.randint(8, width // 3)
    if dice.random() < 0.4:
        draw.rectangle((0, 0, width, top), fill=colour(dice))
    if dice.random() < 0.4:
        side = width // dice.randint(4, 7)
        draw.rectangle((0, top, side, height), fill=colour(dice, 190) if sum(shade) < 380 else colour(dice, 40, 80))
        draw_lines_of_text(draw, dice, (8, top + 10, side, int(height * dice.uniform(0.3, 1))), [shade])
        left = side + 20
    if dice.random() < 0.25:
        draw.ellipse((left, top + 8, left + 48, top + 56), fill=colour(dice))
        draw.text((left + 60, top + 20), words(dice, 2).title(), fill=shade, font=font(dice, 14, 20))
        top += 60
    if dice.random() < 0.4:
        draw.text((left, top + 10), words(dice, 3).title(), fill=shade, font=font(dice, 26, 42))
        top += 60
    return left, top + 12, right, int(height * dice.choice([1, 1, 0.7, 0.5]))


def draw_text(dice: Random) -> bytes:
    sizes = [
        size(dice),
        (dice.randint(360, 700), dice.randint(500, 1100)),
        (dice.randint(500, 1400), dice.randint(90, 400)),
    ]
    width, height = dice.choice(sizes)
    ground, shade = (paper(dice), ink(dice)) if dice.random() < 0.7 else (colour(dice, 10, 45), colour(dice, 200))
    picture = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(picture)
    box = draw_frame(draw, dice, width, height, shade)
    if dice.random() < 0.25:  # a panel, as code and quotations have
        draw.rectangle(
            (box[0] - 6, box[1] - 6, box[2], max(box[1], box[3])), fill=tuple(level * 15 // 16 for level in ground)
        )
    shades = [shade] if dice.random() < 0.6 else [shade, shade, (200, 60, 60), (60, 110, 200), (70, 140, 70)]
    draw_lines_of_text(draw, dice, box, shades)
    return encoded(picture, dice)


DRAWERS: dict[str, tuple[Callable[[Random], bytes], ...]] = {
    "photo": (draw_photo,),
    "graphic": (draw_graphic,),
    "chart or map": (draw_chart, draw_chart, draw_map),
    "logo": (draw_logo,),
    "screenshot of text": (draw_text,),
}


def drawn(kind: str, seed: int) -> bytes:
    """Return picture `seed` of a kind, encoded; the same arguments give the same bytes with the same Pillow."""
    drawers = DRAWERS[kind]
    return drawers[seed % len(drawers)](Random(f"{kind} {seed}"))  # noqa: S311 - pictures, not secrets
