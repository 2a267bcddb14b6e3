"""Which models the workers use: one file says it, written once per run under a name that tells its content.

    rows of the database ─▶ TextModels ─save_text_models─▶ text-<hash>.json ─ArticleJob.models─▶ load_text_models

A worker that reads the file knows which topics there are, and for each language which model tells them: one that was
trained (a file beside it), the seed words of a word list, or, for a language with neither, weak labels alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec

from aggregator.analyze.atomic_file import write_atomically
from aggregator.analyze.lexicon import has_lexicon, is_language_code, lexicon_bytes
from aggregator.analyze.topic import LexiconScorer, load_scorer
from aggregator.analyze.topic_model import TopicModel, UnusableModelError, load_model
from aggregator.errors import ConfigError, StorageError
from aggregator.records import ModelId

SEED_METHOD = "seed words"
FALLBACK_METHOD = "feed's category"

METHOD_VERSION = "2"
"""Changes when the same words would give another answer; the words themselves are in the version by their hash."""

MOST_MODELS_KEPT = 12
"""How many trained models a worker keeps in memory: as many languages as most users have, and some megabytes each."""

_PREFIX, _SUFFIX = "text-", ".json"
_NAME_DIGITS = 16


@dataclass(frozen=True, slots=True)
class LanguageMethod:
    """How topics are told in one language; the ids are rows of `model`.

    `seed_id` is that of the seed words, None where there is no word list. `model_id`, `file` (below `models_dir`) and
    `sha256` are those of the trained model, all None where there is none.
    """

    language: str
    seed_id: int | None = None
    model_id: int | None = None
    file: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Check that the parts belong together.

        Raises:
            ValueError: only some of what a trained model needs is there.
        """
        if len({self.model_id is None, self.file is None, self.sha256 is None}) > 1:
            raise ValueError(f"the model for {self.language} lacks its id, its file or its hash")


@dataclass(frozen=True, slots=True)
class TextModels:
    """Which models are in use. `languages` are those that detection chooses among; folders are absolute paths.

    `fallback_id` is the row of the method for languages that `methods` does not name, or names without any method.
    A topic whose score is lower than `unsure_below` is unsure. `languages_file` is that of `languages_path`;
    without it each worker starts slowly.
    """

    topics: tuple[str, ...]
    languages: tuple[str, ...]
    fallback_id: int
    unsure_below: float
    models_dir: str
    lexicon_dir: str | None = None
    methods: tuple[LanguageMethod, ...] = ()
    languages_file: str | None = None

    def __post_init__(self) -> None:
        """Check what a worker relies on.

        Raises:
            ValueError: no topics, no languages, or a language with two methods.
        """
        if not self.topics or not self.languages:
            raise ValueError("there must be topics and languages")
        if len({method.language for method in self.methods}) < len(self.methods):
            raise ValueError("a language has two methods")


@dataclass(frozen=True, slots=True)
class ReadyMethod:
    """How topics are told in one language, with what it needs in memory.

    `model_id` is the row of what will really answer: `model` if that is there, else `scorer`, else weak labels alone.
    """

    model_id: int
    scorer: LexiconScorer | None
    model: TopicModel | None


@dataclass(frozen=True, slots=True)
class LoadedTextModels:
    """What `load_text_models` returns: the file's content, and the methods it names, loaded when first asked for."""

    content: TextModels

    def method(self, language: str | None) -> ReadyMethod:
        """Return how to tell the topics of an article in `language`. It never fails for the sake of a model's file.

        A trained model that is missing, damaged or from another version is passed over: the seed words answer under
        their own id, so that a label always names what gave it, and the article stays pending for the model.
        """
        named = _named_methods(self.content).get(language or "")
        if named is None or language is None:
            return ReadyMethod(self.content.fallback_id, None, None)
        folder = Path(self.content.lexicon_dir) if self.content.lexicon_dir else None
        scorer = load_scorer(language, folder, self.content.topics) if named.seed_id is not None else None
        model = _usable_model(self.content.models_dir, named.file, named.sha256)
        if model is not None and named.model_id is not None:
            return ReadyMethod(named.model_id, scorer, model)
        seed_id = named.seed_id if scorer is not None else None
        return ReadyMethod(self.content.fallback_id if seed_id is None else seed_id, scorer, None)


