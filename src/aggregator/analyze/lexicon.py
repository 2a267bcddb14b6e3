"""Word lists: read, checked and compiled for look-up.

    <language>.toml → load_lexicon → Lexicon

A list is a TOML file with one table per topic and two lists in it:

    ["economy, business and finance"]
    words = ["inflation", "interest rate*"]     # they speak for this topic alone
    shared = ["pharmaceutical*"]                # listed under several topics on purpose: each gets its share

A term is one to four words. Case does not matter, and whatever is neither letter nor digit (space, hyphen,
apostrophe) separates words, in the list as in the text: "cease-fire" also finds "cease fire". A `*` at the end
stands for any ending or none: "volcan*" finds "volcano" and "volcanic".
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from aggregator.analyze.words import words_of
from aggregator.topics import TOPICS, nearest_topic, topic_name

LONGEST_PHRASE = 4
"""The most words that a term may have."""

SHORTEST_STEM = 3
"""The fewest characters before a `*`: less would match half the language."""

PHRASE_BONUS = 0.5
"""What each word after the first adds to a term's weight: a phrase is less often a coincidence."""

ALL_TOPICS = tuple(TOPICS)
"""The topics where the user names none."""

_HEADING = re.compile(r'^\["?([^"\]]+)"?\]', re.MULTILINE)
_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
_LISTS = ("words", "shared")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a word list: the topics it speaks for, and how much for each."""

    topics: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """A term of several words, as the words after its first: `middle` word for word, then `last` or its stem."""

    key: str
    middle: tuple[str, ...]
    last: str
    is_stem: bool

    @property
    def length(self) -> int:
        """How many words it has."""
        return len(self.middle) + 2

    @property
    def second(self) -> str:
        """What stands in its second place, with a `*` at the end if that is a stem."""
        return self.middle[0] if self.middle else self.last + "*" * self.is_stem

    def may_go_on_with(self, word: str) -> bool:
        """Tell whether `word` may be its second word."""
        return word == self.middle[0] if self.middle else self._ends_with(word)

    def stands_at(self, words: Sequence[str], at: int) -> bool:
        """Tell whether it goes on in `words` after its first word, which stands at `at`."""
        last_at = at + len(self.middle) + 1
        if last_at >= len(words) or not self._ends_with(words[last_at]):
            return False
        return not self.middle or self.middle == tuple(words[at + 1 : last_at])

    def _ends_with(self, word: str) -> bool:
        return word.startswith(self.last) if self.is_stem else word == self.last


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The word list of one language, compiled for look-up.

    `terms` is keyed by normalised text, the `*` kept. `phrases` gives for a first word the terms of several words that
    begin with it, in the order in which they are to be tried: the longest first, word for word before stems. `stems`
    are the starred terms of one word without their star, `longest_stem` is the longest's length.
    """

    terms: Mapping[str, Term]
    phrases: Mapping[str, tuple[Phrase, ...]]
    stems: frozenset[str]
    longest_stem: int

    def term_of_word(self, word: str) -> str | None:
        """Return the key of the term that the single word `word` is, or of the longest stem that it begins with."""
        if word in self.terms:
            return word
        for length in range(min(len(word), self.longest_stem), SHORTEST_STEM - 1, -1):
            if word[:length] in self.stems:
                return word[:length] + "*"
        return None


def load_lexicon(language: str, folder: Path | None = None, topics: Sequence[str] = ALL_TOPICS) -> Lexicon | None:
    """Load the word list for an ISO 639 code, or return None where there is none that speaks for any of `topics`.

    A file `<language>.toml` in the user's `folder` replaces the packaged one, and every table of it must be one of
    `topics`. Of the packaged one, the tables of other topics are left out.

    Raises:
        ValueError: the file is malformed; the message names the file and the key.
    """
    own, source = _lexicon_file(language, folder)
    if source is None:
        return None
    try:
        tables = parse_lexicon(source.read_text(encoding="utf-8"), topics if own else ALL_TOPICS)
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not UTF-8 text; save it so") from error
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    wanted = {topic: terms for topic, terms in tables.items() if topic in topics}
    return compile_lexicon(wanted) if own or wanted else None


def has_lexicon(language: str, folder: Path | None, topics: Sequence[str]) -> bool:
    """Tell whether `load_lexicon` would find one. The user's is read for it, of a packaged one only the headings.

    Whoever starts a run asks this of every language, and counts no words.

    Raises:
        ValueError: the user's file is malformed; the message names the file and the key.
    """
    own, source = _lexicon_file(language, folder)
    if own or source is None:
        return load_lexicon(language, folder, topics) is not None
    return not set(topics).isdisjoint(_HEADING.findall(source.read_text(encoding="utf-8")))


def topics_with_words(language: str, folder: Path | None, topics: Sequence[str]) -> frozenset[str]:
    """Return those of `topics` for which the word list of `language` has any words.

    Raises:
        ValueError: the user's file is malformed; the message names the file and the key.
    """
    lexicon = load_lexicon(language, folder, topics)
    return frozenset(topic for term in lexicon.terms.values() for topic in term.topics) if lexicon else frozenset()


def lexicon_bytes(language: str, folder: Path | None = None) -> bytes | None:
    """Return the file that `load_lexicon` reads for `language`, as it is, or None where there is none."""
    _, source = _lexicon_file(language, folder)
    return source.read_bytes() if source else None


