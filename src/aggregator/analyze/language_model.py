"""The language detector of py3langid, arranged anew: small in memory, quick to load, and fast for many texts at once.

    py3langid's archive ─arrange─▶ arrays ─save_arrays─▶ languages-….npz ─load_language_model─▶ LanguageModel

Its model is a naive Bayes classifier over runs of two to six bytes, found by an automaton of 39 MB that Python walks
byte by byte. Here the same runs are found by a trie of 1 MB that numpy walks for all bytes of a batch at once, and of
the 140 languages only those asked for are in memory. The answers are the same.

The only import site of py3langid. Its archive is of NumPy, inside LZMA, and read with `allow_pickle=False`, as ours is:
loading either executes nothing.
"""

from __future__ import annotations

import secrets
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.analyze.language_trie import BYTES, ByteTrie, Ints, plant

Floats = NDArray[np.float32]

FORMAT = 1
"""Changes when the arrays do: a file of another format is not read."""

BATCH_BYTES = 65_536
"""How many bytes of text are scored at once: enough to forget what a call of numpy costs, 10 MB of memory at most."""

_NOT_IN_TEXT = b"\xff"
"""A byte that no UTF-8 holds, and so no feature: it keeps neighbours apart."""

MOST_SCRIPTS = 2
"""How many columns a language may have: Serbian is known in two scripts."""

_TRIE = ("base", "check", "feature")
_DAMAGES = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive raises."""


class UnusableLanguageModelError(Exception):
    """The file of arrays is missing, damaged or of another format."""


@dataclass(frozen=True, slots=True)
class _Features:
    """Which features the texts of a batch have: the text's row, ascending, the feature, and its weight there."""

    rows: Ints
    features: Ints
    weights: Floats


@dataclass(frozen=True, slots=True)
class _Table:
    """Weights (feature × column) and priors of some languages; `firsts` tells at which column each begins."""

    weights: Floats
    priors: Floats
    firsts: Ints


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """Scores texts against languages. `arrays` is a mapping of the keys of `arrange`, read lazily if from a file."""

    trie: ByteTrie
    arrays: Mapping[str, Any]
    labels: tuple[str, ...]

    def score(self, texts: Sequence[str], languages: tuple[str, ...], also: Sequence[str | None]) -> Floats:
        """Return the probability of each language for each text: a row per text, which sums to 1.

        The columns are `languages`, and one more for the text's own entry in `also`, a language that is not among
        them (0 where that is None). A text without any known run of bytes gets equal shares.

        Raises:
            KeyError: a language that the model does not know.
        """
        shares = np.zeros((len(texts), len(languages) + 1), dtype=np.float32)
        encoded = [_encode(text) for text in texts]
        for start, end in _batches(encoded):
            shares[start:end] = self._score_batch(encoded[start:end], languages, also[start:end])
        return shares

    def _score_batch(self, texts: Sequence[bytes], languages: tuple[str, ...], also: Sequence[str | None]) -> Floats:
        table = _table(self, languages)
        found = self._features_of(texts)
        scores = np.zeros((len(texts), len(table.priors)), dtype=np.float32)
        ends = np.searchsorted(found.rows, np.arange(len(texts) + 1)).tolist()
        for row, (start, end) in enumerate(pairwise(ends)):
            if end > start:
                told = table.weights.take(found.features[start:end], axis=0)
                scores[row] = found.weights[start:end] @ told + table.priors
        scores = np.hstack([scores, self._score_own(len(texts), found, also)])
        # py3langid divides by this, so that long texts are not surer than they should be.
        lengths = np.array([[max(1, len(text))] for text in texts], dtype=np.float32)
        odds = np.exp((scores - scores.max(axis=1, keepdims=True)) / np.sqrt(lengths))
        shares = np.add.reduceat(odds, [*table.firsts, len(table.priors)], axis=1)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)

    def _score_own(self, rows: int, found: _Features, also: Sequence[str | None]) -> Floats:
        """Return the scores of each text's own language, two columns wide, for those of two scripts."""
        scores = np.full((rows, MOST_SCRIPTS), -np.inf, dtype=np.float32)
        for row, language in enumerate(also):
            if language is not None:
                weights, priors = _columns(self, language)
                start, end = np.searchsorted(found.rows, [row, row + 1])
                mine = weights[:, found.features[start:end]] @ found.weights[start:end]
                scores[row, : len(priors)] = mine + priors if end > start else 0.0
        return scores

    def _features_of(self, texts: Sequence[bytes]) -> _Features:
        data = np.frombuffer(_NOT_IN_TEXT.join(texts) + _NOT_IN_TEXT, dtype=np.uint8)
        found = self.trie.features_at(data)
        at = np.flatnonzero(found >= 0)
        row_of_byte = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
        keys = (row_of_byte.take(at) << 32) + found.take(at)
        keys.sort()
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(firsts, append=len(keys))
        keys = keys.take(firsts)
        return _Features(keys >> 32, keys & 0xFFFFFFFF, np.log1p(counts.astype(np.float32)))


