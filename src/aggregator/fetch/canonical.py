"""The address of an article without what does not change the article. The only place that knows w3lib."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from w3lib.url import canonicalize_url

MAX_KEY_CHARS = 1_000
"""A longer address is nobody's identity: w3lib takes milliseconds for such, and a document may have thousands."""

_MAX_HOST_CHARS = 253
_MAX_PARAMETERS = 50

_TRACKING = re.compile(
    r"""
    utm_\w+ | at_\w+ | ns_\w+ | wt\.\w+ | wt_(?:mc|zmc)\w* | (?:pk|mtm|piwik|matomo)_\w+ | hsa_\w+ | ga_\w+ | stm_\w+
    | (?:fb|g|d|ms|tt|tw|y)clid | [gw]braid | gclsrc | li_fat_id | _ga | _gl | _hs(?:enc|mi) | __hs\w+
    | __twitter_impression | mc_[ce]id | mkt_tok | igshid? | fb_(?:ref|source|action_\w+)
    | action_(?:object|type|ref)_map | share_from | guccounter | guce_referrer(?:_sig)? | s_cid | cmpid | cmp | ocid
    | ncid | xtor | ito | icid | smid | smtyp | spref | sr_share | soc_(?:src|trk) | echobox | cndid
    | vero_(?:conv|id) | oly_(?:anon|enc)_id | _openstat | srsltid
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Parameters that say where a reader came from and never what is shown, whatever their value."""

_TRACKING_PAIR = re.compile(
    r"""
    (?:partner|emc)=rss | (?:ref|source|src|from|via|feed|rss|medium|campaign)=(?:rss|rss_?feed|feed|atom|feedburner)
    | amp(?:=(?:1|true|yes)?)? | output(?:type)?=amp | rss=(?:1|yes|true)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Parameters that do so, or name a kind of screen, with these values; with others they may name an article."""

_DISTINCTIVE = re.compile(
    r"\d{3}"  # a date or a number
    r"|[?&][^=&]*=[^&]*\d"  # a number, as in ?p=7
    r"|(?<![^\W_])[^\W_]+[-_+ ][^\W_]+[-_+ ][^\W_]"  # three words of a headline
    r"|(?<![^\W_])(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{8}",  # a key of letters and digits
    re.IGNORECASE,
)
_AMP_PATH = re.compile(r"(?:/amp|\.amp)(?:\.html?)?$", re.IGNORECASE)
_OTHER_SCREEN = re.compile(r"^(?:m|mobile|amp)\.(?=[^.]+\.[^.])", re.IGNORECASE)
_TAG_URI = re.compile(r"tag:[^,:]*,\d{4}[\d-]*:(.+)", re.IGNORECASE | re.DOTALL)


def url_key(url: str | None) -> str | None:
    """Return the address of an article without what does not change the article, or None if it names no page.

    Scheme, letter case of the host, a leading `www.`, the port where it is the usual one, the fragment, tracking
    parameters, the order of the others, dots in the path, ways of escaping, and a final slash make no difference.
    Neither does a page for phones or AMP, if the rest of the address is distinctive. The front page of a site is no
    article: feeds that link every entry to it would otherwise become one.
    """
    parts = _canonical(url)
    if parts is None:
        return None
    place = parts.netloc.rpartition("@")[2].lower().removeprefix("www.")
    place = place.removesuffix(":443" if parts.scheme == "https" else ":80")
    page = _page(parts)
    if not page:
        return None
    return (_OTHER_SCREEN.sub("", place) if is_distinctive(page) else place) + page


def alias_of(text: str | None) -> str | None:
    """Return what a GUID or link keeps when its site moves or changes to https; None where too little would be left.

    Of an address that is its path and query, of a tag URI (RFC 4151) what stands after host and date.
    """
    if text is not None and (tag := _TAG_URI.fullmatch(text)):
        page = tag[1][:MAX_KEY_CHARS]
        return "alias " + page if is_distinctive(page) else None
    parts = _canonical(text)
    page = _page(parts) if parts is not None else ""
    return "alias " + page if is_distinctive(page) else None


def is_distinctive(text: str) -> bool:
    """Tell whether an address, or a part of one, looks like that of one article and of no second one.

    `/2026/storm`, `/?p=7`, `/storm-hits-harbour` and `/c0vwz0y0lxno` do; `/weather`, `/live` and `/news/today` do not.
    """
    return _DISTINCTIVE.search(unquote(text)) is not None


def _page(parts: SplitResult) -> str:
    """Return path and query, without the marks of AMP where what is left is distinctive."""
    path = parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    plain_path = _AMP_PATH.sub("", path)
    return (plain_path if is_distinctive(plain_path + query) else path) + query


@lru_cache(maxsize=1_000)
def _canonical(url: str | None) -> SplitResult | None:
    """Return the parts of a web address in canonical form; None for anything else, however it is broken."""
    if url is None or len(url) > MAX_KEY_CHARS or not url.lstrip().lower().startswith(("http://", "https://")):
        return None
    address, _, query = url.partition("#")[0].partition("?")
    parameters = [part for part in query.split("&") if part and not _is_tracking(part)]
    if len(parameters) > _MAX_PARAMETERS or len(address.split("/", 3)[2]) > _MAX_HOST_CHARS:
        return None
    try:
        parts = urlsplit(canonicalize_url("?".join((address, "&".join(parameters)))))
    except ValueError:  # such as a bracket that is no IPv6 address, a port that is no number, half a character
        return None
    return parts if parts.hostname else None


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0]
    return _TRACKING.fullmatch(name) is not None or _TRACKING_PAIR.fullmatch(parameter) is not None
