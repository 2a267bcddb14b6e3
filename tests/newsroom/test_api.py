"""The newsroom's API: every published article once, on one page after another."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.newsroom.api import API_PATH, PER_PAGE, apis_toml, resource_path
from aggregator.newsroom.material import Material
from aggregator.newsroom.site import Site
from aggregator.subscriptions.apis import read_api

from .conftest import BASE_URL, OPENED_AT, TWO_DAYS_LATER, Running


def document(site: Site, target: str, now: datetime = TWO_DAYS_LATER) -> Any:
    found = site.resource(resource_path(target), now)
    assert found is not None
    assert found.content_type == "application/json; charset=utf-8"
    return json.loads(found.body)


def test_the_pages_hold_every_published_article_once(site: Site) -> None:
    links, target = [], API_PATH
    while target:
        page = document(site, target)
        assert page["status"] == "ok"
        links += [article["link"] for article in page["articles"]]
        target = (page["next"] or "").removeprefix(BASE_URL)
        assert not target or len(page["articles"]) == PER_PAGE
    total = document(site, API_PATH)["total"]
    assert len(links) == len(set(links)) == total > 3 * PER_PAGE
    for link in links[:3]:
        assert site.resource(link.removeprefix(BASE_URL), TWO_DAYS_LATER) is not None


def test_an_article_is_told_in_names_of_its_own(small_material: Material) -> None:
    site = Site(BASE_URL, OPENED_AT, material=small_material)
    newest, oldest = document(site, API_PATH)["articles"]
    assert newest["link"].startswith(f"{BASE_URL}/el-sol/")
    assert oldest["headline"] == {"text": "Fenmouth's “long” bridge opens: 3 < 4 lanes & no toll"}
    assert "&lt;angle&gt;" in oldest["html"]
    assert (oldest["by"], oldest["topics"]) == (["Mary O'Dell"], ["Society"])
    at = datetime.fromtimestamp(oldest["published_ms"] / 1000, UTC)
    assert (at - OPENED_AT).total_seconds() == 70 * 60
    assert document(site, API_PATH)["next"] is None


def test_before_the_first_article_the_list_is_empty(site: Site) -> None:
    assert document(site, API_PATH, OPENED_AT.replace(year=2025)) == {
        "status": "ok",
        "total": 0,
        "next": None,
        "articles": [],
    }


def test_after_the_last_page_there_is_nothing(site: Site) -> None:
    assert site.resource(resource_path(f"{API_PATH}?page=999"), TWO_DAYS_LATER) is None


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (API_PATH, f"{API_PATH}?page=1"),
        (f"{API_PATH}?page=2", f"{API_PATH}?page=2"),
        (f"{API_PATH}?a=1&page=3&b", f"{API_PATH}?page=3"),
        (f"{API_PATH}?page=0", f"{API_PATH}?page=1"),
        (f"{API_PATH}?page=x", f"{API_PATH}?page=1"),
        (f"{API_PATH}?webpage=7", f"{API_PATH}?page=1"),
        ("/robots.txt?page=2", "/robots.txt"),
    ],
)
def test_a_query_names_a_page_of_the_api_and_nothing_else(target: str, path: str) -> None:
    assert resource_path(target) == path


def test_the_api_is_served_with_validators_of_each_page(running: Running) -> None:
    first, second = running.visitor.ask(API_PATH), running.visitor.ask(f"{API_PATH}?page=2")
    assert (first.status, second.status) == (200, 200)
    assert first.headers["etag"] != second.headers["etag"]
    again = running.visitor.ask(f"{API_PATH}?page=2", If_None_Match=second.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert running.visitor.ask(f"{API_PATH}?page=999").status == 404


def test_its_table_for_feeds_toml_can_be_read() -> None:
    (table,) = tomllib.loads(apis_toml(BASE_URL + "/"))["apis"]
    subscription = read_api(table, "x", {})
    assert subscription.url == BASE_URL + API_PATH
    assert subscription.api is not None
    assert subscription.api.max_pages == 3
