"""From the bytes of a picture to small upright sRGB pixels: the only module that knows Pillow.

    header → limits → draft (a JPEG is decoded smaller) → decode → scale → white behind → sRGB → upright

Each picture is decoded once, to the largest size that is wanted, and everything after the scaling works on few
pixels. Scaling by a square bound does not care which way is up, so turning comes last.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import cast

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    features,
)

from aggregator.picture_kind import HEAD_BYTES, webp_size

MAX_PIXELS = 50_000_000
"""Above any picture made for a web page; a header that claims more is a bomb. Decoding this many takes up to 0.8 GB."""

MAX_JPEG_PIXELS = 100_000_000
"""Cameras make up to 100 million. A JPEG is decoded smaller, in 50 MB, or 0.3 GB if it is progressive."""

MAX_SIDE_PX = 65_535
"""The longest side that a JPEG can have."""

THUMBNAIL_FORMAT = "JPEG"
THUMBNAIL_SUFFIX = ".jpg"
_THUMBNAIL_QUALITY = 80

_DRAFT_GAP = 1.5
"""A JPEG is decoded no smaller than this times the wanted size: under it the result is visibly softer."""

_REDUCING_GAP = 2.0

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255 each, in sRGB."""

_ALL_BITS = 8
_KEPT = [bytes(level & 0xFF00 >> bits for level in range(256)) for bits in range(_ALL_BITS + 1)]
"""How each level becomes one with only so many bits: faster than `Image.point` on a few pixels."""

_FEWEST_PX = 2
"""A line of one pixel has no neighbour."""

# Imported here so that Pillow need not import its other forty decoders to find one of these.
_DECODERS = (JpegImagePlugin, PngImagePlugin, GifImagePlugin, WebPImagePlugin, AvifImagePlugin)
_OPTIONAL_KINDS = ("webp", "avif")

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ALPHA_MODES = ("LA", "RGBA")
_ORIENTATION_TAG = 0x0112
_FIRST_SIDEWAYS_TURN = 5

_DAMAGE = (
    *(OSError, EOFError, SyntaxError, ValueError, RuntimeError, struct.error, zlib.error),
    *(TypeError, LookupError, ArithmeticError),
)
"""What Pillow's decoders raise for bytes that are not what they seem. MemoryError is not among them."""

_SRGB = ImageCms.createProfile("sRGB")

# Our own limits, checked on the header and told in a sentence, take the place of Pillow's and its warning.
Image.MAX_IMAGE_PIXELS = None
# How many threads and processes there are is the pipeline's decision.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


class UnreadablePictureError(Exception):
    """The bytes cannot be made into pixels; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How grey levels change from pixel to pixel, 0 to 255 levels.

    `counts` says of how many pixels the larger of the steps to the right and down is 0, 1 … 255. The others are mean
    steps: to the right in each row and in each column, down in each row.
    """

    counts: tuple[int, ...]
    across_by_row: bytes
    across_by_column: bytes
    down_by_row: bytes


