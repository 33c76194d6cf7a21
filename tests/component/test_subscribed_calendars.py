"""A subscribed calendar from the call to free time: ingress, booking, reminders and projector, in one process each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from chassis.database.migrations import migrate
from chassis.outbound.addresses import Policy, checked
from chassis.outbound.fetching import Fetcher
from chassis.topics.creation import ensure_topics
from deploy.local.ports import HOST
from services.booking.main import build as build_booking
from services.booking.settings import BookingSettings
from services.ingress.settings import IngressSettings
from services.projector.main import build as build_projector
from services.projector.settings import ProjectorSettings
from services.reminders.main import build as build_reminders
from services.reminders.settings import RemindersSettings
from tests.component.ingress.identity import Identity
from tests.component.ingress.people import ANNA, Someone
from tests.component.ingress.running import is_ready, serve
from tests.support import World, eventually
from tests.support.calendar_host import CalendarHost, calendar_host

SECRET = "with which addresses are sealed"
START = (datetime.now(UTC) + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
WITHIN = 60.0


def a_file(*starts: datetime) -> bytes:
    """A calendar with an hour at these times."""
    events = [
        f"BEGIN:VEVENT\r\nUID:{start:%d%H}\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
        for start in starts
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


@dataclass
class Stack:
    """The running services, as ANNA uses them, and the host of her calendar."""

    world: World
    host: CalendarHost
    identity: Identity
    client: httpx.AsyncClient

    async def call(self, method: str, path: str, person: Someone = ANNA, **more: Any) -> Any:
        """The JSON of an accepted call."""
        headers = {"Authorization": f"Bearer {self.identity.token(person)}"}
        answer = await self.client.request(method, f"/api/appointments{path}", headers=headers, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def obstacles(self, start: datetime) -> list[str]:
        """The codes of what is in the way of booking ANNA then."""
        params = {"user_id": str(ANNA.id), "at": f"{start:%Y-%m-%dT%H:%M:%SZ}", "duration": "30"}
        answer = await self.call("GET", "/availability/explain", params=params)
        return [reason["code"] for reason in answer["reasons"]]

    async def poll_now(self) -> None:
        """Make every calendar due."""
        connection = await asyncpg.connect(f"{self.world.database_url}_reminders")
        await connection.execute("UPDATE calendars SET next_poll_at = now()")
        await connection.close()


@pytest_asyncio.fixture(name="stack")
async def _stack(cluster: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stack]:
    identity = Identity()
    await identity.start()
    common: dict[str, Any] = {
        "kafka_bootstrap_servers": cluster.bootstrap,
        "database_url": cluster.database_url,
        "topic_prefix": cluster.topic_prefix,
        "topic_partitions": 2,
        "identity_url": identity.url,
    }
    ingress = IngressSettings(**common, calendar_secret=SECRET, outcome_wait=20.0, visible_wait=20.0)
    async with AsyncExitStack() as stack, calendar_host(tmp_path, a_file(START)) as host:
        stack.push_async_callback(identity.stop)
        policy = Policy((host.port,), (HOST,))
        monkeypatch.setattr("services.ingress.routes.subscriptions.checked", lambda url: checked(url, policy))

        async def resolver(*_: object) -> list[str]:
            return [HOST]

        await ensure_topics(ingress)
        for name in ("booking", "reminders", "projector"):
            await migrate(name, ingress)
        services = (
            build_booking(BookingSettings(**common)),
            build_projector(ProjectorSettings(**common)),
            build_reminders(
                RemindersSettings(**common, calendar_secret=SECRET),
                Fetcher(policy, resolver=resolver, verify=host.trusted),
            ),
        )
        await asyncio.gather(*(service.start() for service in services))
        for service in services:
            stack.push_async_callback(service.stop)
        _, client = await stack.enter_async_context(serve(ingress))
        await eventually(lambda: is_ready(client), WITHIN)
        yield Stack(cluster, host, identity, client)


async def test_a_calendar_is_busy_while_its_host_says_so_and_its_subscription_lasts(stack: Stack) -> None:
    made = await stack.call("POST", "/calendar/subscriptions", json={"url": stack.host.url(), "name": "Work"})
    path = f"/calendar/subscriptions/{made['id']}"

    async def busy() -> bool:
        return await stack.obstacles(START) == ["busy_elsewhere"]

    async def free() -> bool:
        return await stack.obstacles(START) == []

    async def polled(error: str | None = None) -> bool:
        found = await stack.call("GET", path)
        return found["checked_at"] is not None and (found["error"] is not None) == (error is not None)

    await eventually(busy, WITHIN)
    await eventually(polled, WITHIN)
    [item] = (await stack.call("GET", "/calendar/subscriptions"))["items"]
    assert (item["id"], item["name"], item["times"], item["error"]) == (made["id"], "Work", 1, None)
    assert "secret" not in str(item)
    [source] = (await stack.call("GET", "/calendar/sources"))["sources"]
    assert (source["source"], source["times"]) == (f"subscription:{made['id']}", 1)
    assert (await stack.call("DELETE", "/calendar/busy-times"))["removed"] == 0, "they are of no file"
    assert await busy()

    stack.host.gives(b"<html>", "503 Service Unavailable")
    await stack.poll_now()
    await eventually(lambda: polled("busy"), WITHIN)
    assert await busy(), "the last good times stay"
    failing = await stack.call("GET", path)
    assert (failing["error"], failing["times"]) == ("busy", 1)
    assert failing["failing_since"]

    later = START + timedelta(hours=3)
    stack.host.gives(a_file(later))
    await stack.poll_now()
    await eventually(free, WITHIN)
    assert await stack.obstacles(later) == ["busy_elsewhere"]

    await stack.call("DELETE", path)
    assert await stack.obstacles(later) == []
    assert (await stack.call("GET", "/calendar/subscriptions"))["items"] == []
    assert (await stack.call("GET", "/calendar/sources"))["sources"] == []
    requests = len(stack.host.requests)
    await stack.poll_now()
    assert len(stack.host.requests) == requests
