"""The views, and the people who may read them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from tests.component.ingress.fleet import MONDAY_9, an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress

WEEK = "from=2031-03-03T00:00:00Z&to=2031-03-10T00:00:00Z"


async def shown(ingress: Ingress, **changes: Any) -> dict[str, Any]:
    appointment = an_appointment(**changes)
    await ingress.fleet.show(appointment)
    return appointment


@pytest.mark.parametrize(
    ("person", "status"),
    [
        pytest.param(ANNA, 200, id="the organizer sees it"),
        pytest.param(BEN, 200, id="a participant sees it"),
        pytest.param(ADMIN, 200, id="an admin sees it"),
        pytest.param(CARL, 404, id="a colleague does not"),
        pytest.param(STRANGER, 404, id="another organization does not"),
        pytest.param(STRANGE_ADMIN, 404, id="another organization's admin does not"),
    ],
)
async def test_who_sees_an_appointment(ingress: Ingress, person: Someone, status: int) -> None:
    appointment = await shown(ingress)
    for path in ("", "/", "/notifications", "/notifications/"):
        response = await ingress.call(person, "GET", f"/{appointment['id']}{path}")
        assert response.status_code == status
    listed = await ingress.json(person, f"?{WEEK}")
    assert [item["id"] for item in listed["items"]] == ([appointment["id"]] if status == 200 else [])


@pytest.mark.parametrize(
    "of_ben",
    [
        pytest.param({"confirmation_status": {str(BEN.id): "declined"}}, id="declined"),
        pytest.param(
            {"participant_ids": [], "confirmation_status": {}, "waiting": [str(BEN.id)]}, id="waiting"
        ),
    ],
)
async def test_a_person_who_declined_or_waits_for_a_seat_sees_it_but_is_free(
    ingress: Ingress, of_ben: dict[str, Any]
) -> None:
    appointment = await shown(ingress, **of_ben)
    assert (await ingress.call(BEN, "GET", f"/{appointment['id']}")).status_code == 200
    for person in (BEN, CARL):
        assert (await ingress.json(person, f"/calendar?{WEEK}&user_id={BEN.id}"))["items"] == []


async def test_an_appointment_is_answered_as_it_is_kept(ingress: Ingress) -> None:
    appointment = await shown(ingress, version=7, title="Überprüfung")
    response = await ingress.call(ANNA, "GET", f"/{appointment['id']}")
    assert (response.json(), response.headers["etag"]) == (appointment, '"7"')


async def test_the_history_is_told_when_asked_for(ingress: Ingress) -> None:
    appointment = await shown(ingress)
    await ingress.fleet.database.execute(
        "INSERT INTO views.history VALUES ($1, 1, $2, $3, 'created', '[]', 'anna', '2030-01-01T00:00:00Z')",
        UUID(appointment["id"]),
        ANNA.organization,
        uuid4(),
    )
    found = await ingress.json(BEN, f"/{appointment['id']}?include=history")
    created = {
        "version": 1,
        "change": "created",
        "changes": [],
        "actor": "anna",
        "at": "2030-01-01T00:00:00Z",
    }
    assert found == {**appointment, "history": [created]}


async def test_an_appointment_says_who_declined_and_why(ingress: Ingress) -> None:
    answers = {str(BEN.id): "declined", str(CARL.id): "declined"}
    appointment = await shown(ingress, participants=(BEN, CARL), confirmation_status=answers)
    steps = [
        [{"field": "confirmation_status", "old": {}, "new": {str(BEN.id): "declined"}}],
        [
            {
                "field": "confirmation_status",
                "old": {str(BEN.id): "pending"},
                "new": {str(BEN.id): "declined"},
            },
            {"field": "reason", "old": None, "new": "On holiday"},
        ],
        [
            {"field": "confirmation_status", "old": {str(BEN.id): "declined"}, "new": answers},
            {"field": "reason", "old": None, "new": None},
        ],
    ]
    for version, changes in enumerate(steps, 1):
        await ingress.fleet.database.execute(
            "INSERT INTO views.history VALUES ($1, $2, $3, $4, 'participant_declined', $5, 'x', now())",
            UUID(appointment["id"]),
            version,
            ANNA.organization,
            uuid4(),
            orjson.dumps(changes).decode(),
        )
    found = await ingress.json(ANNA, f"/{appointment['id']}")
    assert found["declined"] == {str(BEN.id): "On holiday", str(CARL.id): None}


async def test_ones_own_calendar_has_appointments_in_order(ingress: Ingress) -> None:
    later = await shown(ingress, start=MONDAY_9 + timedelta(hours=3), title="Later")
    first = await shown(ingress)
    await shown(ingress, status="cancelled")
    await shown(ingress, start=MONDAY_9 + timedelta(days=30), title="Another month")
    items = (await ingress.json(BEN, f"/calendar?{WEEK}"))["items"]
    fields = ["id", "title", "start_time", "end_time", "status", "organizer_id", "location", "timezone"]
    fields += ["version", "series_id", "original_start_time", "seats", "participant_ids"]
    more = {
        "counts": {"participants": 1, "confirmed": 0, "declined": 0},
        "free_seats": None,
        "has_meeting_url": False,
        "role": "participant",
        "my_status": "pending",
    }
    expected = [{name: appointment[name] for name in fields} | more for appointment in (first, later)]
    assert items == expected


@pytest.mark.parametrize(
    ("person", "role", "status"),
    [(ANNA, "organizer", None), (BEN, "participant", "confirmed"), (ADMIN, "viewer", None)],
)
async def test_an_item_says_what_the_caller_is_in_it(
    ingress: Ingress, person: Someone, role: str, status: str | None
) -> None:
    answers = {str(BEN.id): "confirmed", str(CARL.id): "declined"}
    await shown(
        ingress,
        participants=(BEN, CARL),
        confirmation_status=answers,
        seats=3,
        meeting_url="https://meet.example/1",
    )
    [item] = (await ingress.json(person, f"/calendar?{WEEK}&user_id={ANNA.id}"))["items"]
    assert (item["role"], item["my_status"], item["has_meeting_url"]) == (role, status, True)
    assert item["counts"] == {"participants": 2, "confirmed": 1, "declined": 1}
    assert (item["seats"], item["free_seats"]) == (3, 2)


async def test_several_calendars_are_one_answer_with_names(ingress: Ingress) -> None:
    both = await shown(ingress, participants=(BEN, CARL))
    await shown(ingress, participants=(BEN,), start=MONDAY_9 + timedelta(hours=3))
    query = f"/calendar?{WEEK}&user_id={ANNA.id},{BEN.id}&user_id={CARL.id}&include=people"
    found = await ingress.json(CARL, query)
    assert [item.get("id") for item in found["items"]] == [both["id"], None, None]
    assert {item["user_id"] for item in found["items"][1:]} == {str(ANNA.id), str(BEN.id)}
    assert found["people"] == {str(one.id): {"name": one.name} for one in (ANNA, BEN, CARL)}
    assert "people" not in await ingress.json(CARL, f"/calendar?{WEEK}")


async def test_a_calendar_that_has_not_changed_is_not_sent_again(ingress: Ingress) -> None:
    appointment = await shown(ingress)
    path = f"/calendar?{WEEK}&include=people"
    first = await ingress.call(ANNA, "GET", path)
    seen = {"If-None-Match": first.headers["etag"]}
    again = await ingress.call(ANNA, "GET", path, headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    await ingress.fleet.show(appointment | {"version": 2, "title": "Other"}, "updated")
    assert (await ingress.call(ANNA, "GET", path, headers=seen)).status_code == 200


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        pytest.param("2031-03-03T09:29:00Z", "2031-03-03T12:00:00Z", 1, id="a range that begins within"),
        pytest.param("2031-03-03T09:30:00Z", "2031-03-03T12:00:00Z", 0, id="a range that begins at the end"),
        pytest.param("2031-03-03T08:00:00Z", "2031-03-03T09:00:00Z", 0, id="a range that ends at the start"),
        pytest.param(
            "2031-03-03T10:10:00+01:00", "2031-03-03T10:11:00+01:00", 1, id="within, another offset"
        ),
    ],
)
async def test_ranges_that_touch_do_not_overlap(ingress: Ingress, start: str, end: str, found: int) -> None:
    await shown(ingress)
    for path in ("/calendar", ""):
        page = await ingress.json(ANNA, path, params={"from": start, "to": end})
        assert len(page["items"]) == found


async def test_a_colleague_is_seen_as_busy_without_a_detail(ingress: Ingress) -> None:
    shared = await shown(ingress, participants=(BEN, CARL), start=MONDAY_9 + timedelta(hours=5))
    await shown(ingress)
    await shown(ingress, start=MONDAY_9 + timedelta(minutes=30), title="Secret")
    response = await ingress.call(CARL, "GET", f"/calendar?{WEEK}&user_id={BEN.id}")
    busy, open_one = response.json()["items"]
    assert busy == {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T10:00:00Z", "busy": True}
    assert open_one["id"] == shared["id"]
    assert "Secret" not in response.text
    everything = await ingress.json(ADMIN, f"/calendar?{WEEK}&user_id={BEN.id}")
    assert [item.get("busy") for item in everything["items"]] == [None, None, None]


async def test_busy_ranges_say_nothing_beyond_what_was_asked(ingress: Ingress) -> None:
    await shown(ingress, minutes=600)
    params = {"from": "2031-03-03T12:00:00Z", "to": "2031-03-03T13:00:00Z", "user_id": str(BEN.id)}
    [busy] = (await ingress.json(CARL, "/calendar", params=params))["items"]
    assert (busy["start_time"], busy["end_time"]) == (params["from"], params["to"])


@pytest.mark.parametrize("user", [STRANGER.id, uuid4()], ids=["of another organization", "unknown"])
async def test_nobody_elses_people_have_calendars_here(ingress: Ingress, user: UUID) -> None:
    for person, others in ((ANNA, ""), (ADMIN, ""), (ANNA, f"{BEN.id},")):
        response = await ingress.call(person, "GET", f"/calendar?user_id={others}{user}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_lists_filter(ingress: Ingress) -> None:
    client = str(uuid4())
    first = await shown(ingress, client_id=client, title="100% Zähne")
    second = await shown(
        ingress, start=MONDAY_9 + timedelta(hours=2), status="confirmed", participants=(CARL,)
    )
    cases = {
        "status=pending": [first],
        "status=pending,confirmed": [first, second],
        "status=pending&status=confirmed": [first, second],
        f"participant_id={CARL.id}": [second],
        f"participant_id={ANNA.id}": [first, second],
        f"client_id={client}": [first],
        "q=zähne": [first],
        "q=100%25": [first],
        "q=1%25Z": [],
        "q=room": [first, second],
        f"{WEEK}&status=cancelled": [],
        "": [first, second],
    }
    for query, expected in cases.items():
        for person in (ANNA, ADMIN):
            found = await ingress.json(person, f"?{query}")
            assert [item["id"] for item in found["items"]] == [item["id"] for item in expected], query
            assert found["next_cursor"] is None


async def test_pages_follow_each_other_without_a_gap(ingress: Ingress) -> None:
    # Two at each start, so that the id has to decide.
    every = [
        (await shown(ingress, start=MONDAY_9 + timedelta(minutes=15 * (n // 2)), minutes=15))["id"]
        for n in range(11)
    ]
    for person in (ANNA, ADMIN):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await ingress.json(person, "", params={"limit": 4, "cursor": cursor})
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted(every)


async def test_a_read_can_wait_for_a_version(ingress: Ingress) -> None:
    appointment = await shown(ingress)
    path = f"/{appointment['id']}?min_version=2"
    waiting = asyncio.create_task(ingress.json(ANNA, path))
    await ingress.fleet.show(appointment | {"version": 2}, "updated")
    assert (await waiting)["version"] == 2


async def test_a_version_that_does_not_come_is_not_waited_for_longer(ingress: Ingress) -> None:
    appointment = await shown(ingress)
    assert (await ingress.json(ANNA, f"/{appointment['id']}?min_version=9"))["version"] == 1


async def test_notifications_are_told(ingress: Ingress) -> None:
    appointment = await shown(ingress)
    await ingress.fleet.database.execute(
        "INSERT INTO views.notifications (id, organization_id, appointment_id, event_id, type, recipient_id, channel, "
        "priority, state, attempts, planned_at, sent_at) VALUES ($1, $2, $3, $1, 'appointment_created', $4, 'email', "
        "'normal', 'sent', 1, now(), '2030-01-01T00:00:00Z')",
        uuid4(),
        ANNA.organization,
        UUID(appointment["id"]),
        ANNA.id,
    )
    [item] = (await ingress.json(ANNA, f"/{appointment['id']}/notifications"))["items"]
    assert (item["type"], item["state"], item["recipient_id"]) == (
        "appointment_created",
        "sent",
        str(ANNA.id),
    )
    assert (item["sent_at"], item["delivered_at"]) == ("2030-01-01T00:00:00Z", None)


async def test_an_appointment_that_has_not_changed_is_not_sent_again(ingress: Ingress) -> None:
    appointment = await shown(ingress, version=3)
    path = f"/{appointment['id']}"
    again = await ingress.call(ANNA, "GET", path, headers={"If-None-Match": '"3"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"3"')
    assert (await ingress.call(ANNA, "GET", path, headers={"If-None-Match": '"2"'})).status_code == 200
    assert (await ingress.call(CARL, "GET", path, headers={"If-None-Match": '"3"'})).status_code == 404
