"""Where deciding goes on after a rebuild: at the first command whose outcome may still be owed, in each partition by itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chassis.dead_letters.store import DISCARDED
from contracts import topics
from contracts.envelope import Record
from contracts.ids import uuid5
from services.booking.rebuild.run import NotNow
from tests.component.booking.conftest import identity
from tests.component.booking.identity import Identity
from tests.restore.drill import differences, state_of
from tests.restore.memory import COMMANDS, Archive, Ledger, MemoryLog, Missing, Office, content
from tests.restore.scenario import times
from tests.support.world import new_world, remove_world

__all__ = ["identity"]
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=14)
HOUR = timedelta(hours=1)
MINUTES = timedelta(minutes=1)
OUTCOMES = topics.BOOKING_OUTCOMES.name
REDRIVE = topics.redrive("booking").name


@pytest.fixture
async def archive(database_server: str, identity: Identity) -> AsyncIterator[Archive]:
    """Room for databases, and the log that they share."""
    world = new_world("127.0.0.1:1", database_server)
    yield Archive(world, MemoryLog(), identity)
    await remove_world(world)


@pytest.fixture
def office(archive: Archive) -> Office:
    """An organization."""
    return Office(archive.log, archive.identity)


@pytest.fixture
async def lost(archive: Archive) -> Ledger:
    """The database that decided, and will be lost."""
    return await archive.new("lost")


def outcome_of(*commands: Record) -> Missing:
    """Whether a record is the outcome of one of these commands."""
    places = {one.position for one in commands}
    return lambda record: record.topic == OUTCOMES and record.header("cause") in places


def all_of(*commands: Record) -> Missing:
    """Whether a record follows from one of these commands."""
    places = {one.position for one in commands}
    return lambda record: record.topic != COMMANDS and record.header("cause") in places


def appointment_of(command: Record) -> str:
    return str(uuid5(UUID(command.header("ce_id")), "appointment"))


async def test_what_follows_from_a_command_that_comes_again_comes_again_too_whichever_way_it_came(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    owed = office.book(NOON)
    await lost.decide(owed)
    before = office.book(NOON + HOUR, partition=office.elsewhere)
    await lost.decide(before)
    misrouted = office.ask(
        "appointment.update",
        {"appointment_id": appointment_of(owed), "title": "Misrouted"},
        partition=office.elsewhere,
    )
    follows = await lost.decide(misrouted)
    behind = office.book(NOON + 2 * HOUR, partition=office.elsewhere)
    beside = office.book(NOON + 3 * HOUR, partition=(office.elsewhere + 1) % 6)
    follows += await lost.decide(behind, beside)

    found = await archive.new("found")
    summary = await found.rebuilt(archive.log.without(outcome_of(owed)))
    assert summary.positions[f"{COMMANDS}/{office.home}"] == owed.offset
    assert summary.positions[f"{COMMANDS}/{office.elsewhere}"] == misrouted.offset, "not the one before it"
    assert summary.positions[f"{COMMANDS}/{beside.partition}"] == beside.offset + 1, "nothing of this is owed"
    assert summary.counts["events to come again"] == 3
    again = await found.decide(owed, misrouted, behind)
    assert content(again) <= content(archive.log.written[: -len(again)]), "byte for byte"
    assert differences(await state_of(lost.url), await state_of(found.url), but=("progress",)) == {}


async def test_versions_of_one_persons_hours_and_feed_do_not_follow_from_each_other(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    hours = {"user_id": str(office.anna), "timezone": "Europe/Berlin", "rules": []}
    first = [office.ask("availability.set", hours | {"policy": {"step": step}}) for step in (15, 30)]
    owed = office.ask("feed.set", {"token_hash": 32 * "11"})
    third = office.ask("availability.set", hours | {"policy": {"step": 60}}, partition=office.elsewhere)
    await lost.decide(*first, owed, third)
    summary = await (await archive.new("found")).rebuilt(archive.log.without(outcome_of(owed)))
    assert summary.positions[f"{COMMANDS}/{office.home}"] == owed.offset
    assert summary.positions[f"{COMMANDS}/{office.elsewhere}"] == third.offset + 1


async def test_a_command_that_never_got_an_outcome_is_named_and_not_decided(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    forgotten = office.book(NOON)
    decided = office.book(NOON + HOUR)
    await lost.decide(decided)
    archive.log.now += 3 * MINUTES
    late = office.book(NOON + 2 * HOUR)
    await lost.decide(late)
    found = await archive.new("found")
    summary = await found.rebuilt()
    assert summary.positions[f"{COMMANDS}/{office.home}"] == late.offset + 1
    assert summary.counts["decisions to be made again"] == 0
    [sentence] = [one for one in summary.unknown if "never got an outcome" in one]
    assert sentence.startswith("1 command ")
    assert forgotten.position in sentence
    assert await found.rows("SELECT count(*) FROM appointments") == [(2,)]


async def test_a_command_of_the_last_two_minutes_is_decided_again_with_all_that_came_behind_it(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    first, owed, *behind = (office.book(NOON + number * HOUR) for number in range(4))
    await lost.decide(first, owed, *behind)
    archive.log.now += 30 * MINUTES
    other = office.book(NOON + 5 * HOUR, partition=office.elsewhere)
    await lost.decide(other)  # of another partition: it proves nothing
    found = await archive.new("found")
    summary = await found.rebuilt(archive.log.without(all_of(owed)))
    assert summary.positions[f"{COMMANDS}/{office.home}"] == owed.offset
    assert summary.counts["decisions to be made again"] == 2
    assert not [one for one in summary.unknown if "never got an outcome" in one]
    again = await found.decide(owed, *behind)
    assert content(again) <= content(archive.log.written[: -len(again)])
    assert differences(await state_of(lost.url), await state_of(found.url), but=("progress",)) == {}


async def test_a_note_that_discards_a_letter_is_no_command(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    redriven = office.book(NOON, topic=REDRIVE)
    archive.log.append(
        REDRIVE,
        office.home,
        None,
        b"",
        [("ce_id", str(uuid4()).encode()), ("ce_type", DISCARDED.encode()), ("discard-of", b"-")],
    )
    behind = office.book(NOON + HOUR, topic=REDRIVE)
    await lost.decide(redriven, behind)
    summary = await (await archive.new("found")).rebuilt()
    assert summary.positions[f"{REDRIVE}/{office.home}"] == behind.offset + 1
    assert summary.counts["decisions to be made again"] == 0


async def test_two_organizations_that_used_one_id_keep_their_decisions(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    other = Office(archive.log, archive.identity)
    identifier = uuid4()
    commands = [one.book(NOON, id=identifier) for one in (office, other)]
    published = await lost.decide(*commands)
    found = await archive.new("found")
    summary = await found.rebuilt()
    assert summary.counts["decisions"] == 2
    assert differences(await state_of(lost.url), await state_of(found.url), but=("progress",)) == {}
    repeated = [one.book(NOON, id=identifier) for one in (other, office)]
    outcomes = content([one for one in published if one.topic == OUTCOMES])
    assert content(await found.decide(*repeated)) == outcomes, "each gets its own outcome again"


async def test_two_organizations_that_used_one_id_keep_their_keys_when_the_second_is_decided_first(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    other = Office(archive.log, archive.identity)
    identifier = uuid4()
    owed = [office.book(NOON), other.book(NOON)]
    await lost.decide(*owed)
    commands = [one.book(NOON + HOUR, id=identifier) for one in (office, other)]
    published = await lost.decide(*commands)
    found = await archive.new("found")
    summary = await found.rebuilt(archive.log.without(outcome_of(*owed)))
    assert summary.counts["decisions to be made again"] == 2
    again = await found.decide(*reversed(owed), *reversed(commands))
    assert content(published) <= content(again), "byte for byte"
    assert differences(await state_of(lost.url), await state_of(found.url), but=("progress",)) == {}


async def test_the_second_organization_keeps_its_decision_longer_than_the_first(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    other = Office(archive.log, archive.identity)
    identifier = uuid4()
    published = await lost.decide(*(one.book(NOON, id=identifier) for one in (office, other)))
    await lost.rows(f"DELETE FROM decisions WHERE command_id = '{identifier}'")  # after its 30 days
    again = await lost.decide(other.book(NOON, id=identifier))
    assert content(again) == content(published[-1:]), "its own outcome, and nothing is decided anew"


Fill = Callable[[Archive, Ledger, Office], Awaitable[None]]


async def _appointment(archive: Archive, ledger: Ledger, office: Office) -> None:
    await ledger.decide(office.book(NOON))


async def _refusal(archive: Archive, ledger: Ledger, office: Office) -> None:
    await ledger.decide(office.ask("appointment.create", {"title": "No time"}))


async def _hours(archive: Archive, ledger: Ledger, office: Office) -> None:
    hours = {"user_id": str(office.anna), "timezone": "Europe/Berlin", "rules": []}
    await ledger.decide(office.ask("availability.set", hours))


async def _feed(archive: Archive, ledger: Ledger, office: Office) -> None:
    await ledger.decide(office.ask("feed.set", {"token_hash": 32 * "11"}))


async def _hold(archive: Archive, ledger: Ledger, office: Office) -> None:
    await ledger.decide(office.ask("hold.place", times(NOON)))


async def _busy(archive: Archive, ledger: Ledger, office: Office) -> None:
    await ledger.decide(
        office.ask("busy_times.import", {"busy_times": [{"uid": "x", **times(NOON)}], "removed": []})
    )


@pytest.mark.parametrize(
    ("fill", "forgotten"),
    [
        pytest.param(fill, forgotten, id=f"{name}, decisions {'forgotten' if forgotten else 'known'}")
        for name, fill in (("an appointment", _appointment), ("hours", _hours), ("a feed", _feed))
        for forgotten in (False, True)
    ]
    + [
        pytest.param(_hold, True, id="a hold, decisions forgotten"),
        pytest.param(_busy, True, id="busy times, decisions forgotten"),
        pytest.param(_refusal, False, id="a refusal"),
    ],
)
async def test_a_database_with_anything_in_it_is_not_rebuilt(
    archive: Archive, office: Office, lost: Ledger, fill: Fill, forgotten: bool
) -> None:
    await fill(archive, lost, office)
    if forgotten:
        await lost.rows("DELETE FROM decisions")
    before = await state_of(lost.url)
    with pytest.raises(NotNow, match="not empty"):
        await lost.rebuilt()
    assert await state_of(lost.url) == before
