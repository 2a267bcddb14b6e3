from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.guard import Trust
from aggregator.fetch.request import HttpRequest
from aggregator.fetch.secret_query import MASK, ask_with_query, with_query, without_query, without_secrets
from aggregator.records import Download, Outcome

URL = "https://api.example/v2/all?q=a%2Fb&lang=en"
SECRET = "k3y/with+marks=& Ä"  # noqa: S105 - nobody's
QUERY = (("apikey", SECRET),)
REQUEST = HttpRequest(url=URL, trust=Trust.CONFIGURED, accept="*/*", timeout_s=1, max_body_bytes=1)
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def download(url: str, body: bytes = b"", **more: object) -> Download:
    return replace(Download(url, url, Outcome.OK, NOW, 0.1, body=body), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://a.example/", "https://a.example/?k=v%20%26&n=1"),
        ("https://a.example/?q=%2f+x&&y", "https://a.example/?q=%2f+x&&y&k=v%20%26&n=1"),
        ("https://a.example/?k=old&q=1&n=2&k", "https://a.example/?q=1&k=v%20%26&n=1"),
        ("https://a.example/?%6B=old", "https://a.example/?k=v%20%26&n=1"),
    ],
)
def test_parameters_are_added_at_the_end(url: str, whole: str) -> None:
    assert with_query(url, (("k", "v &"), ("n", "1"))) == whole


def test_without_parameters_a_url_stays_as_it_is() -> None:
    for url in ("https://a.example/?", "https://a.example/?a=%2f&b", "https://a.example"):
        assert with_query(url, ()) == url
        assert without_query(url, ["k"]) == url


QUERIES = st.lists(
    st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=8)), max_size=4, unique_by=lambda one: one[0]
)


@given(QUERIES, QUERIES)
def test_what_was_added_is_read_by_the_server_and_taken_out_again(
    own: list[tuple[str, str]], added: list[tuple[str, str]]
) -> None:
    bare = with_query("https://a.example/x", tuple(own))
    names = {name for name, _ in added}
    whole = with_query(bare, tuple(added))
    read = parse_qsl(urlsplit(whole).query, keep_blank_values=True)
    assert read == [pair for pair in own if pair[0] not in names] + added
    assert without_query(whole, names) == without_query(bare, names)


def test_the_secret_is_asked_with_and_does_not_come_back() -> None:
    asked: list[HttpRequest] = []

    def ask(request: HttpRequest) -> Download:
        asked.append(request)
        moved = f"https://api.example/v3?old={quote(SECRET, safe='')}&apikey={quote(SECRET, safe='')}&q=1"
        echo = {"next": f"{request.url}&page=2", "raw": SECRET, "title": "kept"}
        return download(
            request.url,
            json.dumps(echo, ensure_ascii=False).replace("/", "\\/").encode(),
            final_url=moved,
            permanent_url=moved,
            error=f"it answered 500 to {request.url} and {SECRET}",
        )

    got = ask_with_query(ask, REQUEST, QUERY)
    assert parse_qsl(urlsplit(asked[0].url).query) == [("q", "a/b"), ("lang", "en"), ("apikey", SECRET)]
    assert got.url == URL
    assert got.final_url == got.permanent_url == f"https://api.example/v3?old={MASK}&q=1"
    body = json.loads(got.body)
    assert body == {"next": f"{URL}&apikey={MASK}&page=2", "raw": MASK, "title": "kept"}
    assert got.error == f"it answered 500 to {URL}&apikey={MASK} and {MASK}"
    assert "k3y" not in repr(got) + got.body.decode()
    # The address of the next page, as the answer gives it, is asked for with the secret again.
    ask_with_query(ask, replace(REQUEST, url=body["next"]), QUERY)
    assert parse_qsl(urlsplit(asked[1].url).query)[-1] == ("apikey", SECRET)
    assert asked[1].url.count("apikey") == 1


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
        SECRET.replace("/", "\\/"),
        "k3y\\u002fwith\\u002bmarks\\u003d\\u0026\\u0020\\u00c4",
        "k3y\\u002Fwith\\u002Bmarks\\u003D\\u0026\\u0020\\u00C4",
    ],
)
def test_a_secret_is_found_however_it_is_spelt(spelt: str) -> None:
    assert without_secrets(download(URL, f'["{spelt}", 1]'.encode()), QUERY).body == b'["***", 1]'


def test_a_short_secret_spoils_no_text() -> None:
    got = without_secrets(download(f"{URL}&k=harbour", b"the harbour"), (("k", "harbour"),))
    assert (got.url, got.body) == (URL, b"the harbour")


def test_validators_are_sent_to_the_address_that_gave_them() -> None:
    asked: list[HttpRequest] = []

    def ask(request: HttpRequest) -> Download:
        asked.append(request)
        return download(request.url)

    ask_with_query(ask, replace(REQUEST, validators_url=URL), QUERY)
    assert asked[0].validators_url == asked[0].url != URL
    ask_with_query(ask, replace(REQUEST, validators_url="https://else.example/"), QUERY)
    assert asked[1].validators_url == "https://else.example/"


def test_without_secrets_the_request_goes_as_it_is() -> None:
    expected = download(URL, b"x")
    assert ask_with_query(lambda request: replace(expected, url=request.url), REQUEST, ()) == expected
