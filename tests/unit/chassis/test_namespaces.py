"""An id belongs to the organization that used it first, also when the database has forgotten which one that was."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiokafka import TopicPartition

from chassis.commands import Received
from chassis.configuration.settings import Settings
from chassis.consuming.namespaces import Namespaces
from chassis.verdicts import Verdict, known
from contracts.envelope import Envelope, Record, key_elsewhere, outcome_id

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIRST, SECOND, COMMAND = UUID(int=1), UUID(int=2), UUID(int=3)
PLACE = TopicPartition("t.x.commands", 2)


def received(organization: UUID | None, key: UUID = COMMAND) -> Received[str]:
    return Received(COMMAND, key, organization, None, "-", None, None, "x", b"", "asked")


def record(organization: UUID | None = SECOND) -> Record:
    return Record("x.commands", 2, 7, NOW, str(organization).encode(), b"{}")


def an_outcome(key: UUID, organization: UUID | None = SECOND, cause: str = "x.commands/2/7") -> Record:
    head = Envelope(outcome_id(key), "command.accepted", organization=organization, cause=cause)
    value = orjson.dumps({"command_id": str(COMMAND), "code": None})
    return Record("x.outcomes", 0, 0, NOW, None, value, head.headers())


@pytest.fixture
def namespaces() -> Namespaces:
    return Namespaces(Settings(topic_prefix="t."), "x", "x.outcomes")


@pytest.mark.parametrize("organization", [SECOND, None])
def test_an_outcome_tells_that_its_command_had_a_key_of_its_own(
    namespaces: Namespaces, organization: UUID | None
) -> None:
    assert not namespaces.has_own_key(received(organization))
    namespaces.note(an_outcome(key_elsewhere(organization, COMMAND), organization), {PLACE: 7})
    assert namespaces.has_own_key(received(organization))
    assert not namespaces.has_own_key(received(FIRST))


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(an_outcome(COMMAND), id="of the first"),
        pytest.param(an_outcome(key_elsewhere(SECOND, COMMAND), cause="x.commands/2/6"), id="applied"),
        pytest.param(an_outcome(key_elsewhere(SECOND, COMMAND), cause="x.commands/1/9"), id="elsewhere"),
        pytest.param(an_outcome(key_elsewhere(SECOND, COMMAND), cause="nowhere"), id="no position"),
        pytest.param(replace(an_outcome(COMMAND), value=b"{"), id="no JSON"),
        pytest.param(replace(an_outcome(COMMAND), value=b"[]"), id="no object"),
        pytest.param(replace(an_outcome(COMMAND), headers=()), id="no headers"),
    ],
)
def test_any_other_outcome_tells_nothing(namespaces: Namespaces, outcome: Record) -> None:
    namespaces.note(outcome, {PLACE: 7})
    assert not namespaces.has_own_key(received(SECOND))


def a_verdict(key: UUID, organization: UUID | None) -> Verdict:
    return Verdict(key, b"", "x.commands/2/1", NOW, "-", None, None, True, b"{}", organization=organization)


OWN = key_elsewhere(SECOND, COMMAND)


@pytest.mark.parametrize(
    ("verdicts", "has_own", "expected"),
    [
        pytest.param([], False, COMMAND, id="nobody used it"),
        pytest.param([a_verdict(COMMAND, FIRST)], False, OWN, id="another one used it"),
        pytest.param([a_verdict(COMMAND, SECOND)], False, COMMAND, id="it used it itself"),
        pytest.param([a_verdict(COMMAND, None)], False, COMMAND, id="somebody, before ids had an owner"),
        pytest.param([a_verdict(OWN, SECOND)], False, OWN, id="the first one's verdict is forgotten"),
        pytest.param([], True, OWN, id="an outcome tells it"),
        pytest.param([a_verdict(COMMAND, SECOND)], True, COMMAND, id="the database knows better"),
    ],
)
async def test_the_key_of_a_command(verdicts: list[Verdict], has_own: bool, expected: UUID) -> None:
    async def load(keys: Any) -> dict[UUID, Verdict]:
        return {one.command_id: one for one in verdicts if one.command_id in keys}

    items = [(record(), received(SECOND))]
    keyed, found = await known(items, load, lambda _, key: received(SECOND, key), lambda _: has_own)
    assert [one.key for _, one in keyed] == [expected]
    assert (expected in found) == any(one.command_id == expected for one in verdicts)


async def test_the_second_of_a_batch_has_the_other_key_also_where_it_is_decided_first() -> None:
    async def load(_: Any) -> dict[UUID, Verdict]:
        return {}

    items = [(record(who), received(who)) for who in (SECOND, FIRST, SECOND)]
    keyed, _ = await known(
        items, load, lambda _, key: received(SECOND, key), lambda one: one.organization == SECOND
    )
    assert [one.key for _, one in keyed] == [OWN, COMMAND, OWN]
