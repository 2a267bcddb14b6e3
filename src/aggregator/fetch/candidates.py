"""The pictures that an entry names, as candidates to fetch, the best first. Pure.

Feeds name pictures in many places and say little about them. Out is what no reader would call the article's picture:
pixels that count readers, faces of authors, emoji, buttons, logos, icons and placeholders. The rest is put in order by
how much the feed says about them and then by size: the largest that is sensible before larger ones, and all of these
before those that are known to be small. Only absolute http(s) addresses, none twice, five at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from aggregator.fetch.furniture import is_furniture, may_be_furniture
from aggregator.records import ImageCandidate

MAX_CANDIDATES = 5
MAX_SHOWN = 3
"""Pictures of a content that are candidates: the first, and others in case it cannot be had."""

MAX_URL_CHARS = 2_048
SENSIBLE_WIDTH = 2_000
"""The widest picture, in pixels, that is chosen where a feed offers several."""

SMALL_SIDE = 200
"""A picture whose longer side is known to be shorter, in pixels, is a thumbnail of something better."""

LAZY_SOURCES = (
    "data-lazy-src",
    "data-src",
    "data-original",
    "data-large-file",
    "data-orig-file",
    "data-original-src",
    "data-hi-res-src",
    "data-full-src",
    "data-img-src",
    "data-image",
    "data-lazy",
)
"""Where pages that load their pictures late keep the address, beside a placeholder in `src`."""

LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset", "data-original-set")

_SOURCES = ("media:content", "image", "banner_image", "enclosure", "og:image", "media:thumbnail", "content")
"""Who is believed, best first. Whoever is not here, such as a podcast's cover, comes last."""

_ICON_SIDE = 48
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|heic|bmp|tiff?|svg)$", re.I)
_SRCSET_CHARS = 4_096
_SET_ADDRESS = re.compile(r"[\s,]*(\S+)")
_SET_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([wx])")
_PLAIN_ADDRESS = re.compile(r"https?://[^\s/?#\[\]@\\\x80-\U0010ffff]+(?:[/?#]|$)", re.I)
_WEB_SCHEME = re.compile(r"https?:", re.I)
_WHITE_SPACE = re.compile(r"[\x00-\x20]+")
_NAMED_SIZE = re.compile(r"-([0-9]{2,4})x([0-9]{2,4})\.[a-z]+$|/s([0-9]{2,4})(?:-[a-z-]+)?/", re.I)
"""How WordPress and Blogger name scaled copies: photo-150x150.jpg, /s72-c/photo.jpg."""

_ADDRESS_LIKE = re.compile(r"[./]")
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


def offers_of_srcset(srcset: str) -> Iterator[tuple[float, str]]:
    """Yield each picture of a `srcset` with its width in pixels (HTML, "parsing a srcset attribute").

    A density counts as so many halves of SENSIBLE_WIDTH: what is meant for `2x` is as wide as is sensible.
    """
    srcset, at = srcset[:_SRCSET_CHARS], 0
    while found := _SET_ADDRESS.match(srcset, at):
        url, at = found[1], found.end()
        descriptors = ""
        if not url.endswith(","):
            end = srcset.find(",", at)
            end = len(srcset) if end < 0 else end
            descriptors, at = srcset[at:end], end + 1
        sizes = {unit: float(number) for number, unit in _SET_SIZE.findall(descriptors)}
        if url.rstrip(","):
            yield sizes.get("w", sizes.get("x", 1.0) * SENSIBLE_WIDTH / 2), url.rstrip(",")


def best_of_srcset(*srcsets: str) -> str | None:
    """Return the widest picture up to SENSIBLE_WIDTH of one or more `srcset`, else the narrowest; None without any."""
    offers = [offer for srcset in srcsets for offer in offers_of_srcset(srcset)]
    sensible = [offer for offer in offers if offer[0] <= SENSIBLE_WIDTH]
    if sensible:
        return max(sensible, key=lambda offer: offer[0])[1]
    return min(offers, key=lambda offer: offer[0])[1] if offers else None


def shown_picture(
    attributes: Mapping[str, str], base_url: str, sources: Sequence[str] = ()
) -> tuple[str, ImageCandidate] | None:
    """Return the address that an <img> shows, and the candidate that it is; None where it shows nothing.

    `sources` are the `srcset` of the <source> elements before it in the same <picture>.
    """
    width, height = pixels(attributes.get("width")), pixels(attributes.get("height"))
    if is_pixel(width, height):
        return None
    sets = [attributes[name] for name in LAZY_SETS if attributes.get(name)]
    largest = absolute_url(best_of_srcset(*sets, *sources), base_url)
    lazy = [attributes[name] for name in LAZY_SOURCES if _ADDRESS_LIKE.search(attributes.get(name, ""))]
    plain = [*lazy, attributes.get("src", "")]
    shown = next((url for value in plain if (url := absolute_url(value, base_url))), None) or largest
    if shown is None:
        return None
    return shown, ImageCandidate(largest or shown, "content", width, height)


