"""The people whom an appointment may involve."""

from collections.abc import Callable, Iterable
from uuid import UUID

from services.booking.domain.model.decision import Code, FieldError, Refusal
from services.booking.domain.model.people import People, strangers

NAMED_AT_MOST = 50


def invitees(participant_ids: Iterable[UUID], organizer_id: UUID) -> tuple[UUID, ...]:
    """Return the participants, each once, in the order sent, without the organizer."""
    return tuple(user for user in dict.fromkeys(participant_ids) if user != organizer_id)


def refusal_for_strangers(
    ids: Iterable[UUID], sent: Callable[[], Iterable[tuple[str, UUID]]], people: People, organization: UUID
) -> Refusal | None:
    """Reject people who cannot take part; `sent` returns the field of the command that names each person."""
    unknown = strangers(ids, people, organization)
    if not unknown:
        return None
    message = "No active member of this organization has this id."
    errors = [FieldError(field, Code.UNKNOWN_USER, message) for field, user in sent() if user in unknown]
    return Refusal(Code.UNKNOWN_USER, message, tuple(errors[:NAMED_AT_MOST]))


def participant_fields(participant_ids: Iterable[UUID]) -> list[tuple[str, UUID]]:
    """Return each participant with the path of their field."""
    return [(f"participant_ids.{position}", user) for position, user in enumerate(participant_ids)]
