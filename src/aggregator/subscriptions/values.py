"""The values of a table of feeds.toml: which keys there are, what each may hold, and what it means. Pure.

A `[[feeds]]` and an `[[apis]]` table have these in common; what only an API has is read in `apis`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote, urlsplit

from aggregator.config_values import read_duration_s
from aggregator.errors import ConfigError
from aggregator.records import Subscription
from aggregator.topics import TOPICS, topic_name

FEED_KEYS: Mapping[str, str] = {
    "url": "text",
    "title": "text",
    "category": "text",
    "tags": "texts",
    "interval": "duration",
    "full_text": "flag",
    "keep_images": "duration",
    "enabled": "flag",
    "headers": "table",
    "auth": "text",
}
"""Key → what it holds: one of `EXPECTED`."""

EXPECTED: Mapping[str, str] = {
    "text": "text in quotes",
    "flag": "true or false",
    "count": "a whole number",
    "texts": 'a list of texts, such as ["uk", "daily"]',
    "table": 'a table of texts, such as { "X-Key" = "${KEY}" }',
    "duration": 'a duration such as "30m" or "2h"',
}
"""Kind of a value → what a person is told to write. Durations are checked where they are read."""

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BROKEN_SECRET = re.compile(r"\$\{(?![A-Za-z_][A-Za-z0-9_]*\})")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def check_key(key: str, value: Any, where: str, keys: Mapping[str, str] = FEED_KEYS) -> None:
    """Check that `key` is one of `keys` (key → kind, as `FEED_KEYS`), and that its value is of that kind.

    Raises:
        ConfigError: it is not; the text starts with `where` and says what is expected.
    """
    if key not in keys:
        near = get_close_matches(key, keys, n=1)
        hint = f"did you mean “{near[0]}”?" if near else f"known are: {', '.join(keys)}"
        raise ConfigError(f"{where}: unknown key “{key}”; {hint}")
    if not _is_of_kind(keys[key], value):
        raise ConfigError(f"{where}: {key} must be {EXPECTED[keys[key]]}")


def _is_of_kind(kind: str, value: object) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "count":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == "table":
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return True


def read_subscription(
    table: Mapping[str, Any], environment: Mapping[str, str], topics: Collection[str] = TOPICS
) -> Subscription:
    """Read what every table has in common. Its keys have been checked; secrets come from `environment`.

    Its category is one of `topics`.

    Raises:
        ValueError: a value cannot be used; the text says why and shows no secret.
    """
    url, credentials = split_credentials(feed_url(table["url"]))
    return Subscription(
        url=url,
        title=table.get("title", ""),
        category=category(table["category"], topics) if "category" in table else None,
        tags=tuple(table.get("tags", ())),
        interval_s=read_duration_s(table["interval"]) if "interval" in table else None,
        full_text=table.get("full_text"),
        keep_images_s=read_duration_s(table["keep_images"]) if "keep_images" in table else None,
        enabled=table.get("enabled", True),
        headers=headers(table.get("headers", {}), environment),
        auth=auth(table["auth"], environment) if "auth" in table else credentials,
    )


def category(text: str, topics: Collection[str]) -> str:
    """Return the one of `topics` that `text` names, in any case, or by its code.

    Raises:
        ValueError: it names none; the text offers the nearest, and says where the topics are chosen.
    """
    try:
        return topic_name(text, topics)
    except ValueError as error:
        if tuple(topics) == tuple(TOPICS):
            raise
        # What was right before the user chose other topics is wrong now.
        raise ValueError(f"{error} ([topics] names of the settings says which there are)") from None


def feed_url(text: str) -> str:
    """Return the URL of a feed as it is kept: scheme and host in lower case, no default port, no fragment.

    These differences never name another resource (RFC 3986, section 6.2.2), so two spellings are one feed. Path and
    query stay as they are.

    Raises:
        ValueError: it is not an http or https URL with a host.
    """
    if _SECRET.search(text):
        raise ValueError("a url cannot hold ${NAME}, because it is stored; put secrets into auth or headers")
    try:
        # As some write it: feed:https://example.org/feed
        parts = urlsplit(re.sub(r"(?i)^feed:(?=https?:)", "", text.strip()))
        port = parts.port
    except ValueError:  # what the library says may quote a password
        raise ValueError(
            f"“{_without_what_may_be_secret(text)}” is not a URL: its host or its port cannot be one"
        ) from None
    scheme = {"feed": "http"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f]", text.strip()):
        shown = _without_what_may_be_secret(text)
        raise ValueError(f"“{shown}” is not the URL of a feed: it must start with https:// or http:// and name a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[scheme]
    user = parts.netloc.rpartition("@")[0]
    netloc = (f"{user}@" if user else "") + host + (f":{port}" if port not in (None, default) else "")
    return parts._replace(scheme=scheme, netloc=netloc, path=parts.path or "/", fragment="").geturl()


def typed_url(text: str) -> str:
    """Return what `feed_url` makes of an address as people type it: `example.org` stands for `https://example.org/`.

    Raises:
        ValueError: it is not an http or https URL with a host.
    """
    text = text.strip()
    has_scheme = "://" in text.partition("?")[0] or text.lower().startswith("feed:")
    return feed_url(text if has_scheme else f"https://{text}")


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Take user name and password out of a URL, which is stored and shown; they are sent as `auth` would be.

    Raises:
        ValueError: one holds `${NAME}`. A URL may be a stranger's, and would have the environment sent to it.
    """
    if "@" not in url:  # most have none, and ten thousand are read at every start
        return url, None
    found = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    user, password = unquote(found[0]), unquote(found[2])
    if secrets_in(user) or secrets_in(password):
        raise ValueError("the user name and password of a url cannot hold ${NAME}; put secrets into auth or headers")
    if ":" in user:  # auth, in which they are kept, would part them there (RFC 7617, section 2)
        raise ValueError("the user name of a url cannot hold a colon")
    return without_credentials(url), (user, password) if user or password else None


