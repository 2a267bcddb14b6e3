"""Files named by the hash of their content, in a fan-out of folders, written atomically."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from pathlib import Path

from aggregator.errors import StorageError
from aggregator.records import Blob

UNFINISHED = ".new-"
"""How the name of a file starts that is still being written."""


class BlobFolder:
    """A folder of files that never change: the name says what is inside. Any thread may write."""

    def __init__(self, root: Path) -> None:
        """Keep the files below `root`, which is made when the first one comes."""
        self._root = root

    def save(self, content: bytes, extension: str) -> Blob:
        """Store `content` under its SHA-256 and return where. The same content is stored once.

        The file is complete or absent whatever happens, a power cut included: it is written beside its place, flushed
        to the disk, moved, and the folder flushed. What a crash leaves behind is found by `image_care`.

        Raises:
            StorageError: the folder cannot be written to, or the disk is full.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        relative = Path(sha256[:2]) / sha256[2:4] / f"{sha256}.{extension}"
        path = self._root / relative
        try:
            if not path.exists():
                _write_atomically(path, content)
        except OSError as error:
            raise StorageError(
                f"a picture cannot be stored in {self._root}: {error.strerror}. "
                "Free some space or check the permissions, then run again."
            ) from error
        return Blob(sha256=sha256, path=relative.as_posix(), size_bytes=len(content))


def _write_atomically(path: Path, content: bytes) -> None:
    _make_folder(path.parent)
    # Opened like any other file, so that it gets the rights that the user's umask gives, as the database does.
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make `folder` and those above it, their names flushed as well: a power cut must not take what they hold."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    """Flush the names in `folder` to the disk. Windows does that by itself, and opens no folder."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
