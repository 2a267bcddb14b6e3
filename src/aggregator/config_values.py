"""How one value of a setting is written: counts, durations, sizes, flags, shares, texts, and lists of these. Pure.

Each kind is read by `read_value` and written by `as_toml`, and what the second writes the first reads back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aggregator.topics import TOPICS

LONGEST_DURATION_S = 10 * 365 * 86400.0
"""Ten years: far more than anybody means, and far less than what a calendar cannot add to a date."""

LARGEST_NUMBER = 2**53
"""What a JSON number holds exactly; no count and no size of a file comes near."""

SMALLEST_LIMIT_BYTES = 64_000_000
"""With less memory a worker cannot read an ordinary feed, and each would be quarantined."""

SMALLEST_TRAINING_LIMIT_BYTES = 256_000_000
"""With 64 MB scipy's linear algebra asks for memory for ever while it is loaded, with 160 MB it is refused."""

FEWEST_TOPICS = 2

_DURATION_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def read_value(kind: str, value: object, *, low: float = 0, high: float = LARGEST_NUMBER) -> Any:
    """Return `value`, as TOML gives it, as what a setting of this kind holds.

    Raises:
        ValueError: it cannot be read so, or is less than `low` or more than `high`; the text says what is expected.
    """
    read = _READERS[kind](value)
    for number in read if isinstance(read, tuple) else (read,):
        if not isinstance(number, int | float) or isinstance(number, bool):
            continue
        if number < low:
            raise ValueError(f"must be at least {low:.12g}")
        if number > high:
            raise ValueError(f"must be at most {high:.12g}" if high < LARGEST_NUMBER else "is far too large")
    return read


def read_duration_s(value: object) -> float:
    """Return seconds: from a number of seconds, or text such as "90s", "30m", "1.5h", "2d", "1w".

    Raises:
        ValueError: it is neither, or is negative or longer than ten years.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        number, unit = value, 1.0
    else:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", value) if isinstance(value, str) else None
        if match is None:
            raise ValueError('expected seconds, or a duration such as "30s", "15m", "2h" or "1d"')
        number, unit = float(match[1]), _DURATION_UNITS[match[2]]
    # Compared before it is multiplied: an integer of TOML has no bounds. Not a number is within no bounds either.
    if not 0 <= number <= LONGEST_DURATION_S / unit:
        raise ValueError("must be a duration from zero to ten years")
    return float(number) * unit


def _read_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d+)?)\s*([A-Za-z]*)\s*", value) if isinstance(value, str) else None
    if match is None or match[2].upper() not in _SIZE_UNITS:
        raise ValueError('expected bytes, or a size such as "500KB", "10MB" or "1GiB"')
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()])


def _read_limit(value: object) -> int:
    limit_bytes = _read_size(value)
    if 0 < limit_bytes < SMALLEST_LIMIT_BYTES:
        raise ValueError("must be 0 for no limit, or at least 64MB")
    return limit_bytes


def _read_training_limit(value: object) -> int:
    limit_bytes = _read_size(value)
    if 0 < limit_bytes < SMALLEST_TRAINING_LIMIT_BYTES:
        raise ValueError("must be 0 for no limit, or at least 256MB")
    return limit_bytes


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number")  # noqa: TRY004 - to whoever wrote it, the value is wrong
    return value


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004
    return value


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text in quotes")  # noqa: TRY004
    if any(character < " " or character == "\x7f" for character in value):
        raise ValueError("expected text on one line, without control characters")
    return value


def _read_sizes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("expected a list of whole numbers, such as [400, 1200]")
    return tuple(sorted({_read_count(one) for one in value}))


def _read_texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError('expected a list of texts, such as ["one", "another"]')
    texts = tuple(_read_text(one).strip() for one in value)
    if "" in texts or len(set(texts)) < len(texts):
        raise ValueError("expected texts that are not empty, each once")
    return texts


def _read_topics(value: object) -> tuple[str, ...]:
    """Return names that nobody can take for each other, nor for the codes that the 17 topics go by."""
    names = _read_texts(value)
    name_by_code = {code: name for name, code in TOPICS.items()}
    by_word: dict[str, str] = {}
    for name in names:
        word = name.casefold()
        code = word.removeprefix("medtop:")
        if code in name_by_code:
            raise ValueError(f"“{name}” is a code: write the name of the topic, “{name_by_code[code]}”")
        other = by_word.setdefault(word, name)
        if other != name:
            raise ValueError(f"“{other}” and “{name}” differ only by capital letters")
    if len(names) < FEWEST_TOPICS:
        raise ValueError('expected at least two topics, such as ["football", "chess"]: with one, all articles have it')
    return names


def _read_share(value: object) -> float:
    # Not a number, which TOML can write, is within no bounds.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError("expected a number from 0 to 1")
    return float(value)


_READERS: Mapping[str, Callable[[object], Any]] = {
    "count": _read_count,
    "duration": read_duration_s,
    "size": _read_size,
    "flag": _read_flag,
    "text": _read_text,
    "sizes": _read_sizes,
    "limit": _read_limit,
    "training limit": _read_training_limit,
    "texts": _read_texts,
    "topics": _read_topics,
    "share": _read_share,
}


def as_toml(kind: str, value: Any) -> str:
    """Return the TOML of `value`, written as a person would."""
    if kind == "flag":
        return "true" if value else "false"
    if kind == "text":
        return f'"{value}"'
    if kind == "duration":
        return f'"{_short_duration(value)}"'
    if kind == "sizes":
        return f"[{', '.join(map(str, value))}]"
    if kind in ("texts", "topics"):
        return f"[{', '.join(as_toml('text', one) for one in value)}]"
    return f"{value:_}"


def _short_duration(seconds: float) -> str:
    for unit, length in reversed(_DURATION_UNITS.items()):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.12g}{unit}"
    return f"{seconds:.12g}s"
