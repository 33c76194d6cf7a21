"""Unpack compressed batches piece by piece: a few kilobytes may hold hundreds of megabytes."""

import struct
import zlib
from collections.abc import Callable, Iterator

import cramjam
import lz4.frame
import zstandard

PIECE = 256 * 1024
WINDOW_MAX = 32 * 1_048_576  # zstd keeps this much of what it wrote; level 19 asks for 8 MiB, level 20 for 32
# What asks for a larger window (levels 21 and 22: 64 and 128 MiB) is unpacked at once, which needs none: into exactly so
# many bytes where the frame says how many there are, else into as many as there may be, of which the result is a copy.
AT_ONCE_MAX = 40 * 1_048_576
AT_ONCE_UNKNOWN_MAX = 24 * 1_048_576
SNAPPY_BLOCK_MAX = 32 * 1_048_576  # snappy packs 1 MiB into no less than a twentieth of this
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16


class CannotUnpack(Exception):
    """The bytes do not fit their codec."""


class NeedsTooMuchMemory(CannotUnpack):
    """They may well be, but to unpack them takes more memory than one batch may have."""


def pieces(codec: int, packed: bytes) -> Iterator[bytes]:
    """The unpacked bytes, at most 256 KiB at a time. `codec` is Kafka's number, 1 to 4.

    Of snappy a piece is one of its blocks; of zstd with a window above WINDOW_MAX all of it, if that is not too much.
    Raises CannotUnpack, also after some pieces.
    """
    unpack = _CODECS.get(codec)
    if unpack is None:
        raise CannotUnpack(f"unknown codec {codec}")
    try:
        yield from unpack(packed)
    except zstandard.ZstdError as error:
        kind = NeedsTooMuchMemory if "memory" in str(error) else CannotUnpack
        raise kind(f"zstd: {str(error)[:200]}") from error
    except (zlib.error, RuntimeError, EOFError, ValueError, struct.error) as error:
        raise CannotUnpack(f"{type(error).__name__}: {str(error)[:200]}") from error
    except cramjam.DecompressionError as error:
        raise CannotUnpack(f"snappy: {str(error)[:200]}") from error


def whole(codec: int, packed: bytes, limit: int) -> bytes | None:
    """All unpacked bytes, or None where there are more than `limit`. Raises CannotUnpack."""
    if codec == _ZSTD_CODEC and (found := _zstd_at_once(packed, limit)) is not None:
        return found
    unpacked = bytearray()
    for piece in pieces(codec, packed):
        if len(unpacked) + len(piece) > limit:
            return None
        unpacked += piece
    return bytes(unpacked)


def _gzip(packed: bytes) -> Iterator[bytes]:
    while packed:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            piece = member.decompress(packed, PIECE)
            packed = member.unconsumed_tail
            if not piece and not packed and not member.eof:
                raise EOFError("the gzip stream is cut off")
            yield piece
        packed = member.unused_data


def _snappy(packed: bytes) -> Iterator[bytes]:
    if not packed.startswith(_XERIAL):
        yield _snappy_block(packed)
        return
    at = _XERIAL_HEADER
    while at < len(packed):
        (size,) = struct.unpack_from(">i", packed, at)
        if not 0 <= size <= len(packed) - at - 4:
            raise EOFError("a snappy block is cut off")
        yield _snappy_block(packed[at + 4 : at + 4 + size])
        at += 4 + size


def _snappy_block(block: bytes) -> bytes:
    size = shift = 0
    for byte in block[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > SNAPPY_BLOCK_MAX:
        raise ValueError(f"a snappy block claims {size} bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


def _lz4(packed: bytes) -> Iterator[bytes]:
    while packed:
        frame = lz4.frame.LZ4FrameDecompressor()
        piece = frame.decompress(packed, max_length=PIECE)
        yield piece
        while not frame.eof:
            piece = frame.decompress(b"", max_length=PIECE)
            if not piece and not frame.eof:
                raise EOFError("the lz4 frame is cut off")
            yield piece
        packed = frame.unused_data or b""


def _zstd(packed: bytes) -> Iterator[bytes]:
    if zstandard.get_frame_parameters(packed).window_size > WINDOW_MAX:
        is_known = zstandard.frame_content_size(packed) >= 0
        found = _zstd_at_once(packed, AT_ONCE_MAX if is_known else AT_ONCE_UNKNOWN_MAX)
        if found is not None:
            yield found
            return
    with zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX).stream_reader(
        packed, read_across_frames=True
    ) as reader:
        while piece := reader.read(PIECE):
            yield piece


def _zstd_at_once(packed: bytes, limit: int) -> bytes | None:
    """All of it straight into the result, which needs no window, however large; None where that is not possible."""
    try:
        if zstandard.frame_content_size(packed) > limit:  # -1: the frame does not say
            return None
        found: bytes = zstandard.ZstdDecompressor().decompress(
            packed, max_output_size=limit, allow_extra_data=False
        )
        return found
    except zstandard.ZstdError:
        return None  # larger, of several frames, or damaged: the stream reader finds out


_ZSTD_CODEC = 4
_CODECS: dict[int, Callable[[bytes], Iterator[bytes]]] = {1: _gzip, 2: _snappy, 3: _lz4, 4: _zstd}
