"""Known entries are cut out before the parser, and nobody can tell from what it says about the rest."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest
from feed_documents import ATOM10, RSS10, RSS20, URL, rss
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import DOCUMENTS, EXAMPLES, RICH_ATOM, RICH_RSS, corpus, deadline, mutated, some_document, thrown

from aggregator.fetch import handlers
from aggregator.fetch.parse import parse_feed
from aggregator.fetch.slicing import FINGERPRINT_BYTES, MAX_SLICED_BYTES, Sliced, slice_document
from aggregator.records import ParsedFeed, ParseJob

TRIED = settings(max_examples=EXAMPLES or 100, derandomize=True, deadline=None, database=None)
SEEDS = st.integers(0, 2**48).map(random.Random)


def sliced(
    body: bytes | str, known: tuple[bytes, ...] = (), *, url: str = URL, header: str | None = None
) -> Sliced | None:
    return slice_document(body.encode() if isinstance(body, str) else body, header, url, known)


def fingerprints(body: bytes | str, *, url: str = URL, header: str | None = None) -> tuple[bytes, ...]:
    found = sliced(body, url=url, header=header)
    assert found is not None
    return found.slices.left


def holds_the_law(body: bytes, dice: random.Random, header: str | None = None) -> bool:
    """Assert the law over four choices of known entries; tell whether the document could be taken apart at all.

    The law: without the known entries the document parses to the same feed, and to the same entries but those.
    """
    all_left = sliced(body, header=header)
    if all_left is None:
        return False
    assert all_left.body == body
    prints = all_left.slices.left
    assert len(set(prints)) == len(prints)
    whole = parse_feed(ParseJob(URL, body, header))
    if len(whole.entries) != len(prints):
        # A name that looks like an entry's and is none, in a namespace of its own: the stage pairs by number, or not.
        return False
    for chance in (1.0, 0.9, 0.5, 0.1):
        known = tuple(one for one in prints if dice.random() < chance)
        rest = sliced(body, known, header=header)
        assert rest is not None
        assert rest.slices.cut == known
        assert rest.slices.left == tuple(one for one in prints if one not in known)
        expected = [entry for entry, one in zip(whole.entries, prints, strict=True) if one not in known]
        parsed = parse_feed(ParseJob(URL, rest.body, header))
        assert list(parsed.entries) == expected
        assert parsed == replace(whole, entries=tuple(expected))
    return True


# --- what is cut and what is left ------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", DOCUMENTS[:5])
def test_every_format_is_taken_apart(body: bytes) -> None:
    assert holds_the_law(body, thrown(1))


def test_known_entries_are_gone_and_the_rest_is_as_it_was() -> None:
    first, second, *others = fingerprints(RICH_RSS)
    rest = sliced(RICH_RSS, (first, *others))
    assert rest is not None
    assert len(first) == FINGERPRINT_BYTES
    assert rest.slices.left == (second,)
    assert rest.slices.cut == (first, *others)
    assert b"Story 2" in rest.body
    assert b"Story 1" not in rest.body
    assert rest.body.startswith(RICH_RSS.encode()[:200])
    assert rest.body.endswith(b"</channel></rss>")


def test_a_new_entry_leaves_the_fingerprints_of_the_others() -> None:
    head = "<title>T</title><lastBuildDate>{}</lastBuildDate><ttl>{}</ttl><generator>G {}</generator>"
    own = '<atom:link xmlns:atom="a" rel="self" href="/{}"/>'.replace(' xmlns:atom="a"', "")
    item = "<item><guid>{0}</guid><title>Story {0}</title></item>\n"

    def edition(number: int) -> str:
        items = "".join(item.format(n) for n in range(number, 0, -1))
        channel = (head + own).format(number, number, number, number)
        document = rss(items + f"<!-- made at {number} --><pubDate>{number}</pubDate>", channel=channel)
        return document.replace("<rss ", '<rss xmlns:atom="http://www.w3.org/2005/Atom" ')

    before, after = fingerprints(edition(3)), fingerprints(edition(4))
    assert after[1:] == before


INHERITED = {
    "the address": (RICH_RSS, "https://other.test/feed", None),
    "the charset of the header": (RICH_RSS, URL, "text/xml; charset=utf-8"),
    "the declaration": (RICH_RSS.replace('encoding="utf-8"', 'encoding="us-ascii"'), URL, None),
    "a namespace": (RICH_RSS.replace("<rss ", '<rss xmlns:x="y" '), URL, None),
    "xml:base of the root": (RICH_RSS.replace("<rss ", '<rss xml:base="https://b.test/" '), URL, None),
    "xml:lang of the channel": (RICH_RSS.replace("<channel>", '<channel xml:lang="de">'), URL, None),
    "the language": (RICH_RSS.replace("<channel>", "<channel><language>de</language>"), URL, None),
    "the site's address": (RICH_RSS.replace("<link>https://news.test/<", "<link>https://b.test/<"), URL, None),
    "an author at the end": (RICH_RSS.replace("</channel>", "<author>Ada</author></channel>"), URL, None),
}


@pytest.mark.parametrize("changed", INHERITED)
def test_a_fingerprint_covers_what_an_entry_inherits(changed: str) -> None:
    document, url, header = INHERITED[changed]
    before, after = fingerprints(RICH_RSS), fingerprints(document, url=url, header=header)
    assert len(before) == len(after)
    assert not set(before) & set(after)


def test_a_fingerprint_covers_the_author_of_an_atom_feed() -> None:
    after = fingerprints(RICH_ATOM.replace("<name>Desk</name>", "<name>Night desk</name>"))
    assert not set(fingerprints(RICH_ATOM)) & set(after)


def test_text_that_looks_like_markup_is_no_entry() -> None:
    tricks = (
        "<description><![CDATA[</item><item><guid>9</guid></item>]]></description><!-- </item><item> -->"
        "<title>&lt;item&gt;</title>"
    )
    body = rss(f"<item><guid>1</guid>{tricks}</item><!-- <item> --><item><guid>2</guid>{tricks}</item>").encode()
    assert len(fingerprints(body)) == 2
    assert holds_the_law(body, thrown(1))


# --- what is not taken apart ----------------------------------------------------------------------------------------

ONE, TWO = "<item><guid>1</guid></item>", "<item><guid>2</guid></item>"
UNCLEAR: dict[str, str | bytes] = {
    "json": '{"version": "https://jsonfeed.org/version/1.1", "items": []}',
    "nothing": "",
    "an unknown root": "<opml><item><guid>1</guid></item></opml>",
    "rdf that is no feed by itself": RSS10.replace('xmlns="http://purl.org/rss/1.0/"', ""),
    "utf-16": RSS20.encode("utf-16"),
    "utf-32": RSS20.encode("utf-32"),
    "an encoding with states": RSS20.replace("<rss", '<?xml version="1.0" encoding="iso-2022-jp"?><rss', 1),
    "an encoding of two bytes": RSS20.replace("<rss", '<?xml version="1.0" encoding="shift_jis"?><rss', 1),
    "bytes that refute the encoding": rss(ONE + "<item><guid>2</guid>@</item>").encode().replace(b"@", b"\xe9"),
    "a guid twice": rss(ONE + ONE),
    "a guid twice, written differently": rss(ONE + "<item><guid>\n<![CDATA[1]]></guid></item>"),
    "a guid twice, by reference": rss(ONE + "<item><guid>&#49;</guid></item>"),
    "no guid": rss("<item><title>x</title></item>"),
    "an empty guid": rss("<item><guid> </guid></item>"),
    "two guids": rss("<item><guid>1</guid><guid>2</guid></item>"),
    "a guid of another namespace": rss("<item><guid>1</guid><dc:id>2</dc:id></item>"),
    "a guid with elements in it": rss("<item><guid>1<b/></guid></item>"),
    "a monstrous guid": rss(f"<item><guid>{'g' * 3000}</guid></item>"),
    "items in items": rss(f"<item><guid>1</guid>{TWO}</item>"),
    "an entry in an item": rss("<item><guid>1</guid><entry/></item>"),
    "items in capitals": rss("<ITEM><guid>1</guid></ITEM>"),
    "an item in an image": rss(f"<image>{ONE}</image>"),
    "markup between items": rss(ONE + "<image/>" + TWO),
    "text between items": rss(ONE + "x" + TWO),
    "a bare item": rss(ONE + "<item/>"),
    "an internal DTD": rss(ONE, head="<!DOCTYPE rss [<!ENTITY a 'b'>]>"),
    "junk before": "<br/>" + rss(ONE),
    "something after": rss(ONE) + "<script/>",
    "no end": rss(ONE)[:-3],
    "an instruction": rss(ONE + "<?php ?>"),
    "a control character": rss(ONE + "<item><guid>2</guid>\x0b</item>"),
    "broken tags": rss(ONE + "<item><guid>2</guid><b></item>"),
    "an attribute without quotes": rss(ONE + "<item><guid>2</guid><b c=d/></item>"),
    "a prefix without a namespace": rss(ONE + "<item><guid>2</guid><x:y/></item>"),
    "a declaration further down": rss(ONE + "<item><guid>2</guid><![CDATA[<?xml encoding='cp1251'?>]]></item>"),
    "an item that never ends": rss(ONE + "<item><guid>2</guid>"),
    "a section that never ends": rss(ONE + "<item><guid>2</guid><![CDATA[x"),
    "too many": rss("".join(f"<item><guid>{n}</guid></item>" for n in range(handlers.MAX_ENTRIES + 1))),
    "too much": rss("<item><guid>1</guid>" + "<b/>" * (handlers.MAX_ELEMENTS + 1) + "</item>"),
}  # fmt: skip


HOSTILE = {
    "tags of the feed": rss("<a/>" * 400_000 + ONE),
    "tags that stay open": "<rss><channel>" + "<a>" * 400_000,
    "sources": rss("<item><guid>1</guid>" + "<source>" * 190_000),
    "comments without an end": rss(ONE) + "<!--" * 190_000,
    "sections without an end": rss(ONE + "<![CDATA[" * 100_000),
    "attributes": rss(f"<item{' a=b' * 300_000}>"),
    "spaces": rss(f"<item{' ' * 1_000_000}"),
    "prefixes": rss(f"<item><guid>1</guid>{':id ' * 300_000}</item>" + TWO),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_costs_little(name: str) -> None:
    started = time.process_time()
    sliced(HOSTILE[name])
    assert time.process_time() - started < 5


def story(text: str) -> str:
    return rss(f"<item><guid>1</guid>{text}</item>" + TWO)


COSTLY = {
    "references": story("&nbsp;" * 1_580_000),
    "ampersands": story("& " * 4_700_000),
    "prefixes": story(f"<![CDATA[{':id ' * 2_300_000}]]>"),
    "brackets": story(f"<![CDATA[{']]' * 4_700_000}]]>"),
    "attributes": story("<a " + " ".join(f"a{n}=''" for n in range(800_000)) + "/>"),
}  # fmt: skip
WITHIN_2_MB = {
    "references": story("&nbsp;" * 300_000),
    "few references": story("&nbsp;" * 19_000),
    "ampersands": story("& " * 900_000),
    "prefixes": story(f"<![CDATA[{':id ' * 450_000}]]>"),
    "brackets": story(f"<![CDATA[{']]' * 900_000}]]>"),
    "attributes": story("<a " + " ".join(f"a{n}='>'" for n in range(150_000)) + "/>"),
    "attributes of the root": rss(ONE).replace("<rss ", "<rss " + " ".join(f"a{n}='>'" for n in range(3_000)) + " "),
    "attributes of the channel": rss(ONE).replace("<channel", "<channel " + " ".join(f"a{n}=''" for n in range(3_000))),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_would_take_seconds_is_left_to_those_with_a_deadline(name: str) -> None:
    body = COSTLY[name].encode()
    started = time.process_time()
    assert sliced(body) is None
    assert time.process_time() - started < 0.3


@pytest.mark.parametrize("name", WITHIN_2_MB)
def test_what_would_cost_much_is_left_whole_however_short(name: str) -> None:
    body = WITHIN_2_MB[name].encode()
    assert len(body) < MAX_SLICED_BYTES
    started = time.process_time()
    assert sliced(body) is None
    assert time.process_time() - started < 2


def test_a_long_document_is_left_whole_and_one_with_long_texts_is_not() -> None:
    longest = story("<description>" + "text " * 390_000 + "</description>")
    assert sliced(longest) is not None
    assert sliced(longest.replace("text ", "texts ")) is None


def test_mistakes_are_mended_where_they_are_few() -> None:
    assert sliced(story("R&D " * 1_900)) is not None
    assert sliced(story("R&D " * 2_100)) is None
    assert sliced(story("R&amp;D " * 2_100)) is not None


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_is_left_whole(name: str) -> None:
    assert sliced(UNCLEAR[name]) is None


# --- the law ---------------------------------------------------------------------------------------------------------

_SHARED = (
    "title",
    "description",
    "summary",
    "subtitle",
    "language",
    "image",
    "source",
    "author",
    "name",
    "media:description",
)
_HEADS = (
    "<title>T</title>", "<link>https://site.test/</link>", "<link href='https://site.test/'/>",
    "<language>de</language>",
    "<image><url>/i.png</url><title>I</title></image>", "<author><name>Desk</name></author>", "<pubDate>x</pubDate>",
    "<textinput><name>n</name></textinput>", "<updated>2024-01-01</updated>", "<skipHours><hour>1</hour></skipHours>",
    "<description>D <b>x</b></description>", "<summary>s</summary>", "<!-- <item> -->", "<content>c</content>", "text",
    "<info type='xhtml'><summary>x</summary><source/></info>", "<description><b/><title>x</title></description>",
    "<atom:link rel='self' href='/f'/>", "<atom:link rel='alternate' href='/g'/>", "<ttl>60</ttl>",
    "<itunes:image href='/p'/>",
)  # fmt: skip
_FIELDS = (
    *(f"<{name}>a</{name}>" for name in _SHARED), *(f"<{name}><b>a</b></{name}>" for name in _SHARED),
    "<title>x &amp; y</title>", "<description><![CDATA[<p><img src='a.png'>]]></description>", "<link>/a</link>",
    "<link href='/b'/>",
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><summary>s</summary><p>x</p></div></content>",
    "<content type='xhtml'><title>x</title><source src='a'/><image/><name>n</name></content>",
    "<content type='html'>&lt;p>x</content>",
    "<content:encoded>a &lt;b&gt;c&lt;/b&gt;</content:encoded>",
    "<svg xmlns='http://www.w3.org/2000/svg'><title>x</title></svg>",
    "<m:thumbnail xmlns:m='http://search.yahoo.com/mrss/' url='/m.png'/>",
    "<q:title xmlns:q='http://unknown.test/'>q</q:title>",
    "<media:title xmlns:media='http://www.itunes.com/dtds/podcast-1.0.dtd'>no</media:title>",
    "<media:thumbnail url='/t.png'/>",
    "<dc:language>fr</dc:language>", "<channel><title>c</title></channel>", "<textinput><title>t</title></textinput>",
    "&nbsp;a & b",
    "<source url='/s'>S</source>", "<source><id>feed</id><title>F</title></source>",
    "<pubDate>Wed, 01 May 2024 08:00:00 GMT</pubDate>",
    "<category>c</category>", "<author><name>Ada</name></author>", "<itunes:author>I</itunes:author>",
    "<body><p>b</p></body>",
    "<psc:chapter xmlns:psc='http://podlove.org/simple-chapters'/>", "<rss xml:lang='it'/>", "<feed xml:lang='da'/>",
    "<title xml:lang='es'>e</title>",
    "<enclosure url='/e.png' type='image/png'/>", "<itunes:image href='/q'/>", "<description/>",
    "<image><link>/l</link></image>",
    "<b xml:base='https://base.test/'><link>deep</link></b>", "<updated>2024-02-02T00:00:00Z</updated>",
    "<created>x</created>",
)  # fmt: skip
_SHAPES = (
    ("<rss version='2.0'{}><channel>", "item", "guid", "</channel></rss>"),
    ("<rss version='0.92' xml:base='https://root.test/'{}><channel xml:lang='en'>", "item", "guid", "</channel></rss>"),
    ("<feed xmlns='http://www.w3.org/2005/Atom'{}>", "entry", "id", "</feed>"),
    ("<a:feed xmlns:a='http://www.w3.org/2005/Atom'{}>", "a:entry", "a:id", "</a:feed>"),
    ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'{}>", "item",
    "", "</rdf:RDF>"),
)  # fmt: skip
_NAMESPACES = (
    " xmlns:media='http://search.yahoo.com/mrss/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'"
    " xmlns:atom='http://www.w3.org/2005/Atom'"
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Feeds in which nothing is where it should be, and which are well-formed all the same, or could be mended."""
    root, entry, guid, end = draw(st.sampled_from(_SHAPES))
    head, tail = (draw(st.lists(st.sampled_from(_HEADS), max_size=most)) for most in (5, 2))
    bodies = draw(st.lists(st.lists(st.sampled_from(_FIELDS), max_size=5), min_size=1, max_size=5))
    entries = [
        f"<{entry}><{guid}>i{n}</{guid}>{''.join(fields)}</{entry}>"
        if guid
        else f"<{entry} rdf:about='i{n}'>{''.join(fields)}</{entry}>"
        for n, fields in enumerate(bodies)
    ]
    return root.format(_NAMESPACES) + "".join(head) + "\n".join(entries) + "".join(tail) + end


