"""Recipients of an event. Each person gets at most one kind of notification from one event."""

from collections.abc import Iterable
from uuid import UUID

from services.notifier.domain import kinds
from services.notifier.domain.kinds import Kind
from services.notifier.domain.model import DECLINED, PENDING, Appointment, Event

Recipient = tuple[UUID, Kind]


def recipients(event: Event) -> list[Recipient]:
    """Return the recipients of an event, each once, with a kind of notification; the order is fixed.

    People who got a seat, were added or were removed get a seat notification, an invitation or a
    cancellation, whatever else changed; they get no notification about the change itself.
    """
    chosen: dict[UUID, Kind] = {}
    changed = _of_series(event) if event.of_series else (*_added_and_removed(event), *_main(event))
    for user, kind in (*_each(event.seated, kinds.SEAT), *changed):
        chosen.setdefault(user, kind)
    return list(chosen.items())


def involved(appointment: Appointment) -> tuple[UUID, ...]:
    """Return the organizer and the participants who have not declined: all who still get messages."""
    return (appointment.organizer_id, *attending(appointment))


def attending(appointment: Appointment) -> tuple[UUID, ...]:
    """Return the participants who have not declined."""
    return tuple(user for user, answer in appointment.answers.items() if answer != DECLINED)


def _main(event: Event) -> Iterable[Recipient]:
    organizer = (event.appointment.organizer_id,)
    participants = event.series.attending if event.series else attending(event.appointment)
    everyone = (*organizer, *participants)
    if event.type == "appointment.created":
        return [*_each(organizer, kinds.CREATED), *_each(participants, kinds.INVITATION)]
    if event.type in _TO_ALL_BUT_THE_ACTOR:
        others = [user for user in everyone if str(user) != event.actor]
        return _each(others, _TO_ALL_BUT_THE_ACTOR[event.type])
    if event.type == "appointment.announced":
        others = [user for user in participants if str(user) != event.actor]
        return _each(others, kinds.ANNOUNCEMENT)
    if event.type == "appointment.confirmed":
        return _each(everyone, kinds.CONFIRMED)
    if event.type == "appointment.cancelled":
        waiting = () if event.series else event.appointment.waiting
        return _each((*everyone, *waiting), kinds.CANCELLED)
    if event.type in _TO_THE_ORGANIZER:
        return _each(organizer, kinds.UPDATED)
    if event.type == "appointment.no_show":
        return _each(organizer, kinds.NO_SHOW)
    return ()


_TO_ALL_BUT_THE_ACTOR = {
    "appointment.updated": kinds.UPDATED,
    "appointment.rescheduled": kinds.RESCHEDULED,
}
_TO_THE_ORGANIZER = frozenset(
    f"appointment.participant_{change}" for change in ("confirmed", "declined", "joined", "waiting", "left")
)


def _of_series(event: Event) -> Iterable[Recipient]:
    """Return the people on the waiting list, whom the event about the whole series leaves out."""
    cancelled = event.type == "appointment.cancelled"
    return _each(event.appointment.waiting, kinds.CANCELLED) if cancelled else ()


def _added_and_removed(event: Event) -> Iterable[Recipient]:
    if event.type not in _TO_ALL_BUT_THE_ACTOR:
        return ()
    before = _ids(event, "old")
    after = _ids(event, "new")
    if before is None or after is None:
        return ()
    had_declined = _declined_before(event)
    answers = event.appointment.answers
    # A pending response marks an invitation; people who got a seat from the waiting list have confirmed
    # before.
    added = [user for user in after if user not in before and answers.get(user) == PENDING]
    removed = [
        user
        for user in before
        if user not in after and user not in had_declined and user != event.appointment.organizer_id
    ]
    return [*_each(added, kinds.INVITATION), *_each(removed, kinds.CANCELLED)]


def _each(users: Iterable[UUID], kind: Kind) -> list[Recipient]:
    return [(user, kind) for user in users]


def _ids(event: Event, side: str) -> list[UUID] | None:
    for change in event.changes:
        if change.field == "participant_ids":
            return [UUID(str(item)) for item in getattr(change, side) or ()]
    return None


def _declined_before(event: Event) -> set[UUID]:
    """Return the people who had declined before the change of `confirmation_status`."""
    answers = next((change.old for change in event.changes if change.field == "confirmation_status"), None)
    return {UUID(str(user)) for user, answer in (answers or {}).items() if answer == DECLINED}
