"""Editing the text of feeds.toml: what was asked for changes, and not one byte more."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.errors import ConfigError
from aggregator.subscriptions.document import NewFeed, Removed, statements, with_feeds, without_feeds
from aggregator.subscriptions.feeds_file import starter_feeds

FILE = '''\
# My feeds. [[feeds]] in a comment is none.

[[feeds]]
url = "https://a.example/"   # the first
# interval = "2h"

# About b,
# in two lines
[[feeds]]
  url   =   "HTTPS://B.example"
tags = [
    "x", # [[feeds]]
    "y",
]
[feeds.headers]
X-Key = "${KEY}"

# --- Section --------

[[ "feeds" ]]
url = """
https://c.example/"""
title = """
[[feeds]]
url = "no table"
"""
# below c

[[apis]]
url = "https://api.example/"
entries = "items"
# about d
[[feeds]]
url = 'https://d.example/'
'''


def tables(text: str, section: str = "feeds") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(text).get(section, [])
    return found


def remove(text: str, *urls: str) -> str:
    return without_feeds(text, "feeds.toml", urls)[0]


# --- statements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "\n", FILE, FILE.replace("\n", "\r\n"), starter_feeds(), 'a = """x\n\\"""" # c\n']
)
def test_statements_put_together_are_the_text(text: str) -> None:
    assert "".join(statements(text)) == text


def test_a_value_of_several_lines_is_one_statement() -> None:
    text = "a = [\n  1, # ]\n  [2],\n]\nb = '''\n[[feeds]]\n'''\nc = { d = \"}\" }\n"
    assert statements(text) == ["a = [\n  1, # ]\n  [2],\n]\n", "b = '''\n[[feeds]]\n'''\n", 'c = { d = "}" }\n']


# --- adding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# only a comment", FILE, FILE.rstrip(), FILE + "\n\n", starter_feeds()])
def test_what_is_added_stands_at_the_end_and_nothing_else_changes(text: str) -> None:
    after = with_feeds(text, "feeds.toml", [NewFeed("https://new.example/")])
    assert after.startswith(text)
    assert after.endswith('[[feeds]]\nurl = "https://new.example/"\n')
    assert tables(after) == [*tables(text), {"url": "https://new.example/"}]
    assert "\n\n\n\n" not in after.removeprefix(text)


def test_a_blank_line_parts_tables() -> None:
    after = with_feeds('[[feeds]]\nurl = "https://a/"', "f", [NewFeed("https://b/"), NewFeed("https://c/")])
    assert after == "\n".join(f'[[feeds]]\nurl = "https://{one}/"\n' for one in "abc")
    assert with_feeds("", "f", [NewFeed("https://b/")]) == '[[feeds]]\nurl = "https://b/"\n'


def test_a_file_of_windows_keeps_its_line_ends() -> None:
    after = with_feeds("# mine\r\n", "f", [NewFeed("https://b/", "B")])
    assert after == '# mine\r\n\r\n[[feeds]]\r\nurl = "https://b/"\r\ntitle = "B"\r\n'


def test_every_value_is_written_and_defaults_are_not() -> None:
    feed = NewFeed("https://b/", "B", "sport", ("x", "y"), "2h", full_text=False, enabled=False, auth="me:${PW}")
    assert tables(with_feeds("", "f", [feed])) == [
        {
            "url": "https://b/",
            "title": "B",
            "category": "sport",
            "tags": ["x", "y"],
            "interval": "2h",
            "full_text": False,
            "enabled": False,
            "auth": "me:${PW}",
        }
    ]
    assert NewFeed("https://b/").table() == {"url": "https://b/"}


def test_adding_nothing_changes_nothing() -> None:
    assert with_feeds(FILE, "f", []) == FILE


@pytest.mark.parametrize(
    "text",
    ["feeds = []\n", 'feeds = [{ url = "https://a/" }] # mine\n', 'feeds = [\n  { url = "https://a/" }, # a\n]\n'],
)
def test_feeds_written_as_one_value_stay_one_value(text: str) -> None:
    after = with_feeds(text, "f", [NewFeed("https://b/", tags=("x",)), NewFeed("https://c/")])
    assert tables(after) == [*tables(text), {"url": "https://b/", "tags": ["x"]}, {"url": "https://c/"}]
    assert "[[feeds]]" not in after
    assert remove(after, "https://a/", "https://b/", "https://c/").count("url") == 0


@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
@example('"""', ["\\", "'''", "\x7f", "\r\n", "#", "]"])
def test_any_text_can_be_written(title: str, tags: list[str]) -> None:
    [table] = tables(with_feeds("", "f", [NewFeed("https://b/", title, tags=tuple(tags))]))
    assert (table.get("title", ""), table.get("tags", [])) == (title, tags)


