"""The memory limit of a process, tried in processes of their own."""

from __future__ import annotations

import sys

import pytest

from pipeline.machine import answer_of

MEGABYTE = 2**20

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to the limit")


@only_linux
def test_an_allocation_past_the_limit_is_refused() -> None:
    assert answer_of("swell", 100 * MEGABYTE, 101 * MEGABYTE) == "refused"


def test_what_is_within_the_limit_is_given() -> None:
    """The limit counts from what the process holds already, its interpreter and libraries."""
    assert answer_of("swell", 100 * MEGABYTE, 80 * MEGABYTE) == f"held {80 * MEGABYTE}"


def test_no_limit_is_no_limit() -> None:
    assert answer_of("swell", 0, 100 * MEGABYTE) == f"held {100 * MEGABYTE}"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_the_peak_grows_with_what_is_used() -> None:
    assert int(answer_of("peak-growth", 64 * MEGABYTE)) >= 60 * MEGABYTE
