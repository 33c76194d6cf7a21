"""From an event or a due reminder to its notifications."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from notifications.preferences import NOTHING_SAID, Organization, Preferences
from services.notifier.domain import kinds
from services.notifier.domain.channels import decisions
from services.notifier.domain.kinds import Kind
from services.notifier.domain.model import (
    COMPLETED,
    OPEN,
    Event,
    Notification,
    Reminder,
    notification_id,
)
from services.notifier.domain.quiet_hold import Waiting, hold
from services.notifier.domain.recipients import involved, recipients
from services.notifier.domain.suspensions import reachable
from services.notifier.domain.variables import variables

TOO_OLD = timedelta(hours=24)
AT_THE_START = timedelta(minutes=5)  # the use of a reminder that is due only at the start
_AFTERWARDS = (kinds.ANNOUNCEMENT, kinds.FOLLOW_UP, kinds.NO_SHOW)


def plan(
    event: Event,
    preferences: Mapping[UUID, Preferences],
    organization: Organization,
    now: datetime,
    frontend_url: str = "",
    suspended: Mapping[UUID, frozenset[str]] = MappingProxyType({}),
) -> list[Notification]:
    """Return the notifications that follow from an event.

    People without an entry in `preferences` have the defaults.

    `suspended`: by person, the channels whose address bounced. An event older than 24 hours has no
    notifications, so that a reset or a replay sends nothing about old events.
    """
    if is_too_old(event.at, now):
        return []
    return [
        notification
        for user, kind in recipients(event)
        for notification in _notifications(
            event, user, kind, preferences, organization, now, frontend_url, suspended
        )
    ]


def plan_reminder(
    reminder: Reminder,
    preferences: Mapping[UUID, Preferences],
    organization: Organization,
    now: datetime,
    frontend_url: str = "",
    suspended: Mapping[UUID, frozenset[str]] = MappingProxyType({}),
) -> list[Notification]:
    """Return the notifications of a due reminder or follow-up, on those of its channels that are on now.

    People who have declined, or do not take part any more, get none. A reminder needs an open appointment, a
    follow-up a completed one.
    """
    appointment = reminder.appointment
    kind, stages = (kinds.FOLLOW_UP, COMPLETED) if reminder.follows_up else (kinds.REMINDER, OPEN)
    gone = reminder.recipient_id not in involved(appointment) or appointment.status not in stages
    if is_too_old(reminder.at, now) or gone:
        return []
    recipient, meant = reminder.recipient_id, reminder.channels
    return _notifications(
        reminder, recipient, kind, preferences, organization, now, frontend_url, suspended, meant
    )


def is_too_old(at: datetime, now: datetime) -> bool:
    """True if no notification is sent any more about something that happened then."""
    return now - at > TOO_OLD


def expires_at(kind: Kind, source: Event | Reminder) -> datetime:
    """Return the end of a notification's use: the start for reminders, the (last) end for most others.

    Notifications that may come after the end are of use for a day.
    """
    appointment = source.appointment
    end = source.series.ends_at if isinstance(source, Event) and source.series else appointment.end
    if kind in _AFTERWARDS:
        return max(end, source.at + TOO_OLD)
    if kind is not kinds.REMINDER:
        return end
    return appointment.start if source.at < appointment.start else source.at + AT_THE_START


def _notifications(
    source: Event | Reminder,
    user: UUID,
    kind: Kind,
    preferences: Mapping[UUID, Preferences],
    organization: Organization,
    now: datetime,
    frontend_url: str,
    suspended: Mapping[UUID, frozenset[str]],
    meant: frozenset[str] | None = None,
) -> list[Notification]:
    """Return one for each channel, with the same variables on all of them except `time_until`."""
    own = preferences.get(user, NOTHING_SAID)
    wanted = [one for one in decisions(kind.type, kind.template_id, own, organization, meant) if one.on]
    chosen = reachable(wanted, suspended.get(user, frozenset()))
    appointment = source.appointment
    person = source.people.get(user)
    place = person.timezone if person else appointment.timezone
    of_use_until = expires_at(kind, source)
    holds = {
        one.channel: hold(
            Waiting(one.channel, kind.priority, place, appointment.start, of_use_until),
            own,
            organization,
            now,
        )
        for one in chosen
    }
    data = {
        at: variables(source, user, own, organization, at, frontend_url)
        for at in {held.until if held else now for held in holds.values()}
    }
    return [
        Notification(
            id=notification_id(source.id, kind.type, user, decision.channel),
            event_id=source.id,
            appointment=appointment,
            type=kind.type,
            template_id=kind.template_id,
            priority=kind.priority,
            recipient_id=user,
            channel=decision.channel,
            data=data[held.until if held else now],
            expires_at=of_use_until,
            decision=decision.reason,
            timezone=place,
            hold=held,
        )
        for decision in chosen
        for held in (holds[decision.channel],)
    ]
