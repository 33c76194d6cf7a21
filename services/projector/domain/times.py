"""What the views keep of when people can be booked, of series, and of who may read a calendar by an address. The newest version is shown, in whatever order they come."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

DAY_SECONDS = 86_400


class Hours(NamedTuple):
    """A person's availability as JSON; `margin`: so many seconds around a range matter to what is free within it."""

    user_id: UUID
    organization_id: UUID
    version: int
    margin: int
    body: str


class BusyTimes(NamedTuple):
    """One version's change of a person's time that is taken elsewhere. Instants are UTC.

    `ranges` are (uid, start, end), new or moved; `gone` are uids; `at`: when it was told.
    """

    user_id: UUID
    organization_id: UUID
    version: int
    ranges: tuple[tuple[str, datetime, datetime], ...]
    gone: tuple[str, ...]
    at: datetime


class BusyTime(NamedTuple):
    """One range of a person that is taken elsewhere; an empty range for a uid that is gone. Instants are UTC."""

    user_id: UUID
    uid: str
    organization_id: UUID
    start_time: datetime
    end_time: datetime
    version: int


class Hold(NamedTuple):
    """Time that is kept free (version 1), or was given free again or booked (2: expired then). Instants are UTC."""

    id: UUID
    organization_id: UUID
    version: int
    user_ids: tuple[UUID, ...]
    start_time: datetime
    end_time: datetime
    expires_at: datetime


class Series(NamedTuple):
    """A series as JSON, in one version."""

    id: UUID
    organization_id: UUID
    version: int
    body: str


class Feed(NamedTuple):
    """The address of a person's calendar by the hash of its secret; None: there is none."""

    user_id: UUID
    organization_id: UUID
    version: int
    token_hash: str | None


def margin(buffers: int, counted: bool) -> int:
    """So many seconds around a range matter to it: `buffers` in minutes; `counted`: there is a limit for each day.

    A local day may have 25 hours, and its appointments are counted from midnight to midnight.
    """
    return buffers * 60 + (DAY_SECONDS + 7_200 if counted else 0)


def ended(hold: UUID, organization: UUID, at: datetime) -> Hold:
    """What is left of a hold that was given free or booked: it must not come back with a late event."""
    return Hold(hold, organization, 2, (), at, at, at)


def ranges_of(changes: Iterable[BusyTimes]) -> list[BusyTime]:
    """The newest word on each uid of each person in a batch; of equal versions the first."""
    found: dict[tuple[UUID, str], BusyTime] = {}
    for change in changes:
        for time in _ranges(change):
            held = found.get((time.user_id, time.uid))
            if held is None or held.version < time.version:
                found[time.user_id, time.uid] = time
    return list(found.values())


def _ranges(change: BusyTimes) -> Iterable[BusyTime]:
    person, organization = change.user_id, change.organization_id
    said = dict.fromkeys(change.gone, (change.at, change.at))
    said |= {uid: (start, end) for uid, start, end in change.ranges}
    for uid, (start, end) in said.items():
        yield BusyTime(person, uid, organization, start, end, change.version)


Row = TypeVar("Row", Hours, BusyTimes, Hold, Series, Feed)


def newest(rows: Iterable[Row], key: Callable[[Row], UUID]) -> list[Row]:
    """The highest version of each in a batch; of equal ones the first, as between batches."""
    found: dict[UUID, Row] = {}
    for row in rows:
        held = found.get(key(row))
        if held is None or held.version < row.version:
            found[key(row)] = row
    return list(found.values())
