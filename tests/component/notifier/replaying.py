"""Replay of a readable log through the notifier: its handlers, digester, dispatcher and relay on a real database.

The clock stands where the log puts it; Kafka is a list, and the sandbox of the Communication Service is in the process.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid5

import httpx
import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from starlette.types import ASGIApp

from chassis import clock, http
from chassis.database.transactions import Database
from chassis.health import VERSION, Health
from chassis.kafka.publisher import Publisher
from contracts import topics
from contracts.envelope import Envelope, Message, Record
from services.notifier.clients.communication import CommunicationClient
from services.notifier.digests.worker import Digester
from services.notifier.handlers import Handlers
from services.notifier.messages.incoming import Received, decode
from services.notifier.sending.dispatcher import Dispatcher
from services.notifier.sending.outbox_relay import Relay
from services.notifier.sending.template_registration import Registration
from services.notifier.settings import NotifierSettings
from tests.support import eventually

SPACE = UUID("11111111-2222-5333-8444-555555555555")
ORGANIZATION = uuid5(SPACE, "organization")
WRITER = uuid5(SPACE, "writer")
DIGEST_THRESHOLD = 6
SETTINGS: dict[str, Any] = {
    "quick_wait_min": 0.01,
    "quick_wait_max": 0.01,
    "retry_max_attempts": 2,
    "recovery_spread": 0.0,
    "deliveries_in_flight": 8,
    "lease": 600.0,
    "dispatch_idle": 0.02,
}
TOPIC_OF = {"reminder": topics.REMINDERS_EVENTS, "follow_up": topics.REMINDERS_EVENTS}
CALL_HEADERS = ("idempotency-key", "x-correlation-id", "x-trace-id", "x-user-id", "x-organization-id")
CLAIMS = "appointments_notifier_claim_seconds_count"
QUIET_CLAIMS = 2  # without anything due, before nothing is expected to come any more
_PEOPLE = {
    "@anna": ("Anna", "Europe/Berlin", "de"),
    "@ben": ("Ben", "America/New_York", "en"),
    "@cleo": ("Cleo", "Asia/Tokyo", "en"),
    "@dan": ("Dan", "Europe/London", "en"),
    "@sara": ("Sara", "Europe/Berlin", "de"),
}


def named(value: Any) -> Any:
    """The JSON value with the id in the place of each `@name`."""
    if isinstance(value, str) and value.startswith("@"):
        return str(uuid5(SPACE, value[1:]))
    if isinstance(value, dict):
        return {named(name): named(item) for name, item in value.items()}
    return [named(item) for item in value] if isinstance(value, list) else value


class Calls(httpx.AsyncBaseTransport):
    """The way to the sandbox, which notes every call to send; `down`: no connection is made."""

    def __init__(self, app: ASGIApp) -> None:
        self.down = False
        self.made: list[httpx.Request] = []
        self._sandbox = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note the call and let the sandbox answer it."""
        if request.method == "POST":
            self.made.append(request)
        if self.down:
            raise httpx.ConnectError("All connection attempts failed")
        return await self._sandbox.handle_async_request(request)


class Admins:
    """An Identity Service in which these people administer the organization."""

    timeout = 1.0

    def __init__(self, names: Collection[str]) -> None:
        self._users = {UUID(named(name)) for name in names}

    async def members(self, users: Collection[UUID], _: object = None) -> dict[tuple[UUID, UUID], bool]:
        """All of `users`, with their organization, and whether they are admins."""
        return {(user, ORGANIZATION): user in self._users for user in users}


@dataclass
class Published:
    """The broker: it keeps what is published."""

    messages: list[Message] = field(default_factory=list)

    async def publish(self, messages: Sequence[Message]) -> None:
        """Keep them."""
        self.messages += messages

    async def partitions(self, _: str) -> int:
        """As many as booking's topics have."""
        return 6


