"""The packaged word lists are whole, balanced and free of dead weight, and know plain news of every topic."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import pytest

from aggregator.analyze.lexicon import SHORTEST_STEM, parse_term
from aggregator.analyze.topic import LexiconScorer, load_scorer
from aggregator.topics import TOPICS

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt")
FEWEST_TERMS = 65
MOST_TIMES_THE_POOREST = 6
"""A topic with far more terms than another wins by mass."""


def tables(language: str) -> dict[str, dict[str, list[str]]]:
    source = files("aggregator.analyze") / "lexicon" / f"{language}.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


def stems_of(term: str) -> list[str]:
    """The starred terms that would find `term` as well: all its shorter beginnings that reach into its last word."""
    shortest = max(SHORTEST_STEM, term.rfind(" ") + 2)
    return [term[:length] + "*" for length in range(shortest, len(term.removesuffix("*")) + (not term.endswith("*")))]


@cache
def scorer(language: str) -> LexiconScorer:
    found = load_scorer(language)
    assert found is not None
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_has_its_share_of_terms(language: str) -> None:
    sizes = {topic: sum(map(len, table.values())) for topic, table in tables(language).items()}
    assert sizes.keys() == TOPICS.keys()
    assert min(sizes.values()) >= FEWEST_TERMS
    assert max(sizes.values()) <= MOST_TIMES_THE_POOREST * min(sizes.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_only_repeats_a_stem_of_its_topic(language: str) -> None:
    """Next to "volcan*", a "volcano" finds nothing more."""
    for table in tables(language).values():
        words = {parse_term(term) for term in table["words"]}
        assert {word for word in words if any(stem in words for stem in stems_of(word))} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_term_stands_under_one_topic_unless_it_is_shared(language: str) -> None:
    words = [parse_term(term) for table in tables(language).values() for term in table["words"]]
    shared = [parse_term(term) for table in tables(language).values() for term in table.get("shared", ())]
    assert sorted(words) == sorted(set(words))
    assert set(words) & set(shared) == set()
    assert [term for term in shared if shared.count(term) == 1] == []


PLAIN = {
    "en": [
        ("Chip maker unveils faster processor for laptops", "science and technology"),
        ("Yankees beat Red Sox in extra innings", "sport"),
        ("Suicide bomber kills nine outside Baghdad barracks", "conflict, war and peace"),
        ("Browser flaw lets spyware slip past the firewall", "science and technology"),
        ("Oil hits record as stocks tumble on Wall Street", "economy, business and finance"),
        ("Senate Republicans delay vote on the president's nominee", "politics and government"),
        ("Train strike: rail union and employers meet again", "labour"),
        ("Apple pie and ten more desserts to bake this weekend", "lifestyle and leisure"),
        ("Star Wars sequel tops the box office", "arts, culture, entertainment and media"),
        ("What new moms wish their parents had told them", "society"),
        ("Five habits for better sleep and less stress", "health"),
    ],
    "de": [
        ("Videospiel verkauft sich besser als jede Konsole zuvor", "science and technology"),
        ("Mindestens zehn Tote bei Raketenangriff auf Kiew", "conflict, war and peace"),
        ("Dax schließt im Plus, Aktien von Autobauern gefragt", "economy, business and finance"),
        ("Bundesgerichtshof bestätigt Urteil gegen Betrüger", "crime, law and justice"),
        ("Zehn Rezepte für Kuchen und Torten", "lifestyle and leisure"),
    ],
    "fr": [
        ("Le cessez-le-feu ne tient pas : frappes sur Beyrouth", "conflict, war and peace"),
        ("La Bourse recule, le prix du pétrole grimpe", "economy, business and finance"),
        ("Le club champion s'impose en finale aux tirs au but", "sport"),
        ("Une faille du navigateur expose les mots de passe", "science and technology"),
        ("Recette de tarte aux légumes pour le dîner", "lifestyle and leisure"),
    ],
    "es": [
        ("Gol en el descuento y el equipo gana la copa", "sport"),
        ("El Ibex cae lastrado por los bancos y el petróleo", "economy, business and finance"),
        ("El Congreso aprueba la reforma pactada por el Gobierno", "politics and government"),
        ("Un terremoto deja decenas de heridos entre los escombros", "disaster, accident and emergency incident"),
        ("Un fallo del navegador deja contraseñas a los hackers", "science and technology"),
    ],
    "it": [
        ("Gol al novantesimo, la squadra vince lo scudetto", "sport"),
        ("Spari in centro, arrestati due uomini del clan mafioso", "crime, law and justice"),
        ("Sciopero dei sindacati per il contratto e i salari", "labour"),
        ("Allerta meteo: temporali e grandine in arrivo", "weather"),
        ("Smartphone e intelligenza artificiale: ecco i nuovi chip", "science and technology"),
    ],
    "pt": [
        ("Gol nos acréscimos dá a taça ao time do treinador", "sport"),
        ("Bolsa cai e dólar sobe com juros e inflação", "economy, business and finance"),
        ("Polícia prende suspeitos de homicídio e tráfico", "crime, law and justice"),
        ("Temporal com granizo e rajadas de vento na região", "weather"),
        ("Celular novo traz inteligência artificial e chip mais rápido", "science and technology"),
    ],
    "nl": [
        ("Doelpunt in blessuretijd: ploeg wint de beker", "sport"),
        ("AEX daalt, aandelen van banken onder druk", "economy, business and finance"),
        ("Tweede Kamer stemt over wetsvoorstel van het kabinet", "politics and government"),
        ("Vakbond kondigt staking aan om lonen en cao", "labour"),
        ("Hackers maken misbruik van lek in browser en software", "science and technology"),
    ],
}


@pytest.mark.parametrize(
    ("language", "headline", "topic"),
    [(language, headline, topic) for language, plain in PLAIN.items() for headline, topic in plain],
)
def test_knows_plain_headlines(language: str, headline: str, topic: str) -> None:
    assert scorer(language).guess(headline, "").topic == topic


MISLEADING = [
    ("en", "video game", "sport", "science and technology"),
    ("en", "trade war", "conflict, war and peace", "economy, business and finance"),
    ("en", "computer virus", "health", "science and technology"),
    ("en", "air strike", "labour", "conflict, war and peace"),
    ("en", "labour market", "politics and government", "labour"),
    ("en", "miami heat", "weather", "sport"),
    ("de", "schulden", "education", "economy, business and finance"),
    ("de", "schulterverletzung", "education", "sport"),
    ("es", "esa casa", "science and technology", None),
    ("it", "nell'anno dell'uomo nato", "conflict, war and peace", None),
]


@pytest.mark.parametrize(("language", "text", "not_this", "topic"), MISLEADING)
def test_a_longer_term_keeps_a_shorter_one_from_misfiring(
    language: str, text: str, not_this: str, topic: str | None
) -> None:
    guess = scorer(language).guess("", text)
    assert guess.topic == topic
    assert guess.scores[not_this] == min(guess.scores.values())
