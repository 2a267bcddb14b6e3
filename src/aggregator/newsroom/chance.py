"""Choices that look random and are a pure function of a seed and of names."""

from __future__ import annotations

from hashlib import blake2b


def chance(seed: int, *names: str | int) -> int:
    """Return a whole number of 64 bits, the same for the same arguments on every machine and in every process."""
    text = "\x1f".join(str(part) for part in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