def is_language_code(text: str) -> bool:
    """Tell whether a word list may be named so."""
    return _LANGUAGE_CODE.fullmatch(text) is not None


def _lexicon_file(language: str, folder: Path | None) -> tuple[bool, Traversable | None]:
    # The check also keeps a declared language such as "../x" from naming a path.
    if not is_language_code(language):
        return False, None
    if folder is not None and (folder / f"{language}.toml").is_file():
        return True, folder / f"{language}.toml"
    packaged = files("aggregator.analyze") / "lexicon" / f"{language}.toml"
    return False, packaged if packaged.is_file() else None


def topic_among(text: str, topics: Iterable[str]) -> str:
    """Return the one of `topics` that `text` names: in any case, or by its IPTC code.

    Raises:
        ValueError: `text` is none of them; the message offers the nearest.
    """
    known = {topic.casefold(): topic for topic in topics}
    wanted = text.strip().casefold()
    if wanted in known:
        return known[wanted]
    try:
        name = topic_name(text)
    except ValueError:
        if known.keys() == TOPICS.keys():
            raise
    else:
        if name in known:
            return known[name]
    near = nearest_topic(text, known)
    hint = f"did you mean “{near}”?" if near else "the topics are: " + "; ".join(known.values())
    raise ValueError(f"unknown topic “{text}”: {hint}")


# --- reading -------------------------------------------------------------------------------------------------------


def parse_lexicon(text: str, topics: Sequence[str] = ALL_TOPICS) -> dict[str, tuple[str, ...]]:
    """Read the text of a word list: for each topic its terms, normalised, each once.

    Raises:
        ValueError: not TOML, a table that is none of `topics` or repeats one, an unknown key, a term that cannot be
            matched.
    """
    lexicon: dict[str, tuple[str, ...]] = {}
    for key, table in tomllib.loads(text).items():
        topic = topic_among(key, topics)
        if topic in lexicon:
            raise ValueError(f"[{key}] is the second table of the topic “{topic}”")
        lexicon[topic] = _parse_topic(key, table)
    return lexicon


def _parse_topic(topic: str, table: Any) -> tuple[str, ...]:
    if not isinstance(table, dict):
        raise ValueError(  # noqa: TRY004 - a fault of the file, not of the caller
            f'“{topic}” must be a table: a line ["{topic}"], and below it words = ["one", "another"]'
        )
    unknown = sorted(set(table) - set(_LISTS))
    if unknown:
        raise ValueError(f"[{topic}] unknown key “{unknown[0]}”, known are {' and '.join(_LISTS)}")
    terms: dict[str, None] = {}
    for key, listed in table.items():
        if not isinstance(listed, list) or not all(isinstance(term, str) for term in listed):
            raise ValueError(f"[{topic}] {key} must be a list of strings")
        terms.update(dict.fromkeys(_parse_listed(topic, term) for term in listed))
    return tuple(terms)


def _parse_listed(topic: str, term: str) -> str:
    try:
        return parse_term(term)
    except ValueError as error:
        raise ValueError(f"[{topic}] {error}") from error


def parse_term(text: str) -> str:
    """Normalise a term: its words case-folded with single spaces between, and the final `*` if it has one.

    Raises:
        ValueError: no word, too many words, a `*` elsewhere than at the end, or too little before it.
    """
    body = text.strip()
    star = "*" if body.endswith("*") else ""
    words = words_of(body)
    if not 1 <= len(words) <= LONGEST_PHRASE:
        raise ValueError(f"term “{text}” must have 1 to {LONGEST_PHRASE} words")
    if body.count("*") != len(star):
        raise ValueError(f"term “{text}”: a * may only stand at the end")
    phrase = " ".join(words)
    if star and len(phrase) < SHORTEST_STEM:
        raise ValueError(f"term “{text}”: at least {SHORTEST_STEM} characters must stand before the *")
    return phrase + star


# --- compiling -----------------------------------------------------------------------------------------------------


def compile_lexicon(lexicon: Mapping[str, Sequence[str]]) -> Lexicon:
    """Arrange the terms of each topic, as `parse_lexicon` gives them, for look-up."""
    topics_by_term: defaultdict[str, list[str]] = defaultdict(list)
    for topic, keys in lexicon.items():
        for key in keys:
            topics_by_term[key].append(topic)
    phrases: defaultdict[str, list[Phrase]] = defaultdict(list)
    for key in topics_by_term:
        first, *rest = key.removesuffix("*").split(" ")
        if rest:
            phrases[first].append(Phrase(key, tuple(rest[:-1]), rest[-1], key.endswith("*")))
    stems = frozenset(key[:-1] for key in topics_by_term if key.endswith("*") and " " not in key)
    return Lexicon(
        terms={key: _weighted(key, topics) for key, topics in topics_by_term.items()},
        phrases={first: tuple(sorted(found, key=_order)) for first, found in phrases.items()},
        stems=stems,
        longest_stem=max(map(len, stems), default=0),
    )


def _weighted(key: str, topics: Sequence[str]) -> Term:
    weight = 1 + PHRASE_BONUS * key.count(" ")
    return Term(tuple(topics), weight / len(topics))


def _order(phrase: Phrase) -> tuple[int, bool, int, str]:
    return -phrase.length, phrase.is_stem, -len(phrase.last), phrase.key
