"""A fleet is given more partitions while people book over HTTP and over Kafka, and somebody watches."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.kafka.publisher import partition_of
from chassis.topics import administration
from cli.operate.resizing import SETTLE
from contracts import envelope, topics
from tests.e2e.user import User, Users
from tests.faults.driver import read_all, settings_of
from tests.faults.fleet import all_ready, ask, first_copies, outcomes_of
from tests.faults.writers import Booker, KafkaWriter, Watcher, working
from tests.support import World, eventually
from tests.support.cli import Cli, running

BEFORE, AFTER = 3, 6
BOOKERS = ("jonas@nordlicht.example",)


@pytest.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    variables = {"TOPIC_PARTITIONS": str(BEFORE)}
    async with running(tmp_path_factory.mktemp("resize"), variables) as cli:
        yield cli


async def test_partitions_are_added_under_load(fleet: Cli) -> None:
    urls = await fleet.env()
    world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
    users = await Users.of(urls)
    moved, staying = await _one_of_each(users), [await users(email) for email in BOOKERS]
    bookers = [Booker(user) for user in [*moved[:2], *staying]]
    writers = [KafkaWriter(world, moved[3]), KafkaWriter(world, await users("lukas@nordlicht.example"))]
    watcher, opened = Watcher(moved[0]), asyncio.Event()
    watching = asyncio.create_task(watcher.run(opened))
    await asyncio.wait_for(opened.wait(), 30)
    async with working(*bookers, *writers):
        await _all_have_booked(bookers, 3)
        answer = await fleet("topics", "resize", str(AFTER), "--yes", "--wait", "100")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        before = [len(booker.versions) for booker in bookers]
        await _all_have_booked(bookers, max(before) + 3)
    found = await administration.describe(settings_of(world), topics.ALL)
    assert {actual.partitions for actual in found.values()} == {AFTER}
    await all_ready(fleet)
    acknowledged = set().union(*(writer.acknowledged for writer in writers))
    outcomes = await outcomes_of(world, len(acknowledged))
    assert acknowledged <= set(outcomes), "every acknowledged command has its outcome"
    states = _newest(first_copies(await read_all(world, topics.BOOKING_EVENTS.name)))
    await _views_equal(world, states)
    for booker in bookers:
        assert all(response.headers["Retry-After"] for response in booker.refused)
        shown = {key: states[key]["version"] for key in booker.versions}
        assert all(shown[key] >= version for key, version in booker.versions.items())
    await eventually(lambda: watcher.ended or set(bookers[0].versions) <= watcher.seen, 30)
    assert watcher.ended is None, "the stream that was open before is open still"
    watching.cancel()
    await _nobody_wrote_over_http_during_the_pause(world)
    await _old_commands_came_first(world, moved[0].organization)


async def _one_of_each(users: Users) -> list[User]:
    """Four people of an organization whose partition is a new one."""
    by_organization: dict[str, list[str]] = defaultdict(list)
    for email, person in users.people.items():
        by_organization[person["organization_id"]].append(email)
    emails = next(
        emails
        for organization, emails in by_organization.items()
        if partition_of(organization.encode(), AFTER) >= BEFORE
    )
    return [await users(email) for email in emails[:4]]


async def _all_have_booked(bookers: Sequence[Booker], count: int) -> None:
    await eventually(lambda: all(len(booker.versions) >= count for booker in bookers), 90, interval=0.2)


def _newest(events: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The newest state of each appointment, whose versions are contiguous from 1."""
    states: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        if event["type"].startswith("appointment."):
            assert event["version"] not in states[event["appointment_id"]], "a version is doubled"
            states[event["appointment_id"]][event["version"]] = event["appointment"]
    for versions in states.values():
        assert sorted(versions) == list(range(1, len(versions) + 1)), "a version is missing"
    return {key: versions[len(versions)] for key, versions in states.items()}


async def _views_equal(world: World, states: dict[str, dict[str, Any]]) -> None:
    async def equal() -> bool:
        rows = await ask(world, "projector", "SELECT id, version, title FROM views.appointments")
        shown = {str(row["id"]): (row["version"], row["title"]) for row in rows}
        assert shown == {key: (state["version"], state["title"]) for key, state in states.items()}
        return True

    await eventually(equal, 60, interval=0.5)


async def _nobody_wrote_over_http_during_the_pause(world: World) -> None:
    """From a moment after it was said until its end, no command of the ingress was written, and then again."""
    pauses = {
        record.timestamp: orjson.loads(record.value)["seconds"]
        for record in await read_all(world, topics.PROJECTOR_EVENTS.name)
        if envelope.read(record.headers).type == "intake.paused"
    }
    begin = min(at for at, seconds in pauses.items() if seconds) + SETTLE * 1000
    end = max(at for at, seconds in pauses.items() if not seconds)
    written = [
        record.timestamp
        for record in await read_all(world, topics.BOOKING_COMMANDS.name)
        if envelope.read(record.headers).source == "appointments/ingress"
    ]
    assert not [at for at in written if begin < at < end]
    assert min(written) < begin < end < max(written)


async def _old_commands_came_first(world: World, organization: str) -> None:
    """Commands over HTTP before the pause were decided before the first command in the new partition."""
    decided = {
        orjson.loads(record.value)["command_id"]: record.timestamp
        for record in reversed(await read_all(world, topics.BOOKING_OUTCOMES.name))
    }
    old: list[int] = []
    new: list[int] = []
    for record in await read_all(world, topics.BOOKING_COMMANDS.name):
        head = envelope.read(record.headers)
        if head.organization == UUID(organization) and head.source == "appointments/ingress":
            if record.partition == partition_of(organization.encode(), BEFORE):
                old.append(decided[str(head.id)])
            else:
                assert record.partition == partition_of(organization.encode(), AFTER)
                new.append(record.timestamp)
    assert old, "some came before"
    assert new, "some came after"
    assert max(old) <= min(new), "and these were decided first"
