"""What holds for every document, however broken. `make fuzz` tries the same on many more."""

from __future__ import annotations

import json
import random
import re

import pytest
from feed_documents import URL, read, rss
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import EXAMPLES, RICH_ATOM, RICH_RSS, corpus, deadline, mutated, some_document

from aggregator.fetch.parse import MAX_ENTRIES, parse_feed
from aggregator.records import ParsedFeed, ParseJob

SEEDS = st.integers(0, 2**48).map(random.Random)
TRIED = settings(max_examples=EXAMPLES or 80, derandomize=True, deadline=None, database=None)

# Text that a person may paste anywhere: no control characters, of which a tenth makes a body binary data.
PASTED = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
DEBRIS = st.lists(
    PASTED
    | st.sampled_from(["<", "&", "<b>", "</b>", "<!--", "<![CDATA[", "]]>", "</item", "&bogus;", "<title>", "="]),
    max_size=8,
).map("".join)


def parsed(body: bytes, content_type: str | None = None) -> ParsedFeed:
    with deadline():
        return parse_feed(ParseJob(URL, body, content_type))


@TRIED
@given(SEEDS)
def test_a_mutated_document_ends_as_entries_or_a_problem(dice: random.Random) -> None:
    body = mutated(some_document(dice), dice)
    content_type = dice.choice([None, "text/xml; charset=utf-16", "text/html; charset=koi8-r", "text/xml;charset=x"])
    feed = parsed(body, content_type)
    assert feed.entries == () if feed.problem else len(feed.entries) <= MAX_ENTRIES
    assert feed.problem is None or "feedparser failed" not in feed.problem
    for entry in feed.entries:
        json.dumps([entry.guid, entry.url, entry.title, entry.content]).encode()
        "".join((entry.guid or "", entry.url or "", entry.title, entry.content, entry.author)).encode()


@TRIED
@given(st.sampled_from([RICH_RSS, RICH_ATOM]), DEBRIS)
def test_what_stands_after_the_end_changes_nothing(document: str, debris: str) -> None:
    """Law 1: text after the end tag of the root, which does not hold that tag itself, is passed over."""
    assert parsed((document + debris).encode()) == parsed(document.encode())


@TRIED
@given(st.integers(1, 6), st.integers(0, 200), st.integers(0, 40), DEBRIS)
def test_damage_in_an_item_loses_none_before_it(item: int, at: int, length: int, debris: str) -> None:
    """Law 2: whatever replaces bytes within an item, the items before it are found, all of them and in their order."""
    start = RICH_RSS.index(f"<title>Story {item}<") + at % 100
    damaged = RICH_RSS[:start] + debris + RICH_RSS[start + length :]
    guids = [entry.guid for entry in parsed(damaged.encode()).entries]
    assert guids[: item - 1] == [f"r{n}" for n in range(1, item)]


@TRIED
@given(
    st.integers(1, 6),
    PASTED.filter(lambda text: not re.search("[<>]", text)) | st.sampled_from(["&", "&x;", "\x00\x1b", "&#0;"]),
)
def test_damage_in_a_text_loses_no_other_item(item: int, debris: str) -> None:
    """Law 3: characters that are no tags, pasted into the text of an item, leave all others as they are."""
    whole = parsed(RICH_RSS.encode()).entries
    damaged = parsed(RICH_RSS.replace(f"Story {item}", f"Story {debris} {item}").encode()).entries
    assert [entry.guid for entry in damaged] == [entry.guid for entry in whole]
    assert [entry for entry in damaged if entry.guid != f"r{item}"] == [e for e in whole if e.guid != f"r{item}"]


@TRIED
@given(SEEDS)
def test_a_document_cut_short_keeps_the_entries_before_the_cut(dice: random.Random) -> None:
    """Law 4: of a download that ended early every entry is found whose end tag arrived."""
    body = dice.choice([RICH_RSS, RICH_ATOM]).encode()
    cut = body[: dice.randint(0, len(body))]
    arrived = len(re.findall(rb"</(?:item|entry)>", cut))
    assert len(parsed(cut).entries) >= arrived


@pytest.mark.parametrize("count", [0, 1, 3])
def test_items_are_entries_or_named(count: int) -> None:
    feed = read(rss("<item><title>x</title></item><item/>" * count))
    assert len(feed.entries) == count
    notes = {0: None, 1: "1 empty entry was left out", 3: "3 empty entries were left out"}
    assert feed.note == notes[count]


def raw_items(body: bytes) -> int:
    """Count the items of a document without any parser of feeds."""
    if body.lstrip()[:1] == b"{":
        return len(json.loads(body, strict=False)["items"])
    bare = re.sub(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->", b"", body, flags=re.S)
    return len(re.findall(rb"<(?:item|entry)[\s/>]", bare))


@pytest.mark.skipif(not corpus(), reason="AGGREGATOR_CORPUS names no folder of feeds")
def test_every_item_of_the_corpus_is_an_entry_or_named() -> None:
    for path in corpus():
        body = path.read_bytes()
        feed = parsed(body)
        if "broken JSON" in (feed.note or ""):  # it ends early, and its note says so
            continue
        left_out = re.search(r"(\d+) empty", feed.note or "")
        came_out = len(feed.entries) + (int(left_out.group(1)) if left_out else 0)
        assert came_out == (0 if feed.problem else raw_items(body)), path.name
