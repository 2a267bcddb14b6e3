"""Ctrl-C and SIGTERM, sent to a real program."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from aggregator.pipeline.shutdown import StopSignal
from pipeline.machine import DEADLINE_S, Ledger, line_from, program

SIGNALS = pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])


@SIGNALS
@pytest.mark.parametrize("whole_group", [False, True], ids=["program", "group"])
def test_the_first_signal_finishes_and_commits_what_is_in_hand(
    tmp_path: Path, number: signal.Signals, exit_code: int, whole_group: bool
) -> None:
    """A terminal and a service manager signal the whole group: workers and their fork server too."""
    with program("flow-until-stopped", tmp_path) as process:
        assert line_from(process.stdout) == "ready"
        if whole_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        printed, complaint = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == exit_code, complaint
    assert "stopping" in complaint
    assert Ledger(tmp_path / "ledger.db").numbers() == list(range(int(printed)))


@SIGNALS
def test_the_second_signal_ends_the_program_at_once(number: signal.Signals, exit_code: int) -> None:
    with program("flow-that-hangs") as process:
        assert line_from(process.stdout) == "ready"
        process.send_signal(number)
        while "stopping" not in line_from(process.stderr):
            pass
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(DEADLINE_S) == exit_code


def test_a_signal_is_heeded_though_nobody_reads_the_message() -> None:
    with program("flow-that-hangs") as process:
        assert process.stderr is not None
        process.stderr.close()
        assert line_from(process.stdout) == "ready"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 143


def test_the_signals_are_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with StopSignal() as stop:
        assert stop.exit_code is None
        assert not stop.requested.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested.wait(DEADLINE_S)
        assert stop.exit_code == 143
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert "once more" in capfd.readouterr().err
