"""Polls of subscribed calendars, with a clock that the test moves and a host that behaves badly."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio
from sqlalchemy import text

from chassis.database.transactions import Database
from chassis.errors import PublishFailed
from chassis.outbound.addresses import Policy
from chassis.outbound.fetching import Fetcher, Limits
from chassis.sealing import Seal
from contracts import envelope
from contracts.envelope import Message
from deploy.local.ports import HOST
from services.reminders.calendars import store
from services.reminders.calendars.poller import LEASE, Poller
from services.reminders.calendars.store import Measured
from services.reminders.messages.calendars import Calendar, CalendarsChange
from tests.component.reminders.conftest import Bench, Recorder
from tests.support.calendar_host import CalendarHost, an_answer, calendar_host

NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SEAL = Seal(["a secret of this fleet"])
NORD, SOUTH = UUID(int=1), UUID(int=2)


def a_file(*days: int) -> bytes:
    """A calendar with an hour on these days of February."""
    events = [
        f"BEGIN:VEVENT\r\nUID:{day}\r\nDTSTART:202702{day:02}T090000Z\r\nDTEND:202702{day:02}T100000Z\r\nEND:VEVENT\r\n"
        for day in days
    ]
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


@dataclass
class Polls:
    """A poller, its queue, its host, and what it sent."""

    database: Database
    host: CalendarHost
    sent: Recorder
    now: datetime = NOW

    def poller(self) -> Poller:
        """One more process's poller."""

        async def resolver(*_: object) -> list[str]:
            return [HOST]

        policy = Policy((self.host.port,), (HOST,))
        fetcher = Fetcher(policy, Limits(seconds=20.0, size=200_000), resolver, self.host.trusted)
        return Poller(self.database, self.sent, fetcher, SEAL, lambda: self.now)

    async def subscribe(
        self, user: UUID, *calendars: UUID, version: int = 1, organization: UUID = NORD, sealed: str = ""
    ) -> None:
        """These are the person's calendars from now on."""
        items = tuple(Calendar(one, sealed or self.address(one), "Europe/Berlin") for one in calendars)
        async with self.database.transaction() as tx:
            await store.follow(tx, [CalendarsChange(user, organization, version, items)], self.now)

    def address(self, calendar: UUID) -> str:
        """The sealed address of a calendar at the host."""
        return SEAL.seal(orjson.dumps({"id": str(calendar), "url": self.host.url(), "email": ""}).decode())

    def taken(self) -> list[tuple[str, list[str]]]:
        """Since the last call: each command with the days that it takes, or its error."""
        found = [_words(message) for message in self.sent.messages]
        self.sent.messages.clear()
        return found

    async def rows(self, columns: str) -> list[Any]:
        """Columns of all calendars."""
        async with self.database.transaction() as tx:
            return [tuple(row) for row in await tx.execute(text(f"SELECT {columns} FROM calendars"))]


def _words(message: Message) -> tuple[str, list[str]]:
    body = orjson.loads(message.value or b"")
    kind = envelope.read(message.headers).type
    if kind == "busy_times.import":
        return "import", sorted(item["start_time"][8:10] for item in body["busy_times"])
    return "result", [body["error"] or str(body["times"])]


@pytest_asyncio.fixture(name="polls")
async def _polls(bench: Bench, tmp_path: Path) -> AsyncIterator[Polls]:
    async with calendar_host(tmp_path, a_file(1, 2)) as host:
        yield Polls(bench.database, host, Recorder())


async def test_a_calendar_is_polled_at_once_and_again_after_a_while(polls: Polls) -> None:
    calendar, poller = uuid4(), polls.poller()
    await polls.subscribe(user := uuid4(), calendar)
    assert await poller.step()
    [message, result] = polls.sent.messages
    head, body = envelope.read(message.headers), orjson.loads(message.value or b"")
    assert (head.type, head.actor, head.organization) == ("busy_times.import", str(user), NORD)
    assert body["source"] == f"subscription:{calendar}"
    assert body["replaces"] == {"after": None, "until": None, "total": 2}
    assert envelope.read(result.headers).actor == "service:reminders"
    assert polls.taken() == [("import", ["01", "02"]), ("result", ["2"])]
    assert not await poller.step(), "it is not due"
    polls.now += 34 * MINUTE
    polls.host.gives(a_file(2))
    assert await poller.step()
    assert polls.taken() == [("import", ["02"]), ("result", ["1"])]


async def test_an_unchanged_calendar_costs_no_command_but_a_sign_of_life_each_hour(polls: Polls) -> None:
    poller = polls.poller()
    polls.host.gives(a_file(1), ETag='"one"')
    await polls.subscribe(uuid4(), uuid4())
    await poller.step()
    polls.taken()
    polls.host.gives(b"", "304 Not Modified")
    polls.now += 34 * MINUTE
    await poller.step()
    assert polls.host.requests[-1]["if-none-match"] == '"one"'
    assert polls.taken() == []
    polls.now += 34 * MINUTE
    await poller.step()
    assert polls.taken() == [("result", ["1"])]
    polls.host.gives(a_file(1), ETag='"one"')
    polls.now += DAY
    await poller.step()
    assert "if-none-match" not in polls.host.requests[-1], "it is read as a whole once a day"
    assert polls.taken() == [("import", ["01"]), ("result", ["1"])]