@dataclass(frozen=True, slots=True)
class Scaled:
    """An upright picture in sRGB or grey, opaque, without metadata, at most as large as was asked for.

    `width` and `height` are those of the whole picture as displayed, in pixels. `see_through` is the share of its
    pixels that are more transparent than not, 0 to 1. `grey` is the same picture in grey.
    """

    width: int
    height: int
    image: Image.Image
    grey: Image.Image
    see_through: float = 0.0

    def thumbnail(self, size_px: int) -> tuple[bytes, int, int]:
        """Return an encoded copy whose longer side is at most `size_px`, with its width and height."""
        width, height = fit_within(self.width, self.height, size_px)
        image = self.image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)
        encoded = BytesIO()
        image.save(encoded, THUMBNAIL_FORMAT, quality=_THUMBNAIL_QUALITY, optimize=True)
        return encoded.getvalue(), width, height

    def grey_levels(self, side_px: int) -> bytes:
        """Return the picture squeezed into a square of `side_px` × `side_px` grey levels, row by row."""
        return self.grey.resize((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=_REDUCING_GAP).tobytes()

    def average_colours(self, width: int, height: int) -> bytes:
        """Return the picture squeezed into `width` × `height` averages: red, green and blue levels, row by row."""
        image = self.image.resize((width, height), Image.Resampling.BOX, reducing_gap=_REDUCING_GAP)
        return image.convert("RGB").tobytes()

    def sampled_colours(self, side_px: int, bits: int = _ALL_BITS) -> list[tuple[int, Colour]]:
        """Return how often each colour stands in a grid of `side_px` × `side_px` single pixels, none of them mixed.

        Only the highest `bits` of red, green and blue are kept, the others are 0.
        """
        sample = self.image.resize((side_px, side_px), Image.Resampling.NEAREST).convert("RGB")
        if bits < _ALL_BITS:
            sample = Image.frombytes("RGB", sample.size, sample.tobytes().translate(_KEPT[bits]))
        return cast("list[tuple[int, Colour]]", sample.getcolors(side_px * side_px))

    def steps(self, bound_px: int) -> Steps | None:
        """Measure the steps between neighbouring pixels, the picture scaled to at most `bound_px` a side.

        None if it has only one row or column.
        """
        grey = self.grey
        width, height = fit_within(*grey.size, bound_px)
        if min(width, height) < _FEWEST_PX:
            return None
        if grey.size != (width, height):
            grey = grey.resize((width, height), Image.Resampling.BOX)
        corner = grey.crop((0, 0, width - 1, height - 1))
        across = ImageChops.difference(corner, grey.crop((1, 0, width, height - 1)))
        down = ImageChops.difference(corner, grey.crop((0, 1, width - 1, height)))
        return Steps(
            counts=tuple(ImageChops.lighter(across, down).histogram()),
            across_by_row=across.reduce((across.width, 1)).tobytes(),
            across_by_column=across.reduce((1, across.height)).tobytes(),
            down_by_row=down.reduce((down.width, 1)).tobytes(),
        )


def fit_within(width: int, height: int, bound_px: int) -> tuple[int, int]:
    """Scale a size down, never up, until its longer side is `bound_px`; a side keeps at least one pixel."""
    longer = max(width, height)
    if longer <= bound_px:
        return width, height
    return max(1, round(width * bound_px / longer)), max(1, round(height * bound_px / longer))


def read_scaled(content: bytes, kind: str, bound_px: int) -> Scaled:
    """Decode the first frame of `content`, a picture of one of `READ_KINDS`, to at most `bound_px` a side.

    Raises `UnreadablePictureError` if the bytes are damaged or claim too many pixels, MemoryError if memory runs out.
    """
    if kind in _OPTIONAL_KINDS and not features.check_module(kind):
        message = f"this installation of Pillow cannot read {kind.upper()} pictures"
        raise UnreadablePictureError(message)
    if kind == "webp" and (size := webp_size(content[:HEAD_BYTES])):
        _check_size(*size, kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is the publisher's affair; damage raises
            with Image.open(BytesIO(content), formats=[kind]) as picture:
                return _read(picture, kind, bound_px)
    except UnidentifiedImageError as error:
        message = f"the header of the {kind.upper()} picture is damaged"
        raise UnreadablePictureError(message) from error
    except _DAMAGE as error:
        if "memory" in str(error).lower():  # Pillow's decoders report a failed allocation as an OSError
            raise MemoryError(str(error)) from error
        raise UnreadablePictureError(_damage(error, kind)) from error


def _damage(error: Exception, kind: str) -> str:
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return f"the {kind.upper()} picture is cut short: its end is missing"
    return f"the {kind.upper()} picture is damaged: {str(error) or type(error).__name__}"


def _check_size(width: int, height: int, kind: str) -> None:
    if width < 1 or height < 1:
        message = f"a picture without pixels: {width}×{height}"
        raise UnreadablePictureError(message)
    if width * height > (MAX_JPEG_PIXELS if kind == "jpeg" else MAX_PIXELS):
        message = f"too many pixels: {width}×{height}"
        raise UnreadablePictureError(message)
    if max(width, height) > MAX_SIDE_PX:
        message = f"too long a side: {width}×{height}"
        raise UnreadablePictureError(message)


def _read(picture: Image.Image, kind: str, bound_px: int) -> Scaled:
    width, height = picture.size
    _check_size(width, height, kind)
    size = fit_within(width, height, bound_px)
    orientation = _orientation(picture)
    draft = picture.draft(None, (int(size[0] * _DRAFT_GAP), int(size[1] * _DRAFT_GAP)))
    picture.load()
    profile = picture.info.get("icc_profile")
    scaled = _averageable(picture).resize(
        size, Image.Resampling.LANCZOS, box=draft[1] if draft else None, reducing_gap=_REDUCING_GAP
    )
    see_through = _see_through(scaled)
    image = _to_srgb(_on_white(scaled), profile)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    image.info.clear()  # comments and positions would go into the thumbnails
    if orientation >= _FIRST_SIDEWAYS_TURN:
        width, height = height, width
    return Scaled(width, height, image, image.convert("L"), see_through)


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        orientation = picture.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:
        return 1
    return orientation if orientation in _TURNS else 1


def _averageable(picture: Image.Image) -> Image.Image:
    """Turn palettes, bits and 16-bit greys into a mode whose pixels may be averaged, transparency in a channel."""
    mode = picture.mode
    if mode.startswith("I"):
        return picture.convert("I").point(lambda level: level / 256).convert("L")
    if mode in ("P", "PA", "RGB") and picture.has_transparency_data:
        return picture.convert("RGBA")
    if mode in ("1", "L"):
        return picture.convert("LA" if picture.has_transparency_data else "L")
    return picture.convert("RGB") if mode in ("P", "PA") else picture


def _see_through(picture: Image.Image) -> float:
    if picture.mode not in _ALPHA_MODES:
        return 0.0
    return sum(picture.getchannel("A").histogram()[:128]) / (picture.width * picture.height)


def _on_white(picture: Image.Image) -> Image.Image:
    """Lay a picture with transparency on white, the page that most were drawn for."""
    if picture.mode not in _ALPHA_MODES:
        return picture
    opaque_mode = picture.mode.removesuffix("A")
    paper = Image.new(opaque_mode, picture.size, "white")
    paper.paste(picture.convert(opaque_mode), mask=picture.getchannel("A"))
    return paper


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert the colours to sRGB by the embedded ICC profile; a broken or foreign profile is passed over."""
    mode = "L" if picture.mode == "L" else "RGB"
    if profile and (transform := _transform_to_srgb(profile, picture.mode)):
        picture = transform.apply(picture)
    return picture.convert(mode)


@lru_cache(maxsize=8)  # most of a site's photos carry the same profile, and building a transform costs 4 ms
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of a profile, or None if it cannot be used or changes next to nothing."""
    try:
        transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(BytesIO(profile)), _SRGB, mode, "RGB")
        probe = _all_over(mode)
        changed = ImageChops.difference(transform.apply(probe), probe.convert("RGB"))
    except (ImageCms.PyCMSError, *_DAMAGE):
        return None
    return transform if max(changed.tobytes()) > 2 else None  # noqa: PLR2004 - levels out of 255, which no eye sees


def _all_over(mode: str) -> Image.Image:
    """Return a small picture with colours from all over the space of `mode`."""
    down = Image.linear_gradient("L").resize((32, 32))
    across = down.transpose(Image.Transpose.ROTATE_90)
    around = Image.radial_gradient("L").resize((32, 32))
    bands = (down, across, around, down)
    return Image.merge(mode, bands[: Image.getmodebands(mode)])
