"""The parts of the analysis, picked from the settings: the half of the composition root that `fetch` does not load.

NumPy and Pillow take a third of a second to import; whoever imports this module pays it.
"""

from __future__ import annotations

from collections.abc import Callable

from aggregator.analyze.models_in_use import Tell, TextSettings, seed_methods
from aggregator.analyze.picture_stage import PictureParts
from aggregator.analyze.stage import AnalyzeParts
from aggregator.analyze.text_stage import TextParts
from aggregator.analyze.vision import load_image_model
from aggregator.config import Settings, user_cache_folder
from aggregator.learning import learn
from aggregator.ports import Clock, ProcessLimits, Writer
from aggregator.store_ports import Reader, StoreTransaction
from aggregator.telling import tell


def text_settings(settings: Settings) -> TextSettings:
    """Return how topics and languages are told."""
    return TextSettings(
        topics=settings.topics.names,
        languages=settings.analyze.languages,
        lexicon_dir=settings.lexicon_dir,
        models_dir=settings.models_dir,
        cache_dir=user_cache_folder(),
        unsure_below=settings.topics.unsure_below,
    )


def check_analysis(settings: Settings) -> None:
    """Make sure, before anything begins, that the user's own files can be used.

    Raises:
        ConfigError: word lists, languages or the image model cannot be; the text says why, and what to do.
    """
    seed_methods(text_settings(settings))
    if settings.image_model is not None:
        load_image_model(str(settings.image_model))


def learn_limits(settings: Settings) -> ProcessLimits:
    """Return what a process may take that learns topics or finds stories."""
    return ProcessLimits(settings.analyze.training_timeout_s, settings.analyze.training_memory_bytes)


def analyze_parts(
    settings: Settings,
    *,
    workers: int,
    relabel_all: bool,
    read: Reader,
    writer: Writer[StoreTransaction],
    clock: Clock,
    fetch_is_done: Callable[[], bool],
    say: Tell,
) -> AnalyzeParts:
    """Return the parts of the stage; `say` is told sentences for a person.

    Raises:
        ConfigError: a word list or a language of the settings cannot be used.
    """
    chosen = text_settings(settings)
    return AnalyzeParts(
        pictures=PictureParts(
            images_dir=settings.images_dir,
            thumbnail_sizes=settings.analyze.thumbnail_sizes,
            image_model=settings.image_model,
            workers=workers,
            read=read,
            writer=writer,
            clock=clock,
            more_may_come=lambda: not fetch_is_done(),
        ),
        text=TextParts(
            settings=chosen,
            seeds=seed_methods(chosen),
            database=settings.database_url,
            learns=settings.topics.learn,
            relabel_s=None if relabel_all else settings.topics.relabel_s,
            workers=workers,
            learn=learn,
            learn_limits=learn_limits(settings),
            read=read,
            writer=writer,
            clock=clock,
            fetch_is_done=fetch_is_done,
            tell=say,
        ),
        tell=tell,
        tell_limits=learn_limits(settings),
        story_window_s=settings.analyze.story_window_s,
    )
