from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from typing import Any

import msgspec
import pytest

from aggregator.errors import ConfigError
from aggregator.fetch.extract import MAX_ELEMENTS, extract_page, extract_pages, require_extractor
from aggregator.records import ImageCandidate, PageJob, PageText

URL = "https://harbour.test/news/1"
SENTENCES = [
    f"On day {day} the council spoke about the harbour wall, which the winter storm had broken, and about its repair."
    for day in range(6)
]
BODY = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)


def html(body: str = BODY, head: str = "<title>The wall</title>", charset: str = "utf-8") -> str:
    return (
        f"<!doctype html><html lang=en><head><meta charset={charset}>{head}</head><body>"
        f"<nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><article>{body}</article>"
        "<footer>Imprint</footer></body></html>"
    )


def read(page: str | bytes, content_type: str | None = "text/html") -> PageText:
    return extract_page(PageJob(URL, page.encode() if isinstance(page, str) else page, content_type))


def test_the_text_of_an_article_is_plain_and_keeps_its_paragraphs() -> None:
    got = read(html())
    assert got.problem is None
    assert got.text.split("\n\n") == SENTENCES
    assert (got.title, got.extractor, got.images) == ("The wall", f"trafilatura {version('trafilatura')}", ())


def test_pages_are_read_in_order_and_travel_as_plain_data() -> None:
    jobs = [PageJob(URL, html().encode()), PageJob(URL, b"nothing")]
    got = extract_pages(jobs)
    assert [one.problem for one in got] == [None, "not a page"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(got), type=list[PageText]) == got
    assert pickle.loads(pickle.dumps(got)) == got  # noqa: S301 - our own


def test_markup_and_control_characters_do_not_get_through() -> None:
    marked = "<p>Bold <b>words</b>, a <a href='https://x.test'>link</a>\x1b[31m &amp; a <script>alert(1)</script>.</p>"
    text = read(html(marked + BODY)).text
    assert text.startswith("Bold words, a link[31m & a")
    assert "<" not in text
    assert "alert" not in text


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ("<meta property='og:image' content='/p.jpg'>", "https://harbour.test/p.jpg"),
        ("<meta name='twitter:image' content='p.jpg'>", "https://harbour.test/news/p.jpg"),
        ("<meta name=twitter:image content=/t.jpg><meta property=og:image content=/o.jpg>", "https://harbour.test/o.jpg"),
        ("<meta property=og:image content='data:image/png;base64,AA'><meta name=twitter:image content=/t.jpg>",
         "https://harbour.test/t.jpg"),
        ("<META PROPERTY='OG:Image' CONTENT='//cdn.test/p.jpg'>", "https://cdn.test/p.jpg"),
    ],
)  # fmt: skip
def test_the_picture_that_a_page_names(head: str, url: str) -> None:
    assert [(image.url, image.source) for image in read(html(head=head)).images] == [(url, "og:image")]


def test_the_size_of_the_picture_is_noted_and_a_pixel_is_none() -> None:
    size = "<meta property=og:image:width content={0}><meta property=og:image:height content={0}>"
    head = "<meta property=og:image content=/p.jpg>"
    assert read(html(head=head + size.format(800))).images == (
        ImageCandidate("https://harbour.test/p.jpg", "og:image", 800, 800),
    )
    assert read(html(head=head + size.format(1))).images == ()


def test_the_headline_that_a_page_is_shared_under_comes_first() -> None:
    head = "<title>The wall | Harbour News</title><meta property='og:title' content='The &amp; wall'>"
    assert read(html(head=head)).title == "The & wall"
    assert read(html(head="")).title == ""


def test_a_page_without_a_text_may_still_name_its_picture() -> None:
    got = read(html("<p>Please enable JavaScript.</p>", "<meta property='og:image' content='/p.jpg'>"))
    assert (got.problem, got.text) == ("no text found", "")
    assert [image.url for image in got.images] == ["https://harbour.test/p.jpg"]


def test_a_short_text_counts_by_what_it_says() -> None:
    chinese = "港口的墙在冬天的暴风雨中倒塌了，市议会今天开会讨论如何修复它以及需要多少钱。" * 2
    assert read(html(f"<p>{chinese}</p>")).text.endswith(chinese)


@pytest.mark.parametrize(
    ("charset", "content_type", "declared"),
    [
        ("iso-8859-1", "text/html; charset=iso-8859-1", "utf-8"),
        ("iso-8859-1", "text/html", "iso-8859-1"),
        ("windows-1251", "text/html", "windows-1251"),
        ("utf-8", None, "utf-8"),
        ("utf-8-sig", "text/html; charset=iso-8859-1", "utf-8"),
        ("windows-1252", "text/html", "none"),
    ],
)
def test_encodings(charset: str, content_type: str | None, declared: str) -> None:
    sentence = "Стена гавани рухнула зимой. " if "1251" in charset else "Die Straße über den Äckern war gesperrt. "
    page = html(f"<p>{sentence * 8}</p>", charset=declared).encode(charset)
    assert read(page, content_type).text.startswith(sentence.strip())


def test_a_page_is_never_unpacked_again() -> None:
    import gzip  # noqa: PLC0415 - only here

    assert read(gzip.compress(html().encode())).problem == "not a page"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"hello", bytes(range(256)) * 40, b"\xff\xfe<\x00h\x00", b"\x00" * 5_000, b"<" * 10_000),
        *(b"<!--" * 20_000, b"<div>" * 20_000, b"<html><body>" + b"<span>" * 5_000, b"<html><table>" * 500),
    ],
    ids=range(10),
)
def test_garbage_has_a_problem_and_no_text(body: bytes) -> None:
    got = extract_page(PageJob(URL, body, "text/html"))
    assert got.problem
    assert got.text == ""
    assert got.extractor


def test_a_page_of_too_many_elements_is_not_read() -> None:
    got = read(html("<p>word</p>" * (MAX_ELEMENTS + 1)))
    assert got.problem == f"more than {MAX_ELEMENTS:,} elements"


def test_what_trafilatura_raises_is_the_pages_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_it(*_: Any, **__: Any) -> None:
        raise AttributeError("no tail")

    monkeypatch.setattr("trafilatura.bare_extraction", raise_it)
    assert read(html()).problem == "trafilatura failed on it: AttributeError: no tail"


def test_without_the_extra_the_user_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    require_extractor()
    found = importlib.util.find_spec

    def find_all_but_one(name: str) -> ModuleSpec | None:
        return None if name == "trafilatura" else found(name)

    monkeypatch.setattr("aggregator.fetch.extract.find_spec", find_all_but_one)
    with pytest.raises(ConfigError) as told:
        require_extractor()
    message = str(told.value)
    assert message.startswith("full_text needs trafilatura,")
    assert 'pip install ".[full-text]"' in message


def test_nothing_heavy_is_imported_before_the_first_page() -> None:
    program = (
        "import sys, aggregator.fetch.page_stage as stage; from aggregator.fetch.extract import require_extractor;"
        "require_extractor(); print({'trafilatura', 'protego', 'lxml'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100)
    assert ended.stdout.strip() == "set()"
