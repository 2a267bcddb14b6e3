"""Plain text for people: one line, no control characters, no markup, cut at a word. Pure.

The rule for titles, authors and summaries, whose feeds disagree about what they write:

1. Text labelled text/html or xhtml is markup: its tags go, its entities are decoded once. feedparser gives that label
   where the feed does, and to RSS text that looks like HTML.
2. Text labelled plain is markup all the same where it obviously is: it holds a pair of common tags (`<b>…</b>`), or a
   `<br>`. "How to use <video>" holds none and stays as it is.
3. In other plain text, complete and known character references (`&amp;`, `&#8217;`) are decoded once: a headline that
   was escaped once too often is common, one about the five letters "&amp;" is not.
4. White space is collapsed. Control characters and lone surrogates go, and so do overrides and isolates of the writing
   direction (U+202A–U+202E, U+2066–U+2069), with which a title could make the text around it read otherwise.
"""

from __future__ import annotations

import html
import re

MAX_TITLE_CHARS = 500
MAX_AUTHOR_CHARS = 200
MAX_SUMMARY_CHARS = 1_000
MAX_CATEGORY_CHARS = 120

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# U+0085 ends a line and is white space here. The joiners U+200C and U+200D are letters' own, and stay.
_NOT_IN_A_LINE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_PAIRED_TAG = re.compile(
    r"<(a|abbr|b|blockquote|cite|code|del|div|em|font|h[1-6]|i|li|mark|ol|p|q|s|small|span|strong|sub|sup|u|ul)"
    r"(?:\s[^<>]*)?>.*?</\1\s*>",
    re.I | re.S,
)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.I)
_MAX_TAG_CHARS = 35  # what RFC 5646, section 4.4.1, advises to expect
_LOOKED_AT_CHARS = 5_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def one_line(text: str) -> str:
    """Return `text` with its white space collapsed, and without characters that no line of text holds (rule 4)."""
    return " ".join(_NOT_IN_A_LINE.sub("", text).split())


def without_forbidden(text: str) -> str:
    """Return `text` without control characters, lone surrogates and non-characters; white space is kept."""
    return _FORBIDDEN.sub("", text)


def decode_references(text: str) -> str:
    """Decode the complete character references in `text` once; unknown names stay as they are."""
    return _REFERENCE.sub(lambda reference: html.unescape(reference.group()), text) if "&" in text else text


def looks_like_markup(text: str) -> bool:
    """Tell whether `text` obviously is HTML, whatever its label says (rule 2)."""
    text = text[:_LOOKED_AT_CHARS]
    return "<" in text and (_PAIRED_TAG.search(text) is not None or _LINE_BREAK.search(text) is not None)


def shorten(text: str, max_chars: int) -> str:
    """Return `text`, at most `max_chars` long: cut at the last space of its last fifth, an ellipsis at the end."""
    if len(text) <= max_chars:
        return text
    cut = text[: max_chars - 1]
    space = cut.rfind(" ", max_chars * 4 // 5)
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:–—-") + "…"


def language_tag(text: object) -> str | None:
    """Return `text` as a language tag (BCP 47, `_` mended to `-`), or None where it is none."""
    if not isinstance(text, str):
        return None
    tag = text.strip().replace("_", "-")
    return tag if len(tag) <= _MAX_TAG_CHARS and _LANGUAGE.fullmatch(tag) else None
