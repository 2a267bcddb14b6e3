"""Run work that has no time-out of its own, and walk away from it when it takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_abandonable(work: Callable[[], T], timeout_s: float) -> T:
    """Run `work` in a thread of its own and return its result, or raise what it raised.

    Raises TimeoutError when `work` has not ended after `timeout_s` seconds. Nothing stops it then: it runs on unheard
    until it ends by itself, and being a daemon it does not keep the program alive. So `work` must have no effects that
    come too late to be welcome.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again, where somebody listens
            errors.append(error)

    thread = threading.Thread(target=run, name="abandonable", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if errors:
        raise errors.pop()
    if not results:
        raise TimeoutError(f"no result within {timeout_s:g} s")
    return results.pop()
