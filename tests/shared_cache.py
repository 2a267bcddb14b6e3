"""A cache folder for all tests of a process: what the program makes once for a user, they make once."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def shared_cache() -> Path:
    """Return the folder, which is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="aggregator-cache-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
