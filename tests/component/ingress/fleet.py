"""Stand-ins for booking, notifier and projector: they answer commands as a test says, and fill the views."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.kafka.publisher import Publisher
from contracts.envelope import Envelope, Record, read
from contracts.topics import (
    BOOKING_COMMANDS,
    BOOKING_OUTCOMES,
    NOTIFIER_COMMANDS,
    NOTIFIER_OUTCOMES,
    PROJECTOR_EVENTS,
)
from contracts.views import CalendarEntry
from services.ingress.settings import IngressSettings
from services.projector.domain.times import margin
from tests.component.ingress.people import ANNA, BEN, Someone
from tests.support import eventually

MONDAY_9 = datetime(2031, 3, 3, 9, tzinfo=UTC)
MOMENT = "2030-01-01T00:00:00Z"

Answer = Callable[[Envelope, dict[str, Any]], dict[str, Any] | None]


def an_appointment(
    organizer: Someone = ANNA,
    participants: tuple[Someone, ...] = (BEN,),
    start: datetime = MONDAY_9,
    minutes: int = 30,
    **changes: Any,
) -> dict[str, Any]:
    """An appointment as booking tells of it."""
    return {
        "id": str(uuid4()),
        "organization_id": str(organizer.organization),
        "organizer_id": str(organizer.id),
        "participant_ids": [str(p.id) for p in participants],
        "client_id": None,
        "start_time": start.isoformat().replace("+00:00", "Z"),
        "end_time": (start + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z"),
        "timezone": "Europe/Berlin",
        "title": "Review",
        "description": "",
        "location": "Room 4",
        "meeting_url": "",
        "status": "pending",
        "confirmation_status": {str(p.id): "pending" for p in participants},
        "checked_in": {},
        "recurring_pattern": None,
        "reminder_settings": None,
        "custom_fields": {},
        "version": 1,
        "created_at": MOMENT,
        "created_by": str(organizer.id),
        "updated_at": MOMENT,
        "updated_by": str(organizer.id),
        "cancellation_reason": None,
        "series_id": None,
        "original_start_time": None,
        "seats": None,
        "waiting": [],
    } | changes


def _entry(appointment: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a projector tells of an appointment; None for one of which a test knows its id alone."""
    known = "title" in appointment
    return CalendarEntry.model_validate(appointment).model_dump(mode="json") if known else None


def accepted(appointment: dict[str, Any], *, events: int = 1) -> dict[str, Any]:
    """An outcome that accepts."""
    return {
        "status": "accepted",
        "code": None,
        "errors": [],
        "conflicts": [],
        "appointment_id": appointment["id"],
        "version": appointment["version"],
        "appointment": appointment,
        "event_ids": [str(uuid4()) for _ in range(events)],
    }


def refused(code: str, **more: Any) -> dict[str, Any]:
    """An outcome that refuses."""
    return {
        "status": "refused",
        "code": code,
        "detail": f"because of {code}",
        "errors": [],
        "event_ids": [],
    } | more


def create(envelope: Envelope, body: dict[str, Any]) -> dict[str, Any]:
    """Accept a create as booking would: the id follows from the command's."""
    appointment = an_appointment(title=body["title"], id=str(uuid5(envelope.id, "appointment")))
    return accepted(appointment)


