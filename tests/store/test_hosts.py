from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aggregator.records import HostLesson
from store.small_news import LATER, NOW, opened, reading, row, writing

STRICT = HostLesson("strict.test", LATER, 2, 4.0, "it answered 429; it rests for 5 h", NOW)
BUSY = HostLesson("busy.test", None, 1, 2.0, "it answered 403 3 times", NOW)


def test_lessons_come_back_as_they_were(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            assert transaction.hosts.lessons() == []
            transaction.hosts.learn(STRICT)
            transaction.hosts.learn(BUSY)
        with reading(database) as transaction:
            assert sorted(transaction.hosts.lessons(), key=lambda one: one.host) == [BUSY, STRICT]


def test_a_lesson_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    longer = replace(STRICT, rests_until=LATER + timedelta(days=1), strikes=3, spacing_s=8.0, reason="once more")
    with opened(tmp_path) as database:
        for lesson in (STRICT, BUSY, longer):
            with writing(database) as transaction:
                transaction.hosts.learn(lesson)
        with reading(database) as transaction:
            assert sorted(transaction.hosts.lessons(), key=lambda one: one.host) == [BUSY, longer]


def test_people_see_what_was_learned(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with writing(database) as transaction:
            transaction.hosts.learn(STRICT)
        assert row(database, "SELECT * FROM hosts") == (
            *("strict.test", "2026-03-02 11:30:00", 2, 4.0, "it answered 429; it rests for 5 h", "2026-03-02 06:30:00"),
        )