@lru_cache(maxsize=4)
def _named_methods(models: TextModels) -> dict[str, LanguageMethod]:
    return {method.language: method for method in models.methods}


@lru_cache(maxsize=MOST_MODELS_KEPT)
def _usable_model(models_dir: str, file: str | None, sha256: str | None) -> TopicModel | None:
    if file is None or sha256 is None:
        return None
    try:
        return load_model(Path(models_dir), file, sha256)
    except UnusableModelError:
        return None


# --- the file ------------------------------------------------------------------------------------------------------


def save_text_models(models: TextModels, folder: Path) -> Path:
    """Write `models` into `folder`, which is made if need be, and return the file. The same content is written once.

    Raises:
        StorageError: the folder cannot be written to, or the disk is full.
    """
    content = msgspec.json.encode(models)
    path = folder / _file_name(content)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.read_bytes() == content:
            path.touch()  # a file that nobody has used for a day is swept away
        else:
            write_atomically(path, content)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _file_name(content: bytes) -> str:
    return f"{_PREFIX}{hashlib.sha256(content).hexdigest()[:_NAME_DIGITS]}{_SUFFIX}"


@lru_cache(maxsize=4)
def load_text_models(path: str) -> LoadedTextModels:
    """Read what `save_text_models` wrote. Each file is read once per process: its name tells its content.

    Raises:
        StorageError: the file is missing, damaged, or not what its name says.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StorageError(f"{file}, which says what models are in use, cannot be read: {error.strerror}") from error
    if file.name != _file_name(content):
        raise StorageError(f"{file}, which says what models are in use, is damaged; the next run writes it anew")
    try:
        models = msgspec.json.decode(content, type=TextModels)
    except msgspec.MsgspecError as error:
        raise StorageError(f"{file}, which says what models are in use, is not valid: {error}") from error
    return LoadedTextModels(models)


# --- the identity of methods ---------------------------------------------------------------------------------------


def seed_method(
    language: str, *, topics: Sequence[str], languages: Sequence[str], lexicon_dir: Path | None
) -> ModelId | None:
    """Return the identity of the seed words of `language`, or None where no word list speaks for any of `topics`.

    Articles that another method labelled are labelled again, so the version changes with all that the answer depends
    on: the method, the words, the topics, and the languages that detection chooses among.

    Raises:
        ConfigError: the user's word list cannot be used.
    """
    try:
        if not has_lexicon(language, lexicon_dir, topics):
            return None
    except ValueError as error:
        raise ConfigError(str(error)) from error
    words = lexicon_bytes(language, lexicon_dir) or b""
    return ModelId("text", SEED_METHOD, _version(topics, languages, words), language)


def no_method(*, topics: Sequence[str], languages: Sequence[str]) -> ModelId:
    """Return the identity of what is done for languages without word list and model: weak labels are all there is."""
    return ModelId("text", FALLBACK_METHOD, _version(topics, languages, b""))


def _version(topics: Sequence[str], languages: Sequence[str], words: bytes) -> str:
    parts = (METHOD_VERSION, topics, sorted(languages), words)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]


def lexicon_languages(lexicon_dir: Path | None, topics: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that have a word list for any of `topics`, sorted, once all of the user's were checked.

    Raises:
        ConfigError: the user's folder holds no word list, or one that cannot be used.
    """
    own = _own_languages(lexicon_dir) if lexicon_dir else set()
    found = []
    for language in sorted({*_packaged_languages(), *own}):
        try:
            if has_lexicon(language, lexicon_dir, topics):
                found.append(language)
        except ValueError as error:
            raise ConfigError(str(error)) from error
    return tuple(found)


def _own_languages(folder: Path) -> set[str]:
    there = sorted(file.stem for file in folder.glob("*.toml"))
    own = set(filter(is_language_code, there))
    if there and not own:
        raise ConfigError(
            f"[topics] lexicon_dir: {folder / there[0]}.toml is not named like a language; give it the language's "
            "ISO 639-1 code, such as en.toml"
        )
    if not own:
        raise ConfigError(f"[topics] lexicon_dir: there is no word list such as en.toml in {folder}")
    return own


@cache
def _packaged_languages() -> frozenset[str]:
    return frozenset(Path(file.name).stem for file in (files("aggregator.analyze") / "lexicon").iterdir())
