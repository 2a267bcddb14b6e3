"""From feedparser's dictionaries to our records: which field means what. Pure.

Ids, links and dates are feedparser's own; text is made plain and content safe on the way. Every value is checked for
its type: feedparser stores an unknown element under its own name, so a feed may put anything anywhere.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import struct_time
from typing import Any
from urllib.parse import urljoin, urlsplit

from aggregator.fetch import dates, markup, plaintext
from aggregator.fetch.candidates import absolute_url, choose_candidates, entry_images, is_picture
from aggregator.fetch.hints import publisher_hints
from aggregator.fetch.xmlfeed import RawFeed, stored
from aggregator.records import ImageCandidate, ParsedEntry, ParsedFeed

MAX_GUID_CHARS = 2_048
MAX_LINK_CHARS = 8_192
MAX_DATE_CHARS = dates.MAX_DATE_CHARS
MAX_CATEGORIES = 30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKUP_TYPES = frozenset(("text/html", "application/xhtml+xml"))
_TEXT_TYPES = _MARKUP_TYPES | {"text/plain"}
_NOT_A_LINK = ("javascript:", "data:", "vbscript:", "file:", "blob:", "about:")
_WEB_SCHEMES = frozenset(("http", "https"))
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class _Passage:
    """One text of an entry, as the feed gave it."""

    value: str
    is_markup: bool
    base_url: str | None = None


def feed_from_raw(raw: RawFeed, url: str) -> ParsedFeed:
    """Return what `raw`, read from the document at `url`, says in our terms."""
    site_url = resolved_link(raw.feed.get("link"), url)
    language = plaintext.language_tag(raw.feed.get("language"))
    # An entry of Atom without an author has the feed's (RFC 4287, 4.2.1); the editor of an RSS channel wrote nothing.
    author = _author(raw.feed) if raw.version.startswith("atom") else ""
    surroundings = _Surroundings(url, site_url or url, language, author)
    return ParsedFeed(
        format=raw.version,
        title=_title(raw.feed),
        site_url=site_url,
        language=language,
        entries=tuple(_entry(entry, surroundings) for entry in raw.entries),
        hints=publisher_hints(raw),
    )


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What an entry inherits from its feed."""

    feed_url: str
    base_url: str
    language: str | None
    author: str


def _entry(entry: Mapping[str, Any], around: _Surroundings) -> ParsedEntry:
    link = resolved_link(entry.get("link"), around.feed_url)
    base_url = absolute_url(link, around.base_url) or around.base_url
    passages = list(_passages(entry))
    content, summary, shown = _texts(passages, around.feed_url, base_url)
    published_raw, published_at = _published(entry)
    return ParsedEntry(
        guid=guid_text(entry.get("id")),
        url=link,
        title=_title(entry),
        summary=summary,
        content=content,
        author=_author(entry) or around.author,
        language=_language(entry) or around.language,
        published_raw=published_raw,
        published_at=published_at,
        categories=_categories(entry),
        images=choose_candidates(entry_images(entry, shown), base_url),
    )


def guid_text(value: object) -> str | None:
    """Return a GUID as it stands; None for an empty one, and for one too long to be an identity."""
    if not isinstance(value, str) or not value or len(value) > MAX_GUID_CHARS:
        return None
    return plaintext.without_forbidden(value) or None


def safe_link(value: object) -> str | None:
    """Return a link as it stands; None for an empty or monstrous one, and for one that runs instead of leading."""
    if not isinstance(value, str) or not value or len(value) > MAX_LINK_CHARS:
        return None
    if _UNSEEN.sub("", value).lower().startswith(_NOT_A_LINK):
        return None
    return plaintext.without_forbidden(value) or None


def resolved_link(value: object, base_url: str) -> str | None:
    """Return a link to the web resolved against `base_url`, and otherwise as it stands; None for anything else.

    No such link are one of another scheme than http and https, one without a host, and one with user information: what
    stands before the host (`https://bank.example@evil.example/`) takes readers in. That of `base_url` is not inherited.
    """
    link = safe_link(value)
    if link is None:
        return None
    try:
        if "://" not in link:
            link = safe_link(urljoin(_without_userinfo(base_url), link))
        return link if link is not None and _leads_to_the_web(link) else None
    except ValueError:  # such as a bracket that is no IPv6 address
        return None


def _leads_to_the_web(link: str) -> bool:
    parts = urlsplit(link)
    return parts.scheme in _WEB_SCHEMES and bool(parts.netloc) and "@" not in parts.netloc


def _without_userinfo(url: str) -> str:
    netloc = urlsplit(url).netloc
    return url.replace(netloc, netloc.rpartition("@")[2], 1) if "@" in netloc else url


def moment(parts: struct_time) -> datetime | None:
    """Return a time tuple in UTC as a datetime; None where no calendar holds it. Nothing is invented."""
    try:
        return _EPOCH + timedelta(seconds=timegm(parts))
    except (OverflowError, ValueError):
        return None


def _published(entry: Mapping[str, Any]) -> tuple[str | None, datetime | None]:
    """Return the date as it was written and what it means: the publication, else the last change."""
    written: str | None = None
    for key in ("published", "updated"):
        text, parts = stored(entry, key), stored(entry, f"{key}_parsed")
        raw = plaintext.one_line(text) if isinstance(text, str) and len(text) <= MAX_DATE_CHARS else ""
        written = written or raw or None
        meant = (dates.read_date(raw) or _as_feedparser_read(parts, raw)) if raw else None
        if meant is not None:
            return raw, meant
    return written, None


