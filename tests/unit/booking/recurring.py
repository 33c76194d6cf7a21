"""Series to decide about: made by commands, as in life."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.booking.domain.decide import decide
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.decision import AcceptedMany, Decision
from services.booking.domain.model.recurring_series import Series
from tests.unit.booking.builders import ANNA, NOW, ORG, PEOPLE, a_create, by

WEEK = timedelta(weeks=1)


def a_pattern(rrule: str | None = "FREQ=WEEKLY;COUNT=4", **different: Any) -> commands.Pattern:
    """Four weeks unless told otherwise."""
    sent = {"rrule": rrule} if rrule else {}
    return replace(commands.Pattern(rrule, None, 1, None, None, None, (), (), sent), **different)


def a_series(
    who: UUID = ANNA, rrule: str | None = "FREQ=WEEKLY;COUNT=4", **different: Any
) -> commands.Create:
    """ANNA's Mondays at nine (UTC; ten in Berlin) with BEN."""
    pattern = different.pop("pattern", None) or a_pattern(rrule)
    return a_create(who, pattern=pattern, **different)


def settled(decision: Decision) -> AcceptedMany:
    """The decision, which must have settled several things."""
    assert isinstance(decision, AcceptedMany), decision
    return decision


class Diary:
    """A book in which commands are decided one after the other, some time apart."""

    def __init__(self, *commands: commands.Command, at: datetime = NOW) -> None:
        self.book = Book((), PEOPLE)
        self.at = at
        self.number = 0
        for command in commands:
            self.do(command)

    def do(self, command: commands.Command) -> Decision:
        """Decide it."""
        return decide(command, self.book, self.at)

    def ask(
        self, kind: type[commands.ToAppointment], about: Appointment, who: UUID | str = ANNA, **fields: Any
    ) -> Decision:
        """A command to an appointment."""
        self.number += 1
        if kind is commands.Update:
            fields.setdefault("content", {})
        return self.do(
            kind(
                id=uuid5(UUID(int=0xAB), str(self.number)),
                organization=ORG,
                actor=by(who),
                appointment_id=about.id,
                **fields,
            )
        )

    def all(self) -> list[Appointment]:
        """Every occurrence of every series, by its start by the pattern."""
        found = [item for item in self.book._now.values() if item.series_id]
        return sorted(found, key=lambda item: (str(item.series_id), item.original_start or item.start))

    def series(self) -> Series:
        """The only series."""
        [series] = self.book._series.values()
        return series
