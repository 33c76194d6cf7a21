"""Handlers and queue against a real database, without a broker."""

from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from contracts import topics
from contracts.envelope import Envelope, Message, Record
from services.notifier.clients.identity import Directory
from services.notifier.domain.delivery import Delivery
from services.notifier.handlers import Handlers
from services.notifier.messages.incoming import decode
from services.notifier.preferences.restore import newest, restore
from services.notifier.sending import group_calls
from services.notifier.sending import suspensions as sending_suspensions
from services.notifier.sending.completion import Ended
from services.notifier.store import (
    appointments,
    calls,
    checked,
    claims,
    deliveries,
    preferences,
    queue,
    suspensions,
)
from services.notifier.store.appointments import Seen
from services.notifier.store.waiting import Waiting, waiting
from tests.component.notifier.office import BEN, PEOPLE, an_appointment
from tests.support.world import new_world, remove_world

NOW = datetime.now(UTC)
ORGANIZATION = uuid4()


@pytest.fixture
async def database(database_server: str) -> AsyncIterator[Database]:
    """The notifier's database, empty."""
    world = new_world("127.0.0.1:1", database_server)
    settings = Settings(database_url=world.database_url)
    await migrate("notifier", settings)
    found = Database(service_database_url(settings, "notifier"), application_name="test")
    yield found
    await found.dispose()
    await remove_world(world)


async def six(_: str) -> int:
    return 6


class Colleagues(Directory):
    """An Identity Service in which everybody is a member of the organization."""

    async def members(self, users: Collection[UUID], _: object = None) -> dict[tuple[UUID, UUID], bool]:
        """All of them."""
        return {(user, ORGANIZATION): False for user in users}


HANDLERS = Handlers(
    uuid4(), "https://hub.example", 20, six, Colleagues("http://127.0.0.1:1", timeout=0.1), lambda _: False
)


def a_record(offset: int, topic: str, kind: str, body: object, **different: object) -> Record:
    envelope = Envelope(
        id=uuid4(), type=kind, organization=ORGANIZATION, actor=str(BEN), correlation_id="c", time=NOW
    )
    headers = replace(envelope, **different).headers()  # type: ignore[arg-type]
    return Record(topic, 0, offset, NOW, None, orjson.dumps(body), headers)


def created(offset: int, **different: object) -> Record:
    state = an_appointment()
    body = {
        "appointment_id": state["id"],
        "version": 1,
        "appointment": state,
        "changes": [],
        "people": PEOPLE,
        "actor": str(BEN),
    }
    return a_record(offset, topics.BOOKING_EVENTS.name, "appointment.created", body, **different)


async def handled(database: Database, *records: Record, again: bool = False) -> list[Message]:
    items = [(record, received) for record in records if (received := decode(record)) is not None]
    async with database.transaction() as tx:
        return await (HANDLERS.republish if again else HANDLERS.handle)(tx, items)


def setting(offset: int, **channels: bool) -> Record:
    return a_record(offset, topics.NOTIFIER_COMMANDS.name, "preferences.set", {"channels": channels})


async def test_redelivered_records_give_the_same_bytes(database: Database) -> None:
    records = [created(0), setting(1, sms=True), created(2), created(3), setting(4, sms=False)]
    first = await handled(database, *records)
    await handled(database, setting(5, email=False))
    assert await handled(database, *records, again=True) == first
    kinds = Counter(dict(message.headers)["ce_type"].decode() for message in first)
    # Created: the organizer and Ben, each by e-mail and in-app; Ben's last word counts for the whole batch.
    assert kinds == {"notification.planned": 12, "command.accepted": 2, "preferences.changed": 2}


async def test_a_second_copy_of_an_event_plans_nothing_though_preferences_changed(database: Database) -> None:
    event = created(0)
    assert len(await handled(database, event)) == 4
    await handled(database, setting(1, sms=True))
    assert await handled(database, replace(event, offset=2)) == []
    assert await handled(database, replace(event, offset=2), again=True) == []


def a_delivery(organization: UUID, **different: object) -> Delivery:
    usual = Delivery(
        id=uuid4(),
        organization_id=organization,
        event_id=uuid4(),
        appointment_id=uuid4(),
        version=1,
        type="appointment_created",
        template_id="appointment_confirmation_v1",
        recipient_id=uuid4(),
        channel="email",
        priority="normal",
        state="planned",
        attempts=0,
        redrives=0,
        planned_at=NOW,
        timezone="UTC",
        starts_at=NOW + timedelta(days=1),
        expires_at=NOW + timedelta(days=1),
        held_until=None,
        sent_at=None,
        delivered_at=None,
        reason=None,
        fallback_of=None,
        decision=None,
        actor=None,
        correlation_id=None,
        traceparent=None,
        cause="booking.events/0/0",
    )
    return usual._replace(**different)  # type: ignore[arg-type]


