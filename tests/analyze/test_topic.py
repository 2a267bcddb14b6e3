"""The lexicons hold together, and the scorer reads, weighs and doubts as its docstring says."""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.analyze.lexicon import (
    SHORTEST_STEM,
    Lexicon,
    compile_lexicon,
    load_lexicon,
    parse_lexicon,
    parse_term,
    topic_among,
)
from aggregator.analyze.topic import (
    HEADLINE_MENTIONS,
    LexiconScorer,
    TopicGuess,
    category_evidence,
    guess_from_evidence,
    load_scorer,
)
from aggregator.analyze.words import TEXT_CAP, words_of
from aggregator.topics import TOPICS

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
ANY_TEXT = st.text(st.characters(codec=None), max_size=300)
TOLERANCE = 1e-9


def lexicon_text(language: str) -> str:
    return (files("aggregator.analyze") / "lexicon" / f"{language}.toml").read_text(encoding="utf-8")


def packaged(language: str = "en") -> LexiconScorer:
    scorer = load_scorer(language)
    assert scorer is not None
    return scorer


def scorer_of(folder: Path, text: str) -> LexiconScorer:
    """The scorer of a user's English lexicon with this text."""
    (folder / "en.toml").write_text(text, encoding="utf-8")
    scorer = load_scorer("en", folder)
    assert scorer is not None
    return scorer


# --- the packaged lexicons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_has_at_least_thirty_terms(language: str) -> None:
    lexicon = parse_lexicon(lexicon_text(language))
    assert set(lexicon) == set(TOPICS)
    assert {topic: len(terms) for topic, terms in lexicon.items() if len(terms) < 30} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_term_of_several_topics_is_marked_as_shared(language: str) -> None:
    listed = tomllib.loads(lexicon_text(language))
    words = Counter(parse_term(term) for table in listed.values() for term in table["words"])
    shared = Counter(parse_term(term) for table in listed.values() for term in table.get("shared", []))
    assert [term for term, count in words.items() if count > 1] == []
    assert [term for term, count in shared.items() if count < 2] == []
    assert words.keys() & shared.keys() == set()


HEADLINES = [
    ("en", "Central bank raises interest rates as inflation climbs", "economy, business and finance"),
    ("en", "Striker scores hat-trick to send champions into semi-final", "sport"),
    ("en", "Heavy rain and strong winds forecast, says Met Office", "weather"),
    ("de", "Bundestag streitet über Gesetzentwurf der Bundesregierung", "politics and government"),
    ("de", "Warnstreik bei der Bahn: Gewerkschaft fordert höhere Löhne", "labour"),
    ("fr", "Un séisme de magnitude 6 fait des morts et blessés", "disaster, accident and emergency incident"),
    ("fr", "Le pape appelle les catholiques à la prière", "religion"),
    ("es", "La fiscalía pide prisión para el acusado del asesinato", "crime, law and justice"),
    ("it", "Vaccino contro il morbillo: i medici invitano i pazienti", "health"),
    ("pt", "Desmatamento na Amazônia cai, mas emissões de CO2 sobem", "environment"),
    ("nl", "Leraren waarschuwen voor lerarentekort op basisscholen", "education"),
]


@pytest.mark.parametrize(("language", "headline", "topic"), HEADLINES)
def test_knows_plain_headlines(language: str, headline: str, topic: str) -> None:
    guess = packaged(language).guess(headline, "")
    assert guess.topic == topic
    assert guess.score > 0.5


# --- the notation --------------------------------------------------------------------------------------------------

NOTATION = """
[weather]
words = ["Volcan*", "cease-fire", "heat wave*", "bank*"]
[sport]
words = ["wave", "bank holiday cup"]
"""


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        *[("volcan", "weather"), ("VOLCANIC", "weather"), ("a vulcan", None), ("supervolcano", None)],
        *[("cease fire", "weather"), ("cease\n\tfire", "weather"), ("Cease-Fire!", "weather"), ("ceasefire", None)],
        *[("heat waves", "weather"), ("heat the wave", "sport"), ("wave heat", "sport"), ("waves", None)],
        *[("bank holiday", "weather"), ("bank holiday cup", "sport"), ("cup", None), ("", None)],
    ],
)
def test_notation(tmp_path: Path, text: str, topic: str | None) -> None:
    scorer = scorer_of(tmp_path, NOTATION)
    assert scorer.guess("", text).topic == topic
    assert scorer.guess(text, "").topic == topic


