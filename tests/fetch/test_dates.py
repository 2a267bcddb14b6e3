from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.date_names import MONTHS, WEEKDAYS, ZONE_HOURS
from aggregator.fetch.dates import MAX_DATE_CHARS, read_date, vouched_for
from aggregator.fetch.parse import parse_feeds
from aggregator.records import ParsedEntry, ParseJob

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hour: int, minute: int = 15, second: int = 0, *, days: int = 0, microsecond: int = 0) -> datetime:
    return DAY + timedelta(days=days, hours=hour, minutes=minute, seconds=second, microseconds=microsecond)


RFC_822 = {
    "Mon, 02 Mar 2026 10:15:00 GMT": at(10),
    "Mon, 02 Mar 2026 10:15:00 +0000": at(10),
    "Mon, 02 Mar 2026 10:15:00 -0000": at(10),
    "Mon, 2 Mar 2026 10:15:00 +0100": at(9),
    "02 Mar 2026 10:15:00 -0500": at(15),
    "Mon, 02 Mar 2026 10:15 GMT": at(10),
    "Mon, 02 Mar 26 10:15:00 GMT": at(10),
    "Mon,02 Mar 2026 10:15:00 GMT": at(10),
    "Mon 02 Mar 2026 10:15:00 GMT": at(10),
    "Monday, 02 March 2026 10:15:00 GMT": at(10),
    "MON, 02 MAR 2026 10:15:00 GMT": at(10),
    "Sun, 02 Mar 2026 10:15:00 GMT": at(10),
    "  Mon,  02  Mar  2026\t10:15:00  GMT ": at(10),
    "02-Mar-2026 10:15:00 GMT": at(10),
    "Monday, 02-Mar-26 10:15:00 GMT": at(10),
    "Mon Mar  2 10:15:00 2026": at(10),
    "Mon Mar 2 10:15:00 CET 2026": at(9),
    "Mon Mar 02 10:15:00 +0100 2026": at(9),
    "Mon Mar 02 2026 10:15:00 GMT+0100 (Central European Standard Time)": at(9),
    "March 2, 2026": at(0, 0),
    "Mar 2, 2026, 10:15 AM": at(10),
    "Monday, March 2nd, 2026 at 10:15 p.m. EST": at(3, days=1),
    "2 March 2026": at(0, 0),
    "2026 Mar 02 10:15:00": at(10),
    "02 Mar 2026 10:15:60 GMT": at(10, 16),
    "02 Mar 2026 24:00:00 GMT": at(0, 0, days=1),
    "02 Mar 2026 12:15 am": at(0),
    "02 Mar 2026 12:15 pm": at(12),
    "02 Mar 99 10:15:00 GMT": datetime(1999, 3, 2, 10, 15, tzinfo=UTC),
}
ZONES = {
    "Mon, 02 Mar 2026 10:15:00 EST": at(15),
    "Mon, 02 Mar 2026 10:15:00 PDT": at(17),
    "Mon, 02 Mar 2026 10:15:00 CEST": at(8),
    "Mon, 02 Mar 2026 10:15:00 MESZ": at(8),
    "Mon, 02 Mar 2026 10:15:00 UTC": at(10),
    "Mon, 02 Mar 2026 10:15:00 UT": at(10),
    "Mon, 02 Mar 2026 10:15:00 Z": at(10),
    "Mon, 02 Mar 2026 10:15:00Z": at(10),
    "Mon, 02 Mar 2026 10:15:00": at(10),
    "Mon, 02 Mar 2026 10:15:00 GMT+2": at(8),
    "Mon, 02 Mar 2026 10:15:00 GMT+02:00": at(8),
    "Mon, 02 Mar 2026 10:15:00 UTC-5": at(15),
    "Mon, 02 Mar 2026 10:15:00 +02:00": at(8),
    "Mon, 02 Mar 2026 10:15:00 +02": at(8),
    "Mon, 02 Mar 2026 10:15:00+0200": at(8),
    "Mon, 02 Mar 2026 10:15:00 +0200 (CEST)": at(8),
    "Mon, 02 Mar 2026 10:15:00 (CEST)": at(8),
    "Mon, 02 Mar 2026 10:15:00 +0545": at(4, 30),
    "Mon, 02 Mar 2026 10:15:00 JST": at(1),
    "Mon, 02 Mar 2026 10:15:00 XYZ": at(10),
    "Mon, 02 Mar 2026 10:15:00 IST": at(10),
    "02 Mar 2026 +0100": at(23, 0, days=-1),
    "02 Mar 2026 GMT": at(0, 0),
}
ISO_8601 = {
    "2026-03-02T10:15:00Z": at(10),
    "2026-03-02T10:15:00+01:00": at(9),
    "2026-03-02T10:15:00+0100": at(9),
    "2026-03-02T10:15:00+01": at(9),
    "2026-03-02T10:15:00 +01:00": at(9),
    "2026-03-02T10:15Z": at(10),
    "2026-03-02T10:15:00": at(10),
    "2026-03-02t10:15:00z": at(10),
    "2026-03-02 10:15:00": at(10),
    "2026-03-02 10:15:00 UTC": at(10),
    "2026-03-02 10:15:00 +0100": at(9),
    "2026-03-02 10:15:00 CET": at(9),
    "2026-03-02T10:15:00.5Z": at(10, microsecond=500_000),
    "2026-03-02T10:15:00,25+01:00": at(9, microsecond=250_000),
    "2026-03-02T10:15:00.123456789Z": at(10, microsecond=123_456),
    "2026-03-02T24:00:00Z": at(0, 0, days=1),
    "2026-03-02": at(0, 0),
    "2026-03-02Z": at(0, 0),
    "2026-03-02+01:00": at(23, 0, days=-1),
    "2026-3-2": at(0, 0),
    "20260302": at(0, 0),
    "20260302T101500Z": at(10),
    "20260302T1015+0100": at(9),
    "20260302101500": at(10),
    "202603021015": at(10),
    "2026-03-02T101500Z": at(10),
    "2026-061": at(0, 0),
    "2026061T10:15Z": at(10),
    "2026-W10-1": at(0, 0),
    "2026W101T10:15:00Z": at(10),
}
NUMBERS = {
    "1772446500": at(10),
    "1772446500.25": at(10),
    "1772446500000": at(10),
    "25/12/2026": datetime(2026, 12, 25, tzinfo=UTC),
    "12/25/2026 10:15": datetime(2026, 12, 25, 10, 15, tzinfo=UTC),
    "03/03/2026": datetime(2026, 3, 3, tzinfo=UTC),
    "25-12-2026": datetime(2026, 12, 25, tzinfo=UTC),
    "2026/03/02 10:15": at(10),
    "Mon, 2026/03/02 10:15:00 EST": at(15),
    "2026.03.02": at(0, 0),
    "02.03.2026 10:15": at(10),
    "2. 3. 2026 10:15": at(10),
    "02.03.26, 10:15 Uhr": at(10),
    "٢٠٢٦-٠٣-٠٢": at(0, 0),
    "２０２６-０３-０２": at(0, 0),
}
LANGUAGES = {
    "Mo, 02 Mär 2026 10:15:00 +0100": at(9),
    "Montag, 2. März 2026, 10:15 Uhr": at(10),
    "lun, 02 mars 2026 10:15:00 +0100": at(9),
    "lundi 2 mars 2026 à 10h15": at(10),
    "mar., 03 mars 2026 10:15:00 GMT": at(10, days=1),
    "mar, 03 mar 2026 10:15:00 GMT": at(10, days=1),
    "1er août 2026": datetime(2026, 8, 1, tzinfo=UTC),
    "lunes, 2 de marzo de 2026": at(0, 0),
    "Lun, 02 ene 2026 10:15:00 +0000": datetime(2026, 1, 2, 10, 15, tzinfo=UTC),
    "lunedì 2 marzo 2026 alle 10:15": at(10),
    "segunda-feira, 2 de março de 2026": at(0, 0),
    "Seg, 02 Fev 2026 10:15:00 -0300": datetime(2026, 2, 2, 13, 15, tzinfo=UTC),
    "maandag 2 maart 2026 om 10:15": at(10),
    "pon., 02 mar 2026 10:15:00 +0100": at(9),
    "2 października 2026": datetime(2026, 10, 2, tzinfo=UTC),
    "paź 2 2026": datetime(2026, 10, 2, tzinfo=UTC),
    "Пн, 02 мар 2026 10:15:00 +0300": at(7),
    "2 марта 2026 г. в 10:15": at(10),
    "понеділок, 2 березня 2026": at(0, 0),
    "mån, 02 mar 2026 10:15:00 +0100": at(9),
    "mandag 2. marts 2026 kl. 10:15": at(10),
    "man, 02 mai 2026 10:15:00 +0200": datetime(2026, 5, 2, 8, 15, tzinfo=UTC),
    "maanantai 2. maaliskuuta 2026 klo 10:15": at(10),
    "po, 02 bře 2026 10:15:00 +0100": at(9),
    "5. března 2026": datetime(2026, 3, 5, tzinfo=UTC),
    "Pzt, 02 Şub 2026 10:15:00 +0300": datetime(2026, 2, 2, 7, 15, tzinfo=UTC),
    "2 Mayıs 2026": datetime(2026, 5, 2, tzinfo=UTC),
    "Δευ, 02 Μαρ 2026 10:15:00 EET": at(8),
    "2026. március 2.": at(0, 0),
    "luni, 2 martie 2026": at(0, 0),
    "2 مارس 2026": at(0, 0),
    "2026年3月2日 10:15": at(10),
    "2026年3月2日下午 10:15": at(22),
    "2026년 03월 02일 10:15:00": at(10),
    "2026-03-02 오전 10:15:00": at(10),
}
READABLE = RFC_822 | ZONES | ISO_8601 | NUMBERS | LANGUAGES

