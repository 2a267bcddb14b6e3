"""Commands run inside the tests' own process: most of what they do costs less than starting Python anew."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from aggregator.__main__ import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, as a subprocess would tell it."""

    returncode: int
    stdout: str
    stderr: str


def typed(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: bytes = b"") -> Ended:
    """Run `aggregator` with `arguments` in `folder`, and with nothing of the tests' own environment.

    A fault that a user would see as a traceback is raised. What worker processes write goes to the tests' own stderr.
    """
    out, errors = _pipe(), _pipe()
    with _standing_in(folder, environment), _reading(stdin), redirect_stdout(out), redirect_stderr(errors):
        code = _exit_code(arguments)
    return Ended(code, _text(out), _text(errors))


def _exit_code(arguments: Sequence[str]) -> int:
    code: str | int | None = None
    with mock.patch.object(sys, "argv", ["aggregator", *arguments]):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int), code
    return code or 0


@contextmanager
def _standing_in(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with chdir(folder), mock.patch.dict(os.environ, environment, clear=True):
        yield


@contextmanager
def _reading(stdin: bytes) -> Iterator[None]:
    with mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")):
        yield


def _pipe() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _text(written: io.TextIOWrapper) -> str:
    written.flush()
    assert isinstance(written.buffer, io.BytesIO)
    return written.buffer.getvalue().decode().replace("\r\n", "\n")
