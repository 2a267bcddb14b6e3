"""The words of a text: what every method that counts words agrees on."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

TEXT_CAP = 5_000
"""Only so many characters of a text are read: a megabyte costs no more than a page."""

TEXTS_KEPT = 256
"""How many texts' words are remembered: titles and texts of a batch, of which scorer and model both ask the words."""

_WORD = re.compile(r"[^\W_]+")

_TYPOGRAPHIC = "’‘“”„–—…"
"""Marks that stand in texts which otherwise are Latin-1, as those in Western European languages are."""

_MICRO_SIGN = "µ"
"""The one character of Latin-1, beside ß, whose folded form is not a single character of Latin-1."""

_LATIN = "".join(chr(code) for code in range(256))
_LATIN_WORDS = "".join(
    char if len(char.casefold()) > 1 or char == _MICRO_SIGN else char.casefold() if char.isalnum() else " "
    for char in _LATIN
).encode("latin-1")
"""What `bytes.translate` makes of each character of Latin-1: a letter or digit, folded, or the space between words."""


def words_of(text: str) -> list[str]:
    """Split the first `TEXT_CAP` characters of `text` into case-folded words of letters and digits.

    Whatever is neither letter nor digit (space, hyphen, apostrophe, underscore) separates words.
    """
    return list(_words_of(text[:TEXT_CAP]))


@lru_cache(maxsize=TEXTS_KEPT)
def _words_of(text: str) -> tuple[str, ...]:
    latin = _as_latin(text)
    if latin is not None:
        # The same words in half the time.
        return tuple(latin.translate(_LATIN_WORDS).decode("latin-1").split())
    return tuple(_WORD.findall(unicodedata.normalize("NFC", text).casefold()))


def _as_latin(text: str) -> bytes | None:
    """Return `text` in Latin-1, all of whose texts are in normal form C, or None if it cannot be folded there."""
    if not text.isascii():
        for mark in _TYPOGRAPHIC:
            text = text.replace(mark, " ")
        text = text.replace("ß", "ss")
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return None if _MICRO_SIGN in text else latin
