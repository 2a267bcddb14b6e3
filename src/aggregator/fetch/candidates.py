"""The pictures that an entry names, as candidates to fetch. Pure.

In the order of preference: `media:content`, `media:thumbnail`, an enclosure, the podcast image, the first picture of
the content. Only absolute http(s) addresses, no pixels, no portraits of the author, none twice, five at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from aggregator.records import ImageCandidate

MAX_CANDIDATES = 5
MAX_URL_CHARS = 2_048
SENSIBLE_WIDTH = 2_000
"""The widest picture, in pixels, that is chosen where a feed offers several."""

_ICON_SIDE = 48
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|heic|bmp|tiff?|svg)$", re.I)
_SRCSET_PART = re.compile(r"(?:^|(?<=[\s,]))([^\s,]\S*?)(?:,(?=\s|$)|\s+([0-9.]+)([wx])\s*(?:,|$)|\s*$)")
_SRCSET_CHARS = 4_096
_PLAIN_ADDRESS = re.compile(r"https?://[^\s/?#\[\]@\\]+(?:[/?#]|$)", re.I)
_WEB_SCHEME = re.compile(r"https?:", re.I)
_WHITE_SPACE = re.compile(r"[\x00-\x20]+")


_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can write and UTF-8 cannot: no address holds one."""


def absolute_url(url: str | None, base_url: str, *, schemes: tuple[str, ...] = ("http://", "https://")) -> str | None:
    """Return `url` resolved against `base_url`, or None where that is no address under one of `schemes`."""
    if not url or len(url) > MAX_URL_CHARS or _SURROGATE.search(url):
        return None
    url = url.strip().replace("&amp;", "&")  # escaped once too often: no address holds this on purpose
    if _PLAIN_ADDRESS.match(url):  # joining is slow, and most addresses stand alone
        return url if url.lower().startswith(schemes) else None
    try:
        if _WEB_SCHEME.match(url) and not urlsplit(url).hostname:
            return None
        resolved = urljoin(base_url, url)
        is_address = resolved.startswith("mailto:") or bool(urlsplit(resolved).hostname)
    except ValueError:  # such as a bracket that is no IPv6 address
        return None
    return resolved if is_address and resolved.lower().startswith(schemes) else None


def pixels(text: object) -> int | None:
    """Return a width or height attribute as whole pixels: "640", "640px"; None for percentages and nonsense."""
    found = re.fullmatch(r"\s*([0-9]{1,5})(?:\.[0-9]*)?\s*(?:px)?\s*", text if isinstance(text, str) else "")
    return int(found.group(1)) if found else None


def is_pixel(width: int | None, height: int | None) -> bool:
    """Tell whether a picture declares itself one pixel wide or high: it counts readers, it shows nothing."""
    return (width is not None and width <= 1) or (height is not None and height <= 1)


def best_of_srcset(srcset: str) -> str | None:
    """Return the widest picture of a `srcset` up to SENSIBLE_WIDTH, else the narrowest; None where it is empty."""
    offers: list[tuple[float, str]] = []
    for url, size, unit in _SRCSET_PART.findall(srcset[:_SRCSET_CHARS]):
        try:
            number = float(size or 1)
        except ValueError:
            continue
        offers.append((number if unit == "w" else number * SENSIBLE_WIDTH / 2, url))
    sensible = [offer for offer in offers if offer[0] <= SENSIBLE_WIDTH]
    if sensible:
        return max(sensible, key=lambda offer: offer[0])[1]
    return min(offers, key=lambda offer: offer[0])[1] if offers else None


def choose_candidates(found: Iterable[ImageCandidate], base_url: str) -> tuple[ImageCandidate, ...]:
    """Return the first MAX_CANDIDATES usable pictures of `found`, resolved against `base_url`, none twice."""
    chosen: dict[str, ImageCandidate] = {}
    for image in found:
        url = absolute_url(image.url, base_url)
        if url is None or is_pixel(image.width, image.height) or _is_portrait(url):
            continue
        url = _WHITE_SPACE.sub("%20", url.partition("#")[0])
        chosen.setdefault(url, ImageCandidate(url, image.source, image.width, image.height))
        if len(chosen) == MAX_CANDIDATES:
            break
    return tuple(chosen.values())


def entry_images(entry: Mapping[str, Any], shown: Sequence[ImageCandidate]) -> list[ImageCandidate]:
    """Return what feedparser's `entry` names as pictures, not resolved yet, and the first of `shown`, its content's."""
    found = _media_contents(entry)
    found += [
        image for item in _mappings(entry, "media_thumbnail") if (image := _image(item, "url", "media:thumbnail"))
    ]
    found += [
        image
        for link in _mappings(entry, "links")
        if link.get("rel") == "enclosure" and is_picture(link.get("type"), link.get("href"))
        if (image := _image(link, "href", "enclosure"))
    ]
    podcast = entry.get("image")
    if isinstance(podcast, Mapping) and (image := _image(podcast, "href", "itunes:image")):
        found.append(image)
    return found + first_shown(shown)


def first_shown(shown: Sequence[ImageCandidate]) -> list[ImageCandidate]:
    """Return the first picture of a content that does not declare itself an icon, as a list of one or none."""
    return [image for image in shown if min(image.width or _ICON_SIDE, image.height or _ICON_SIDE) >= _ICON_SIDE][:1]


def is_picture(media_type: object, url: object) -> bool:
    """Tell whether an attachment is a picture: by its media type, or by its name where the type says nothing."""
    kind = media_type.lower() if isinstance(media_type, str) else ""
    if kind and not kind.startswith(("application/octet-stream", "text/html")):  # the latter is feedparser's default
        return kind.startswith("image")
    return isinstance(url, str) and _PICTURE_NAME.search(url.partition("?")[0]) is not None


def _media_contents(entry: Mapping[str, Any]) -> list[ImageCandidate]:
    """Return the pictures among `media:content`, the widest sensible one first, the rest as the feed has them."""
    pictures = [
        image
        for item in _mappings(entry, "media_content")
        if item.get("medium") == "image" or ("medium" not in item and is_picture(item.get("type"), item.get("url")))
        if (image := _image(item, "url", "media:content"))
    ]
    return sorted(pictures, key=lambda image: -(image.width or 0) if (image.width or 0) <= SENSIBLE_WIDTH else 1)


def _image(item: Mapping[str, Any], key: str, source: str) -> ImageCandidate | None:
    url = item.get(key)
    if not isinstance(url, str) or not url:
        return None
    return ImageCandidate(url, source, pixels(item.get("width")), pixels(item.get("height")))


def _mappings(entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the mappings under `key`: a feed may hold an element of that name, and then it is anything."""
    value = entry.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _is_portrait(url: str) -> bool:
    """Tell whether `url` is the author's face: blog software names it before the article's picture."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (host.endswith("gravatar.com") and "/avatar/" in parts.path) or host.startswith("avatars.")
