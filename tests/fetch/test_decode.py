from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import brotli
import pytest
import zstandard
from hostile import gzip_zeros
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fetch.decode import PIECE_BYTES, DecodeError, TooLongError, at_most, decode


def _deflate_raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def _zstd_checked(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _zstd_streamed(data: bytes) -> bytes:
    """Compress as a server does that does not know the length beforehand."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(data) + compressor.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", _deflate_raw),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "zstd with checksum": ("zstd", _zstd_checked),
    "zstd of unknown length": ("zstd", _zstd_streamed),
    "identity": ("identity", bytes),
    "none": ("", bytes),
    "chain": ("gzip, br", lambda data: brotli.compress(gzip.compress(data, mtime=0))),
    "long chain": ("zstd,, deflate ,identity", lambda data: zlib.compress(zstandard.compress(data))),
}
COMPRESSED = [name for name in ENCODERS if name not in ("identity", "none")]
TEXT = random.Random(1).randbytes(70_000) + b"news " * 40_000  # noqa: S311 - noise that no coding can shorten


def _cut(data: bytes, length: int) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("chunk_bytes", [7, 1000, 10**9])
def test_what_was_encoded_comes_back(name: str, chunk_bytes: int) -> None:
    encoding, encode = ENCODERS[name]
    pieces = list(decode(_cut(encode(TEXT), chunk_bytes), encoding))
    assert b"".join(pieces) == TEXT
    assert all(0 < len(piece) <= PIECE_BYTES for piece in pieces)


@given(data=st.binary(max_size=3000), name=st.sampled_from(sorted(ENCODERS)), chunk_bytes=st.integers(1, 4000))
def test_any_content_comes_back_from_any_chunks(data: bytes, name: str, chunk_bytes: int) -> None:
    encoding, encode = ENCODERS[name]
    assert b"".join(decode(_cut(encode(data), chunk_bytes), encoding)) == data


@pytest.mark.parametrize("name", COMPRESSED)
def test_content_that_is_cut_short_is_an_error(name: str) -> None:
    encoding, encode = ENCODERS[name]
    encoded = encode(TEXT)
    for missing in (1, 3, 100, len(encoded) - 1):
        with pytest.raises(DecodeError):
            list(decode(_cut(encoded[:-missing], 1000), encoding))


@pytest.mark.parametrize("name", COMPRESSED)
def test_content_that_is_something_else_is_an_error(name: str) -> None:
    encoding, _ = ENCODERS[name]
    with pytest.raises(DecodeError):
        list(decode([b"\xffThis is a plain text."], encoding))


@given(data=st.binary(min_size=1), name=st.sampled_from(COMPRESSED), start=st.integers(0, 40))
def test_noise_never_raises_anything_else(data: bytes, name: str, start: int) -> None:
    encoding, encode = ENCODERS[name]
    try:
        for _ in decode([encode(b"news " * 100)[:start], data], encoding):
            pass
    except DecodeError:
        pass


@pytest.mark.parametrize("name", ENCODERS)
def test_no_body_is_empty_in_every_coding(name: str) -> None:
    assert list(decode([], ENCODERS[name][0])) == []
    assert list(decode([b""], ENCODERS[name][0])) == []


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(DecodeError, match="'compress' is unknown"):
        decode([b"x"], "gzip, compress")


def test_a_long_chain_of_codings_is_refused() -> None:
    with pytest.raises(DecodeError, match="5 times"):
        decode([b"x"], "gzip," * 5)


def test_gzip_of_several_members_and_padding() -> None:
    data = gzip.compress(b"one, ") + gzip.compress(b"two") + bytes(500)
    for chunk_bytes in (1, 10, 1000):
        assert b"".join(decode(_cut(data, chunk_bytes), "gzip")) == b"one, two"


def test_gzip_of_too_many_members_is_refused() -> None:
    with pytest.raises(DecodeError, match="members"):
        list(decode([gzip.compress(b"") * 1001], "gzip"))


def test_zstd_of_several_and_skippable_frames() -> None:
    skippable = (0x184D2A53).to_bytes(4, "little") + (300_000).to_bytes(4, "little") + bytes(300_000)
    data = zstandard.compress(b"one, ") + skippable + zstandard.compress(b"two")
    for chunk_bytes in (1, 10, 10**6):
        assert b"".join(decode(_cut(data, chunk_bytes), "zstd")) == b"one, two"


EMPTY_ZSTD = zstandard.compress(b"")
EMPTY_BLOCK = b"\0\0\0"
TINY_BLOCK = (1 << 3).to_bytes(3, "little") + b"x"
LAST_BLOCK = b"\x01\0\0"
ZSTD_HEAD = (0xFD2FB528).to_bytes(4, "little") + b"\x00\x58"
EMPTY_SKIPPABLE = (0x184D2A50).to_bytes(4, "little") + bytes(4)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (EMPTY_ZSTD * 1001, "more than 1000 frames"),
        (zstandard.compress(b"x") * 1001, "more than 1000 frames"),
        (EMPTY_SKIPPABLE * 1001, "without saying anything"),
        (ZSTD_HEAD + EMPTY_BLOCK * 1001 + LAST_BLOCK, "without saying anything"),
        (ZSTD_HEAD + TINY_BLOCK * 100_001 + LAST_BLOCK, "more than 100000 blocks"),
    ],
    ids=["empty frames", "frames", "skippable frames", "empty blocks", "tiny blocks"],
)
def test_zstd_of_too_many_parts_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        list(decode([content], "zstd"))


def test_zstd_that_says_something_now_and_then_is_read() -> None:
    blocks = (TINY_BLOCK + EMPTY_BLOCK * 900) * 3
    assert b"".join(decode([ZSTD_HEAD + blocks + LAST_BLOCK], "zstd")) == b"xxx"


def test_br_that_goes_on_without_saying_anything_is_refused() -> None:
    """Metadata of length 0 (RFC 7932, section 9.2) is a byte long, the first after the window's one bit."""
    pulled: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            pulled.append(number)
            yield b"\x0c" if number == 0 else b"\x06" * 100_000

    with pytest.raises(DecodeError, match="without saying anything"):
        list(decode(chunks(), "br"))
    assert len(pulled) < 6


def test_a_zstd_window_beyond_8_mb_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(b"news") + compressor.flush()
    with pytest.raises(DecodeError, match="memory"):
        list(decode([data], "zstd"))


def test_a_zstd_block_beyond_128_kib_is_refused_before_it_is_gathered() -> None:
    frame = (0xFD2FB528).to_bytes(4, "little") + b"\x00\x58" + (1_000_000 << 3).to_bytes(3, "little")
    pulled: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for chunk in (frame, *[bytes(100_000)] * 10):
            pulled.append(chunk)
            yield chunk

    with pytest.raises(DecodeError, match="block is too large"):
        list(decode(chunks(), "zstd"))
    assert pulled == [frame]


def _zstd_bomb(blocks: int) -> bytes:
    """Return a frame in which four bytes stand for 128 KiB (RFC 8878, RLE blocks)."""
    block = ((128 * 1024 << 3) | 1 << 1).to_bytes(3, "little") + b"\0"
    return (0xFD2FB528).to_bytes(4, "little") + b"\x00\x58" + block * blocks


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: b"".join(gzip_zeros(60_000_000))),
    "gzip of gzip": ("gzip, gzip", lambda: gzip.compress(b"".join(gzip_zeros(60_000_000)))),
    "deflate": ("deflate", lambda: zlib.compress(bytes(60_000_000))),
    "br": ("br", lambda: brotli.compress(bytes(60_000_000), quality=3)),
    "zstd": ("zstd", lambda: _zstd_bomb(500)),
    "gzip in br": ("gzip, br", lambda: brotli.compress(b"".join(gzip_zeros(60_000_000)), quality=3)),
    "br in zstd": ("br, zstd", lambda: zstandard.compress(brotli.compress(bytes(60_000_000), quality=3))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_more_than_its_pieces(name: str) -> None:
    encoding, make = BOMBS[name]
    bomb = make()
    tracemalloc.start()
    try:
        total = 0
        for piece in decode([bomb], encoding):
            total += len(piece)
            assert len(piece) <= PIECE_BYTES
            if total > 20_000_000:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 20_000_000
    assert peak < 3 * len(bomb) + 2_000_000


NOTHING = b"\x00\x00\x00\xff\xff"
"""A stored deflate block of length 0."""


@pytest.mark.parametrize(
    ("outer", "encode"), [("zstd", zstandard.compress), ("br", brotli.compress), ("gzip", gzip.compress)]
)
def test_a_bomb_that_means_nothing_in_the_end_is_stopped_on_its_way(
    outer: str, encode: Callable[[bytes], bytes]
) -> None:
    bomb = encode(NOTHING * 100_000)
    assert len(bomb) < 10_000
    with pytest.raises(TooLongError):
        list(decode([bomb], f"deflate, {outer}", max_encoded_bytes=100_000))


def test_each_wrapping_may_be_as_long_as_the_limit() -> None:
    inner = gzip.compress(TEXT, mtime=0)
    outer = brotli.compress(inner)
    longest = max(len(inner), len(outer))
    assert b"".join(decode([outer], "gzip, br", max_encoded_bytes=longest)) == TEXT
    with pytest.raises(TooLongError):
        list(decode([outer], "gzip, br", max_encoded_bytes=longest - 1))


def test_chunks_are_counted_before_they_are_handed_on() -> None:
    assert list(at_most([b"ab", b"c"], 3)) == [b"ab", b"c"]
    counted = at_most([b"ab", b"c", b"d"], 2)
    assert next(counted) == b"ab"
    with pytest.raises(TooLongError):
        next(counted)
