from __future__ import annotations

from pipeline.machine import ledger, machine

__all__ = ["ledger", "machine"]