UNREADABLE = [
    *("", " ", "soon", "yesterday", "Monday", "March", "GMT", "x" * MAX_DATE_CHARS, "1" * 5_000),
    # A part is missing, and is not made up.
    *("2026", "2026-03", "March 2026", "2 March", "10:15", "10:15:00 GMT", "Mon, 10:15", "--03-02", "26", "'26"),
    # Two readings.
    *("03/04/2026", "3/4/2026 10:15", "03-04-2026", "25/12/26", "01/02/03", "10/11/12"),
    # No such day or time.
    *("30 Feb 2026", "2026-02-30", "2026-02-29", "31 Jun 2026", "2026-13-01", "13/13/2026", "2026-366", "2026-W54-1"),
    *("2026-03-02T25:00:00Z", "2026-03-02T24:00:01Z", "2026-03-02T10:60:00Z", "2026-03-02 13:15 pm", "0 Mar 2026"),
    *("Mon, 02 Mar 2026 10:15:00 +9900", "Mon, 02 Mar 2026 10:15:00 +0199"),
    # What systems write that have no date, and years of no news.
    *("0000-00-00 00:00:00", "0001-01-01T00:00:00Z", "1899-12-30T00:00:00Z", "1970-01-01T00:00:00Z", "01 Jan 1969"),
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "2 มีนาคม 2569", "2569-03-02", "9999999999999"),
    # More than a date, and more than one.
    *("2 Mar 2026 and 3 Mar 2026", "2026-03-02 10:15 - 11:15", "updated 2 Mar 2026", "2026-03-02/2026-03-05"),
]  # fmt: skip


