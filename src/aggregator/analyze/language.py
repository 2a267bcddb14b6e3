"""The language of a text: what the feed declares, unless the detector is sure of another.

The only import site of py3langid. Its model is a NumPy archive inside LZMA, read with `allow_pickle=False`: loading
it executes nothing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

DEFAULT_LANGUAGES: tuple[str, ...] = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa"),
    *("fi", "fr", "he", "hi", "hr", "hu", "id", "it", "ja", "ko"),
    *("nl", "no", "pl", "pt", "ro", "ru", "sv", "tr", "uk", "zh"),
)
"""The ISO 639-1 codes looked for when the user names none: fewer candidates mean fewer mistakes in short titles."""

OVERRULING_SCORE = 0.9
"""How sure the detector must be, of 1, to overrule the feed: feeds seldom lie, and short titles mislead."""

DECLARED_SCORE = 0.5
"""The least score of a language that the feed declares, whatever the detector thinks of it."""

FEWEST_LETTERS = 3
"""A text with fewer letters is not worth asking about."""

TEXT_CAP = 2_000
"""Only so many characters are read: more would not change the answer."""

_PRIMARY_SUBTAG = re.compile(r"\s*([a-zA-Z]{2,3})(?![a-zA-Z0-9])")

_CURRENT_CODES = {"iw": "he", "in": "id", "nb": "no"}
"""Codes that feeds still use, and those that stand for the same language here."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """An ISO 639-1 code, or None where neither feed nor text tells. `score` is in 0..1, 0 for None."""

    language: str | None
    score: float


def detect_language(text: str, declared: str | None, allowed: Sequence[str]) -> LanguageGuess:
    """Guess the language of plain text.

    `declared` is what the feed says ("en-GB" means "en", what is no language is ignored). `allowed` are the codes
    that the detector chooses among; a declared language joins them.

    Raises:
        ValueError: `allowed` is empty or holds a code that the detector does not know.
    """
    _require_known(allowed)
    stated = declared_language(declared)
    sample = text[:TEXT_CAP]
    if not _has_enough_letters(sample):
        return LanguageGuess(stated, DECLARED_SCORE if stated else 0.0)
    scores = _score_languages(sample, frozenset(allowed) | ({stated} if stated else set()))
    best = max(scores, key=scores.__getitem__)
    if stated is None or best == stated or scores[best] >= OVERRULING_SCORE:
        return LanguageGuess(best, max(scores[best], DECLARED_SCORE if best == stated else 0.0))
    return LanguageGuess(stated, max(scores[stated], DECLARED_SCORE))


def declared_language(tag: str | None) -> str | None:
    """Return the language of a tag such as "en-GB" or "pt_BR", or None for what names no language we know."""
    found = _PRIMARY_SUBTAG.match(tag or "")
    if found is None:
        return None
    code = found.group(1).lower()
    code = _CURRENT_CODES.get(code, code)
    return code if code in _known_languages() else None


def _has_enough_letters(text: str) -> bool:
    letters = (character for character in text if character.isalpha())
    return sum(1 for _ in zip(range(FEWEST_LETTERS), letters, strict=False)) == FEWEST_LETTERS


def _require_known(allowed: Sequence[str]) -> None:
    if not allowed:
        raise ValueError("no languages to choose among")
    unknown = sorted(set(allowed) - _known_languages())
    if unknown:
        raise ValueError(f"unknown language “{unknown[0]}”: give ISO 639-1 codes such as en, de, fr")


def _score_languages(text: str, candidates: frozenset[str]) -> dict[str, float]:
    # The model computes in half precision: an overflow there is no news for our user.
    with np.errstate(all="ignore"):
        ranked = _identifier(candidates).rank(text)
    return {code: min(1.0, float(score)) for code, score in ranked}


@cache
def _known_languages() -> frozenset[str]:
    # "zxx" is the label for "no language at all".
    return frozenset(_model().labels) - {"zxx"}


@lru_cache(maxsize=64)
def _identifier(candidates: frozenset[str]) -> Any:
    # A shallow copy shares the big tables; `set_languages` replaces only the attributes that it narrows.
    identifier = copy.copy(_model())
    identifier.set_languages(sorted(candidates))
    return identifier


@cache
def _model() -> Any:
    # Imported here because it takes the better part of a second that most commands need not pay.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
