"""The ledger in the database: one line for each request, with its reason and its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import Connection

from aggregator.records import Download, LoggedRequest, Reason
from aggregator.store.schema import fetch

_LOG = insert(fetch)


class RequestLog:
    """The ledger of requests for anything but feeds, through one connection."""

    def __init__(self, connection: Connection, run_id: int | None = None) -> None:
        """Write through `connection`; requests are logged under `run_id`."""
        self._connection = connection
        self._run_id = run_id

    def add(self, requests: Sequence[LoggedRequest]) -> None:
        """Log requests."""
        if requests:
            self._connection.execute(_LOG, [_row(one, self._run_id) for one in requests])


def log_values(download: Download, reason: Reason, outcome: str, run_id: int | None) -> dict[str, Any]:
    """Return what the ledger says about any request."""
    return {
        "run_id": run_id,
        "reason": str(reason),
        "started_at": download.started_at,
        "seconds": round(download.seconds, 3),
        "conditional": download.conditional,
        "outcome": outcome,
        "status": download.status,
        "final_url": download.final_url if download.final_url != download.url else None,
        "received_bytes": download.received_bytes,
    }


def _row(request: LoggedRequest, run_id: int | None) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "feed_id": request.feed_id,
        "url": request.download.url,
        "entries": 0,
        "new_articles": 0,
        "revised_articles": 0,
        "error": request.download.error,
        "next_fetch_at": request.next_fetch_at,
        "decided_by": request.decided_by or None,
        **log_values(request.download, request.reason, request.outcome, run_id),
    }
