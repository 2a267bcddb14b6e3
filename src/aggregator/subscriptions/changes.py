"""The changes that commands make to feeds.toml: feeds added, feeds taken out."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from aggregator.errors import StorageError
from aggregator.records import Subscription
from aggregator.subscriptions.document import NewFeed, Removed, with_feeds, without_feeds
from aggregator.subscriptions.editing import edit_file
from aggregator.subscriptions.feeds_file import load_subscriptions, read_subscriptions
from aggregator.subscriptions.values import secrets_in


def present_subscriptions(path: Path, topics: Collection[str]) -> list[Subscription]:
    """Return what feeds.toml holds, nothing where there is none. Secrets are not looked up, so none can be missing.

    A category is one of `topics`.

    Raises:
        ConfigError: it cannot be used as it is.
    """
    return load_subscriptions(path, None, topics) if path.exists() else []


def add_feeds(path: Path, feeds: Sequence[NewFeed], topics: Collection[str]) -> list[NewFeed]:
    """Add `feeds` to feeds.toml, which is made if there is none; return those that were not there yet.

    A new file that holds a password is its owner's alone to read. A category is one of `topics`.

    Raises:
        ConfigError: the file cannot be used as it is, or be edited, or could not be read with `feeds` in it.
        UsageError: another program changed it in the meantime.
        StorageError: it cannot be read or written.
    """
    added: list[NewFeed] = []

    def read(text: str) -> list[Subscription]:
        return read_subscriptions(text, str(path), None, topics)

    def edit(text: str) -> str:
        seen = {one.url for one in read(text)}
        for feed in feeds:
            if feed.url not in seen:
                seen.add(feed.url)
                added.append(feed)
        after = with_feeds(text, str(path), added)
        read(after)
        return after

    edit_file(path, edit, lambda text: any(_holds_a_secret(one) for one in read(text)))
    return added


def _holds_a_secret(one: Subscription) -> bool:
    """Tell whether a password or a header stands in feeds.toml itself, in place of a `${NAME}`."""
    values = [value for _, value in one.headers]
    if one.auth is not None:
        user, password = one.auth
        values.append(password or user)  # where there is no password, the name is the key
    return any(value and not secrets_in(value) for value in values)


def remove_feeds(path: Path, urls: Collection[str], topics: Collection[str]) -> list[Removed]:
    """Take the feeds and APIs at `urls` (as `feed_url` returns them) out of feeds.toml; return what was cut out.

    A category is one of `topics`.

    Raises:
        ConfigError: the file cannot be used as it is, or be edited.
        UsageError: another program changed it in the meantime.
        StorageError: it cannot be read or written.
    """
    removed: list[Removed] = []

    def edit(text: str) -> str:
        read_subscriptions(text, str(path), None, topics)
        after, cut_out = without_feeds(text, str(path), urls)
        removed.extend(cut_out)
        return after

    edit_file(path, edit)
    return removed


def require_editable(path: Path) -> None:
    """Find out before anything else is done that feeds.toml could not be written.

    Raises:
        StorageError: it could not.
    """
    target = path.resolve()
    folder = next(folder for folder in target.parents if folder.exists())
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{path} cannot be edited: the folder {folder} cannot be written to")
