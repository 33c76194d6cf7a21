"""The state that booking keeps between batches, in memory: a batch sees of it only what its commands state as needs."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.booking.domain.batch import Item, decide_batch
from services.booking.domain.decide import needs_of, time_needs_of
from services.booking.domain.free_time.occupancy import Busy, freed_and_taken, needed
from services.booking.domain.free_time.reach import surroundings, widened
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Announced, Beside, Book, Sought
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.decision import Decision
from services.booking.domain.model.diary import BusyTimes, Diary, Hold, Hours
from services.booking.domain.model.feed import Feed, Feeds
from services.booking.domain.model.needs import AllNeeds, Known
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.subscriptions import AllSubscriptions, Subscriptions
from services.booking.domain.model.times import Period
from services.booking.domain.series.expansion import created, expanded
from services.booking.domain.series.weight import whole_series
from tests.unit.booking.builders import PEOPLE

Asked = Sequence[tuple[commands.Command, datetime]]
Ranges = set[tuple[UUID, Period]]


class Ledger:
    """Appointments, series, occupied time, availability, busy times, holds, feeds, subscribed calendars, announcements."""

    def __init__(self) -> None:
        self.appointments: dict[UUID, Appointment] = {}
        self.series: dict[UUID, Series] = {}
        self.occupied: set[Busy] = set()
        self.hours: dict[UUID, Hours] = {}
        self.elsewhere: dict[UUID, BusyTimes] = {}
        self.holds: dict[UUID, Hold] = {}
        self.feeds: dict[UUID, Feed] = {}
        self.subscriptions: dict[UUID, Subscriptions] = {}
        self.announced: dict[UUID, Sequence[Announced]] = {}

    def decide(self, batch: Asked) -> list[Decision]:
        """Decide a batch the way the handler does, and keep its changes."""
        items = [Item(UUID(int=number), "", command, at) for number, (command, at) in enumerate(batch)]
        decided = asyncio.run(decide_batch(items, (), self._load))
        self._save(decided.book)
        return list(decided.decisions.values())

    async def _load(self, asked: Sequence[commands.Command], within: Period, earlier: Book | None) -> Book:
        return self.book(asked, within, earlier.sought if earlier else {})

    def book(self, asked: Sequence[commands.Command], within: Period, sought: Mapping[UUID, Sought]) -> Book:
        """Only the state that the commands need, as the store finds it."""
        needs = needs_of(asked)
        actors = {command.actor.user for command in asked}
        people = {user: one for user, one in PEOPLE.items() if user in needs.people | actors}
        new = list(created(asked, people, within.end))
        named = needs.appointments | {command.appointment_id for command in new}
        found = {one: self.appointments[one] for one in named if one in self.appointments}
        whole = whole_series(asked, found) | needs.series
        found |= {one.id: one for one in self.appointments.values() if one.series_id in whole}
        series = {one: self.series[one] for one in whole if one in self.series}
        every = [*asked, *new, *expanded(asked, found, series, *within)]
        ranges = needed(time_needs_of(every, Known(found, people)), found)
        near = {user for user, _ in ranges} | needs.availability.keys()
        hours = {user: one for user, one in self.hours.items() if user in near}
        ranges = widened(ranges, hours, needs.availability) | surroundings(sought.values())
        occupied = [
            (busy.user_id, Entry(busy.start, busy.end, busy.appointment_id))
            for busy in self.occupied
            if _touches(busy.user_id, Period(busy.start, busy.end), ranges)
        ]
        found |= {entry.appointment_id: self.appointments[entry.appointment_id] for _, entry in occupied}
        beside = Beside(
            PEOPLE,
            {one: when for one, when in self.announced.items() if one in needs.announcements},
            self._diary(needs, hours, ranges),
            sought,
            series.values(),
            Feeds(feed for user, feed in self.feeds.items() if user in needs.feeds),
            self._subscriptions(needs),
        )
        return Book(found.values(), people, occupied, beside)

    def _subscriptions(self, needs: AllNeeds) -> AllSubscriptions:
        found = [one for user, one in self.subscriptions.items() if user in needs.subscriptions]
        counts: Counter[UUID] = Counter()
        for one in self.subscriptions.values():
            counts[one.organization_id] += len(one.items)
        return AllSubscriptions(found, counts if needs.subscriptions else None)

    def _diary(self, needs: AllNeeds, hours: Mapping[UUID, Hours], ranges: Ranges) -> Diary:
        elsewhere = {user: self._elsewhere(user, ranges, user in needs.busy_times) for user in self.elsewhere}
        holds = [
            hold
            for hold in self.holds.values()
            if hold.id in needs.holds
            or hold.owner_id in needs.hold_owners
            or any(_touches(user, Period(hold.start, hold.end), ranges) for user in hold.user_ids)
        ]
        return Diary(hours.values(), {user: one for user, one in elsewhere.items() if one}, holds)

    def _elsewhere(self, user: UUID, ranges: Ranges, whole: bool) -> BusyTimes | None:
        known = self.elsewhere[user]
        seen = {
            uid: Period(*when)
            for uid, when in known.ranges.items()
            if whole or _touches(user, Period(*when), ranges)
        }
        sources = {uid: source for uid, source in known.sources.items() if uid in seen}
        return BusyTimes(known.version if whole else 0, seen, sources) if whole or seen else None

    def _save(self, book: Book) -> None:
        changes = book.take_changes()
        freed, taken = freed_and_taken(changes.appointments)
        self.occupied = (self.occupied - set(freed)) | set(taken)
        self.appointments |= {change.after.id: change.after for change in changes.appointments}
        self.series |= {one.id: one for one in changes.series}
        self.feeds |= {feed.user_id: feed for feed in changes.feeds}
        self.subscriptions |= {one.user_id: one for one in changes.subscriptions}
        self.announced |= changes.announced
        noted = changes.diary
        if noted is None:
            return
        self.hours |= noted.hours
        for user, (_, touched) in noted.touched.items():
            before = self.elsewhere.get(user, BusyTimes())
            ranges = {uid: when for uid, when in before.ranges.items() if uid not in touched}
            after = noted.elsewhere[user]
            ranges |= {uid: when for uid, when in after.ranges.items() if uid in touched}
            sources = {uid: after.source(uid) if uid in touched else before.source(uid) for uid in ranges}
            self.elsewhere[user] = BusyTimes(
                after.version, ranges, {u: of for u, of in sources.items() if of}
            )
        self.holds |= noted.placed
        for identifier in noted.ended:
            del self.holds[identifier]


def _touches(user: UUID, when: Period, ranges: Ranges) -> bool:
    return any(
        user == other and when.start < wanted.end and wanted.start < when.end for other, wanted in ranges
    )


def at_once(asked: commands.Command, at: datetime, ledger: Ledger | None = None) -> Decision:
    """Decide one command as a batch of its own."""
    [decision] = (ledger or Ledger()).decide([(asked, at)])
    return decision
