"""What ails feeds, in plain words, and what to do about it: from feeds.toml and the database, without the network."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from aggregator.errors import StorageError, UsageError
from aggregator.store.reading import open_read_only, require_current

FEWEST_ARRIVALS = 5
"""With fewer articles behind it, nobody can say what is usual for a feed."""

SHORTEST_SILENCE = timedelta(days=3)
"""No feed is called silent sooner: news has weekends."""

SILENT_AFTER_GAPS = 4
"""A feed is silent when nothing has come for so many of its longer pauses (nine of ten pauses are shorter)."""

LASTING_FAILURES = 3
LASTING_AFTER = timedelta(days=1)
"""So many failures over so long are no passing trouble; before that, nothing need be done about them."""

_FEEDS = """
    SELECT f.url, f.moved_url, f.state, f.subscribed, f.failures, f.last_status, f.last_error, f.last_fetch_at,
           f.last_success_at, f.next_fetch_at, f.body_sha256, f.overflows, f.memory, f.kind, f.note, f.created_at,
           COALESCE(f.wanted_title, f.title, '') AS title,
           (SELECT COUNT(*) FROM sighting s WHERE s.feed_id = f.id) AS entries
    FROM feed f ORDER BY f.id"""

_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Wanted:
    """A feed of feeds.toml. `missing_secrets` are variables that it asks for and the environment does not have."""

    url: str
    title: str = ""
    enabled: bool = True
    missing_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ailment:
    """Something to say of a feed: what it is called, in plain words, and what to do."""

    url: str
    title: str
    ailment: str
    words: str
    remedy: str


Row = Mapping[str, Any]
Diagnosis = tuple[str, str, str]
"""What it is called, in plain words, and what to do."""


def find_ailments(database_url: str, wanted: Sequence[Wanted], now: datetime) -> list[Ailment]:
    """Return what ails the feeds `wanted`, in their order, and then what the database has of feeds not wanted any more.

    Raises:
        UsageError: the database is of an older version.
        StorageError: the database cannot be read.
    """
    rows = {row["url"]: row for row in _rows(database_url, now)}
    twins = _twins([rows[one.url] for one in wanted if one.enabled and one.url in rows])
    found = []
    for one in wanted:
        row = rows.get(one.url)
        title = one.title or (row["title"] if row else "")
        found += [Ailment(one.url, title, *said) for said in _diagnoses(one, row, twins.get(one.url), now)]
    left = {*rows} - {one.url for one in wanted}
    return found + [Ailment(url, rows[url]["title"], *_left(rows[url])) for url in rows if url in left]


def _rows(database_url: str, now: datetime) -> list[dict[str, Any]]:
    try:
        connection = open_read_only(database_url)
    except UsageError:  # nothing was fetched yet
        return []
    with closing(connection):
        connection.row_factory = sqlite3.Row
        try:
            require_current(connection)
            return [_enriched(dict(row), now) for row in connection.execute(_FEEDS)]
        except sqlite3.DatabaseError as error:
            raise StorageError(f"the database cannot be read: {error}") from error


def _enriched(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return `row` with what its memory holds, and with `lasts`: whether its failures are no passing trouble."""
    memory = json.loads(row["memory"]) if row["memory"] else {}
    well_at = datetime.fromisoformat(row["last_success_at"] or row["created_at"]).replace(tzinfo=UTC)
    lasts = row["failures"] >= LASTING_FAILURES and now - well_at >= LASTING_AFTER
    seen = {"arrivals": memory.get("arrivals", []), "overflowed_at": memory.get("overflowed_at")}
    return row | seen | {"lasts": lasts}


def _diagnoses(one: Wanted, row: Row | None, twin: str | None, now: datetime) -> Iterator[Diagnosis]:
    if one.missing_secrets:
        names = ", ".join(one.missing_secrets)
        yield "secret missing", f"the environment has no {names}, so no run can start", f"Set {names}, or take it out"
    if one.missing_secrets or not one.enabled:
        return
    if row is None or row["last_fetch_at"] is None:
        yield "never read", "it was not asked yet", "Type “aggregator fetch”"
        return
    state = _BY_STATE.get(row["state"])
    if state is not None:
        yield _said_of_state(row, state(row))
    elif row["last_success_at"] is None:
        yield "never read", f"it could not be read yet ({row['last_error']})", "The next run asks it again"
    if twin is not None:
        yield "same feed twice", f"it has become the same as {twin}", f"Keep one: aggregator feeds remove {row['url']}"
    yield from _in_its_content(row, now)


def _said_of_state(row: Row, said: Diagnosis) -> Diagnosis:
    name, words, remedy = said
    never = row["lasts"] and row["last_success_at"] is None
    return name, f"{words}; it could not be read once since it was added" if never else words, remedy


