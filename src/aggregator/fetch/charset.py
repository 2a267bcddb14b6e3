"""From the bytes of a feed to its text. Pure.

The order is that of RFC 7303, section 3: a byte order mark, the charset of the HTTP header, the XML declaration; then
detection. A name that is unknown, or that the bytes refute, is passed over.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

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
_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9_.:+-]{1,40})[\"']")
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([^\s;\"']{1,40})", re.I)
_HEAD_BYTES = 2_048
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
    declared = _DECLARATION.search(body[:_HEAD_BYTES])
    for name in (charset, declared.group(1).decode("ascii") if declared else None, "utf-8"):
        text = _decoded(body, name)
        if text is not None:
            return text
    return _detected(body)


def _decoded(body: bytes, name: str | None) -> str | None:
    if not name:
        return None
    try:
        codec = codecs.lookup(_SUPERSETS.get(name.lower(), name))
        # Wide encodings were told by their first bytes above: what declares one here and has no zeros is mistaken.
        if codec.name.replace("_", "-") in _NOT_FOR_FEEDS or codec.name.startswith(("utf-16", "utf-32")):
            return None
        return body.decode(codec.name)
    except (LookupError, ValueError):  # an unknown name, or bytes that refute it (UnicodeError is a ValueError)
        return None


def _detected(body: bytes) -> str:
    with suppress(UnicodeDecodeError):  # the download was cut in the middle of a character, and only that is missing
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    mended = body.decode("utf-8", "replace")
    letters = sum(len(run) for run in re.findall(r"[^\x00-\x7f]+", mended))
    if mended.count("\ufffd") <= letters * _SPOILT_SHARE:
        return mended
    for encoding in ("windows-1252", "iso-8859-2"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return mended