@pytest.mark.parametrize(
    ("body", "status", "headers", "error"),
    [
        pytest.param(b"", "429 Too Many Requests", {"Retry_After": "7200"}, "busy", id="429"),
        pytest.param(b"<html>Sign in</html>", "200 OK", {}, None, id="html"),
        pytest.param(a_file(1, 2)[:-30], "200 OK", {}, None, id="truncated"),
        pytest.param(b"", "200 OK", {}, None, id="empty"),
        pytest.param(
            gzip.compress(bytes(5_000_000)), "200 OK", {"Content_Encoding": "gzip"}, "too_large", id="bomb"
        ),
        pytest.param(
            b"", "302 Found", {"Location": "https://169.254.169.254/"}, "private_address", id="redirect"
        ),
        pytest.param(b"", "404 Not Found", {}, "gone", id="gone"),
    ],
)
async def test_after_a_failure_the_last_good_times_stay(
    polls: Polls, body: bytes, status: str, headers: dict[str, str], error: str | None
) -> None:
    poller = polls.poller()
    await polls.subscribe(uuid4(), uuid4())
    await poller.step()
    polls.taken()
    polls.host.gives(body, status, **headers)
    polls.now += 34 * MINUTE
    await poller.step()
    [(kind, [code])] = polls.taken()
    assert kind == "result"
    assert code == error or (error is None and not code.isdigit())
    [(failures, again)] = await polls.rows("failures, next_poll_at")
    assert failures == 1
    least = timedelta(hours=2) if error == "busy" else 2.5 * MINUTE
    assert least <= again - polls.now <= timedelta(hours=2, minutes=1)
    polls.host.gives(a_file(1, 2))
    polls.now = again
    await poller.step()
    assert polls.taken() == [("result", ["2"])], "nothing has changed"


async def test_failures_come_further_and_further_apart(polls: Polls) -> None:
    poller = polls.poller()
    polls.host.gives(b"", "500 Internal Server Error")
    await polls.subscribe(uuid4(), uuid4())
    waits = []
    for _ in range(12):
        assert await poller.step()
        [(again,)] = await polls.rows("next_poll_at")
        waits.append(again - polls.now)
        polls.now = again
    assert waits[0] <= 5 * MINUTE
    assert DAY / 2 <= waits[-1] <= DAY
    async with polls.database.transaction() as tx:
        measured = await store.measure(tx, polls.now - DAY, polls.now)
    assert measured == Measured(calendars=1, failing=1, failing_long=1, late=0)


async def test_a_removed_calendar_is_polled_no_longer_and_an_old_event_does_not_bring_it_back(
    polls: Polls,
) -> None:
    user, first, second = uuid4(), uuid4(), uuid4()
    await polls.subscribe(user, first, second, version=2)
    await polls.subscribe(user, second, version=3)
    await polls.subscribe(user, first, second, version=2)
    assert await polls.rows("subscription_id") == [(second,)]
    await polls.subscribe(user, version=4)
    assert not await polls.poller().step()


async def test_a_poll_of_a_dead_process_is_taken_over(polls: Polls) -> None:
    await polls.subscribe(uuid4(), uuid4())
    polls.sent.fails = True
    with pytest.raises(PublishFailed):
        await polls.poller().step()
    polls.sent.fails = False
    assert not await polls.poller().step(), "leased"
    polls.now += LEASE
    assert await polls.poller().step()
    assert polls.taken() == [("import", ["01", "02"]), ("result", ["2"])]


async def test_two_processes_poll_each_calendar_once(polls: Polls) -> None:
    for _ in range(6):
        await polls.subscribe(uuid4(), uuid4())
    both = polls.poller(), polls.poller()
    done = await asyncio.gather(*(poller.step() for poller in both * 4))
    assert sum(done) == 6
    assert len(polls.host.requests) == 6


async def test_a_poll_that_lasted_longer_than_its_lease_sends_nothing(polls: Polls) -> None:
    await polls.subscribe(uuid4(), uuid4())

    async def late(writer: asyncio.StreamWriter, headers: dict[str, str]) -> None:
        polls.now += LEASE
        await an_answer(a_file(1))(writer, headers)

    polls.host.answer = late
    await polls.poller().step()
    assert polls.taken() == []
    polls.host.gives(a_file(2))
    await polls.poller().step()
    assert polls.taken() == [("import", ["02"]), ("result", ["1"])]


async def test_an_organization_with_many_calendars_does_not_keep_others_waiting(polls: Polls) -> None:
    for _ in range(3):
        await polls.subscribe(uuid4(), uuid4())
    polls.now += MINUTE
    await polls.subscribe(uuid4(), uuid4(), organization=SOUTH)
    claimed = []
    for _ in range(2):
        async with polls.database.transaction() as tx:
            claimed.append(await store.claim(tx, uuid4(), polls.now, polls.now + LEASE))
    assert [one.organization_id for one in claimed if one] == [NORD, SOUTH]


@pytest.mark.parametrize("kind", ["another key", "another calendar", "nonsense"])
async def test_an_address_that_cannot_be_opened_is_an_error(polls: Polls, kind: str) -> None:
    sealed = {
        "another key": Seal(["x"]).seal("{}"),
        "another calendar": polls.address(uuid4()),
        "nonsense": "x",
    }[kind]
    await polls.subscribe(uuid4(), uuid4(), sealed=sealed)
    await polls.poller().step()
    assert polls.taken() == [("result", ["unsealable"])]
    assert polls.host.requests == []


async def test_the_address_is_in_no_log(polls: Polls, capsys: pytest.CaptureFixture[str]) -> None:
    await polls.subscribe(uuid4(), uuid4())
    for body, status in ((b"", "404 Not Found"), (b"x", "200 OK")):
        polls.host.gives(body, status)
        await polls.poller().step()
        polls.now += DAY
    written = capsys.readouterr()
    assert "secret-5e7a" not in written.out + written.err