@TRIED
@given(documents(), SEEDS)
def test_the_law_over_strange_documents(document: str, dice: random.Random) -> None:
    with deadline():
        holds_the_law(document.encode(), dice)


@pytest.mark.parametrize("seed", range(20))
def test_no_entry_is_anything_to_the_next(seed: int) -> None:
    """Every field after every other, each in an entry of its own, after a head that leaves nothing in its place."""
    dice = thrown(seed)
    root, entry, guid, end = _SHAPES[seed % 3]
    fields = dice.sample(_FIELDS, len(_FIELDS))
    entries = "".join(f"<{entry}><{guid}>i{n}</{guid}>{field}</{entry}>" for n, field in enumerate(fields))
    tail = "<title>Last</title><link>https://last.test/</link>"
    document = root.format(_NAMESPACES) + "".join(dice.sample(_HEADS, 6)) + entries + tail + end
    assert holds_the_law(document.encode(), dice)


def test_most_of_the_strange_documents_are_taken_apart() -> None:
    taken: list[bool] = []

    @settings(max_examples=60, derandomize=True, deadline=None, database=None)
    @given(documents())
    def look(document: str) -> None:
        taken.append(sliced(document) is not None)

    look()
    assert sum(taken) > len(taken) / 2


@TRIED
@given(SEEDS)
def test_the_law_over_mutated_documents(dice: random.Random) -> None:
    header = dice.choice(
        [None, "text/xml; charset=utf-8", "text/xml; charset=iso-8859-1", "text/xml; charset=nonsense"]
    )
    with deadline():
        holds_the_law(mutated(some_document(dice), dice), dice, header)


@TRIED
@given(SEEDS)
def test_an_edition_with_damage_keeps_the_law_for_what_was_known_before(dice: random.Random) -> None:
    """Known are the entries of an earlier edition; the next one was damaged on its way, and new entries stand in it."""
    body = dice.choice([RICH_RSS, RICH_ATOM, ATOM10]).encode()
    known = fingerprints(body)
    damaged = mutated(body, dice)
    rest = sliced(damaged, known)
    if rest is None:
        return
    whole: ParsedFeed = parse_feed(ParseJob(URL, damaged, None))
    prints = fingerprints(damaged)
    assert len(prints) == len(whole.entries)
    expected = tuple(entry for entry, one in zip(whole.entries, prints, strict=True) if one not in known)
    assert parse_feed(ParseJob(URL, rest.body, None)) == replace(whole, entries=expected)


@pytest.mark.skipif(not corpus(), reason="AGGREGATOR_CORPUS names no folder of feeds")
def test_the_law_over_the_corpus() -> None:
    dice = thrown(1)
    taken = [holds_the_law(path.read_bytes(), dice) for path in corpus()]
    assert sum(taken) > len(taken) * 0.7