def test_the_table_is_as_long_as_the_imagination_of_those_who_write_feeds() -> None:
    assert len(READABLE) >= 120


@pytest.mark.parametrize(("text", "meant"), READABLE.items())
def test_what_a_date_means(text: str, meant: datetime) -> None:
    assert read_date(text) == meant


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_absent(text: str) -> None:
    assert read_date(text) is None


@given(st.text(max_size=40) | st.text("0123456789-:/. TZ+marMonCET,", max_size=40))
def test_any_text_may_come_as_a_date(text: str) -> None:
    meant = read_date(text)
    assert meant is None or (meant.tzinfo is UTC and 1970 <= meant.year <= 2100)


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(MOMENTS)
def test_what_is_written_by_the_standards_is_read_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert read_date(moment.isoformat()) == moment
    assert read_date(moment.strftime("%d %b %Y %H:%M:%S +0000")) == moment
    assert read_date(moment.strftime("%Y%m%dT%H%M%SZ")) == moment


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_zone_moves_the_time_and_not_the_moment(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0)
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    there = (moment + timedelta(minutes=minutes)).replace(tzinfo=None)
    assert read_date(f"{there.isoformat()}{zone}") == moment


def test_no_name_is_two_months_and_every_zone_is_one_of_this_earth() -> None:
    assert sorted(set(MONTHS.values())) == list(range(1, 13))
    assert all(-12 <= hours <= 14 for hours in ZONE_HOURS.values())
    assert WEEKDAYS & MONTHS.keys() == {"mar", "paz"}, "Tuesday and March, Sunday and October"


# --- in feeds -------------------------------------------------------------------------------------------------------


def item(date: str) -> ParsedEntry:
    body = f"<rss version='2.0'><channel><item><title>x</title><pubDate>{date}</pubDate></item></channel></rss>"
    (feed,) = parse_feeds([ParseJob("https://news.test/feed", body.encode())])
    return feed.entries[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Mon, 02 Mar 2026 10:15:00 CEST", at(8)),
        ("20260302T101500Z", at(10)),
        ("2 марта 2026 г. в 10:15", at(10)),
        ("Mon, 02 Mar 2026 10:15:00 GMT or so", at(10)),
        ("03/04/2026", None),
        ("2026-02-30", None),
        ("2026-03", None),
        ("10:15", None),
    ],
)
def test_a_feed_keeps_its_words_and_gets_their_meaning(text: str, meant: datetime | None) -> None:
    assert (item(text).published_raw, item(text).published_at) == (text, meant)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-02-30", at(0, 0)),
        ("10:15", at(10)),
        ("12", datetime(2026, 12, 1, tzinfo=UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC)),
    ],
)
def test_what_another_reader_made_up_is_not_believed(text: str, read: datetime) -> None:
    assert vouched_for(read, text) is None


def test_what_another_reader_found_in_the_text_is_believed() -> None:
    assert vouched_for(at(23, days=-1), "2026-03-02T00:15:00+01:00 or so") == at(23, days=-1)
    assert vouched_for(at(1), "2026년 03월 02일 10:15:00") == at(1)


def test_a_date_to_come_is_kept_as_it_is() -> None:
    entry = item("Mon, 02 Mar 2099 10:15:00 GMT")
    assert entry.published_at == datetime(2099, 3, 2, 10, 15, tzinfo=UTC)


def test_the_longest_texts_are_read_in_no_time() -> None:
    for text in ("1:00" * 25, "1 " * 50, "a1" * 50, "(" * 100, "1h00 " * 20, "+01:00" * 16):
        assert read_date(text) is None
