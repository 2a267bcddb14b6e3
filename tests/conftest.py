"""For all tests: what is costly is made once, and the politeness score stands at the end, with `-n` too."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from aggregator.fetch import http, tls
from aggregator.pipeline.cores import usable_cores
from politeness.score import score


@pytest.fixture(scope="session", autouse=True)
def ordinary_tls_context() -> Iterator[None]:
    """Read certifi's authorities once for the clients of all tests: that takes longer than most tests do.

    A client that trusts another authority besides gets a context of its own, as ever.
    """
    ordinary = cache(tls.tls_context)

    def context(ca_file: Path | None = None) -> ssl.SSLContext:
        return ordinary() if ca_file is None else tls.tls_context(ca_file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "tls_context", context)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag without which no floor of quality is lowered."""
    parser.addoption("--new-floors", action="store_true", help="write what tests/quality reaches as the new floors")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say what `-n auto` means: a worker more than cores, because some tests mostly wait for what hangs."""
    return usable_cores() + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the rules whose scenarios were played, in whatever process, and say how many were kept."""
    outcomes = [
        (str(rule), report.passed)
        for reports in (terminalreporter.getreports("passed"), terminalreporter.getreports("failed"))
        for report in reports
        for key, rule in report.user_properties
        if key == "politeness rule"
    ]
    if outcomes:
        terminalreporter.write_line(score(outcomes))
