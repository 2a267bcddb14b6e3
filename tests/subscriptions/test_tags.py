"""Reading tags of broken documents, in time that grows with their length only."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.subscriptions.tags import Tag, read_tags


def tags(text: str) -> list[Tag]:
    return list(read_tags(text))


def one(text: str) -> Tag:
    [tag] = tags(text)
    return tag


def test_tags_come_with_their_lines() -> None:
    assert tags("<a>\n<!-- <x> \n--><b\nc='1'\n/></A >") == [
        Tag("a", 1),
        Tag("b", 3, {"c": "1"}, is_empty=True),
        Tag("a", 5, is_end=True),
    ]


@pytest.mark.parametrize(
    ("written", "attributes"),
    [
        ("A=\"1\" b='2' C=3 d", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ('a = "1"b="2"', {"a": "1", "b": "2"}),
        ('a="1" A="2"', {"a": "1"}),
        ('a="x > y" b="z"', {"a": "x > y", "b": "z"}),
        ('a="x < y" b="z"', {"a": "x < y", "b": "z"}),
        ('a="two\nlines"', {"a": "two\nlines"}),
        ('a="&lt;&amp;&quot;&#65;&#x42;&eacute;"', {"a": '<&"ABé'}),
        ('a="?x=1&copy=2&amp;y=3&unknown;"', {"a": "?x=1&copy=2&y=3&unknown;"}),
        ('a="&#0;&#1114112;"', {"a": "\ufffd\ufffd"}),
        ('a="it\'s"', {"a": "it's"}),
        ("= a=1", {"a": "1"}),
        ("a=http://x/y?z=1", {"a": "http://x/y?z=1"}),
    ],
)
def test_attributes_are_read_however_they_are_written(written: str, attributes: dict[str, str]) -> None:
    assert one(f"<o {written}>").attributes == attributes


def test_a_tag_that_is_not_closed_ends_where_the_next_one_starts() -> None:
    unclosed = Tag("o", 1, {"a": "1"}, is_empty=True, ends=False)
    assert tags('<o a="1"\n<o b="2">') == [unclosed, Tag("o", 2, {"b": "2"})]
    assert tags('<o a="1\n<o b="2">')[-1] == Tag("o", 2, {"b": "2"})
    assert tags('<o a="1"') == [unclosed]


@pytest.mark.parametrize(
    "aside",
    [
        "<!-- <x/> -->",
        "<?xml <x/> ?>",
        "<![CDATA[ <x/> ]]>",
        "< x",
        "<>",
        "a < b",
        "<!DOCTYPE o>",
        "<script><x></script>",
    ],
)
def test_what_is_no_tag_is_passed_over(aside: str) -> None:
    names = [tag.name for tag in read_tags(f"<a>{aside}<b>", raw=frozenset({"script"})) if tag.name != "script"]
    assert names == ["a", "b"]


def test_a_comment_or_script_without_an_end() -> None:
    assert [tag.name for tag in tags("<!-- <a> <b>")] == ["a", "b"]
    assert [tag.name for tag in read_tags("<script> <a>", raw=frozenset({"script"}))] == ["script"]


def test_entities_are_never_expanded() -> None:
    bomb = '<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    assert one(bomb + '<o x="&b;&f;"/>').attributes == {"x": "&b;&f;"}


@given(st.text(st.sampled_from("<>/!-?[]=\"' \nab&;#1CDATA")))
def test_any_text_can_be_read(text: str) -> None:
    assert all(1 <= tag.line <= text.count("\n") + 1 for tag in tags(text))


@pytest.mark.parametrize(
    "bomb",
    [
        "<!--",
        "<a ",
        "</a",
        "<a b='",
        '<a b="',
        "<a b=\"'",
        "<![CDATA[",
        "<?",
        "<!",
        "<a b",
        "<a =",
        "&amp;",
        "<a/",
        " ",
        "'",
    ],
)
def test_time_grows_with_the_length_only(bomb: str) -> None:
    """Such a document takes a fraction of a second; were it the square of its length, it would take minutes."""
    text = "<a " + bomb * (200_000 // len(bomb))
    start = time.process_time()
    tags(text)
    assert time.process_time() - start < 20


def test_a_tag_of_endless_attributes_is_broken_off() -> None:
    [tag, after] = read_tags("<a" + "".join(f" x{number}" for number in range(5_000)) + "><b>")
    assert (tag.name, tag.is_empty, after.name) == ("a", True, "b")
    assert len(tag.attributes) < 2_000
