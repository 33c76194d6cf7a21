"""Search of people by the beginnings of words."""

import re
import unicodedata


def matches(text: str, *texts: str) -> bool:
    """Return whether each word of `text` is the beginning of a word of the others; accents do not count."""
    words = _words(" ".join(texts))
    return all(any(word.startswith(part) for word in words) for part in _words(text))


def plain(text: str) -> str:
    """Return text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", plain(text))
