"""Examples made ready to learn from: in one order, without repetitions and boilerplate, their labels as numbers."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aggregator.analyze.boilerplate import find_boilerplate, strip_boilerplate
from aggregator.analyze.tfidf import FloatArray, IntArray, words_of_batch
from aggregator.analyze.topic import LexiconScorer, evidence_among
from aggregator.analyze.weak_labels import weak_topic
from aggregator.analyze.words import TEXT_CAP
from aggregator.records import TopicExample

NO_LABEL = -1
MOST_NAMED = 5

BATCH = 512
"""Articles whose words are in memory at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadyExamples:
    """N distinct articles in the order of their ids.

    `texts` are pairs of title and text without `boilerplate`. `evidence` (N × topics) is what the lexicon found.
    `weak` and `corrected` (N) are positions in `topics`, or `NO_LABEL`.
    """

    topics: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    feeds: IntArray
    evidence: FloatArray
    weak: IntArray
    corrected: IntArray
    boilerplate: frozenset[str]
    fingerprint: str

    def __len__(self) -> int:
        """Return how many distinct articles there are."""
        return len(self.texts)

    @property
    def labels(self) -> IntArray:
        """The correction of each article, else its weak label, else `NO_LABEL`."""
        return np.where(self.corrected != NO_LABEL, self.corrected, self.weak)

    def without_labels(self, articles: npt.NDArray[np.bool_]) -> ReadyExamples:
        """Return the same articles, but those marked in `articles` as if nobody had labelled them."""
        return replace(
            self,
            weak=np.where(articles, NO_LABEL, self.weak),
            corrected=np.where(articles, NO_LABEL, self.corrected),
        )

    def label_keys(self) -> npt.NDArray[np.uint64]:
        """Return a number for each article and its label, by which a later training knows it again; 0 where none."""
        labelled = zip(self.texts, self.labels.tolist(), strict=True)
        return np.array([0 if label == NO_LABEL else _key(text, label) for text, label in labelled], np.uint64)


def _key(text: tuple[str, str], label: int) -> int:
    # By its title, where it has one: what is cut off a text as boilerplate changes with the articles around it.
    named = "\0".join([str(label), text[0] or text[1]]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(named).digest()[:8], "big") or 1


def prepare_examples(
    examples: Iterable[TopicExample], topics: Sequence[str], scorer: LexiconScorer | None
) -> ReadyExamples:
    """Make examples ready. Their order does not matter; of those with the same words, one remains."""
    in_order = sorted(examples, key=lambda one: one.article_id)
    boilerplate = find_boilerplate((one.feed_id, one.title, one.text) for one in in_order)
    groups: defaultdict[tuple[str, str], list[TopicExample]] = defaultdict(list)
    for one in in_order:
        text = strip_boilerplate(one.title, one.text[:TEXT_CAP], boilerplate)
        groups[one.title[:TEXT_CAP], text].append(one)
    groups.pop(("", ""), None)
    columns = {topic: column for column, topic in enumerate(topics)}
    weak = [_agreed([weak_topic(one, topics) for one in group], columns) for group in groups.values()]
    corrected = [_agreed([one.correction for one in group], columns) for group in groups.values()]
    return ReadyExamples(
        topics=tuple(topics),
        texts=tuple(groups),
        feeds=np.array([group[0].feed_id for group in groups.values()], np.int64),
        evidence=_evidence(tuple(groups), scorer, tuple(topics)),
        weak=np.array(weak, np.int64),
        corrected=np.array(corrected, np.int64),
        boilerplate=boilerplate,
        fingerprint=_fingerprint(groups, weak, corrected, topics),
    )


def _evidence(texts: Sequence[tuple[str, str]], scorer: LexiconScorer | None, topics: tuple[str, ...]) -> FloatArray:
    batches = (words_of_batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH))
    return np.concatenate([np.empty((0, len(topics))), *(evidence_among(one, scorer, topics) for one in batches)])


def unknown_corrections(examples: Iterable[TopicExample], topics: Sequence[str]) -> str:
    """Return a sentence on corrections, made with SQL, of which none of `topics` is the name; nothing without any."""
    names = Counter(one.correction for one in examples if one.correction is not None and one.correction not in topics)
    if not names:
        return ""
    shown = ", ".join(f"“{name}”" for name, _ in names.most_common(MOST_NAMED))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    count = names.total()
    told = "1 correction names no topic and was" if count == 1 else f"{count} corrections name no topic and were"
    return f"{told} passed over: {shown}{more}"


def _agreed(named: Iterable[str | None], columns: dict[str, int]) -> int:
    found = {columns[topic] for topic in named if topic in columns}
    return found.pop() if len(found) == 1 else NO_LABEL


def _fingerprint(
    texts: Iterable[tuple[str, str]], weak: Sequence[int], corrected: Sequence[int], topics: Sequence[str]
) -> str:
    digest = hashlib.sha256("\0".join(topics).encode())
    for text, *labels in zip(texts, weak, corrected, strict=True):
        digest.update(repr((text, labels)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
