"""Limits that clients are told are those that booking keeps."""

from contracts.holds import HOLDS_MAX
from services.booking.domain.calendars.holds import HOLDS_AT_MOST


def test_clients_are_told_how_many_holds_a_person_may_have() -> None:
    assert HOLDS_MAX == HOLDS_AT_MOST
