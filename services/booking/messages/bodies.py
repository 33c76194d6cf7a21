"""From a command's checked body to the domain's command."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from contracts import availability, calendars, feeds, holds
from contracts import commands as sent
from contracts.ids import quick, uuid5
from contracts.series import RecurringPattern
from services.booking.domain.model import commands
from services.booking.domain.model.people import Actor


class Asker(NamedTuple):
    """The sender of a command and their organization; `id` is the command's key, from which further ids are
    made.
    """

    id: UUID
    organization: UUID
    actor: Actor


def command_of(asker: Asker, body: sent.BookingCommand) -> commands.Command:
    """Return the command of this body; optional fields that were not sent get their empty value."""
    if isinstance(body, sent.CreateAppointment):
        return _create(asker, body)
    if isinstance(body, sent.UpdateAppointment | sent.RescheduleAppointment):
        return _update(asker, body)
    if isinstance(body, sent.ToAppointment):
        return _to_appointment(asker, body)
    return _other(asker, body)


def _to_appointment(asker: Asker, body: sent.ToAppointment) -> commands.ToAppointment:
    target = _target(asker, body)
    if isinstance(body, sent.DeclineAppointment | sent.CancelAppointment):
        kind = commands.Decline if isinstance(body, sent.DeclineAppointment) else commands.Cancel
        return kind(**target, scope=commands.Scope(body.scope), reason=body.reason)
    if isinstance(body, sent.ConfirmAppointment):
        return commands.Confirm(**target, scope=commands.Scope(body.scope))
    if isinstance(body, sent.AnnounceAppointment):
        return commands.Announce(**target, message=body.message)
    if isinstance(body, sent.JoinAppointment):
        return commands.Join(**target, wait=body.wait, ignore_availability=body.ignore_availability)
    return _PLAIN[type(body)](**target)


_PLAIN: Mapping[type[sent.ToAppointment], Callable[..., commands.ToAppointment]] = {
    sent.CheckInAppointment: commands.CheckIn,
    sent.CompleteAppointment: commands.Complete,
    sent.MarkNoShow: commands.MarkNoShow,
    sent.LeaveAppointment: commands.Leave,
}


def _other(asker: Asker, body: sent.BookingCommand) -> commands.Command:
    """Return a command that is not about one appointment."""
    sender: dict[str, Any] = {"id": asker.id, "organization": asker.organization, "actor": asker.actor}
    match body:
        case sent.ExtendSeries():
            return commands.ExtendSeries(**sender, series_id=quick(body.series_id))
        case availability.SetAvailability():
            content = body.model_dump(mode="json", exclude={"user_id"})
            return commands.SetAvailability(**sender, user_id=quick(body.user_id), body=content)
        case availability.ImportBusyTimes():
            ranges = [commands.BusyTime(item.uid, item.start_time, item.end_time) for item in body.busy_times]
            sent_stretch = body.replaces
            stretch = (
                commands.Stretch(sent_stretch.after, sent_stretch.until, sent_stretch.total)
                if sent_stretch
                else None
            )
            return commands.ImportBusyTimes(
                **sender,
                busy_times=ranges,
                removed=body.removed,
                source=body.source or "",
                replaces=stretch,
            )
        case availability.RemoveBusyTimes():
            return commands.RemoveBusyTimes(**sender, source=body.source)
        case holds.ReleaseHold():
            return commands.ReleaseHold(**sender, hold_id=quick(body.hold_id))
        case holds.RenewHold():
            return commands.RenewHold(
                **sender,
                hold_id=quick(body.hold_id),
                renewed_id=uuid5(asker.id, "hold"),
                expires_in=body.expires_in,
            )
        case feeds.SetFeed():
            return commands.SetFeed(
                **sender,
                token_hash=body.token_hash,
                user_id=quick(body.user_id) if body.user_id else None,
                signed_at=body.signed_at,
                proof=body.proof,
            )
        case holds.PlaceHold():
            return commands.PlaceHold(
                **sender,
                hold_id=uuid5(asker.id, "hold"),
                organizer_id=quick(body.organizer_id) if body.organizer_id else None,
                participant_ids=tuple(map(quick, body.participant_ids)),
                start=body.start_time,
                end=body.end_time,
                timezone=body.timezone,
                fold=body.fold,
                expires_in=body.expires_in,
                ignore_availability=body.ignore_availability,
            )
        case _:
            return _of_calendars(sender, body)


def _of_calendars(sender: Mapping[str, Any], body: sent.BookingCommand) -> commands.Command:
    match body:
        case calendars.SubscribeCalendar():
            return commands.SubscribeCalendar(
                **sender,
                subscription_id=quick(body.subscription_id),
                name=body.name,
                sealed=body.sealed,
                timezone=body.timezone,
            )
        case calendars.UnsubscribeCalendar():
            return commands.UnsubscribeCalendar(**sender, subscription_id=quick(body.subscription_id))
        case calendars.NoteCalendarPoll():
            return commands.NoteCalendarPoll(
                **sender,
                user_id=quick(body.user_id),
                subscription_id=quick(body.subscription_id),
                error=body.error,
                times=body.times,
            )
        case _:
            raise TypeError(f"no command for {type(body).__name__}")


# Fields of an update that need no rule, with what null makes of them.
_CONTENT: Mapping[str, Any] = {
    "title": "",
    "description": "",
    "location": "",
    "meeting_url": "",
    "client_id": None,
    "reminder_settings": None,
    "custom_fields": {},
}


def _target(asker: Asker, body: sent.ToAppointment) -> dict[str, Any]:
    return {
        "id": asker.id,
        "organization": asker.organization,
        "actor": asker.actor,
        "appointment_id": quick(body.appointment_id),
        "expected_version": body.expected_version,
    }


def _create(asker: Asker, body: sent.CreateAppointment) -> commands.Create:
    return commands.Create(
        id=asker.id,
        organization=asker.organization,
        actor=asker.actor,
        appointment_id=quick(body.appointment_id) if body.appointment_id else uuid5(asker.id, "appointment"),
        organizer_id=quick(body.organizer_id) if body.organizer_id else None,
        participant_ids=tuple(map(quick, body.participant_ids)),
        client_id=quick(body.client_id) if body.client_id else None,
        start=body.start_time,
        end=body.end_time,
        timezone=body.timezone,
        fold=body.fold,
        title=body.title,
        description=body.description or "",
        location=body.location or "",
        meeting_url=body.meeting_url or "",
        reminder_settings=_plain(body.reminder_settings),
        custom_fields=body.custom_fields or {},
        seats=body.seats,
        hold_id=quick(body.hold_id) if body.hold_id else None,
        ignore_availability=body.ignore_availability,
        pattern=_pattern(body.recurring_pattern) if body.recurring_pattern else None,
        skip_conflicts=body.on_conflict == "skip",
    )


def _pattern(pattern: RecurringPattern) -> commands.Pattern:
    return commands.Pattern(
        rrule=pattern.rrule,
        frequency=pattern.frequency,
        interval=pattern.interval,
        days_of_week=None if pattern.days_of_week is None else tuple(pattern.days_of_week),
        count=pattern.count,
        until=pattern.until,
        exdates=tuple(pattern.exdates),
        rdates=tuple(pattern.rdates),
        sent=pattern.model_dump(mode="json", exclude_unset=True),
    )


def _update(asker: Asker, body: sent.UpdateAppointment | sent.RescheduleAppointment) -> commands.Update:
    whole = body if isinstance(body, sent.UpdateAppointment) else None
    participants = whole.participant_ids if whole else None
    return commands.Update(
        **_target(asker, body),
        scope=commands.Scope(body.scope),
        participant_ids=None if participants is None else tuple(map(quick, participants)),
        start=body.start_time,
        end=body.end_time,
        timezone=body.timezone,
        fold=body.fold,
        content=_content(whole) if whole else {},
        seats=whole.seats if whole else None,
        changes_seats=whole is not None and "seats" in whole.model_fields_set,
        ignore_availability=body.ignore_availability,
    )


def _content(body: sent.UpdateAppointment) -> dict[str, Any]:
    content = {name: getattr(body, name) for name in _CONTENT if name in body.model_fields_set}
    if "reminder_settings" in content:
        content["reminder_settings"] = _plain(content["reminder_settings"])
    return {name: _CONTENT[name] if value is None else value for name, value in content.items()}


def _plain(settings: Mapping[Any, list[int]] | None) -> dict[str, list[int]] | None:
    """Channels by name: the state is compared with what was read back from JSON."""
    return None if settings is None else {str(channel): list(leads) for channel, leads in settings.items()}
