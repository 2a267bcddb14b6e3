"""Replacing feeds.toml by an edited one: whole or not at all, and never over somebody else's change."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aggregator.errors import ConfigError, StorageError, UsageError

if sys.platform != "win32":
    import fcntl

_MARK = "\ufeff"
"""The byte order mark that editors on Windows write."""

_NEW_FILE_MODE = 0o666
"""Before the umask, as every program's new file."""

_PRIVATE_FILE_MODE = 0o600


def edit_file(path: Path, edit: Callable[[str], str], is_private: Callable[[str], bool] = lambda _: False) -> None:
    """Replace the text of `path` by `edit(text)`; a missing file has the text "", and is made with its folder.

    The new text stands on the disk before it takes the old one's place, in one step. Mode and byte order mark are kept,
    a symbolic link goes on leading to the file. A new file has the mode that the umask gives it, and is its owner's
    alone where `is_private(text)`. Edits of this program wait for each other.

    Raises:
        ConfigError: the file is not text in UTF-8; or whatever `edit` raises.
        UsageError: another program changed the file in the meantime.
        StorageError: it cannot be read or written.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(target.parent):
            before = _content(target)
            text, mark = _decoded(before or b"", path)
            edited = edit(text)
            after = (mark + edited).encode()
            if after != (before or b""):
                mode = _new_mode(private=is_private(edited)) if before is None else stat.S_IMODE(target.stat().st_mode)
                _replace(target, before, after, mode)
    except OSError as error:
        raise StorageError(f"{path} cannot be edited: {error.strerror}") from error


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _decoded(content: bytes, path: Path) -> tuple[str, str]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return (text[1:], _MARK) if text.startswith(_MARK) else (text, "")


def _new_mode(*, private: bool) -> int:
    umask = os.umask(0o077)  # it can only be read by being set
    os.umask(umask)
    return (_PRIVATE_FILE_MODE if private else _NEW_FILE_MODE) & ~umask


def _replace(target: Path, before: bytes | None, after: bytes, mode: int) -> None:
    file, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    temporary = Path(name)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        if _content(target) != before:
            raise UsageError(f"{target} was changed by another program meanwhile, and was left so; try once more")
        temporary.replace(target)
        _make_durable(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder itself: it leaves no file behind and dies with its process."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no locks; the comparison remains
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make_durable(folder: Path) -> None:
    """Write the new name down. A file system that cannot do that for folders does it by itself."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
