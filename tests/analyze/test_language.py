"""The feed's word about its language stands, unless the text clearly speaks another."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze.language import (
    DECLARED_SCORE,
    DEFAULT_LANGUAGES,
    OVERRULING_SCORE,
    TEXT_CAP,
    LanguageGuess,
    declared_language,
    detect_language,
)

SENTENCES = {
    "en": "Firefighters are still searching for survivors after the landslide that buried a mountain village.",
    "de": "Nach dem Erdrutsch in den Bergen suchen die Rettungskräfte weiter nach Überlebenden.",
    "fr": "Les secours cherchent toujours des survivants après le glissement de terrain en montagne.",
    "es": "Los equipos de rescate siguen buscando supervivientes tras el deslizamiento en la montaña.",
    "it": "I soccorritori cercano ancora superstiti dopo la frana che ha travolto il paese di montagna.",
    "pt": "As equipas de resgate continuam à procura de sobreviventes depois do deslizamento na montanha.",
    "nl": "Reddingswerkers zoeken nog altijd naar overlevenden na de aardverschuiving in de bergen.",
}

ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
"""Lone surrogates included: broken feeds hold them."""


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_knows_a_sentence_of_each_language(language: str, sentence: str) -> None:
    guess = detect_language(sentence, None, DEFAULT_LANGUAGES)
    assert guess.language == language
    assert guess.score >= OVERRULING_SCORE


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_a_clear_text_overrules_the_feed(language: str, sentence: str) -> None:
    assert detect_language(sentence, "sv", DEFAULT_LANGUAGES).language == language


@pytest.mark.parametrize("title", ["Brexit", "OK Computer", "US GDP up 3%"])
def test_the_declared_language_stands_where_the_text_is_unclear(title: str) -> None:
    undeclared = detect_language(title, None, DEFAULT_LANGUAGES)
    assert undeclared.score < OVERRULING_SCORE
    assert detect_language(title, "de-AT", DEFAULT_LANGUAGES) == LanguageGuess("de", DECLARED_SCORE)


@pytest.mark.parametrize("text", ["", "   ", "12:30", "42 %", "—", "ab", "1a2b3"])
def test_too_few_letters_are_not_judged(text: str) -> None:
    assert detect_language(text, "fr", DEFAULT_LANGUAGES) == LanguageGuess("fr", DECLARED_SCORE)
    assert detect_language(text, None, DEFAULT_LANGUAGES) == LanguageGuess(None, 0.0)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        *[("en", "en"), ("en-GB", "en"), ("EN_us", "en"), ("pt_BR", "pt"), (" de ", "de"), ("zh-Hant-TW", "zh")],
        *[("iw", "he"), ("nb-NO", "no"), ("de,en", "de")],
        *[("english", None), ("xx", None), ("zxx", None), ("", None), (None, None), ("-", None), ("../en", None)],
    ],
)
def test_reads_the_primary_subtag_and_ignores_garbage(tag: str | None, language: str | None) -> None:
    assert declared_language(tag) == language


def test_garbage_declared_changes_nothing() -> None:
    for title in ("Brexit", SENTENCES["fr"]):
        assert detect_language(title, "english!", ["en", "fr"]) == detect_language(title, None, ["en", "fr"])


def test_chooses_only_among_the_allowed_and_the_declared() -> None:
    assert detect_language(SENTENCES["de"], None, ["en", "fr"]).language in {"en", "fr"}
    assert detect_language(SENTENCES["de"], "de", ["en", "fr"]).language == "de"


@pytest.mark.parametrize(("allowed", "message"), [(["en", "xx"], "unknown language “xx”"), ([], "no languages")])
def test_refuses_languages_that_it_cannot_tell(allowed: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        detect_language(SENTENCES["en"], None, allowed)


def test_reads_no_more_than_the_cap() -> None:
    german = (SENTENCES["de"] + " ") * (TEXT_CAP // 20)
    alone = detect_language(german[:TEXT_CAP], None, DEFAULT_LANGUAGES)
    assert detect_language(german[:TEXT_CAP] + "the end " * 100_000, None, DEFAULT_LANGUAGES) == alone


def test_the_default_is_thirty_known_codes() -> None:
    assert len(set(DEFAULT_LANGUAGES)) == 30
    assert [declared_language(code) for code in DEFAULT_LANGUAGES] == list(DEFAULT_LANGUAGES)


def test_loading_and_detecting_warn_of_nothing() -> None:
    code = "from aggregator.analyze.language import *; print(detect_language('Guten Morgen, Welt', None, ['de', 'en']))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "'de'" in done.stdout


def test_importing_the_module_loads_no_model() -> None:
    code = "import sys, aggregator.analyze.language; sys.exit('py3langid' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None)
@given(text=ANY_TEXT, declared=st.none() | st.text(max_size=8))
def test_never_raises_and_scores_within_bounds(text: str, declared: str | None) -> None:
    guess = detect_language(text, declared, DEFAULT_LANGUAGES)
    assert 0.0 <= guess.score <= 1.0
    assert (guess.language is None) == (guess.score == 0.0)