@dataclass
class Fleet:
    """Answers every command with `answer` (None: not at all) and, while `shows`, puts the result into the views."""

    settings: IngressSettings
    publisher: Publisher
    database: asyncpg.Pool
    answer: Answer = create
    shows: bool = True
    commands: list[tuple[Record, Envelope, dict[str, Any]]] = field(default_factory=list)
    _handled: dict[TopicPartition, int] = field(default_factory=dict)
    _consumer: AIOKafkaConsumer | None = None

    def reset(self) -> None:
        """As it was at first."""
        self.answer, self.shows = create, True
        self.commands.clear()

    async def settle(self) -> None:
        """Wait until every command that was published has been answered and shown."""

        async def settled() -> bool:
            assert self._consumer
            ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
            return all(self._handled.get(partition, 0) >= end for partition, end in ends.items())

        await eventually(settled)

    async def serve(self, ready: asyncio.Event) -> None:
        """Read both command topics until cancelled."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=20,
        )
        await consumer.start()
        self._consumer = consumer
        try:
            prefix = self.settings.topic_prefix
            consumer.assign(
                [
                    TopicPartition(prefix + topic.name, number)
                    for topic in (BOOKING_COMMANDS, NOTIFIER_COMMANDS)
                    for number in range(self.settings.topic_partitions)
                ]
            )
            ready.set()
            async for raw in consumer:
                topic = raw.topic.removeprefix(prefix)
                at = datetime.fromtimestamp(raw.timestamp / 1000, UTC)
                headers = tuple((name, bytes(value)) for name, value in raw.headers)
                await self._one(Record(topic, raw.partition, raw.offset, at, raw.key, raw.value, headers))
                self._handled[TopicPartition(raw.topic, raw.partition)] = raw.offset + 1
        finally:
            await consumer.stop()

    async def _one(self, record: Record) -> None:
        envelope, body = read(record.headers), orjson.loads(record.value or b"")
        self.commands.append((record, envelope, body))
        outcome = self.answer(envelope, body)
        if outcome is None:
            return
        outcome = {"command_id": str(envelope.id), **outcome}
        topic = BOOKING_OUTCOMES if record.topic == BOOKING_COMMANDS.name else NOTIFIER_OUTCOMES
        reply = Envelope(
            id=uuid4(),
            type=f"command.{outcome['status']}",
            organization=envelope.organization,
            cause=record.position,
        )
        await self.publisher.publish(
            [reply.message(topic.name, orjson.dumps(outcome), envelope.reply_partition)]
        )
        if self.shows and outcome.get("appointment"):
            await self.show(outcome["appointment"], outcome["command_id"])

    async def show(self, appointment: dict[str, Any], change: str = "created", *, tell: bool = True) -> None:
        """Put an appointment into the views, then say so on projector.events."""
        people = {appointment["organizer_id"]: "organizer"} | appointment["confirmation_status"]
        people |= dict.fromkeys(appointment["waiting"], "waiting")
        start, end = (datetime.fromisoformat(appointment[name]) for name in ("start_time", "end_time"))
        async with self.database.acquire() as connection, connection.transaction():
            for table, key in (("appointments", "id"), ("attendees", "appointment_id")):
                await connection.execute(
                    f"DELETE FROM views.{table} WHERE {key} = $1", UUID(appointment["id"])
                )
            await connection.execute(
                "INSERT INTO views.appointments (id, organization_id, version, organizer_id, client_id, status, start_time, "
                "end_time, title, location, search, body, series_id) "
                "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)",
                UUID(appointment["id"]),
                UUID(appointment["organization_id"]),
                appointment["version"],
                UUID(appointment["organizer_id"]),
                UUID(appointment["client_id"]) if appointment["client_id"] else None,
                appointment["status"],
                start,
                end,
                appointment["title"],
                appointment["location"],
                f"{appointment['title']}\n{appointment['location']}".casefold(),
                orjson.dumps(appointment).decode(),
                UUID(appointment["series_id"]) if appointment["series_id"] else None,
            )
            await connection.executemany(
                "INSERT INTO views.attendees (appointment_id, user_id, organization_id, start_time, end_time, status, response) "
                "VALUES ($1,$2,$3,$4,$5,$6,$7)",
                [
                    (
                        UUID(appointment["id"]),
                        UUID(person),
                        UUID(appointment["organization_id"]),
                        start,
                        end,
                        appointment["status"],
                        response,
                    )
                    for person, response in people.items()
                ],
            )
        if tell:
            await self.tell(appointment, change, list(people))

    async def tell(
        self,
        appointment: dict[str, Any],
        change: str,
        people: list[str],
        more: dict[str, Any] | None = None,
    ) -> None:
        """Publish calendar.changed."""
        body = {
            "appointment_id": appointment["id"],
            "version": appointment["version"],
            "change": change,
            "user_ids": people,
            "appointment": _entry(appointment),
            **(more or {}),
        }
        await self.say("calendar.changed", UUID(appointment["organization_id"]), body)

    async def say(self, kind: str, organization: UUID, body: dict[str, Any]) -> None:
        """Publish a message of the projector, as the effect of a request of anna's."""
        envelope = Envelope(
            id=uuid4(), type=kind, organization=organization, actor="anna", correlation_id="c-1"
        )
        await self.publisher.publish([envelope.message(PROJECTOR_EVENTS.name, orjson.dumps(body))])

    async def tell_states(
        self, appointment: dict[str, Any], *states: tuple[Someone, str, str], organization: UUID | None = None
    ) -> None:
        """Publish notifications.changed: who, on which channel, in which state; in front of it another appointment's."""
        notifications = [
            {
                "id": str(uuid4()),
                "recipient_id": str(person.id),
                "type": "appointment_created",
                "channel": channel,
                "state": state,
            }
            for person, channel, state in states
        ]
        known = {"appointment_id": appointment["id"], "organizer_id": appointment["organizer_id"]}
        other: dict[str, Any] = {"appointment_id": str(uuid4()), "organizer_id": None, "notifications": []}
        body = {"appointments": [other, known | {"notifications": notifications}]}
        envelope = Envelope(
            id=uuid4(),
            type="notifications.changed",
            organization=organization or UUID(appointment["organization_id"]),
        )
        await self.publisher.publish([envelope.message(PROJECTOR_EVENTS.name, orjson.dumps(body))])

    async def say_hours(self, person: Someone, version: int = 1, **more: Any) -> dict[str, Any]:
        """Put somebody's availability into the views; returns its body."""
        body: dict[str, Any] = {
            "user_id": str(person.id),
            "organization_id": str(person.organization),
            "timezone": "Europe/Berlin",
            "rules": [],
            "overrides": [],
            "policy": {},
            "version": version,
        } | more
        policy = body["policy"]
        buffers = policy.get("buffer_before", 0) + policy.get("buffer_after", 0)
        await self.database.execute(
            "INSERT INTO views.availability (user_id, organization_id, version, margin, body) VALUES ($1,$2,$3,$4,$5) "
            "ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, margin = excluded.margin, body = excluded.body",
            person.id,
            person.organization,
            version,
            margin(buffers, policy.get("max_per_day") is not None),
            orjson.dumps(body).decode(),
        )
        return body

    async def take(
        self,
        person: Someone,
        kind: str,
        start: datetime,
        end: datetime,
        *,
        expires_at: datetime | None = None,
        owner: Someone | None = None,
    ) -> UUID:
        """Put a hold of somebody's time into the views, or time that is taken elsewhere. Return the hold's id."""
        identifier = uuid4()
        if kind == "hold":
            await self.database.execute(
                "INSERT INTO views.holds VALUES ($1, $2, 1, $3, $4, $5, $6, $7)",
                identifier,
                person.organization,
                [person.id],
                start,
                end,
                expires_at or datetime.now(UTC) + timedelta(minutes=5),
                (owner or person).id,
            )
        else:
            await self.database.execute(
                "INSERT INTO views.busy_times VALUES ($1, $2, $3, $4, $5, 1)",
                person.id,
                str(uuid4()),
                person.organization,
                start,
                end,
            )
        return identifier

    async def clear(self) -> None:
        """Empty the views."""
        await self.database.execute(
            "TRUNCATE views.appointments, views.attendees, views.history, views.notifications, views.commands, "
            "views.preferences, views.organization_preferences, views.suspensions, views.availability, "
            "views.busy_times, views.busy_versions, views.holds, views.series, views.feeds, "
            "views.calendar_subscriptions"
        )