async def plan(database: Database, *planned: Delivery, due: datetime = NOW) -> None:
    async with database.transaction() as tx:
        await deliveries.plan(tx, [(item, b"{}") for item in planned], due)


async def claim(database: Database, lease: UUID, limit: int, now: datetime = NOW) -> list[UUID]:
    until = now + timedelta(seconds=20)
    async with database.transaction() as tx:
        whose, _ = await claims.organizations(tx, UUID(int=0), now, 64)
        claimed = await claims.claim(tx, lease, whose, now, until, limit) if whose else []
        return [row.id for row in claimed]


async def test_a_great_backlog_of_one_organization_does_not_hide_another(database: Database) -> None:
    giant, small = uuid4(), uuid4()
    await plan(database, *(a_delivery(giant) for _ in range(500)), due=NOW - timedelta(hours=1))
    few = [a_delivery(small) for _ in range(5)]
    await plan(database, *few)
    claimed = await claim(database, uuid4(), 100)
    assert {item.id for item in few} <= set(claimed)


async def test_a_lease_that_ran_out_is_somebody_elses(database: Database) -> None:
    delivery = a_delivery(uuid4())
    await plan(database, delivery)
    first, second = uuid4(), uuid4()
    assert await claim(database, first, 10) == [delivery.id]
    assert await claim(database, second, 10) == [], "nobody else gets what is leased"
    assert await claim(database, second, 10, NOW + timedelta(seconds=21)) == [delivery.id]
    sent = delivery._replace(state="sent", attempts=1, sent_at=NOW)
    async with database.transaction() as tx:
        assert await queue.settle(tx, first, [sent]) == set(), "the late one changes nothing"
        assert await queue.settle(tx, second, [sent]) == {delivery.id}


async def test_a_lost_database_gets_back_what_people_said(database: Database) -> None:
    messages = await handled(database, setting(0, sms=True), setting(1, sms=False), setting(2, push=True))
    events = [
        Record(message.topic, 0, offset, NOW, message.key, message.value, message.headers)
        for offset, message in enumerate(messages)
    ]
    async with database.transaction() as tx:
        before = await preferences.load(tx, [BEN])
        await tx.execute(text("DELETE FROM preferences"))
        assert await restore(tx, newest(reversed(events))) == (1, 0)
        assert await preferences.load(tx, [BEN]) == before
        assert await restore(tx, newest(events[:2])) == (0, 0), "an older version changes nothing"


async def test_an_operators_words_are_sent_as_far_as_the_template_has_them(database: Database) -> None:
    refused = a_delivery(ORGANIZATION, state="dead_lettered", attempts=1)
    body = orjson.dumps({"template_data": {"organizer_name": "", "location": "Room 4"}})
    async with database.transaction() as tx:
        await deliveries.plan(tx, [(refused, body)], NOW)
    words = {"organizer_name": "Greta Albrecht", "colour": "red"}
    asked = {"notification_id": str(refused.id), "template_data": words}
    await handled(database, a_record(0, topics.redrive("notifier").name, "notification.deliver", asked))
    async with database.transaction() as tx:
        found = await deliveries.payloads(tx, [refused.id])
        again = await deliveries.locked(tx, [refused.id])
    assert orjson.loads(found[refused.id]) == {
        "template_data": {"organizer_name": "Greta Albrecht", "location": "Room 4"}
    }
    assert (again[refused.id].state, again[refused.id].redrives) == ("planned", 1)


async def test_a_lost_database_gets_back_which_addresses_bounced(database: Database) -> None:
    bounced = [
        a_delivery(uuid4(), recipient_id=BEN, channel=channel, state="bounced", sent_at=NOW)
        for channel in ("email", "sms", "in_app")
    ]
    async with database.transaction() as tx:
        messages = await sending_suspensions.suspend(tx, bounced, NOW)
        assert await sending_suspensions.suspend(tx, bounced, NOW) == [], "told once"
        messages += await sending_suspensions.restore(tx, {(BEN, "sms"), (BEN, "push")}, NOW)
        assert await suspensions.of(tx, [BEN]) == {BEN: {"email"}}, "in-app has no address"
        await tx.execute(text("DELETE FROM suspensions"))
        events = [
            Record(message.topic, 0, offset, NOW, message.key, message.value, message.headers)
            for offset, message in enumerate(messages)
        ]
        assert len(events) == 3
        for some in (list(reversed(events)), events[:2]):
            await restore(tx, newest(some))
            assert await suspensions.of(tx, [BEN]) == {BEN: {"email"}}
        [again] = await sending_suspensions.restore(tx, {(BEN, "email")}, NOW)
    assert orjson.loads(again.value or b"")["version"] == 2, "its versions go on"


