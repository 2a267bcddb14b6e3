from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.markup import clean_html, plain_text, text_as_html, text_of_clean

BASE = "https://news.test/2024/story"


def clean(source: str) -> str:
    return clean_html(source, BASE).html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<svg><script>alert(1)</script></svg>",
        "<style>p{position:fixed}</style>",
        "<iframe src='https://evil.test'>x</iframe>",
        "<form action='https://evil.test'><input name=password><button>x</button></form>",
        "<object data=x></object><embed src=x>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        "<textarea><img src=x></textarea>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<base href=https://evil.test/><a href=#>x</a><meta http-equiv='refresh' content='0;url=https://evil.test'>",
        "<frameset><frame src=https://evil.test></frameset><portal src=//evil.test></portal>",
        "<a href=x ping=https://evil.test>x</a><img src=a.png lowsrc=//evil.test usemap=#evil onload=alert(1)>",
        "<div style='position:fixed;inset:0;z-index:9' class=evil id=evil>x</div><dialog open>x</dialog>",
        "<a href='https://news.test/' target=evil formaction=//evil.test autofocus onfocus=alert(1) tabindex=1>x</a>",
        "<meta http-equiv=refresh content=0><link rel=stylesheet href=x><base href=//evil.test>",
    ],
)
def test_what_runs_or_asks_is_gone(hostile: str) -> None:
    cleaned = clean(f"<p>before</p>{hostile}").lower()
    assert cleaned.startswith("<p>before</p>")
    for word in (
        "script",
        "alert(",
        "evil",
        "position",
        "<iframe",
        "<form",
        "<input",
        "<object",
        "<embed",
        "<style",
        "<meta",
        "<base",
    ):
        assert word not in cleaned
    assert "onerror=" not in cleaned or "&" in cleaned


def test_attributes_that_run_or_cover_the_page_are_gone() -> None:
    source = (
        '<p style="position:fixed;top:0" onclick="x()" class="y" id="z">a</p>'
        '<img src="a.png" onerror="x()" style="width:50px">'
    )
    assert clean(source) == '<p>a</p><img src="https://news.test/2024/a.png">'


@pytest.mark.parametrize(
    "address", ["javascript:x()", "JaVa&#9;script:x()", "data:text/html,x", "vbscript:x", "&#1;javascript:x()"]
)
def test_an_address_that_runs_is_gone(address: str) -> None:
    cleaned = clean(f'<a href="{address}">a</a><img src="{address}">')
    assert "script:" not in cleaned
    assert "data:" not in cleaned
    assert "<img" not in cleaned or 'src="https://news.test/' in cleaned


def test_links_are_resolved_and_carry_no_trust() -> None:
    assert clean('<a href="../b?x=1&amp;y=2#c" target="_blank">b</a>') == (
        '<a href="https://news.test/b?x=1&amp;y=2#c" rel="nofollow noopener noreferrer">b</a>'
    )
    assert 'href="https://cdn.test/x"' in clean('<a href="//cdn.test/x">b</a>')
    assert 'href="mailto:a@news.test"' in clean('<a href="mailto:a@news.test">b</a>')
    assert clean('<a href="https://[oops">b</a>') == '<a rel="nofollow noopener noreferrer">b</a>'


@pytest.mark.parametrize(
    "pixel",
    ['<img src="p.gif" width="1" height="1">', '<img height="1px" src="p.gif">', '<img src="p.gif" width=0>',
     '<img src="p.gif" style="display: none">', '<img src="p.gif" style="width:1px;height:1px">', "<img alt=x>",
     '<img src="p.gif" width="1" height="600">', '<img src="p.gif" hidden>',
     '<img src="p.gif" style="visibility:hidden">',
     '<img src="p.gif" style="opacity:0">', '<img src="p.gif" style="WIDTH: 0; HEIGHT: 0">',
     '<img src="https://pixel.wp.com/b.gif?host=x&amp;post=1">', '<img src="//feeds.feedburner.com/~r/news/~4/x">',
     '<img src="https://www.facebook.com/tr?id=1">', '<img src="https://b.scorecardresearch.com/p?c1=2">',
     '<img src="https://stats.news.test/pixel.gif?u=1">', '<img data-src="https://news.test/1x1.png">'],
)  # fmt: skip
def test_tracking_pixels_are_dropped(pixel: str) -> None:
    cleaned = clean_html(f"<p>a{pixel}</p>", BASE)
    assert (cleaned.html, cleaned.images) == ("<p>a</p>", ())


