"""Each organization has its own command ids, and no two records of a topic that differ share an id."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import orjson
import pytest
from sqlalchemy import text

from contracts.envelope import Message, Record
from tests.component.commands.records import ANNA, ORGANIZATION, OTHER_ORGANIZATION, STRANGER, a_record
from tests.component.commands.service import Service

NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)


def a_command(
    service: Service, identifier: UUID, person: UUID, organization: UUID, number: int = 1
) -> Record:
    """A command that is carried out, each time it is sent under another id and number."""
    body: dict[str, Any]
    if service.name == "booking":
        at = NINE + timedelta(hours=2 * number)
        times = {"start_time": at.isoformat(), "end_time": (at + timedelta(hours=1)).isoformat()}
        kind, body = "appointment.create", times | {"title": "Visit", "participant_ids": []}
    else:
        kind, body = (
            "preferences.set",
            {"quiet_hours": None, "timezone": ("UTC", "Europe/Berlin")[number % 2]},
        )
    return a_record(service, kind, body, ce_id=identifier, actor=person, organization=organization)


def two(service: Service, number: int) -> tuple[Record, Record]:
    """Commands of two organizations with one id."""
    identifier = uuid4()
    return (
        a_command(service, identifier, ANNA, ORGANIZATION, number),
        a_command(service, identifier, STRANGER, OTHER_ORGANIZATION, number),
    )


def ids(messages: Sequence[Message]) -> list[str]:
    return [dict(message.headers)["ce_id"].decode() for message in messages]


def bodies(service: Service, messages: Sequence[Message]) -> list[Any]:
    return [orjson.loads(message.value or b"") for message in messages if message.topic == service.outcomes]


@pytest.mark.parametrize("at_once", [True, False])
async def test_two_organizations_use_one_id(service: Service, at_once: bool) -> None:
    records = two(service, 1 if at_once else 2)
    if at_once:
        messages = await service.apply(*records)
    else:
        messages = [message for record in records for message in await service.apply(record)]
    outcomes = bodies(service, messages)
    assert [outcome["status"] for outcome in outcomes] == ["accepted", "accepted"]
    identifier = records[0].header("ce_id")
    assert [outcome["command_id"] for outcome in outcomes] == [identifier, identifier]
    assert len(messages) == len(set(ids(messages))) == 4
    assert [outcome["event_ids"] for outcome in outcomes] == [[ids(messages)[0]], [ids(messages)[2]]]
    subjects = [dict(message.headers)["ce_subject"] for message in messages]
    assert (subjects[0], subjects[2]) == (subjects[1], subjects[3])
    assert subjects[0] != subjects[2], "what they made has two ids"
    # Both again, in one batch and in the other order, as a take-over may read them.
    assert await service.repeat(*records) == messages
    backwards = await service.repeat(*reversed(records))
    assert backwards == messages[2:] + messages[:2]
    # Sent again by each: its own outcome.
    again = [
        a_command(service, UUID(identifier), who, of, 1 if at_once else 2)
        for who, of in ((STRANGER, OTHER_ORGANIZATION), (ANNA, ORGANIZATION))
    ]
    assert await service.apply(*again) == [messages[3], messages[1]]


async def test_the_first_organization_has_the_ids_that_the_contract_names(service: Service) -> None:
    first, second = two(service, 3)
    messages = [*await service.apply(first), *await service.apply(second)]
    identifier = UUID(first.header("ce_id"))
    assert ids(messages[:2]) == [str(uuid5(identifier, "1")), str(uuid5(identifier, "outcome"))]
    own = uuid5(OTHER_ORGANIZATION, str(identifier))
    assert ids(messages[2:]) == [str(uuid5(own, "1")), str(uuid5(own, "outcome"))]


async def test_each_organization_is_refused_only_what_it_used_itself(service: Service) -> None:
    first, second = two(service, 4)
    await service.apply(first, second)
    identifier = UUID(first.header("ce_id"))
    others = [
        a_command(service, identifier, who, of, 5)
        for who, of in ((ANNA, ORGANIZATION), (STRANGER, OTHER_ORGANIZATION))
    ]
    refusals = await service.apply(*others)
    assert [outcome["code"] for outcome in bodies(service, refusals)] == ["command_id_reused"] * 2
    assert len(set(ids(refusals) + ids(await service.repeat(first, second)))) == 6


async def test_a_refusal_of_the_same_record_in_a_new_log_has_an_id_of_its_own(service: Service) -> None:
    identifier = uuid4()
    first = a_command(service, identifier, ANNA, ORGANIZATION, 6)
    await service.apply(first)
    other = a_command(service, identifier, ANNA, ORGANIZATION, 7)
    moved = Record(other.topic, 1, other.offset, other.timestamp, other.key, other.value, other.headers)
    assert len(set(ids([*await service.apply(other), *await service.apply(moved)]))) == 2


async def test_rows_of_an_older_process_keep_their_meaning(service: Service) -> None:
    """It leaves the organization empty: the same is answered as before, anything else is refused."""
    first, second = two(service, 8)
    messages = await service.apply(first)
    async with service.database.transaction() as tx:
        await tx.execute(
            text("UPDATE decisions SET organization_id = NULL WHERE command_id = :id"),
            {"id": UUID(first.header("ce_id"))},
        )
    assert await service.repeat(first) == messages
    [refusal] = bodies(service, await service.apply(second))
    assert refusal["code"] == "command_id_reused"


async def test_two_processes_that_decide_one_id_at_once(service: Service) -> None:
    """The second one waits for the first; if it fails for the used key, it finds at the next try that it has its own."""
    first, second = two(service, 9)
    async with service.database.transaction() as tx:
        messages = await service.handle(tx, [(first, service.decode(first))])
        slower = asyncio.create_task(service.apply(second))
        async with service.database.session() as other:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not await other.scalar(waiting):
                assert not slower.done(), "it has to wait"
    try:
        messages += await slower
    except asyncpg.UniqueViolationError:
        messages += await service.apply(second)
    assert [outcome["status"] for outcome in bodies(service, messages)] == ["accepted", "accepted"]
    assert len(set(ids(messages))) == 4
