"""Texts as rows of weighted words, with numpy and a dict: what scikit-learn's `TfidfVectorizer` computes, without it.

Sublinear term frequency (1 + ln count), times the inverse document frequency, each row scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aggregator.analyze.words import words_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NO_COLUMN = -1


def words_to_learn(title: str, text: str) -> list[str]:
    """Return the words of an article that a model looks at; title and text are capped each."""
    return words_of(title) + words_of(text)


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """Rows of which only what is not 0 is kept: `values` in the columns `columns`, `lengths` of them in each row."""

    columns: IntArray
    values: FloatArray
    lengths: IntArray

    def times(self, matrix: npt.NDArray[np.floating]) -> FloatArray:
        """Return the product with a dense matrix of one row per column of this: one row per row of this."""
        product = np.zeros((len(self.lengths), matrix.shape[1]))
        filled = self.lengths > 0
        if filled.any():
            # `reduceat` sums from each start to the next, and cannot express an empty row: those are left out.
            starts = (np.cumsum(self.lengths) - self.lengths)[filled]
            product[filled] = np.add.reduceat(matrix[self.columns] * self.values[:, None], starts, axis=0)
        return product


class BatchWords(NamedTuple):
    """The words of a batch: of each article those of its title, "", those of its text, "". `lengths` are the parts'.

    The empty words keep neighbours apart, and are no words of anything.
    """

    words: list[str]
    lengths: list[int]


def words_of_batch(articles: Iterable[tuple[str, str]]) -> BatchWords:
    """Cut each (title, text) into words, once for all who count them."""
    words: list[str] = []
    lengths: list[int] = []
    for article in articles:
        for part in article:
            found = words_of(part)
            words += found
            words.append("")
            lengths.append(len(found) + 1)
    return BatchWords(words, lengths)


def count_words(batch: BatchWords, vocabulary: Mapping[str, int]) -> SparseRows:
    """Count the words of each article that `vocabulary` gives a column."""
    columns = np.fromiter(map(vocabulary.get, batch.words, repeat(NO_COLUMN)), np.int64, len(batch.words))
    parts = np.repeat(np.arange(len(batch.lengths)), batch.lengths)
    known = columns != NO_COLUMN
    cells, counts = np.unique(cells_of(parts[known] // 2, columns[known]), return_counts=True)
    return sparse_rows(cells, counts.astype(np.float64), len(batch.lengths) // 2)


def cells_of(rows: IntArray, columns: IntArray) -> IntArray:
    """Return row and column as one number each, so that equal pairs are equal numbers."""
    return rows << 32 | columns


def sparse_rows(cells: IntArray, values: FloatArray, rows: int) -> SparseRows:
    """Return the rows that have `values` in `cells`, which ascend and come from `cells_of`."""
    return SparseRows(cells & 0xFFFFFFFF, values, np.bincount(cells >> 32, minlength=rows))


def weigh_words(counts: SparseRows, idf: npt.NDArray[np.floating]) -> SparseRows:
    """Turn counts into TF-IDF rows of length 1; a row without words stays empty."""
    values = (1 + np.log(counts.values)) * idf[counts.columns]
    rows = np.repeat(np.arange(len(counts.lengths)), counts.lengths)
    norms = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(counts.lengths)))
    return SparseRows(counts.columns, values / norms[rows], counts.lengths)
