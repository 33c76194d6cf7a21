"""What closes people's time beside appointments; most organizations have none of it, and then nothing is loaded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Row, Transaction
from services.booking.domain.model.commands import (
    Command,
    Create,
    ImportBusyTimes,
    PlaceHold,
    ReleaseHold,
    SetAvailability,
)
from services.booking.domain.model.diary import Diary, DiaryChanges, Hours
from services.booking.store.around import Ranges
from services.booking.store.busy_times import load_elsewhere, save_elsewhere
from services.booking.store.holds import end_holds, load_holds, save_holds
from services.booking.store.hours import save_hours, with_dates


@dataclass(frozen=True, slots=True)
class Closing:
    """What the organizations of a batch have that closes time; all false or None where nobody has anything."""

    hours: bool
    elsewhere: bool
    holds: bool


def closing(organizations: Iterable[Row], commands: Iterable[Command]) -> Closing:
    """By the rows that are locked anyway, and by what the commands are about."""
    rows = list(organizations)
    kinds = {type(command) for command in commands}
    uses_hold = Create in kinds and any(
        isinstance(command, Create) and command.hold_id is not None for command in commands
    )
    return Closing(
        hours=SetAvailability in kinds or any(row.has_availability for row in rows),
        elsewhere=ImportBusyTimes in kinds or any(row.has_busy_times for row in rows),
        holds=uses_hold
        or not kinds.isdisjoint((PlaceHold, ReleaseHold))
        or any(row.has_holds for row in rows),
    )


async def load(
    tx: Transaction,
    commands: Iterable[Command],
    closing: Closing,
    hours: Mapping[UUID, Hours],
    ranges: Ranges,
    since: datetime,
) -> Diary:
    """What closes the time in these ranges, and what the commands are about; `hours` as `load_weekly` gives them."""
    return Diary(
        await with_dates(tx, commands, hours, ranges) if hours else (),
        await load_elsewhere(tx, commands, ranges) if closing.elsewhere else {},
        await load_holds(tx, commands, ranges, since) if closing.holds else (),
    )


async def save(tx: Transaction, noted: DiaryChanges) -> None:
    """Write what a batch changed; the organizations say from now on that there is something to look at."""
    if noted.hours:
        await save_hours(tx, list(noted.hours.values()))
    for user, (organization, touched) in noted.touched.items():
        await save_elsewhere(tx, organization, user, noted.elsewhere[user], touched)
    if noted.ended:
        await end_holds(tx, noted.ended)
    if noted.placed:
        await save_holds(tx, list(noted.placed.values()))
