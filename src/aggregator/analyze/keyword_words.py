"""Texts cut into the words that keywords are made of: what stands for something, and how it joins the word before it.

    text → read_words → [Word(key, form, place, link, case), …]

Function words (`stopwords.toml`) and addresses are left out, and so is what is written without spaces: Chinese,
Japanese and Thai cannot be cut into words without a dictionary, so of them only words in other letters and runs of
katakana (in Japanese mostly names and foreign words) are read. Between two parts of a name, small words are passed
over: "Bank of England".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

TEXT_CAP = 3_000
"""Only so many characters of a title, and of a text, are read: news says first what it is about."""

LONGEST_TOKEN = 80
"""Characters; what is longer without a space is no word, or of a script that does not use them."""

MOST_LINKING_WORDS = 2
"""So many small words may stand between two parts of a name: "Ursula von der Leyen"."""

SMALL_WORD = 3
"""Letters of a word that is taken for a function word in languages without a list."""

FEWEST_TITLE_WORDS = 4
MOST_TITLE_TOKENS = 30
TITLE_CASE_SHARE = 0.85
"""Of so many words at least and at most, so large a share with capitals: then the capitals do not tell names."""

LONG_WORD = 4
"""Letters from which on English headline style writes a word with a capital."""

REMEMBERED_TOKENS = 65_536
"""Few tokens are new: remembering how they were cut makes reading four times as quick."""

# Letters, the marks that Indic scripts write vowels with, and none of what is written without spaces.
_SOLID = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_LETTER = rf"(?:[^\W_{_SOLID}]|[\u0300-\u036f\u0900-\u0dff])"
_WORD = re.compile(
    rf"(?:[^\W\d_{_SOLID}]\.){{2,}}|\d+(?:[.,:]\d+)+|{_LETTER}+(?:['’\-]{_LETTER}+)*|[\u30a1-\u30fa\u30fc]{{3,}}"
)
_ADDRESS = re.compile(r"[a-z]+://|www\.|\S@\S+\.", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=.)'s?$")
_MIDDLE_INITIAL = re.compile(r"[A-Z]\.")
_INITIALS = re.compile(r"(?:[A-Z]\.)+")


class Link(IntEnum):
    """How a word follows the one before it."""

    APART = 0
    """punctuation or a function word stands between, or it is the first"""
    DIRECT = 1
    OVER = 2
    """over small words such as "of", which may stand inside a name"""


class Case(IntEnum):
    """What a word's capital tells."""

    LOWER = 0
    UNCLEAR = 1
    """a capital that any word would have there: at the start of a sentence, in a headline in capitals"""
    CAPITAL = 2
    """a capital in the middle of a sentence"""


class Word(NamedTuple):
    """A word of a text: `key` is case-folded, `form` as written, `place` is that of its token (see `form_of`).

    `is_alone` is False for a word that means something in a name only: the "New" of "New Zealand".
    """

    key: str
    form: str
    place: int
    link: Link
    case: Case
    is_alone: bool


@dataclass(frozen=True, slots=True)
class FunctionWords:
    """Of one language: what tells nothing, what may stand within a name or open it, what precedes an apostrophe.

    `nouns_have_capitals` says that a capital does not tell a name from another noun.
    """

    words: frozenset[str] = frozenset()
    linking: frozenset[str] = frozenset()
    opening: frozenset[str] = frozenset()
    elided: tuple[str, ...] = ()
    nouns_have_capitals: bool = False


class Opening(IntEnum):
    """Where a function word with a capital opens a name."""

    NEVER = 0
    WITHIN = 1
    """not at the start of a sentence: "La" is an article there"""
    ANYWHERE = 2


class After(IntEnum):
    """What stands between a word and the next, beside a space."""

    NOTHING = 0
    POSSESSIVE = 1
    SENTENCE = 2
    """punctuation: the next word may have a capital for that alone"""


LOWER, UNCLEAR, CAPITAL = Case
APART, DIRECT, OVER = Link
ANYWHERE, SENTENCE = Opening.ANYWHERE, After.SENTENCE
"""By names of their own: on CPython 3.11, to look one up in its class takes ten times as long, and is done per word."""


class _Piece(NamedTuple):
    """A word within a token, as far as the token alone tells.

    `links` counts the small words that it is or has before it ("d'Ivoire") and that may stand inside a name.
    """

    key: str
    form: str
    has_capital: bool
    is_function: bool
    opens: Opening
    links: int
    breaks_before: bool
    after: After


_INITIAL_PIECE = _Piece(
    "", "", has_capital=True, is_function=True, opens=Opening.NEVER, links=1, breaks_before=False, after=After.NOTHING
)
"""The "F." of "John F. Kennedy": passed over like a small word."""


@cache
def function_words(language: str) -> FunctionWords:
    """Return the function words of an ISO 639-1 code: none where we have no list."""
    table = _tables().get(language, {})
    words, linking, opening, elided = (
        str(table.get(name, "")).casefold().split() for name in ("words", "linking", "opening", "elided")
    )
    return FunctionWords(
        frozenset(words) | frozenset(linking) | frozenset(opening),
        frozenset(linking),
        frozenset(opening),
        tuple(f"{prefix}'" for prefix in elided),
        bool(table.get("nouns_have_capitals")),
    )


