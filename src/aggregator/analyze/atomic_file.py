"""Writing a file so that whoever reads it finds all of it or nothing."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

UNFINISHED = ".new-"
"""How the name of a file starts that is still being written."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, flush it to the disk, and move it there.

    Raises:
        OSError: the folder is missing or cannot be written to, or the disk is full. Nothing is left behind.
    """
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