def _in_its_content(row: Row, now: datetime) -> Iterator[Diagnosis]:
    if row["overflows"]:
        last = f", last at {row['overflowed_at'][:16].replace('T', ' ')} UTC" if row["overflowed_at"] else ""
        often = "once" if row["overflows"] == 1 else f"{row['overflows']} times"
        words = f"articles fell out of it before they were seen, {often}{last}"
        yield "overflowed", words, "It is asked more often since; if it has an interval, make that shorter"
    if row["note"]:
        yield "incomplete", row["note"].rstrip("."), _complete(row)
    elif row["last_success_at"] is not None and not row["entries"]:
        yield "empty", "it can be read, but has never had an entry", _find_anew(row)
    if not row["failures"]:
        silence = silence_of([datetime.fromisoformat(at) for at in row["arrivals"]], now)
        if silence is not None:
            yield "silent", silence, f"Look at its site; if it has a new feed: {_find_anew(row)}"


def silence_of(arrivals: Sequence[datetime], now: datetime) -> str | None:
    """Say that a feed with these arrivals, which are in order, has been silent for too long; None if it has not."""
    gaps = sorted(later - earlier for earlier, later in pairwise(arrivals))
    if len(gaps) < FEWEST_ARRIVALS - 1:
        return None
    usual, since = gaps[len(gaps) * 9 // 10], now - arrivals[-1]
    if since <= max(SHORTEST_SILENCE, SILENT_AFTER_GAPS * usual):
        return None
    return f"nothing has come for {_length(since)}, where pauses are seldom longer than {_length(usual)}"


# --- the states that are ailments ------------------------------------------------------------------------------------


def _gone(row: Row) -> Diagnosis:
    return "gone", "the server says again and again that it is gone (410), so it is no longer asked", _find_anew(row)


def _blocked(row: Row) -> Diagnosis:
    if row["last_status"] == _UNAUTHORIZED:
        return "blocked", "the server wants a user name and a password (401)", 'Write auth = "user:${PASSWORD}"'
    words = f"the server refuses us ({row['last_error']}); next try: {row['next_fetch_at']} UTC"
    return "blocked", words, "Set [fetch] contact, so that the publisher sees who asks, or ask the publisher"


def _throttled(row: Row) -> Diagnosis:
    words = f"the server asked for fewer requests; next one: {row['next_fetch_at']} UTC"
    return "throttled", words, "Nothing need be done; a longer interval spares both sides"


def _failing(row: Row) -> Diagnosis:
    since = f"since {row['last_success_at']} UTC" if row["last_success_at"] else "from the beginning"
    often = "once" if row["failures"] == 1 else f"{row['failures']} times"
    words = f"it failed {often} {since}: {row['last_error']}; next try: {row['next_fetch_at']} UTC"
    return "failing", words, _find_anew(row) if row["lasts"] else "Nothing need be done yet: it is tried again"


def _moved(row: Row) -> Diagnosis:
    return "moved", f"it has moved for good to {row['moved_url']}", f'Write url = "{row["moved_url"]}" in its place'


_BY_STATE: Mapping[str, Callable[[Row], Diagnosis]] = {
    "gone": _gone,
    "blocked": _blocked,
    "throttled": _throttled,
    "failing": _failing,
    "moved": _moved,
}


def _find_anew(row: Row) -> str:
    if row["kind"] == "api":
        return "Compare its url, entries and fields with what the publisher says of the API"
    return f"Add the address of its site, then type: aggregator feeds remove {row['url']}"


def _complete(row: Row) -> str:
    if row["kind"] == "api":
        return "Compare its entries and fields with a document of the API"
    return "Nothing need be done; if it stays so, tell the publisher"


def _left(row: Row) -> Diagnosis:
    words = f"feeds.toml does not name it any more, so it is not asked; its {row['entries']} articles stay"
    return "no longer subscribed", words, f"To take it up again: aggregator feeds add {row['url']}"


# --- two that are one ------------------------------------------------------------------------------------------------


def _twins(rows: Sequence[Row]) -> dict[str, str]:
    """Return URL → the earlier feed that it is the same as: at the same place now, or with the very same document."""
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row["moved_url"] is not None):
        for mark in _marks(row):
            earlier = first.setdefault(mark, row["url"])
            if earlier != row["url"]:
                twins[row["url"]] = earlier
    return twins


def _marks(row: Row) -> Iterator[str]:
    """Yield what only one feed should have."""
    place = row["moved_url"] or row["url"]
    yield place.partition("://")[2].rstrip("/")
    if row["body_sha256"] and row["entries"]:
        yield row["body_sha256"]


def _length(length: timedelta) -> str:
    days = length.total_seconds() / 86400
    if days >= 2:  # noqa: PLR2004 - below, hours say more
        return f"{days:.0f} days"
    return f"{max(length.total_seconds() / 3600, 1):.0f} h"