async def test_operators_see_what_waits_for_which_attempt(database: Database) -> None:
    tried = a_delivery(uuid4(), attempts=1, reason="HTTP 429")
    await plan(database, tried, a_delivery(uuid4()))
    lease, later = uuid4(), NOW + timedelta(minutes=5)
    await claim(database, lease, 10)
    async with database.transaction() as tx:
        await queue.retry(tx, lease, [queue.Later(tried, later, outage=False)])
        found = await waiting(tx, tried.appointment_id)
    assert found == [Waiting(tried.id, 1, "HTTP 429", later, outage=False)]


async def test_what_waits_for_the_service_is_due_when_it_is_back_and_nothing_else(database: Database) -> None:
    outage, asked_to_wait = a_delivery(uuid4()), a_delivery(uuid4())
    await plan(database, outage, asked_to_wait)
    lease, later = uuid4(), NOW + timedelta(hours=1)
    await claim(database, lease, 10)
    async with database.transaction() as tx:
        await queue.retry(
            tx, lease, [queue.Later(outage, later, outage=True), queue.Later(asked_to_wait, later, False)]
        )
        assert await queue.recover(tx, NOW, timedelta(seconds=10)) == 1
    assert await claim(database, lease, 10, NOW + timedelta(seconds=11)) == [outage.id]


async def test_a_versions_that_come_swapped_leave_the_newest(database: Database) -> None:
    def told(version: int, kind: str, **different: object) -> Record:
        state = an_appointment(id=str(appointment), version=version, **different)
        body = {
            "appointment_id": str(appointment),
            "version": version,
            "appointment": state,
            "people": PEOPLE,
            "actor": str(BEN),
        }
        return a_record(version, topics.BOOKING_EVENTS.name, f"appointment.{kind}", body)

    appointment = uuid4()
    await handled(database, told(4, "updated", status="confirmed"))
    await handled(database, told(3, "rescheduled"), told(2, "updated"))
    delivery = a_delivery(ORGANIZATION, appointment_id=appointment, recipient_id=BEN)
    await plan(database, delivery)
    async with database.transaction() as tx:
        [looked] = await checked.look(tx, [delivery.id])
    assert looked.current
    assert (looked.current.version, looked.current.moved_in, looked.current.status) == (4, 3, "confirmed")
    assert looked.current.involved


async def test_who_is_in_a_call_is_decided_by_the_first_look_and_never_again(database: Database) -> None:
    first, *others = [a_delivery(ORGANIZATION, recipient_id=uuid4()) for _ in range(12)]
    alike = [first._replace(id=item.id, recipient_id=item.recipient_id) for item in (first, *others)]
    body = orjson.dumps(
        {
            "recipients": ["?"],
            "template_data": {
                "recipient_name": "?",
                "organizer_name": "Anna",
                "appointment_title": "Review",
                "appointment_date": "Monday",
                "appointment_time": "9",
                "appointment_id": "1",
                "confirmation_link": "/1",
            },
        }
    )
    planned = [(item, body) for item in alike]
    async with database.transaction() as tx:
        await deliveries.plan(tx, planned, NOW, group_calls.bundles(planned))

    async def only(version: int, *still: Delivery) -> None:
        state = Seen(
            first.appointment_id,
            ORGANIZATION,
            version,
            0,
            "pending",
            first.expires_at,
            tuple(item.recipient_id for item in still),
        )
        async with database.transaction() as tx:
            await appointments.save(tx, [state])

    async def gathered(after: int) -> group_calls.Gathered:
        lease, now = uuid4(), NOW + timedelta(seconds=after)
        until = now + timedelta(seconds=20)
        async with database.transaction() as tx:
            claimed = await claims.claim(tx, lease, [ORGANIZATION], now, until, 3)
            claimed += await calls.claim_rest(tx, lease, claimed, now, until)
            looked = await checked.look(tx, [row.id for row in claimed])
            return await group_calls.gather(tx, lease, looked, claimed, NOW)

    await only(2, *alike[1:])
    once = await gathered(0)
    assert [result.delivery.id for result in once.dropped if isinstance(result, Ended)] == [first.id]
    [call] = once.together
    assert {item.delivery.id for item in call.members} == {item.id for item in alike[1:]}
    assert orjson.loads(call.lead.body)["recipients"] == sorted(str(item.recipient_id) for item in alike[1:])

    await only(3, *alike[5:])
    async with database.transaction() as tx:
        await deliveries.unqueue(tx, [first.id, alike[1].id])
    again = await gathered(30)
    [same] = again.together
    assert (same.delivery.id, same.lead.body) == (call.delivery.id, call.lead.body)
    assert len(same.members) == 10
    assert not again.dropped