@cache
def _tables() -> dict[str, dict[str, object]]:
    return tomllib.loads((files("aggregator.analyze") / "stopwords.toml").read_text(encoding="utf-8"))


def tokens_of(text: str) -> list[str]:
    """Cut the part of `text` that is read at its spaces. The end of a line is a token too, which belongs to nothing."""
    text = unicodedata.normalize("NFC", text[:TEXT_CAP])
    tokens = text.replace("\n", " | ").split()
    return text.title().split() if len(tokens) >= FEWEST_TITLE_WORDS and text.isupper() else tokens


def form_of(tokens: Sequence[str], first: Word, last: Word) -> str:
    """Return the phrase from `first` to `last`, as it is written."""
    head, tail = tokens[first.place], tokens[last.place]
    head = head[head.index(first.form) :]
    tail = tail[: tail.index(last.form) + len(last.form)]
    return " ".join([head, *tokens[first.place + 1 : last.place], tail])


def read_words(tokens: Sequence[str], language: str) -> list[Word]:
    """Cut tokens into words. In a text where nearly every word has a capital, no capital is clear."""
    words = _find_words(tokens, language)
    if len(tokens) > MOST_TITLE_TOKENS or not _is_in_capitals(words):
        return words
    return [word._replace(case=min(word.case, UNCLEAR)) for word in words]


def _find_words(tokens: Sequence[str], language: str) -> list[Word]:
    words: list[Word] = []
    linked, breaks, anew = 0, True, True
    for place, token in enumerate(tokens):
        pieces = _pieces(token, language)
        if not pieces:
            breaks = anew = True
        for key, form, has_capital, is_function, opening, links, breaks_before, after in pieces:
            if breaks_before:
                breaks = anew = True
            opens = opening and (opening is ANYWHERE or not anew)
            if is_function and not opens:
                linked += links
                breaks = breaks or not links
            else:
                linked += 0 if opens else links
                link = APART if breaks or linked > MOST_LINKING_WORDS else OVER if linked else DIRECT
                case = LOWER if not has_capital else UNCLEAR if anew else CAPITAL
                words.append(Word(key, form, place, link, case, is_alone=not opens))
                linked, breaks = 0, False
            anew = after is SENTENCE
            breaks = breaks or after > 0
    return words


@lru_cache(REMEMBERED_TOKENS)
def _pieces(token: str, language: str) -> tuple[_Piece, ...]:
    if len(token) > LONGEST_TOKEN or _ADDRESS.search(token):
        return ()
    if _MIDDLE_INITIAL.fullmatch(token):
        return (_INITIAL_PIECE,)
    known = function_words(language)
    pieces: list[_Piece] = []
    end = 0
    for match in _WORD.finditer(token):
        piece = _piece(match.group(), known)
        pieces.append(piece._replace(breaks_before=True) if pieces or match.start() else piece)
        end = match.end()
    if pieces and end < len(token):
        pieces[-1] = pieces[-1]._replace(after=After.SENTENCE)
    return tuple(pieces)


def _piece(form: str, known: FunctionWords) -> _Piece:
    key = form.casefold().replace("’", "'")
    elided, after = "", After.NOTHING
    if "'" in key and key not in known.words:
        form, key, elided = _without_elision(form, key, known)
        bare = _POSSESSIVE.sub("", key)
        if bare != key:
            form, key, after = form[: len(bare) - len(key)], bare, After.POSSESSIVE
    if _INITIALS.fullmatch(form):
        key = form.replace(".", "")
    is_function = key in known.words or _is_small(key, form, known)
    if is_function and len(form) > 1 and form.isupper():
        key, is_function = form, False  # "US", "WHO"
    return _Piece(
        key,
        form,
        has_capital=form[0].isupper(),
        is_function=is_function,
        opens=_opening(key, form, known),
        links=int((elided or key) in known.linking),
        breaks_before=bool(elided) and elided not in known.linking,
        after=after,
    )


def _is_small(key: str, form: str, known: FunctionWords) -> bool:
    if key[0].isdigit():
        return False
    return len(key) == 1 or (not known.words and len(key) <= SMALL_WORD and not form[0].isupper())


def _opening(key: str, form: str, known: FunctionWords) -> Opening:
    if key not in known.opening or not form[0].isupper():
        return Opening.NEVER
    return Opening.WITHIN if key in known.linking else Opening.ANYWHERE


def _without_elision(form: str, key: str, known: FunctionWords) -> tuple[str, str, str]:
    """Return form and key without the elided word before an apostrophe, and that word."""
    for prefix in known.elided:
        if key.startswith(prefix):
            return form[len(prefix) :], key[len(prefix) :], prefix[:-1]
    return form, key, ""


def _is_in_capitals(words: Sequence[Word]) -> bool:
    cases = [word.case for word in words if len(word.form) >= LONG_WORD and word.key[0].isalpha()]
    return len(cases) >= FEWEST_TITLE_WORDS and sum(1 for one in cases if one) >= TITLE_CASE_SHARE * len(cases)