def without_credentials(text: str) -> str:
    """Return what stands for a URL without user name and password, as it may be shown, however it is spelt."""
    if "@" not in text:
        return text
    try:
        feed_url(text)
    except ValueError:
        return _without_what_may_be_secret(text)
    return re.sub(r"^([^/?#]*//)[^/?#]*@", r"\1", text)


def _without_what_may_be_secret(text: str) -> str:
    """Return what is no URL without all that stands before its last @: nobody knows where its password ends."""
    return f"…{text.rpartition('@')[2]}" if "@" in text else text


def headers(table: Mapping[str, str], environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return headers, name and value, with their secrets put in.

    Raises:
        ValueError: one cannot be sent, or a secret is missing; the text does not tell the value.
    """
    found = tuple((name, with_secrets(value, environment)) for name, value in table.items())
    for name, value in found:
        # Refused here, because the refusal of the HTTP library would tell the value.
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"“{name}” cannot be the name of a header")
        if _NOT_IN_A_HEADER.search(value) or value != value.strip():
            raise ValueError(f"the value of the header {name} begins or ends with a space, or holds a line break")
    return found


def auth(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return user name and password of `user:password`, with their secrets put in.

    Raises:
        ValueError: there is no colon, or a secret is missing.
    """
    user, separator, password = text.partition(":")
    if not separator:
        raise ValueError('auth must be "user:password", better "user:${PASSWORD}"')
    return with_secrets(user, environment), with_secrets(password, environment)


def with_secrets(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with each `${NAME}` replaced by the environment variable of that name.

    Raises:
        ValueError: there is no such variable, or a `${` begins no name of one; the text does not tell what follows it.
    """
    if _BROKEN_SECRET.search(text):
        raise ValueError("a “${” begins no ${NAME}; NAME has letters, digits and _ only, and a } after it")

    def look_up(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise ValueError(f"the environment has no variable {match[1]}, which ${{{match[1]}}} asks for")
        return environment[match[1]]

    return _SECRET.sub(look_up, text)


def secrets_in(text: str) -> list[str]:
    """Return the names that `text` asks the environment for."""
    return _SECRET.findall(text)
