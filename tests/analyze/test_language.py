"""The feed's word about its language stands, unless the text clearly speaks another; the detector is py3langid's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from aggregator.analyze import language
from aggregator.analyze.language import (
    DECLARED_SCORE,
    KNOWN_LANGUAGES,
    OVERRULING_SCORE,
    TEXT_CAP,
    LanguageGuess,
    declared_language,
    detect_languages,
    prepare_languages,
    require_known,
)
from aggregator.analyze.language_model import LanguageModel, UnusableLanguageModelError, load_language_model
from aggregator.config import DEFAULT_LANGUAGES
from aggregator.errors import StorageError

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


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The arranged model: made once for all processes of a parallel run."""
    folder = tmp_path_factory.getbasetemp()
    return prepare_languages(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(scope="session")
def model(prepared: Path) -> LanguageModel:
    return load_language_model(prepared)


class Detector:
    """`detect_languages` for one text."""

    def __init__(self, prepared: Path) -> None:
        self.prepared = str(prepared)

    def __call__(
        self, text: str, declared: str | None = None, allowed: Sequence[str] = DEFAULT_LANGUAGES
    ) -> LanguageGuess:
        return detect_languages([text], [declared], allowed, self.prepared)[0]


@pytest.fixture(scope="session")
def detect(prepared: Path) -> Detector:
    return Detector(prepared)


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_knows_a_sentence_of_each_language(detect: Detector, language: str, sentence: str) -> None:
    guess = detect(sentence)
    assert guess.language == language
    assert guess.score >= OVERRULING_SCORE


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_a_clear_text_overrules_the_feed(detect: Detector, language: str, sentence: str) -> None:
    assert detect(sentence, "sv").language == language


@pytest.mark.parametrize("title", ["Brexit", "OK Computer", "US GDP up 3%"])
def test_the_declared_language_stands_where_the_text_is_unclear(detect: Detector, title: str) -> None:
    undeclared = detect(title)
    assert undeclared.score < OVERRULING_SCORE
    assert detect(title, "de-AT") == LanguageGuess("de", DECLARED_SCORE)


@pytest.mark.parametrize("text", ["", "   ", "12:30", "42 %", "—", "ab", "1a2b3"])
def test_too_few_letters_are_not_judged(detect: Detector, text: str) -> None:
    assert detect(text, "fr") == LanguageGuess("fr", DECLARED_SCORE)
    assert detect(text) == LanguageGuess(None, 0.0)


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


def test_garbage_declared_changes_nothing(detect: Detector) -> None:
    for title in ("Brexit", SENTENCES["fr"]):
        assert detect(title, "english!", ["en", "fr"]) == detect(title, None, ["en", "fr"])


def test_chooses_only_among_the_allowed_and_the_declared(detect: Detector) -> None:
    assert detect(SENTENCES["de"], None, ["en", "fr"]).language in {"en", "fr"}
    assert detect(SENTENCES["de"], "de", ["en", "fr"]).language == "de"


@pytest.mark.parametrize(("allowed", "message"), [(["en", "xx"], "unknown language “xx”"), ([], "no languages")])
def test_refuses_languages_that_it_cannot_tell(detect: Detector, allowed: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        detect(SENTENCES["en"], None, allowed)
    with pytest.raises(ValueError, match=message):
        require_known(allowed)


def test_reads_no_more_than_the_cap(detect: Detector) -> None:
    german = (SENTENCES["de"] + " ") * (TEXT_CAP // 20)
    alone = detect(german[:TEXT_CAP])
    assert detect(german[:TEXT_CAP] + "the end " * 100_000) == alone


def test_the_default_is_thirty_known_codes() -> None:
    assert len(set(DEFAULT_LANGUAGES)) == 30
    assert [declared_language(code) for code in DEFAULT_LANGUAGES] == list(DEFAULT_LANGUAGES)


def test_a_batch_gives_each_text_what_it_gets_alone(detect: Detector, prepared: Path) -> None:
    texts = [*SENTENCES.values(), "", "Brexit", *SENTENCES.values()]
    declared = [None, "sv", "cy", "sr", "zz", "de-AT", None, "fr", "en"] + [None] * (len(texts) - 9)
    together = detect_languages(texts, declared, DEFAULT_LANGUAGES, str(prepared))
    alone = [detect(text, tag) for text, tag in zip(texts, declared, strict=True)]
    assert [one.language for one in together] == [one.language for one in alone]
    assert [one.score for one in together] == pytest.approx([one.score for one in alone], abs=1e-5)
    assert detect_languages([], [], DEFAULT_LANGUAGES, str(prepared)) == []


# --- the arranged model ----------------------------------------------------------------------------------------------

SCRIPTS = [
    *("Пожарные всё ещё ищут выживших после оползня.", "Ватрогасци трагају за преживелима.", "Vatrogasci tragaju."),
    *(
        "救助隊は土砂崩れの生存者を捜している。",
        "消防员仍在寻找幸存者",
        "소방관들은 생존자를 찾고 있다",
        "ما زال رجال الإطفاء يبحثون",
    ),
    *("Οι πυροσβέστες αναζητούν επιζώντες", "HELLO WORLD", "e\u0301te\u0301", "qqqq", "\ud800abc", "a b c", "—"),
]


def test_gives_the_answers_of_py3langid(model: LanguageModel) -> None:
    original = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    assert set(model.labels) == KNOWN_LANGUAGES == set(original.labels) - {"zxx"}
    languages = (*DEFAULT_LANGUAGES, "sr")
    texts = [*SENTENCES.values(), *SCRIPTS, " ".join(SCRIPTS) * 2]
    also = [None, "cy"] * len(texts)
    shares = model.score(texts, languages, also[: len(texts)])
    for text, own, row in zip(texts, also, shares, strict=False):
        with np.errstate(all="ignore"):
            original.set_languages(sorted({*languages, *([own] if own else [])}))
            expected = dict(original.rank(text))
        found = dict(zip([*languages, own], row.tolist(), strict=True))
        assert {code: found[code] for code in expected} == pytest.approx(expected, abs=0.002), text


def test_many_bytes_are_scored_in_parts(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*SENTENCES.values(), *SCRIPTS, *SENTENCES.values()]
    at_once = model.score(texts, DEFAULT_LANGUAGES, [None] * len(texts))
    monkeypatch.setattr("aggregator.analyze.language_model.BATCH_BYTES", 150)
    assert np.allclose(model.score(texts, DEFAULT_LANGUAGES, [None] * len(texts)), at_once, atol=1e-5)
    with pytest.raises(KeyError):
        model.score(["text"], ("xx",), [None])


def test_a_sound_file_is_left_alone_and_a_damaged_one_made_anew(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / prepared.name
    shutil.copy(prepared, path)
    monkeypatch.setattr(language, "arrange", lambda: dict(np.load(prepared)))
    before = path.stat().st_ino
    assert prepare_languages(tmp_path) == path
    assert path.stat().st_ino == before
    for damaged in (b"", prepared.read_bytes()[: 1 << 20], flipped(prepared)):
        path.write_bytes(damaged)
        prepare_languages(tmp_path)
        assert zipfile.ZipFile(path).testzip() is None
    assert list(tmp_path.iterdir()) == [path]


def flipped(prepared: Path) -> bytes:
    """The file with one byte of the weights of English changed."""
    content = bytearray(prepared.read_bytes())
    content[content.index(b"weights en.npy") + 5_000] ^= 0xFF
    return bytes(content)


def test_a_worker_with_a_damaged_file_makes_its_own(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_built", lambda: load_language_model(prepared))
    contents = {"none": None, "empty": b"", "cut": prepared.read_bytes()[:99], "flipped": flipped(prepared)}
    for name, content in contents.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        guess = detect_languages([SENTENCES["de"]], [None], ["en", "de"], str(path))[0]
        assert guess.language == "de", name
        with pytest.raises(UnusableLanguageModelError):
            load_language_model(path).score(["text"], ("en",), [None])


def test_a_folder_that_cannot_be_written_to_is_a_matter_of_storage(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "arrange", lambda: dict(np.load(prepared)))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        prepare_languages(tmp_path / "file")


def test_a_prepared_worker_warns_of_nothing_and_needs_no_py3langid(prepared: Path) -> None:
    code = f"""if True:
        import sys
        from aggregator.analyze.language import detect_languages
        print(detect_languages(['Guten Morgen, Welt'], [None], ['de', 'en'], {str(prepared)!r})[0].language)
        print('py3langid' in sys.modules)
    """
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout.split()) == (0, "", ["de", "False"])


@settings(deadline=None)
@given(text=ANY_TEXT, declared=st.none() | st.text(max_size=8))
def test_never_raises_and_scores_within_bounds(detect: Detector, text: str, declared: str | None) -> None:
    guess = detect(text, declared)
    assert 0.0 <= guess.score <= 1.0
    assert (guess.language is None) == (guess.score == 0.0)
