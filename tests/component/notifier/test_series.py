"""Deliveries about a whole series: planned once, and dropped only when all of it changes."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from chassis.database.transactions import Database
from contracts import topics
from contracts.envelope import Record, rfc3339
from services.notifier.sending.checks import obsolete
from services.notifier.store import checked
from tests.component.notifier.office import ANNA, BEN, CLEO, PEOPLE, TOMORROW, an_appointment
from tests.component.notifier.test_store import a_record, database, handled

__all__ = ["database"]

WEEK = timedelta(days=7)


class ASeries:
    """Three weeks of an hour with BEN and CLEO, and the records that booking would publish of it."""

    def __init__(self) -> None:
        self.id = str(uuid4())
        self.version = 0
        self.states = [self._occurrence(number) for number in range(3)]
        self.offset = 0

    def _occurrence(self, number: int) -> dict[str, Any]:
        start = TOMORROW + number * WEEK
        times = {"start_time": rfc3339(start), "end_time": rfc3339(start + timedelta(hours=1))}
        state = an_appointment(**times) | {"series_id": self.id, "original_start_time": times["start_time"]}
        both = {str(BEN): "pending", str(CLEO): "pending"}
        return state | {"participant_ids": list(both), "confirmation_status": both, "version": 0}

    def happened(self, kind: str, number: int, alone: bool = True, **different: Any) -> Record:
        """An event of one of them."""
        self.states[number] |= {"version": self.states[number]["version"] + 1, **different}
        return self._record(
            f"appointment.{kind}", self.states[number], {} if alone else {"of_series": self.id}
        )

    def changed(self, change: str, scope: str = "all", first: int = 0, **different: Any) -> list[Record]:
        """One command to the `first` and those after it: an event for each, then that of the series."""
        touched = range(first, len(self.states))
        records = [self.happened(change, number, alone=False, **different) for number in touched]
        self.version += 1
        body = {
            "series_id": self.id,
            "version": self.version,
            "change": change,
            "scope": scope,
            "series": self._state(),
            "occurrences": [self._told(self.states[number]) for number in touched],
        }
        return [*records, self._record("series.changed", self.states[first], body)]

    def _record(self, kind: str, state: dict[str, Any], more: dict[str, Any]) -> Record:
        self.offset += 1
        body = {
            "appointment_id": state["id"],
            "version": state["version"],
            "appointment": dict(state),
            "changes": [],
            "people": PEOPLE,
            "actor": str(ANNA),
        }
        return a_record(self.offset, topics.BOOKING_EVENTS.name, kind, body | more)

    def _state(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "organization_id": self.states[0]["organization_id"],
            "organizer_id": str(ANNA),
            "timezone": "UTC",
            "local_start": TOMORROW.replace(tzinfo=None).isoformat(),
            "rrule": "FREQ=WEEKLY;COUNT=3",
            "recurring_pattern": {"frequency": "weekly", "count": 3},
            "version": self.version,
        }

    def _told(self, state: dict[str, Any]) -> dict[str, Any]:
        times = {name: state[name] for name in ("original_start_time", "start_time", "end_time")}
        return {"appointment_id": state["id"], **times}


async def _open(database: Database) -> dict[str, set[str | None]]:
    """By type, why what was planned would not be sent now (None: it would)."""
    async with database.transaction() as tx:
        ids = [row.id for row in await tx.execute(text("SELECT id FROM deliveries"), {})]
        looked = await checked.look(tx, ids)
    found: dict[str, set[str | None]] = {}
    for item in looked:
        end = obsolete(item, datetime.now(UTC))
        found.setdefault(item.delivery.type, set()).add(end.reason if end else None)
    return found


async def test_a_series_is_told_once_to_each(database: Database) -> None:
    records = ASeries().changed("created")
    first = await handled(database, *records)
    async with database.transaction() as tx:
        rows = await tx.execute(text("SELECT recipient_id, channel, type FROM deliveries"), {})
    mails = Counter((row.recipient_id, row.type) for row in rows if row.channel == "email")
    assert mails == {
        (ANNA, "appointment_created"): 1,
        (BEN, "appointment_invitation"): 1,
        (CLEO, "appointment_invitation"): 1,
    }
    assert await handled(database, *records, again=True) == first
    assert await handled(database, *records) == []


async def test_what_happens_to_one_of_them_leaves_the_invitation_to_all_true(database: Database) -> None:
    series = ASeries()
    await handled(database, *series.changed("created"))
    await handled(
        database, series.happened("rescheduled", 0), series.happened("cancelled", 0, status="cancelled")
    )
    await handled(database, *series.changed("cancelled", "following", first=1, status="cancelled"))
    assert (await _open(database))["appointment_invitation"] == {None}


async def test_what_happens_to_all_of_them_makes_the_invitation_untrue(database: Database) -> None:
    series = ASeries()
    await handled(database, *series.changed("created"))
    await handled(database, *series.changed("rescheduled"))
    assert await _open(database) == {
        "appointment_created": {"the appointment was rescheduled"},
        "appointment_invitation": {"the appointment was rescheduled"},
        "appointment_rescheduled": {None},
    }
    await handled(database, *series.changed("cancelled", status="cancelled"))
    found = await _open(database)
    assert found["appointment_rescheduled"] == {"the appointment was cancelled"}
    assert found["appointment_cancelled"] == {None}


async def test_who_declined_the_first_only_is_told_of_what_happens_to_all(database: Database) -> None:
    series = ASeries()
    await handled(database, *series.changed("created"))
    responses = {str(BEN): "declined", str(CLEO): "pending"}
    await handled(database, series.happened("participant_declined", 0, confirmation_status=responses))
    moved = series.changed("rescheduled")
    await handled(database, *moved)
    async with database.transaction() as tx:
        query = text("SELECT DISTINCT recipient_id FROM deliveries WHERE type = 'appointment_rescheduled'")
        assert {row.recipient_id for row in await tx.execute(query, {})} == {BEN, CLEO}
