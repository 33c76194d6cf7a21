"""The live stream: what comes, to whom, and after an interruption."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import orjson
import pytest

from tests.component.ingress.fleet import an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, Someone
from tests.component.ingress.running import Ingress, is_ready, serve
from tests.support import eventually
from tests.support.described import api, flaws

Event = dict[str, str]


class Listener:
    """Reads server-sent events as a browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def block(self) -> Event:
        """The next block of lines, whatever it is."""
        found: Event = {}
        async with asyncio.timeout(5):
            async for line in self._lines:
                if not line:
                    return found
                name, _, value = line.partition(":")
                found[name or "comment"] = value.strip()
        raise EOFError("the stream ended")

    async def event(self) -> Event:
        """The next block that is an event."""
        while True:
            found = await self.block()
            if "data" in found:
                return found


@contextlib.asynccontextmanager
async def listening(
    ingress: Ingress, person: Someone, last: str | None = None, watch: tuple[Someone, ...] = ()
) -> AsyncIterator[tuple[Listener, Event]]:
    """An open stream and its first block."""
    headers = ingress.authorization(person) | ({"Last-Event-ID": last} if last is not None else {})
    path, query = "/api/appointments/stream", {"watch": [str(one.id) for one in watch]}
    async with ingress.client.stream("GET", path, headers=headers, params=query) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        listener = Listener(response)
        yield listener, await listener.block()


async def change(ingress: Ingress, version: int = 1, **changes: Any) -> dict[str, Any]:
    appointment = an_appointment(version=version, **changes)
    await ingress.fleet.show(appointment, "rescheduled")
    return appointment


@pytest.mark.parametrize("person", [ANNA, BEN, ADMIN], ids=["organizer", "participant", "admin"])
async def test_who_takes_part_is_told_and_so_are_admins(ingress: Ingress, person: Someone) -> None:
    async with listening(ingress, person) as (listener, _):
        appointment = await change(ingress, version=3)
        event = await listener.event()
    assert event["event"] == "calendar.changed"
    data = orjson.loads(event["data"])
    assert data | {"item": None} == {
        "appointment_id": appointment["id"],
        "version": 3,
        "change": "rescheduled",
        "actor": "anna",
        "correlation_id": "c-1",
        "was": None,
        "item": None,
    }
    query = "from=2031-03-03T00:00:00Z&to=2031-03-04T00:00:00Z"
    [item] = (await ingress.json(person, f"/calendar?{query}&user_id={ANNA.id}"))["items"]
    assert data["item"] == item
    assert "x-events" in str(api()["paths"]["/api/appointments/stream"])
    assert flaws({"$ref": "#/components/schemas/CalendarChangedEvent"}, data) == []


@pytest.mark.parametrize("person", [CARL, STRANGE_ADMIN], ids=["a colleague", "another organization's admin"])
async def test_nobody_else_is_told(ingress: Ingress, person: Someone) -> None:
    async with listening(ingress, person) as (listener, _):
        await change(ingress)
        own = await change(ingress, organizer=person, participants=())
        event = await listener.event()
    assert orjson.loads(event["data"])["appointment_id"] == own["id"]


async def test_a_reader_who_comes_back_misses_nothing_and_gets_nothing_twice(ingress: Ingress) -> None:
    async with listening(ingress, ANNA) as (listener, _):
        await change(ingress)
        last = (await listener.event())["id"]
    missed = [await change(ingress) for _ in range(3)]
    async with listening(ingress, ANNA, last) as (listener, first):
        events = [first] if "data" in first else []
        while len(events) < 3:
            events.append(await listener.event())
        assert [orjson.loads(event["data"])["appointment_id"] for event in events] == [
            a["id"] for a in missed
        ]
        fresh = await change(ingress)
        assert orjson.loads((await listener.event())["data"])["appointment_id"] == fresh["id"]


async def test_the_first_block_has_an_id_to_come_back_with(ingress: Ingress) -> None:
    async with listening(ingress, ANNA) as (_, first):
        pass
    missed = await change(ingress)
    async with listening(ingress, ANNA, first["id"]) as (listener, block):
        event = block if "data" in block else await listener.event()
        assert orjson.loads(event["data"])["appointment_id"] == missed["id"]


@pytest.mark.parametrize(
    "last",
    [
        pytest.param("garbage", id="unreadable"),
        pytest.param("1", id="of another number of partitions"),
        pytest.param("999999.999999", id="of a topic that was longer"),
        pytest.param("9" * 30 + ".1", id="huge"),
        pytest.param("-1.0", id="negative"),
    ],
)
async def test_an_id_that_says_nothing_gets_a_reset(ingress: Ingress, last: str) -> None:
    async with listening(ingress, ANNA, last) as (listener, first):
        assert first["event"] == "reset"
        await change(ingress)
        assert (await listener.event())["event"] == "calendar.changed"


