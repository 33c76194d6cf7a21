"""Cursors of lists: the position after the last item of a page, as an opaque word."""

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUT = struct.Struct(">q16s")
_MAX_MICROSECONDS = 250_000_000_000_000_000  # beyond the year 9000 no appointment starts


def encode(start: datetime, appointment: UUID) -> str:
    """Return the position after an appointment in a list ordered by start and id."""
    microseconds = (start - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(_LAYOUT.pack(microseconds, appointment.bytes)).decode()


def decode(cursor: str) -> tuple[datetime, UUID]:
    """Return start and id of the last appointment of the page before. Raises ValueError for any other text.

    A cursor gives no rights: the caller alone decides which items a page shows, so it needs no signature.
    """
    try:
        microseconds, identifier = _LAYOUT.unpack(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (struct.error, binascii.Error, ValueError) as error:
        raise ValueError("not a cursor") from error
    if not 0 <= microseconds <= _MAX_MICROSECONDS:
        raise ValueError("not a cursor")
    return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=identifier)
