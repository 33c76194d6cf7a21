"""Refusals of a series: one for all its occurrences that cannot be booked or changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from services.booking.domain.free_time.conflicts import SHOWN_AT_MOST
from services.booking.domain.model.decision import Code, FieldError, Refusal
from services.booking.domain.model.recurring_series import wall_clock

# Codes about one occurrence; any other is about the command as a whole.
OF_TIMES = (Code.CONFLICT, Code.UNAVAILABLE, Code.IN_THE_PAST, Code.FULL, Code.INVALID)


class InTheWay(NamedTuple):
    """An occurrence that cannot be booked or changed: its number (from 0) in the command, its start, and the
    refusal.
    """

    position: int
    start: datetime
    original: datetime
    refusal: Refusal


def code_of(refusal: Refusal) -> str:
    """Return the stable code for one occurrence: that of its first error if it is invalid, else that of its
    refusal.
    """
    if refusal.code is Code.INVALID and refusal.errors:
        return refusal.errors[0].code
    return refusal.code.value


def refusal_for_series(ways: Sequence[InTheWay], zone: str) -> Refusal:
    """Return one refusal with an entry of `errors` for each such occurrence, and alternatives for the first
    of them.
    """
    codes = [way.refusal.code for way in ways]
    code = next((worse for worse in (Code.CONFLICT, Code.UNAVAILABLE) if worse in codes), codes[0])
    overlaps = [overlap for way in ways for overlap in way.refusal.overlaps][:SHOWN_AT_MOST]
    number = len(ways)
    return Refusal(
        code,
        f"{number} occurrence{'' if number == 1 else 's'} cannot be booked.",
        tuple(_error(way, zone) for way in ways),
        tuple(overlaps),
        alternatives=next((way.refusal.alternatives for way in ways if way.refusal.alternatives), ()),
    )


def first_of_all(ways: Sequence[InTheWay]) -> Refusal | None:
    """Return the first refusal that is about the command as a whole, without an occurrence's id; None if
    there is none.
    """
    found = next((way.refusal for way in ways if way.refusal.code not in OF_TIMES), None)
    return None if found is None else replace(found, appointment_id=None, version=None)


def _error(way: InTheWay, zone: str) -> FieldError:
    refusal = way.refusal
    why = refusal.errors[0].message if refusal.errors else refusal.detail
    local = wall_clock(way.start, zone)
    return FieldError(f"occurrences.{way.position}", code_of(refusal), f"{local:%Y-%m-%d %H:%M}: {why}")
