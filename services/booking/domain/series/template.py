"""The series template after a command with a scope."""

from dataclasses import replace

from services.booking.domain.model.appointment import Answer, Answers, Appointment
from services.booking.domain.model.commands import Cancel, Confirm, Decline, ToOccurrence, Update
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.status import asked_again
from services.booking.domain.series.scope import Amount, participants


def series_after(command: ToOccurrence, series: Series, named: Appointment, amount: Amount) -> Series:
    """Return the series after the command, of the same version; only an open-ended series has a template that
    changes.

    No occurrences follow those that are cancelled together with all later ones.
    """
    if isinstance(command, Cancel):
        return replace(series, ended=True)
    if series.booked_until is None or series.ended:
        return series
    template = series.template
    if isinstance(command, Update):
        return replace(
            series,
            template=_updated(command, template, named, amount),
            start_by=series.start_by + amount.start,
            end_by=series.end_by + amount.end,
            ignores_availability=series.ignores_availability or command.ignore_availability,
        )
    return replace(series, template=_answered(command, template))


def _updated(command: Update, template: Appointment, named: Appointment, amount: Amount) -> Appointment:
    answers = _answers(command, template, named)
    return replace(
        template,
        **command.content,
        timezone=command.timezone or template.timezone,
        seats=command.seats if command.changes_seats else template.seats,
        answers=asked_again(answers) if amount.moves else answers,
        organizer_confirmed=template.organizer_confirmed and not amount.moves,
    )


def _answers(command: Update, template: Appointment, named: Appointment) -> Answers:
    people = participants(command, template.answers, named)
    if people is None:
        return template.answers
    return {user: template.answers.get(user, Answer.PENDING) for user in people}


def _answered(command: ToOccurrence, template: Appointment) -> Appointment:
    """Return the template with the actor's response: it holds for occurrences that are still to be made, too."""
    user = command.actor.user
    if isinstance(command, Confirm) and (user is None or user == template.organizer_id):
        return replace(template, organizer_confirmed=True)
    if user is None or user not in template.answers or not isinstance(command, Confirm | Decline):
        return template
    answer = Answer.CONFIRMED if isinstance(command, Confirm) else Answer.DECLINED
    return replace(template, answers={**template.answers, user: answer})
