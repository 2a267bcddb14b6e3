"""Durations and sizes as people write them."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config_values import LONGEST_DURATION_S, as_toml, read_duration_s, read_value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1.5h", 5400), ("2d", 172_800), ("1w", 604_800), (" 2 h ", 7200), (5, 5), (0.5, 0.5)],
)
def test_durations(text: object, seconds: float) -> None:
    assert read_duration_s(text) == seconds


@pytest.mark.parametrize("value", ["", "5", "h", "-5s", "5 parsecs", True, None, [], -1, float("nan"), float("inf"),
                                   10**400, "9" * 400 + "w", "11000000000000d"])  # fmt: skip
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration_s(value)


@given(st.floats(min_value=0, max_value=LONGEST_DURATION_S))
def test_a_duration_in_seconds_is_what_it_says(seconds: float) -> None:
    assert read_duration_s(seconds) == seconds


@given(st.integers(min_value=0, max_value=int(LONGEST_DURATION_S)))
def test_a_written_duration_is_read_back(seconds: int) -> None:
    written = tomllib.loads(f"value = {as_toml('duration', float(seconds))}")["value"]
    assert read_duration_s(written) == seconds


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("500KB", 500_000), ("10MB", 10_000_000), ("1GiB", 2**30), ("1.5 mb", 1_500_000), ("20", 20), ("7B", 7), (9, 9)],
)
def test_sizes(text: object, size_bytes: int) -> None:
    assert read_value("size", text) == size_bytes


@pytest.mark.parametrize("value", ["", "MB", "10 parsecs", "-1MB", 1.5, True, None, [1]])
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(ValueError, match="expected bytes, or a size"):
        read_value("size", value)
