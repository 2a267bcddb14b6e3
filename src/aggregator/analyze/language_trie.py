"""A trie of byte runs that numpy walks for all bytes of many texts at once.

It is a double array (Aoe 1989): the child of node `n` by byte `b` is slot `base[n] + b`, if `check` of that slot names
`n`. What would be found by an Aho–Corasick automaton, byte after byte, is found by starting at every byte at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

BYTES = 256
NO_FEATURE = -1


@dataclass(frozen=True, slots=True)
class ByteTrie:
    """`pairs` leads from two bytes straight to their node (0: none); `feature` is -1 for nodes that are none."""

    base: Ints
    check: Ints
    feature: Ints
    pairs: Ints

    @classmethod
    def of_arrays(cls, base: Ints, check: Ints, feature: Ints) -> ByteTrie:
        """Make a trie of what `plant` returned."""
        codes = np.arange(BYTES)
        firsts = base[0] + codes
        slots = base[firsts][:, None] + codes
        exist = (check[firsts] == 0)[:, None] & (check[slots] == firsts[:, None])
        return cls(base, check, feature, np.where(exist, slots, 0).ravel())

    def features_at(self, data: NDArray[np.uint8]) -> Ints:
        """Return for each byte the feature that ends there: that of the longest run of the trie, or -1."""
        codes = data.astype(np.int64)
        found = np.full(len(codes), NO_FEATURE, dtype=np.int64)
        nodes = self.pairs.take((codes[:-1] << 8) + codes[1:])
        at = np.flatnonzero(nodes)
        nodes = nodes.take(at)
        at += 1
        found[at] = self.feature.take(nodes)
        while len(at):
            at += 1
            if at[-1] >= len(codes):
                at, nodes = at[:-1], nodes[:-1]
            slots = self.base.take(nodes) + codes.take(at)
            longer = np.flatnonzero(self.check.take(slots) == nodes)
            nodes, at = slots.take(longer), at.take(longer)
            # Longer runs come later, and overwrite the shorter ones that end at the same byte.
            found[at] = self.feature.take(nodes)
        return found


# --- planting ------------------------------------------------------------------------------------------------------


def plant(moves: NDArray[Any], row_of_state: NDArray[Any], features: Sequence[int]) -> tuple[Ints, Ints, Ints]:
    """Return base, check and feature of a trie that finds what an Aho–Corasick automaton finds.

    `moves` (row × 256) tells where a byte leads from a state whose row is in `row_of_state`, `features` what is found
    in a state, -1 for nothing. State 0 is the start.
    """
    edges = _edges(moves, row_of_state)
    slots, base_of_state = _place(edges, len(features))
    size = int(slots.max()) + BYTES + 1
    base, check, feature = np.zeros(size, np.int64), np.full(size, -1, np.int64), np.full(size, NO_FEATURE, np.int64)
    base[slots] = base_of_state
    check[slots[edges[2]]] = slots[edges[0]]
    feature[slots] = features
    return base, check, feature


def _edges(moves: NDArray[Any], row_of_state: NDArray[Any]) -> Ints:
    """Return parent, byte and child of the automaton's trie, sorted by parent: the moves to states not seen nearer."""
    is_seen = np.zeros(len(row_of_state), dtype=bool)
    is_seen[0] = True
    level = np.zeros(1, dtype=np.int64)
    edges = []
    while len(level):
        reached = []
        for part in np.array_split(level, len(level) // 4096 + 1):
            targets = moves[row_of_state[part]]
            parents, codes = np.nonzero(~is_seen[targets])
            reached.append(targets[parents, codes].astype(np.int64))
            edges.append(np.stack([part[parents], codes, reached[-1]]))
        level = np.concatenate(reached)
        is_seen[level] = True
    found = np.concatenate(edges, axis=1)
    return found[:, np.argsort(found[0], kind="stable")]


def _place(edges: Ints, states: int) -> tuple[Ints, Ints]:
    """Find a slot for each state, and each state's base, so that no two share a slot.

    No slot is below 256, where the base 0 of a childless state leads.
    """
    parents, starts, counts = np.unique(edges[0], return_index=True, return_counts=True)
    is_free = np.ones(states * 2 + 4 * BYTES, dtype=bool)
    is_free[:BYTES] = False
    slots, base = np.zeros(states, dtype=np.int64), np.zeros(states, dtype=np.int64)
    window, low = 4096, BYTES
    families = np.argsort(-counts, kind="stable")
    for family in families[: int((counts > 1).sum())]:
        edge = slice(starts[family], starts[family] + counts[family])
        steps = edges[1, edge] - edges[1, starts[family]]
        while True:
            fits = np.logical_and.reduce([is_free[low + step : low + step + window] for step in steps.tolist()])
            first = int(fits.argmax())
            if fits[first]:
                break
            low += window // 2  # the holes left behind are filled below
        places = low + first + steps
        is_free[places] = False
        slots[edges[2, edge]] = places
        base[parents[family]] = places[0] - edges[1, starts[family]]
    alone = starts[counts == 1]
    holes = np.flatnonzero(is_free)[: len(alone)]
    slots[edges[2, alone]] = holes
    base[edges[0, alone]] = holes - edges[1, alone]
    return slots, base
