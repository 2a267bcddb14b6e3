"""What is typed after `aggregator feeds …`, checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aggregator.config_values import read_duration_s
from aggregator.errors import UsageError


def address(text: str) -> tuple[str, str | None]:
    """Return the URL of a feed as it is kept, and the `user:password` that stood in it.

    Raises:
        UsageError: it is not the URL of a feed.
    """
    from aggregator.subscriptions.values import split_credentials, typed_url  # noqa: PLC0415

    try:
        url, credentials = split_credentials(typed_url(text))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return url, ":".join(credentials) if credentials else None


def addresses(texts: Sequence[str]) -> list[str]:
    """Return URLs as they are kept, each once.

    Raises:
        UsageError: one is not the URL of a feed.
    """
    return list(dict.fromkeys(address(text)[0] for text in texts))


def topic(text: str | None, topics: Collection[str]) -> str | None:
    """Return the one of `topics` that `--category` names.

    Raises:
        UsageError: there is no such topic.
    """
    from aggregator.subscriptions.values import category  # noqa: PLC0415

    try:
        return None if text is None else category(text, topics)
    except ValueError as error:
        raise UsageError(f"--category: {error}") from error


def interval(text: str | None) -> str | None:
    """Return what `--interval` says, as it can stand in feeds.toml.

    Raises:
        UsageError: it is no duration.
    """
    try:
        if text is not None:
            read_duration_s(text)
    except ValueError as error:
        raise UsageError(f"--interval: {error}") from error
    return text
