"""Timers: one for each recipient and lead time of an appointment at its present start."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from notifications.preferences import NOTHING_SAID
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import PreferencesInForce, channels_by_lead
from services.reminders.domain.due import AFTERWARDS_GRACE, due_at, is_still_useful

# uuid5(NAMESPACE_DNS, "reminders.appointments"): fixed for ever, because ids of timers are ids of events.
NAMESPACE = UUID("f6b182aa-15d5-54df-beb4-ecd6b156fb75")
REMINDER, NO_SHOW, COMPLETION, FOLLOW_UP = "reminder", "no_show", "completion", "follow_up"


@dataclass(frozen=True, slots=True)
class Timer:
    """One future message. A change of `channels` does not make another timer; `due_at` and `start` are UTC.

    `start`: for a reminder the start of the appointment, for its closing the end, for a follow-up the
    completion. `recipient_id`: the organizer's for a closing. `handed`: a Communication Service sends it, so
    firing publishes nothing.
    """

    id: UUID
    appointment_id: UUID
    recipient_id: UUID
    lead_minutes: int
    start: datetime
    due_at: datetime
    channels: tuple[str, ...]
    kind: str = REMINDER
    handed: bool = field(default=False, compare=False)

    def is_still_useful(self, now: datetime) -> bool:
        """Return whether a timer that has not fired until `now` should still fire."""
        if self.kind != REMINDER:
            return now <= self.due_at + AFTERWARDS_GRACE
        return is_still_useful(self.due_at, self.lead_minutes, self.start, now)


Timers = Mapping[UUID, Timer]


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes that turn stored timers into the wanted ones; `gone` and `altered` apply to pending timers
    only.
    """

    gone: tuple[UUID, ...]
    new: tuple[Timer, ...]
    altered: tuple[Timer, ...]


def timer_id(
    appointment: UUID, recipient: UUID, lead_minutes: int, start: datetime, kind: str = REMINDER
) -> UUID:
    """Return the id of a timer, which is also its message's id; another start makes another timer."""
    return uuid5(
        NAMESPACE, f"{appointment}|{kind}|{recipient}|{lead_minutes}|{start.astimezone(UTC).isoformat()}"
    )


def wanted(
    appointment: Appointment, in_force: PreferencesInForce, people: Iterable[UUID] | None = None
) -> Iterator[Timer]:
    """Yield every timer of the appointment, past or not; `people`: for these recipients only."""
    if not appointment.open:
        return
    recipients = (
        appointment.recipients if people is None else set(people).intersection(appointment.recipients)
    )
    organization = in_force.of_organization(appointment.organization_id)
    # Nearly all people have set no preferences, and share their lead times.
    default: dict[int, tuple[str, ...]] | None = None
    due: dict[int, datetime] = {}
    for person in recipients:
        own = in_force.of_person(person)
        if own is not NOTHING_SAID:
            leads = channels_by_lead(own, organization, appointment.own_lead_times, in_force.defaults)
        elif default is None:
            leads = default = channels_by_lead(
                own, organization, appointment.own_lead_times, in_force.defaults
            )
        else:
            leads = default
        for lead, channels in leads.items():
            if lead not in due:
                due[lead] = due_at(appointment.start, lead, appointment.zone)
            identity = timer_id(appointment.id, person, lead, appointment.start)
            yield Timer(identity, appointment.id, person, lead, appointment.start, due[lead], channels)


def plan(appointment: Appointment, in_force: PreferencesInForce, now: datetime) -> dict[UUID, Timer]:
    """Return the timers of an appointment created or moved at `now`: a lead that is past makes none."""
    return replan(appointment, in_force, {}, now)


def replan(
    appointment: Appointment,
    in_force: PreferencesInForce,
    existing: Timers,
    now: datetime,
    people: Iterable[UUID] | None = None,
) -> dict[UUID, Timer]:
    """Return the timers after a change at `now`; `existing` are the pending ones.

    Timers due later are planned. A timer due already stays if it was pending for that very instant (it is
    about to fire) and is never created. A new start makes new ids, so no timer of the old start stays.
    """
    return {
        timer.id: timer
        for timer in wanted(appointment, in_force, people)
        if timer.due_at > now or _is_pending(timer, existing)
    }


def changes(before: Timers, after: Timers, now: datetime) -> Changes:
    """Return the changes to save. `now`: the present; timers that are no longer useful, as in a replay, are
    left out.
    """
    new = (timer for identity, timer in after.items() if identity not in before)
    return Changes(
        gone=tuple(before.keys() - after.keys()),
        new=tuple(t for t in new if t.is_still_useful(now)),
        altered=tuple(t for identity, t in after.items() if identity in before and before[identity] != t),
    )


def _is_pending(timer: Timer, existing: Timers) -> bool:
    known = existing.get(timer.id)
    return known is not None and known.due_at == timer.due_at
