"""Timers: one for each recipient and lead time of an appointment at its present start."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from notifications.preferences import NOTHING_SAID
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import Wishes, channels_by_lead
from services.reminders.domain.due import AFTERWARDS_GRACE, due_at, is_still_useful

# uuid5(NAMESPACE_DNS, "reminders.appointments"): fixed for ever, because ids of timers are ids of events.
NAMESPACE = UUID("f6b182aa-15d5-54df-beb4-ecd6b156fb75")
REMINDER, NO_SHOW, COMPLETION, FOLLOW_UP = "reminder", "no_show", "completion", "follow_up"


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to come. `channels` may change without making it another timer; `due_at` and `start` are UTC.

    `start`: of the appointment, for a reminder; its end, where that is waited for; for a follow-up the completion. What is
    not for a recipient has the organizer's id. `handed`: the Communication Service sends it by itself.
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
        """Whether what was not said until `now` should still be."""
        if self.kind != REMINDER:
            return now <= self.due_at + AFTERWARDS_GRACE
        return is_still_useful(self.due_at, self.lead_minutes, self.start, now)


Timers = Mapping[UUID, Timer]


@dataclass(frozen=True, slots=True)
class Changes:
    """How stored timers become the wanted ones; of `gone` and `altered` only what has not fired."""

    gone: tuple[UUID, ...]
    new: tuple[Timer, ...]
    altered: tuple[Timer, ...]


def timer_id(
    appointment: UUID, recipient: UUID, lead_minutes: int, start: datetime, kind: str = REMINDER
) -> UUID:
    """The identity of a timer, and of the message that it becomes: moved to another start it is another timer."""
    return uuid5(
        NAMESPACE, f"{appointment}|{kind}|{recipient}|{lead_minutes}|{start.astimezone(UTC).isoformat()}"
    )


def wanted(appointment: Appointment, wishes: Wishes, people: Iterable[UUID] | None = None) -> Iterator[Timer]:
    """Every timer that the appointment asks for, past or not; for `people` only, where given."""
    if not appointment.open:
        return
    asked = appointment.recipients if people is None else set(people).intersection(appointment.recipients)
    organization = wishes.rules_of(appointment.organization_id)
    silent: dict[int, tuple[str, ...]] | None = (
        None  # the same for all who said nothing, which is nearly everybody
    )
    due: dict[int, datetime] = {}
    for person in asked:
        own = wishes.said_by(person)
        if own is not NOTHING_SAID:
            leads = channels_by_lead(own, organization, appointment.asked, wishes.defaults)
        elif silent is None:
            leads = silent = channels_by_lead(own, organization, appointment.asked, wishes.defaults)
        else:
            leads = silent
        for lead, channels in leads.items():
            if lead not in due:
                due[lead] = due_at(appointment.start, lead, appointment.zone)
            identity = timer_id(appointment.id, person, lead, appointment.start)
            yield Timer(identity, appointment.id, person, lead, appointment.start, due[lead], channels)


def plan(appointment: Appointment, wishes: Wishes, now: datetime) -> dict[UUID, Timer]:
    """The timers of an appointment that is made or moved at `now`: a lead that is past makes none."""
    return replan(appointment, wishes, {}, now)


def replan(
    appointment: Appointment,
    wishes: Wishes,
    existing: Timers,
    now: datetime,
    people: Iterable[UUID] | None = None,
) -> dict[UUID, Timer]:
    """The timers after a change at `now`, when `existing` had not fired.

    What is due later is planned. What is due already stays if it was pending at that very instant (it is about to
    fire) and is never made anew. A new start makes new identities, so nothing of the old start stays.
    """
    return {
        timer.id: timer
        for timer in wanted(appointment, wishes, people)
        if timer.due_at > now or _is_pending(timer, existing)
    }


def changes(before: Timers, after: Timers, now: datetime) -> Changes:
    """What to save. `now`: the present; what is of no use any more, as in a replay, is not made at all."""
    new = (timer for identity, timer in after.items() if identity not in before)
    return Changes(
        gone=tuple(before.keys() - after.keys()),
        new=tuple(t for t in new if t.is_still_useful(now)),
        altered=tuple(t for identity, t in after.items() if identity in before and before[identity] != t),
    )


def _is_pending(timer: Timer, existing: Timers) -> bool:
    known = existing.get(timer.id)
    return known is not None and known.due_at == timer.due_at
