"""Record batches as other clients pack them."""

import struct

import zstandard
from aiokafka.record.util import calc_crc32c

MIB = 1_048_576
HEAD = 61  # bytes of a batch before its records
ZSTD = 4


def sealed(raw: bytearray) -> bytes:
    """The batch with a checksum that fits again."""
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    return bytes(raw)


def packed_by_zstd(raw: bytes | bytearray, window: int, says_size: bool = False) -> bytes:
    """A batch, packed with a window of so many MiB; most clients' frames do not say how large their content is."""
    parameters = zstandard.ZstdCompressionParameters(
        window_log=(window * MIB).bit_length() - 1, compression_level=3
    )
    content = bytes(raw[HEAD:])
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj(
        size=len(content) if says_size else -1
    )
    batch = bytearray(bytes(raw[:HEAD]) + writer.compress(content) + writer.flush())
    struct.pack_into(">i", batch, 8, len(batch) - 12)
    struct.pack_into(">h", batch, 21, ZSTD)
    return sealed(batch)
