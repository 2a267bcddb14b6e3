from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.candidates import (
    MAX_CANDIDATES,
    absolute_url,
    best_of_srcset,
    choose_candidates,
    entry_images,
    first_shown,
    is_picture,
    pixels,
)
from aggregator.records import ImageCandidate

BASE = "https://news.test/a/b"


def chosen(*urls: str) -> list[str]:
    return [image.url for image in choose_candidates([ImageCandidate(url, "content") for url in urls], BASE)]


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("c.jpg", "https://news.test/a/c.jpg"),
        ("//cdn.test/c.jpg", "https://cdn.test/c.jpg"),
        (" HTTP://cdn.test/c.jpg\n", "HTTP://cdn.test/c.jpg"),
        ("https://cdn.test/c.jpg?a=1&amp;b=2", "https://cdn.test/c.jpg?a=1&b=2"),
        ("https://cdn.test/a b.jpg#x", "https://cdn.test/a%20b.jpg"),
    ],
)
def test_addresses_are_made_absolute(url: str, resolved: str) -> None:
    assert chosen(url) == [resolved]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "data:image/png;base64,xx",
        "ftp://x.test/a.jpg",
        "javascript:x",
        "https://",
        "https:///a.jpg",
        "https://[x",
        "x" * 9000,
    ],
)
def test_what_is_no_address_of_a_picture_is_refused(url: str) -> None:
    assert chosen(url) == []


def test_relative_addresses_need_a_base() -> None:
    assert absolute_url("a.jpg", "") is None
    assert absolute_url(None, BASE) is None


def test_none_comes_twice_and_five_are_enough() -> None:
    urls = [f"https://news.test/{number}.jpg" for number in range(9)]
    assert chosen(urls[0], urls[0] + "#top", *urls) == urls[:MAX_CANDIDATES]


def test_pixels_and_portraits_are_no_candidates() -> None:
    found = [
        ImageCandidate("https://news.test/p.gif", "content", 1, 1),
        ImageCandidate("https://secure.gravatar.com/avatar/abc?s=96", "media:content"),
        ImageCandidate("https://avatars.githubusercontent.com/u/1?s=60", "media:thumbnail"),
        ImageCandidate("https://news.test/a.jpg", "content", 640, None),
    ]
    assert choose_candidates(found, BASE) == (found[3],)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("640", 640),
        (" 640px ", 640),
        ("640.5", 640),
        ("100%", None),
        ("", None),
        (None, None),
        (3, None),
        ("9" * 9, None),
    ],
)
def test_pixels(text: object, number: int | None) -> None:
    assert pixels(text) == number


@pytest.mark.parametrize(
    ("srcset", "best"),
    [
        ("a 300w, b 1200w, c 5000w", "b"),
        ("a 3000w, b 5000w", "a"),
        ("a, b 2x", "b"),
        ("https://x.test/w_100,h_50/a.jpg 100w, https://x.test/b.jpg 200w", "https://x.test/b.jpg"),
        ("a.jpg", "a.jpg"),
        ("", None),
        (", ,", None),
    ],
)
def test_the_largest_sensible_picture_of_a_set(srcset: str, best: str | None) -> None:
    assert best_of_srcset(srcset) == best


@given(st.text(alphabet="ab,.x w12\n", max_size=60))
def test_any_srcset_is_survived(srcset: str) -> None:
    best = best_of_srcset(srcset)
    assert best is None or best in srcset


@pytest.mark.parametrize(
    ("media_type", "url", "expected"),
    [
        ("image/jpeg", "x", True),
        ("image", "x", True),
        ("audio/mpeg", "x.jpg", False),
        (None, "https://x.test/a.JPG?w=1", True),
        ("", "https://x.test/a.mp3", False),
        ("application/octet-stream", "a.webp", True),
        (None, None, False),
    ],
)
def test_pictures_among_attachments(media_type: object, url: object, expected: bool) -> None:
    assert is_picture(media_type, url) is expected


def test_an_entry_names_pictures_in_the_order_of_preference() -> None:
    entry = {
        "media_content": [
            {"url": "v.mp4", "type": "video/mp4"},
            {"url": "s.jpg", "medium": "image", "width": "100"},
            {"url": "l.jpg", "type": "image/jpeg", "width": "1500", "height": "900"},
            {"url": "huge.jpg", "medium": "image", "width": "9000"},
        ],
        "media_thumbnail": [{"url": "t.jpg"}],
        "links": [
            {"rel": "enclosure", "href": "e.jpg", "type": "image/jpeg"},
            {"rel": "alternate", "href": "x.jpg", "type": "image/jpeg"},
        ],
        "image": {"href": "i.jpg"},
    }
    shown = [ImageCandidate("icon.png", "content", 16, 16), ImageCandidate("c.jpg", "content")]
    assert [image.url for image in entry_images(entry, shown)] == [
        "l.jpg",
        "s.jpg",
        "huge.jpg",
        "t.jpg",
        "e.jpg",
        "i.jpg",
        "c.jpg",
    ]
    assert first_shown(shown[:1]) == []


def test_values_of_any_type_are_survived() -> None:
    for value in (None, "text", 3, [None, "x"], {"url": 3}, [{"url": 3}]):
        assert entry_images(dict.fromkeys(("media_content", "media_thumbnail", "links", "image"), value), []) == []
