"""An `[[apis]]` table of feeds.toml: a JSON endpoint, how to page it, and where an entry's fields are. Pure.

What it has in common with a feed is read by `values`. Expressions are compiled here, so that a misspelt one is found
when the file is read and not by a worker at night.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from aggregator.config_values import read_value
from aggregator.errors import ConfigError
from aggregator.expressions import ExpressionError, compile_expression
from aggregator.records import ApiRecipe, Subscription
from aggregator.subscriptions.values import (
    FEED_KEYS,
    check_key,
    read_subscription,
    secrets_in,
    with_secrets,
    without_credentials,
)
from aggregator.topics import TOPICS

API_KEYS: Mapping[str, str] = {
    **FEED_KEYS,
    "query": "table",
    "entries": "text",
    "fields": "table",
    "next_page": "text",
    "page_parameter": "text",
    "first_page": "count",
    "page_step": "count",
    "max_pages": "count",
}
"""Key → what it holds, as `values.FEED_KEYS`."""

FIELDS = (
    "guid",
    "url",
    "title",
    "summary",
    "content",
    "author",
    "published",
    "language",
    "image",
    "categories",
)
"""The fields of an entry that an expression may find."""

MAX_PAGES = 100
_LARGEST_STEP = 10_000


def read_api(
    table: object, where: str, environment: Mapping[str, str], topics: Collection[str] = TOPICS
) -> Subscription:
    """Read one `[[apis]]` table. Secrets written as `${NAME}` in `headers`, `auth` and `query` come from `environment`.

    Its category is one of `topics`.

    Raises:
        ConfigError: a key or a value cannot be used; the text starts with `where`, names the URL and the key, and shows
            no secret.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table with at least url, entries and fields")
    if "url" not in table:
        raise ConfigError(f"{where} has no url")
    where = f"{where} ({without_credentials(str(table['url']))})"
    for key, value in table.items():
        check_key(key, value, where, API_KEYS)
    for name in table.get("fields", {}):
        check_key(name, "", f"{where}, fields", dict.fromkeys(FIELDS, "text"))
    try:
        subscription = read_subscription(table, environment, topics)
        return replace(subscription, query=_query(table.get("query", {}), environment), api=_recipe(table))
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _query(table: Mapping[str, str], environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = []
    for name, value in table.items():
        # Others would be taken out of every answer, as if they were secret.
        if [f"${{{secret}}}" for secret in secrets_in(value)] != [value]:
            raise ValueError(f'query is for secrets: {name} must be "${{NAME}}"; other parameters belong into the url')
        secret = with_secrets(value, environment)
        if not name or not secret:
            raise ValueError(f"the parameter “{name}” of query is empty")
        found.append((name, secret))
    return tuple(found)


def _recipe(table: Mapping[str, Any]) -> ApiRecipe:
    for key in ("entries", "fields"):
        if key not in table:
            raise ValueError(f"{key} is missing: it says with JMESPath where they are in the document")
    fields = table["fields"]
    if not fields.keys() & {"title", "url"}:
        raise ValueError("fields must have a title or a url")
    expressions = {"entries": table["entries"], **{f"fields.{name}": text for name, text in fields.items()}}
    if "next_page" in table:
        expressions["next_page"] = table["next_page"]
    for key, text in expressions.items():
        _check_expression(key, text)
    return replace(_paging(table), entries=table["entries"], fields=tuple(fields.items()))


def _check_expression(key: str, text: str) -> None:
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise ValueError(f"{key} is no JMESPath expression: {error}, in: {text[:200]}") from None


def _paging(table: Mapping[str, Any]) -> ApiRecipe:
    """Return a recipe of which only the paging counts."""
    ways = [key for key in ("next_page", "page_parameter") if key in table]
    if "page_parameter" in table and not table["page_parameter"]:
        raise ValueError("page_parameter is empty")
    if ways and "max_pages" not in table:
        raise ValueError(f"{ways[0]} needs max_pages: how many pages to ask for at most, from 2 to {MAX_PAGES}")
    if "max_pages" in table and not ways:
        raise ValueError("max_pages needs next_page or page_parameter, which say how to ask for a page")
    for key in ("first_page", "page_step"):
        if key in table and "page_parameter" not in table:
            raise ValueError(f"{key} needs page_parameter, the parameter that counts the pages")
    return ApiRecipe(
        entries="",
        fields=(),
        next_page=table.get("next_page"),
        page_parameter=table.get("page_parameter"),
        first_page=_count(table, "first_page", 0),
        page_step=_count(table, "page_step", 1, _LARGEST_STEP),
        max_pages=_count(table, "max_pages", 1, MAX_PAGES),
    )


def _count(table: Mapping[str, Any], key: str, low: int, high: int = 2**31) -> int:
    if key not in table:
        return 1
    try:
        return int(read_value("count", table[key], low=low, high=high))
    except ValueError as error:
        raise ValueError(f"{key} {error}") from None