def choose_candidates(found: Iterable[ImageCandidate], base_url: str) -> tuple[ImageCandidate, ...]:
    """Return the best MAX_CANDIDATES usable pictures of `found`, resolved against `base_url`, none twice."""
    chosen: dict[str, ImageCandidate] = {}
    for image in found:
        url = absolute_url(image.url, base_url)
        if url is None or is_pixel(image.width, image.height) or is_furniture(url, image.width):
            continue
        url = _WHITE_SPACE.sub("%20", url.partition("#")[0])
        chosen.setdefault(url, ImageCandidate(url, image.source, image.width, image.height))
    return tuple(sorted(chosen.values(), key=_rank))[:MAX_CANDIDATES]


def _rank(image: ImageCandidate) -> tuple[bool, int]:
    """Return what a candidate is sorted by; of equals the one that the feed names first stays first."""
    source = _SOURCES.index(image.source) if image.source in _SOURCES else len(_SOURCES)
    return _is_small(image) or may_be_furniture(image.url, image.width), source


def _is_small(image: ImageCandidate) -> bool:
    sides = [side for side in (image.width, image.height) if side is not None]
    if not sides and (named := _NAMED_SIZE.search(urlsplit(image.url).path)):
        sides = [int(side) for side in named.groups() if side]
    return bool(sides) and max(sides) < SMALL_SIDE


def entry_images(entry: Mapping[str, Any], shown: Sequence[ImageCandidate]) -> list[ImageCandidate]:
    """Return what feedparser's `entry` names as pictures, not resolved yet, and the first of `shown`, its content's."""
    found = _media_contents(entry)
    found += _widest_first(
        [image for item in _mappings(entry, "media_thumbnail") if (image := _image(item, "url", "media:thumbnail"))]
    )
    found += [
        image
        for link in _mappings(entry, "links")
        if link.get("rel") == "enclosure" and is_picture(link.get("type"), link.get("href"))
        if (image := _image(link, "href", "enclosure"))
    ]
    found += first_shown(shown)
    podcast = entry.get("image")
    if isinstance(podcast, Mapping) and (image := _image(podcast, "href", "itunes:image")):
        found.append(image)
    return found


def first_shown(shown: Sequence[ImageCandidate]) -> list[ImageCandidate]:
    """Return the first MAX_SHOWN pictures of a content that do not declare themselves icons and are no furniture."""
    pictures = [
        image
        for image in shown
        if min(image.width or _ICON_SIDE, image.height or _ICON_SIDE) >= _ICON_SIDE
        and not is_furniture(image.url, image.width)
    ]
    return pictures[:MAX_SHOWN]


def is_picture(media_type: object, url: object) -> bool:
    """Tell whether an attachment is a picture: by its media type, or by its name where the type says nothing."""
    kind = media_type.lower() if isinstance(media_type, str) else ""
    if kind and not kind.startswith(("application/octet-stream", "text/html")):  # the latter is feedparser's default
        return kind.startswith("image")
    return isinstance(url, str) and _PICTURE_NAME.search(url.partition("?")[0]) is not None


def _media_contents(entry: Mapping[str, Any]) -> list[ImageCandidate]:
    """Return the pictures among `media:content`, also those of a `media:group`: first what the feed calls its default.

    Of a group they are renditions of one picture, else pictures of their own; the widest sensible one serves for both.
    """
    default: list[ImageCandidate] = []
    others: list[ImageCandidate] = []
    for item in _mappings(entry, "media_content"):
        if item.get("medium") != "image" and ("medium" in item or not is_picture(item.get("type"), item.get("url"))):
            continue
        if image := _image(item, "url", "media:content"):
            is_default = str(item.get("isdefault", "")).lower() == "true" and not _is_small(image)
            (default if is_default and _is_sensible(image) else others).append(image)
    return _widest_first(default) + _widest_first(others)


def _widest_first(images: Sequence[ImageCandidate]) -> list[ImageCandidate]:
    """Put the widest sensible picture first, and those that are wider than that last, as the feed has them."""
    return sorted(images, key=lambda image: -(image.width or 0) if _is_sensible(image) else 1)


def _is_sensible(image: ImageCandidate) -> bool:
    return (image.width or 0) <= SENSIBLE_WIDTH


def _image(item: Mapping[str, Any], key: str, source: str) -> ImageCandidate | None:
    url = item.get(key)
    if not isinstance(url, str) or not url:
        return None
    return ImageCandidate(url, source, pixels(item.get("width")), pixels(item.get("height")))


def _mappings(entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the mappings under `key`: a feed may hold an element of that name, and then it is anything."""
    value = entry.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
