"""What the dates in feeds mean. Pure: no clock is asked, and nothing that a date leaves out is filled in.

Read are RFC 822 and RFC 5322 with their common misspellings, in the languages of `date_names`; ISO 8601 with its basic,
week and ordinal forms; seconds and milliseconds since 1970; and numbers with slashes where only one reading is
possible. A day without a time is its midnight; a time without a zone, or in one that nobody knows, is taken for UTC, as
RFC 5322 (section 4.3) has it. A month without a day, a time without a day, or 03/04/2026 is no date.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from aggregator.fetch.date_names import FILLERS, MONTHS, WEEKDAYS, ZONE_HOURS, plain_word

MAX_DATE_CHARS = 100

_FIRST_YEAR, _LAST_YEAR = 1970, 2100
"""What lies outside is a sentinel or a mistake, such as 0001-01-01, 1899-12-30 or a year of another calendar."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST_ZONE = timedelta(hours=15)
_LAST_HOUR, _LAST_MINUTE, _LEAP_SECOND, _NOON = 24, 59, 60, 12
_MONTHS_IN_A_YEAR = 12
_LAST_SHORT_YEAR_OF_THIS_CENTURY = 49

_SINCE_EPOCH = re.compile(r"(\d{10})(?:\.\d+)?|(\d{13})")
_EASTERN_DAY = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_EASTERN_HALF = re.compile(r"(?:(上午|午前|오전)|下午|午後|오후)\s?(\d{1,2}:\d\d(?::\d\d)?)")
_COMMENT = re.compile(r"\(([^()]*)\)")
_COMPACT_CLOCK = re.compile(r"^(\d{8}|\d{4}-\d\d-\d\d)\s?(\d\d)(\d\d)(\d\d)?(?!\d)")
_T_BETWEEN = re.compile(r"(?<=\d)t(?=\d)")
_OFFSET = r"(?P<sign>[+-])(?P<zone_hour>\d{1,2})(?::?(?P<zone_minute>\d\d))?(?!\d)"
_CLOCK = re.compile(
    r"(?<![\d:+-])(?P<hour>\d{1,2})[:h](?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?(?![\d:])"
    rf"(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?(?:\s*(?P<zone>[a-z]{{1,5}})(?![\w/]))?(?:\s*{_OFFSET})?"
)
_ZONE_AFTER_DAY = re.compile(rf"(?<=\d)\s*(?P<zone>[a-z]{{1,5}})?(?:(?:\s+|(?=[+-]\d\d:)){_OFFSET})?$")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?\.?,\s*")
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d\d)(\d\d)")
_WEEK = re.compile(r"(\d{4})-?w(\d\d)-?(\d)")
_DAY_OF_YEAR = re.compile(r"(\d{4})-?(\d{3})")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/]|\.\s?)(\d{1,2})\2(\d{4}|\d\d)")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_NAME = re.compile(r"[^\W\d_]{3}")
_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th", "er", "e", "a", "o", "º", "ª"))


def read_date(text: str) -> datetime | None:
    """Return what a date means, in UTC; None where it cannot be read, is ambiguous, or lies before 1970 or after 2100.

    The text is that of one date and nothing else, however it is written.
    """
    if len(text) > MAX_DATE_CHARS:
        return None
    if since_epoch := _SINCE_EPOCH.fullmatch(text.strip()):
        seconds, milliseconds = since_epoch.groups()
        return plausible(_EPOCH + timedelta(seconds=int(seconds or 0), milliseconds=int(milliseconds or 0)))
    written = _uniform(text)
    clock = _CLOCK.search(written)
    zone = clock or _ZONE_AFTER_DAY.search(written)
    day = _day(written[: zone.start()] + " " + written[zone.end() :] if zone else written)
    since_midnight = _since_midnight(clock) if clock else timedelta()
    offset = _offset(zone, _COMMENT.search(plain_word(text))) if zone else timedelta()
    if day is None or since_midnight is None or offset is None:
        return None
    try:
        return plausible(datetime(day.year, day.month, day.day, tzinfo=UTC) + since_midnight - offset)
    except OverflowError:
        return None


def plausible(moment: datetime) -> datetime | None:
    """Return `moment`, or None if it is what systems write that have no date, or no year of news."""
    return moment if moment != _EPOCH and _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def vouched_for(moment: datetime, text: str) -> datetime | None:
    """Return a moment that another reader found in `text`, if year, month and day stand there; None if any does not.

    It tells a date that was read from one that was completed with today's year, or moved from 30 February into March.
    """
    # A zone may have moved it by a day.
    if plausible(moment) and any(_stands_in(moment + timedelta(days=days), text) for days in (0, -1, 1)):
        return moment
    return None


def _stands_in(day: datetime, text: str) -> bool:
    numbers = [int(number) for number in _NUMBER.findall(text)]
    is_named = _NAME.search(text) is not None
    for part in (day.year, day.day) if is_named else (day.year, day.day, day.month):
        if part not in numbers:
            return False
        numbers.remove(part)
    return True


