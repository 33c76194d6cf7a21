"""Text from outside, made safe to store and to show."""


def one_line(text: str, longest: int = 300) -> str:
    """Return one line without control characters and lone surrogates, some of which PostgreSQL rejects."""
    return "".join(one if one.isprintable() else " " for one in text[:longest]).strip()
