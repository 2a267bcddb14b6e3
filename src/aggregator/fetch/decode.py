"""From the bytes of a response to the bytes of its content, a bounded piece at a time. Pure.

A decoder pulls compressed bytes and yields decoded pieces, so whoever counts the pieces can stop at a cap before the
memory is spent: neither a chunk from the network nor a bomb inside it makes a decoder hold more than a few pieces.
Codings: gzip and deflate (RFC 9110, section 8.4.1; deflate with or without zlib's frame, as browsers take it),
br (RFC 7932), zstd (RFC 8878, with the window limit of RFC 9659), and chains of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator

import brotli
import zstandard

PIECE_BYTES = 128 * 1024
"""No decoder yields a longer piece."""

# brotli grows its output by 32, then 64 KiB and only then looks at the limit: 96 KiB stays under a piece.
_BROTLI_LIMIT_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
# Each costs a copy of what follows it; a body of empty members would cost seconds.
_MAX_GZIP_MEMBERS = 1000
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
_ZSTD_BLOCK_BYTES = 128 * 1024
_ZSTD_RLE_BLOCK = 1
_ZSTD_MAGIC = 0xFD2FB528
_ZSTD_SKIPPABLE = 0x184D2A50
_MAX_CODINGS = 4
# A frame is set up anew each time, and a block is handled in Python: many would cost seconds, whatever they say.
_MAX_ZSTD_FRAMES = 1000
_MAX_ZSTD_BLOCKS = 100_000
_MAX_ZSTD_SILENCES = 1000
# No encoder needs more than some kilobytes to say the next thing; empty blocks say nothing for as long as they like.
_MAX_BROTLI_SILENCE_BYTES = 256 * 1024

Decoder = Callable[[Iterable[bytes]], Iterator[bytes]]


class DecodeError(Exception):
    """The content is not what its Content-Encoding says: corrupt, cut short, or of a coding that we do not know."""


class TooLongError(Exception):
    """The content, or one of the wrappings around it, is longer than it may be."""


def decode(chunks: Iterable[bytes], content_encoding: str, max_encoded_bytes: int | None = None) -> Iterator[bytes]:
    """Yield the decoded content of `chunks` in pieces of at most `PIECE_BYTES`, none of them empty.

    `content_encoding` is the header's value, empty where there is none. Raises DecodeError for an unknown coding, and,
    while iterating, for corrupt or truncated content. A body without a single byte is empty in every coding.
    `max_encoded_bytes` bounds what each decoder takes in, so that a bomb within a bomb ends early too even if the inner
    one decodes to nothing; beyond it, iterating raises TooLongError.
    """
    names = [name for name in (part.strip().lower() for part in content_encoding.split(",")) if name]
    if len(names) > _MAX_CODINGS:
        raise DecodeError(f"the content is encoded {len(names)} times")
    decoders = [_decoder(name) for name in names]
    pieces = _decode_identity(chunks)
    # They were applied from left to right.
    for decoder in reversed(decoders):
        pieces = decoder(pieces if max_encoded_bytes is None else at_most(pieces, max_encoded_bytes))
    return pieces


def at_most(chunks: Iterable[bytes], limit_bytes: int) -> Iterator[bytes]:
    """Yield the chunks; raises TooLongError as soon as they are longer than this together."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit_bytes:
            raise TooLongError
        yield chunk


def _decoder(name: str) -> Decoder:
    decoder = _DECODERS.get(name)
    if decoder is None:
        raise DecodeError(f"the content encoding {name[:40]!r} is unknown")
    return decoder


