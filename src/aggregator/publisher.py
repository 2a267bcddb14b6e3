"""Whose an article is: whether a feed is that of the publisher at whose address the article stands. Pure.

Anybody can list anybody's address in a feed. So the text that a publisher's own feed gives an article goes before that
of all others, however much they say.
"""

from __future__ import annotations

from urllib.parse import urlsplit

SHORT_SUFFIX = 3
"""Names of so many letters before the last label, as in co.uk or com.au, belong to the registry and not to a site."""


def is_own_feed(feed_host: str, article_url: str | None) -> bool:
    """Tell whether a feed served by `feed_host` and an article at `article_url` are of one site, by their names.

    Sites are told apart by the last two labels of the name, the last three where the second last is short: good enough
    to put one feed before another, and in need of no list of suffixes that grows old.
    """
    try:
        article_host = urlsplit(article_url or "").hostname or ""
    except ValueError:
        return False
    return bool(feed_host) and bool(article_host) and _site(feed_host) == _site(article_host)


def _site(host: str) -> tuple[str, ...]:
    labels = host.lower().rstrip(".").split(".")
    if labels[-1].isdigit() or ":" in host:  # an address has no site above it
        return tuple(labels)
    is_short = len(labels) > 2 and len(labels[-2]) <= SHORT_SUFFIX  # noqa: PLR2004 - a site and its suffix
    return tuple(labels[-3:] if is_short else labels[-2:])