def test_a_stem_reaches_no_further_than_its_word(tmp_path: Path) -> None:
    scores = scorer_of(tmp_path, NOTATION).guess("", "banking wave").scores
    assert scores["weather"] == scores["sport"] > scores["health"]
    scores = scorer_of(tmp_path, NOTATION).guess("", "bank wave").scores
    assert scores["weather"] == scores["sport"] > scores["health"]


def test_a_decomposed_accent_is_the_same_letter() -> None:
    assert packaged("fr").guess("le se\u0301isme", "") == packaged("fr").guess("le séisme", "")


@pytest.mark.parametrize("term", ["", " ", "*", "a*", "ab*", "a*b", "*ball", "two** stars", "one two three four five"])
def test_a_term_that_cannot_be_matched_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="term “"):
        parse_term(term)


# --- the weights ---------------------------------------------------------------------------------------------------

TWO_TOPICS = """
[sport]
words = ["goal", "free kick"]
shared = ["club"]
[education]
words = ["pupil"]
shared = ["club"]
"""


def test_the_headline_beats_the_body(tmp_path: Path) -> None:
    scorer = scorer_of(tmp_path, TWO_TOPICS)
    assert scorer.guess("goal", "pupil").topic == "sport"
    assert scorer.guess("pupil", "goal").topic == "education"


def test_variety_beats_repetition_and_a_phrase_beats_a_word(tmp_path: Path) -> None:
    scorer = scorer_of(tmp_path, TWO_TOPICS)
    repeated = scorer.guess("", "goal goal goal").score
    assert scorer.guess("", "goal").score < repeated < scorer.guess("", "goal free kick").score
    assert scorer.guess("", "pupil free kick").topic == "sport"


def test_a_shared_term_speaks_for_each_in_part(tmp_path: Path) -> None:
    scorer = scorer_of(tmp_path, TWO_TOPICS)
    shared, own = scorer.guess("", "club").scores, scorer.guess("", "goal").scores
    assert shared["sport"] == shared["education"]
    assert scorer.evidence("", "club") == {"sport": 0.5, "education": 0.5}
    assert shared["sport"] < own["sport"]


def test_silence_is_no_topic() -> None:
    for text in ("", "Xylo qwert zzz", "12 34 — !"):
        assert packaged().guess(text, text) == TopicGuess(None, 0.0, dict.fromkeys(TOPICS, 0.0))


def test_one_weak_hit_is_doubtful_and_many_are_nearly_sure() -> None:
    weak = packaged().guess("", "It happened near the stadium.")
    strong = packaged().guess(
        "Striker scores hat-trick in cup final", "The goalkeeper saw a red card before half-time, the coach said."
    )
    assert weak.topic == strong.topic == "sport"
    assert weak.score < 0.4
    assert strong.score > 0.95


def test_contradicting_hits_share_the_score(tmp_path: Path) -> None:
    guess = scorer_of(tmp_path, TWO_TOPICS).guess("goal pupil", "")
    assert guess.scores["sport"] == pytest.approx(guess.scores["education"])
    assert guess.score < 0.5


# --- the feed's category -------------------------------------------------------------------------------------------


def test_the_category_decides_where_the_text_is_silent() -> None:
    guess = packaged().guess("Xylo qwert", "", prior_topic="weather")
    assert guess.topic == "weather"
    assert 0.7 < guess.score < 0.8
    assert guess_from_evidence({}, "weather") == guess


def test_the_category_tips_the_scale_but_clear_text_overrules_it() -> None:
    tie, clear = "A goal for the school", "Central bank raises interest rates as inflation climbs"
    assert packaged().guess("", tie, prior_topic="education").topic == "education"
    assert packaged().guess("", tie, prior_topic="sport").topic == "sport"
    assert packaged().guess(clear, clear, prior_topic="sport").topic == "economy, business and finance"


def test_a_category_that_is_no_topic_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown topic “sprot”: did you mean “sport”"):
        packaged().guess("goal", "", prior_topic="sprot")


# --- the same answers as looking each word up slowly -----------------------------------------------------------------


def reference_lookup(lexicon: Lexicon, phrase: str) -> str | None:
    """The term that `phrase` is, or that of the longest stem which reaches into its last word."""
    if phrase in lexicon.terms:
        return phrase
    shortest = max(SHORTEST_STEM, phrase.rfind(" ") + 2)
    stems = (f"{phrase[:end]}*" for end in range(len(phrase), shortest - 1, -1))
    return next((stem for stem in stems if stem in lexicon.terms), None)


def reference_terms(lexicon: Lexicon, words: Sequence[str]) -> list[str]:
    found, at = [], 0
    while at < len(words):
        keys = {
            n: reference_lookup(lexicon, " ".join(words[at : at + n])) for n in (4, 3, 2, 1) if at + n <= len(words)
        }
        length = next((n for n, key in keys.items() if key is not None), 1)
        found += [keys[length]] if keys[length] is not None else []
        at += length
    return [key for key in found if key is not None]


