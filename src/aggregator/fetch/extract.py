"""From the bytes of a page to the text of its article, by trafilatura. Pure; it runs in worker processes.

    body ─ decode_document ─ a tree of lxml ┬ trafilatura ─ plain text, paragraphs parted by blank lines ┬→ PageText
                                            └ og:image, twitter:image ─ resolved, chosen ────────────────┘

trafilatura and what it needs are the extra “full-text”: half a second and 43 MB to import, so that happens here, at the
first page, and nowhere else. It decodes and unpacks nothing: it is given text, never bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from w3lib.encoding import html_body_declared_encoding

from aggregator.errors import ConfigError
from aggregator.fetch.candidates import choose_candidates, pixels
from aggregator.fetch.charset import declared_charset, decode_document
from aggregator.fetch.plaintext import MAX_TITLE_CHARS, one_line, shorten, without_forbidden
from aggregator.records import OG_IMAGE, ImageCandidate, PageJob, PageText

if TYPE_CHECKING:
    from lxml.html import HtmlElement  # type: ignore[import-untyped]  # it ships no types

NO_TEXT = "no text found"

MIN_TEXT_BYTES = 200
"""Shorter ones are cookie notices and “please enable JavaScript”. In UTF-8: 70 Chinese characters are enough."""

MAX_TEXT_CHARS = 500_000
MAX_ELEMENTS = 20_000
"""A page of more is not read: some steps of trafilatura take the square of their number. News has some thousand."""

_EXTRA = ("protego", "trafilatura")
_LOOKED_AT_METAS = 1_000
_MAX_PROBLEM_CHARS = 200
_IMAGE_NAMES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")


def require_extractor() -> None:
    """Make sure that the extra “full-text” is installed, without importing it.

    Raises:
        ConfigError: it is not; the text says how to install it.
    """
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"full_text needs {' and '.join(missing)}, which come with the extra “full-text”: "
            'pip install ".[full-text]" in a checkout, or the wheel with [full-text] behind it; '
            "or set full_text = false"
        )


def extract_pages(jobs: Sequence[PageJob]) -> list[PageText]:
    """Return what each of `jobs` says, in their order."""
    return [extract_page(job) for job in jobs]


def extract_page(job: PageJob) -> PageText:
    """Return the text of the article on a page, or a `problem` that says to a person why there is none.

    A page without text may still name its picture.

    Raises:
        MemoryError: the page does not fit.
    """
    try:
        return _extracted(job)
    except MemoryError:
        raise
    except RecursionError:
        return _unreadable("nested too deep to be read")
    except Exception as error:  # noqa: BLE001 - libraries that guess at garbage raise anything; theirs alone are called
        return _unreadable(f"trafilatura failed on it: {type(error).__name__}: {error}")


def _unreadable(problem: str) -> PageText:
    return PageText(extractor=_extractor(), problem=problem[:_MAX_PROBLEM_CHARS])


@cache
def _extractor() -> str:
    return f"trafilatura {version('trafilatura')}"


def _extracted(job: PageJob) -> PageText:
    from trafilatura import bare_extraction  # noqa: PLC0415 - see the top
    from trafilatura.utils import load_html  # noqa: PLC0415

    # Its warnings about pages are for those who tune it.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    charset = declared_charset(job.content_type) or html_body_declared_encoding(job.body)
    tree = load_html(without_forbidden(decode_document(job.body, charset)))
    if tree is None:
        return _unreadable("not a page")
    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        return _unreadable(f"more than {MAX_ELEMENTS:,} elements")
    title, images = _title(tree), _images(tree, job.url)
    document = bare_extraction(tree, url=job.url, include_comments=False, include_tables=True, include_images=False)
    body = "" if document is None else _paragraphs(getattr(document, "text", None) or "")
    enough = len(body.encode("utf-8", "replace")) >= MIN_TEXT_BYTES
    return PageText(
        extractor=_extractor(),
        title=title,
        text=body[:MAX_TEXT_CHARS] if enough else "",
        images=images,
        problem=None if enough else NO_TEXT,
    )


def _paragraphs(text: str) -> str:
    """Return the text with one blank line between paragraphs, as trafilatura has one paragraph a line."""
    lines = (one_line(line) for line in text.splitlines())
    return "\n\n".join(line for line in lines if line)


def _title(tree: HtmlElement) -> str:
    """Return the headline that the page gives itself: `og:title`, else `<title>`."""
    found = _metas(tree, ("og:title",)) or [text for element in tree.iter("title") if (text := element.text)]
    return shorten(one_line(found[0]), MAX_TITLE_CHARS) if found else ""


def _images(tree: HtmlElement, url: str) -> tuple[ImageCandidate, ...]:
    """Return the picture that the page names for itself, as an address that can be asked for."""
    width, height = (next(iter(_metas(tree, (f"og:image:{side}",))), None) for side in ("width", "height"))
    found = [ImageCandidate(address, OG_IMAGE, pixels(width), pixels(height)) for address in _metas(tree, _IMAGE_NAMES)]
    return choose_candidates(found, url)[:1]


def _metas(tree: HtmlElement, names: Sequence[str]) -> list[str]:
    """Return the contents of `<meta>` elements under `names`, in the order of `names`."""
    contents: dict[str, list[str]] = {name: [] for name in names}
    for number, meta in enumerate(tree.iter("meta")):
        if number == _LOOKED_AT_METAS:
            break
        name = (meta.get("property") or meta.get("name") or "").strip().lower()
        content = (meta.get("content") or "").strip()
        if name in contents and content:
            contents[name].append(content)
    return [content for name in names for content in contents[name]]
