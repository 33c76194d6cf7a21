"""The diary of a batch: availability, busy times and holds; nothing is loaded for organizations that have
none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Row, Transaction
from services.booking.domain.model.diary import Diary, DiaryChanges, Hours
from services.booking.domain.model.needs import AllNeeds
from services.booking.store.around import Ranges
from services.booking.store.busy_times import load_elsewhere, save_elsewhere
from services.booking.store.holds import end_holds, load_holds, save_holds
from services.booking.store.hours import save_hours, with_dates


@dataclass(frozen=True, slots=True)
class Closing:
    """Whether the organizations of a batch have availability, busy times and holds, or its commands need
    them.
    """

    hours: bool
    elsewhere: bool
    holds: bool


def closing(organizations: Iterable[Row], needs: AllNeeds) -> Closing:
    """Return the parts of the diary to load, by the organizations' rows, which are locked anyway, and by the
    needs.
    """
    rows = list(organizations)
    return Closing(
        hours=bool(needs.availability) or any(row.has_availability for row in rows),
        elsewhere=bool(needs.busy_times) or any(row.has_busy_times for row in rows),
        holds=bool(needs.holds or needs.hold_owners) or any(row.has_holds for row in rows),
    )


async def load(
    tx: Transaction,
    needs: AllNeeds,
    closing: Closing,
    hours: Mapping[UUID, Hours],
    ranges: Ranges,
    since: datetime,
) -> Diary:
    """Load the diary for these ranges and these needs; `hours` as `load_weekly` returns them."""
    return Diary(
        await with_dates(tx, needs.availability, hours, ranges) if hours else (),
        await load_elsewhere(tx, needs.busy_times, ranges) if closing.elsewhere else {},
        await load_holds(tx, needs, ranges, since) if closing.holds else (),
    )


async def save(tx: Transaction, noted: DiaryChanges) -> None:
    """Write the changes of a diary; from now on the organizations' rows say that there is something to load."""
    if noted.hours:
        await save_hours(tx, list(noted.hours.values()))
    for user, (organization, touched) in noted.touched.items():
        await save_elsewhere(tx, organization, user, noted.elsewhere[user], touched)
    if noted.ended:
        await end_holds(tx, noted.ended)
    if noted.placed:
        await save_holds(tx, list(noted.placed.values()))