def _as_feedparser_read(parts: object, raw: str) -> datetime | None:
    """Return feedparser's reading, which copes with a few more forms, unless it made up a part of it."""
    meant = moment(parts) if isinstance(parts, struct_time) else None
    return dates.vouched_for(meant, raw) if meant is not None else None


def _title(holder: Mapping[str, Any]) -> str:
    value = holder.get("title")
    if not isinstance(value, str):
        return ""
    detail = holder.get("title_detail")
    is_markup = isinstance(detail, Mapping) and detail.get("type") in _MARKUP_TYPES
    return markup.plain_text(value, is_markup=is_markup, max_chars=plaintext.MAX_TITLE_CHARS)


def _author(holder: Mapping[str, Any]) -> str:
    """Return the names of all authors; where none has a name, what feedparser calls the author."""
    names = [person["name"] for person in _mappings(holder, "authors") if isinstance(person.get("name"), str)]
    single = holder.get("author")
    text = ", ".join(dict.fromkeys(name for name in names if name)) or (single if isinstance(single, str) else "")
    return markup.plain_text(text, is_markup=False, max_chars=plaintext.MAX_AUTHOR_CHARS)


def _language(entry: Mapping[str, Any]) -> str | None:
    details = [entry.get("title_detail"), *_mappings(entry, "content"), entry.get("summary_detail")]
    tags = (plaintext.language_tag(detail.get("language")) for detail in details if isinstance(detail, Mapping))
    return next((tag for tag in tags if tag), None)


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the entry's categories, each once in whatever case; addresses are no names."""
    names: dict[str, str] = {}
    for tag in _mappings(entry, "tags"):
        text = tag.get("label") or tag.get("term")
        if isinstance(text, str) and not text.startswith(("http://", "https://")):
            name = markup.plain_text(text, is_markup=False, max_chars=plaintext.MAX_CATEGORY_CHARS)
            if name:
                names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_CATEGORIES]


def _passages(entry: Mapping[str, Any]) -> Iterator[_Passage]:
    """Yield the entry's texts: its summary first (where there is one), then its contents."""
    contents = [detail for detail in _mappings(entry, "content") if detail.get("type", "text/html") in _TEXT_TYPES]
    summary = entry.get("summary")
    details = [detail for detail in (entry.get("summary_detail"), *contents) if isinstance(detail, Mapping)]
    if isinstance(summary, str) and summary.strip():
        # feedparser copies a content into a missing summary, without its detail.
        detail = next((detail for detail in details if detail.get("value") == summary), {})
        yield _passage(summary, detail)
    for content in contents:
        value = content.get("value")
        if isinstance(value, str) and value.strip() and value != summary:
            yield _passage(value, content)
    caption = entry.get("media_description")
    if not contents and not summary and isinstance(caption, str) and _is_recording(entry):
        yield _Passage(caption, is_markup=False)


def _passage(value: str, detail: Mapping[str, Any]) -> _Passage:
    base = detail.get("base")
    is_markup = detail.get("type", "text/html") in _MARKUP_TYPES or plaintext.looks_like_markup(value)
    return _Passage(value, is_markup, base if isinstance(base, str) else None)


def _is_recording(entry: Mapping[str, Any]) -> bool:
    """Tell whether the entry itself is a film or a sound, as in a channel of videos: its description is its text.

    Beside a picture it is a caption, and beside nothing it is nobody's.
    """
    media = _mappings(entry, "media_content")
    pictures = [
        item for item in media if item.get("medium") == "image" or is_picture(item.get("type"), item.get("url"))
    ]
    return bool(media) and not pictures


def _texts(passages: list[_Passage], feed_url: str, entry_base: str) -> tuple[str, str, tuple[ImageCandidate, ...]]:
    """Return the safe HTML of the fullest passage, the plain text of the first, and the pictures that all show."""
    cleaned = [_clean(passage, feed_url, entry_base) for passage in passages]
    if not cleaned:
        return "", "", ()
    plain = [markup.text_of_clean(clean.html) for clean in cleaned]
    # The longer text wins, not the longer markup; of equals the one with a picture.
    fullest = max(range(len(cleaned)), key=lambda at: (len(plain[at]), len(cleaned[at].images)))
    summary = next((text for text in plain if text), "")
    shown = tuple(image for clean in (cleaned[fullest], *cleaned) for image in clean.images)
    return cleaned[fullest].html, plaintext.shorten(summary, plaintext.MAX_SUMMARY_CHARS), shown


def _clean(passage: _Passage, feed_url: str, entry_base: str) -> markup.CleanMarkup:
    """Clean one passage; its links start from its `xml:base`, where feedparser gives one that is not the feed's URL."""
    base = passage.base_url
    has_own_base = base is not None and base != feed_url and base.startswith(("http://", "https://"))
    if passage.is_markup:
        return markup.clean_html(passage.value, base if has_own_base and base else entry_base)
    return markup.CleanMarkup(markup.text_as_html(plaintext.decode_references(passage.value)))


def _mappings(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = holder.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
