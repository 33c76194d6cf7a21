"""A batch of commands: load what they need, decide them in order, and look once more around refused times."""

from collections import Counter
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from services.booking.domain.decide import decide
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Accepted, Decision, Refusal
from services.booking.domain.model.times import Period

Load: TypeAlias = Callable[[Sequence[Command], Period, Book | None], Awaitable[Book]]
"""Load a book for these commands, decided within the period; an earlier book has noted the time that is sought."""


class Item(NamedTuple):
    """A record of a batch: the command's key and type, the command or why it cannot be carried out, and its
    time (UTC).
    """

    key: UUID
    type: str
    command: Command | Refusal
    at: datetime


@dataclass
class Tally:
    """The number of commands by type, outcome and code, and the records that came by another partition than
    theirs.
    """

    commands: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    misrouted: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision about each command that had none, by key and in order, and the book as it stands after
    them.
    """

    decisions: dict[UUID, Decision]
    book: Book
    tally: Tally


async def decide_batch(items: Sequence[Item], known: Container[UUID], load: Load) -> Decided:
    """Decide the commands in order; those whose key is `known`, or came before in the batch, are not decided
    again.

    Where the decisions ask for the time around refused commands, everything is decided again from a book that
    has it.
    """
    new = _new(items, known)
    times = [item.at for item in items]
    within = Period(min(times), max(times))
    commands = [item.command for item in new if not isinstance(item.command, Refusal)]
    book = await load(commands, within, None)
    decisions = _decide_all(new, book)
    if book.sought:
        book = await load(commands, within, book)
        decisions = _decide_all(new, book)
    return Decided(decisions, book, _tally(items, decisions))


def outcome_of(decision: Decision) -> tuple[str, str]:
    """Return the outcome (accepted, unchanged, refused) and the code as the metric has them."""
    if isinstance(decision, Refusal):
        return "refused", decision.code.value
    if isinstance(decision, Accepted):
        return "accepted" if decision.event else "unchanged", ""
    return "accepted" if decision.steps or decision.happened else "unchanged", ""


def _new(items: Sequence[Item], known: Container[UUID]) -> list[Item]:
    found: dict[UUID, Item] = {}
    for item in items:
        if item.key not in known:
            found.setdefault(item.key, item)
    return list(found.values())


def _decide_all(items: Sequence[Item], book: Book) -> dict[UUID, Decision]:
    return {
        item.key: item.command if isinstance(item.command, Refusal) else decide(item.command, book, item.at)
        for item in items
    }


def _tally(items: Sequence[Item], decisions: dict[UUID, Decision]) -> Tally:
    tally, first = Tally(), dict(decisions)
    for item in items:
        decision = first.pop(item.key, None)
        outcome = outcome_of(decision) if decision is not None else ("repeated", "")
        tally.commands[item.type, *outcome] += 1
    return tally
