"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) to our records. Pure.

Read with tolerance: a missing version, numbers as ids, a single author, relative addresses. What has the wrong type is
treated as absent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.fetch import markup, plaintext, sniff
from aggregator.fetch.candidates import absolute_url, choose_candidates, first_shown, is_picture
from aggregator.fetch.dates import MAX_DATE_CHARS, read_date
from aggregator.fetch.entries import MAX_CATEGORIES, guid_text, resolved_link
from aggregator.records import ImageCandidate, ParsedEntry, ParsedFeed

_VERSIONS = {"1": "json10", "1.0": "json10", "1.1": "json11"}
_ITEMS = re.compile(r'"items"\s*:\s*\[\s*')
_BETWEEN = re.compile(r"\s*,\s*")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What an item inherits from its feed."""

    base_url: str
    language: str | None
    author: str


def read_json(text: str, url: str, max_entries: int) -> ParsedFeed:
    """Read the JSON Feed in `text`, which came from `url`; a `problem` says what it is where it is none.

    Raises:
        RecursionError: it is nested too deep.
    """
    broken = None
    try:
        document = json.loads(text, strict=False)
    except ValueError as error:  # malformed, or a number of thousands of digits
        broken = f"broken JSON: {error}"[:200]
        document = {"items": _whole_items(text)}
        if not document["items"]:
            return ParsedFeed(problem=broken)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        return ParsedFeed(problem=sniff.document_problem(text))
    site_url = resolved_link(document.get("home_page_url"), url)
    around = _Surroundings(url, plaintext.language_tag(document.get("language")), _authors(document))
    entries = tuple(_entry(item, around) for item in items[:max_entries] if isinstance(item, dict))
    return ParsedFeed(
        format=_format(document.get("version")),
        title=_plain(document, "title", plaintext.MAX_TITLE_CHARS),
        site_url=site_url,
        language=around.language,
        entries=entries,
        note=f"only the first {max_entries} entries were read" if len(items) > max_entries else broken,
    )


def read_item(item: Mapping[str, Any], url: str) -> ParsedEntry:
    """Return one item of a JSON Feed at `url` that says nothing of its own about language and author."""
    return _entry(item, _Surroundings(url, None, ""))


def _whole_items(text: str) -> list[Any]:
    """Return the items of a broken document that stand before the break, as XML's loose parser does for its formats."""
    start = _ITEMS.search(text)
    at = start.end() if start else len(text)
    items: list[Any] = []
    while text.startswith("{", at):
        try:
            item, at = _DECODER.raw_decode(text, at)
        except ValueError:
            break
        items.append(item)
        between = _BETWEEN.match(text, at)
        at = between.end() if between else len(text)
    return items


def _format(version: object) -> str:
    number = version.rstrip("/").rpartition("/")[2] if isinstance(version, str) else ""
    return _VERSIONS.get(number, "json")


def _entry(item: Mapping[str, Any], around: _Surroundings) -> ParsedEntry:
    link = resolved_link(item.get("url"), around.base_url) or resolved_link(item.get("external_url"), around.base_url)
    base_url = absolute_url(link, around.base_url) or around.base_url
    clean = _content(item, base_url)
    text = markup.text_of_clean(clean.html)
    summary = _plain(item, "summary", plaintext.MAX_SUMMARY_CHARS)
    written, meant = _published(item)
    return ParsedEntry(
        guid=_identity(item.get("id")),
        url=link,
        title=_plain(item, "title", plaintext.MAX_TITLE_CHARS),
        summary=summary or plaintext.shorten(text, plaintext.MAX_SUMMARY_CHARS),
        content=clean.html,
        author=_authors(item) or around.author,
        language=plaintext.language_tag(item.get("language")) or around.language,
        published_raw=written,
        published_at=meant,
        categories=_categories(item),
        images=choose_candidates([*_images(item), *first_shown(clean.images)], base_url),
    )


def _identity(value: object) -> str | None:
    """Return an id as text: some feeds write numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return guid_text(str(value))
    return guid_text(value)


def _content(item: Mapping[str, Any], base_url: str) -> markup.CleanMarkup:
    as_html, as_text = _text(item, "content_html"), _text(item, "content_text")
    if as_html.strip():
        return markup.clean_html(as_html, base_url)
    return markup.CleanMarkup(markup.text_as_html(as_text or _text(item, "summary")))


def _published(item: Mapping[str, Any]) -> tuple[str | None, datetime | None]:
    written: str | None = None
    for key in ("date_published", "date_modified"):
        raw = plaintext.one_line(_text(item, key)[:MAX_DATE_CHARS])
        written = written or raw or None
        meant = read_date(raw)
        if meant is not None:
            return raw, meant
    return written, None


def _authors(holder: Mapping[str, Any]) -> str:
    """Return the names of `authors` (1.1), or of `author` (1.0), an object or a bare name."""
    listed = holder.get("authors")
    people = listed if isinstance(listed, list) else [holder.get("author")]
    names = [person.get("name") if isinstance(person, dict) else person for person in people]
    text = ", ".join(dict.fromkeys(name for name in names if isinstance(name, str) and name))
    return markup.plain_text(text, is_markup=False, max_chars=plaintext.MAX_AUTHOR_CHARS)


def _categories(item: Mapping[str, Any]) -> tuple[str, ...]:
    tags = item.get("tags")
    names: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, str) and (name := plaintext.shorten(plaintext.one_line(tag), plaintext.MAX_CATEGORY_CHARS)):
            names.setdefault(name.casefold(), name)
    return tuple(names.values())[:MAX_CATEGORIES]


def _images(item: Mapping[str, Any]) -> Iterable[ImageCandidate]:
    for key in ("image", "banner_image"):
        if url := _text(item, key):
            yield ImageCandidate(url, key)
    attachments = item.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else []:
        if isinstance(attachment, dict) and is_picture(attachment.get("mime_type"), attachment.get("url")):
            yield ImageCandidate(_text(attachment, "url"), "enclosure")


def _plain(holder: Mapping[str, Any], key: str, max_chars: int) -> str:
    return markup.plain_text(_text(holder, key), is_markup=False, max_chars=max_chars)


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
