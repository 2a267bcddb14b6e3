"""Pictures as publishers send them, and as they should not: what is told about each, and how its thumbnail looks."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from drawings import drawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw

from aggregator.analyze.phash import differing_bits
from aggregator.analyze.picture import analyze_picture, analyze_pictures
from aggregator.analyze.pixels import fit_within
from aggregator.errors import StorageError
from aggregator.records import PictureJob, PictureResult

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
ORANGE = (230, 120, 20)
Colour = tuple[int, int, int]


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def stored(content: bytes, images_dir: Path, image_id: int = 7) -> PictureJob:
    sha256 = hashlib.sha256(content).hexdigest()
    path = images_dir / "blobs" / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return PictureJob(image_id=image_id, sha256=sha256, path=f"blobs/{sha256}")


def analyzed(content: bytes, images_dir: Path, *sizes: int) -> PictureResult:
    return analyze_picture(stored(content, images_dir), images_dir, sizes or (100,))


def thumbnail_of(content: bytes, images_dir: Path, size: int = 100) -> Image.Image:
    result = analyzed(content, images_dir, size)
    assert result.problem is None
    with Image.open(images_dir / result.thumbnails[0].path) as picture:
        assert picture.size == (result.thumbnails[0].width, result.thumbnails[0].height)
        return picture.convert("RGB")


def assert_colour(picture: Image.Image, place: tuple[int, int], expected: Colour, tolerance: int = 12) -> None:
    seen = picture.getpixel(place)
    assert isinstance(seen, tuple)
    assert max(abs(a - b) for a, b in zip(seen, expected, strict=True)) <= tolerance, f"{seen} is not {expected}"


# --- what is told, and where thumbnails go ---------------------------------------------------------------------------


def test_a_photo_gets_its_size_its_hash_and_a_thumbnail_of_each_size(tmp_path: Path) -> None:
    content = encoded(Image.linear_gradient("L").resize((1200, 675)).convert("RGB"), "jpeg")
    job = stored(content, tmp_path)

    result = analyze_picture(job, tmp_path, (400, 96))

    assert (result.image_id, result.width, result.height, result.format) == (7, 1200, 675, "jpeg")
    assert result.phash is not None
    assert len(result.phash) == 16
    assert [(t.size, t.width, t.height) for t in result.thumbnails] == [(400, 400, 225), (96, 96, 54)]
    for thumbnail in result.thumbnails:
        assert thumbnail.path == f"thumbnails/{thumbnail.size}/{job.sha256[:2]}/{job.sha256}.jpg"
        assert (tmp_path / thumbnail.path).stat().st_size == thumbnail.size_bytes


def test_a_batch_gives_one_result_for_each_job_in_order(tmp_path: Path) -> None:
    jobs = [
        stored(encoded(Image.new("RGB", (20, 10), RED), "png"), tmp_path, image_id=1),
        stored(b"gone wrong", tmp_path, image_id=2),
        stored(encoded(Image.new("RGB", (10, 20), RED), "gif"), tmp_path, image_id=3),
    ]
    results = analyze_pictures(jobs, images_dir=str(tmp_path), thumbnail_sizes=(16,))
    assert [(r.image_id, r.width, r.problem is None) for r in results] == [(1, 20, True), (2, 0, False), (3, 10, True)]


def test_a_thumbnail_takes_the_place_of_an_older_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (20, 10), RED), "png")
    thumbnail = tmp_path / analyzed(content, tmp_path).thumbnails[0].path
    thumbnail.write_bytes(b"half of one")

    analyzed(content, tmp_path)

    assert thumbnail.read_bytes().startswith(b"\xff\xd8")
    assert list(thumbnail.parent.iterdir()) == [thumbnail]


def test_without_sizes_there_are_no_thumbnails_but_a_hash(tmp_path: Path) -> None:
    job = stored(encoded(Image.new("RGB", (20, 10), RED), "png"), tmp_path)
    result = analyze_picture(job, tmp_path, ())
    assert (result.width, result.thumbnails, len(result.phash or "")) == (20, (), 16)


def test_the_hash_does_not_depend_on_the_sizes_of_thumbnails(tmp_path: Path) -> None:
    content = encoded(Image.radial_gradient("L").resize((900, 600)).rotate(30), "jpeg")
    hashes = [analyzed(content, tmp_path, size).phash or "" for size in (8, 400, 1000)]
    assert max(differing_bits(hashes[0], other) for other in hashes) <= 2


# --- what else the pixels tell ---------------------------------------------------------------------------------------


def test_colours_kind_and_stand_in_are_told(tmp_path: Path) -> None:
    result = analyzed(drawn("photo", 1), tmp_path)
    assert re.fullmatch("#[0-9a-f]{6}", result.colour)
    assert len(result.blurhash) == 28
    assert (result.shows, result.junk) == ("photo", None)
    assert 0.5 < result.shows_score <= 1


@pytest.mark.parametrize("kind", ["png", "gif", "webp"])
def test_a_tracking_pixel_is_junk(kind: str, tmp_path: Path) -> None:
    result = analyzed(encoded(Image.new("RGB", (1, 1), RED), kind), tmp_path)
    assert (result.problem, result.junk) == (None, "tracking pixel")
    assert result.shows_score == pytest.approx(0.2)


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (2, 10_000), (10_000, 3)])
def test_a_thread_of_pixels_is_told_and_is_junk(size: tuple[int, int], tmp_path: Path) -> None:
    result = analyzed(encoded(Image.effect_noise(size, 90), "png"), tmp_path)
    assert (result.problem, result.width, result.height, result.junk) == (None, *size, "line")
    assert (len(result.blurhash), len(result.colour)) == (28, 7)


@pytest.mark.parametrize(
    ("mode", "pixel", "colour", "junk"),
    [
        ("CMYK", (0, 255, 255, 0), "#fe0000", "blank"),
        ("L", 100, "#646464", "blank"),
        ("RGB", ORANGE, "#e67814", "blank"),
    ],
)
def test_one_colour_is_blank_in_every_mode(
    mode: str, pixel: int | tuple[int, ...], colour: str, junk: str, tmp_path: Path
) -> None:
    result = analyzed(encoded(Image.new(mode, (640, 400), pixel), "jpeg", quality=95), tmp_path)
    assert result.junk == junk
    seen, expected = (bytes.fromhex(written[1:]) for written in (result.colour, colour))
    assert max(abs(one - other) for one, other in zip(seen, expected, strict=True)) <= 2


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_all_transparent_is_junk_whatever_lies_under_it(mode: str, tmp_path: Path) -> None:
    picture = Image.effect_noise((200, 100), 90).convert(mode)
    picture.putalpha(0)
    result = analyzed(encoded(picture, "png"), tmp_path)
    assert (result.junk, result.colour) == ("all transparent", "#ffffff")


def test_sixteen_bits_and_palettes_are_looked_at(tmp_path: Path) -> None:
    deep = Image.frombytes("I;16", (60, 50), struct.pack("<H", 0x8000) * 3000)
    assert analyzed(encoded(deep, "png"), tmp_path).colour == "#808080"
    palette = Image.new("P", (60, 50), 0)
    palette.putpalette([*BLACK, *ORANGE])
    palette.paste(1, (0, 0, 20, 50))
    assert analyzed(encoded(palette, "gif", transparency=0), tmp_path).colour == "#ffffff"


def test_nothing_is_told_of_what_cannot_be_read(tmp_path: Path) -> None:
    result = analyzed(drawn("photo", 1)[:2000], tmp_path)
    assert result.problem is not None
    assert (result.colour, result.blurhash, result.shows, result.shows_score, result.junk) == ("", "", "", 0.0, None)


# --- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif"])
def test_each_format_is_read_and_named_by_its_bytes(kind: str, tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (60, 40), ORANGE), kind)
    result = analyzed(content, tmp_path)
    assert (result.problem, result.format, result.width, result.height) == (None, kind, 60, 40)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), ORANGE)


def test_a_photo_with_a_second_picture_inside_is_a_jpeg(tmp_path: Path) -> None:
    other = Image.new("RGB", (30, 20), BLUE)
    content = encoded(Image.new("RGB", (60, 40), ORANGE), "mpo", save_all=True, append_images=[other])
    assert analyzed(content, tmp_path).format == "jpeg"
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), ORANGE)


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_of_an_animation_the_first_frame_counts(kind: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, GREEN, BLUE)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), RED)


# --- which way is up -------------------------------------------------------------------------------------------------

# Exif 3.0, tag 0x0112: the corners of the scene, as stored from left to right in the first and then the last row.
STORED_CORNERS = {
    1: ("top left", "top right", "bottom left", "bottom right"),
    2: ("top right", "top left", "bottom right", "bottom left"),
    3: ("bottom right", "bottom left", "top right", "top left"),
    4: ("bottom left", "bottom right", "top left", "top right"),
    5: ("top left", "bottom left", "top right", "bottom right"),
    6: ("top right", "bottom right", "top left", "bottom left"),
    7: ("bottom right", "top right", "bottom left", "top left"),
    8: ("bottom left", "top left", "bottom right", "top right"),
}
CORNER_COLOURS = {"top left": RED, "top right": GREEN, "bottom left": BLUE, "bottom right": WHITE}


def turned_picture(orientation: int, kind: str, width: int = 600, height: int = 400) -> bytes:
    """A scene with a colour in each corner, stored as a camera held that way would."""
    if orientation >= 5:
        width, height = height, width
    picture = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(picture)
    places = [(0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2)]
    for (left, top), corner in zip(places, STORED_CORNERS[orientation], strict=True):
        draw.rectangle((left, top, left + width // 2, top + height // 2), fill=CORNER_COLOURS[corner])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, kind, exif=exif)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int, kind: str, tmp_path: Path) -> None:
    content = turned_picture(orientation, kind)
    result = analyzed(content, tmp_path)
    assert (result.width, result.height) == (600, 400)
    thumbnail = thumbnail_of(content, tmp_path)
    assert thumbnail.size == (100, 67)
    for corner, colour in CORNER_COLOURS.items():
        place = (80 if "right" in corner else 20, 50 if "bottom" in corner else 16)
        assert_colour(thumbnail, place, colour, tolerance=30)


def test_the_hash_is_that_of_the_upright_picture(tmp_path: Path) -> None:
    hashes = {analyzed(turned_picture(orientation, "png"), tmp_path).phash for orientation in range(1, 9)}
    assert len(hashes) == 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_passed_over(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = analyzed(encoded(Image.new("RGB", (60, 40), RED), "jpeg", exif=exif), tmp_path)
    assert (result.problem, result.width, result.height) == (None, 60, 40)


def test_broken_exif_is_passed_over(tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (60, 40), RED), "jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 9)
    assert analyzed(content, tmp_path).problem is None


# --- colours ---------------------------------------------------------------------------------------------------------


def test_cmyk_is_shown_in_its_colours(tmp_path: Path) -> None:
    for ink, colour in (
        ((0, 255, 255, 0), RED),
        ((255, 0, 255, 0), GREEN),
        ((0, 0, 0, 0), WHITE),
        ((0, 0, 0, 255), BLACK),
    ):
        content = encoded(Image.new("CMYK", (60, 40), ink), "jpeg", quality=95)
        assert b"Adobe" in content  # and so stored inverted
        assert_colour(thumbnail_of(content, tmp_path), (30, 20), colour)


def test_cmyk_without_the_mark_of_adobe_is_read_as_browsers_read_it(tmp_path: Path) -> None:
    content = encoded(Image.new("CMYK", (60, 40), (0, 255, 255, 0)), "jpeg", quality=95)
    mark = content.index(b"\xff\xee")
    assert_colour(thumbnail_of(content[:mark] + content[mark + 16 :], tmp_path), (30, 20), RED)


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path: Path) -> None:
    levels = Image.frombytes("I;16", (60, 40), struct.pack("<H", 0x8000) * 2400)
    assert_colour(thumbnail_of(encoded(levels, "png"), tmp_path), (30, 20), (128, 128, 128), tolerance=2)


@pytest.mark.parametrize(
    ("colour_type", "pixel"), [(2, (0xE600, 0x7800, 0x1400)), (6, (0xE600, 0x7800, 0x1400, 0xFFFF))]
)
def test_sixteen_bit_colour_keeps_its_colour(colour_type: int, pixel: tuple[int, ...], tmp_path: Path) -> None:
    content = png(60, 40, colour_type, struct.pack(f">{len(pixel)}H", *pixel), bit_depth=16)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), ORANGE)


@pytest.mark.parametrize(("alpha", "level"), [(0xFFFF, 0x40), (0, 0xFF), (0x8000, 0x9F)])
def test_sixteen_bit_grey_with_alpha_lies_on_white(alpha: int, level: int, tmp_path: Path) -> None:
    content = png(60, 40, 4, struct.pack(">HH", 0x4000, alpha), bit_depth=16)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), (level, level, level), tolerance=3)


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_a_palette_with_transparency_lies_on_white(kind: str, tmp_path: Path) -> None:
    picture = Image.new("P", (60, 40), 0)
    picture.putpalette([*BLACK, *ORANGE])
    picture.paste(1, (0, 0, 30, 40))
    thumbnail = thumbnail_of(encoded(picture, kind, transparency=0), tmp_path)
    assert_colour(thumbnail, (10, 20), ORANGE, tolerance=20)
    assert_colour(thumbnail, (50, 20), WHITE)


@pytest.mark.parametrize(("mode", "black"), [("L", 0), ("RGB", BLACK), ("1", 0)])
def test_a_colour_declared_transparent_lies_on_white(mode: str, black: int | Colour, tmp_path: Path) -> None:
    content = encoded(Image.new(mode, (60, 40), black), "png", transparency=black)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), WHITE)


@pytest.mark.parametrize(("mode", "pixel"), [("LA", (0, 0)), ("RGBA", (0, 0, 0, 0))])
@pytest.mark.parametrize("kind", ["png", "webp", "avif"])
def test_what_is_transparent_becomes_white(mode: str, pixel: tuple[int, ...], kind: str, tmp_path: Path) -> None:
    content = encoded(Image.new(mode, (600, 400), pixel), kind)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), WHITE)


def test_the_edge_of_a_transparent_drawing_has_no_dark_fringe(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (600, 400), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 303, 400))
    assert min(thumbnail_of(encoded(picture, "png"), tmp_path).tobytes()) >= 250


@pytest.mark.parametrize(("mode", "pixel", "seen"), [("1", 1, WHITE), ("1", 0, BLACK), ("L", 100, (100, 100, 100))])
def test_black_and_white_and_grey_stay_so(mode: str, pixel: int, seen: Colour, tmp_path: Path) -> None:
    assert_colour(thumbnail_of(encoded(Image.new(mode, (60, 40), pixel), "png"), tmp_path), (30, 20), seen)


Colorant = tuple[float, float, float]
# XYZ of the primaries, adapted to D50 (Bradford), as ICC profiles hold them
SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3_PRIMARIES = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def matrix_profile(red: Colorant, green: Colorant, blue: Colorant, gamma: float = 2.2) -> bytes:
    """A small display profile (ICC.1:2010, version 2): three primaries and one gamma."""

    def xyz(values: Colorant) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    tags = [(b"wtpt", xyz((0.9642, 1.0, 0.8249)))]
    tags += [(b"rXYZ", xyz(red)), (b"gXYZ", xyz(green)), (b"bXYZ", xyz(blue))]
    tags += [(b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve)]
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content
    illuminant = xyz((0.9642, 1.0, 0.8249))[8:]
    header = struct.pack(">I4xI", 128 + len(table) + len(data), 0x02400000) + b"mntrRGB XYZ "
    header += bytes(12) + b"acsp" + bytes(28) + illuminant
    return header.ljust(128, b"\0") + table + data


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_colours_are_converted_by_the_embedded_profile(kind: str, tmp_path: Path) -> None:
    red, green, blue = SRGB_PRIMARIES
    content = encoded(Image.new("RGB", (60, 40), RED), kind, icc_profile=matrix_profile(green, red, blue))
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), GREEN, tolerance=20)


def test_wide_gamut_colours_are_made_srgb(tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (60, 40), (200, 100, 100)), "png", icc_profile=matrix_profile(*P3_PRIMARIES))
    # (200/255)^2.2 … through the P3 primaries to XYZ, back through those of sRGB: 216, 95, 98
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), (216, 95, 98), tolerance=4)


def test_a_profile_of_srgb_itself_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(Image.new("RGB", (60, 40), ORANGE), "png", icc_profile=profile)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), ORANGE, tolerance=4)


@pytest.mark.parametrize("profile", [b"no profile", matrix_profile(*P3_PRIMARIES)[:200], bytes(300)])
def test_a_broken_profile_is_passed_over(profile: bytes, tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", (60, 40), ORANGE), "png", icc_profile=profile)
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), ORANGE, tolerance=4)


@pytest.mark.parametrize(("mode", "pixel"), [("L", 100), ("CMYK", (0, 0, 0, 155))])
def test_a_profile_of_another_colour_space_is_passed_over(
    mode: str, pixel: int | tuple[int, ...], tmp_path: Path
) -> None:
    content = encoded(Image.new(mode, (60, 40), pixel), "jpeg", icc_profile=matrix_profile(*P3_PRIMARIES))
    assert_colour(thumbnail_of(content, tmp_path), (30, 20), (100, 100, 100))


# --- nothing about the photographer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [b"", matrix_profile(*P3_PRIMARIES)])
def test_thumbnails_hold_no_position_no_comment_and_no_profile(profile: bytes, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "2024:05:06"})
    secrets = {"exif": exif, "comment": b"SecretComment", "xmp": b"SecretXmp", "icc_profile": profile}
    content = encoded(Image.new("RGB", (60, 40), RED), "jpeg", **secrets)
    assert content.count(b"Secret") == 3
    with Image.open(BytesIO(content)) as original:
        assert original.getexif().get_ifd(0x8825)[29] == "2024:05:06"

    thumbnail = tmp_path / analyzed(content, tmp_path).thumbnails[0].path

    assert b"Secret" not in thumbnail.read_bytes()
    with Image.open(thumbnail) as picture_again:
        assert not picture_again.getexif()
        assert set(picture_again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


# --- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"), [((1, 1), (1, 1)), ((10_000, 1), (100, 1)), ((1, 10_000), (1, 100)), ((99, 100), (99, 100))]
)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_tiny_and_thin_pictures(size: tuple[int, int], expected: tuple[int, int], kind: str, tmp_path: Path) -> None:
    content = encoded(Image.new("RGB", size, ORANGE), kind)
    result = analyzed(content, tmp_path)
    assert (result.width, result.height, result.problem) == (*size, None)
    assert (result.thumbnails[0].width, result.thumbnails[0].height) == expected
    assert_colour(thumbnail_of(content, tmp_path), (0, 0), ORANGE)


def assert_fits(width: int, height: int, scaled_width: int, scaled_height: int, bound: int) -> None:
    assert 1 <= scaled_width <= width
    assert 1 <= scaled_height <= height
    assert max(scaled_width, scaled_height) == min(bound, max(width, height))
    scale = max(scaled_width, scaled_height) / max(width, height)
    assert abs(scaled_width - max(1, width * scale)) <= 0.5 + 1e-6
    assert abs(scaled_height - max(1, height * scale)) <= 0.5 + 1e-6


@given(st.integers(1, 65_535), st.integers(1, 65_535), st.integers(1, 4096))
def test_a_fitted_size_keeps_its_shape_and_never_grows(width: int, height: int, bound: int) -> None:
    assert_fits(width, height, *fit_within(width, height, bound), bound)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    orientation=st.integers(1, 8),
    sizes=st.lists(st.integers(1, 800), min_size=1, max_size=3),
    kind=st.sampled_from(["jpeg", "png"]),
)
def test_every_thumbnail_fits_its_bound(
    tmp_path: Path, size: tuple[int, int], orientation: int, sizes: list[int], kind: str
) -> None:
    width, height = size
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = analyzed(encoded(Image.new("L", (width, height), 99), kind, exif=exif), tmp_path, *sizes)
    assert (result.width, result.height) == ((height, width) if orientation >= 5 else (width, height))
    for bound, thumbnail in zip(sizes, result.thumbnails, strict=True):
        with Image.open(tmp_path / thumbnail.path) as written:
            assert written.size == (thumbnail.width, thumbnail.height)
        assert_fits(result.width, result.height, thumbnail.width, thumbnail.height, bound)


# --- what cannot be read ---------------------------------------------------------------------------------------------


def png(  # noqa: PLR0917 - the fields of the header
    width: int, height: int, colour_type: int, pixel: bytes, bit_depth: int = 8, rows: int | None = None
) -> bytes:
    """A PNG written by hand (ISO/IEC 15948), so that its header can say what no library would write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bit_depth, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + pixel * width) * (height if rows is None else rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp_header(width: int, height: int) -> bytes:
    """The start of an extended WebP file (RFC 9649, section 2.7)."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas


def gif_header(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + b",\0\0\0\0\1\0\1\0\0\2\0;"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (png(30_000, 30_000, 2, b"", rows=1), "too many pixels: 30000×30000"),
        (png(7_100, 7_100, 2, b"", rows=1), "too many pixels: 7100×7100"),
        (webp_header(16_000, 16_000), "too many pixels: 16000×16000"),
        (gif_header(60_000, 60_000), "too many pixels: 60000×60000"),
        (png(400_000, 1, 2, b"\0\0\0"), "too long a side: 400000×1"),
        (png(0, 10, 2, b""), "the header of the PNG picture is damaged"),
        (b"", "the file is empty"),
        (b"Not found, sorry.", "not a picture but text"),
        ("Nicht gefunden, schöne Grüße".encode(), "not a picture but text"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "not a picture but a web page"),
        (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "an SVG drawing: only JPEG, PNG, GIF, WebP and AVIF pictures are read",
        ),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99),
            "a HEIC picture: only JPEG, PNG, GIF, WebP and AVIF pictures are read",
        ),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "a video: only JPEG, PNG, GIF, WebP and AVIF pictures are read"),
        (b"%!PS-Adobe-3.0 EPSF", "a PostScript file: only JPEG, PNG, GIF, WebP and AVIF pictures are read"),
        (b"\x07\xf3\x00\x01" * 20, "not a picture, or one of an unknown format"),
    ],
)
def test_each_problem_is_a_sentence(content: bytes, problem: str, tmp_path: Path) -> None:
    assert analyzed(content, tmp_path) == PictureResult(image_id=7, problem=problem)
    assert not (tmp_path / "thumbnails").exists()


def avif_of(width: int, height: int) -> bytes:
    """A small AVIF picture whose item claims another size (ISO/IEC 23008-12, 6.5.3)."""
    content = bytearray(encoded(Image.new("RGB", (64, 64), RED), "avif"))
    at = content.index(b"ispe") + 8
    content[at : at + 8] = struct.pack(">II", width, height)
    return bytes(content)


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG whose frame claims another size (ITU-T T.81, B.2.2)."""
    content = bytearray(encoded(Image.new("RGB", (64, 64), RED), "jpeg"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def png_with_text(length: int) -> bytes:
    """A PNG of one pixel with a compressed text of `length` characters before it (ISO/IEC 15948, 11.3.3.3)."""
    text = b"comment\0\0" + zlib.compress(b"x" * length, 9)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    content = png(1, 1, 2, b"\0\0\0")
    return content[:33] + chunk + content[33:]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_AS")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (png(30_000, 30_000, 2, b"\0", rows=3_000), "too many pixels: 30000×30000"),
        (gif_header(8_000, 8_000), "too many pixels: 8000×8000"),
        (webp_header(8_000, 8_000), "too many pixels: 8000×8000"),
        (avif_of(12_000, 12_000), "too many pixels: 12000×12000"),
        (avif_of(40_000, 40_000), "the header of the AVIF picture is damaged"),
        (jpeg_of(60_000, 60_000), "too many pixels: 60000×60000"),
        (
            png_with_text(50_000_000),
            "the PNG picture is damaged: Decompressed data too large",
        ),
    ],
    ids=["png", "gif", "webp", "avif", "avif too large for its decoder", "jpeg", "png with a long text"],
)
def test_a_bomb_is_told_and_costs_no_memory(content: bytes, problem: str, tmp_path: Path) -> None:
    assert len(content) < 200_000
    command = [sys.executable, "-c", LIMITED_WORKER, str(tmp_path), stored(content, tmp_path).path]
    worker = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"problem='{problem}" in worker.stdout


@pytest.mark.parametrize("kind", ["bmp", "tiff", "ico", "eps", "ppm", "tga"])
def test_formats_that_browsers_do_not_show_reach_no_decoder(kind: str, tmp_path: Path) -> None:
    result = analyzed(encoded(Image.new("RGB", (32, 32), RED), kind), tmp_path)
    assert result.problem is not None
    assert "not a picture" in result.problem or "only JPEG, PNG, GIF, WebP and AVIF" in result.problem


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("kept", [0.9, 0.5])
def test_a_picture_cut_short_is_told_and_gets_no_thumbnail(kind: str, kept: float, tmp_path: Path) -> None:
    content = encoded(Image.effect_noise((300, 200), 90).convert("RGB"), kind)
    result = analyzed(content[: int(len(content) * kept)], tmp_path)
    assert result.problem is not None
    assert result.problem.startswith(f"the {kind.upper()} picture is ") or "header" in result.problem
    assert (result.width, result.phash, result.thumbnails) == (0, None, ())
    if kind in ("jpeg", "png"):
        assert result.problem == f"the {kind.upper()} picture is cut short: its end is missing"


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif"])
def test_a_header_followed_by_rubbish_is_a_problem(kind: str, tmp_path: Path) -> None:
    content = encoded(Image.effect_noise((300, 200), 90).convert("RGB"), kind)
    result = analyzed(content[:30] + b"rubbish" * 50, tmp_path)
    assert result.problem is not None
    assert kind.upper() in result.problem


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    result = analyze_picture(PictureJob(1, "ab" * 32, "ab/gone"), tmp_path, (100,))
    assert result == PictureResult(image_id=1, problem="the stored file is missing", missing=True)


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    job = stored(encoded(Image.new("RGB", (20, 10), RED), "png"), tmp_path)
    (tmp_path / "thumbnails").write_text("a file in the way")
    with pytest.raises(StorageError, match="cannot write the thumbnail"):
        analyze_picture(job, tmp_path, (100,))


def test_a_folder_that_cannot_be_read_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot read the picture"):
        analyze_picture(PictureJob(1, "ab" * 32, "folder"), tmp_path, (100,))


LIMITED_WORKER = """
import resource, sys
from pathlib import Path
from aggregator.analyze.phash import differing_bits
from aggregator.analyze.picture import analyze_picture
from aggregator.records import PictureJob
resource.setrlimit(resource.RLIMIT_AS, (160 << 20,) * 2)
try:
    print(analyze_picture(PictureJob(1, "ab" * 32, sys.argv[2]), Path(sys.argv[1]), (100,)))
except MemoryError:
    print("MemoryError")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to RLIMIT_AS")
@pytest.mark.parametrize(("kind", "options"), [("png", {"compress_level": 1}), ("avif", {"speed": 10})])
def test_memory_that_runs_out_is_left_to_the_pool(kind: str, options: dict[str, int], tmp_path: Path) -> None:
    job = stored(encoded(Image.new("RGB", (7_000, 7_000), 9), kind, **options), tmp_path)
    command = [sys.executable, "-c", LIMITED_WORKER, str(tmp_path), job.path]
    worker = subprocess.run(command, capture_output=True, text=True, check=True)
    assert worker.stdout.strip() == "MemoryError"


PEEPING_WORKER = """
import sys
from pathlib import Path
from aggregator.analyze.picture import analyze_picture
from aggregator.records import PictureJob
problems = [analyze_picture(PictureJob(1, "ab" * 32, path), Path(sys.argv[1]), (9,)).problem for path in sys.argv[2:]]
print(problems, [name for name in ("PIL.EpsImagePlugin", "PIL.TiffImagePlugin", "numpy") if name in sys.modules])
"""


def test_no_decoder_but_the_five_and_no_numpy_is_loaded(tmp_path: Path) -> None:
    jobs = [stored(encoded(Image.new("RGB", (20, 10), RED), "webp"), tmp_path), stored(png(0, 1, 2, b""), tmp_path)]
    command = [sys.executable, "-W", "error", "-c", PEEPING_WORKER, str(tmp_path), *(job.path for job in jobs)]
    worker = subprocess.run(command, capture_output=True, text=True, check=True)
    assert worker.stdout.strip() == "[None, 'the header of the PNG picture is damaged'] []"
