"""The newsroom's HTML: an article's page, an outlet's page, the front page, and the page for what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from aggregator.newsroom.edition import PublishedArticle
from aggregator.newsroom.feeds import EXTENSIONS, NewsroomFeed
from aggregator.newsroom.material import Article, Outlet
from aggregator.newsroom.render.markup import article_html

ROBOTS = "User-agent: *\nAllow: /\n"
FEED_TYPES = {
    "rss": "application/rss+xml",
    "rdf": "application/rdf+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
"""Extension of a feed's address → its media type."""

_STYLE = (
    "body{font:18px/1.6 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "img{width:100%;border-radius:8px}.by{color:#666}"
)


def feed_type(feed: NewsroomFeed) -> str:
    """Return the media type of the feed."""
    return FEED_TYPES[EXTENSIONS[feed.format]]


def article_page(article: Article, url: str, picture_url: str, published: str) -> str:
    """Return the page of one article; `published` is an RFC 3339 time."""
    head = (
        f'<meta property="og:type" content="article">\n<meta property="og:title" content="{escape(article.title)}">\n'
        f'<meta property="og:url" content="{escape(url)}">\n'
        f'<meta property="og:image" content="{escape(picture_url)}">\n'
        f'<meta name="description" content="{escape(article.summary)}">\n'
    )
    body = (
        f'<article>\n<h1>{escape(article.title)}</h1>\n<p class="by">{escape(article.author)}, '
        f'<time datetime="{published}">{published}</time></p>\n<img src="{escape(picture_url)}" alt="">\n'
        f"<p><strong>{escape(article.summary)}</strong></p>\n{article_html(article.paragraphs)}\n</article>\n"
    )
    return _page(article.title, article.outlet.language, head, body)


def outlet_page(outlet: Outlet, feeds: Sequence[NewsroomFeed], newest: Sequence[PublishedArticle]) -> str:
    """Return the outlet's own page: its newest headlines, and its feeds for whoever looks for them."""
    links = "".join(
        f'<link rel="alternate" type="{feed_type(feed)}" title="{escape(feed.title)}" href="{feed.path}">\n'
        for feed in feeds
    )
    headlines = "".join(f"<li>{_link(item.article.path, item.article.title)}</li>\n" for item in newest)
    body = f"<h1>{escape(outlet.name)}</h1>\n<p>{escape(outlet.tagline)}</p>\n<ul>\n{headlines}</ul>\n"
    return _page(outlet.name, outlet.language, links, body)


def front_page(outlets: Sequence[Outlet], feeds: Sequence[NewsroomFeed], wire_feeds: int) -> str:
    """Return the list of outlets and of their feeds."""
    names = "".join(f"<li>{_link(f'/{each.id}/', each.name)}: {escape(each.tagline)}</li>\n" for each in outlets)
    listed = "".join(f"<li>{_link(feed.path, feed.title)} ({escape(feed.format)})</li>\n" for feed in feeds)
    wire = f"<p>And {wire_feeds} wire feeds.</p>\n" if wire_feeds else ""
    body = (
        f"<h1>The newsroom</h1>\n<p>All invented.</p>\n<ul>\n{names}</ul>\n<h2>Feeds</h2>\n<ul>\n{listed}</ul>\n{wire}"
    )
    return _page("The newsroom", "en", "", body)


def missing_page() -> str:
    """Return the page that comes with 404."""
    return _page("Not found", "en", "", "<h1>Not found</h1>\n<p>There is no such page in this newsroom.</p>\n")


def _link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def _page(title: str, language: str, head: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"{head}<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
