"""Every error that the program raises on purpose, and the exit code that each ends with.

    AggregatorError
    ├── UsageError            2   a wrong argument, an unknown name
    │   └── ConfigError       2   a settings or subscriptions file that cannot be used as it is
    ├── StorageError         74   disk, permission, a database that is damaged, foreign or too new
    │   └── ResourceError    74   no more threads or processes to be had
    └── AlreadyRunningError  75   another run of the same stage holds the lock

Expected failures of single items (a feed that times out, a broken picture) are not errors: they are values in
`records`, counted and stored. Whatever else escapes is our bug and ends with 1.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command, part of the public contract."""

    DONE = 0
    BUG = 1
    USAGE = 2
    SILENCE = 3
    STORAGE = 74
    ALREADY_RUNNING = 75
    INTERRUPTED = 130
    TERMINATED = 143


class AggregatorError(Exception):
    """A failure that the user can understand and mend; its text names the thing and the remedy."""

    exit_code = ExitCode.BUG


class UsageError(AggregatorError):
    """The command was asked for something that it cannot do as asked."""

    exit_code = ExitCode.USAGE


class ConfigError(UsageError):
    """A settings or subscriptions file is missing, malformed, or holds a value that cannot be used."""


class StorageError(AggregatorError):
    """The database or the folder of pictures could not be read or written."""

    exit_code = ExitCode.STORAGE


class ResourceError(StorageError):
    """The system has no more of something to give: threads, processes."""


class AlreadyRunningError(AggregatorError):
    """Another process runs the same stage on the same database."""

    exit_code = ExitCode.ALREADY_RUNNING
