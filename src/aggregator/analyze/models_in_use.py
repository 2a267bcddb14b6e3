"""Which models label now: asked of the rows, checked against their files, and written down for the workers.

word lists, rows of trained models ─check─▶ ModelsInUse ─text-<hash>.json─▶ workers
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.analyze.language import languages_path, require_known
from aggregator.analyze.lexicon import ALL_TOPICS, topics_with_words
from aggregator.analyze.text_models import (
    LanguageMethod,
    TextModels,
    lexicon_languages,
    no_method,
    save_text_models,
    seed_method,
)
from aggregator.analyze.topic_model import UnusableModelError, check_model
from aggregator.errors import ConfigError
from aggregator.ports import Clock, Writer
from aggregator.records import ModelId, TrainedModel
from aggregator.store_ports import StoreTransaction

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How topics and languages are told. Folders are absolute; `lexicon_dir` is the user's own.

    In `cache_dir` lies what every installation of this user may share, and what can be made again.
    """

    topics: tuple[str, ...]
    languages: tuple[str, ...]
    lexicon_dir: Path | None
    models_dir: Path
    cache_dir: Path
    unsure_below: float


@dataclass(frozen=True, slots=True)
class SeedMethods:
    """What labels without training: the word list of each language that has one, and weak labels for the others."""

    by_language: dict[str, ModelId]
    fallback: ModelId

    def version(self, language: str) -> str:
        """Return the version of what labels `language` without training, and goes into what is trained for it."""
        return self.by_language.get(language, self.fallback).version


@dataclass(frozen=True, slots=True)
class ModelsInUse:
    """The file that says which models label, the ids of their rows, and the languages with a trained one."""

    path: Path
    ids: frozenset[int]
    trained: dict[str, TrainedModel]

    @property
    def name(self) -> str:
        """A word that changes whenever anything about the models does."""
        return self.path.name


def seed_methods(settings: TextSettings) -> SeedMethods:
    """Return the methods that need no training.

    Raises:
        ConfigError: one of the user's word lists cannot be used, or a language is unknown.
    """
    try:
        require_known(settings.languages)
    except ValueError as error:
        raise ConfigError(f"[analyze] languages: {error}") from None
    topics, languages, folder = settings.topics, settings.languages, settings.lexicon_dir
    seeds = {
        language: seed_method(language, topics=topics, languages=languages, lexicon_dir=folder)
        for language in lexicon_languages(folder, topics)
    }
    return SeedMethods(
        {language: method for language, method in seeds.items() if method is not None},
        no_method(topics=topics, languages=languages),
    )


def tell_topics_without_words(settings: TextSettings, writer: Writer[StoreTransaction], tell: Tell) -> None:
    """Tell a sentence if no word list and no feed's category speaks for some of the user's own topics."""
    if settings.topics == ALL_TOPICS:
        return
    known = set(writer.call(lambda transaction: transaction.models.feed_categories()))
    for language in lexicon_languages(settings.lexicon_dir, settings.topics):
        known |= topics_with_words(language, settings.lexicon_dir, settings.topics)
    silent = [f"“{topic}”" for topic in settings.topics if topic not in known]
    if silent:
        tell(
            f"nothing tells which articles are about {', '.join(silent)}: give such a topic words in a word list "
            "([topics] lexicon_dir), "
            "give a feed its name as category, or correct some articles with “aggregator label”"
        )


def choose_models(
    settings: TextSettings, seeds: SeedMethods, writer: Writer[StoreTransaction], clock: Clock, tell: Tell
) -> ModelsInUse:
    """Choose what labels from now on, note it in the rows, and write it down for the workers.

    A trained model whose file is missing, damaged or of another version is retired, and `tell` is told a sentence.

    Raises:
        StorageError: the folder of models cannot be written to.
    """
    now = clock.now()
    usable = usable_models(settings, seeds, writer.call(lambda transaction: transaction.models.trained()), tell)

    def choose(transaction: StoreTransaction) -> tuple[dict[str, int], int]:
        rows = transaction.models
        seed_ids = {language: rows.model_id(method, now) for language, method in seeds.by_language.items()}
        fallback_id = rows.model_id(seeds.fallback, now)
        labelling = seed_ids | {language: one.model_id for language, one in usable.items()}
        rows.use("text", {*labelling.values(), fallback_id}, now)
        transaction.analyses.mark_unsure(settings.unsure_below)
        return seed_ids, fallback_id

    seed_ids, fallback_id = writer.call(choose)
    methods = tuple(_method(language, seed_ids, usable) for language in sorted({*seed_ids, *usable}))
    models = TextModels(
        topics=settings.topics,
        languages=settings.languages,
        fallback_id=fallback_id,
        unsure_below=settings.unsure_below,
        models_dir=str(settings.models_dir),
        lexicon_dir=str(settings.lexicon_dir) if settings.lexicon_dir else None,
        methods=methods,
        languages_file=str(languages_path(settings.cache_dir)),
    )
    labelling = seed_ids | {language: one.model_id for language, one in usable.items()}
    path = save_text_models(models, settings.models_dir)
    return ModelsInUse(path, frozenset({*labelling.values(), fallback_id}), usable)


def usable_models(
    settings: TextSettings, seeds: SeedMethods, trained: Sequence[TrainedModel], tell: Tell
) -> dict[str, TrainedModel]:
    """Return by language those of the `trained` models that can label; of the others `tell` is told a sentence."""
    return {one.language: one for one in trained if _is_usable(one, settings, seeds, tell)}


def _method(language: str, seed_ids: dict[str, int], usable: dict[str, TrainedModel]) -> LanguageMethod:
    one = usable.get(language)
    if one is None:
        return LanguageMethod(language, seed_ids.get(language))
    return LanguageMethod(language, seed_ids.get(language), one.model_id, one.file, one.sha256)


def _is_usable(one: TrainedModel, settings: TextSettings, seeds: SeedMethods, tell: Tell) -> bool:
    again = f"topics in “{one.language}” are learnt anew"
    if one.seeds != seeds.version(one.language):
        tell(f"the word list or the topics have changed since {one.file} was trained; {again}")
        return False
    try:
        check_model(settings.models_dir, one.file, one.sha256)
    except UnusableModelError as error:
        tell(f"{error}; {again}")
        return False
    return True
