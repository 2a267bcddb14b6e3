"""One kernel lock per database and stage: it dies with its process, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from aggregator.errors import AlreadyRunningError, StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class StageLock:
    """Holds `news.db.fetch.lock` (or `.analyze.lock`) beside the database while its block runs."""

    def __init__(self, database: Path, stage: str) -> None:
        """Name the lock; nothing is opened yet."""
        self._path = database.with_name(f"{database.name}.{stage}.lock")
        self._stage = stage
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock at once or not at all.

        Raises:
            AlreadyRunningError: another process holds it.
            StorageError: the file cannot be opened or written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"the lock {self._path} cannot be opened: {error.strerror}") from error
        try:
            _lock(file)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK):
                os.close(file)
                raise StorageError(f"the lock {self._path} cannot be taken: {error.strerror}") from error
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            os.close(file)
            by = f" (process {holder})" if holder else ""
            raise AlreadyRunningError(
                f"another {self._stage} of this database is running{by}; this one does nothing"
            ) from None
        try:
            os.truncate(file, 0)
            os.write(file, str(os.getpid()).encode())
        except OSError as error:
            os.close(file)
            raise StorageError(f"the lock {self._path} cannot be written: {error.strerror}") from error
        self._file = file
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go. The file stays: removing it would race with the next one who opens it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
