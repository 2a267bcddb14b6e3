"""Reading feeds.toml.

The file is what the user wants; the database is what was observed. Nothing that a server said is ever written here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aggregator.config_values import read_duration_s
from aggregator.errors import ConfigError
from aggregator.records import Subscription
from aggregator.topics import topic_name

KEYS = ("url", "title", "category", "tags", "interval", "full_text", "enabled", "headers", "auth")

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TEXTS = {"url", "title", "category", "auth"}
_FLAGS = {"full_text", "enabled"}


def starter_feeds() -> str:
    """Return the text of the starter feeds.toml."""
    return files("aggregator.subscriptions").joinpath("starter_feeds.toml").read_text(encoding="utf-8")


def load_subscriptions(path: Path, environment: Mapping[str, str]) -> list[Subscription]:
    """Read feeds.toml. Secrets written as `${NAME}` in `headers` and `auth` come from `environment`.

    Returns:
        All subscriptions in the order of the file, disabled ones included. Of two spellings of one URL the first
        counts.

    Raises:
        ConfigError: there is no such file, or it or one of its values cannot be used; the text names feed and key.
    """
    if not path.exists():
        raise ConfigError(
            f"there is no {path}; write one with a [[feeds]] table for each feed, or type “aggregator init”"
        )
    try:
        # With or without the byte order mark that editors on Windows write.
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    tables = document.pop("feeds", [])
    if document:
        raise ConfigError(f"{path}: unknown section “{next(iter(document))}”; feeds are written as [[feeds]] tables")
    if not isinstance(tables, list):
        raise ConfigError(f"{path}: feeds are written as [[feeds]] tables, with two brackets")
    subscriptions: dict[str, Subscription] = {}
    for number, table in enumerate(tables, start=1):
        subscription = _read_feed(table, f"{path}: feed {number}", environment)
        subscriptions.setdefault(subscription.url, subscription)
    return list(subscriptions.values())


def _read_feed(table: object, where: str, environment: Mapping[str, str]) -> Subscription:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table with at least a url")
    if "url" not in table:
        raise ConfigError(f"{where} has no url")
    where = f"{where} ({_without_credentials(str(table['url']))})"
    for key, value in table.items():
        _check_key(key, value, where)
    try:
        url, credentials = _split_credentials(feed_url(table["url"]))
        return Subscription(
            url=url,
            title=table.get("title", ""),
            category=topic_name(table["category"]) if "category" in table else None,
            tags=tuple(table.get("tags", ())),
            interval_s=read_duration_s(table["interval"]) if "interval" in table else None,
            full_text=table.get("full_text", False),
            enabled=table.get("enabled", True),
            headers=_headers(table.get("headers", {}), environment),
            auth=_auth(table["auth"], environment) if "auth" in table else credentials,
        )
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _check_key(key: str, value: Any, where: str) -> None:
    if key not in KEYS:
        near = get_close_matches(key, KEYS, n=1)
        hint = f"did you mean “{near[0]}”?" if near else f"known are: {', '.join(KEYS)}"
        raise ConfigError(f"{where}: unknown key “{key}”; {hint}")
    if key in _TEXTS and not isinstance(value, str):
        raise ConfigError(f"{where}: {key} must be text in quotes")
    if key in _FLAGS and not isinstance(value, bool):
        raise ConfigError(f"{where}: {key} must be true or false")
    if key == "tags" and not (isinstance(value, list) and all(isinstance(tag, str) for tag in value)):
        raise ConfigError(f'{where}: tags must be a list of texts, such as ["uk", "daily"]')
    if key == "headers" and not (isinstance(value, dict) and all(isinstance(one, str) for one in value.values())):
        raise ConfigError(f'{where}: headers must be a table of texts, such as {{ "X-Key" = "${{KEY}}" }}')


def feed_url(text: str) -> str:
    """Return the URL of a feed as it is kept: scheme and host in lower case, no default port, no fragment.

    These differences never name another resource (RFC 3986, section 6.2.2), so two spellings are one feed. Path and
    query stay as they are.

    Raises:
        ValueError: it is not an http or https URL with a host.
    """
    shown = _without_credentials(text)
    if _SECRET.search(text):
        raise ValueError("a url cannot hold ${NAME}, because it is stored; put secrets into auth or headers")
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"“{shown}” is not a URL: {error}") from None
    scheme = {"feed": "http"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f]", text.strip()):
        raise ValueError(f"“{shown}” is not the URL of a feed: it must start with https:// or http:// and name a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[scheme]
    user = parts.netloc.rpartition("@")[0]
    netloc = (f"{user}@" if user else "") + host + (f":{port}" if port not in (None, default) else "")
    return parts._replace(scheme=scheme, netloc=netloc, path=parts.path or "/", fragment="").geturl()


def _split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take user name and password out of a URL, which is stored and shown; they are sent as `auth` would be."""
    user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    return _without_credentials(url), (unquote(user), unquote(password)) if user or password else None


def _without_credentials(text: str) -> str:
    return re.sub(r"^([^/?#]*//)[^/?#]*@", r"\1", text)


def _headers(table: Mapping[str, str], environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    headers = tuple((name, _with_secrets(value, environment)) for name, value in table.items())
    for name, value in headers:
        # Refused here, because the refusal of the HTTP library would tell the value.
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"“{name}” cannot be the name of a header")
        if _NOT_IN_A_HEADER.search(value) or value != value.strip():
            raise ValueError(f"the value of the header {name} begins or ends with a space, or holds a line break")
    return headers


def _auth(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    user, separator, password = text.partition(":")
    if not separator:
        raise ValueError('auth must be "user:password", better "user:${PASSWORD}"')
    return _with_secrets(user, environment), _with_secrets(password, environment)


def _with_secrets(text: str, environment: Mapping[str, str]) -> str:
    def look_up(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise ValueError(f"the environment has no variable {match[1]}, which ${{{match[1]}}} asks for")
        return environment[match[1]]

    return _SECRET.sub(look_up, text)
