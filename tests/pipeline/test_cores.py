"""How many cores may be used, read from made-up control groups and from a real affinity."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aggregator.pipeline.cores import usable_cores
from pipeline.machine import answer_of

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="knows no affinity")


@pytest.fixture
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.fixture
def _own_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel say that this process is in the group /system.slice/aggregator.service."""
    read_text = Path.read_text

    def read(path: Path) -> str:
        if path == Path("/proc/self/cgroup"):
            return "4:memory:/elsewhere\n0::/system.slice/aggregator.service\n"
        return read_text(path)

    monkeypatch.setattr(Path, "read_text", read)


def own_folder(root: Path) -> Path:
    folder = root / "system.slice" / "aggregator.service"
    folder.mkdir(parents=True)
    return folder


def write_v1(root: Path, quota: str, period: str) -> None:
    (root / "cpu").mkdir()
    (root / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (root / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n")


@pytest.mark.usefixtures("_eight_cores", "_own_group")
@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [
        ("max 100000", 8),
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("150000 100000", 2),
        ("400000 100000", 4),
        ("6400000 100000", 8),
        ("1000 1000000", 1),
        ("nonsense", 8),
        ("100000 0", 8),
        ("", 8),
    ],
)
def test_the_quota_of_version_2(tmp_path: Path, cpu_max: str, cores: int) -> None:
    (own_folder(tmp_path) / "cpu.max").write_text(f"{cpu_max}\n")
    assert usable_cores(tmp_path) == cores


@pytest.mark.usefixtures("_eight_cores", "_own_group")
def test_the_tightest_quota_on_the_way_to_the_root_counts(tmp_path: Path) -> None:
    folder = own_folder(tmp_path)
    (folder / "cpu.max").write_text("600000 100000\n")
    (folder.parent / "cpu.max").write_text("300000 100000\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) == 3


@pytest.mark.usefixtures("_eight_cores")
@pytest.mark.parametrize(
    ("quota", "period", "cores"),
    [("-1", "100000", 8), ("50000", "100000", 1), ("250000", "100000", 3), ("100000", "0", 8), ("x", "100000", 8)],
)
def test_the_quota_of_version_1(tmp_path: Path, quota: str, period: str, cores: int) -> None:
    write_v1(tmp_path, quota, period)
    assert usable_cores(tmp_path) == cores


@pytest.mark.usefixtures("_eight_cores")
def test_without_control_groups_the_affinity_stands(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "nothing") == 8


def test_without_affinity_the_machines_count_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores(tmp_path) == (os.cpu_count() or 1)


@needs_affinity
def test_the_affinity_of_a_real_process_is_what_it_may_use(tmp_path: Path) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    assert answer_of("count-cores", tmp_path, allowed[0]) == "1"
    assert answer_of("count-cores", tmp_path, ",".join(map(str, allowed))) == str(len(allowed))
    write_v1(tmp_path, "100000", "100000")
    assert answer_of("count-cores", tmp_path, ",".join(map(str, allowed))) == "1"


def test_this_very_machine_has_at_least_one() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