# --- taking out ------------------------------------------------------------------------------------------------------


def test_a_table_goes_with_what_is_inside_it() -> None:
    after = remove(FILE, "https://a.example/")
    assert after == FILE.replace('[[feeds]]\nurl = "https://a.example/"   # the first\n# interval = "2h"\n\n', "")


def test_another_spelling_is_the_same_feed_and_its_own_comment_goes_along() -> None:
    after, removed = without_feeds(FILE, "f", ["https://b.example/"])
    start, end = FILE.index("# About b"), FILE.index("# --- Section")
    assert after == FILE[:start] + FILE[end:]
    assert removed == [Removed("https://b.example/", ("# About b,", "# in two lines"))]


def test_a_heading_of_a_section_and_what_is_quoted_stay() -> None:
    after = remove(FILE, "https://c.example/")
    start, end = FILE.index('[[ "feeds" ]]'), FILE.index("[[apis]]")
    assert after == FILE[:start] + FILE[end:]


def test_an_api_is_taken_out_too_and_a_comment_of_doubtful_belonging_stays() -> None:
    after, removed = without_feeds(FILE, "f", ["https://api.example/"])
    assert removed == [Removed("https://api.example/")]
    assert "# about d\n[[feeds]]\nurl = 'https://d.example/'" in after
    assert tables(after, "apis") == []
    after, removed = without_feeds(FILE, "f", ["https://d.example/"])
    assert removed == [Removed("https://d.example/")]
    assert after.endswith('entries = "items"\n# about d\n')


def test_the_heading_of_the_file_stays() -> None:
    text = '# My feeds\n[[feeds]]\nurl = "https://a/"\n'
    assert remove(text, "https://a/") == "# My feeds\n"


def test_both_tables_of_a_doubled_feed_go() -> None:
    text = '[[feeds]]\nurl = "https://a"\n\n[[feeds]]\nurl = "https://b/"\n\n[[feeds]]\nurl = "HTTPS://A:443/#x"\n'
    after, removed = without_feeds(text, "f", ["https://a/"])
    assert after == '[[feeds]]\nurl = "https://b/"\n'
    assert len(removed) == 2


def test_what_is_not_there_is_not_taken_out() -> None:
    assert without_feeds(FILE, "f", ["https://nobody.example/"]) == (FILE, [])


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True), st.data())
def test_what_was_added_is_taken_out_without_a_trace(names: list[str], data: st.DataObject) -> None:
    feeds = [NewFeed(f"https://new-{name}.example/", name) for name in names]
    text = data.draw(st.sampled_from(["", FILE, FILE + "\n", starter_feeds()]))
    after = remove(with_feeds(text, "f", feeds), *(feed.url for feed in feeds))
    assert after.rstrip("\n") == text.rstrip("\n")


@given(st.sets(st.integers(0, 40)))
def test_taking_out_leaves_all_others_as_they_are(numbers: set[int]) -> None:
    before = tables(starter_feeds())
    gone = [one["url"] for number, one in enumerate(before) if number in numbers]
    after = remove(starter_feeds(), *gone)
    assert tables(after) == [one for one in before if one["url"] not in gone]
    kept = [line for line in starter_feeds().splitlines() if line.startswith("# ---")]
    assert [line for line in after.splitlines() if line.startswith("# ---")] == kept


# --- what cannot be edited -------------------------------------------------------------------------------------------


def test_broken_toml_is_refused() -> None:
    with pytest.raises(ConfigError, match="f is not valid TOML"):
        with_feeds("[[feeds]\n", "f", [NewFeed("https://b/")])
    with pytest.raises(ConfigError, match="f is not valid TOML"):
        without_feeds("[[feeds]\n", "f", ["https://b/"])


@pytest.mark.parametrize(
    "text", ['[["\\u0066eeds"]]\nurl = "https://a/"\n', 'feeds = [ { url = "https://a/" } ]\n[x]\n']
)
def test_what_is_written_in_a_way_that_is_not_understood_is_refused_or_right(text: str) -> None:
    try:
        after = remove(text, "https://a/")
    except ConfigError as error:
        assert "change it by hand" in str(error)  # noqa: PT017 - either is right, nothing else is
    else:
        assert tables(after) == []
        assert "x" not in tomllib.loads(text) or "x" in tomllib.loads(after)
