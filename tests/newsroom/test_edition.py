from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aggregator.newsroom.edition import EDIT_DELAY, Edition, is_edited, picture_path
from aggregator.newsroom.material import Material, load_material
from aggregator.newsroom.wire import Wire

from .conftest import OPENED_AT, TWO_DAYS_LATER

MINUTE = timedelta(minutes=1)


def test_an_article_appears_at_its_minute(small_material: Material) -> None:
    edition = Edition(small_material, OPENED_AT, 7)
    appears_at = OPENED_AT + timedelta(hours=1, minutes=10)
    assert edition.articles(appears_at - MINUTE) == ()
    (item,) = edition.articles(appears_at)
    assert item.published_at == appears_at
    assert [each.article.outlet.id for each in edition.articles(appears_at + 30 * MINUTE)] == ["el-sol", "north-star"]


def test_about_one_in_twelve_is_edited_after_ninety_minutes(material: Material) -> None:
    edition = Edition(material, OPENED_AT, 7)
    late = OPENED_AT + timedelta(days=7)
    edited = [item for item in edition.articles(late) if item.updated_at]
    assert len(material.articles) / 30 < len(edited) < len(material.articles) / 5
    for item in edited:
        assert item.updated_at == item.published_at + EDIT_DELAY
        before = next(each for each in edition.articles(item.published_at) if each.article.path == item.article.path)
        assert before.updated_at is None
        assert len(item.article.paragraphs) == len(before.article.paragraphs) + 1
        assert item.article.title.startswith(before.article.title)
        assert item.article.place in item.article.paragraphs[-1]
    assert any(item.article.title.endswith(")") for item in edited)


def test_another_seed_edits_other_articles(material: Material) -> None:
    chosen = [{article.path for article in material.articles if is_edited(article, seed)} for seed in (1, 2)]
    assert chosen[0] != chosen[1]


def test_outlets_of_one_event_share_some_photos_and_not_others(material: Material) -> None:
    told_twice = [event for event in material.events if len(event.articles) > 1]
    shared = [
        len({picture_path(article, 7) for article in event.articles}) < len(event.articles) for event in told_twice
    ]
    assert any(shared)
    assert not all(shared)


@given(st.integers(0, 6000), st.integers(0, 400))
def test_the_state_changes_exactly_when_the_articles_do(minutes: int, more: int) -> None:
    edition = Edition(load_material(), OPENED_AT, 7)
    first, second = OPENED_AT + minutes * MINUTE, OPENED_AT + (minutes + more) * MINUTE
    same = edition.articles(first) == edition.articles(second)
    assert (edition.state(first) == edition.state(second)) is same


@given(st.integers(0, 9999), st.integers(-100, 2000))
def test_an_hour_brings_exactly_one_entry_to_a_wire_feed(number: int, hours: int) -> None:
    wire = Wire(load_material(), OPENED_AT, 7, 10_000)
    now = OPENED_AT + timedelta(hours=hours, minutes=59)
    before, after = wire.entries(number, now), wire.entries(number, now + timedelta(hours=1))
    assert after[1:] == before[:-1]
    assert after[0] not in before
    assert all(entry.published_at <= now for entry in before)
    assert len({entry.article.path for entry in before}) == len(before) or len(before) > 8


def test_no_two_wire_entries_are_the_same_article() -> None:
    wire = Wire(load_material(), OPENED_AT, 7, 300)
    paths = [entry.path for number in range(300) for entry in wire.entries(number, TWO_DAYS_LATER)]
    assert len(set(paths)) == len(paths) == 300 * 12


def test_a_wire_feed_cycles_through_all_articles_of_its_language(material: Material) -> None:
    wire = Wire(material, OPENED_AT, 7, 1)
    english = {article.path for article in material.articles if article.outlet.language == "en"}
    seen = {wire.entries(0, OPENED_AT + timedelta(hours=hour))[0].article.path for hour in range(len(english))}
    assert seen == english
