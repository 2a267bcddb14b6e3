from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.fetch.paging import MAX_PAGED_BYTES, PageRefusal, further_pages, next_page
from aggregator.records import ApiRecipe, Download, Outcome

HOME = "https://api.example/posts?per_page=2"
MAX_BYTES = 100_000
COUNTED = ApiRecipe("items", (("title", "t"),), page_parameter="page", max_pages=5)
NAMED = ApiRecipe("items", (("title", "t"),), next_page="next", max_pages=5)
CURSOR = replace(NAMED, page_parameter="cursor")


def page(document: object, url: str = HOME, **more: object) -> Download:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    download = Download(url, url, Outcome.OK, datetime(2024, 5, 1, tzinfo=UTC), 0.1, status=200, body=body)
    return replace(download, **more)  # type: ignore[arg-type]


def full(mark: object = 1, **more: object) -> dict[str, object]:
    return {"items": [{"t": mark}]} | more


# --- counting -------------------------------------------------------------------------------------------------------


def test_pages_are_counted_in_the_url() -> None:
    pages = [page(full(1))]
    assert next_page(COUNTED, pages) == "https://api.example/posts?per_page=2&page=2"
    pages.append(page(full(2), "https://api.example/posts?per_page=2&page=2"))
    assert next_page(COUNTED, pages) == "https://api.example/posts?per_page=2&page=3"


def test_a_page_in_the_configured_url_is_counted_on() -> None:
    assert next_page(COUNTED, [page(full(), "https://api.example/posts?page=1&a=%2f")]) == (
        "https://api.example/posts?a=%2f&page=2"
    )


def test_offsets_grow_by_their_step() -> None:
    recipe = replace(COUNTED, page_parameter="offset", first_page=0, page_step=20)
    first = page(full(1))
    second = page(full(2), "https://api.example/posts?per_page=2&offset=20")
    assert next_page(recipe, [first]) == second.url
    assert next_page(recipe, [first, second]) == "https://api.example/posts?per_page=2&offset=40"


@pytest.mark.parametrize(
    "last",
    [
        {"items": []},
        {"items": [None]},
        {"code": "no such page"},
        b"<html>busy</html>",
        b"",
        b"[" * 100_000,
        b'{"items": [1',
    ],
)
def test_a_page_without_entries_is_the_last(last: object) -> None:
    assert next_page(COUNTED, [page(full()), page(last, HOME + "&page=2")]) is None
    assert next_page(COUNTED, [page(last)]) is None


def test_max_pages_counts_the_first() -> None:
    recipe = replace(COUNTED, max_pages=2)
    assert next_page(recipe, [page(full(1))]) is not None
    assert next_page(recipe, [page(full(1)), page(full(2), HOME + "&page=2")]) is None
    assert next_page(replace(COUNTED, max_pages=1), [page(full(1))]) is None


def test_a_body_that_was_there_before_ends_it() -> None:
    assert next_page(COUNTED, [page(full(1)), page(full(1), HOME + "&page=2")]) is None
    pages = [page(full(1)), page(full(2), HOME + "&page=2"), page(full(1), HOME + "&page=3")]
    assert next_page(COUNTED, pages) is None


# --- what a document says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "url"),
    [
        ("https://api.example/posts?after=9", "https://api.example/posts?after=9"),
        ("HTTPS://API.example:443/posts?after=9#top", "https://api.example/posts?after=9"),
        ("/more", "https://api.example/more"),
        ("?after=9", "https://api.example/posts?after=9"),
        ("//api.example/more", "https://api.example/more"),
        ("https://reader:word@api.example/more", "https://api.example/more"),
        (7, "https://api.example/7"),
    ],
)
def test_an_address_is_followed(found: object, url: str) -> None:
    assert next_page(NAMED, [page(full(next=found))]) == url


@pytest.mark.parametrize("found", [None, False, "", [], {}, 0])
def test_nothing_more_ends_it(found: object) -> None:
    assert next_page(NAMED, [page(full(next=found))]) is None
    assert next_page(CURSOR, [page(full(next=found))]) is None


@pytest.mark.parametrize(
    ("found", "sent"),
    [("a/b+c==", "a%2Fb%2Bc%3D%3D"), (9, "9"), ("/not/a/path", "%2Fnot%2Fa%2Fpath"), ("ä&b", "%C3%A4%26b")],
)
def test_a_cursor_goes_into_its_parameter(found: object, sent: str) -> None:
    first = page(full(1, next=found))
    assert next_page(CURSOR, [first]) == f"{HOME}&cursor={sent}"


def test_a_cursor_takes_the_place_of_the_last() -> None:
    pages = [page(full(1, next="a")), page(full(2, next="b"), HOME + "&cursor=a")]
    assert next_page(CURSOR, pages) == HOME + "&cursor=b"


def test_an_address_is_followed_where_a_cursor_might_be() -> None:
    assert next_page(CURSOR, [page(full(next="https://api.example/p2"))]) == "https://api.example/p2"


def test_true_means_count_on() -> None:
    assert next_page(replace(CURSOR, page_parameter="p"), [page(full(next=True))]) == HOME + "&p=2"
    refused = next_page(NAMED, [page(full(next=True))])
    assert isinstance(refused, PageRefusal)
    assert "no page_parameter" in refused.error


