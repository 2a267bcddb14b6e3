"""How much memory a process has used, and a limit on how much it may."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform != "win32":
    import resource


def limit_memory(limit_bytes: int) -> None:
    """Allow this process `limit_bytes` of address space beyond what it holds now; 0 means no limit.

    An allocation past it raises MemoryError. Only Linux tells how much is held now and keeps to the limit; elsewhere
    this does nothing, and the item's deadline is what stops it.
    """
    if sys.platform != "linux" or limit_bytes <= 0:
        return
    pages_held = int(Path("/proc/self/statm").read_text().split()[0])
    wanted = pages_held * resource.getpagesize() + limit_bytes
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def peak_memory_bytes() -> int:
    """Return the largest resident size that this process had so far; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    if sys.platform == "linux":
        # Not getrusage: its peak survives exec, so that a small program started by a large one would look large.
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
