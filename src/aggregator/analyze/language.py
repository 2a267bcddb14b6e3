"""The language of texts: what the feed declares, unless the detector is sure of another.

The detector is that of py3langid, which `prepare_languages` arranges once for a machine, so that a worker is ready in a
twentieth of a second (see `language_model`).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from aggregator.analyze.language_model import (
    FORMAT,
    Floats,
    LanguageModel,
    UnusableLanguageModelError,
    arrange,
    language_model,
    load_language_model,
    save_arrays,
)
from aggregator.errors import StorageError

_CODES = """
    ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et eu ext fa fi fo fr
    fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he hi hr ht hu hy id ig is it ja jv ka kab kik kk km kn ko
    ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt qu ro ru
    rw sa sdh se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz uzs vec vi vo wa wuu xh yo
    yue zh zu
"""

KNOWN_LANGUAGES = frozenset(_CODES.split())
"""The ISO 639 codes that the detector can tell."""

OVERRULING_SCORE = 0.9
"""How sure the detector must be, of 1, to overrule the feed: feeds seldom lie, and short titles mislead."""

DECLARED_SCORE = 0.5
"""The least score of a language that the feed declares, whatever the detector thinks of it."""

FEWEST_LETTERS = 3
"""A text with fewer letters is not worth asking about."""

TEXT_CAP = 300
"""Only so many characters are read. Of 371 headlines with summaries in five languages, none was then taken for another
language, wrongly declared or not; with 150 characters one was."""

_ENOUGH_LETTERS = re.compile(r"[\W\d_]*".join([r"[^\W\d_]"] * FEWEST_LETTERS))
_PRIMARY_SUBTAG = re.compile(r"\s*([a-zA-Z]{2,3})(?![a-zA-Z0-9])")

_CURRENT_CODES = {"iw": "he", "in": "id", "nb": "no"}
"""Codes that feeds still use, and those that stand for the same language here."""


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """An ISO 639-1 code, or None where neither feed nor text tells. `score` is in 0..1, 0 for None."""

    language: str | None
    score: float


def detect_languages(
    texts: Sequence[str], declared: Sequence[str | None], allowed: Sequence[str], prepared: str | None = None
) -> list[LanguageGuess]:
    """Guess the language of each plain text.

    `declared` is what the feeds say ("en-GB" means "en", what is no language is ignored). `allowed` are the codes that
    the detector chooses among; a text's declared language joins them. `prepared` is the file of `prepare_languages`:
    without it, or if it is damaged, the first call takes a second and 150 MB.

    Raises:
        ValueError: `allowed` is empty or holds a code that the detector does not know.
    """
    require_known(allowed)
    languages = tuple(allowed)
    samples = [text[:TEXT_CAP] for text in texts]
    stated = [declared_language(tag) for tag in declared]
    guesses = [LanguageGuess(code, DECLARED_SCORE if code else 0.0) for code in stated]
    asked = [at for at, sample in enumerate(samples) if _ENOUGH_LETTERS.search(sample)]
    also = [code if (code := stated[at]) not in languages else None for at in asked]
    shares = _score([samples[at] for at in asked], languages, also, prepared)
    columns = {code: column for column, code in enumerate(languages)}
    # The last column is that of a stated language which is not among `languages`.
    own = [columns.get(stated[at] or "", -1) for at in asked]
    every = np.arange(len(asked))
    best = shares.argmax(axis=1)
    told = zip(asked, best.tolist(), shares[every, best].tolist(), shares[every, own].tolist(), strict=True)
    for at, column, share, own_share in told:
        language = languages[column] if column < len(languages) else stated[at]
        guesses[at] = _decide(language, share, stated[at], own_share)
    return guesses


def _decide(language: str | None, share: float, stated: str | None, stated_share: float) -> LanguageGuess:
    if stated is None or (language != stated and share >= OVERRULING_SCORE):
        return LanguageGuess(language, min(1.0, share))
    return LanguageGuess(stated, min(1.0, max(stated_share, DECLARED_SCORE)))


@lru_cache(maxsize=1024)
def declared_language(tag: str | None) -> str | None:
    """Return the language of a tag such as "en-GB" or "pt_BR", or None for what names no language we know."""
    found = _PRIMARY_SUBTAG.match(tag or "")
    if found is None:
        return None
    code = found.group(1).lower()
    code = _CURRENT_CODES.get(code, code)
    return code if code in KNOWN_LANGUAGES else None


def require_known(languages: Iterable[str]) -> None:
    """Check that the detector can choose among `languages`.

    Raises:
        ValueError: there are none, or one is not known.
    """
    wanted = set(languages)
    if not wanted:
        raise ValueError("no languages to choose among")
    unknown = sorted(wanted - KNOWN_LANGUAGES)
    if unknown:
        raise ValueError(f"unknown language “{unknown[0]}”: give ISO 639-1 codes such as en, de, fr")


# --- the model -----------------------------------------------------------------------------------------------------


def languages_path(folder: Path) -> Path:
    """Return the file below `folder` in which the model is arranged, or will be by the first who needs it."""
    from importlib.metadata import version  # noqa: PLC0415 - takes its time, and not everybody needs it

    return folder / f"languages-{FORMAT}-{version('py3langid')}.npz"


def prepare_languages(folder: Path) -> Path:
    """Arrange the detector's model for quick loading, in a file of 30 MB in `folder`, unless a sound one is there.

    Takes some two seconds and 200 MB the first time. The file serves all settings, and every process at once.

    Raises:
        StorageError: the folder cannot be written to, or the disk is full.
    """
    path = languages_path(folder)
    if not _is_sound(path):
        try:
            save_arrays(arrange(), path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _is_sound(path: Path) -> bool:
    with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        return archive.testzip() is None
    return False


def _score(texts: list[str], languages: tuple[str, ...], also: list[str | None], prepared: str | None) -> Floats:
    return (_built() if prepared is None else _prepared(prepared)).score(texts, languages, also)


@cache
def _prepared(path: str) -> LanguageModel:
    """Open an arranged model, arranging it where it is missing or damaged, and in memory alone if need be."""
    with suppress(StorageError, UnusableLanguageModelError):
        return load_language_model(prepare_languages(Path(path).parent))
    return _built()


@cache
def _built() -> LanguageModel:
    return language_model(arrange())