def _uniform(text: str) -> str:
    """Return the text in small plain letters, without comments, its time apart from its day and with colons."""
    written = _EASTERN_DAY.sub(r"\1-\2-\3 ", _COMMENT.sub(" ", text))
    written = _EASTERN_HALF.sub(lambda found: f"{found[2]} {'am' if found[1] else 'pm'}", written)
    written = _T_BETWEEN.sub(" ", plain_word(written).strip())
    return _COMPACT_CLOCK.sub(lambda found: f"{found[1]} {found[2]}:{found[3]}:{found[4] or '00'}", written)


# --- the time of the day ------------------------------------------------------------------------------------------


def _since_midnight(clock: re.Match[str]) -> timedelta | None:
    """Return how late it is; None if no clock shows that. 24:00 is the end of the day."""
    hour, minute, second = int(clock["hour"]), int(clock["minute"]), int(clock["second"] or 0)
    if clock["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if clock["half"] == "p" else 0)
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LEAP_SECOND or (hour == _LAST_HOUR and minute + second):
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second) + _fraction(clock["fraction"])


def _fraction(digits: str | None) -> timedelta:
    return timedelta(microseconds=int((digits or "0").ljust(6, "0")[:6]))


def _offset(zone: re.Match[str], comment: re.Match[str] | None) -> timedelta | None:
    """Return how far east of Greenwich it is: numbers count before a name, and a name before one in parentheses."""
    if zone["sign"]:
        minutes = int(zone["zone_minute"] or 0)
        offset = timedelta(hours=int(zone["zone_hour"]), minutes=minutes)
        if offset > _FURTHEST_ZONE or minutes > _LAST_MINUTE:
            return None
        return -offset if zone["sign"] == "-" else offset
    name = zone["zone"] or (comment[1].strip() if comment else "")
    return timedelta(hours=ZONE_HOURS.get(name, 0.0))


# --- the day --------------------------------------------------------------------------------------------------------


def _day(written: str) -> date | None:
    written = _FIRST_WORD.sub("", written.strip(" \t,;.-"), count=1)
    try:
        return _day_of_numbers(written) or _day_of_words(written)
    except ValueError:  # such as 30 February
        return None


def _day_of_numbers(written: str) -> date | None:
    """Read a day without the name of a month.

    Raises:
        ValueError: there is no such day.
    """
    numbers = " ".join(word for word in written.split() if word.strip(".,") not in WEEKDAYS)
    if found := _YEAR_FIRST.fullmatch(numbers):
        year, _, month, day, basic_year, basic_month, basic_day = found.groups()
        return date(int(year or basic_year), int(month or basic_month), int(day or basic_day))
    if found := _WEEK.fullmatch(numbers):
        return date.fromisocalendar(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_OF_YEAR.fullmatch(numbers):
        day_of_year = date(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)
        return day_of_year if day_of_year.year == int(found[1]) else None
    if found := _DAY_FIRST.fullmatch(numbers):
        return _day_of_three(int(found[1]), found[2].strip(), int(found[3]), found[4])
    return None


def _day_of_three(first: int, gap: str, second: int, year: str) -> date | None:
    """Read 2.3.2026, which is the second of March wherever dots are written, and 25/12/2026 if it has one reading."""
    if gap == ".":
        return date(_full_year(year), second, first)
    if len(year) == len("26") or (first != second and max(first, second) <= _MONTHS_IN_A_YEAR):
        return None
    day, month = (second, first) if second > _MONTHS_IN_A_YEAR else (first, second)
    return date(int(year), month, day)


def _day_of_words(written: str) -> date | None:
    """Read a day with the name of its month: that, two numbers, and nothing else that could change the meaning.

    Raises:
        ValueError: there is no such day.
    """
    months: list[int] = []
    numbers: list[str] = []
    for position, token in enumerate(_TOKEN.findall(written)):
        if token.isdecimal():
            numbers.append(token)
        elif token in MONTHS and not (position == 0 and token in WEEKDAYS and _has_month(written, after=token)):
            months.append(MONTHS[token])
        elif token not in WEEKDAYS and token not in FILLERS and token not in _ORDINAL_ENDINGS:
            return None
    if len(months) != 1 or len(numbers) != 2:  # noqa: PLR2004 - a day and a year
        return None
    first, second = numbers
    day, year = (second, first) if len(first) > len("26") else (first, second)
    return date(_full_year(year), months[0], int(day))


def _has_month(written: str, after: str) -> bool:
    """Tell whether a month comes after the first word: "mar" is March, and Tuesday in French, Spanish and Italian."""
    return any(token in MONTHS for token in _TOKEN.findall(written.partition(after)[2]))


def _full_year(year: str) -> int:
    """Return a year of two digits as RFC 5322 (section 4.3) reads it, and any other as it stands."""
    number = int(year)
    if len(year) > len("26"):
        return number
    return number + (2000 if number <= _LAST_SHORT_YEAR_OF_THIS_CENTURY else 1900)
