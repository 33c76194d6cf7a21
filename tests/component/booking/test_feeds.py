"""The address of a person's calendar, over real Kafka and PostgreSQL: kept between batches, told each time it changes."""

from typing import Any

import orjson

from contracts import topics
from contracts.feeds import FeedChanged
from tests.component.booking.desk import Desk
from tests.support import eventually

OLD, NEW = "0" * 64, "1" * 64


async def test_each_change_is_told_with_its_version_and_no_change_is_not(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    wishes = [(anna, OLD), (anna, OLD), (anna, NEW), (ben, OLD), (anna, None), (anna, None)]
    outcomes: list[dict[str, Any]] = []
    for person, token_hash in wishes:
        outcomes.append(await desk.outcome(await desk.send("feed.set", person, {"token_hash": token_hash})))
    assert {outcome["status"] for outcome in outcomes} == {"accepted"}
    assert [outcome["version"] for outcome in outcomes] == [1, 1, 2, 1, 3, 3]
    assert [outcome["user_id"] for outcome in outcomes] == [str(person) for person, _ in wishes]
    assert [len(outcome["event_ids"]) for outcome in outcomes] == [1, 0, 1, 1, 1, 0]

    async def all_told() -> list[FeedChanged] | None:
        records = await desk.published(topics.BOOKING_EVENTS.name)
        bodies = [FeedChanged.model_validate(orjson.loads(record.value or b"")) for record in records]
        return bodies if len(bodies) == 4 else None

    events = await eventually(all_told, 10, 0.1) or []
    assert [(one.version, one.token_hash) for one in events if one.user_id == anna] == [
        (1, OLD),
        (2, NEW),
        (3, None),
    ]
    assert {one.organization_id for one in events} == {desk.organization}


async def test_nobody_sets_what_is_no_hash(desk: Desk) -> None:
    anna = desk.person()
    for body in ({}, {"token_hash": "a secret"}, {"token_hash": "A" * 64}, {"token_hash": 7}):
        outcome = await desk.outcome(await desk.send("feed.set", anna, body))
        assert (outcome["status"], outcome["code"]) == ("refused", "invalid")
    assert not await desk.published(topics.BOOKING_EVENTS.name)


async def test_a_command_without_the_proof_of_the_ingress_changes_nothing(desk: Desk) -> None:
    """Records of somebody who may write to booking.commands, and read it."""
    anna, ben = desk.person(), desk.person()
    first = await desk.send("feed.set", anna, {"token_hash": OLD})
    assert (await desk.outcome(first))["status"] == "accepted"
    [record] = [one for one in await desk.published(topics.BOOKING_COMMANDS.name) if one.value]
    genuine = orjson.loads(record.value or b"")
    nothing = {"signed_at": None, "proof": None}
    forged = [
        (anna, {"token_hash": NEW, "proof": None}),
        (anna, {"token_hash": None, "proof": None}),
        (anna, {"token_hash": NEW, "proof": "ab" * 32, "signed_at": genuine["signed_at"]}),
        (anna, genuine),
        (anna, genuine | {"token_hash": NEW}),
        (ben, genuine),
        (ben, genuine | {"user_id": str(ben)}),
        (ben, nothing | {"token_hash": OLD}),
    ]
    for actor, body in forged:
        outcome = await desk.outcome(await desk.send("feed.set", actor, body))
        assert (outcome["status"], outcome["code"]) == ("refused", "not_allowed"), body
    events = await desk.published(topics.BOOKING_EVENTS.name)
    assert [FeedChanged.model_validate(orjson.loads(one.value or b"")).version for one in events] == [1]
