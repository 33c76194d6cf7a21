"""SSE ids: the offsets up to which a topic was read when an event was sent."""

_MAX = 2**63


def encode(offsets: list[int]) -> str:
    """Return the next offset of each partition, in order, such as `12.0.7`."""
    return ".".join(map(str, offsets))


def decode(text: str, partitions: int) -> list[int] | None:
    """Return the offsets of so many partitions, or None if the text is no vector of theirs.

    A vector with fewer offsets is from before partitions were added: its reader has seen nothing of the new
    ones.
    """
    parts = text.split(".")
    if len(parts) > partitions or not all(
        part.isascii() and part.isdigit() and len(part) < 20 for part in parts
    ):
        return None
    offsets = [int(part) for part in parts]
    if not all(offset < _MAX for offset in offsets):
        return None
    return offsets + [0] * (partitions - len(offsets))
