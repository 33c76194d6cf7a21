"""The version of the time zone database that this process uses."""

import zoneinfo
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def version() -> str:
    """Return the version, such as `2026c`; empty if none is known."""
    for folder in zoneinfo.TZPATH:
        found = _of_folder(Path(folder))
        if found:
            return found
    try:
        year, _, number = metadata.version("tzdata").partition(".")
    except metadata.PackageNotFoundError:
        return ""
    return f"{year}{chr(ord('a') + int(number) - 1)}" if number.isdigit() else year


def _of_folder(folder: Path) -> str:
    for name, prefix in (("tzdata.zi", "# version "), ("+VERSION", "")):
        file = folder / name
        if file.is_file():
            with file.open() as lines:
                return lines.readline().removeprefix(prefix).strip()
    return ""
