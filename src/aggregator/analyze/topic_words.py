"""The words of all training texts: which are worth learning, and each text as a sparse TF-IDF row."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from aggregator.analyze.tfidf import FloatArray, SparseRows, weigh_words, words_to_learn

LARGEST_SHARE_OF_TEXTS = 0.3
"""Words in more of the texts than this say nothing about topics."""

FEWEST_TEXTS = 2
MOST_WORDS = 60_000
"""The words in most texts are kept."""

LONGEST_WORD = 40
"""In characters; longer ones are hardly words, and would swell the model."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingWords:
    """`vocabulary` gives each word its column, `idf` (columns) its weight; `rows` is texts × columns, TF-IDF."""

    vocabulary: dict[str, int]
    idf: FloatArray
    rows: csr_matrix


def weigh_texts(texts: Sequence[tuple[str, str]]) -> TrainingWords:
    """Choose the vocabulary, and weigh each text (title, text) by it."""
    found: dict[str, int] = {}
    columns, counts, lengths = array("i"), array("i"), array("i")
    for title, text in texts:
        of_text = Counter(words_to_learn(title, text))
        columns.extend([found.setdefault(word, len(found)) for word in of_text])
        counts.extend(of_text.values())
        lengths.append(len(of_text))
    at = np.frombuffer(columns, np.int32).astype(np.int64) if columns else np.empty(0, np.int64)
    frequencies = np.bincount(at, minlength=len(found))
    vocabulary = _vocabulary(found, frequencies, len(texts))
    new_column = np.full(len(found), -1)
    new_column[[found[word] for word in vocabulary]] = np.arange(len(vocabulary))
    kept = new_column[at] >= 0
    of_row = np.repeat(np.arange(len(texts)), np.array(lengths, np.int64))[kept]
    idf = np.log((1 + len(texts)) / (1 + frequencies[[found[word] for word in vocabulary]])) + 1
    values = np.array(counts, np.float64)[kept]
    rows = SparseRows(new_column[at][kept], values, np.bincount(of_row, minlength=len(texts)))
    weighed = weigh_words(rows, idf)
    starts = np.concatenate([[0], np.cumsum(weighed.lengths)])
    matrix = csr_matrix((weighed.values, weighed.columns, starts), shape=(len(texts), len(vocabulary)))
    return TrainingWords(vocabulary, idf, matrix)


def _vocabulary(found: dict[str, int], frequencies: np.ndarray, texts: int) -> dict[str, int]:
    usable = [
        (-int(frequencies[column]), word)
        for word, column in found.items()
        if FEWEST_TEXTS <= frequencies[column] <= LARGEST_SHARE_OF_TEXTS * texts and len(word) <= LONGEST_WORD
    ]
    chosen = sorted(word for _, word in sorted(usable)[:MOST_WORDS])
    return {word: column for column, word in enumerate(chosen)}
