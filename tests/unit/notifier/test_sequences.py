"""Any sequence of changes, wishes, reminders and time, read late and twice: what goes out, goes out rightly.

No reminder when the cancellation is known, or of a start that is not true any more; nothing twice; nothing normal in
quiet hours that could have waited. The rules are those of reminders and notifier; their tables are dictionaries here.
"""

from dataclasses import replace
from datetime import time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from contracts.envelope import Record
from notifications.preferences import NO_RULES, NOTHING_SAID, Preferences, QuietHours
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.model import OPEN, Appointment, Change, Event, Reminder
from services.notifier.domain.staleness import Current
from services.notifier.messages.events import Happened
from services.notifier.planning import deliveries
from services.notifier.sending.completion import Ended
from services.notifier.sending.conclusion import checked, result_of
from services.notifier.store.checked import Checked
from services.notifier.store.queue import Held
from services.reminders.domain import appointment as reminded
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.endings import Course, Waits
from services.reminders.domain.schedule import UNKNOWN, advance
from services.reminders.domain.timers import REMINDER, Timer
from tests.support.examples import examples
from tests.unit.notifier.builders import ANNA, BEN, CLEO, PEOPLE, an_appointment, someone, utc

SATURDAY_NOON = utc(2028, 3, 25, 11)  # in Berlin; the clocks change in the night after
LEADS = PreferencesInForce({"email": (1440, 60), "in_app": (1440, 60, 0)})
RECORD = Record("booking.events", 0, 0, SATURDAY_NOON, None, None)
WISHES = st.builds(
    Preferences,
    timezone=st.sampled_from([None, "Europe/Berlin", "Asia/Tokyo"]),
    channels=st.sampled_from([{}, {"sms": True}, {"email": False}]),
    quiet_hours=st.sampled_from([QuietHours(time(22), time(7)), QuietHours(time(9), time(17)), None]),
    says_quiet_hours=st.just(True),
    version=st.just(1),
)


