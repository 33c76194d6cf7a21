"""SSE ids: how far each partition of a topic was read when an event went out."""

_MAX = 2**63


def encode(offsets: list[int]) -> str:
    """`12.0.7`: the next offset of each partition, in order."""
    return ".".join(map(str, offsets))


def decode(text: str, partitions: int) -> list[int] | None:
    """The offsets of so many partitions, or None if this is no vector of theirs.

    A vector of fewer is from before the topic was given more: of the new partitions its reader has seen nothing.
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
