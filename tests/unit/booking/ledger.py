"""What booking keeps between batches, in memory: a batch sees of it only what the store would load."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.booking.domain.decide import decide
from services.booking.domain.free_time.occupancy import Busy, freed_and_taken, needed
from services.booking.domain.free_time.reach import surroundings, widened
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book, Sought
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.decision import Decision
from services.booking.domain.model.diary import BusyTimes, Diary, Hold, Hours
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.times import Period
from services.booking.domain.series.expansion import created, expanded
from tests.unit.booking.builders import PEOPLE

Asked = Sequence[tuple[commands.Command, datetime]]


class Ledger:
    """Appointments, series, occupied time, hours, holds and time elsewhere."""

    def __init__(self) -> None:
        self.appointments: dict[UUID, Appointment] = {}
        self.series: dict[UUID, Series] = {}
        self.occupied: set[Busy] = set()
        self.hours: dict[UUID, Hours] = {}
        self.elsewhere: dict[UUID, BusyTimes] = {}
        self.holds: dict[UUID, Hold] = {}

    def decide(self, batch: Asked) -> list[Decision]:
        """Decide a batch the way the handler does, and keep what it changed."""
        book = self.book(batch, {})
        decisions = [decide(command, book, at) for command, at in batch]
        if book.sought:
            book = self.book(batch, book.sought)
            decisions = [decide(command, book, at) for command, at in batch]
        self._save(book)
        return decisions

    def book(self, batch: Asked, sought: dict[UUID, Sought]) -> Book:
        """Only what the commands need, as the store finds it."""
        asked = [command for command, _ in batch]
        within = min(at for _, at in batch), max(at for _, at in batch)
        asked += [
            *created(asked, PEOPLE, within[1]),
            *expanded(asked, self.appointments, self.series, *within),
        ]
        ranges = widened(needed(asked, self.appointments, PEOPLE), self.hours, asked)
        around = surroundings(sought.values())
        importing = {item.actor.user for item in asked if isinstance(item, commands.ImportBusyTimes)}
        diary = Diary(
            self.hours.values(),
            {user: self._elsewhere(user, ranges | around, user in importing) for user in self.elsewhere},
            self.holds.values(),
        )
        occupied = [
            (busy.user_id, Entry(busy.start, busy.end, busy.appointment_id))
            for busy in self.occupied
            if _touches(busy.user_id, Period(busy.start, busy.end), ranges | around)
        ]
        return Book(
            self.appointments.values(),
            PEOPLE,
            {},
            occupied,
            diary=diary,
            surrounded=sought,
            series=self.series.values(),
        )

    def _elsewhere(self, user: UUID, ranges: set[tuple[UUID, Period]], whole: bool) -> BusyTimes:
        known = self.elsewhere[user]
        seen = {
            uid: Period(*when)
            for uid, when in known.ranges.items()
            if whole or _touches(user, Period(*when), ranges)
        }
        return BusyTimes(known.version, seen)

    def _save(self, book: Book) -> None:
        changed = book.take_changed()
        freed, taken = freed_and_taken(changed)
        self.occupied = (self.occupied - set(freed)) | set(taken)
        self.appointments |= {change.after.id: change.after for change in changed}
        self.series |= {one.id: one for one in book.take_series()}
        noted = book.diary.take_noted()
        if noted is None:
            return
        self.hours |= noted.hours
        for user, (_, touched) in noted.touched.items():
            before = self.elsewhere.get(user, BusyTimes())
            ranges = {uid: when for uid, when in before.ranges.items() if uid not in touched}
            after = noted.elsewhere[user]
            ranges |= {uid: when for uid, when in after.ranges.items() if uid in touched}
            self.elsewhere[user] = BusyTimes(after.version, ranges)
        self.holds |= noted.placed
        for identifier in noted.ended:
            del self.holds[identifier]


def _touches(user: UUID, when: Period, ranges: set[tuple[UUID, Period]]) -> bool:
    return any(
        user == other and when.start < wanted.end and wanted.start < when.end for other, wanted in ranges
    )


def at_once(asked: commands.Command, at: datetime, ledger: Ledger | None = None) -> Decision:
    """Decide one command as a batch of its own."""
    [decision] = (ledger or Ledger()).decide([(asked, at)])
    return decision
