"""What a file is, told by its first bytes alone; names and Content-Types are hearsay.

Five formats are read: what publishers send and every browser shows. Each goes to its own decoder and to no other, so
a file cannot reach the large and rarely tested ones (PostScript, TIFF, PSD …) by claiming to be something else.
"""

from __future__ import annotations

HEAD_BYTES = 1024
"""How many of the first bytes `picture_kind` and `what_else` want to see."""

READ_KINDS = ("jpeg", "png", "gif", "webp", "avif")

_NOT_READ = "only JPEG, PNG, GIF, WebP and AVIF pictures are read"

_OTHER_FILES = (
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\1\0", "an icon"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop file"),
    (b"%!PS", "a PostScript file"),
    (b"%PDF", "a PDF document"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"\x1f\x8b", "a compressed file"),
)

_HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
"""ISO/IEC 23008-12, annex B, and the general brands of section 10; `avif` was looked for before."""


def picture_kind(head: bytes) -> str | None:
    """Return one of `READ_KINDS`, or None if the file that starts with `head` is none of them."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if _iso_brands(head) & {b"avif", b"avis"}:
        return "avif"
    return None


def unread_kind(head: bytes) -> str | None:
    """Name, for a person, the known kind of file that starts with `head` and is not read; None for anything else."""
    for start, name in _OTHER_FILES:
        if head.startswith(start):
            return name
    if brands := _iso_brands(head):
        return "a HEIC picture" if brands & _HEIC_BRANDS else "a video"
    return "an SVG drawing" if _is_svg(_as_text(head)) else None


def what_else(head: bytes) -> str:
    """Say for a person what the file that starts with `head` is, if not one of `READ_KINDS`."""
    if not head:
        return "the file is empty"
    kind = unread_kind(head)
    return f"{kind}: {_NOT_READ}" if kind is not None else _what_text(_as_text(head))


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP canvas (RFC 9649, section 2), before a decoder reserves memory for it."""
    chunk, data = head[12:16], head[20:30]
    if len(data) < 10:  # noqa: PLR2004 - the longest of the three headers
        return None
    if chunk == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if chunk == b"VP8L":
        sides = int.from_bytes(data[1:5], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    return None


def _iso_brands(head: bytes) -> set[bytes]:
    """Return the brands of an ISO base media file (ISO/IEC 14496-12, section 4.3), none for another file."""
    if head[4:8] != b"ftyp":
        return set()
    box = head[: int.from_bytes(head[:4], "big")]
    return {box[8:12]} | {box[start : start + 4] for start in range(16, len(box), 4)}


def _as_text(head: bytes) -> str:
    return head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()


def _is_svg(text: str) -> bool:
    """Tell whether a document starts with the root of a drawing; a web page may show one further down."""
    return "<svg" in text and not _is_web_page(text)


def _is_web_page(text: str) -> bool:
    return text.startswith(("<!doctype html", "<html", "<head", "<body")) or "<html" in text


def _what_text(text: str) -> str:
    """Tell web pages, which servers send in place of pictures, from other text and from the unknown."""
    if _is_web_page(text):
        return "not a picture but a web page"
    if all(character.isprintable() or character.isspace() for character in text.rstrip("\ufffd")):
        return "not a picture but text"
    return "not a picture, or one of an unknown format"