def reference_evidence(lexicon: Lexicon, title: str, text: str) -> dict[str, float]:
    mentions = Counter(reference_terms(lexicon, words_of(text)))
    for key in reference_terms(lexicon, words_of(title)):
        mentions[key] += HEADLINE_MENTIONS
    evidence: dict[str, float] = {}
    for key, count in mentions.items():
        for topic in lexicon.terms[key].topics:
            evidence[topic] = evidence.get(topic, 0.0) + lexicon.terms[key].weight * math.log2(1 + count)
    return evidence


FEW_WORDS = ["one", "ones", "two", "twofold", "three", "threes", "a"]
SMALL_TERMS = st.lists(st.sampled_from(FEW_WORDS), min_size=1, max_size=4).map(" ".join)
STARRED_TERMS = SMALL_TERMS.filter(lambda term: len(term) >= SHORTEST_STEM).map(lambda term: term + "*")
SMALL_TEXTS = st.lists(st.sampled_from([*FEW_WORDS, "onerous", "threesome", "other"]), max_size=12).map(" ".join)


@settings(deadline=None)
@given(terms=st.lists(SMALL_TERMS | STARRED_TERMS, max_size=8, unique=True), title=SMALL_TEXTS, text=SMALL_TEXTS)
def test_overlapping_terms_are_found_as_by_trying_each(terms: list[str], title: str, text: str) -> None:
    lexicon = compile_lexicon({"sport": terms[::2], "weather": terms[1::2]})
    scorer = LexiconScorer(lexicon)
    expected = reference_evidence(lexicon, title, text)
    assert scorer.evidence(title, text) == pytest.approx(expected)
    assert scorer.evidence(title, text) == pytest.approx(expected), "what is remembered gives the same answer"


def test_real_words_are_found_as_by_trying_each() -> None:
    lexicon = packaged().lexicon
    listed = [key.removesuffix("*") + ending for key in lexicon.terms for ending in ("", "s", " the")]
    for at in range(0, len(listed), 200):
        text = " ".join(listed[at : at + 200])
        assert packaged().evidence("", text) == pytest.approx(reference_evidence(lexicon, "", text))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.analyze.topic.MOST_WORDS_KEPT", 10)
    lexicon = packaged().lexicon
    scorer = LexiconScorer(lexicon)
    for word in range(30):
        text = f"interest rate{word} inflation word{word} {'x' * 100}{word}"
        assert scorer.evidence("", text) == pytest.approx(reference_evidence(lexicon, "", text))
    assert len(scorer._meanings) <= 10
    assert max(map(len, scorer._meanings)) < 100


PLAIN_WORD = re.compile(r"[^\W_]+")


@settings(deadline=None)
@given(text=ANY_TEXT | st.text(st.characters(max_codepoint=0x17F) | st.sampled_from("’“–…ßµ\u0301"), max_size=60))
def test_words_are_those_of_the_plain_rule(text: str) -> None:
    assert words_of(text) == PLAIN_WORD.findall(unicodedata.normalize("NFC", text).casefold())


def test_every_latin_character_is_read_by_the_plain_rule() -> None:
    for char in map(chr, range(256)):
        text = f"a{char}b {char} C"
        assert words_of(text) == PLAIN_WORD.findall(text.casefold()), hex(ord(char))


# --- the user's own topics -------------------------------------------------------------------------------------------

OWN_TOPICS = ("Chess", "sport")


def test_own_topics_take_the_tables_that_fit_and_leave_the_others(tmp_path: Path) -> None:
    packaged_sport = load_scorer("en", None, OWN_TOPICS)
    assert packaged_sport is not None
    guess = packaged_sport.guess("Striker scores hat-trick as inflation climbs", "")
    assert guess.topic == "sport"
    assert set(guess.scores) == set(OWN_TOPICS)
    assert load_scorer("en", None, ("Chess",)) is None
    (tmp_path / "en.toml").write_text('[chess]\nwords = ["rook"]\n', encoding="utf-8")
    own = load_scorer("en", tmp_path, OWN_TOPICS)
    assert own is not None
    assert own.guess("A rook", "").topic == "Chess"


def test_a_table_of_another_topic_in_the_users_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[health]\nwords = ["rook"]\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.toml: unknown topic “health”: the topics are: Chess; sport"):
        load_lexicon("en", tmp_path, OWN_TOPICS)