async def test_a_slow_reader_is_let_go(ingress: Ingress) -> None:
    live = ingress.runtime.live
    assert live is not None
    async with listening(ingress, ANNA):
        await eventually(lambda: live.count == 1)
        [subscription] = live._streams.all()
        blocked = asyncio.Queue[Any](1)
        blocked.put_nowait(None)
        subscription.queue, original = blocked, subscription.queue
        await change(ingress)
        await eventually(lambda: live.count == 0)
        original.put_nowait(None)


async def test_a_stream_ends_with_its_token(ingress: Ingress) -> None:
    token = ingress.identity.token(ANNA, exp=int(time.time()) - 28)  # within the leeway, for two seconds more
    headers = {"Authorization": f"Bearer {token}"}
    async with ingress.client.stream("GET", "/api/appointments/stream", headers=headers) as response:
        listener = Listener(response)
        await listener.block()
        assert (await listener.event())["event"] == "session.expiring"
        with pytest.raises(EOFError):
            await listener.block()


async def test_streams_end_when_the_server_stops_and_no_new_one_begins(ingress: Ingress) -> None:
    headers = ingress.authorization(ANNA)
    async with serve(ingress.settings) as (runtime, client):
        await eventually(lambda: is_ready(client), 20)
        async with client.stream("GET", "/api/appointments/stream", headers=headers) as response:
            listener = Listener(response)
            await listener.block()
            runtime.close_streams()
            with pytest.raises(EOFError):
                await listener.block()
        late = await client.get("/api/appointments/stream", headers=headers)
        assert (late.status_code, late.json()["code"]) == (503, "overloaded")
        assert runtime.live is not None
        await eventually(lambda: runtime.live is not None and runtime.live.count == 0)


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        pytest.param(ANNA, {("email", "delivered"), ("email", "bounced"), ("sms", "sent")}, id="organizer"),
        pytest.param(BEN, {("email", "bounced"), ("sms", "sent")}, id="a recipient: their own"),
        pytest.param(CARL, None, id="nobody else"),
    ],
)
async def test_states_of_notifications_are_told_to_whom_they_concern(
    ingress: Ingress, person: Someone, seen: set[tuple[str, str]] | None
) -> None:
    appointment = an_appointment()
    async with listening(ingress, person) as (listener, first):
        await ingress.fleet.tell_states(
            appointment, (ANNA, "email", "delivered"), (BEN, "email", "bounced"), (BEN, "sms", "sent")
        )
        marker = await change(ingress, organizer=person, participants=())
        event = await listener.event()
        if seen is None:
            assert orjson.loads(event["data"])["appointment_id"] == marker["id"]
            return
    assert event["event"] == "notification.changed"
    body = orjson.loads(event["data"])
    assert body["appointment_id"] == appointment["id"]
    assert {(one["channel"], one["state"]) for one in body["notifications"]} == seen
    async with listening(ingress, person, first["id"]) as (_, missed):
        assert (missed["event"], missed["data"]) == ("notification.changed", event["data"])


async def test_an_admin_sees_every_state_and_goes_on_where_they_stopped(ingress: Ingress) -> None:
    appointment = an_appointment()
    async with listening(ingress, ADMIN) as (listener, _):
        await ingress.fleet.tell_states(appointment, (BEN, "email", "sent"))
        other, event = await listener.event(), await listener.event()
    assert orjson.loads(other["data"])["notifications"] == []
    assert orjson.loads(event["data"])["appointment_id"] == appointment["id"]
    # Who stopped between the two of one record gets both again; who had them, nothing.
    async with listening(ingress, ADMIN, other["id"]) as (listener, again):
        assert [again["data"], (await listener.event())["data"]] == [other["data"], event["data"]]
    async with listening(ingress, ADMIN, event["id"]) as (_, first):
        assert "data" not in first


@pytest.mark.parametrize(
    ("person", "more"),
    [
        pytest.param(ANNA, {"status": "cancelled"}, id="cancelled"),
        pytest.param(BEN, {"confirmation_status": {str(BEN.id): "declined"}}, id="declined"),
        pytest.param(ADMIN, {"status": "cancelled"}, id="cancelled, for an admin"),
    ],
)
async def test_what_left_the_calendar_has_no_item(
    ingress: Ingress, person: Someone, more: dict[str, Any]
) -> None:
    async with listening(ingress, person) as (listener, _):
        await change(ingress, **more)
        event = await listener.event()
    assert orjson.loads(event["data"])["item"] is None


async def test_a_change_by_an_older_release_has_no_item(ingress: Ingress) -> None:
    async with listening(ingress, ANNA) as (listener, _):
        await ingress.fleet.tell(an_appointment(), "updated", [str(ANNA.id)], {"appointment": None})
        event = await listener.event()
    assert "item" not in orjson.loads(event["data"])