class OneAppointment(RuleBasedStateMachine):
    """From its creation to its end. `log`: booking's events; `fired`: what reminders has published of its timers."""

    def __init__(self) -> None:
        super().__init__()
        self.now = SATURDAY_NOON
        self.own: dict[UUID, Preferences] = {}
        self.log: list[Event] = []
        self.fired: list[Reminder] = []
        self.schedule = UNKNOWN
        self.scheduled = 0  # of the log, read by reminders
        self.told = 0  # of the log, read by the notifier
        self.reminded = 0  # of what has fired, read by the notifier
        self.known: Appointment | None = None
        self.moved_in = 0
        self.planned: set[UUID] = set()
        self.open: dict[UUID, Checked] = {}
        self.ended: dict[UUID, str] = {}
        start = self.now + timedelta(hours=25)
        self._append("created", an_appointment(version=1, start=start, end=start + timedelta(hours=1)))

    # --- what people do ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> Appointment:
        return self.log[-1].appointment

    def _append(self, kind: str, state: Appointment, *changes: Change) -> None:
        identifier = someone(f"event {len(self.log)}")
        self.log.append(Event(identifier, f"appointment.{kind}", self.now, str(ANNA), state, changes, PEOPLE))

    @precondition(lambda self: self.state.status in OPEN)
    @rule(data=st.data(), kind=st.sampled_from(["rescheduled", "declined", "updated", "cancelled"]))
    def change(self, data: st.DataObject, kind: str) -> None:
        old = self.state
        new: dict[str, Any] = {"version": old.version + 1}
        changes: list[Change] = []
        match kind:
            case "rescheduled":
                start = self.now + timedelta(hours=data.draw(st.integers(1, 30)))
                new |= {"start": start, "end": start + timedelta(hours=1)}
                changes = [Change("start_time", old.start.isoformat(), start.isoformat())]
            case "declined":
                kind = "participant_declined"
                new["answers"] = {**old.answers, data.draw(st.sampled_from([BEN, CLEO])): "declined"}
            case "updated":
                changes = [Change("location", old.location, f"Room {old.version}")]
                new["location"] = f"Room {old.version}"
            case "cancelled":
                new["status"] = kind
        self._append(kind, replace(old, **new), *changes)

    @rule(person=st.sampled_from([ANNA, BEN]), own=WISHES)
    def prefer(self, person: UUID, own: Preferences) -> None:
        """Set preferences; `call` checks every open delivery again, these held ones among them."""
        self.own[person] = own

    @rule(minutes=st.sampled_from([5, 55, 240, 600, 1380]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- what the services do ---------------------------------------------------------------------------------------

    @rule(events=st.integers(0, 3))
    def reminders_works(self, events: int) -> None:
        """Read so many events, then fire what is due."""
        for event in self.log[self.scheduled : self.scheduled + events]:
            course = Course(event.appointment.status, frozenset(), event.at)
            after = advance(self.schedule, _reminded(event), course, LEADS, Waits())
            assert after is not None
            self.schedule = after
            self.scheduled += 1
        published = {one.id for one in self.fired}
        for timer in self.schedule.timers.values():
            if timer.kind == REMINDER and timer.due_at <= self.now and timer.id not in published:
                self._fire(timer)

    def _fire(self, timer: Timer) -> None:
        if timer.is_still_useful(self.now):
            state, channels = self.log[self.scheduled - 1].appointment, frozenset(timer.channels)
            self.fired.append(Reminder(timer.id, self.now, timer.recipient_id, channels, state, PEOPLE))

    @rule(events=st.integers(0, 3), reminders=st.integers(0, 9), again=st.integers(0, 2))
    def notifier_reads(self, events: int, reminders: int, again: int) -> None:
        """So many of each, and after a crash a few of those before them once more."""
        for event in self.log[max(0, self.told - again) : self.told + events]:
            [seen] = deliveries.seen([event])
            if self.known is None or seen.version > self.known.version:
                self.known = event.appointment
                self.moved_in = max(self.moved_in, seen.moved_in)
            self._plan(event)
        for reminder in self.fired[max(0, self.reminded - again) : self.reminded + reminders]:
            self._plan(reminder)
        self.told = min(len(self.log), self.told + events)
        self.reminded = min(len(self.fired), self.reminded + reminders)

    def _plan(self, source: Event | Reminder) -> None:
        if source.id in self.planned:
            return
        self.planned.add(source.id)
        happened = Happened(source, "", None, None)
        for delivery, body in deliveries.planned(RECORD, happened, self.own, {}, self.now, "https://hub"):
            assert delivery.id not in self.open.keys() | self.ended.keys(), "planned twice"
            self.open[delivery.id] = Checked(delivery, body, None, NOTHING_SAID, NO_RULES)

    @rule(order=st.integers(0, 99), failing=st.floats(0, 1))
    def call(self, order: int, failing: float) -> None:
        """For everything that is open, in any order; a share of the calls fails and is left for later."""
        chance = Random(order)
        for identifier in chance.sample(sorted(self.open), len(self.open)):
            self._attempt(identifier, fails=chance.random() < failing)

    def _attempt(self, identifier: UUID, fails: bool) -> None:
        person = self.open[identifier].delivery.recipient_id
        looked = replace(
            self.open[identifier],
            current=self._current(person),
            own=self.own.get(person, NOTHING_SAID),
        )
        found = checked(looked, self.now)
        match looked if isinstance(found, Checked) else result_of(looked, found):
            case Held(delivery):
                self.open[identifier] = replace(looked, delivery=delivery)
                assert delivery.held_until
                assert self.now < delivery.held_until < max(delivery.starts_at, delivery.expires_at)
            case Ended(delivery):
                assert delivery.state == "expired", delivery.reason
                self.ended[identifier] = delivery.state
                del self.open[identifier]
            case Checked() if not fails:
                self._check(looked)
                self.ended[identifier] = "sent"
                del self.open[identifier]

    def _current(self, person: UUID) -> Current | None:
        known = self.known
        if known is None:
            return None
        return Current(known.version, self.moved_in, known.status, known.end, person in _involved(known))

    # --- what must hold of what goes out ----------------------------------------------------------------------------

    def _check(self, looked: Checked) -> None:
        delivery = looked.delivery
        assert self.now < delivery.expires_at
        if delivery.type == "appointment_reminder" and self.known:
            assert self.known.status != "cancelled", "a reminder after the cancellation"
            assert delivery.recipient_id in _involved(self.known), "a reminder to who is not there"
            if delivery.version < self.known.version:
                assert delivery.starts_at == self.known.start, "a reminder of another start"
        if delivery.priority == "normal" and delivery.channel != "in_app":
            assert not self._could_wait(delivery, looked.own), "in quiet hours"

    def _could_wait(self, delivery: Delivery, own: Preferences) -> bool:
        """Whether it is quiet now, and will not be at some minute at which the message is still of use."""
        quiet = own.quiet_hours
        place = ZoneInfo(own.timezone or PEOPLE[delivery.recipient_id].timezone)
        if quiet is None or not _is_quiet(quiet, self.now.astimezone(place).time()):
            return False
        of_use = delivery.starts_at if self.now < delivery.starts_at else delivery.expires_at
        minutes = range(int((of_use - self.now) / timedelta(minutes=1)))
        return any(
            not _is_quiet(quiet, (self.now + timedelta(minutes=minute)).astimezone(place).time())
            for minute in minutes
        )

    def teardown(self) -> None:
        """Everybody reads to the end, and time goes on: everything comes to an end."""
        for _ in range(6):
            self.reminders_works(len(self.log))
            self.notifier_reads(len(self.log), len(self.fired), 1)
            self.call(0, 0)
            self.now += timedelta(hours=12)
        assert not self.open


def _involved(state: Appointment) -> tuple[UUID, ...]:
    stay = [person for person, answer in state.answers.items() if answer != "declined"]
    return (state.organizer_id, *stay)


def _reminded(event: Event) -> reminded.Appointment:
    """As reminders sees it."""
    state = event.appointment
    return reminded.Appointment(
        id=state.id,
        organization_id=state.organization_id,
        version=state.version,
        start=state.start,
        end=state.end,
        zone=ZoneInfo(state.timezone),
        open=state.status in OPEN,
        recipients=_involved(state),
        own_lead_times={},
        decided_at=event.at,
    )


def _is_quiet(quiet: QuietHours, clock: time) -> bool:
    if quiet.end < quiet.start:
        return clock >= quiet.start or clock < quiet.end
    return quiet.start <= clock < quiet.end


TestOneAppointment = OneAppointment.TestCase
TestOneAppointment.settings = settings(max_examples=examples(300), stateful_step_count=30, deadline=None)
