"""Which page of an API comes after those that were got. Pure but for `further_pages`, which is told how to ask.

A document names the next page by its address or by a cursor, or says that there is one; or pages are simply counted. It
is asked for unless the pages had no more entries, repeat themselves, or are as many as the recipe allows. What a
document says is not trusted: the user's key goes along, so a page elsewhere is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aggregator.expressions import ExpressionError, compile_expression
from aggregator.fetch.apipage import ApiPage, read_page
from aggregator.fetch.guard import origin
from aggregator.fetch.moves import same_place
from aggregator.fetch.secret_query import with_query
from aggregator.fetch.urls import UrlError, canonical_url, without_userinfo
from aggregator.records import ApiRecipe, Download, Outcome

MAX_PAGED_BYTES = 4_000_000
"""The largest page in which the next one is looked for: that is done in a thread, beside all others."""

MAX_CURSOR_CHARS = 4_096


@dataclass(frozen=True, slots=True)
class PageRefusal:
    """Why the next page, which there may well be, is not asked for: a sentence for a person."""

    error: str


def further_pages(
    recipe: ApiRecipe, first: Download, ask: Callable[[str, int], Download], max_bytes: int
) -> tuple[Download, ...]:
    """Return the pages after `first`, got one after another with `ask`, which takes a URL and a cap of bytes.

    All bodies together have at most `max_bytes`. The last download may be a failure; a refusal of ours, for which
    nobody was asked, is one with the outcome REFUSED and took no time.
    """
    pages = [first]
    while pages[-1].outcome is Outcome.OK:
        following = next_page(recipe, pages)
        left_bytes = max_bytes - sum(len(page.body) for page in pages)
        if following is not None and left_bytes <= 0:
            following = PageRefusal("the pages before it are as large as one feed may be")
        if following is None:
            break
        if isinstance(following, PageRefusal):
            pages.append(_refused(first, following))
        else:
            pages.append(ask(following, left_bytes))
    return tuple(pages[1:])


def next_page(recipe: ApiRecipe, pages: Sequence[Download]) -> str | PageRefusal | None:
    """Return the URL of the page that follows `pages`, all that were got so far in their order; None where none does.

    It has the origin of the first page, or that with https.
    """
    last = pages[-1]
    if len(pages) >= recipe.max_pages or any(page.body == last.body for page in pages[:-1]):
        return None
    if len(last.body) > MAX_PAGED_BYTES:
        return PageRefusal(f"the page before it is larger than {MAX_PAGED_BYTES // 1_000_000} MB")
    page = read_page(last.body, last.content_type, compile_expression(recipe.entries))
    if not page.entries:
        return None
    following = _named(recipe, pages, page) if recipe.next_page else _counted(recipe, pages)
    asked = {known for page in pages for known in (page.url, page.final_url)}
    return None if following in asked else following


def _named(recipe: ApiRecipe, pages: Sequence[Download], page: ApiPage) -> str | PageRefusal | None:
    """Follow what the document says: an address, a cursor, or whether there are more pages."""
    try:
        found = compile_expression(recipe.next_page or "").find(page.document)
    except ExpressionError as error:
        return PageRefusal(f"the expression for next_page, {recipe.next_page}: {error}")
    if found is True:
        return _counted(recipe, pages)
    if not found:  # null, false, an empty text, and 0, which no API gives to its second page
        return None
    if not isinstance(found, str | int | float) or len(str(found)) > MAX_CURSOR_CHARS:
        return PageRefusal("what next_page finds is neither an address nor a cursor")
    text = str(found).strip()
    if recipe.page_parameter is None or text.lower().startswith(("http://", "https://")):
        return _address(pages, text)
    return with_query(pages[0].url, ((recipe.page_parameter, text),))


def _counted(recipe: ApiRecipe, pages: Sequence[Download]) -> str | PageRefusal | None:
    if recipe.page_parameter is None:
        return PageRefusal("there are more pages, and no page_parameter says how to ask for them")
    number = recipe.first_page + len(pages) * recipe.page_step
    return with_query(pages[0].url, ((recipe.page_parameter, str(number)),))


def _address(pages: Sequence[Download], text: str) -> str | PageRefusal:
    """Return the address that a document gives for its next page, unless it leads away."""
    first, last = pages[0], pages[-1]
    base = last.final_url if same_place(first.url, last.final_url) else last.url
    try:
        url = without_userinfo(canonical_url(text, base))
        if same_place(first.url, url):
            return url
        return PageRefusal(f"it is said to be on {origin(url)} and not on {origin(first.url)}; nobody was asked")
    except UrlError as error:
        return PageRefusal(f"its address is none: {error}")


def _refused(first: Download, refusal: PageRefusal) -> Download:
    return Download(
        url=first.url,
        final_url=first.url,
        outcome=Outcome.REFUSED,
        started_at=first.started_at,
        seconds=0.0,
        error=f"the next page: {refusal.error}",
    )
