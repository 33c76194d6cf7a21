"""Expanding a command about several occurrences into one command each, so that the needs of each are known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.booking.domain.attendance.invitations import invitees
from services.booking.domain.model import times
from services.booking.domain.model.appointment import Answer, Appointment
from services.booking.domain.model.commands import Command, Create, ExtendSeries, ToOccurrence
from services.booking.domain.model.decision import Refusal
from services.booking.domain.model.people import People
from services.booking.domain.model.recurring_series import (
    Series,
    as_sent,
    occurrence_id,
    period_of,
    series_id_of,
    shifted,
)
from services.booking.domain.series.extending import due
from services.booking.domain.series.recurring import lasting, plan_of
from services.booking.domain.series.scope import amount_of, is_about_several, own_command, touched


def created(commands: Iterable[Command], people: People, until: datetime) -> Iterator[Create]:
    """Yield a create for each occurrence of each new series, if they are decided at `until` or before."""
    for command in commands:
        if isinstance(command, Create) and command.pattern:
            yield from creates_of(command, people, until)


def creates_of(command: Create, people: People, at: datetime) -> Iterator[Create]:
    """Yield a create for each occurrence of a create with a pattern; none where it will be refused anyway."""
    organizer = command.organizer_id or command.actor.user
    if organizer is None:
        return
    zone = command.timezone or (people[organizer].timezone if organizer in people else "UTC")
    when = times.period(command.start, command.end, zone, command.fold)
    if isinstance(when, Refusal) or times.refusal_for_length(when, zone):
        return
    invited = invitees(command.participant_ids, organizer)
    plan = plan_of(command, zone, when, 1 + len(invited), at)
    if isinstance(plan, Refusal):
        return
    series_id, duration, end_by = series_id_of(command.id), *lasting(command, when)
    for original in plan.originals:
        start = as_sent(original, when.start, zone)
        yield replace(
            command,
            appointment_id=occurrence_id(series_id, original),
            start=start,
            end=shifted(start + duration, zone, end_by),
            pattern=None,
        )


def edits_of(
    command: ToOccurrence,
    named: Appointment,
    series: Series,
    occurrences: Iterable[Appointment],
    since: datetime,
) -> Iterator[Command]:
    """Yield a command to each occurrence that a command with a scope may touch, if it is decided at `since`
    or later.
    """
    zone = series.recurrence.timezone
    amount = amount_of(command, named, zone)
    if isinstance(amount, Refusal):
        return
    for occurrence in touched(command, named, occurrences, since, lambda _: True):
        yield own_command(command, occurrence, named, amount, zone)


def extension_of(command: ExtendSeries, series: Series, at: datetime) -> Iterator[Create]:
    """Yield a create for each occurrence of a series that has come within reach."""
    template = series.template
    invited = tuple(user for user, answer in template.answers.items() if answer is not Answer.DECLINED)
    for original in due(series, at)[1]:
        start, end = period_of(series, original)
        yield Create(
            id=command.id,
            organization=command.organization,
            actor=command.actor,
            appointment_id=occurrence_id(series.id, original),
            organizer_id=template.organizer_id,
            participant_ids=invited,
            client_id=None,
            start=start,
            end=end,
            timezone=template.timezone,
            fold=0,
            title=template.title,
            description="",
            location="",
            meeting_url="",
            reminder_settings=None,
            custom_fields={},
        )


def expanded(
    commands: Iterable[Command],
    found: Mapping[UUID, Appointment],
    series: Mapping[UUID, Series],
    since: datetime,
    until: datetime,
) -> Iterator[Command]:
    """Yield the commands to each occurrence of existing series, if they are decided from `since` to `until`."""
    for command in commands:
        if isinstance(command, ExtendSeries) and command.series_id in series:
            yield from extension_of(command, series[command.series_id], until)
        elif isinstance(command, ToOccurrence):
            named = found.get(command.appointment_id)
            whole = series.get(named.series_id) if named and named.series_id else None
            if named and whole and is_about_several(command, named):
                mine = (item for item in found.values() if item.series_id == whole.id and item.is_open)
                yield from edits_of(command, named, whole, mine, since)
