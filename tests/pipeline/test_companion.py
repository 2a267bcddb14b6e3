"""A program that runs beside ours: it serves as long as we do, and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.errors import UsageError
from aggregator.pipeline.companion import companion
from pipeline.machine import import_path, is_alive, line_from, needs_proc, program, wait_until


@pytest.fixture(autouse=True)
def _companions_find_our_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", import_path())


@needs_proc
def test_it_is_ready_inside_the_block_and_gone_after_it(tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    with companion("pipeline.programs", ["serve", str(farewell)]) as ready:
        pid = int(ready)
        assert is_alive(pid)
        assert not farewell.exists()
    assert not is_alive(pid)
    assert farewell.read_text() == "served to the end", "it was killed instead of told"


@needs_proc
def test_it_is_gone_after_a_block_that_fails(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail() -> None:
        with companion("pipeline.programs", ["serve", str(tmp_path / "farewell")]) as ready:
            pids.append(int(ready))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not is_alive(pids[0])


@needs_proc
def test_one_that_does_not_listen_is_killed() -> None:
    with companion("pipeline.programs", ["serve-deaf"]) as ready:
        pass
    assert not is_alive(int(ready))


@needs_proc
def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    with program("with-companion", farewell) as parent:
        pid = int(line_from(parent.stdout))
        assert is_alive(pid)
        parent.kill()
        parent.wait()
        wait_until(lambda: not is_alive(pid))
    assert farewell.read_text() == "served to the end"


def test_what_a_companion_that_does_not_start_said_is_passed_on() -> None:
    with pytest.raises(UsageError, match=r"^the port is taken$"), companion("pipeline.programs", ["serve-nobody"]):
        pass


def test_a_companion_that_does_not_exist_is_told_of() -> None:
    with pytest.raises(UsageError, match="No module named"), companion("pipeline.nothing", []):
        pass