class Replay:
    """One notifier that goes through a log step by step; `transcript` has what each of them published and called."""

    def __init__(self, database: Database, app: ASGIApp, monkeypatch: pytest.MonkeyPatch) -> None:
        self.transcript: list[str] = []
        self._now = datetime(2028, 3, 20, 9, tzinfo=UTC)
        self._calls = Calls(app)
        self._later, monotonic = 0.0, time.monotonic
        monkeypatch.setattr(clock, "now", lambda: self._now)
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + self._later)
        monkeypatch.setattr(http, "client", lambda base_url, **_: self._client(base_url))
        settings = NotifierSettings(**SETTINGS)
        self._database, self._health, self._broker = database, Health("notifier"), Published()
        client = CommunicationClient("http://communication", token="the-notifiers-own")
        self._registration = Registration(client, self._health, 600)
        publisher = cast("Publisher", self._broker)
        self._relay = Relay(database, publisher, self._health, WRITER, settings.outbox_adopt_after)
        self._dispatcher = Dispatcher(
            database, client, self._registration, self._relay, self._health, settings, WRITER
        )
        self._digester = Digester(database, WRITER, committed=lambda: None)
        self._handlers = Handlers(
            WRITER,
            "https://hub.example",
            DIGEST_THRESHOLD,
            self._broker.partitions,
            Admins(["@anna"]),  # type: ignore[arg-type]
            lambda _: False,
        )
        self._states: dict[str, dict[str, Any]] = {}
        self._seen: list[Record] = []
        self._made = 0

    def _client(self, base_url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=base_url, transport=self._calls)

    async def run(self, steps: Sequence[dict[str, Any]]) -> list[str]:
        """The transcript of the whole log, line by line."""
        assert await self._registration.register_all() is None
        self._registration.done.set()
        for number, step in enumerate(steps, 1):
            self.transcript.append(f"=== {number} {step['about']}")
            await self._take(step)
        return self.transcript

    async def _take(self, step: dict[str, Any]) -> None:
        if "clock" in step:
            self._now = datetime.fromisoformat(step["clock"])
        if "pass" in step:
            self._later += step["pass"]
            self._now += timedelta(seconds=step["pass"])
        if "faults" in step:
            await self._set_faults(step["faults"])
        if "records" in step:
            await self._handle([await self._record(item) for item in step["records"]])
        if step.get("again"):
            await self._repeat()
        if step.get("digests"):
            while await self._digester.decide_due():
                continue
            await self._relay.drain()
            self._write_down("digests")
        if step.get("send"):
            await self._send()

    async def _set_faults(self, faults: dict[str, Any] | None) -> None:
        self._calls.down = bool(faults and faults.get("down"))
        async with self._client("http://communication") as client:
            if faults and not self._calls.down:
                answer = await client.put("/sandbox/faults", json=faults)
            else:
                self._calls.down, down = False, self._calls.down
                answer = await client.delete("/sandbox/faults")
                self._calls.down = down
            assert answer.is_success

    # --- records in ---------------------------------------------------------------------------------------------

    async def _handle(self, records: Sequence[Record]) -> None:
        self._seen += records
        async with self._database.transaction() as tx:
            answered = await self._handlers.handle(tx, _decoded(records))
        self._broker.messages += answered
        await self._relay.drain()
        self._write_down("handled", ordered=True)

    async def _repeat(self) -> None:
        """All records once more, as after a crash before their positions were written."""
        async with self._database.transaction() as tx:
            self._broker.messages += await self._handlers.republish(tx, _decoded(self._seen))
        self._write_down("again", ordered=True)

    async def _record(self, item: dict[str, Any]) -> Record:
        """The record that one line of the log stands for."""
        topic, kind, body = await self._read(dict(item))
        self._made += 1
        number = self._made
        headers = Envelope(
            id=UUID(named(item.get("id") or f"@record {number}")),
            type=kind,
            source="test",
            time=datetime.fromisoformat(item["at"]) if "at" in item else self._now,
            organization=ORGANIZATION,
            actor=named(item.get("by", "@anna")),
            correlation_id=f"correlation-{number}",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            reply_partition=item.get("reply_partition"),
        )
        return Record(
            topic, 0, number, self._now, str(ORGANIZATION).encode(), orjson.dumps(body), headers.headers()
        )

    async def _read(self, item: dict[str, Any]) -> tuple[str, str, Any]:
        if "report" in item:
            return topics.COMMUNICATION_EVENTS.name, f"notification.{item['report']}", self._report(item)
        if "redrive" in item:
            body = {"notification_id": str(await self._delivery(item["redrive"]))}
            words = {"template_data": item["words"]} if "words" in item else {}
            return topics.redrive("notifier").name, "notification.deliver", body | words
        if "command" in item:
            return topics.NOTIFIER_COMMANDS.name, item["command"], item["body"]
        if "series" in item:
            return topics.BOOKING_EVENTS.name, "series.changed", self._series(item)
        kind = item["event"]
        topic = TOPIC_OF.get(kind.split(".")[0], topics.BOOKING_EVENTS)
        return topic.name, kind if "." in kind else f"appointment.{kind}", self._event(item)

    def _event(self, item: dict[str, Any]) -> dict[str, Any]:
        state = self._appointment(item["of"], **item.get("set", {}))
        body = {
            "appointment_id": state["id"],
            "version": state["version"],
            "appointment": state,
            "changes": item.get("changes", []),
            "people": item.get("people", _people()),
            "actor": item.get("by", "@anna"),
            "announcement": item.get("announcement"),
            "seated": item.get("seated", []),
            "of_series": item.get("of_series"),
            "recipient_id": item.get("to"),
            "channels": item.get("channels"),
            "lead_minutes": 60,
            "due_at": self._now.isoformat(),
        }
        return cast(
            "dict[str, Any]", named({name: value for name, value in body.items() if value is not None})
        )

    def _appointment(self, name: str, **changes: Any) -> dict[str, Any]:
        usual = {
            "id": f"@{name}",
            "organization_id": str(ORGANIZATION),
            "organizer_id": "@anna",
            "participant_ids": ["@ben"],
            "start_time": "2028-03-22T15:00:00Z",
            "end_time": "2028-03-22T16:00:00Z",
            "timezone": "Europe/Berlin",
            "title": name,
            "status": "pending",
            "version": 0,
            "created_at": "2028-03-01T12:00:00Z",
            "created_by": "@anna",
            "updated_at": "2028-03-01T12:00:00Z",
            "updated_by": "@anna",
        }
        state = self._states.get(name, usual) | changes
        state["version"] += 1
        answers = state.get("confirmation_status", {})
        state["confirmation_status"] = {
            user: answers.get(user, "pending") for user in state["participant_ids"]
        }
        self._states[name] = state
        return state

    def _series(self, item: dict[str, Any]) -> dict[str, Any]:
        states = [self._appointment(name, **item.get("set", {})) for name in item["of"]]
        touched = [
            {"appointment_id": state["id"], "original_start_time": state["original_start_time"]}
            | {name: state[name] for name in ("start_time", "end_time")}
            for state in states
        ]
        body = {
            "series_id": "@series",
            "version": item["version"],
            "change": item["series"],
            "scope": item.get("scope", "all"),
            "series": {
                "id": "@series",
                "organization_id": str(ORGANIZATION),
                "organizer_id": "@anna",
                "timezone": "Europe/Berlin",
                "local_start": "2028-03-27T09:00:00",
                "rrule": "FREQ=WEEKLY;COUNT=3",
                "recurring_pattern": {"rrule": "FREQ=WEEKLY;COUNT=3"},
                "version": item["version"],
            },
            "appointment": states[0],
            "occurrences": touched,
            "changes": item.get("changes", []),
            "people": _people(),
            "actor": item.get("by", "@anna"),
        }
        return cast("dict[str, Any]", named(body))

    def _report(self, item: dict[str, Any]) -> dict[str, Any]:
        """A report on the last call of that type to that person on that channel, or on a delivery before any call."""
        recipient, channel = named(item["to"]), item["channel"]
        if "event" in item:
            key = str(_notification(item["event"], item["type"], recipient, channel))
        elif item.get("keyless"):
            key = None
        else:
            key = next(
                request.headers["idempotency-key"]
                for request in reversed(self._calls.made)
                if (body := orjson.loads(request.content))["type"] == item["type"]
                and recipient in body["recipients"]
                and body["channels"] == [channel]
            )
        data = {
            "entity_type": "appointment",
            "entity_id": named(item.get("of", "@nothing")),
            "channel": channel,
            "recipient": recipient,
            "timestamp": self._now.isoformat(),
            "idempotency_key": key,
            "reason": item.get("reason"),
        }
        return {"type": f"notification.{item['report']}", "data": data}

    async def _delivery(self, of: dict[str, Any]) -> UUID:
        async with self._database.transaction() as tx:
            query = (
                "SELECT id FROM deliveries WHERE recipient_id = :to AND channel = :channel AND type = :type"
            )
            rows = await tx.scalars(
                text(f"{query} AND appointment_id = :of ORDER BY planned_at DESC LIMIT 1"),
                {name: UUID(named(of[name])) for name in ("to", "of")}
                | {name: of[name] for name in ("channel", "type")},
            )
        return UUID(str(rows[0]))

    # --- calls out ----------------------------------------------------------------------------------------------

    async def _send(self) -> None:
        """Let the dispatcher work until nothing is due, or its breaker is open and waits."""
        before = len(self._calls.made)
        self._dispatcher.wake()
        running = asyncio.create_task(self._dispatcher.run())
        claims = _claims()

        async def rests() -> bool:
            nonlocal claims
            if running.done():
                running.result()
            breaker = self._health.parts["breaker"]()
            if await self._busy(is_closed=breaker["state"] == "closed"):
                claims = _claims()
            elif breaker["state"] == "open":
                return bool(breaker["next_probe_in"])
            elif breaker["state"] == "closed":
                return _claims() - claims > QUIET_CLAIMS
            return False

        try:
            await eventually(rests, 60, 0.02)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        self._write_down("sent")
        made = sorted(self._calls.made[before:], key=lambda request: str(request.headers["idempotency-key"]))
        for request in made:
            headers = {name: request.headers.get(name) for name in CALL_HEADERS}
            self.transcript.append(f"call {_line(headers)} {request.content.decode()}")

    async def _busy(self, *, is_closed: bool) -> bool:
        """Whether a delivery is claimed, or due while calls go out."""
        async with self._database.transaction() as tx:
            query = (
                "SELECT count(*) FROM queue WHERE lease IS NOT NULL OR (:calls AND next_attempt_at <= :now)"
            )
            return bool(await tx.scalar(text(query), {"now": self._now, "calls": is_closed}))

    def _write_down(self, stage: str, *, ordered: bool = False) -> None:
        """Note what was published since; of different deliveries the dispatcher publishes in any order."""
        messages, self._broker.messages = self._broker.messages, []
        if not ordered:
            messages.sort(key=lambda message: str(orjson.loads(message.value or b"{}")["notification_id"]))
        for message in messages:
            headers = {name: value.decode() for name, value in message.headers}
            headers |= {
                name: "VERSION" for name, value in headers.items() if value == VERSION and "version" in name
            }
            where = "" if message.partition is None else f"/{message.partition}"
            self.transcript.append(
                f"{stage} {message.topic}{where} {(message.key or b'').decode()} {_line(headers)}"
                f" {(message.value or b'').decode()}"
            )


