"""How many cores this process may really use, which is often fewer than the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")


def usable_cores(cgroup_root: Path = CGROUP_ROOT) -> int:
    """Return the number of cores, at least 1: the CPU affinity of this process, capped by its cgroup's quota.

    Both versions of Linux control groups are read; elsewhere the affinity or the machine's count stands.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup_root) or _quota_v1(cgroup_root)
    return max(1, min(allowed, math.ceil(quota)) if quota else allowed)


def _quota_v2(root: Path) -> float | None:
    """Cores granted by cgroup v2: the tightest `cpu.max` ("max 100000" or "150000 100000") on the way to the root."""
    quotas = [quota for folder in _own_folders(root) if (quota := _read_cpu_max(folder / "cpu.max"))]
    return min(quotas, default=None)


def _own_folders(root: Path) -> list[Path]:
    """The cgroup folder of this process and its parents, up to the root."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return [root]
    own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    folder = root / own
    return [folder, *[parent for parent in folder.parents if parent.is_relative_to(root)]]


def _read_cpu_max(path: Path) -> float | None:
    try:
        quota, period = path.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(root: Path) -> float | None:
    """Cores granted by cgroup v1: quota and period in two files; a quota of -1 means no limit."""
    try:
        quota = int((root / "cpu" / "cpu.cfs_quota_us").read_text())
        period = int((root / "cpu" / "cpu.cfs_period_us").read_text())
        return quota / period if quota > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
