"""Topics by a trained model, with numpy and a dict: the same answers as the scikit-learn pipeline it was fitted with.

    (title, text) ─▶ TF-IDF × weights ─z─▶ + prior + lexicon ─÷ temperature─▶ + weak label ─softmax─▶ topics

What joins the parts, and why: docs/decisions/0029. Training is in `aggregator.analyze.topic_training`.

A model is a file `topics-<language>-<hash>.npz` of plain arrays, read with `allow_pickle=False`, and a JSON file
beside it says where it comes from, for people. Whatever is wrong with a file, it is refused by name and the remedy.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from aggregator.analyze.atomic_file import write_atomically
from aggregator.analyze.tfidf import BatchWords, FloatArray, IntArray, count_words, weigh_words, words_of_batch
from aggregator.errors import StorageError
from aggregator.records import ScoredTopic

FORMAT = 2
"""Changes when the same file would be read otherwise; files of another format are refused."""

MOST_MODEL_BYTES = 64 * 1024 * 1024
"""A file, and what it unpacks to. 50,000 words and 17 topics are 4 MB."""

HALF_SURE_WORDS = 6.0
"""An article with so many different words that the model knows is half as sure as one with very many."""

LEAST_SCORE = 0.01
"""Topics below it are not told, but for the best."""


class UnusableModelError(StorageError):
    """A model file that is missing, damaged, foreign or of another version; the text names it and the remedy."""


class Question(NamedTuple):
    """An article whose topics are asked for.

    `text` is without the model's boilerplate, here and where the lexicon read it. `evidence` is what
    `LexiconScorer.evidence` found, `weak_topic` the topic that feed, tags or URL name.
    """

    title: str
    text: str
    evidence: Mapping[str, float] = {}
    weak_topic: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Where a model comes from, for people and for the next training. Shares are 0 to 1, None where not measured.

    `training_set` is the hash of all it learnt from, `learnt_labels` a number for each weak label and correction among
    it (see `topic_training`): what is not among them can serve to measure the model.
    """

    training_set: str = ""
    articles: int = 0
    weak_labels: int = 0
    corrections: int = 0
    accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TopicModel:
    """A linear model over words, joined with a lexicon and weak labels.

    With V words and K topics: `vocabulary` gives each word its row in `weights` (V × K) and `idf` (V). `is_learnt`
    (K) tells which topics have weights; the others score as low as the lowest. `offsets` (K) belong to the weights.
    `priors` (K) and `lexicon_weights` (K) are in units of a standard deviation between topics. `temperature` divides
    their sum, `weak_gains` (K) is by how much a weak label raises the log-odds of its topic.
    """

    language: str
    topics: tuple[str, ...]
    method: str
    vocabulary: Mapping[str, int]
    idf: FloatArray
    weights: npt.NDArray[np.float32]
    offsets: FloatArray
    is_learnt: npt.NDArray[np.bool_]
    priors: FloatArray
    lexicon_weights: FloatArray
    temperature: float
    weak_gains: FloatArray
    boilerplate: frozenset[str] = frozenset()
    learnt_labels: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    card: ModelCard = ModelCard()

    def predict(self, batch: Sequence[Question]) -> list[tuple[ScoredTopic, ...]]:
        """Return the topics of each article, the likeliest first: none where nothing in it speaks for any."""
        is_silent, shares = self.probabilities(batch)
        order = np.argsort(-shares, axis=1, kind="stable")
        return [
            () if silent else self._told(row, ranks)
            for silent, row, ranks in zip(is_silent.tolist(), shares.tolist(), order.tolist(), strict=True)
        ]

    def _told(self, shares: Sequence[float], ranks: Sequence[int]) -> tuple[ScoredTopic, ...]:
        told = [rank for rank in ranks if shares[rank] >= LEAST_SCORE] or ranks[:1]
        return tuple(ScoredTopic(self.topics[rank], shares[rank]) for rank in told)

    def probabilities(self, batch: Sequence[Question]) -> tuple[npt.NDArray[np.bool_], FloatArray]:
        """Return which articles say nothing, and how likely each topic is (articles × topics, rows sum to 1)."""
        words = words_of_batch((one.title, one.text) for one in batch)
        evidence = evidence_matrix([one.evidence for one in batch], self.topics)
        return self.shares(words, evidence, [one.weak_topic for one in batch])

    def shares(
        self, batch: BatchWords, evidence: FloatArray, weak_topics: Sequence[str | None]
    ) -> tuple[npt.NDArray[np.bool_], FloatArray]:
        """Return the same; the fields of the questions are given apart, `evidence` as articles × topics."""
        words = weigh_words(count_words(batch, self.vocabulary), self.idf)
        weak = self._weak_matrix(weak_topics)
        scores = join_scores(words.times(self.weights) + self.offsets, self.is_learnt, words.lengths)
        scores += self.priors + self.lexicon_weights * np.log1p(evidence)
        is_silent = (words.lengths == 0) & ~evidence.any(axis=1) & ~weak.any(axis=1)
        return is_silent, softmax(scores / self.temperature + weak * self.weak_gains)

    def _weak_matrix(self, weak_topics: Sequence[str | None]) -> FloatArray:
        columns = {topic: column for column, topic in enumerate(self.topics)}
        matrix = np.zeros((len(weak_topics), len(self.topics)))
        for row, topic in enumerate(weak_topics):
            column = columns.get(topic or "")
            if column is not None:
                matrix[row, column] = 1.0
        return matrix