def condensed(entry: str) -> str:
    """An entry of the transcript in short: a few of its values for a reader, and the digest of all of its bytes."""
    head, found, rest = entry.partition(" {")
    if not found:
        return entry
    headers, end = json.JSONDecoder().raw_decode("{" + rest)
    body = json.loads(("{" + rest)[end:])
    shown = [head.split()[0], headers.get("ce_type", "")]
    shown += [
        str(body[name])
        for name in ("type", "channel", "state", "status", "attempts", "reason")
        if body.get(name)
    ]
    if "recipients" in body:
        shown += [*body["channels"], f"to {len(body['recipients'])}"]
    return " ".join(filter(None, [*shown, hashlib.sha256(entry.encode()).hexdigest()[:32]]))


def _decoded(records: Sequence[Record]) -> list[tuple[Record, Received]]:
    return [(record, received) for record in records if (received := decode(record)) is not None]


def _people() -> list[dict[str, str]]:
    known = [
        {"id": user, "name": name, "timezone": zone, "locale": locale}
        for user, (name, zone, locale) in _PEOPLE.items()
    ]
    return known + [
        {"id": f"@guest {number}", "name": f"Guest {number}", "timezone": "Europe/London", "locale": "en"}
        for number in range(12)
    ]


def _notification(event: str, kind: str, recipient: str, channel: str) -> UUID:
    return uuid5(UUID(named(event)), f"{kind}/{recipient}/{channel}")


def _claims() -> float:
    return REGISTRY.get_sample_value(CLAIMS) or 0.0


def _line(values: dict[str, Any]) -> str:
    return orjson.dumps(values).decode()
