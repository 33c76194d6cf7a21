"""The tables as the last judge, and what is forgotten."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from chassis import clock
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from chassis.errors import TooMuch
from chassis.verdicts import ExtraEvent, Verdict
from services.booking import jobs
from services.booking.domain.model.book import Changed
from services.booking.domain.model.people import Person
from services.booking.messages.state import state_of
from services.booking.store import batches, decisions, people
from tests.support import World
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    HOUR,
    NOW,
    PEOPLE,
    a_create,
    a_person,
    an_appointment,
    an_update,
)


@pytest.fixture
async def database(cluster: World) -> AsyncIterator[Database]:
    """Booking's, empty."""
    settings = Settings(database_url=cluster.database_url)
    await migrate("booking", settings)
    found = Database(service_database_url(settings, "booking"), application_name="test")
    yield found
    await found.dispose()


def a_verdict(change: Changed | None = None, **different: object) -> Verdict:
    """A verdict with the fields that `save` reads."""
    after = change.after if change else None
    plain = Verdict(
        command_id=uuid4(),
        fingerprint=b"f",
        cause="booking.commands/0/1",
        decided_at=NOW,
        correlation_id="c",
        traceparent=None,
        subject=after.id if after else None,
        accepted=True,
        outcome=b"{}",
        state=state_of(after) if after else None,
    )
    return replace(plain, **different)  # type: ignore[arg-type]


async def save(database: Database, *changes: Changed) -> None:
    """Save these changes in one transaction."""
    async with database.transaction() as tx:
        await batches.save(tx, changes, [a_verdict(change) for change in changes])


async def count(database: Database, table: str) -> int:
    """How many rows."""
    async with database.transaction() as tx:
        return int(await tx.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_a_saved_appointment_is_loaded_as_it_was(database: Database) -> None:
    made = an_appointment({BEN: "declined"}, organizer_confirmed=True, custom_fields={"z": 1, "a": [None]})
    await save(database, Changed(None, made))
    async with database.transaction() as tx:
        book = await batches.load_book(tx, [an_update()], PEOPLE)
    assert book.find(made.id) == made


async def test_overlapping_time_is_refused_by_the_database_whatever_was_decided(database: Database) -> None:
    await save(database, Changed(None, an_appointment()))
    other = an_appointment(id=uuid4(), organizer_id=CARA)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await save(database, Changed(None, other))
    assert caught.value.sqlstate == "23P01"
    assert await count(database, "appointments") == 1


async def test_touching_ends_are_free(database: Database) -> None:
    first = an_appointment()
    await save(database, Changed(None, first))
    await save(database, Changed(None, an_appointment(id=uuid4(), start=first.end, end=first.end + HOUR)))


@pytest.mark.parametrize("what", ["appointment", "command"])
async def test_a_used_id_is_refused_by_the_database(database: Database, what: str) -> None:
    verdict = a_verdict(first := Changed(None, an_appointment({})))
    async with database.transaction() as tx:
        await batches.save(tx, [first], [verdict])
    away = replace(first.after, start=first.after.start + 5 * HOUR, end=first.after.end + 5 * HOUR)
    second = Changed(None, away if what == "appointment" else replace(away, id=uuid4()))
    again = a_verdict(second) if what == "appointment" else a_verdict(second, command_id=verdict.command_id)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        async with database.transaction() as tx:
            await batches.save(tx, [second], [again])
    assert caught.value.sqlstate == "23505"


async def test_two_appointments_swap_in_one_save(database: Database) -> None:
    first = an_appointment()
    second = an_appointment(id=uuid4(), start=first.end, end=first.end + HOUR)
    await save(database, Changed(None, first), Changed(None, second))
    await save(
        database,
        Changed(first, replace(first, start=second.start, end=second.end)),
        Changed(second, replace(second, start=first.start, end=first.end)),
    )
    assert await count(database, "occupancy") == 4


async def test_only_what_overlaps_the_needed_ranges_is_loaded(database: Database) -> None:
    near = an_appointment()
    far = an_appointment(id=uuid4(), start=near.start + 50 * HOUR, end=near.end + 50 * HOUR)
    await save(database, Changed(None, near), Changed(None, far))
    async with database.transaction() as tx:
        book = await batches.load_book(tx, [a_create()], PEOPLE)
    assert book.find(near.id) == near, "for the actor may learn what is in the way"
    assert book.find(far.id) is None
    assert book.overlapping(BEN, far.start, far.end) == []


async def test_people_are_kept_as_last_told(database: Database) -> None:
    for name in ("Before", "After"):
        async with database.transaction() as tx:
            await people.keep(tx, [a_person(ANNA, name=name), a_person(ADMIN, roles=frozenset({"admin"}))])
    await save(database, Changed(None, an_appointment()))
    async with database.transaction() as tx:
        book = await batches.load_book(tx, [an_update()], {})
    assert [person.name for person in book.named([ANNA, BEN])] == ["After"]
    assert book.people == {}, "a name that was told once vouches for nobody"
    assert isinstance(book.named([ANNA])[0], Person)


async def test_what_was_decided_is_forgotten_after_thirty_days(database: Database) -> None:
    old = [a_verdict(decided_at=clock.now() - timedelta(days=30, minutes=1)) for _ in range(5)]
    young = a_verdict(decided_at=clock.now() - timedelta(days=29))
    async with database.transaction() as tx:
        await batches.save(tx, [], [*old, young])
    await jobs.forget_old(database, 30)()
    async with database.transaction() as tx:
        assert await decisions.load_verdicts(tx, [young.command_id, UUID(int=1)]) == {young.command_id: young}
    assert await count(database, "decisions") == 1


async def test_more_events_than_memory_should_hold_are_read_in_halves(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    further = tuple(ExtraEvent("appointment.created", uuid4(), 1000 * b"x") for _ in range(3))
    heavy = [a_verdict(further=further) for _ in range(2)]
    async with database.transaction() as tx:
        await batches.save(tx, [], heavy)
    ids = [key for verdict in heavy for key in (verdict.command_id, uuid4())]  # each command has two keys
    monkeypatch.setattr(decisions, "FURTHER_AT_ONCE", 5_999)
    async with database.transaction() as tx:
        with pytest.raises(TooMuch):
            await decisions.load_verdicts(tx, ids)
        assert (await decisions.load_verdicts(tx, ids[:2]))[ids[0]].further == further
    monkeypatch.setattr(decisions, "FURTHER_AT_ONCE", 6_000)
    async with database.transaction() as tx:
        assert len(await decisions.load_verdicts(tx, ids)) == 2
        monkeypatch.setattr(decisions, "FURTHER_AT_ONCE", 2_999)
        assert len(await decisions.load_verdicts(tx, ids[:2])) == 1, "one alone always goes through"