def _decode_identity(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _decode_gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode all members of a gzip file. What follows the last one and is no member is padding, and passed over."""
    source = _Source(chunks)
    members = 0
    while (magic := source.take(2)) == _GZIP_MAGIC:
        members += 1
        if members > _MAX_GZIP_MEMBERS:
            raise DecodeError(f"the gzip content has more than {_MAX_GZIP_MEMBERS} members")
        source.put_back(magic)
        yield from _inflate(source, zlib.decompressobj(wbits=16 + zlib.MAX_WBITS), "gzip")
    if magic and not members:
        raise DecodeError("the content is not gzip")


def _decode_deflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = _Source(chunks)
    head = source.take(2)
    if not head:
        return
    source.put_back(head)
    # RFC 1950: a zlib frame starts with method 8, and its first two bytes are a multiple of 31.
    framed = head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head, "big") % 31 == 0
    yield from _inflate(source, zlib.decompressobj(wbits=zlib.MAX_WBITS if framed else -zlib.MAX_WBITS), "deflate")


def _inflate(source: _Source, decompressor: zlib._Decompress, name: str) -> Iterator[bytes]:
    """Yield one zlib stream, and put back what follows it."""
    for chunk in source.chunks():
        data, piece = chunk, b""
        # A full piece may have more behind it that needs no further input.
        while data or len(piece) == PIECE_BYTES:
            try:
                piece = decompressor.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise DecodeError(f"the {name} content is corrupt") from error
            if piece:
                yield piece
            if decompressor.eof:
                source.put_back(decompressor.unused_data)
                return
            data = decompressor.unconsumed_tail
    raise DecodeError(f"the {name} content is cut short")


def _decode_brotli(chunks: Iterable[bytes]) -> Iterator[bytes]:
    decompressor = brotli.Decompressor()
    started = False
    silent_bytes = 0
    for chunk in chunks:
        started = True
        if silent_bytes > _MAX_BROTLI_SILENCE_BYTES:
            raise DecodeError("the br content goes on without saying anything")
        silent_bytes += len(chunk)
        data, piece = chunk, b""
        while data or piece or not decompressor.can_accept_more_data():
            try:
                piece = decompressor.process(data, output_buffer_limit=_BROTLI_LIMIT_BYTES)
            except brotli.error as error:
                raise DecodeError("the br content is corrupt") from error
            if piece:
                silent_bytes = 0
                yield piece
            data = b""
    if started and not decompressor.is_finished():
        raise DecodeError("the br content is cut short")


def _decode_zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode frame by frame and block by block.

    The library's decompressor returns all that its input means at once, and four bytes can mean 128 KiB. One block at a
    time bounds that, and shows where the content is cut short.
    """
    context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    source = _Source(chunks)
    patience = _ZstdPatience()
    try:
        while magic := source.take(4):
            number = int.from_bytes(magic, "little")
            if number & ~0xF == _ZSTD_SKIPPABLE:
                source.skip(int.from_bytes(source.take_all(4, "zstd"), "little"))
                patience.silence()
            elif number == _ZSTD_MAGIC:
                patience.frame()
                yield from _decode_zstd_frame(magic, source, context.decompressobj(), patience)
            else:
                raise DecodeError("the content is not zstd")
    except zstandard.ZstdError as error:
        raise DecodeError(f"the zstd content is corrupt: {error}") from error


class _ZstdPatience:
    """How much of a zstd content is borne with: its frames, its blocks, and those in a row that decode to nothing."""

    def __init__(self) -> None:
        self._frames = self._blocks = self._silences = 0

    def frame(self) -> None:
        self._frames += 1
        if self._frames > _MAX_ZSTD_FRAMES:
            raise DecodeError(f"the zstd content has more than {_MAX_ZSTD_FRAMES} frames")

    def block(self, piece: bytes) -> None:
        self._blocks += 1
        if self._blocks > _MAX_ZSTD_BLOCKS:
            raise DecodeError(f"the zstd content has more than {_MAX_ZSTD_BLOCKS} blocks")
        if piece:
            self._silences = 0
        else:
            self.silence()

    def silence(self) -> None:
        self._silences += 1
        if self._silences > _MAX_ZSTD_SILENCES:
            raise DecodeError("the zstd content goes on without saying anything")


def _decode_zstd_frame(
    magic: bytes, source: _Source, frame: zstandard.ZstdDecompressionObj, patience: _ZstdPatience
) -> Iterator[bytes]:
    """Yield one frame (RFC 8878, section 3.1.1); its magic number has been taken from the source already."""
    descriptor = source.take_all(1, "zstd")
    single_segment, checksum = descriptor[0] >> 5 & 1, descriptor[0] >> 2 & 1
    dictionary_bytes = (0, 1, 2, 4)[descriptor[0] & 3]
    size_bytes = (single_segment, 2, 4, 8)[descriptor[0] >> 6]
    header_bytes = (not single_segment) + dictionary_bytes + size_bytes
    yield from _not_empty(frame.decompress(magic + descriptor + source.take_all(header_bytes, "zstd")))
    last = False
    while not last:
        head = source.take_all(3, "zstd")
        number = int.from_bytes(head, "little")
        last, kind, size = bool(number & 1), number >> 1 & 3, number >> 3
        if size > _ZSTD_BLOCK_BYTES:
            raise DecodeError("the zstd content is corrupt: a block is too large")
        block = source.take_all(1 if kind == _ZSTD_RLE_BLOCK else size, "zstd")
        piece = frame.decompress(head + block)
        patience.block(piece)
        yield from _not_empty(piece)
    if checksum:
        yield from _not_empty(frame.decompress(source.take_all(4, "zstd")))


def _not_empty(piece: bytes) -> Iterator[bytes]:
    if piece:
        yield piece


class _Source:
    """Chunks, none of them empty, that can be taken in other lengths than they came."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        # What was pulled and is not taken yet starts at `_at`: cutting it off for each of many small takes would copy
        # the rest each time.
        self._held = b""
        self._at = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield what is held, then what comes. Whoever stops in between leaves the rest to the next."""
        held, self._held, self._at = self._held[self._at :], b"", 0
        if held:
            yield held
        # `yield from` would close the chunks together with this generator.
        while chunk := next(self._chunks, b""):
            yield chunk

    def put_back(self, data: bytes) -> None:
        self._held, self._at = data + self._held[self._at :], 0

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes, or fewer where the source ends."""
        if len(self._held) - self._at < length:
            parts = [self._held[self._at :]]
            missing = length - len(parts[0])
            while missing > 0 and (chunk := next(self._chunks, b"")):
                parts.append(chunk)
                missing -= len(chunk)
            self._held, self._at = b"".join(parts), 0
        data = self._held[self._at : self._at + length]
        self._at += len(data)
        return data

    def take_all(self, length: int, name: str) -> bytes:
        """Return the next `length` bytes; raises DecodeError where the source ends before."""
        data = self.take(length)
        if len(data) < length:
            raise DecodeError(f"the {name} content is cut short")
        return data

    def skip(self, length: int) -> None:
        while length > 0:
            length -= len(self.take_all(min(length, PIECE_BYTES), "zstd"))


_DECODERS: dict[str, Decoder] = {
    "identity": _decode_identity,
    "gzip": _decode_gzip,
    "x-gzip": _decode_gzip,
    "deflate": _decode_deflate,
    "br": _decode_brotli,
    "zstd": _decode_zstd,
}