def test_a_url_that_was_asked_before_ends_it() -> None:
    assert next_page(NAMED, [page(full(1, next=HOME))]) is None
    pages = [page(full(1)), page(full(2, next="/posts?per_page=2"), "https://api.example/b")]
    assert next_page(NAMED, pages) is None
    assert next_page(CURSOR, [page(full(1, next="a")), page(full(2, next="a"), HOME + "&cursor=a")]) is None


def test_addresses_start_from_where_the_page_was_found() -> None:
    moved = page(full(next="?p=2"), final_url="https://api.example/v3/posts")
    assert next_page(NAMED, [moved]) == "https://api.example/v3/posts?p=2"
    away = page(full(next="?p=2"), final_url="https://other.example/v3/posts")
    assert next_page(NAMED, [away]) == "https://api.example/posts?p=2"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ("https://evil.example/posts?p=2", "on https://evil.example and not on https://api.example; nobody was asked"),
        ("https://api.example.evil.example/", "on https://api.example.evil.example and not"),
        ("https://api.example@evil.example/", "on https://evil.example and not"),
        ("https://api.example:8443/posts", "on https://api.example:8443 and not"),
        ("http://api.example/posts?p=2", "on http://api.example and not on https://api.example"),
        ("http://169.254.169.254/latest/meta-data", "on http://169.254.169.254 and not"),
        ("//127.0.0.1/", "on https://127.0.0.1 and not"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("https://[oops/", "on https://%5boops and not"),
        ("https://api.example/\u0000", "its address is none"),
        (["a"], "neither an address nor a cursor"),
        ({"href": "/x"}, "neither an address nor a cursor"),
        ("x" * 5_000, "neither an address nor a cursor"),
    ],
)
def test_an_address_that_leads_away_is_refused(found: object, said: str) -> None:
    refused = next_page(NAMED, [page(full(next=found))])
    assert isinstance(refused, PageRefusal)
    assert said in refused.error


def test_the_same_with_https_is_no_other_place() -> None:
    assert (
        next_page(NAMED, [page(full(next="https://api.example/2"), "http://api.example/1")]) == "https://api.example/2"
    )


def test_an_expression_that_fails_is_told() -> None:
    refused = next_page(replace(NAMED, next_page="sum(next)"), [page(full(next="x"))])
    assert refused == PageRefusal("the expression for next_page, sum(next): sum() cannot be used on string")


def test_in_a_large_page_the_next_is_not_looked_for() -> None:
    refused = next_page(NAMED, [page(full(next="/2", padding="x" * MAX_PAGED_BYTES))])
    assert refused == PageRefusal("the page before it is larger than 4 MB")


# --- one page after another -----------------------------------------------------------------------------------------


def server(pages: Mapping[str, object], asked: list[tuple[str, int]]) -> Callable[[str, int], Download]:
    """Return what asks for the pages of a server that has `pages`, a 404 for others."""

    def ask(url: str, max_bytes: int) -> Download:
        asked.append((url, max_bytes))
        found = page(pages.get(url, b""), url)
        return found if url in pages else replace(found, outcome=Outcome.HTTP_ERROR, status=404, error="it said 404")

    return ask


def test_pages_are_got_until_one_is_empty() -> None:
    asked: list[tuple[str, int]] = []
    pages = {f"{HOME}&page={number}": full(number) for number in (2, 3)} | {f"{HOME}&page=4": {"items": []}}
    first = page(full(1))
    got = further_pages(COUNTED, first, server(pages, asked), MAX_BYTES)
    assert [one.url for one in got] == [f"{HOME}&page={number}" for number in (2, 3, 4)]
    assert [left for _, left in asked] == [MAX_BYTES - number * len(first.body) for number in (1, 2, 3)]


def test_a_page_that_fails_is_the_last() -> None:
    asked: list[tuple[str, int]] = []
    got = further_pages(COUNTED, page(full(1)), server({f"{HOME}&page=2": full(2)}, asked), MAX_BYTES)
    assert [one.outcome for one in got] == [Outcome.OK, Outcome.HTTP_ERROR]


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.OK])
def test_after_anything_but_a_page_nobody_is_asked(outcome: Outcome) -> None:
    asked: list[tuple[str, int]] = []
    assert further_pages(COUNTED, page(full(1), outcome=outcome), server({}, asked), MAX_BYTES) == ()
    assert asked == []


def test_a_refusal_is_a_download_that_nobody_was_asked_for() -> None:
    asked: list[tuple[str, int]] = []
    first = page(full(next="http://169.254.169.254/"))
    (refused,) = further_pages(NAMED, first, server({}, asked), MAX_BYTES)
    assert (refused.outcome, refused.status, refused.seconds, refused.body) == (Outcome.REFUSED, None, 0.0, b"")
    assert refused.error is not None
    assert refused.error.startswith("the next page: it is said to be on http://169.254.169.254")
    assert asked == []


def test_all_pages_together_have_a_size() -> None:
    asked: list[tuple[str, int]] = []
    first = page(full(1))
    (refused,) = further_pages(COUNTED, first, server({}, asked), len(first.body))
    assert (refused.outcome, asked) == (Outcome.REFUSED, [])
    assert refused.error == "the next page: the pages before it are as large as one feed may be"


def test_an_endless_api_is_asked_for_max_pages() -> None:
    asked: list[tuple[str, int]] = []

    def ask(url: str, max_bytes: int) -> Download:
        asked.append((url, max_bytes))
        return page(full(len(asked), next=f"/p{len(asked)}"), url)

    assert len(further_pages(replace(NAMED, max_pages=100), page(full(0, next="/p0")), ask, MAX_BYTES)) == 99
    assert len(set(asked)) == 99