def _encode(text: str) -> bytes:
    folded = text.lower() if text.isupper() else text
    # Broken feeds hold lone surrogates.
    return unicodedata.normalize("NFC", folded).encode("utf-8", errors="surrogatepass")


def _batches(texts: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    start, size = 0, 0
    for end, text in enumerate(texts):
        if size and size + len(text) > BATCH_BYTES:
            yield start, end
            start, size = end, 0
        size += len(text)
    if start < len(texts):
        yield start, len(texts)


@lru_cache(maxsize=2)
def _table(model: LanguageModel, languages: tuple[str, ...]) -> _Table:
    priors = [_array(model, "priors", language) for language in languages]
    firsts = np.cumsum([0, *map(len, priors)])
    weights: Floats | None = None
    for language, first, end in zip(languages, firsts, firsts[1:], strict=False):
        columns = _array(model, "weights", language)
        if weights is None:
            weights = np.empty((columns.shape[1], firsts[-1]), dtype=np.float32)
        # Filled column by column, so that it is never in memory twice.
        weights[:, first:end] = columns.T
    assert weights is not None, "there is a language"  # noqa: S101 - the caller's promise
    return _Table(weights, np.concatenate(priors), firsts[:-1])


@lru_cache(maxsize=8)
def _columns(model: LanguageModel, language: str) -> tuple[Floats, Floats]:
    """Return the weights (column × feature) and the priors of a language; one of two scripts has two columns."""
    return _array(model, "weights", language), _array(model, "priors", language)


def _array(model: LanguageModel, kind: str, language: str) -> Floats:
    if language not in model.labels:
        raise KeyError(language)
    try:
        return np.asarray(model.arrays[f"{kind} {language}"], dtype=np.float32)
    except _DAMAGES as error:
        raise UnusableLanguageModelError(f"the {kind} of {language}: {error}") from error


# --- files ---------------------------------------------------------------------------------------------------------


def save_arrays(arrays: Mapping[str, Any], path: Path) -> None:
    """Write what `arrange` made, complete or not at all, whoever else does the same at the same time.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".new-{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            np.savez(file, **arrays)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def load_language_model(path: Path) -> LanguageModel:
    """Open what `save_arrays` wrote. The weights of a language are read when it is first asked for.

    Raises:
        UnusableLanguageModelError: the file is missing, damaged or of another format.
    """
    # Asked first, because numpy forgets to close what it cannot open.
    if not zipfile.is_zipfile(path):
        raise UnusableLanguageModelError(f"{path} is missing or damaged")
    try:
        return language_model(np.load(path, allow_pickle=False))
    except _DAMAGES as error:
        raise UnusableLanguageModelError(f"{path}: {error}") from error


def language_model(arrays: Mapping[str, Any]) -> LanguageModel:
    """Make a model of the arrays.

    Raises:
        ValueError: they are of another format.
        KeyError: one is missing.
    """
    if int(arrays["format"]) != FORMAT:
        raise ValueError("another format")
    trie = ByteTrie.of_arrays(*(np.asarray(arrays[name], dtype=np.int64) for name in _TRIE))
    return LanguageModel(trie, arrays, tuple(arrays["labels"].tolist()))


# --- arranging -----------------------------------------------------------------------------------------------------


def arrange() -> dict[str, Any]:
    """Return the arrays of py3langid's own model. Takes some two seconds and 200 MB."""
    # Imported here because it takes the better part of a second that most processes need not pay.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    return _build_arrays(LanguageIdentifier.from_model_file(MODEL_FILE))


def _build_arrays(identifier: Any) -> dict[str, Any]:
    labels = np.array(identifier.nb_classes)
    arrays: dict[str, Any] = {"format": FORMAT, "labels": np.array(sorted(set(labels.tolist()) - {"zxx"}))}
    for label in arrays["labels"].tolist():
        columns = np.flatnonzero(labels == label)
        arrays[f"weights {label}"] = np.ascontiguousarray(identifier.nb_ptc[:, columns].T)
        arrays[f"priors {label}"] = identifier.nb_pc[columns]
    moves = np.asarray(identifier.tk_nextmove).reshape(-1, BYTES)
    found = plant(moves, np.asarray(identifier.tk_row), identifier.tk_output)
    return arrays | {name: array.astype(np.int32) for name, array in zip(_TRIE, found, strict=True)}
