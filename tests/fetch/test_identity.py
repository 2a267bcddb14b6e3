from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch.identity import content_hash, entry_keys, url_key
from aggregator.records import ParsedEntry

WORDS = st.text("abcä é/&=?%+", max_size=8)
TRACKING = st.sampled_from(
    [
        "utm_source",
        "UTM_Medium",
        "utm_id",
        "fbclid",
        "gclid",
        "mc_cid",
        "mc_eid",
        "at_medium",
        "at_campaign_type",
        "wt_mc",
    ]
)


def entry(guid: str | None = None, url: str | None = None, title: str = "", **more: str) -> ParsedEntry:
    return ParsedEntry(guid=guid, url=url, title=title, **more)  # type: ignore[arg-type]


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/story",
        "http://news.test/story",
        "https://www.news.test/story",
        "https://NEWS.test/story/",
        "https://news.test:443/story#comments",
        "http://news.test:80/story?",
        "https://news.test/story?utm_source=rss&utm_medium=feed",
        "https://news.test/story?fbclid=1&at_campaign=x#top",
    ],
)
def test_what_does_not_change_the_article_is_left_out(url: str) -> None:
    assert url_key(url) == "news.test/story"


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/Story",
        "https://news.test/story?id=1",
        "https://news.test/story?source=rss",
        "https://news.test:8443/story",
        "https://m.news.test/story",
        "https://news.test/story/2",
        "https://news.test/story?xutm_source=1",
    ],
)
def test_what_may_change_the_article_is_kept(url: str) -> None:
    assert url_key(url) not in (None, "news.test/story")


@pytest.mark.parametrize(
    "url",
    [
        *(
            None,
            "",
            "https://news.test",
            "https://news.test/",
            "https://www.news.test//",
            "https://news.test/?utm_id=7",
        ),
        *("https://news.test/#story", "mailto:ada@news.test", "tag:news.test,2026:1", "/story", "urn:uuid:1"),
        *("https://[broken/story", "https://news.test:port/story", "https:///story", "javascript:alert(1)"),
    ],
)
def test_a_front_page_or_no_page_is_nobodys_identity(url: str | None) -> None:
    assert url_key(url) is None


@settings(deadline=None)
@given(
    path=st.text("ab/-", min_size=1, max_size=8),
    parameters=st.lists(st.tuples(st.text("xyz", min_size=1, max_size=3), WORDS), max_size=3),
    tracking=st.lists(st.tuples(TRACKING, WORDS), max_size=3),
)
def test_tracking_parameters_never_count(
    path: str, parameters: list[tuple[str, str]], tracking: list[tuple[str, str]]
) -> None:
    plain = f"https://news.test/{path}?{urlencode(parameters)}"
    tracked = f"https://news.test/{path}?{urlencode([*tracking[:1], *parameters, *tracking[1:]])}"
    assert url_key(plain) == url_key(tracked)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_may_come_as_an_address(text: str) -> None:
    for url in (text, "https://" + text, "https://news.test/" + text, "https://news.test/?" + text):
        assert url_key(url) != ""


# --- entries --------------------------------------------------------------------------------------------------------


def test_the_guid_tells_an_entry_then_its_link_then_title_and_date() -> None:
    keys = entry_keys(
        [
            entry("g1", "https://news.test/1", "One"),
            entry(None, "https://news.test/2", "Two"),
            entry(None, None, "Three", published_raw="Monday"),
        ]
    )
    assert keys[:2] == ["guid g1", "url https://news.test/2"]
    assert keys[2].startswith("text ")


def test_a_guid_that_all_share_tells_nothing_and_the_links_tell() -> None:
    shared = [entry("https://news.test/", f"https://news.test/{n}", "Same title") for n in range(3)]
    assert entry_keys(shared) == [f"url https://news.test/{n}" for n in range(3)]


def test_a_guid_and_a_link_that_all_share_tell_nothing_and_the_titles_tell() -> None:
    shared = [entry("g", "https://news.test/", f"Title {n}") for n in range(3)]
    keys = entry_keys(shared)
    assert len(set(keys)) == 3
    assert all(key.startswith("text ") for key in keys)


def test_entries_without_anything_else_are_told_by_their_text() -> None:
    assert len(set(entry_keys([entry(summary="a"), entry(summary="b"), entry(content="a")]))) == 3


def test_only_the_entries_that_share_fall_back() -> None:
    keys = entry_keys([entry("g", None, "One"), entry("g", None, "Two"), entry("own", None, "Three")])
    assert keys[2] == "guid own"
    assert keys[0] != keys[1]


def test_an_entry_that_is_listed_twice_keeps_its_key() -> None:
    one = entry("g", "https://news.test/1", "One", published_raw="Monday")
    other = entry("h", "https://news.test/2", "Two")
    assert entry_keys([one, other, one]) == ["guid g", "guid h", "guid g"]


def test_a_guid_that_looks_like_anothers_link_is_not_the_same() -> None:
    assert len(set(entry_keys([entry("https://news.test/1"), entry(None, "https://news.test/1")]))) == 2


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["title", "summary", "content"])
def test_what_an_editor_edits_changes_the_hash(part: str) -> None:
    before = entry("g", "u", "Title", summary="Summary", content="Content")
    assert content_hash(replace(before, **{part: "edited"})) != content_hash(before)  # type: ignore[arg-type]


def test_what_no_editor_edits_does_not_change_the_hash() -> None:
    before = entry("g", "u", "Title")
    after = replace(before, guid="h", url="v", author="Ada", published_raw="Monday", language="de")
    assert content_hash(after) == content_hash(before)


def test_text_that_moves_from_title_to_summary_is_an_edit() -> None:
    assert content_hash(entry(title="ab")) != content_hash(entry(title="a", summary="b"))


def test_half_a_character_can_be_hashed() -> None:
    assert len(content_hash(entry(title="\ud800"))) == 64
    assert len(entry_keys([entry(title="\ud800")])) == 1
