"""What a feed says in article after article: "The post … appeared first on …", "Continue reading", "(Reuters) -".

A model must not learn a feed's topic from its footer, and stories must not be told together for it. A text is cut into
segments (sentences, mostly); one that recurs over a feed's articles, the article's title, addresses and numbers in it
aside, is boilerplate. Pure, and linear in the length of the texts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, pairwise
from unicodedata import normalize

from aggregator.analyze.words import TEXT_CAP, words_of

FEWEST_TEXTS = 3
"""In how many different texts of a feed a segment must stand, however few texts there are."""

LEAST_SHARE = 0.5
"""In which share of a feed's different texts a segment must stand, wherever it is."""

LEAST_SHARE_AT_END = 0.2
"""The same for what is no short segment, and stands at the end of them. Of what comes first, much recurs with reason:
"Sunny with a chance of showers" stands in every fifth weather report."""

AT_END = 2
"""The last two segments of a text are its end, but never the first."""

SHORT = 3
"""Segments of at most so many words are short."""

MOST_SEGMENTS = 100
"""Of a text, so many segments are looked at."""

LONGEST_SEGMENT = 300
"""In characters. What is longer is content, or a page that lost its full stops."""

LONGEST_TITLE = 500
SHORTEST_TITLE = 4
"""In characters; the title is looked for in the text only if it has at least, and at most, so many."""

_TITLE = "\ue000"
"""Stands for the article's title: a character that no text has use for."""

_BREAK = re.compile(
    r"""
      [.!?…»。！？]["'”’)\]]*\s      # the end of a sentence, with the quotes that close there
    | [|•·\n\]]
    | \)\s(?=[-–—]\s)               # "LONDON (Reuters) | - ...", the bar being the break
    | \((?=[^()]{2,30}\)\s[-–—]\s)  # "LONDON | (Reuters) - ..."
    | \[(?:…|\.\.\.)\]              # "... | [...]"
    """,
    re.VERBOSE,
)

_MARK = re.compile(r"[.!?…»。！？|•·\n\])(\[]")
"""What a break may begin with: looking for these first takes half the time."""

_ADDRESS = re.compile(r"https?://\S+")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(rf"[^\W_]+|{_TITLE}")
_MARKS_AROUND_WORDS = ".,:;!?…«»\"'“”‘’„()[]{}-–—*#>"
_LETTER = re.compile(r"[^\W\d_]")


def find_boilerplate(articles: Iterable[tuple[int, str, str]]) -> frozenset[str]:
    """Return the segments, normalised, that recur over the articles of a feed: (feed id, title, text) of each.

    A text that a feed has several times counts once. Feed is judged by feed, the answer is of all of them.
    """
    feeds: defaultdict[int, _Counts] = defaultdict(_Counts)
    for feed_id, title, text in articles:
        feeds[feed_id].add(title, text)
    return frozenset(key for counts in feeds.values() for key in counts.recurring())


class _Counts:
    """In how many different texts of a feed each segment stands, and in how many at the end."""

    def __init__(self) -> None:
        self._texts: set[int] = set()
        self._anywhere: Counter[str] = Counter()
        self._at_end: Counter[str] = Counter()

    def add(self, title: str, text: str) -> None:
        fingerprint = hash(text)
        if not text or fingerprint in self._texts:
            return
        self._texts.add(fingerprint)
        keys = [_normalised(segment) for segment in _segments(title, text)]
        self._anywhere.update({key for key in keys if key})
        self._at_end.update({key for key in keys[1:][-AT_END:] if key.count(" ") >= SHORT})

    def recurring(self) -> Iterator[str]:
        often = max(FEWEST_TEXTS, LEAST_SHARE * len(self._texts))
        often_at_end = max(FEWEST_TEXTS, LEAST_SHARE_AT_END * len(self._texts))
        for key, count in self._anywhere.items():
            if count >= often or self._at_end[key] >= often_at_end:
                yield key


def strip_boilerplate(title: str, text: str, boilerplate: frozenset[str]) -> str:
    """Return `text` without its boilerplate, and as it is where nothing else stands in it.

    A weather report may be made of nothing but sentences that the feed has often: it stays.
    """
    if not boilerplate:
        return text
    starts, needed = _clues(boilerplate)
    words = ["", *words_of(text)]
    if needed.keys().isdisjoint(words):
        return text
    known = set(words)
    if not any(known.issuperset(every) for longest in needed.keys() & known for every in needed[longest]):
        return text
    segments = _segments(title, text)
    kept = [one for one in segments if _start(one) not in starts or _normalised(one) not in boilerplate]
    if len(kept) == len(segments) or not any(map(_LETTER.search, kept)):
        return text
    return "".join(kept).replace(_TITLE, title).strip()


def _segments(title: str, text: str) -> list[str]:
    """Cut `text`, in which the title is masked, into segments; together they are all of it."""
    head = text[:TEXT_CAP]
    if SHORTEST_TITLE <= len(title) <= LONGEST_TITLE:
        head = head.replace(title, _TITLE)
    breaks = (_BREAK.match(head, mark.start()) for mark in _MARK.finditer(head))
    ends = (found.start() if found.group()[0] in "([" else found.end() for found in breaks if found is not None)
    cuts = [0, *islice(ends, MOST_SEGMENTS)]
    return [head[start:end] for start, end in pairwise([*cuts, len(head)]) if end > start]


def _normalised(segment: str) -> str:
    """Return the segment's words, case-folded, numbers as 0, without addresses; nothing where there is no word."""
    if len(segment) > LONGEST_SEGMENT:
        return ""
    masked = _NUMBER.sub("0", normalize("NFC", _ADDRESS.sub("", segment)).casefold())
    return " ".join(_WORD.findall(masked)) if _LETTER.search(masked) else ""


def _start(segment: str) -> str:
    """Return the first two words of what `_normalised` returns for `segment`, as cheaply as can be."""
    words = [word.strip(_MARKS_AROUND_WORDS) for word in segment.split(None, 2)[:2]]
    if all(word.isalpha() or word == _TITLE for word in words):
        return " ".join(words).casefold()
    return " ".join(_normalised(segment).split(" ", 2)[:2])


@lru_cache(maxsize=16)
def _clues(boilerplate: frozenset[str]) -> tuple[frozenset[str], Mapping[str, list[frozenset[str]]]]:
    """Return the first two words of each segment, and the words without which it cannot be in a text.

    The latter are found by the longest of them, or by "" if a segment has no plain word.
    """
    starts = frozenset(" ".join(segment.split(" ", 2)[:2]) for segment in boilerplate)
    needed: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for segment in boilerplate:
        plain = [word for word in segment.split(" ") if word.isalpha()]
        longest = max(plain, key=len, default="")
        # Beside a title that is masked there may be parts of words.
        needed[longest].append(frozenset([longest] if _TITLE in segment else plain))
    return starts, needed
