"""Runs and quarantine in the database: what the program did, and what it set aside."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.engine import Connection

from aggregator import __version__
from aggregator.records import QuarantinedItem, RunSummary
from aggregator.store.images import ImageRows
from aggregator.store.schema import quarantine_item, run


class RunRows:
    """Runs, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Write through `connection`."""
        self._connection = connection

    def start(self, command: str, now: datetime) -> int:
        """Note that a run begins and return its id. Should it be killed, this row stays without an end."""
        row = {"command": command, "version": __version__, "started_at": now}
        return int(self._connection.execute(insert(run).returning(run.c.id), row).scalar_one())

    def finish(self, run_id: int, summary: RunSummary, now: datetime) -> None:
        """Note how a run ended."""
        self._connection.execute(
            update(run)
            .where(run.c.id == run_id)
            .values(
                finished_at=now,
                exit_code=summary.exit_code,
                seconds=round(summary.seconds, 3),
                cpu_s=round(summary.cpu_s, 3),
                worker_cpu_s=round(summary.worker_cpu_s, 3),
                peak_memory_bytes=summary.peak_memory_bytes,
                peak_worker_bytes=summary.peak_worker_bytes,
                counts=json.dumps(summary.counts),
                stages=json.dumps(summary.stages),
            )
        )


class QuarantineRows:
    """Items set aside, through one connection."""

    def __init__(self, connection: Connection) -> None:
        """Write through `connection`."""
        self._connection = connection

    def add(self, item: QuarantinedItem, now: datetime) -> None:
        """Set `item` aside: it is not worked on again until its content changes."""
        row = {
            "kind": item.kind,
            "item_id": item.item_id,
            "url": item.url,
            "stage": item.stage,
            "reason": item.reason,
            "detail": item.detail,
            "input_hash": item.input_hash,
            "created_at": now,
        }
        self._connection.execute(insert(quarantine_item), row)
        if item.kind == "image" and item.item_id is not None:
            ImageRows(self._connection).give_way(item.item_id)
