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
    shown_picture,
)
from aggregator.fetch.furniture import is_furniture
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
        "https://exa\u2100mple.test/a.jpg",
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
        ("a.jpg 600w 400h, b.jpg 900w 600h", "b.jpg"),
        ("a.jpg 1x,\n b.jpg 1.5x,\t c.jpg 3x", "b.jpg"),
        ("https://x.test/a,b.jpg, https://x.test/c,d.jpg 2x", "https://x.test/c,d.jpg"),
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


@pytest.mark.parametrize(
    ("attributes", "sources", "shown", "fetched"),
    [
        ({"src": "a.jpg"}, [], "a.jpg", "a.jpg"),
        ({"src": "a.jpg", "srcset": "b.jpg 900w, c.jpg 300w"}, [], "a.jpg", "b.jpg"),
        ({"srcset": "b.jpg 900w"}, [], "b.jpg", "b.jpg"),
        ({"src": "data:image/gif;base64,R0", "data-src": "a.jpg"}, [], "a.jpg", "a.jpg"),
        ({"src": "blank.gif", "data-original": "a.jpg"}, [], "a.jpg", "a.jpg"),
        ({"src": "blank.gif", "data-lazy-src": "a.jpg", "data-lazy-srcset": "b.jpg 900w"}, [], "a.jpg", "b.jpg"),
        ({"src": "a.jpg", "data-image": "4711"}, [], "a.jpg", "a.jpg"),
        ({"src": "a.jpg", "data-srcset": "b.jpg 2x"}, ["c.avif 1200w, d.avif 2400w"], "a.jpg", "b.jpg"),
        ({"src": "a.jpg", "srcset": "b.jpg 640w"}, ["c.avif 1200w, d.avif 2400w"], "a.jpg", "c.avif"),
    ],
)
def test_what_a_picture_in_the_text_shows_and_what_is_fetched_for_it(
    attributes: dict[str, str], sources: list[str], shown: str, fetched: str
) -> None:
    found = shown_picture({**attributes, "width": "640", "height": "tall"}, BASE, sources)
    start = "https://news.test/a/"
    assert found == (start + shown, ImageCandidate(start + fetched, "content", 640, None))


@pytest.mark.parametrize(
    "attributes", [{}, {"src": "data:image/png;base64,xx"}, {"src": "a.gif", "width": "1"}, {"data-src": "spinner"}]
)
def test_what_shows_nothing_is_no_candidate(attributes: dict[str, str]) -> None:
    assert shown_picture(attributes, BASE) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://feeds.feedburner.com/~r/news/~4/abc",
        "https://rss.feedsportal.com/c/1/mf.gif",
        "https://pixel.wp.com/b.gif?host=x",
        "https://ad.doubleclick.net/x.jpg",
        "https://secure.gravatar.com/avatar/abc?s=96",
        "https://avatars.githubusercontent.com/u/1?s=60",
        "https://avatars3.githubusercontent.com/u/1",
        "https://news.test/avatars/ada.jpg",
        "https://s.w.org/images/core/emoji/15.0.3/72x72/1f600.png",
        "https://forum.test/images/emoji/twitter/smile.png",
        "https://news.test/facebook.png",
        "https://news.test/social-icons/x.png",
        "https://news.test/share-button.png",
        "https://news.test/twitter_icon_large.png",
        "https://news.test/site-logo.svg",
        "https://news.test/logo@2x.png",
        "https://news.test/favicon.ico",
        "https://news.test/1x1.gif",
        "https://news.test/spacer.gif",
        "https://news.test/placeholder-2.png",
    ],
)
def test_what_belongs_to_a_site_is_no_picture_of_an_article(url: str) -> None:
    assert is_furniture(url)
    assert chosen(url) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://news.test/facebook-office.jpg",
        "https://news.test/pixel-9-review.jpg",
        "https://news.test/films/avatar/still.jpg",
        "https://i.ytimg.test/vi/abc/hqdefault.jpg",
        "https://news.test/share.jpg",
        "https://news.test/",
        "https://news.test/wp-content/uploads/2026/03/storm.jpg",
    ],
)
def test_what_may_be_the_news_is_a_candidate(url: str) -> None:
    assert chosen(url) == [url]