@pytest.mark.parametrize(
    ("kind", "body", "scope"),
    [
        ("preferences.shown", {"user_id": str(ANNA.id)}, "me"),
        ("organization_preferences.shown", {"organization_id": str(ANNA.organization)}, "organization"),
    ],
)
async def test_changed_preferences_are_seen_by_whom_they_hold_for(
    ingress: Ingress, kind: str, body: dict[str, Any], scope: str
) -> None:
    others = [ADMIN, BEN] if scope == "me" else [STRANGE_ADMIN]
    async with contextlib.AsyncExitStack() as stack:
        listeners = [(await stack.enter_async_context(listening(ingress, p)))[0] for p in (ANNA, *others)]
        await ingress.fleet.say(kind, ANNA.organization, body | {"version": 4})
        for other in others:
            await change(ingress, organizer=other, participants=())
        event = await listeners[0].event()
        rest = [(await listener.event())["event"] for listener in listeners[1:]]
    assert (event["event"], orjson.loads(event["data"])) == (
        "preferences.changed",
        {"scope": scope, "version": 4},
    )
    assert set(rest) == {"calendar.changed"}


async def test_who_watches_a_colleague_hears_that_their_time_changed_and_nothing_else(
    ingress: Ingress,
) -> None:
    times = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z"}
    async with listening(ingress, CARL, watch=(ANNA, BEN)) as (listener, _):
        was = {"start_time": "2031-03-03T07:00:00Z", "end_time": "2031-03-03T07:30:00Z"}
        await ingress.fleet.tell(an_appointment(), "rescheduled", [str(ANNA.id), str(BEN.id)], {"was": was})
        first = await listener.event()
        hold = {"hold_id": str(ANNA.id), "version": 1, "user_ids": [str(BEN.id)], **times}
        for _ in range(3):
            await ingress.fleet.say("hold.shown", ANNA.organization, hold)
        second = await listener.event()
        for kind in ("availability.shown", "busy_times.shown"):
            await ingress.fleet.say(kind, ANNA.organization, {"user_id": str(ANNA.id), "version": 1})
        third = await listener.event()
    assert {one["event"] for one in (first, second, third)} == {"availability.changed"}
    found = [orjson.loads(one["data"]) for one in (first, second, third)]
    both = sorted([str(ANNA.id), str(BEN.id)])
    assert found == [
        {"user_ids": both, "from": was["start_time"], "to": times["end_time"]},
        {"user_ids": [str(BEN.id)], "from": times["start_time"], "to": times["end_time"]},
        {"user_ids": [str(ANNA.id)], "from": None, "to": None},
    ]
    assert flaws({"$ref": "#/components/schemas/AvailabilityChangedEvent"}, found[0]) == []
    async with listening(ingress, CARL, last=third["id"], watch=(ANNA,)) as (listener, block):
        again = block if "data" in block else await listener.event()
        assert orjson.loads(again["data"]) == {"user_ids": [str(ANNA.id)], "from": None, "to": None}


async def test_nobody_watches_people_of_another_organization(ingress: Ingress) -> None:
    response = await ingress.call(STRANGE_ADMIN, "GET", f"/stream?watch={ANNA.id}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_a_reader_is_warned_before_their_token_ends(ingress: Ingress) -> None:
    expires_at = int(time.time()) + 50
    token = ingress.identity.token(ANNA, exp=expires_at)
    headers = {"Authorization": f"Bearer {token}"}
    async with ingress.client.stream("GET", "/api/appointments/stream", headers=headers) as response:
        event = await Listener(response).event()
    assert event["event"] == "session.expiring"
    at = datetime.fromisoformat(orjson.loads(event["data"])["at"])
    assert at.timestamp() == expires_at


async def test_one_persons_streams_take_no_place_of_others(
    ingress: Ingress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait that a refusal names is the true one: then the oldest stream makes room."""
    live, most = ingress.runtime.streams(), ingress.settings.streams_person_max
    async with contextlib.AsyncExitStack() as stack:
        streams = [(await stack.enter_async_context(listening(ingress, ANNA)))[0] for _ in range(most)]
        refused = await ingress.call(ANNA, "GET", "/stream")
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        wait = int(refused.headers["retry-after"])
        assert 50 <= wait <= 60
        for other in (BEN, STRANGE_ADMIN):
            await stack.enter_async_context(listening(ingress, other))
        clock = live.clock
        monkeypatch.setattr(live, "clock", lambda: clock() + wait)
        await stack.enter_async_context(listening(ingress, ANNA))
        with contextlib.suppress(EOFError):
            while True:
                await streams[0].block()
        assert live.count == most + 2
