"""Records to booking's commands, and the command that booking sends to itself."""

from datetime import datetime
from typing import TypeAlias

import orjson

from chassis import commands
from chassis.commands import Intake, Rejection, Request
from contracts import topics
from contracts.commands import BOOKING_COMMANDS, BookingCommand
from contracts.envelope import Envelope, Message
from contracts.ids import uuid5
from services.booking.domain import access
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, FieldError, Refusal
from services.booking.domain.model.people import Actor
from services.booking.domain.model.recurring_series import Series
from services.booking.messages.bodies import Asker, command_of

SOURCE = "appointments/booking"
Received: TypeAlias = commands.Received[Command | Refusal]


def refusal_of(rejection: Rejection) -> Refusal:
    """Return the refusal of a record that cannot be carried out."""
    errors = tuple(FieldError(*flaw) for flaw in rejection.errors)
    return Refusal(Code(rejection.code), rejection.detail, errors)


def _command_of(request: Request, body: BookingCommand) -> Command | Refusal:
    return command_of(Asker(request.key, request.organization, Actor(*request.sender)), body)


decode = Intake[Command | Refusal](BOOKING_COMMANDS, _command_of, refusal_of).decode


def extension(series: Series, at: datetime) -> Message:
    """Return the command to book the next occurrences of a series; booking sends one a day to itself."""
    headers = Envelope(
        id=uuid5(series.id, at.date().isoformat()),
        type="series.extend",
        source=SOURCE,
        subject=str(series.id),
        time=at,
        organization=series.template.organization_id,
        actor=access.BOOKING,
    )
    body = orjson.dumps({"series_id": str(series.id)})
    return headers.message(topics.BOOKING_COMMANDS.name, body)
