"""A case: one command to decide, with everything that a rule needs to decide it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.people import Person

C = TypeVar("C", bound=Command, covariant=True)
D = TypeVar("D", bound=Command)


@dataclass(frozen=True, slots=True)
class Case(Generic[C]):
    """A command, the member who acts (None only for a service), the book, and the instant of the decision
    (UTC).
    """

    command: C
    member: Person | None
    book: Book
    at: datetime

    @property
    def person(self) -> Person:
        """The member who acts; a ValueError where a service does, which rules for people never see."""
        if self.member is None:
            raise ValueError(f"{type(self.command).__name__} has no member")
        return self.member

    def of(self, command: D) -> "Case[D]":
        """The case of another command by the same actor at the same time."""
        return Case(command, self.member, self.book, self.at)
