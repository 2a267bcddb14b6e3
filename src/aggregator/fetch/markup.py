"""From the HTML of strangers to HTML that is safe to show, and to plain text. Pure; the only place that knows nh3.

nh3 parses as browsers do and writes canonical HTML from an allow-list: no scripts, handlers, styles, forms or frames.
Canonical means that every `<` in it starts a tag and every attribute is quoted and escaped, so a regular expression
may finish the work: resolve links, choose the real source of lazy pictures, and drop tracking pixels.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import nh3

from aggregator.fetch import plaintext
from aggregator.fetch.candidates import LAZY_SETS, LAZY_SOURCES, absolute_url, shown_picture
from aggregator.records import ImageCandidate

MAX_CONTENT_CHARS = 200_000
MAX_DEPTH = 500
_SHOWN: tuple[str, ...] = ("alt", "title", "width", "height")
_LINK_SCHEMES = ("http://", "https://", "mailto:")

_TAGS = """
    a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl
    dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s
    samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
"""
_GONE_WITH_CONTENT = """
    script style iframe frameset noframes noscript noembed object embed applet form button select textarea title
    template svg math audio video canvas map
"""
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "img": {"src", "alt", "width", "height", "style", "hidden", *LAZY_SOURCES, *LAZY_SETS},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"start", "reversed", "type"},
    "q": {"cite"},
    "source": {"type", *LAZY_SETS},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
_HIDING = ("width", "height", "display", "visibility", "opacity")
_CLEANER = nh3.Cleaner(
    tags={*_TAGS.split(), "picture", "source"},  # these two are read to find the largest, and never written out
    clean_content_tags=set(_GONE_WITH_CONTENT.split()),
    attributes=_ATTRIBUTES,
    link_rel="nofollow noopener noreferrer",
    url_schemes={"http", "https", "mailto"},
    filter_style_properties={
        *_HIDING,
        *(name.upper() for name in _HIDING),
    },  # read to find hidden pixels, and never written out
)
_REWRITTEN = re.compile(r'<(a|blockquote|del|img|ins|/?picture|q|source)((?: [^\s="<>]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([^\s="<>]+)="([^"]*)"')
_ANY_TAG = re.compile(r"</?[a-z][^<>]*>", re.I)
_TAG_START = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.I)
_BREAKING_TAG = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|figcaption|figure|footer|h[1-6]|header|"
    r"hr|img|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)\b[^>]*>"
)
_VOID = frozenset(("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "param", "source", "wbr"))
_HIDDEN_STYLE = re.compile(
    r"display:\s*none|visibility:\s*(?:hidden|collapse)|opacity:\s*0*\.?0*(?:;|$)|(?:width|height):\s*(?:0|[01](?:\.\d+)?px)(?:\s|;|$)"
)
_BEACON = re.compile(
    r"https?://(?:[^/?#]*\.)?(?:"
    r"doubleclick\.net|google-analytics\.com|googletagmanager\.com|scorecardresearch\.com|quantserve\.com|imrworldwide\.com|"
    r"chartbeat\.net|statcounter\.com|sitemeter\.com|pheedo\.com|pixel\.wp\.com|stats\.wordpress\.com|omtrdc\.net|2o7\.net"
    r")(?::\d+)?/"
    r"|https?://(?:feeds\.feedburner\.com/~r/|feedproxy\.google\.com/~r/|www\.facebook\.com/tr\b|"
    r"blogger\.googleusercontent\.com/tracker/|[^/?#]*feedsportal\.com/c/.*/mf\.gif)"
    r"|https?://[^?#]*/(?:(?:tracking|beacon|web[-_]?bug|counter|count|__utm|1x1|(?:tracking[-_]?)?pixel|clear|spacer)\.gif"
    r"|(?:1x1|(?:tracking[-_]?)?pixel)\.png)(?:[?#]|$)",
    re.I,
)
"""Where pictures come from that count readers and show nothing: measuring services, and names that say so."""


@dataclass(frozen=True, slots=True)
class CleanMarkup:
    """Safe HTML and the pictures that it shows, in their order, resolved; no pixel is among them."""

    html: str
    images: tuple[ImageCandidate, ...] = ()


def clean_html(source: str, base_url: str) -> CleanMarkup:
    """Return the safe part of `source`, its links and pictures resolved against `base_url`.

    At most MAX_CONTENT_CHARS are read. What is nested deeper than MAX_DEPTH (no text is, and the sanitiser's time
    grows with the square of the depth) becomes its plain text.
    """
    source = plaintext.without_forbidden(source[:MAX_CONTENT_CHARS])
    if "<" not in source and "&" not in source:
        return CleanMarkup(html.escape(source, quote=False).strip())
    if _too_deep(source):
        return CleanMarkup(html.escape(html.unescape(_ANY_TAG.sub(" ", source)), quote=False))
    images: list[ImageCandidate] = []
    sources: list[str] = []

    def rewritten(tag: re.Match[str]) -> str:
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag.group(2))}
        if tag.group(1) == "img":
            return _image_tag(attributes, base_url, sources, images)
        if tag.group(1) == "source":
            sources.extend(_offered(attributes))
            return ""
        if tag.group(1).endswith("picture"):
            sources.clear()
            return ""
        return _link_tag(tag.group(1), attributes, base_url)

    return CleanMarkup(_REWRITTEN.sub(rewritten, _CLEANER.clean(source)).strip(), tuple(images))


def text_as_html(text: str) -> str:
    """Return plain text as HTML: escaped, a blank line between paragraphs, a `<br>` for a line break."""
    lines = plaintext.without_forbidden(text[:MAX_CONTENT_CHARS]).replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = [html.escape(part.strip(), quote=False) for part in re.split(r"\n[ \t]*\n\s*", lines) if part.strip()]
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs)


def text_of_clean(clean: str) -> str:
    """Return the plain text of HTML that `clean_html` wrote: block elements part words, entities are decoded once."""
    if "<" in clean:
        clean = _ANY_TAG.sub("", _BREAKING_TAG.sub(" ", clean))
    return plaintext.one_line(html.unescape(clean))


def plain_text(source: str, *, is_markup: bool, max_chars: int) -> str:
    """Return `source` as one line of plain text by the rule of `plaintext`, at most `max_chars` long."""
    source = source[: max_chars * 10]  # markup may be long around a short text; a megabyte of it is not read
    if is_markup or plaintext.looks_like_markup(source):
        text = text_of_clean(clean_html(source, "").html)
    else:
        text = plaintext.one_line(plaintext.decode_references(source))
    return plaintext.shorten(text, max_chars)


def _link_tag(tag: str, attributes: dict[str, str], base_url: str) -> str:
    name = "href" if tag == "a" else "cite"
    if name in attributes:
        resolved = absolute_url(attributes[name], base_url, schemes=_LINK_SCHEMES)
        attributes = {**attributes, name: resolved} if resolved else {k: v for k, v in attributes.items() if k != name}
    return _tag(tag, attributes)


def _image_tag(attributes: dict[str, str], base_url: str, sources: Sequence[str], images: list[ImageCandidate]) -> str:
    if "hidden" in attributes or _HIDDEN_STYLE.search(attributes.get("style", "").lower()):
        return ""
    found = shown_picture(attributes, base_url, sources)
    if found is None or _BEACON.match(found[0]):
        return ""
    shown, candidate = found
    images.append(candidate)
    kept = {name: attributes[name] for name in _SHOWN if name in attributes}
    return _tag("img", {"src": shown} | kept)


def _offered(attributes: dict[str, str]) -> list[str]:
    """Return the sets of pictures that a <source> of a <picture> offers, unless they are drawings."""
    if attributes.get("type", "").startswith("image/svg"):
        return []
    return [attributes[name] for name in LAZY_SETS if attributes.get(name)]


def _tag(name: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>"


def _too_deep(source: str) -> bool:
    if source.count("<") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for tag in _TAG_START.finditer(source):
        name = tag.group(2).lower()
        if tag.group(1):
            depth = max(depth - 1, 0)
        elif name not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest > MAX_DEPTH
