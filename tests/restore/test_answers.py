"""Which answers in the log count for a rebuild: the newest, also to a record that has no outcome of its own."""

from uuid import uuid4

import pytest

from chassis.dead_letters.store import Failure, letter
from contracts.envelope import Record
from services.booking.rebuild.run import Inconsistent
from tests.component.booking.conftest import identity
from tests.restore.drill import differences, state_of
from tests.restore.memory import CLUSTER, COMMANDS, Archive, Ledger, Office, content
from tests.restore.test_cut import HOUR, NOON, archive, lost, office, outcome_of

__all__ = ["archive", "identity", "lost", "office"]


async def test_a_command_that_was_sent_twice_is_owed_no_second_outcome(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    identifier = uuid4()
    first, second = (office.book(NOON, id=identifier) for _ in range(2))
    behind = office.book(NOON + HOUR)
    await lost.decide(first, second, behind)
    summary = await (await archive.new("found")).rebuilt()
    assert summary.positions[f"{COMMANDS}/{office.home}"] == behind.offset + 1
    assert summary.counts["decisions to be made again"] == 0


@pytest.mark.parametrize("published", [True, False], ids=["published", "not published"])
async def test_an_id_that_was_used_for_something_else_is_owed_its_refusal(
    archive: Archive, office: Office, lost: Ledger, published: bool
) -> None:
    identifier = uuid4()
    first, other = office.book(NOON, id=identifier), office.book(NOON + HOUR, id=identifier)
    behind = office.book(NOON + 2 * HOUR)
    await lost.decide(first, other, behind)
    log = archive.log if published else archive.log.without(outcome_of(other))
    summary = await (await archive.new("found")).rebuilt(log)
    goes_on = behind.offset + 1 if published else other.offset
    assert summary.positions[f"{COMMANDS}/{office.home}"] == goes_on


async def test_a_record_that_was_set_aside_is_owed_nothing(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    bad = archive.log.append(COMMANDS, office.home, None, b"{", [("ce_type", b"appointment.create")])
    behind = office.book(NOON)
    archive.log.tell(letter(bad, "booking.commands", "booking", _failure(bad), "1", CLUSTER))
    await lost.decide(behind)
    summary = await (await archive.new("found")).rebuilt()
    assert summary.positions[f"{COMMANDS}/{office.home}"] == behind.offset + 1


def _failure(record: Record) -> Failure:
    return Failure("decode", "InvalidMessage", "no id", 1, record.timestamp, record.timestamp)


async def test_events_that_the_newest_outcome_does_not_name_do_not_count(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    """A backup decided two competing commands again, in the other order: the other one won."""
    earlier = office.book(NOON + HOUR)
    await lost.decide(earlier)
    backup = await archive.copy(lost, "backup")
    one, other = office.book(NOON), office.book(NOON, partition=office.elsewhere)
    first = await lost.decide(one, other)
    again = await backup.decide(other, one)
    assert not content(first) <= content(again), "they are decided otherwise"
    found = await archive.new("found")
    summary = await found.rebuilt()
    assert [sentence for sentence in summary.unknown if sentence.startswith("1 event ")]
    assert differences(await state_of(backup.url), await state_of(found.url), but=("progress",)) == {}


async def test_a_log_that_gives_one_persons_time_away_twice_changes_nothing(
    archive: Archive, office: Office, lost: Ledger
) -> None:
    stranger = await archive.new("stranger")
    await lost.decide(office.book(NOON))
    await stranger.decide(office.book(NOON))
    found = await archive.new("found")
    before = await state_of(found.url)
    with pytest.raises(Inconsistent, match="one person's time"):
        await found.rebuilt()
    assert await state_of(found.url) == before
