"""Finding the feeds of a page: what it declares, what it links to, and where feeds usually are."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.subscriptions import discovery
from aggregator.subscriptions.discovery import (
    MAX_ADDRESS_CHARS,
    MAX_LINKS,
    MAX_MARKS,
    FeedLink,
    find_feeds,
    usual_places,
)

PAGE = "https://site.example/blog/post"


def urls(text: str, url: str = PAGE) -> list[str]:
    return [link.url for link in find_feeds(text, url)]


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="alternate" type="application/rss+xml" href="/f">',
        "<LINK TYPE='Application/Atom+XML; charset=utf-8' HREF=/f REL=ALTERNATE>",
        '<link rel="home alternate nofollow" type="application/feed+json" href=" /f "/>',
        '<link rel="alternate" type="application/rdf+xml" href="//site.example/f">',
        '<link rel="alternate" type="text/xml" title="RSS 2.0" href="/f">',
        '<link rel="feed" href="/f">',
        '<link rel="alternate" type="application/rss+xml" href="feed:https://site.example/f">',
        '<link rel="alternate" type="application/rss+xml" href="feed://https://SITE.example:443/f#top">',
        '<base href="https://site.example/"><link rel="alternate" type="application/rss+xml" href="f">',
        '<base href="../"><link rel="alternate" type="application/rss+xml" href="f">',
        '<body><p><link rel="alternate" type="application/rss+xml" href="/f"',
    ],
)
def test_a_declared_feed_is_found(link: str) -> None:
    assert urls(f"<!doctype html><head>{link}") == ["https://site.example/f"]


@pytest.mark.parametrize(
    "link",
    [
        '<link rel="stylesheet" type="application/rss+xml" href="/f">',
        '<link rel="alternate stylesheet" type="application/rss+xml" href="/f">',
        '<link rel="alternate" hreflang="de" href="/de">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed?feed">',
        '<link rel="alternate" type="application/json" title="JSON" href="/wp-json/wp/v2/pages/1">',
        '<link rel="alternate" type="application/rss+xml" href="">',
        '<link rel="alternate" type="application/rss+xml">',
        '<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">',
        '<link rel="alternate" type="application/rss+xml" href="ftp://site.example/f">',
        '<link rel="alternate" type="application/rss+xml" href="http://[/">',
        f'<link rel="alternate" type="application/rss+xml" href="{PAGE}#comments">',
        '<!-- <link rel="alternate" type="application/rss+xml" href="/f"> -->',
        '<script>x = \'<link rel="alternate" type="application/rss+xml" href="/f">\'</script>',
        "<a href='/feedback'>Feedback</a> <a href='/press'>Press</a> <a href='/atomic-energy'>Atoms</a>",
        "<a href='/package.json'>Package</a> <a href='/upfront.json'>Upfront</a>",
    ],
)
def test_what_is_no_feed_is_not_taken_for_one(link: str) -> None:
    assert urls(link) == []


def test_feeds_come_in_the_order_of_the_page_and_those_of_comments_last() -> None:
    text = """
    <link rel="alternate" type="application/rss+xml" href="/comments/feed" title="Site &raquo; Comments">
    <link rel="alternate" type="application/rss+xml" href="/feed" title=" Site\n news ">
    <link rel="alternate" type="application/atom+xml" href="/atom">
    <link rel="alternate" type="application/rss+xml" href="/feed/" title="Kommentare">
    <link rel="alternate" type="application/rss+xml" href="https://SITE.example/feed" title="again">
    <a href="/rss.xml">not asked, because feeds are declared</a>"""
    assert find_feeds(text, PAGE) == [
        FeedLink("https://site.example/feed", "Site news"),
        FeedLink("https://site.example/atom"),
        FeedLink("https://site.example/comments/feed", "Site » Comments", of_comments=True),
        FeedLink("https://site.example/feed/", "Kommentare", of_comments=True),
    ]


def test_links_of_the_text_count_where_nothing_is_declared() -> None:
    text = """<a href="/about">About</a> <a href="/feed/">RSS</a> <a href="news.rss">News</a>
    <a href="https://other.example/index.xml" title="Other">x</a> <a href="?format=atom">Atom</a>
    <a href="/front.json">JSON</a>"""
    assert find_feeds(text, PAGE) == [
        FeedLink("https://site.example/feed/", declared=False),
        FeedLink("https://site.example/blog/news.rss", declared=False),
        FeedLink("https://other.example/index.xml", "Other", declared=False),
        FeedLink("https://site.example/blog/post?format=atom", declared=False),
        FeedLink("https://site.example/front.json", declared=False),
    ]


def test_a_user_name_in_a_link_is_not_taken_over() -> None:
    text = '<link rel="alternate" type="application/rss+xml" href="https://me:pw@other.example/f">'
    assert urls(text) == ["https://other.example/f"]


def test_a_page_of_a_thousand_feeds_offers_some() -> None:
    text = "".join(f'<link rel="alternate" type="application/rss+xml" href="/f{n}">' for n in range(1000))
    assert len(urls(text)) == MAX_LINKS


def test_the_usual_places() -> None:
    assert usual_places("https://site.example") == [
        f"https://site.example/{place}"
        for place in ("feed", "feed/", "rss", "rss.xml", "atom.xml", "feed.xml", "index.xml", "feed.json")
    ]
    below = usual_places(PAGE)
    assert below[:2] == ["https://site.example/blog/feed", "https://site.example/blog/feed/"]
    assert below[5:] == usual_places("https://site.example/x?y=1")
    assert not any("?" in place for place in usual_places("https://site.example/a/b?c=d"))


@given(st.text(), st.sampled_from([PAGE, "http://[::1]/", "https://xn--mnchen-3ya.example/ü"]))
def test_no_page_is_too_broken(text: str, url: str) -> None:
    found = find_feeds(f'<link rel=alternate type="application/rss+xml" href="{text}"><base href={text}>{text}', url)
    assert all(one.url.startswith(("http://", "https://")) for one in found)


def test_an_endless_address_is_passed_over() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    long = "https://long.example/" + "x" * MAX_ADDRESS_CHARS
    text = f'<base href="{long}/"><base href="/b/">' + link.format(long) + link.format("f")
    assert urls(text) == ["https://site.example/b/f"]


def test_what_comes_after_too_many_tags_is_not_looked_at() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/f">'
    assert urls("<p>" * (MAX_MARKS - 1) + link) == ["https://site.example/f"]
    assert urls("<p>" * MAX_MARKS + link) == []


def test_addresses_are_put_together_only_as_long_as_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[str] = []

    def counted(base: str, href: str) -> str:
        joined.append(href)
        return urljoin(base, href)

    monkeypatch.setattr(discovery, "urljoin", counted)
    assert len(urls("".join(f'<a href="/rss?{n}">' for n in range(5_000)))) == MAX_LINKS
    assert len(joined) < 2 * MAX_LINKS
    joined.clear()
    assert urls("".join(f'<a href="/rss?x#{n}">' for n in range(5_000))) == ["https://site.example/rss?x"]
    assert len(joined) < 1_000
