"""Pending or confirmed: one rule for every change."""

from uuid import UUID

from services.booking.domain.model.appointment import Answer, Answers, Status


def open_status(answers: Answers, organizer_confirmed: bool) -> Status:
    """Return the status of an open appointment.

    Confirmed when there are no participants, when the organizer confirmed the whole, or when everybody who
    has not declined has confirmed and at least one did. So somebody added later makes it pending again, and
    so does the last confirmed participant who declines, unless the organizer confirmed.
    """
    if not answers or organizer_confirmed:
        return Status.CONFIRMED
    given = set(answers.values())
    settled = Answer.CONFIRMED in given and Answer.PENDING not in given
    return Status.CONFIRMED if settled else Status.PENDING


def asked_again(answers: Answers) -> dict[UUID, Answer]:
    """Return the responses after the times changed: those who declined stay away, all others are pending
    again.
    """
    return {user: answer if answer is Answer.DECLINED else Answer.PENDING for user, answer in answers.items()}