def evidence_matrix(evidence: Sequence[Mapping[str, float]], topics: Sequence[str]) -> FloatArray:
    """Return what the lexicon found as articles × topics, 0 where it found nothing."""
    return np.array([[one.get(topic, 0.0) for topic in topics] for one in evidence]).reshape(-1, len(topics))


def join_scores(raw: FloatArray, is_learnt: npt.NDArray[np.bool_], word_counts: IntArray) -> FloatArray:
    """Bring each row of raw scores to mean 0, and to a standard deviation between topics that grows with its words.

    Topics that were not learnt get the row's lowest score first. The deviation is 0 for a row without words, and
    near 1 for one of many: what few words say is less sure.
    """
    scores = np.where(is_learnt, raw, raw[:, is_learnt].min(axis=1, keepdims=True))
    scores -= scores.mean(axis=1, keepdims=True)
    spread = scores.std(axis=1, keepdims=True)
    strength = (word_counts / (word_counts + HALF_SURE_WORDS))[:, None]
    return np.asarray(strength * scores / np.where(spread > 0, spread, 1.0))


def softmax(logits: FloatArray) -> FloatArray:
    """Return rows of shares that sum to 1."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


# --- the file ------------------------------------------------------------------------------------------------------


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    language: str
    topics: tuple[str, ...]
    method: str
    temperature: float
    card: ModelCard


_ARRAYS = ("idf", "weights", "offsets", "is_learnt", "priors", "lexicon_weights", "weak_gains", "learnt_labels")


def save_model(model: TopicModel, folder: Path) -> tuple[str, str]:
    """Write `model` into `folder`, which is made if need be. Return the file's name and its SHA-256, hexadecimal.

    The same model is the same file.

    Raises:
        StorageError: the folder cannot be written to, or the disk is full.
    """
    header = msgspec.json.encode(_header(model))
    content = _packed(model, header)
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"topics-{model.language}-{sha256[:16]}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path.with_suffix(".json"), msgspec.json.format(header, indent=2) + b"\n")
        write_atomically(path, content)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    return path.name, sha256


def _header(model: TopicModel) -> _Header:
    scalars = {name: getattr(model, name) for name in _Header.__struct_fields__ if name != "format"}
    return _Header(format=FORMAT, **scalars)


def _packed(model: TopicModel, header: bytes) -> bytes:
    packed = io.BytesIO()
    arrays = {name: getattr(model, name) for name in _ARRAYS}
    np.savez(
        packed,
        header=np.frombuffer(header, np.uint8),
        vocabulary=_lines(sorted(model.vocabulary, key=model.vocabulary.__getitem__)),
        boilerplate=_lines(sorted(model.boilerplate)),
        **arrays,
    )
    return packed.getvalue()


def _lines(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    # One array of bytes instead of an array of objects, which only a pickle could hold.
    return np.frombuffer(msgspec.json.encode(texts), np.uint8)


def load_model(folder: Path, file: str, sha256: str) -> TopicModel:
    """Read the model that `save_model` wrote.

    Raises:
        UnusableModelError: the file is missing, too large, not the one with this hash, foreign, or of another version.
    """
    content = _content(folder, file, sha256)
    with _as_unusable(folder / file):
        return _unpacked(content)


def check_model(folder: Path, file: str, sha256: str) -> None:
    """Check that the file is the one that `save_model` wrote, and of this version, without reading all of the model.

    Raises:
        UnusableModelError: as for `load_model`.
    """
    content = _content(folder, file, sha256)
    with _as_unusable(folder / file), np.load(io.BytesIO(content), allow_pickle=False) as archive:
        _header_of(archive)


def _content(folder: Path, file: str, sha256: str) -> bytes:
    path = folder / file
    try:
        if path.stat().st_size > MOST_MODEL_BYTES:
            raise UnusableModelError(_sentence(path, f"is larger than {MOST_MODEL_BYTES >> 20} MiB"))
        content = path.read_bytes()
    except OSError as error:
        raise UnusableModelError(_sentence(path, f"cannot be read ({error.strerror})")) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UnusableModelError(_sentence(path, "is damaged: its content is not what was saved"))
    return content


@contextmanager
def _as_unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UnusableModelError(_sentence(path, f"is not a model of this version ({error})")) from error


def _sentence(path: Path, problem: str) -> str:
    return f"the topic model {path} {problem}; `aggregator train` makes a new one"


def _unpacked(content: bytes) -> TopicModel:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(entry.file_size for entry in packed.infolist()) > MOST_MODEL_BYTES:
            raise ValueError("it unpacks to too much")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        header = _header_of(archive)
        words = msgspec.json.decode(archive["vocabulary"].tobytes(), type=list[str])
        boilerplate = msgspec.json.decode(archive["boilerplate"].tobytes(), type=frozenset[str])
        arrays = {name: archive[name] for name in _ARRAYS}
    _check_arrays(arrays, words=len(words), topics=len(header.topics))
    scalars = {name: getattr(header, name) for name in _Header.__struct_fields__ if name != "format"}
    vocabulary = {word: row for row, word in enumerate(words)}
    return TopicModel(vocabulary=vocabulary, boilerplate=boilerplate, **scalars, **arrays)


def _header_of(archive: Mapping[str, npt.NDArray[Any]]) -> _Header:
    header = msgspec.json.decode(archive["header"].tobytes(), type=_Header)
    if header.format != FORMAT:
        raise ValueError(f"its format is {header.format}, not {FORMAT}")
    if missing := [name for name in _ARRAYS if name not in archive]:
        raise ValueError(f"it has no {missing[0]}")
    return header


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]], *, words: int, topics: int) -> None:
    each_topic = (np.float64, (topics,))
    expected = {
        "idf": (np.float64, (words,)),
        "weights": (np.float32, (words, topics)),
        "offsets": each_topic,
        "is_learnt": (np.bool_, (topics,)),
        "priors": each_topic,
        "lexicon_weights": each_topic,
        "weak_gains": each_topic,
        "learnt_labels": (np.uint64, (len(arrays["learnt_labels"]),)),
    }
    for name, (kind, shape) in expected.items():
        if arrays[name].dtype != kind or arrays[name].shape != shape:
            raise ValueError(f"its {name} are not what they should be")
    if not arrays["is_learnt"].any():
        raise ValueError("it has learnt nothing")