@pytest.mark.parametrize(
    ("text", "topic"), [("chess", "Chess"), (" SPORT ", "sport"), ("15000000", "sport"), ("medtop:15000000", "sport")]
)
def test_a_topic_is_named_in_any_case_or_by_its_code(text: str, topic: str) -> None:
    assert topic_among(text, OWN_TOPICS) == topic


@pytest.mark.parametrize(("text", "hint"), [("ches", "did you mean “Chess”"), ("07000000", "the topics are: Chess")])
def test_what_is_no_topic_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        topic_among(text, OWN_TOPICS)


def test_a_weak_label_is_worth_about_three_quarters_of_any_number_of_topics() -> None:
    for count in (2, 3, 17, 100):
        topics = tuple(f"topic {number}" for number in range(count))
        assert 0.6 < guess_from_evidence({}, "topic 1", topics).score < 0.9
        assert category_evidence(count) > 0


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["xx", "", "EN", "en-GB", "../en", "english", "e"])
def test_no_lexicon_is_no_scorer(language: str, tmp_path: Path) -> None:
    assert load_scorer(language) is None
    assert load_scorer(language, tmp_path) is None


def test_a_language_cannot_name_a_file_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "lexicons").mkdir()
    (tmp_path / "en.toml").write_text('[sport]\nwords = ["gol"]\n', encoding="utf-8")
    assert load_scorer("../en", tmp_path / "lexicons") is None


def test_the_users_file_replaces_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "tr.toml").write_text('[sport]\nwords = ["gol"]\n', encoding="utf-8")
    turkish = load_scorer("tr", tmp_path)
    assert turkish is not None
    assert turkish.guess("Gol!", "").topic == "sport"
    assert load_scorer("de", tmp_path) == packaged("de")
    assert scorer_of(tmp_path, "").guess("inflation", "").topic is None


def test_is_loaded_once() -> None:
    assert load_scorer("en") is load_scorer("en")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sprot]\nwords = ["goal"]', "unknown topic “sprot”: did you mean “sport”"),
        ('[sport]\nword = ["goal"]', "[sport] unknown key “word”"),
        ('[sport]\nwords = "goal"', "[sport] words must be a list of strings"),
        ("[sport]\nwords = [1]", "[sport] words must be a list of strings"),
        ('[sport]\nwords = ["g*l"]', "[sport] term “g*l”: a * may only stand at the end"),
        ("sport = 1", '“sport” must be a table: a line ["sport"], and below it words = '),
        ('[sport]\nwords = []\n["15000000"]\nwords = []', "[15000000] is the second table of the topic “sport”"),
        ("[sport", "Expected ']'"),
    ],
)
def test_a_malformed_file_names_itself_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
        scorer_of(tmp_path, text)
    assert str(tmp_path / "en.toml") in str(caught.value)
    assert message in str(caught.value)


def test_a_file_that_is_not_utf8_names_itself(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_bytes(b'[sport]\nwords = ["\xff"]')
    with pytest.raises(ValueError, match=r"en\.toml is not UTF-8 text"):
        load_scorer("en", tmp_path)


# --- bounds --------------------------------------------------------------------------------------------------------


def test_a_megabyte_is_read_no_further_than_the_cap() -> None:
    megabyte = "x " * 500_000
    assert len(words_of(megabyte)) == TEXT_CAP // 2
    assert packaged().guess(megabyte + "inflation", megabyte + "inflation").topic is None
    assert packaged().guess("inflation " + megabyte, "") == packaged().guess("inflation", "")


@settings(deadline=None)
@given(title=ANY_TEXT, body=ANY_TEXT, prior=st.none() | st.sampled_from(sorted(TOPICS)))
def test_any_text_gives_scores_within_bounds(title: str, body: str, prior: str | None) -> None:
    check_bounds(packaged().guess(title, body, prior))


@settings(deadline=None)
@given(terms=st.lists(st.sampled_from(sorted(packaged().lexicon.terms)), max_size=80))
def test_any_mix_of_terms_gives_scores_within_bounds(terms: list[str]) -> None:
    check_bounds(packaged().guess(" ".join(terms), " ".join(terms)))


def check_bounds(guess: TopicGuess) -> None:
    assert set(guess.scores) == set(TOPICS)
    assert all(0.0 <= score <= 1.0 for score in guess.scores.values())
    assert 0.0 <= guess.score <= 1.0
    if guess.topic is None:
        assert guess.score == sum(guess.scores.values()) == 0.0
    else:
        assert guess.score == guess.scores[guess.topic] == max(guess.scores.values())
        assert abs(sum(guess.scores.values()) - 1.0) < TOLERANCE
