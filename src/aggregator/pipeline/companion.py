"""A program of ours that runs beside the pipeline, and no longer than it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aggregator.errors import UsageError


@contextmanager
def companion(module: str, arguments: Sequence[str]) -> Iterator[str]:
    """Run `python -m module` and yield the first line it prints, which says that it is ready.

    The program serves until its standard input closes: at the end of the block, or when this process dies, however.

    Raises:
        UsageError: it ended without a word; what it said about it is in the text.
    """
    # A file and not a pipe: nobody reads while the program serves, and a full pipe would stop it.
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below, with the process
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,  # a Ctrl-C is for us; the companion ends when we do
    )
    assert process.stdin and process.stdout  # noqa: S101, PT018 - pipes were asked for
    try:
        ready = process.stdout.readline().strip()
        if not ready:
            process.wait()
            errors.seek(0)
            raise UsageError(errors.read().strip() or f"{module} did not start")
        yield ready
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        errors.close()
