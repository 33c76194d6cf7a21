"""A record made small enough, and its header names valid, so that any Kafka topic of ours takes it.

Source topics bound a compressed batch; a record of 3 KB on the wire may be 3 MB unpacked.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.envelope import RawHeaders, Record
from contracts.topics import dead_letters

STORY_MAX = 65_536  # bytes for the `dead-letter-*` or `redrive-*` headers, and for Kafka's own framing
LIMIT = dead_letters("any").max_message_bytes - STORY_MAX  # key, value and headers of the record itself
KEY_MAX = 65_536
HEADERS_MAX = 524_288
BEGINNING = 65_536  # bytes kept of a value that is cut: enough to see what it is
_FRAMING = 10  # bytes a header: two lengths
_NAMES_MAX = 8_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """The parts of a record that fit. `story` names the parts cut or renamed, and the value's size and digest."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    story: dict[str, object]


def fit(record: Record) -> Fitted:
    """The record's key, value and headers, each cut only where it does not fit; the same for the same record.

    A value keeps its beginning, a key too; of the headers the smallest are kept, in their order.
    """
    key = record.key if record.key is None else record.key[:KEY_MAX]
    named = _valid_names(record.headers)
    headers = _within(named, HEADERS_MAX)
    room = LIMIT - len(key or b"") - size_of(headers)
    value = record.value or b""
    too_long = record.cut is not None or len(value) > room
    cut = {"key": key != record.key, "value": too_long, "headers": headers != named}
    size, digest = _size_and_digest(record)
    story: dict[str, object] = {
        "cut": ",".join(part for part, was in cut.items() if was),
        "value-size": size,
        "value-sha256": digest,
    }
    if named != tuple(record.headers):
        story["header-names"] = _original_names(record.headers)
    if key is None and record.value is None:
        story["nothing"] = "neither key nor value"
        return Fitted(None, b"", headers, story)  # the producer refuses a record that has neither
    return Fitted(key, value[:BEGINNING] if too_long else record.value, headers, story)


def size_of(headers: RawHeaders) -> int:
    """The bytes that headers take in a record, at most."""
    return sum(len(name.encode()) + len(value or b"") + _FRAMING for name, value in headers)


def _size_and_digest(record: Record) -> tuple[int, str]:
    if record.cut is not None:
        return record.cut.size, record.cut.sha256.hex()
    value = record.value or b""
    return len(value), hashlib.sha256(value).hexdigest()


def _valid_names(headers: RawHeaders) -> tuple[tuple[str, bytes], ...]:
    """The headers with names that are UTF-8: a lone surrogate, which stands for a byte that is not, is escaped."""
    return tuple((name.encode(errors="backslashreplace").decode(), value) for name, value in headers)


def _original_names(headers: RawHeaders) -> str:
    """The bytes of the names that were escaped, each in base64, as many as fit into one header."""
    odd = (name for name, _ in headers if not _is_valid(name))
    return " ".join(base64.b64encode(_bytes_of(name)).decode() for name in odd)[:_NAMES_MAX]


def _is_valid(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bytes_of(name: str) -> bytes:
    try:
        return name.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # not a byte that was escaped by Python, but a surrogate written as UTF-8
        return name.encode(errors="surrogatepass")


def _within(headers: Sequence[tuple[str, bytes]], room: int) -> tuple[tuple[str, bytes], ...]:
    """The headers, or as many of the smallest as fit, in their order: a large one pushes no id out."""
    if size_of(headers) <= room:
        return tuple(headers)
    kept: set[int] = set()
    for index in sorted(range(len(headers)), key=lambda index: size_of(headers[index : index + 1])):
        room -= size_of(headers[index : index + 1])
        if room < 0:
            break
        kept.add(index)
    return tuple(one for index, one in enumerate(headers) if index in kept)
