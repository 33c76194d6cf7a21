"""From notifications to deliveries with their payloads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from contracts.envelope import Record
from notifications.languages import language
from notifications.preferences import EMAIL, NO_RULES, Organization, Preferences
from notifications.templates.catalogue import FILES, VARIABLES
from notifications.templates.layouts import CALENDAR_FILE
from services.notifier.clients.communication import send_body
from services.notifier.domain import model, workflow
from services.notifier.domain.calendar_files import calendar_file
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.model import Notification
from services.notifier.domain.recipients import attending, involved
from services.notifier.domain.transitions import transition
from services.notifier.domain.variables import appointment_link
from services.notifier.messages.events import Happened
from services.notifier.store.appointments import Seen, Standing

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
    """Return the deliveries that follow from one record, each with the JSON of its call."""
    source = happened.source
    organization = organizations.get(source.appointment.organization_id, NO_RULES)
    if isinstance(source, model.Event):
        notifications = workflow.plan(source, preferences, organization, now, frontend_url, suspended)
    else:
        notifications = workflow.plan_reminder(
            source, preferences, organization, now, frontend_url, suspended
        )
    files = _files(source, notifications, frontend_url)
    return [(_delivery(record, happened, item), _body(item, files)) for item in notifications]


def recipients(happened: Happened) -> set[UUID]:
    """Return the people whose preferences are needed."""
    source = happened.source
    organizer = source.appointment.organizer_id
    if isinstance(source, model.Reminder):
        return {organizer, *source.people, source.recipient_id}
    attending_series = source.series.attending if source.series else ()
    return {organizer, *source.people, *source.appointment.answers, *source.seated, *attending_series}


def seen(events: Sequence[model.Event]) -> list[Seen]:
    """Return the newest state of each appointment in a batch, with the newest change of its times."""
    found: dict[UUID, Seen] = {}
    for event in events:
        if one := _seen(event):
            known = found.get(one.id, one)
            newest = one if one.version > known.version else known
            found[one.id] = replace(newest, moved_in=max(one.moved_in, known.moved_in))
    return list(found.values())


def of_series(items: Iterable[Happened]) -> list[UUID]:
    """Return the appointments that events of series are about."""
    return [
        occurrence.appointment_id
        for item in items
        if isinstance(item.source, model.Event) and item.source.series
        for occurrence in item.source.series.occurrences
    ]


def completed(happened: Happened, standing: Mapping[UUID, Standing]) -> Happened:
    """Return the event with the attendees of all its occurrences, and with the occurrences' versions."""
    source = happened.source
    if not isinstance(source, model.Event) or source.series is None:
        return happened
    known = [
        (one, standing.get(one.appointment_id, Standing(one.version, ())))
        for one in source.series.occurrences
    ]
    others = sorted({user for _, stands in known for user in stands.involved})
    users = dict.fromkeys((*attending(source.appointment), *others))
    users.pop(source.appointment.organizer_id, None)
    occurrences = [replace(one, version=stands.version) for one, stands in known]
    series = replace(source.series, attending=tuple(users), occurrences=occurrences)
    return replace(happened, source=replace(source, series=series))


def _seen(event: model.Event) -> Seen | None:
    """Return the state in an event; None if the event is about a part of a series only."""
    state, series = event.appointment, event.series
    if series and not series.whole:
        return None
    version = series.version if series else state.version
    return Seen(
        id=series.id if series else state.id,
        organization_id=state.organization_id,
        version=version,
        moved_in=version if event.type == RESCHEDULED else 0,
        status=state.status,
        end=series.ends_at if series else state.end,
        involved=(state.organizer_id, *series.attending) if series else involved(state),
    )


def _delivery(record: Record, happened: Happened, item: Notification) -> Delivery:
    source = happened.source
    series = source.series if isinstance(source, model.Event) else None
    delivery = Delivery(
        id=item.id,
        organization_id=item.appointment.organization_id,
        event_id=item.event_id,
        appointment_id=item.appointment.id,
        version=series.version if series else item.appointment.version,
        type=item.type,
        template_id=item.template_id,
        recipient_id=item.recipient_id,
        channel=item.channel,
        priority=item.priority,
        planned_at=record.timestamp,
        timezone=item.timezone,
        starts_at=item.appointment.start,
        expires_at=item.expires_at,
        decision=item.decision,
        actor=happened.actor,
        correlation_id=happened.correlation_id,
        traceparent=happened.traceparent,
        cause=record.position,
        series_id=series.id if series else None,
    )
    return transition(delivery, item.hold, record.timestamp) if item.hold else delivery


def _files(
    source: model.Event | model.Reminder, notifications: Sequence[Notification], frontend_url: str
) -> dict[str, str]:
    """Return, by type of notification, the calendar file for e-mails."""
    if isinstance(source, model.Reminder):
        return {}
    link = appointment_link(frontend_url, source.appointment.id)
    types = {item.type for item in notifications if item.channel == EMAIL and FILES[item.template_id]}
    found = {kind: calendar_file(source, kind, link) for kind in types}
    return {kind: file for kind, file in found.items() if file is not None}


def _body(item: Notification, files: Mapping[str, str]) -> bytes:
    """Return the JSON of the call with the variables that the template declares.

    A missing variable becomes a dead letter right before the call; a calendar file is never missing.
    """
    data = {name: item.data[name] for name in VARIABLES[item.template_id] if name in item.data}
    if item.channel == EMAIL and item.type in files:
        data[CALENDAR_FILE] = files[item.type]
    return send_body(
        kind=item.type,
        channel=item.channel,
        recipient_id=item.recipient_id,
        template_id=item.template_id,
        data=data,
        priority=item.priority,
        appointment_id=item.appointment.id,
        locale=language(item.data["locale"]),
    )
