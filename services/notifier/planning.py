"""From planned notifications to deliveries with their payloads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from contracts.envelope import Record
from notifications.languages import language
from notifications.preferences import NO_RULES, Organization, Preferences
from notifications.templates.catalogue import VARIABLES
from services.notifier.client import send_body
from services.notifier.delivery import Delivery
from services.notifier.domain import model, workflow
from services.notifier.domain.model import Notification
from services.notifier.domain.recipients import involved
from services.notifier.messages import Happened
from services.notifier.store.appointments import Seen

RESCHEDULED = "appointment.rescheduled"


def planned(
    record: Record,
    happened: Happened,
    preferences: Mapping[UUID, Preferences],
    organizations: Mapping[UUID, Organization],
    now: datetime,
    frontend_url: str,
    suspended: Mapping[UUID, frozenset[str]] = MappingProxyType({}),
) -> list[tuple[Delivery, bytes]]:
    """The deliveries that follow from one record, each with the JSON of its call."""
    source = happened.source
    organization = organizations.get(source.appointment.organization_id, NO_RULES)
    if isinstance(source, model.Event):
        notifications = workflow.plan(source, preferences, organization, now, frontend_url, suspended)
    else:
        notifications = workflow.plan_reminder(
            source, preferences, organization, now, frontend_url, suspended
        )
    return [(_delivery(record, happened, item), _body(item)) for item in notifications]


def recipients(happened: Happened) -> set[UUID]:
    """Whose preferences are needed."""
    return {happened.source.appointment.organizer_id, *happened.source.people} | (
        {happened.source.recipient_id}
        if isinstance(happened.source, model.Reminder)
        else {*happened.source.appointment.answers}
    )


def seen(events: Sequence[model.Event]) -> list[Seen]:
    """What is newest of each appointment in a batch, and the newest change of its times."""
    newest: dict[UUID, model.Appointment] = {}
    moved: dict[UUID, int] = {}
    for event in events:
        state = event.appointment
        if state.id not in newest or state.version > newest[state.id].version:
            newest[state.id] = state
        if event.type == RESCHEDULED:
            moved[state.id] = max(state.version, moved.get(state.id, 0))
    return [
        Seen(
            id=state.id,
            organization_id=state.organization_id,
            version=state.version,
            moved_in=moved.get(state.id, 0),
            status=state.status,
            end=state.end,
            involved=involved(state),
        )
        for state in newest.values()
    ]


def _delivery(record: Record, happened: Happened, item: Notification) -> Delivery:
    return Delivery(
        id=item.id,
        organization_id=item.appointment.organization_id,
        event_id=item.event_id,
        appointment_id=item.appointment.id,
        version=item.appointment.version,
        type=item.type,
        template_id=item.template_id,
        recipient_id=item.recipient_id,
        channel=item.channel,
        priority=item.priority,
        state="held" if item.hold else "planned",
        attempts=0,
        redrives=0,
        planned_at=record.timestamp,
        timezone=item.timezone,
        starts_at=item.appointment.start,
        expires_at=item.expires_at,
        held_until=item.hold.until if item.hold else None,
        sent_at=None,
        delivered_at=None,
        reason=item.hold.reason if item.hold else None,
        fallback_of=None,
        decision=item.decision,
        actor=happened.actor,
        correlation_id=happened.correlation_id,
        traceparent=happened.traceparent,
        cause=record.position,
    )


def _body(item: Notification) -> bytes:
    """Every variable that the template declares, as far as there is one, and none that it does not declare.

    What is missing is said before the call, with the delivery's own dead letter.
    """
    return send_body(
        kind=item.type,
        channel=item.channel,
        recipient_id=item.recipient_id,
        template_id=item.template_id,
        data={name: item.data[name] for name in VARIABLES[item.template_id] if name in item.data},
        priority=item.priority,
        appointment_id=item.appointment.id,
        locale=language(item.data["locale"]),
    )
