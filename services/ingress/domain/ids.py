"""Ids of commands: the same request with the same Idempotency-Key is the same command."""

from uuid import UUID, uuid5

KEY_MAX = 255


def command_id(caller: UUID, method: str, path: str, key: str) -> UUID:
    """Return the uuid5 of caller, method, path (without its trailing slash) and Idempotency-Key."""
    return uuid5(caller, f"{method} {path} {key}")


def usable_key(key: str) -> bool:
    """Return whether an Idempotency-Key is 1 to 255 printable ASCII characters."""
    return 0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable()


def expected_version(if_match: str | None, least: int = 1) -> int | None:
    """Return the version of an If-Match header; None without one or for `*`. Raises ValueError if
    unreadable.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise ValueError('If-Match must be * or a version as the ETag has it, such as "3"')
    return int(text)
