"""Documents that nobody would write, made of some that somebody would: the same for the same seed."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from feed_documents import ATOM03, ATOM10, NETSCAPE, RSS10, RSS20, rss

EXAMPLES = int(os.environ.get("AGGREGATOR_FUZZ_EXAMPLES", "0"))
"""How many examples each property is tried on; 0 leaves it to the test. `make fuzz` sets it."""

MAX_BYTES = 400_000
_DEADLINE_S = 60

RICH_RSS = rss(
    "".join(
        f"<item><title>Story {n}</title><guid isPermaLink='false'>r{n}</guid><link>/{n}</link>"
        f"<description><![CDATA[<p>Text <b>{n}</b> &amp; more <img src='/{n}.jpg'></p>]]></description>"
        f"<category>Sea</category><media:content url='/{n}.png' medium='image'><media:title>x</media:title>"
        f"</media:content><pubDate>Wed, 0{n} May 2024 08:00:00 GMT</pubDate></item>\n"
        for n in range(1, 7)
    ),
    head='<?xml version="1.0" encoding="utf-8"?>\n',
)
RICH_ATOM = (
    '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
    "<title>Größe</title><author><name>Desk</name></author><link href='https://news.test/'/>"
    + "".join(
        f"<entry><id>a{n}</id><title type='html'>Story &lt;b&gt;{n}&lt;/b&gt;</title><link href='/{n}'/>"
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>One <em>two</em></p></div></content>"
        f"<updated>2024-05-0{n}T10:00:00Z</updated></entry>\n"
        for n in range(1, 7)
    )
    + "</feed>"
)
DOCUMENTS = tuple(text.encode() for text in (RICH_RSS, RICH_ATOM, RSS20, ATOM10, RSS10, ATOM03, NETSCAPE))


def thrown(seed: int) -> random.Random:
    """Return dice that fall the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - the same every time is what is wanted


def corpus() -> list[Path]:
    """Return the feeds of the folder that AGGREGATOR_CORPUS names, none without it."""
    folder = os.environ.get("AGGREGATOR_CORPUS")
    return sorted(path for path in Path(folder).rglob("*") if path.is_file()) if folder else []


def some_document(dice: random.Random) -> bytes:
    """Return one of our documents or, where there is a corpus, one of its feeds."""
    path = dice.choice([None, *corpus()])
    return path.read_bytes()[:MAX_BYTES] if path else dice.choice(DOCUMENTS)


def mutated(document: bytes, dice: random.Random) -> bytes:
    """Return `document` with one to four things done to it."""
    for _ in range(dice.randint(1, 4)):
        document = dice.choice(_MUTATIONS)(document, dice)[:MAX_BYTES]
    return document


def _span(document: bytes, dice: random.Random, longest: int = 400) -> tuple[int, int]:
    start = dice.randint(0, len(document))
    return start, min(len(document), start + dice.randint(0, longest))


def _flip(document: bytes, dice: random.Random) -> bytes:
    flipped = bytearray(document)
    for _ in range(dice.randint(1, 8)):
        if flipped:
            flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
    return bytes(flipped)


def _cut(document: bytes, dice: random.Random) -> bytes:
    start, end = _span(document, dice)
    return document[:start] + document[end:]


def _end_early(document: bytes, dice: random.Random) -> bytes:
    return document[: dice.randint(0, len(document))]


def _repeat(document: bytes, dice: random.Random) -> bytes:
    start, end = _span(document, dice)
    return document[:end] + document[start:end] * dice.randint(1, 30) + document[end:]


def _splice(document: bytes, dice: random.Random) -> bytes:
    other = some_document(dice)
    start, end = _span(other, dice, 2_000)
    at = dice.randint(0, len(document))
    return document[:at] + other[start:end] + document[at:]


def _reencode(document: bytes, dice: random.Random) -> bytes:
    encoding = dice.choice(
        ["utf-16", "utf-16-le", "utf-32", "cp1252", "cp1251", "shift_jis", "utf-7", "gb18030", "cp037"]
    )
    return document.decode("utf-8", "replace").encode(encoding, "replace")


_INSERTED: tuple[bytes, ...] = (
    b"\x00", b"\x00" * 50, b"\x0b\x1b[2J", b"&bogus;", b"&#0;", b"&#xD800;", b"&#99999999999;", b"&", b"<", b">",
    b"]]>",
    b"<![CDATA[", b"<!--", b"-->", b"<?php x ?>", b"<?xml version='1.0' encoding='utf-16'?>", b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!DOCTYPE rss [<!ENTITY a 'b'>]>", b"</item>", b"</channel></rss>", b"<item>", b"<entry>", b"</feed>", b"<title>",
    b"<content type='xhtml'>", b"<summary>", b"</source>", b"<image>", b"<svg><title>", b" xml:base='x/'",
    b" xml:lang='de'",
    b"<div>" * 2_000, b"<a xml:base='b/'>" * 300, b"<x " + b" ".join(b"a%d='1'" % n for n in range(3_000)) + b"/>",
    b"<psc:chapter xmlns:psc='http://podlove.org/simple-chapters'/>",
    b"<category>x</category>" * 500, b"<textinput><name>",
    b"<media:description>", b"<itunes:image/>", b"<geo:lat>x</geo:lat>", "\u202e\ufeff\ufffe".encode(), b"{", b"[[[[",
)  # fmt: skip


def _insert(document: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(document))
    return document[:at] + dice.choice(_INSERTED) + document[at:]


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _cut, _end_early, _repeat, _splice, _reencode, _insert, _insert, _insert,
)  # fmt: skip


@contextmanager
def deadline() -> Iterator[None]:
    """Fail what takes longer than a minute, instead of hanging with it."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"still reading after {_DEADLINE_S} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(_DEADLINE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
