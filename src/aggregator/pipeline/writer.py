"""The one writer: a thread that owns the only connection that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aggregator.errors import StorageError
from aggregator.pipeline.queue import BoundedQueue, Drained

Transaction = TypeVar("Transaction")
R = TypeVar("R")

MAX_WAITING = 512
MAX_BATCH = 128
"""Operations that share a commit, at most: a second process shall not wait long for the database's write lock."""


@dataclass(frozen=True, slots=True)
class _Request(Generic[Transaction]):
    operation: Callable[[Transaction], Any]
    future: Future[Any]


class WriterThread(Generic[Transaction]):
    """Runs operations one after another in short transactions, as many as happen to wait in each.

    It never puts anything into a queue, so it cannot take part in a deadlock: its slowness is felt by those who
    submit, and later stages find their work in the rows, woken by `on_commit`.
    """

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Transaction]], on_commit: Callable[[], None] = lambda: None
    ) -> None:
        """Write inside transactions that `begin` opens: committed when its block ends, rolled back when it raises."""
        self._begin = begin
        self._on_commit = on_commit
        self._requests: BoundedQueue[_Request[Transaction]] = BoundedQueue(MAX_WAITING, max_bytes=0)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Callable[[Transaction], R]) -> Future[R]:
        """Queue `operation`, waiting while too much is queued; the future is done once the result is durable."""
        future: Future[R] = Future()
        self._requests.put(_Request(operation, future))
        return future

    def call(self, operation: Callable[[Transaction], R]) -> R:
        """Run `operation` and wait until it is committed."""
        return self.submit(operation).result()

    def close(self) -> None:
        """Commit what was submitted and end the thread. Nothing can be submitted afterwards."""
        self._requests.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                slots = self._requests.take(MAX_BATCH)
            except Drained:
                return
            self._write([slot.item for slot in slots])
            for slot in slots:
                self._requests.done(slot)

    def _write(self, requests: list[_Request[Transaction]]) -> None:
        """Commit `requests` together. If one fails, each is tried alone, so that only the guilty one is lost."""
        try:
            with self._begin() as transaction:
                results = [request.operation(transaction) for request in requests]
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for the future
            if len(requests) == 1 or isinstance(error, StorageError):
                for request in requests:
                    request.future.set_exception(error)
                return
            for request in requests:
                self._write([request])
            return
        for request, result in zip(requests, results, strict=True):
            request.future.set_result(result)
        self._on_commit()