@pytest.mark.parametrize(
    "picture",
    ["https://news.test/pixel-art.gif", "https://news.test/count-dracula.jpg", "https://news.test/tr/1.jpg",
     "https://cdn.test/doubleclick.net.jpg", "https://news.test/pixel/a.png"],
)  # fmt: skip
def test_a_picture_that_only_sounds_like_a_pixel_stays(picture: str) -> None:
    assert (
        clean_html(f'<img src="{picture}" style="opacity: 0.9; width: 100px">', BASE).html == f'<img src="{picture}">'
    )


@pytest.mark.parametrize(
    ("source", "shown", "candidate"),
    [
        ('<img src="a.jpg" width="640" height="480">', "a.jpg", "a.jpg"),
        ('<img src="data:image/gif;base64,R0" data-src="b.jpg">', "b.jpg", "b.jpg"),
        ('<img src="blank.gif" data-lazy-src="c.jpg">', "c.jpg", "c.jpg"),
        ('<img data-original="d.jpg">', "d.jpg", "d.jpg"),
        ('<img src="e.jpg" srcset="e1.jpg 300w, e2.jpg 1200w, e3.jpg 5000w">', "e.jpg", "e2.jpg"),
        ('<img data-srcset="f1.jpg 1x, f2.jpg 2x">', "f2.jpg", "f2.jpg"),
    ],
)
def test_the_real_source_of_a_picture_is_found(source: str, shown: str, candidate: str) -> None:
    cleaned = clean_html(source, BASE)
    assert f'src="https://news.test/2024/{shown}"' in cleaned.html
    assert "data-" not in cleaned.html
    assert cleaned.images[0].url == f"https://news.test/2024/{candidate}"


def test_a_quotation_mark_cannot_leave_its_attribute() -> None:
    cleaned = clean("<img src='a.png' alt='\"> <script>x</script> onerror=\"x'>")
    alt = "&quot;&gt; &lt;script&gt;x&lt;/script&gt; onerror=&quot;x"
    assert cleaned == f'<img src="https://news.test/2024/a.png" alt="{alt}">'


def test_text_of_html_parts_words_at_blocks_and_decodes_once() -> None:
    assert (
        text_of_clean(clean("<p>One</p><p>t<b>w</b>o<br>three</p><ul><li>AT&amp;amp;T<li>&lt;b&gt;</ul>"))
        == "One two three AT&amp;T <b>"
    )


def test_plain_text_shortens_at_a_word_and_leaves_plain_text_alone() -> None:
    assert plain_text("<b>one two three four</b>", is_markup=True, max_chars=16) == "one two three…"
    assert plain_text("if a<b and b>c", is_markup=False, max_chars=50) == "if a<b and b>c"
    assert plain_text("x" * 99, is_markup=False, max_chars=10) == "x" * 9 + "…"


def test_text_as_html_escapes() -> None:
    assert text_as_html("<b>\r\n&amp;\n \nc") == "<p>&lt;b&gt;<br>&amp;amp;</p><p>c</p>"
    assert text_as_html(" \n ") == ""


def test_nesting_without_end_costs_little_and_keeps_the_text() -> None:
    started = time.process_time()
    assert text_of_clean(clean("<div>" * 30_000 + "deep")) == "deep"
    assert time.process_time() - started < 1.0


def test_control_characters_and_lone_surrogates_go() -> None:
    assert clean("<p>a\x00b\ud800c</p>") == "<p>abc</p>"
    assert clean("a\x00\ud800") == "a"


def test_tags_without_an_end_cost_little() -> None:
    started = time.process_time()
    clean("<a " * 60_000)
    assert time.process_time() - started < 2.0


@given(st.text(alphabet='<>"=/ab&;#!-\n ' + "scriptonerrorimgsrc:", max_size=200))
def test_cleaning_is_stable_and_never_fails(source: str) -> None:
    once = clean_html(source, BASE).html
    assert "<script" not in once
    assert clean_html(once, BASE).html == once


def test_the_largest_sensible_picture_of_a_picture_element_is_found_and_only_its_img_is_shown() -> None:
    source = """<p>Text<picture><source srcset="a.avif 400w, b.avif 1600w" type="image/avif">
        <source data-srcset="c.svg 1900w" type="image/svg+xml"><img src="d.jpg" alt="A bridge"></picture>
        <img src="e.jpg"><img src="data:image/gif;base64,R0" data-original="f.jpg"></p>"""
    clean = clean_html(source, "https://n.test/")
    assert [image.url.removeprefix("https://n.test/") for image in clean.images] == ["b.avif", "e.jpg", "f.jpg"]
    assert '<img src="https://n.test/d.jpg" alt="A bridge">' in clean.html
    assert "picture" not in clean.html
    assert "source" not in clean.html
