"""From the bytes of a feed to its text. Pure.

The order is that of RFC 7303, section 3: a byte order mark, the charset of the HTTP header, the XML declaration; then
UTF-8, then detection. A name that is unknown, or that the bytes refute, is passed over. Bytes refute an encoding that
they cannot be read in, and any other than UTF-8 if all of them are UTF-8 with several letters beyond ASCII: no text
in another encoding is that by chance.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from itertools import islice

from aggregator.fetch.detection import detected_encoding

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
# A document of wide characters without a mark still shows its width in the zeros around its first character.
_WIDE_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00<", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
    (b"{\x00", "utf-16-le"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
# The web's names for supersets of what was declared; the superset reads more and never less.
_SUPERSETS = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "x-cp1251": "cp1251",
    "win-1251": "cp1251",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "x-euc-jp": "euc_jp",
}
# Python calls these text encodings; no feed is written in them, and some are slow or dangerous to decode.
_NOT_FOR_FEEDS = frozenset(
    ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7", "mbcs", "oem")
)
# In these, and in the encodings of one byte, no part of a letter looks like "<" or "]".
_ASCII_SUPERSETS = frozenset(("utf-8", "ascii", "koi8-r", "koi8-u"))
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9_.:+-]{1,40})[\"']")
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']{1,40})", re.I)
_HEAD_BYTES = 2_048
# Two bytes of UTF-8 are also two rare letters of an encoding of one byte; so many in a row are never an accident.
_PROOF_OF_UTF8 = 4
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# ISO-2022-JP has no bytes above 0x7F. It is told by its escapes, a character that XML forbids.
_ESCAPES_TO_JAPANESE = (b"\x1b$B", b"\x1b$@")
_SPOILT_SHARE = 0.02


def declared_charset(content_type: str | None) -> str | None:
    """Return the charset parameter of an HTTP Content-Type, or None."""
    found = _CHARSET.search(content_type or "")
    return found.group(1) if found else None


def decode_document(body: bytes, charset: str | None = None) -> str:
    """Return the text of `body`; `charset` is what the HTTP header declared. Never fails.

    UTF-8 with a few spoilt bytes (cut in the middle of a character, one pasted quotation mark) stays UTF-8, with
    U+FFFD in their place: reading all of it as something else would spoil every other letter.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for start, encoding in _WIDE_STARTS:
        if body.startswith(start):
            return body.decode(encoding, "replace")
    utf8 = _decoded(body, "utf-8")
    if utf8 is not None and _is_proof(utf8):
        return utf8
    for name in (charset, declared_encoding(body)):
        text = _decoded(body, name)
        if text is not None and _codec_name(name) != "utf-8":
            return text
        if text is not None:
            break
    return _detected(body) if utf8 is None else _with_escapes(body) or utf8


def ascii_superset(body: bytes, charset: str | None = None) -> str | None:
    """Return the encoding that `body` claims, as `decode_document` looks for it, if its bytes below 0x80 are ASCII.

    Those of UTF-8 and of the encodings of one byte are, wherever they stand. None for all others, and for a body that
    shows another encoding by its first bytes, or by all of them: then `decode_document` does not go by the claim.
    """
    if body.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if body.startswith(tuple(start for start, _ in (*_MARKS, *_WIDE_STARTS))):
        return None
    names = (_codec_name(name) for name in (charset, declared_encoding(body), "utf-8"))
    name = next(name for name in names if name is not None)
    if name != "utf-8" and (utf8 := _decoded(body, "utf-8")) is not None and _is_proof(utf8):
        return None
    return name if name in _ASCII_SUPERSETS or name.startswith(("iso8859-", "cp125")) else None


def declared_encoding(body: bytes) -> str | None:
    """Return the encoding that the XML declaration of `body` names, or None."""
    declared = _DECLARATION.search(body[:_HEAD_BYTES])
    return declared.group(1).decode("ascii") if declared else None


def _codec_name(name: str | None) -> str | None:
    """Return Python's name for the encoding that a feed calls `name`, or None where no feed is written in it."""
    if not name:
        return None
    try:
        codec = codecs.lookup(_SUPERSETS.get(name.lower(), name)).name
    except (LookupError, ValueError):  # a name that nobody knows, or none at all (UnicodeError is a ValueError)
        return None
    # Wide encodings were told by their first bytes: what declares one and has no zeros is mistaken.
    is_usable = codec.replace("_", "-") not in _NOT_FOR_FEEDS and not codec.startswith(("utf-16", "utf-32"))
    return codec if is_usable else None


def _decoded(body: bytes, name: str | None) -> str | None:
    codec = _codec_name(name)
    try:
        return body.decode(codec) if codec else None
    except (LookupError, ValueError):  # not an encoding of text, or bytes that refute it
        return None


def _is_proof(utf8: str) -> bool:
    """Tell whether what was read as UTF-8, without a mistake, can be nothing else."""
    if utf8.isascii():
        return False
    return sum(1 for _ in islice(_BEYOND_ASCII.finditer(utf8), _PROOF_OF_UTF8)) == _PROOF_OF_UTF8


def _with_escapes(body: bytes) -> str | None:
    return _decoded(body, "iso2022_jp_ext") if any(escape in body for escape in _ESCAPES_TO_JAPANESE) else None


def _detected(body: bytes) -> str:
    with suppress(UnicodeDecodeError):  # the download was cut in the middle of a character, and only that is missing
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    for encoding in ("utf-8", detected_encoding(body)):
        mended = body.decode(encoding, "replace") if encoding else None
        if mended is not None and _is_hardly_spoilt(mended):
            return mended
    for encoding in ("windows-1252", "iso-8859-2"):
        text = _decoded(body, encoding)
        if text is not None:
            return text
    return body.decode("utf-8", "replace")


def _is_hardly_spoilt(mended: str) -> bool:
    letters = len(mended) - len(mended.encode("ascii", "ignore"))
    return mended.count("\ufffd") <= letters * _SPOILT_SHARE
