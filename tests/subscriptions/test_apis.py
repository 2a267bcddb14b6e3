from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from aggregator.errors import ConfigError
from aggregator.records import ApiRecipe, Subscription
from aggregator.subscriptions.apis import API_KEYS, FIELDS, MAX_PAGES, read_api

URL = "https://api.example/posts"
SECRET = "s3cret-0f-the-desk"  # noqa: S105 - nobody's
MINIMAL = {"url": URL, "entries": "items", "fields": {"title": "title"}}
PAGE = (Path(__file__).parents[2] / "docs" / "apis.md").read_text(encoding="utf-8")


def refusal(table: object) -> str:
    with pytest.raises(ConfigError) as caught:
        read_api(table, "feeds.toml: api 1", {"KEY": SECRET})
    assert str(caught.value).startswith("feeds.toml: api 1")
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_url_entries_and_a_field_are_enough() -> None:
    assert read_api(MINIMAL, "x", {}) == Subscription(URL, api=ApiRecipe("items", (("title", "title"),)))


def test_every_key_is_read() -> None:
    table = tomllib.loads("""
        url = "https://user:pw@api.example/posts?a=1"
        title = "Posts"
        category = "sport"
        tags = ["a"]
        interval = "2h"
        full_text = true
        keep_images = "30d"
        enabled = false
        headers = { "X-Key" = "${KEY}" }
        query = { apikey = "${KEY}" }
        entries = "items"
        next_page = "next"
        page_parameter = "offset"
        first_page = 0
        page_step = 20
        max_pages = 100
        [fields]
        title = "title"
        published = "date"
    """)
    assert set(table) | {"auth"} == set(API_KEYS)
    assert read_api(table, "x", {"KEY": SECRET}) == Subscription(
        url="https://api.example/posts?a=1",
        title="Posts",
        category="sport",
        tags=("a",),
        interval_s=7200,
        full_text=True,
        keep_images_s=30 * 86400,
        enabled=False,
        headers=(("X-Key", SECRET),),
        auth=("user", "pw"),
        query=(("apikey", SECRET),),
        api=ApiRecipe(
            entries="items",
            fields=(("title", "title"), ("published", "date")),
            next_page="next",
            page_parameter="offset",
            first_page=0,
            page_step=20,
            max_pages=100,
        ),
    )


def test_secrets_are_not_shown_by_repr() -> None:
    assert SECRET not in repr(read_api(MINIMAL | {"query": {"k": "${KEY}"}}, "x", {"KEY": SECRET}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"entires": "x"}, "unknown key “entires”; did you mean “entries”?"),
        ({"entries": 3}, "entries must be text in quotes"),
        ({"fields": {"titel": "a"}}, "fields: unknown key “titel”; did you mean “title”?"),
        ({"fields": {"title": 1}}, "fields must be a table of texts"),
        ({"fields": {"author": "a"}}, "fields must have a title or a url"),
        ({"fields": {}}, "fields must have a title or a url"),
        ({"url": "ftp://x.example/"}, "is not the URL of a feed"),
        ({"entries": "items["}, "entries is no JMESPath expression: it ends too early, in: items["),
        ({"fields": {"title": "a b"}}, "fields.title is no JMESPath expression: unexpected “b” at column 3"),
        ({"fields": {"title": "lenght(a)"}}, "there is no function “lenght”; did you mean “length”?"),
        ({"fields": {"title": "join(a)"}}, "join() takes 2 arguments, not 1"),
        ({"fields": {"title": "a.{t: nix(b)}"}}, "there is no function “nix”"),
        ({"fields": {"title": "merge()"}}, "merge() takes at least 1 arguments, not 0"),
        ({"fields": {"title": "('a'"}}, "it ends too early"),
        ({"fields": {"title": "'a"}}, "Unclosed ' delimiter at column 1"),
        ({"fields": {"title": ""}}, "fields.title is no JMESPath expression: it is empty"),
        ({"entries": "(" * 900 + "a" + ")" * 900}, "it is nested too deep"),
        ({"entries": "a" * 2001}, "it is longer than 2000 characters"),
        ({"next_page": "next.", "max_pages": 2}, "next_page is no JMESPath expression"),
        ({"next_page": "next"}, "next_page needs max_pages"),
        ({"page_parameter": "page"}, "page_parameter needs max_pages"),
        ({"page_parameter": "", "max_pages": 2}, "page_parameter is empty"),
        ({"max_pages": 2}, "max_pages needs next_page or page_parameter"),
        ({"next_page": "next", "max_pages": 0}, "max_pages must be at least 1"),
        ({"next_page": "next", "max_pages": MAX_PAGES + 1}, "max_pages must be at most 100"),
        ({"next_page": "next", "max_pages": True}, "max_pages must be a whole number"),
        ({"first_page": 1}, "first_page needs page_parameter"),
        ({"page_parameter": "p", "max_pages": 2, "first_page": -1}, "first_page must be at least 0"),
        ({"page_parameter": "p", "max_pages": 2, "page_step": 0}, "page_step must be at least 1"),
        ({"query": {"k": SECRET}}, 'k must be "${NAME}"'),
        ({"query": {"k": "Bearer ${KEY}"}}, 'k must be "${NAME}"'),
        ({"query": {"k": "${KEY}${KEY}"}}, 'k must be "${NAME}"'),
        ({"query": {"k": "${NONE}"}}, "the environment has no variable NONE"),
        ({"query": {"": "${KEY}"}}, "the parameter “” of query is empty"),
        ({"query": "k"}, "query must be a table of texts"),
        ({"url": "https://x.example/?k=${KEY}"}, "a url cannot hold ${NAME}"),
    ],
)
def test_what_cannot_be_used_is_named(change: dict[str, object], said: str) -> None:
    message = refusal(MINIMAL | change)
    assert said in message
    assert "example/" in message


@pytest.mark.parametrize("missing", ["url", "entries", "fields"])
def test_what_is_required(missing: str) -> None:
    assert missing in refusal({key: value for key, value in MINIMAL.items() if key != missing})


def test_a_table_is_expected() -> None:
    assert "must be a table" in refusal("https://api.example/")


def test_the_page_names_every_key_and_every_field() -> None:
    own = [key for key in API_KEYS if f"| `{key}` |" in PAGE]
    common = re.search(r"\n(`title`, .*?) are those of a\n`\[\[feeds\]\]` table", PAGE, re.S)
    assert common is not None
    assert {*own, *re.findall(r"`(\w+)`", common[1])} == set(API_KEYS)
    listed = re.search(r"## Fields\n\n(.*?)\.\n", PAGE, re.S)
    assert listed is not None
    assert tuple(re.findall(r"`(\w+)`", listed[1])) == FIELDS


def test_the_examples_of_the_page_load() -> None:
    tables = [table for block in re.findall(r"```toml\n(.*?)```", PAGE, re.S) for table in tomllib.loads(block)["apis"]]
    assert len(tables) == 3
    for table in tables:
        assert read_api(table, "x", {"NEWS_SERVICE_KEY": SECRET}).api is not None
