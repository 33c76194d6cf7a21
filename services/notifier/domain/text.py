"""What others said, as it can be stored and shown."""


def one_line(text: str, longest: int = 300) -> str:
    """One line of it: without control characters and half surrogate pairs, of which PostgreSQL would refuse some."""
    return "".join(one if one.isprintable() else " " for one in text[:longest]).strip()
