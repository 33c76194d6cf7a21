"""The languages that we can write, and which of them a locale gets."""

LANGUAGES = ("en", "de")


def language(locale: str) -> str:
    """The language for a locale such as `de_AT` or `en-GB`; English where we know no other."""
    spoken = locale.replace("_", "-").split("-")[0].lower()
    return spoken if spoken in LANGUAGES else LANGUAGES[0]
