"""Availability, busy times, holds, series, feeds and subscribed calendars, as the views keep them: the newest
version of each."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

DAY_SECONDS = 86_400


class Hours(NamedTuple):
    """A person's availability as JSON; `margin`: seconds around a range that affect its free time."""

    user_id: UUID
    organization_id: UUID
    version: int
    margin: int
    body: str


class BusyTimes(NamedTuple):
    """One version's change of a person's busy times. Instants are UTC.

    `ranges` are (uid, start, end), new or moved; `gone` are uids; `at`: the record's time; `source`: the calendar
    that the ranges come from.
    """

    user_id: UUID
    organization_id: UUID
    version: int
    ranges: tuple[tuple[str, datetime, datetime], ...]
    gone: tuple[str, ...]
    at: datetime
    source: str = ""


class BusyTime(NamedTuple):
    """One busy range of a person; an empty range for a removed uid. Instants are UTC."""

    user_id: UUID
    uid: str
    organization_id: UUID
    start_time: datetime
    end_time: datetime
    version: int
    source: str = ""


class Hold(NamedTuple):
    """A hold: placed (version 1), or released or booked (version 2, expired then). Instants are UTC."""

    id: UUID
    organization_id: UUID
    version: int
    user_ids: tuple[UUID, ...]
    start_time: datetime
    end_time: datetime
    expires_at: datetime
    owner_id: UUID | None = None


class Series(NamedTuple):
    """A series as JSON, in one version."""

    id: UUID
    organization_id: UUID
    version: int
    body: str


class Feed(NamedTuple):
    """The feed of a person's calendar, by the hash of its secret; None: revoked."""

    user_id: UUID
    organization_id: UUID
    version: int
    token_hash: str | None


class CalendarSubscriptions(NamedTuple):
    """A person's subscribed calendars as JSON, without their addresses."""

    user_id: UUID
    organization_id: UUID
    version: int
    body: str


def margin(buffers: int, counted: bool) -> int:
    """Return the seconds around a range that affect it; `buffers`: minutes; `counted`: there is a daily
    limit.

    A local day may have 25 hours, and its appointments are counted from midnight to midnight.
    """
    return buffers * 60 + (DAY_SECONDS + 7_200 if counted else 0)


def ended(hold: UUID, organization: UUID, at: datetime) -> Hold:
    """Return the mark of a released or booked hold: a late event must not bring the hold back."""
    return Hold(hold, organization, 2, (), at, at, at)


def ranges_of(changes: Iterable[BusyTimes]) -> list[BusyTime]:
    """Return the newest range of each person and uid in a batch; of equal versions the first."""
    found: dict[tuple[UUID, str], BusyTime] = {}
    for change in changes:
        for time in _ranges(change):
            held = found.get((time.user_id, time.uid))
            if held is None or held.version < time.version:
                found[time.user_id, time.uid] = time
    return list(found.values())


def _ranges(change: BusyTimes) -> Iterable[BusyTime]:
    person, organization = change.user_id, change.organization_id
    spans = dict.fromkeys(change.gone, (change.at, change.at))
    spans |= {uid: (start, end) for uid, start, end in change.ranges}
    for uid, (start, end) in spans.items():
        yield BusyTime(person, uid, organization, start, end, change.version, change.source)


Row = TypeVar("Row", Hours, BusyTimes, Hold, Series, Feed, CalendarSubscriptions)


def newest(rows: Iterable[Row], key: Callable[[Row], UUID]) -> list[Row]:
    """Return the highest version of each row in a batch; of equal versions the first, as between batches."""
    found: dict[UUID, Row] = {}
    for row in rows:
        held = found.get(key(row))
        if held is None or held.version < row.version:
            found[key(row)] = row
    return list(found.values())
