"""Places that a command, an event or an HTTP call needs, by the recipes of CONTRIBUTING.md.

A place is a set of files in which one of the thing's names must occur. A thing that needs no entry in a place is named
there with the reason, so leaving a place out is a decision that a reviewer sees.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.unit.documents.files import files, text


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with its own recipe. `names`: spellings of it in code, each a regular expression."""

    name: str
    names: tuple[str, ...]

    def occurs_in(self, source: str) -> bool:
        """Return whether one of the names occurs."""
        return any(re.search(name, source) for name in self.names)


@dataclass(frozen=True, slots=True)
class Place:
    """Files (patterns of git) in which each thing must occur; `needless`: things that need no entry, with the reason."""

    name: str
    patterns: tuple[str, ...]
    needless: Mapping[str, str] = field(default_factory=dict)

    def source(self) -> str:
        """Return the texts of this place's files, one after the other."""
        return "\n".join(text(path) for path in files(*self.patterns))


def read(places: Iterable[Place]) -> dict[str, str]:
    """Return the source of each place."""
    return {place.name: place.source() for place in places}


def missing(things: Iterable[Thing], places: Iterable[Place], sources: Mapping[str, str]) -> list[str]:
    """Return `thing: place` for each place in which a thing does not occur though it needs to."""
    places = tuple(places)
    return [
        f"{thing.name}: {place.name}"
        for thing in things
        for place in places
        if thing.name not in place.needless and not thing.occurs_in(sources[place.name])
    ]


def without(thing: Thing, place: Place, sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources as if the thing had been left out of one place."""
    lines = sources[place.name].splitlines()
    return {**sources, place.name: "\n".join(line for line in lines if not thing.occurs_in(line))}
