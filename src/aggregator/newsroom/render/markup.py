"""Escaping and dates, as the formats want them."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from html import escape as escape_html
from xml.sax.saxutils import escape as escape_xml
from xml.sax.saxutils import quoteattr

__all__ = [
    "article_html",
    "cdata",
    "escape_html",
    "escape_xml",
    "escaped_article_html",
    "quoteattr",
    "rfc822",
    "rfc3339",
]


@lru_cache(maxsize=2048)
def article_html(paragraphs: tuple[str, ...]) -> str:
    """Return the paragraphs as HTML; cached, since many feeds carry the same text."""
    return "\n".join(f"<p>{escape_html(text, quote=False)}</p>" for text in paragraphs)


@lru_cache(maxsize=2048)
def escaped_article_html(paragraphs: tuple[str, ...]) -> str:
    """Return the article's HTML as the text of an XML element."""
    return escape_xml(article_html(paragraphs))


def cdata(text: str) -> str:
    """Return `text` in a CDATA section; a `]]>` inside is divided between two."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def rfc822(moment: datetime) -> str:
    """Return `Sat, 07 Sep 2024 00:00:01 GMT`, the date of RSS 2.0 and of HTTP (RFC 9110, section 5.6.7)."""
    return format_datetime(moment, usegmt=True)


def rfc3339(moment: datetime) -> str:
    """Return `2024-09-07T00:00:01Z`, the date of Atom and JSON Feed."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
