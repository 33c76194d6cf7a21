"""The log of messages as the API answers it."""

from uuid import UUID

from services.ingress.api.models.appointments import Delivery
from services.ingress.api.models.base import Answered


class LoggedDelivery(Delivery):
    """A delivery with the words that a log needs: null where they are not known."""

    appointment_id: UUID
    recipient_name: str | None
    title: str | None


class MessageLog(Answered):
    """A page of the log, the newest first; `next_cursor` null: it is the last."""

    items: list[LoggedDelivery]
    next_cursor: str | None
