"""What a body is, told from its first bytes or characters. Pure.

Servers answer with pages of consent, with pictures and with nothing at all under the address of a feed. The sentences
made here say so in the words of a person ("an HTML page, not a feed"), and are what the log shows.
"""

from __future__ import annotations

import re

from aggregator.picture_kind import HEAD_BYTES, picture_kind

_HEAD_CHARS = 65_536
_JUNK_CHARS = 8_192

_BINARIES: tuple[tuple[bytes, str], ...] = (
    (b"\x00\x00\x01\x00", "an icon"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"RIFF", "RIFF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
    (b"%PDF-", "PDF"),
    (b"ID3", "MP3"),
    (b"OggS", "Ogg"),
    (b"\x7fELF", "a program"),
)

_FEED_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(?:rss|feed|rdf|channel|entry)(?=[\s/>])", re.I)
_FIRST_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_HTML_START = re.compile(r"<!doctype\s+html|<html[\s>]", re.I)
_HTML_NAME = re.compile(
    r"a|b|base|body|br|center|div|font|form|h[1-6]|head|header|html|i?frame|img|link|main|meta|noscript|p|pre|script|"
    r"section|span|style|table|title",
    re.I,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)


def bytes_problem(body: bytes) -> str | None:
    """Return why `body` cannot be text at all ("empty", "binary data (PNG), not a feed"), or None."""
    if not body.strip(b" \t\r\n\x00"):
        return "empty"
    for magic, name in _BINARIES:
        if body.startswith(magic):
            return f"binary data ({name}), not a feed"
    kind = picture_kind(body[:HEAD_BYTES])
    if kind is not None:
        return f"binary data ({kind.upper()}), not a feed"
    if _is_unknown_binary(body[:4096]):
        return "binary data, not a feed"
    return None


def _is_unknown_binary(head: bytes) -> bool:
    """Tell whether control bytes that no text holds make up a tenth of `head`; UTF-16 and UTF-32 are text."""
    if head.startswith(
        (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"<\x00", b"\x00<", b"\x00\x00\x00<", b"{\x00", b"\x00{")
    ):
        return False
    control = sum(head.count(bytes((code,))) for code in (*range(9), *range(14, 32)))
    return control * 10 > len(head)


def looks_like_json(text: str) -> bool:
    """Tell whether `text` starts as a JSON object or array does."""
    return text[:_HEAD_CHARS].lstrip()[:1] in ("{", "[")


def feed_start(text: str) -> int | None:
    """Return where the root element of a feed starts in `text`, or None where there is none.

    Before it stand declarations and comments, and what a broken server wrote (blank lines, warnings marked up as
    HTML). A page that starts as HTML is a page, whatever it quotes.
    """
    head = text[:_HEAD_CHARS]
    bare = _COMMENT.sub(lambda comment: " " * len(comment.group()), head)
    root = _FEED_ROOT.search(bare)
    if root is None or _HTML_START.search(bare, 0, root.start()):
        return None
    declared = max(bare.rfind("<?xml", 0, root.start()), 0)
    first = _FIRST_ELEMENT.search(bare, declared, root.start())
    is_junk = first is not None and _is_html(first.group(1)) and root.start() <= _JUNK_CHARS
    return root.start() if first is None or is_junk else None


def document_problem(text: str) -> str:
    """Say what a document that is no feed is: an HTML page, other XML with its root element, JSON, plain text."""
    head = text[:_HEAD_CHARS].lstrip()
    if looks_like_json(head):
        return "JSON, but not a JSON Feed"
    first = _FIRST_ELEMENT.search(_COMMENT.sub(" ", head))
    if _HTML_START.search(head[:_JUNK_CHARS]) or (first and _is_html(first.group(1))):
        return "an HTML page, not a feed"
    if head.startswith("<"):
        return (
            f"XML, but not a feed (root element {first.group(1)[:60]})"
            if first
            else "XML without an element, not a feed"
        )
    return "plain text, not a feed"


def _is_html(element: str) -> bool:
    return _HTML_NAME.fullmatch(element) is not None