def test_a_logo_is_the_picture_only_if_there_is_no_other_or_if_it_is_large() -> None:
    logo, photo = ImageCandidate("https://n.test/acme-logo.png", "media:content"), "https://n.test/acme.jpg"
    assert choose_candidates([logo], BASE) == (logo,)
    assert choose_candidates([logo, ImageCandidate(photo, "content")], BASE)[0].url == photo
    large = ImageCandidate("https://n.test/logo.png", "media:content", 1200, 800)
    assert choose_candidates([large, ImageCandidate(photo, "content")], BASE)[0] == large


@pytest.mark.parametrize(
    "small",
    [
        ImageCandidate("https://n.test/a.jpg", "media:thumbnail", 72, 72),
        ImageCandidate("https://n.test/a.jpg", "media:content", 150, None),
        ImageCandidate("https://n.test/a-150x150.jpg", "enclosure"),
        ImageCandidate("https://bp.blogspot.test/x/s72-c/a.jpg", "media:thumbnail"),
    ],
)
def test_what_is_known_to_be_small_comes_after_what_is_not(small: ImageCandidate) -> None:
    large = ImageCandidate("https://n.test/b-1200x800.jpg", "content")
    assert choose_candidates([small, large], BASE) == (large, small)


def test_the_default_of_a_group_comes_first_unless_it_is_small_or_monstrous() -> None:
    def first(**default: str) -> str:
        given = {"url": "d.jpg", "isdefault": "true", **default}
        group = [{"url": "l.jpg", "width": "1500"}, given, {"url": "s.jpg", "width": "300"}]
        return entry_images({"media_content": group}, [])[0].url

    assert first() == "d.jpg"
    assert first(width="800") == "d.jpg"
    assert first(width="120") == "l.jpg"
    assert first(width="6000") == "l.jpg"
    assert first(isdefault="false") == "l.jpg"


def test_an_entry_names_pictures_in_the_order_of_preference() -> None:
    entry = {
        "media_content": [
            {"url": "v.mp4", "type": "video/mp4"},
            {"url": "v2.jpg", "medium": "video"},
            {"url": "s.jpg", "medium": "image", "width": "500"},
            {"url": "l.jpg", "type": "image/jpeg", "width": "1500", "height": "900"},
            {"url": "huge.jpg", "medium": "image", "width": "9000"},
        ],
        "media_thumbnail": [{"url": "t.jpg", "width": "240"}, {"url": "tt.jpg", "width": "480"}],
        "links": [
            {"rel": "enclosure", "href": "e.jpg", "type": "image/jpeg"},
            {"rel": "alternate", "href": "x.jpg", "type": "image/jpeg"},
        ],
        "image": {"href": "i.jpg"},
    }
    shown = [ImageCandidate("icon.png", "content", 16, 16), ImageCandidate("c.jpg", "content")]
    found = entry_images(entry, shown)
    names = [image.url for image in found]
    assert names == ["l.jpg", "s.jpg", "huge.jpg", "tt.jpg", "t.jpg", "e.jpg", "c.jpg", "i.jpg"]
    best = [image.url.rpartition("/")[2] for image in choose_candidates(found, BASE)]
    assert best == ["l.jpg", "s.jpg", "huge.jpg", "e.jpg", "tt.jpg"]
    assert [image.source for image in choose_candidates(found[-2:], BASE)] == ["content", "itunes:image"]


def test_of_a_content_the_first_pictures_are_candidates() -> None:
    shown = [ImageCandidate(f"https://n.test/{n}.jpg", "content") for n in range(9)]
    icon, button = ImageCandidate("https://n.test/a.png", "content", 16, 16), "https://n.test/share-button.png"
    assert first_shown([icon, ImageCandidate(button, "content"), *shown]) == shown[:3]
    assert first_shown([icon]) == []


def test_values_of_any_type_are_survived() -> None:
    for value in (None, "text", 3, [None, "x"], {"url": 3}, [{"url": 3}]):
        assert entry_images(dict.fromkeys(("media_content", "media_thumbnail", "links", "image"), value), []) == []
