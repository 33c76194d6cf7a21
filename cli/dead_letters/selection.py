"""Select the dead letters of a command, and group them by cause."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.console import EXIT_USAGE, fail
from cli.dead_letters.letter import Letter
from contracts.envelope import rfc3339

_SHORTEST = 4  # characters of an id that are enough to name a letter


@dataclass(frozen=True, slots=True)
class Choice:
    """Filters that must all hold; `everything`: also dead letters that were redriven or discarded."""

    service: str | None
    identifier: str | None
    cause: str | None
    stage: str | None
    error: str | None
    type: str | None
    everything: bool = False

    @property
    def filtered(self) -> bool:
        """Whether there are filters beside a service or an id."""
        return any((self.cause, self.stage, self.error, self.type))

    def of(self, known: Sequence[Letter]) -> list[Letter]:
        """Return the dead letters that pass, in the order given."""
        return [letter for letter in known if self._means(letter)]

    def _means(self, letter: Letter) -> bool:
        filters = (
            (self.service, letter.service),
            (self.stage, letter.story.get("stage")),
            (self.error, letter.story.get("error")),
            (self.type, letter.type),
        )
        return (
            all(wanted is None or wanted == found for wanted, found in filters)
            and (self.identifier is None or _is_called(letter, self.identifier))
            and (self.cause is None or self.cause.lower() in letter.cause.lower())
            and (self.everything or not letter.notes)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Letters with one cause: the same service, stage, error and type of message; oldest first."""

    service: str
    stage: str
    error: str
    type: str | None
    letters: tuple[Letter, ...]

    @property
    def oldest(self) -> datetime:
        """The time of the first."""
        return self.letters[0].record.timestamp

    @property
    def newest(self) -> datetime:
        """The time of the last."""
        return self.letters[-1].record.timestamp

    @property
    def message(self) -> str:
        """The message of the newest."""
        return self.letters[-1].story.get("message", "")

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "service": self.service,
            "stage": self.stage,
            "error": self.error,
            "type": self.type,
            "count": len(self.letters),
            "oldest": rfc3339(self.oldest),
            "newest": rfc3339(self.newest),
            "message": self.message,
            "ids": [letter.id for letter in self.letters],
        }


def groups(found: Iterable[Letter]) -> list[Group]:
    """Return the dead letters by their cause, the largest group first."""
    by_cause: dict[tuple[str, str, str, str | None], list[Letter]] = {}
    for letter in found:
        story = letter.story
        cause = (letter.service, story.get("stage", "?"), story.get("error", "?"), letter.type)
        by_cause.setdefault(cause, []).append(letter)
    made = [Group(*cause, tuple(letters)) for cause, letters in by_cause.items()]
    return sorted(made, key=lambda group: -len(group.letters))


def chosen(choice: Choice, everything: bool, known: Sequence[Letter]) -> list[Letter]:
    """Return the dead letters to act on; exit with 2 unless the choice is explicit."""
    if sum((bool(choice.identifier), choice.filtered, everything)) != 1:
        fail(
            "choose dead letters: --id ID, or --all, or some of --cause, --stage, --error, --type", EXIT_USAGE
        )
    return [one(known, choice.identifier)] if choice.identifier else choice.of(known)


def one(known: Sequence[Letter], identifier: str) -> Letter:
    """Return the dead letter of that id, of that command id, or whose id begins so; exit if there is none."""
    found = [letter for letter in known if _is_called(letter, identifier)]
    if not found:
        fail(f"there is no dead letter {identifier}")
    if len({letter.id for letter in found}) > 1 and identifier not in [letter.id for letter in found]:
        fail(
            f"{identifier} may be any of {len(found)} dead letters: {', '.join(item.id for item in found[:5])}",
            EXIT_USAGE,
        )
    return next((letter for letter in found if letter.id == identifier), found[-1])


def _is_called(letter: Letter, name: str) -> bool:
    abbreviated = len(name) >= _SHORTEST and letter.id.startswith(name.lower())
    return abbreviated or name in (letter.id, letter.ce_id)
