"""`python -m aggregator.newsroom`: serve the newsroom until standard input closes, or SIGTERM.

Prints one line, the base address, once it is open. A parent that keeps the pipe to this process open need not do more:
when the parent dies, however it dies, the pipe closes and the newsroom ends. `--stay` serves until Ctrl-C instead.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.errors import ExitCode
from aggregator.newsroom.server import NewsroomSettings, serve

OPENED_BEFORE = timedelta(hours=48)
CLOCK_VARIABLE = "AGGREGATOR_CLOCK"


def main(arguments: list[str] | None = None) -> int:
    """Serve as the arguments say and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        now = clock(os.environ.get(CLOCK_VARIABLE, ""), lambda: datetime.now(UTC))
        settings = _settings(options, now())
        return asyncio.run(_serve(settings, now, stay=options.stay))
    except (OSError, ValueError) as error:
        print(f"newsroom: {error}", file=sys.stderr)  # noqa: T201 - a command's own message
        return ExitCode.USAGE


def clock(setting: str, real_now: Callable[[], datetime]) -> Callable[[], datetime]:
    """Return the clock that `setting` asks for: empty for the real one, `+3600` for seconds ahead of it, or an ISO time
    from which it runs on.

    Raises:
        ValueError: `setting` is none of these.
    """
    if not setting:
        return real_now
    try:
        shift = timedelta(seconds=float(setting)) if setting[0] in "+-" else _aware(setting) - real_now()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{CLOCK_VARIABLE}={setting} is neither an ISO time nor seconds such as +3600") from error
    return lambda: real_now() + shift


def _settings(options: argparse.Namespace, now: datetime) -> NewsroomSettings:
    opened_at = options.opened_at or (now - OPENED_BEFORE).replace(minute=0, second=0, microsecond=0)
    return NewsroomSettings(
        opened_at=opened_at,
        seed=options.seed,
        size=options.size,
        latency_s=options.latency,
        port=options.port,
        log_path=options.log,
    )


async def _serve(settings: NewsroomSettings, now: Callable[[], datetime], *, stay: bool) -> int:
    stop = asyncio.Event()
    ended_by: list[ExitCode] = []

    def end(code: ExitCode) -> None:
        ended_by.append(code)
        stop.set()

    loop = asyncio.get_running_loop()
    # Windows has no signal handlers in its event loop: there the process just ends.
    with suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGTERM, end, ExitCode.TERMINATED)
        loop.add_signal_handler(signal.SIGINT, end, ExitCode.INTERRUPTED)
    watch = None if stay else asyncio.create_task(_wait_for_end_of_input(stop))
    try:
        await serve(settings, now=now, stop=stop, on_ready=_announce)
    except OSError as error:
        raise OSError(f"cannot serve on {settings.host}:{settings.port}: {error.strerror or error}") from error
    finally:
        if watch is not None:
            watch.cancel()
    return ended_by[0] if ended_by else ExitCode.DONE


def _announce(base_url: str) -> None:
    print(f"{base_url}/", flush=True)  # noqa: T201 - the one line that the parent reads


async def _wait_for_end_of_input(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends; at once where it cannot be waited on, such as a file or /dev/null."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while await reader.read(1024):
            pass
    except (OSError, ValueError):
        pass
    stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m aggregator.newsroom", description="Serve the built-in newsroom.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="pause before every answer")
    parser.add_argument("--size", type=_count, default=0, help="number of wire feeds beside the outlets' own")
    parser.add_argument("--seed", type=int, default=7, help="another seed: other pictures, edits and wire feeds")
    parser.add_argument("--opened-at", type=_time, default=None, metavar="ISO", help="default: 48 hours ago")
    parser.add_argument("--log", type=Path, default=None, metavar="FILE", help="append each request as a line of JSON")
    parser.add_argument("--stay", action="store_true", help="serve until Ctrl-C, whatever standard input does")
    return parser


def _count(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return int(text)


def _time(text: str) -> datetime:
    try:
        return _aware(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
