"""From a command's checked body to the domain's command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts import commands as sent
from contracts.ids import quick, uuid5
from services.booking.domain import commands
from services.booking.domain.people import Actor


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sent which command, for which organization."""

    id: UUID
    organization: UUID
    actor: Actor


def command_of(asker: Asker, body: sent.BookingCommand) -> commands.Command:
    """The command that this body asks for; what may be empty and was not sent gets its empty value."""
    if isinstance(body, sent.CreateAppointment):
        return _create(asker, body)
    if isinstance(body, sent.UpdateAppointment | sent.RescheduleAppointment):
        return _update(asker, body)
    if isinstance(body, sent.DeclineAppointment | sent.CancelAppointment):
        kind = commands.Decline if isinstance(body, sent.DeclineAppointment) else commands.Cancel
        return kind(**_target(asker, body), reason=body.reason)
    if isinstance(body, sent.AnnounceAppointment):
        return commands.Announce(**_target(asker, body), message=body.message)
    return _PLAIN[type(body)](**_target(asker, body))


_PLAIN: Mapping[type[sent.BookingCommand], Callable[..., commands.ToAppointment]] = {
    sent.ConfirmAppointment: commands.Confirm,
    sent.CheckInAppointment: commands.CheckIn,
    sent.CompleteAppointment: commands.Complete,
    sent.MarkNoShow: commands.MarkNoShow,
}

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
    )


def _update(asker: Asker, body: sent.UpdateAppointment | sent.RescheduleAppointment) -> commands.Update:
    participants = body.participant_ids if isinstance(body, sent.UpdateAppointment) else None
    return commands.Update(
        **_target(asker, body),
        participant_ids=None if participants is None else tuple(map(quick, participants)),
        start=body.start_time,
        end=body.end_time,
        timezone=body.timezone,
        fold=body.fold,
        content=_content(body) if isinstance(body, sent.UpdateAppointment) else {},
    )


def _content(body: sent.UpdateAppointment) -> dict[str, Any]:
    content = {name: getattr(body, name) for name in _CONTENT if name in body.model_fields_set}
    if "reminder_settings" in content:
        content["reminder_settings"] = _plain(content["reminder_settings"])
    return {name: _CONTENT[name] if value is None else value for name, value in content.items()}


def _plain(settings: Mapping[Any, list[int]] | None) -> dict[str, list[int]] | None:
    """Channels by name: the state is compared with what was read back from JSON."""
    return None if settings is None else {str(channel): list(leads) for channel, leads in settings.items()}
