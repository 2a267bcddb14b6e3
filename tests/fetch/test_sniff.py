from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aggregator.fetch.sniff import bytes_problem, document_problem, feed_start


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif", "tiff"])
def test_real_pictures_are_no_feeds(kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(out, kind.upper())
    assert "not a feed" in str(bytes_problem(out.getvalue()))


@given(st.binary(max_size=80))
def test_any_bytes_are_survived(body: bytes) -> None:
    problem = bytes_problem(body)
    assert problem is None or problem == "empty" or problem.endswith("not a feed")


@pytest.mark.parametrize("text", ["<rss/>", "{}", "héllo", "ж" * 50, "漢字"])
def test_text_is_no_binary_in_any_encoding(text: str) -> None:
    assert bytes_problem(text.encode()) is None
    if text[0] in "<{":
        assert bytes_problem(text.encode("utf-16-le")) is None
        assert bytes_problem(text.encode("utf-16")) is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("<rss>", 0),
        ('<?xml version="1.0"?>\n<feed>', 22),
        ("<!-- <rss> --><atom:feed xmlns:atom='x'>", 14),
        ("<b>Warning</b> <?xml version='1.0'?><rdf:RDF>", 36),
        ("<html><body><rss>", None),
        ("<opml><rss>", None),
        ("<feedback>", None),
        ("text", None),
    ],
)
def test_where_a_feed_starts(text: str, start: int | None) -> None:
    assert feed_start(text) == start


def test_sentences() -> None:
    assert document_problem("<p>Not here</p>") == "an HTML page, not a feed"
    assert document_problem("<sitemap:urlset>") == "XML, but not a feed (root element sitemap:urlset)"
    assert document_problem("<!-- -->") == "XML without an element, not a feed"
    assert document_problem("no") == "plain text, not a feed"
    assert bytes_problem(b"PK\x03\x04abc") == "binary data (zip), not a feed"
    assert document_problem("<svg>") == "XML, but not a feed (root element svg)"
