"""Reading feeds.toml.

The file is what the user wants; the database is what was observed. Nothing that a server said is ever written here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from aggregator.errors import ConfigError
from aggregator.records import Subscription
from aggregator.subscriptions.apis import read_api
from aggregator.subscriptions.values import (
    FEED_KEYS,
    check_key,
    feed_url,
    read_subscription,
    secrets_in,
    without_credentials,
)
from aggregator.topics import TOPICS

__all__ = ["KEYS", "feed_url", "load_subscriptions", "missing_secrets", "read_subscriptions", "starter_feeds"]

KEYS = tuple(FEED_KEYS)


def starter_feeds() -> str:
    """Return the text of the starter feeds.toml."""
    return files("aggregator.subscriptions").joinpath("starter_feeds.toml").read_text(encoding="utf-8")


def load_subscriptions(
    path: Path, environment: Mapping[str, str] | None, topics: Collection[str] = TOPICS
) -> list[Subscription]:
    """Read feeds.toml. Secrets written as `${NAME}` in `headers`, `auth` and `query` come from `environment`.

    Without an `environment`, secrets are not looked up: each stands as its own `${NAME}`, for those who only list or
    edit. A category is one of `topics`.

    Returns:
        All subscriptions in the order of the file, feeds before APIs, disabled ones included. Of two spellings of one
        URL the first counts.

    Raises:
        ConfigError: there is no such file, or it or one of its values cannot be used; the text names feed and key.
    """
    return read_subscriptions(_text_of(path), str(path), environment, topics)


def _text_of(path: Path) -> str:
    if not path.exists():
        raise ConfigError(
            f"there is no {path}; write one with a [[feeds]] table for each feed, or type “aggregator init”"
        )
    try:
        # With or without the byte order mark that editors on Windows write.
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def read_subscriptions(
    text: str, where: str, environment: Mapping[str, str] | None, topics: Collection[str] = TOPICS
) -> list[Subscription]:
    """Read the text of a feeds.toml, which stands in `where`, as `load_subscriptions` does.

    Raises:
        ConfigError: it or one of its values cannot be used.
    """
    subscriptions: dict[str, Subscription] = {}
    for one, _ in _subscribed_tables(text, where, environment, topics):
        subscriptions.setdefault(one.url, one)
    return list(subscriptions.values())


def _subscribed_tables(
    text: str, where: str, environment: Mapping[str, str] | None, topics: Collection[str]
) -> Iterator[tuple[Subscription, object]]:
    """Yield each subscription with the table that it was read from."""
    document = _document(text, where)
    known = _each_its_own_name(document, where) if environment is None else environment
    for kind, number, table in _tables(document, where):
        place = f"{where}: {kind} {number}"
        read = _read_feed if kind == "feed" else read_api
        yield read(table, place, known, topics), table


def _each_its_own_name(document: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return an environment in which each secret that a document asks for is there, and is its own name."""
    return {name: f"${{{name}}}" for _, _, table in _tables(document, where) for name in _secrets_of(table)}


def missing_secrets(
    path: Path, environment: Mapping[str, str], topics: Collection[str] = TOPICS
) -> dict[str, tuple[str, ...]]:
    """Return URL → names of variables that its table of feeds.toml asks for, and that `environment` does not have.

    Raises:
        ConfigError: there is no such file, or it cannot be used.
    """
    missing: dict[str, tuple[str, ...]] = {}
    for one, table in _subscribed_tables(_text_of(path), str(path), None, topics):
        names = [name for name in _secrets_of(table) if name not in environment]
        if names:
            missing[one.url] = tuple(dict.fromkeys((*missing.get(one.url, ()), *names)))
    return missing


def _document(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from error


_SECTIONS = {"feeds": "feed", "apis": "api"}


def _tables(document: Mapping[str, Any], where: str) -> Iterator[tuple[str, int, object]]:
    """Yield each table: what it describes (feed or api), its number among those, from 1, and the table."""
    for section in document:
        if section not in _SECTIONS:
            known = "feeds are written as [[feeds]] tables, JSON endpoints as [[apis]]"
            raise ConfigError(f"{where}: unknown section “{section}”; {known}")
    for section, kind in _SECTIONS.items():
        tables = document.get(section, [])
        if not isinstance(tables, list):
            raise ConfigError(f"{where}: {section} are written as [[{section}]] tables, with two brackets")
        yield from ((kind, number, table) for number, table in enumerate(tables, start=1))


def _secrets_of(table: object) -> list[str]:
    """Return the variables that a table names where secrets are looked up."""
    if not isinstance(table, dict):
        return []
    places = [table.get(key) for key in ("headers", "query")]
    texts = [table.get("auth"), *(text for place in places if isinstance(place, dict) for text in place.values())]
    return [name for text in texts if isinstance(text, str) for name in secrets_in(text)]


def _read_feed(table: object, where: str, environment: Mapping[str, str], topics: Collection[str]) -> Subscription:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table with at least a url")
    if "url" not in table:
        raise ConfigError(f"{where} has no url")
    where = f"{where} ({without_credentials(str(table['url']))})"
    for key, value in table.items():
        check_key(key, value, where)
    try:
        return read_subscription(table, environment, topics)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
