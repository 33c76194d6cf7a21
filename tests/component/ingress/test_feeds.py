"""The calendar that other programs subscribe to: who may read it, what is in it, and when it has changed."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import icalendar
import orjson
import pytest
import recurring_ical_events
from pydantic import ValidationError

from contracts.envelope import Envelope
from contracts.topics import PROJECTOR_EVENTS
from services.ingress.domain.tokens import RANDOM_BYTES, hash_of, token_of
from services.ingress.settings import IngressSettings
from tests.component.ingress.fleet import an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGER, Someone
from tests.component.ingress.running import Ingress, is_ready, serve
from tests.support import eventually
from tests.support.proofs import FEED_SECRET

TOMORROW_9 = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
WEEK = timedelta(days=7)


def utc(instant: datetime) -> str:
    """As JSON has it."""
    return instant.isoformat().replace("+00:00", "Z")


async def subscribe(ingress: Ingress, person: Someone = ANNA) -> str:
    """A feed's address, as the fleet shows it at once; what follows /api/appointments."""
    ingress.fleet.answer = lambda envelope, body: {
        "status": "accepted",
        "errors": [],
        "conflicts": [],
        "user_id": str(person.id),
        "version": 0,
        "event_ids": [],
    }
    response = await ingress.call(person, "POST", "/calendar/feed")
    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    [*_, (_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.actor) == ("feed.set", str(person.id))
    await ingress.fleet.database.execute(
        "INSERT INTO views.feeds VALUES ($1, $2, 1, $3) ON CONFLICT (user_id) DO UPDATE SET token_hash = $3",
        person.id,
        person.organization,
        body["token_hash"],
    )
    url = httpx.URL(response.json()["url"])
    assert hash_of(FEED_SECRET, url.params["token"]) == body["token_hash"], "the secret stays here"
    return url.raw_path.decode()


async def read(ingress: Ingress, path: str, **headers: str) -> httpx.Response:
    """A calendar program asks: it has no token of Identity's."""
    return await ingress.client.get(path, headers=headers)


def seen(response: httpx.Response) -> list[tuple[datetime, str, str]]:
    """The events that a calendar program shows of the next years."""
    assert response.status_code == 200, response.text
    calendar = icalendar.Calendar.from_ical(response.content)
    events = recurring_ical_events.of(calendar).between(
        TOMORROW_9 - timedelta(days=200), TOMORROW_9 + timedelta(days=800)
    )
    return sorted(
        (event["DTSTART"].dt.astimezone(UTC), str(event["SUMMARY"]), str(event["STATUS"])) for event in events
    )


async def test_whoever_knows_the_address_reads_the_calendar(ingress: Ingress) -> None:
    await ingress.fleet.show(an_appointment(title="Mine", start=TOMORROW_9))
    await ingress.fleet.show(an_appointment(CARL, (BEN,), title="Theirs", start=TOMORROW_9))
    await ingress.fleet.show(an_appointment(title="Called off", start=TOMORROW_9 + WEEK, status="cancelled"))
    response = await read(ingress, await subscribe(ingress))
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-cache"
    assert seen(response) == [
        (TOMORROW_9, "Mine", "TENTATIVE"),
        (TOMORROW_9 + WEEK, "Called off", "CANCELLED"),
    ]
    calendar = icalendar.Calendar.from_ical(response.content)
    assert str(calendar["X-WR-CALNAME"]) == "Appointments"
    assert {str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")} == {"Europe/Berlin"}


async def test_what_one_does_not_take_part_in_is_left_out(ingress: Ingress) -> None:
    declined = {"confirmation_status": {str(BEN.id): "declined"}}
    waiting = {"waiting": [str(BEN.id)], "confirmation_status": {}, "participant_ids": []}
    cases: list[dict[str, Any]] = [{}, declined, waiting]
    for number, changes in enumerate(cases):
        await ingress.fleet.show(an_appointment(start=TOMORROW_9 + number * WEEK, **changes))
    response = await read(ingress, await subscribe(ingress, BEN))
    assert [start for start, *_ in seen(response)] == [TOMORROW_9]


async def test_it_reaches_ninety_days_back_and_four_hundred_ahead(ingress: Ingress) -> None:
    for days in (-91, -89, 399, 402):
        await ingress.fleet.show(an_appointment(start=TOMORROW_9 + timedelta(days=days - 1)))
    found = seen(await read(ingress, await subscribe(ingress)))
    assert [start for start, *_ in found] == [TOMORROW_9 + timedelta(days=days - 1) for days in (-89, 399)]


async def show_series(ingress: Ingress, number: int = 6) -> list[dict[str, Any]]:
    """A weekly series of Anna's in Berlin, also in the views; the second instance is moved, the third was skipped."""
    series, first = uuid4(), TOMORROW_9
    berlin = first + timedelta(
        hours=2
    )  # whatever hour that is there, it is the same for a few weeks in summer only
    state = {
        "id": str(series),
        "timezone": "UTC",
        "local_start": first.replace(tzinfo=None).isoformat(),
        "rrule": f"FREQ=WEEKLY;COUNT={number}",
        "exdates": [],
        "rdates": [],
    }
    await ingress.fleet.database.execute(
        "INSERT INTO views.series (id, organization_id, version, body) VALUES ($1, $2, 1, $3)",
        series,
        ANNA.organization,
        orjson.dumps(state).decode(),
    )
    instances = [
        an_appointment(
            start=first + week * WEEK, series_id=str(series), original_start_time=utc(first + week * WEEK)
        )
        for week in range(number)
        if week != 2
    ]
    moved = {"start_time": utc(berlin + WEEK), "end_time": utc(berlin + WEEK + timedelta(hours=1))}
    instances[1] |= moved
    for instance in instances:
        await ingress.fleet.show(instance)
    return instances


async def test_a_series_is_its_rule_and_what_is_other_than_it_says(ingress: Ingress) -> None:
    instances = await show_series(ingress)
    response = await read(ingress, await subscribe(ingress))
    shown = {start for start, *_ in seen(response)}
    assert shown == {datetime.fromisoformat(instance["start_time"]) for instance in instances}
    events = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
    assert {str(event["UID"]) for event in events} == {instances[0]["series_id"]}
    assert len(events) == 2, "the rule, and the one that was moved"
    assert {"RRULE", "EXDATE"} <= events[0].keys()
    assert "RECURRENCE-ID" in events[1]


async def test_it_has_a_tag_until_something_changes(ingress: Ingress) -> None:
    instances = await show_series(ingress)
    path = await subscribe(ingress)
    first = await read(ingress, path)
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await read(ingress, path, **{"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await read(ingress, path, **{"If-None-Match": '"other"'})).status_code == 200
    await ingress.fleet.show(instances[0] | {"version": 2, "title": "Other"})
    changed = await read(ingress, path, **{"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?token=",
        "?token=x",
        "?token=" + "A" * 43,
        "?token=" + "A" * 5_000,
        "?token=%00",
        "?token=%F0%9F%98%80",
    ],
)
async def test_other_addresses_open_nothing(ingress: Ingress, query: str) -> None:
    await subscribe(ingress)
    response = await read(ingress, f"/api/appointments/calendar.ics{query}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_a_renewed_or_revoked_address_is_dead(ingress: Ingress) -> None:
    old = await subscribe(ingress)
    new = await subscribe(ingress)
    assert [(await read(ingress, path)).status_code for path in (old, new)] == [404, 200]
    await ingress.fleet.database.execute("UPDATE views.feeds SET token_hash = NULL")
    assert (await read(ingress, new)).status_code == 404


async def test_the_answer_waits_until_the_address_is_dead(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: {
        "status": "accepted",
        "user_id": str(ANNA.id),
        "version": 7,
        "event_ids": [str(uuid4())],
    }
    calling = asyncio.create_task(ingress.call(ANNA, "DELETE", "/calendar/feed"))
    await asyncio.wait([calling], timeout=0.4)
    assert not calling.done()
    envelope = Envelope(id=uuid4(), type="feed.shown", organization=ANNA.organization)
    body = orjson.dumps({"user_id": str(ANNA.id), "version": 7})
    await ingress.fleet.publisher.publish([envelope.message(PROJECTOR_EVENTS.name, body)])
    response = await asyncio.wait_for(calling, 0.4)
    assert (response.status_code, response.content) == (204, b"")
    [(_, _, command)] = ingress.fleet.commands
    assert (command["token_hash"], command["user_id"]) == (None, str(ANNA.id))


async def test_a_repeated_request_makes_another_address(ingress: Ingress) -> None:
    """Nobody keeps the secret of the first, so that it could be told again."""
    ingress.fleet.answer = lambda *_: None
    for _ in range(2):
        await ingress.call(ANNA, "POST", "/calendar/feed", headers={"Idempotency-Key": "again"})
    [(_, first, one), (_, second, other)] = ingress.fleet.commands
    assert first.id != second.id
    assert one != other


async def test_who_has_left_the_organization_has_no_calendar_here(ingress: Ingress) -> None:
    path = await subscribe(ingress)
    await ingress.fleet.database.execute("UPDATE views.feeds SET organization_id = $1", STRANGER.organization)
    assert (await read(ingress, path)).status_code == 404
    await ingress.fleet.database.execute("UPDATE views.feeds SET user_id = $1", UUID(int=99))
    assert (await read(ingress, path)).status_code == 404


async def test_no_forged_entry_opens_a_calendar(ingress: Ingress) -> None:
    """Whoever writes to our topics can put any hash and any person there, but has no secret for them."""
    own = httpx.URL(await subscribe(ingress, BEN)).params["token"]
    made_up = token_of(ANNA.id, bytes(RANDOM_BYTES))
    for token_hash in (sha256(made_up.encode()).hexdigest(), hash_of("", made_up), hash_of(FEED_SECRET, own)):
        await ingress.fleet.database.execute("DELETE FROM views.feeds")
        await ingress.fleet.database.execute(
            "INSERT INTO views.feeds VALUES ($1, $2, 2, $3)", ANNA.id, ANNA.organization, token_hash
        )
        for token in (own, made_up):
            response = await read(ingress, f"/api/appointments/calendar.ics?token={token}")
            assert response.status_code == 404


async def test_an_address_follows_no_header_of_a_request(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: {
        "status": "accepted",
        "user_id": str(ANNA.id),
        "version": 0,
        "event_ids": [],
    }
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    response = await ingress.call(ANNA, "POST", "/calendar/feed", headers=headers)
    assert response.json()["url"].startswith(f"{ingress.settings.public_url}/api/appointments/calendar.ics?")


async def test_an_admin_revokes_the_address_of_a_colleague_and_a_member_does_not(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: {
        "status": "accepted",
        "user_id": str(ANNA.id),
        "version": 0,
        "event_ids": [],
    }
    query = {"user_id": str(ANNA.id)}
    refused = await ingress.call(BEN, "DELETE", "/calendar/feed", params=query)
    assert (refused.status_code, ingress.fleet.commands) == (403, [])
    assert (await ingress.call(ADMIN, "DELETE", "/calendar/feed", params=query)).status_code == 204
    [(_, envelope, body)] = ingress.fleet.commands
    assert envelope.actor == str(ADMIN.id)
    assert (body["user_id"], body["token_hash"]) == (str(ANNA.id), None)


async def test_without_the_secret_no_address_is_made_or_read(ingress: Ingress) -> None:
    path = await subscribe(ingress)
    async with serve(ingress.settings.model_copy(update={"feed_secret": ""})) as (_, client):
        await eventually(lambda: is_ready(client), 20)
        made = await client.post("/api/appointments/calendar/feed", headers=ingress.authorization(ANNA))
        assert (made.status_code, made.json()["code"]) == (503, "feeds_unavailable")
        assert (await client.get(path)).status_code == 404


def test_elsewhere_than_on_this_machine_the_public_address_must_be_named() -> None:
    with pytest.raises(ValidationError, match="PUBLIC_URL"):
        IngressSettings(ingress_host="0.0.0.0", public_url="")
    assert IngressSettings(port=1234).public_url == "http://127.0.0.1:1234"


async def test_a_program_that_asks_too_often_is_slowed_down(
    ingress: Ingress, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await subscribe(ingress)
    buckets = ingress.runtime.admission._people
    monkeypatch.setattr(buckets, "burst", 3.0)
    monkeypatch.setattr(buckets, "rate", 0.001)
    buckets._levels.clear()
    statuses = [(await read(ingress, path)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    buckets._levels.clear()
