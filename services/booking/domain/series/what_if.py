"""Calendars rearranged for a while, to decide several appointments as one before any takes effect."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book


class Trial:
    """Within it, `lifted` appointments occupy nothing and those that are laid down do; afterwards all is as
    it was.
    """

    def __init__(self, book: Book, lifted: Iterable[Appointment] = ()) -> None:
        self._book = book
        self._lifted = list(lifted)
        self._laid: list[Appointment] = []

    def lay(self, appointment: Appointment) -> None:
        """Let this appointment take its people's time, for those that are decided after it."""
        self._book.occupy(appointment)
        self._laid.append(appointment)

    def __enter__(self) -> Self:
        for appointment in self._lifted:
            self._book.free(appointment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for appointment in self._laid:
            self._book.free(appointment)
        for appointment in self._lifted:
            self._book.occupy(appointment)
