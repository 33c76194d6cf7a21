"""SQL of availability: the weekly hours and policy, and the overrides of single dates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.booking.domain.free_time.reach import united, wider
from services.booking.domain.model.diary import Hours
from services.booking.store.around import Ranges

_HOURS = text("""
    SELECT user_id, organization_id, version, weekly FROM availability WHERE user_id = ANY(CAST(:users AS uuid[]))
""")
_WHOLE_HOURS = text("""
    SELECT user_id, organization_id, version, body FROM availability WHERE user_id = ANY(CAST(:users AS uuid[]))
""")
_DATES = text("""
    SELECT d.user_id, d.day, d.ranges
    FROM unnest(CAST(:users AS uuid[]), CAST(:first AS date[]), CAST(:last AS date[])) AS needed(user_id, first, last)
    JOIN availability_dates d ON d.user_id = needed.user_id AND d.day BETWEEN needed.first AND needed.last
""")
A_ZONE_AWAY = timedelta(days=2)  # local dates that an instant can be of, and the midnight after


async def load_weekly(tx: Transaction, whole: Collection[UUID], ranges: Ranges) -> dict[UUID, Hours]:
    """Return the weekly hours and policies of the people in the ranges; of the `whole` people also the
    overrides.
    """
    weekly = {user for user, _ in ranges} - set(whole)
    rows = await tx.execute(_HOURS, {"users": list(weekly)}) if weekly else []
    rows += await tx.execute(_WHOLE_HOURS, {"users": list(whole)}) if whole else []
    return {row.user_id: Hours(*row) for row in rows}


async def with_dates(
    tx: Transaction, whole: Collection[UUID], hours: Mapping[UUID, Hours], ranges: Ranges
) -> list[Hours]:
    """Return the hours with the overrides of the dates around the ranges; the `whole` people have theirs
    already.
    """
    near = united(
        (user, wider(when, A_ZONE_AWAY)) for user, when in ranges if user in hours and user not in whole
    )
    values = {
        "users": [user for user, _ in near],
        "first": [when.start.date() for _, when in near],
        "last": [when.end.date() for _, when in near],
    }
    overrides: dict[UUID, dict[str, Any]] = {}
    for user, day, open_ranges in await tx.execute(_DATES, values) if near else ():
        overrides.setdefault(user, {})[day.isoformat()] = open_ranges
    return [
        replace(item, body={**item.body, "overrides": _overrides(overrides[user])})
        if user in overrides
        else item
        for user, item in hours.items()
    ]


def _overrides(dates: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"date": day, "ranges": ranges} for day, ranges in dates.items()]


_SET_HOURS = text("""
    WITH flagged AS (
        UPDATE organizations SET has_availability = true
        WHERE id = ANY(CAST(:organizations AS uuid[])) AND NOT has_availability
    )
    INSERT INTO availability (user_id, organization_id, version, body, weekly)
    SELECT user_id, organization_id, version, CAST(body AS json), CAST(weekly AS json)
    FROM unnest(CAST(:users AS uuid[]), CAST(:organizations AS uuid[]), CAST(:versions AS int[]),
                CAST(:bodies AS text[]), CAST(:weekly AS text[]))
        AS given(user_id, organization_id, version, body, weekly)
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, body = excluded.body,
        weekly = excluded.weekly
""")
_FORGET_DATES = text("DELETE FROM availability_dates WHERE user_id = ANY(CAST(:users AS uuid[]))")
_SET_DATES = text("""
    INSERT INTO availability_dates (user_id, day, ranges)
    SELECT user_id, day, CAST(ranges AS json)
    FROM unnest(CAST(:users AS uuid[]), CAST(:days AS date[]), CAST(:ranges AS text[])) AS given(user_id, day, ranges)
""")


async def save_hours(tx: Transaction, hours: Sequence[Hours]) -> None:
    """Replace the availability of these people; their organizations' rows say from now on that somebody has
    some.
    """
    await tx.execute(
        _SET_HOURS,
        {
            "users": [item.user_id for item in hours],
            "organizations": [item.organization_id for item in hours],
            "versions": [item.version for item in hours],
            "bodies": [_json(item.body) for item in hours],
            "weekly": [
                _json({name: value for name, value in item.body.items() if name != "overrides"})
                for item in hours
            ],
        },
    )
    await tx.execute(_FORGET_DATES, {"users": [item.user_id for item in hours]})
    dates = [(item.user_id, override) for item in hours for override in item.body["overrides"]]
    if dates:
        await tx.execute(
            _SET_DATES,
            {
                "users": [user for user, _ in dates],
                "days": [date.fromisoformat(override["date"]) for _, override in dates],
                "ranges": [_json(override["ranges"]) for _, override in dates],
            },
        )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
