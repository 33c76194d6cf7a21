"""Free slots, the reasons against other times, and the people who may see them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.component.ingress.fleet import MONDAY_9, an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress

# Monday, 3 March 2031. Clocks in Berlin are an hour ahead of UTC; MONDAY_9 is in UTC.
MORNING = [{"day_of_week": 0, "start_time": "09:00", "end_time": "12:00", "is_active": True}]
NIGHT = [
    {"day_of_week": 0, "start_time": "22:00", "end_time": "24:00", "is_active": True},
    {"day_of_week": 1, "start_time": "00:00", "end_time": "01:00", "is_active": True},
]
MONDAY = "start_date=2031-03-03&end_date=2031-03-03"
HOUR = timedelta(hours=1)


async def starts(ingress: Ingress, query: str, person: Someone = ANNA) -> list[str]:
    """The times of the day, in UTC, at which slots start."""
    found = await ingress.json(person, f"/availability?{query}")
    return [slot["start_time"][11:16] for slot in found["slots"]]


async def codes(ingress: Ingress, at: str, person: Someone = ANNA, **more: Any) -> list[str]:
    found = await ingress.json(person, "/availability/explain", params={"at": at, **more})
    assert found["offered"] is (found["reasons"] == [])
    return [reason["code"] for reason in found["reasons"]]


async def test_hours_are_offered_in_steps(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    found = await ingress.json(ANNA, f"/availability?{MONDAY}&duration=60")
    assert found == {
        "slots": [
            {
                "start_time": f"2031-03-03T{hour:02}:00:00Z",
                "end_time": f"2031-03-03T{hour + 1:02}:00:00Z",
                "user_ids": [str(ANNA.id)],
            }
            for hour in (8, 9, 10)
        ]
    }


@pytest.mark.parametrize(
    ("kind", "more", "offered"),
    [
        pytest.param("organizes", {}, False, id="the organizer is busy"),
        pytest.param("takes part", {}, False, id="a participant is busy"),
        pytest.param("takes part", {"status": "confirmed"}, False, id="when it is confirmed, too"),
        pytest.param("takes part", {"status": "cancelled"}, True, id="what was cancelled takes no time"),
        pytest.param("takes part", {"status": "completed"}, True, id="nor what is over"),
        pytest.param("takes part", {"response": "declined"}, True, id="nor what was declined"),
        pytest.param("takes part", {"response": "waiting"}, True, id="nor does waiting for a seat"),
        pytest.param("hold", {}, False, id="held time is taken"),
        pytest.param("hold", {"expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, True, id="until it expires"),
        pytest.param("elsewhere", {}, False, id="other calendars count"),
    ],
)
async def test_what_takes_time(ingress: Ingress, kind: str, more: dict[str, Any], offered: bool) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    if kind in ("hold", "elsewhere"):
        await ingress.fleet.take(ANNA, kind, MONDAY_9, MONDAY_9 + HOUR, **more)
    else:
        people = (ANNA, (BEN,)) if kind == "organizes" else (BEN, (ANNA,))
        answer = {"confirmation_status": {str(ANNA.id): more.pop("response", "pending")}}
        appointment = an_appointment(*people, minutes=60, **more)
        await ingress.fleet.show(appointment if kind == "organizes" else appointment | answer)
    expected = ["08:00", "09:00", "10:00"] if offered else ["08:00", "10:00"]
    assert await starts(ingress, f"{MONDAY}&duration=60") == expected
    code = {"hold": "held", "elsewhere": "busy_elsewhere"}.get(kind, "busy")
    assert await codes(ingress, "2031-03-03T09:00:00Z", duration=60) == ([] if offered else [code])


async def test_time_taken_elsewhere_may_last_for_weeks(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    await ingress.fleet.take(ANNA, "elsewhere", MONDAY_9 - timedelta(days=20), MONDAY_9 + timedelta(days=20))
    await ingress.fleet.take(BEN, "elsewhere", MONDAY_9, MONDAY_9 + HOUR)
    assert await starts(ingress, f"{MONDAY}&duration=60") == []


async def test_buffers_look_beyond_the_days_asked_about(ingress: Ingress) -> None:
    """An appointment that ends on Sunday at midnight keeps Monday's first hour closed."""
    midnight = [{"day_of_week": 0, "start_time": "00:00", "end_time": "02:00", "is_active": True}]
    await ingress.fleet.say_hours(ANNA, rules=midnight, policy={"step": 60, "buffer_after": 60})
    sunday_23 = datetime(2031, 3, 2, 22, tzinfo=UTC)
    await ingress.fleet.show(an_appointment(ANNA, (), sunday_23, 60))
    assert await starts(ingress, f"{MONDAY}&duration=60") == ["00:00"]
    assert await codes(ingress, "2031-03-02T23:00:00Z", duration=60) == ["buffer"]


async def test_the_last_hour_of_a_day_of_25_hours_is_shown_as_taken(ingress: Ingress) -> None:
    """Asked only about that hour, availability, explain, the calendars, the list and the feed know of it."""
    start, end = datetime(2031, 10, 25, 22, tzinfo=UTC), datetime(2031, 10, 26, 23, tzinfo=UTC)
    await ingress.fleet.show(an_appointment(ANNA, (), start, 1_500))
    last = f"{end - HOUR / 2:%Y-%m-%dT%H:%M:%SZ}"
    assert await codes(ingress, last, duration=30) == ["busy"]
    found = await ingress.json(
        ANNA, "/availability?start_date=2031-10-26&end_date=2031-10-26&timezone=Europe/Berlin"
    )
    assert found["slots"] == []
    around = f"from={last}&to={end:%Y-%m-%dT%H:%M:%SZ}"
    assert len((await ingress.json(ANNA, f"/calendar?{around}"))["items"]) == 1
    assert len((await ingress.json(ANNA, f"?{around}"))["items"]) == 1


async def test_a_limit_for_each_day_counts_the_whole_day(ingress: Ingress) -> None:
    """In the person's zone, whatever days were asked about."""
    await ingress.fleet.say_hours(ANNA, policy={"step": 60, "max_per_day": 1}, timezone="America/New_York")
    await ingress.fleet.show(an_appointment(ANNA, (), MONDAY_9, 60))  # 04:00 in New York
    query = "start_date=2031-03-04&end_date=2031-03-04&timezone=Asia/Tokyo&duration=60"
    found = await starts(ingress, query)  # 10:00 on Monday to 10:00 on Tuesday in New York
    assert found[0] == "05:00", "the first of Tuesday in New York"
    assert await codes(ingress, "2031-03-03T20:00:00Z") == ["max_per_day"]


async def test_a_slot_belongs_to_the_day_in_which_it_starts(ingress: Ingress) -> None:
    """A night is two rules, and a slot may run over midnight."""
    await ingress.fleet.say_hours(ANNA, rules=NIGHT, policy={"step": 60})
    assert await starts(ingress, f"{MONDAY}&duration=90") == ["21:00", "22:00"]
    tuesday = "start_date=2031-03-04&end_date=2031-03-04"
    assert await starts(ingress, f"{tuesday}&duration=60") == ["23:00"]
    assert await starts(ingress, f"{tuesday}&duration=60&timezone=UTC") == []


async def test_whole_days_of_any_zone(ingress: Ingress) -> None:
    """Without a zone in the question the days are those of the first person's hours."""
    await ingress.fleet.say_hours(ANNA, timezone="Pacific/Kiritimati", policy={"step": 720})
    for zone in ("", "&timezone=Pacific/Kiritimati"):
        found = await ingress.json(ANNA, f"/availability?{MONDAY}{zone}")
        assert [slot["start_time"] for slot in found["slots"]] == [
            "2031-03-02T10:00:00Z",
            "2031-03-02T22:00:00Z",
        ]


async def test_together_all_are_free_otherwise_the_first_who_is(ingress: Ingress) -> None:
    for person in (ANNA, BEN):
        await ingress.fleet.say_hours(person, rules=MORNING, policy={"step": 60})
    await ingress.fleet.show(an_appointment(ANNA, (), MONDAY_9, 60))
    await ingress.fleet.show(an_appointment(BEN, (), MONDAY_9 + HOUR, 60))
    both = f"{MONDAY}&duration=60&user_id={ANNA.id}&user_id={BEN.id}"
    found = await ingress.json(CARL, f"/availability?{both}")
    assert [(slot["start_time"][11:16], slot["user_ids"]) for slot in found["slots"]] == [
        ("08:00", [str(ANNA.id), str(BEN.id)])
    ]
    found = await ingress.json(CARL, f"/availability?{both}&mode=any")
    assert [(slot["start_time"][11:16], slot["user_ids"]) for slot in found["slots"]] == [
        ("08:00", [str(ANNA.id)]),
        ("09:00", [str(BEN.id)]),
        ("10:00", [str(ANNA.id)]),
    ]


async def test_who_never_said_anything_is_available_whenever_free(ingress: Ingress) -> None:
    await ingress.fleet.show(an_appointment(CARL, (), MONDAY_9, 60))
    found = await starts(ingress, f"{MONDAY}&user_id={CARL.id}")
    assert len(found) == 24 * 4 - 5
    assert {"08:30", "10:00"} < set(found)
    assert not {"08:45", "09:00", "09:45"} & set(found)


async def test_a_new_version_of_somebodys_hours_is_used_at_once(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    assert len(await starts(ingress, MONDAY)) == 3
    await ingress.fleet.say_hours(ANNA, 2, rules=MORNING, policy={"step": 30})
    assert len(await starts(ingress, MONDAY)) == 6


async def test_the_same_answer_is_not_sent_twice(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING)
    path = f"/availability?{MONDAY}"
    first = await ingress.call(ANNA, "GET", path)
    tag = first.headers["etag"]
    for known in (tag, f'"another", W/{tag}'):
        again = await ingress.call(ANNA, "GET", path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await ingress.fleet.show(an_appointment(ANNA, (), MONDAY_9))
    changed = await ingress.call(ANNA, "GET", path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


@pytest.mark.parametrize("path", ["/availability?" + MONDAY, "/availability/explain?at=2031-03-03T09:00:00Z"])
@pytest.mark.parametrize("caller", [STRANGER, STRANGE_ADMIN], ids=["a stranger", "a strange admin"])
async def test_nobody_is_known_in_another_organization(ingress: Ingress, caller: Someone, path: str) -> None:
    for person in (ANNA.id, uuid4()):
        found = await ingress.call(caller, "GET", f"{path}&user_id={caller.id}&user_id={person}")
        assert found.status_code == 404
        assert found.json()["code"] == "not_found"


async def test_an_explanation_discloses_nothing(ingress: Ingress) -> None:
    """A colleague gets to know that a time is taken, not by what, nor with whom."""
    await ingress.fleet.show(an_appointment(ANNA, (BEN,), title="Redundancies"))
    response = await ingress.call(
        CARL, "GET", f"/availability/explain?user_id={ANNA.id}&at=2031-03-03T09:15:00Z"
    )
    assert response.json()["reasons"][0]["code"] == "busy"
    for secret in ("Redundancies", str(BEN.id), "Room 4"):
        assert secret not in response.text


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param("2031-03-03T09:00:00Z", [], id="offered"),
        pytest.param("2031-03-03T10:00:00%2B01:00", [], id="whatever the offset"),
        pytest.param("2031-03-03T09:10:00Z", ["between_steps"], id="between the steps"),
        pytest.param("2031-03-03T07:45:00Z", ["outside_hours"], id="too early"),
        pytest.param("2031-03-10T09:00:00Z", ["day_closed"], id="a day off"),
        pytest.param("2020-03-02T09:00:00Z", ["in_the_past"], id="long ago"),
        pytest.param("8000-03-02T09:00:00Z", ["too_far"], id="in a thousand years"),
    ],
)
async def test_why_a_time_is_not_offered(ingress: Ingress, at: str, expected: list[str]) -> None:
    await ingress.fleet.say_hours(
        ANNA,
        rules=MORNING,
        overrides=[{"date": "2031-03-10", "ranges": []}],
        policy={"minimum_notice": 60},
    )
    found = await ingress.json(ANNA, f"/availability/explain?at={at}")
    got = [reason["code"] for reason in found["reasons"]]
    assert got[: len(expected) or None] == expected
    assert found["offered"] is not bool(got)
    assert all(reason["detail"].endswith(".") for reason in found["reasons"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("", "start_date", id="no days"),
        pytest.param("start_date=2031-03-03&end_date=2031-06-04", "end_date", id="too many days"),
        pytest.param("start_date=0001-01-01&end_date=9999-12-31", "start_date", id="thousands of years"),
        pytest.param(f"{MONDAY}&timezone=Mars/Base", "timezone", id="no such zone"),
        pytest.param(f"{MONDAY}&timezone=../../etc/passwd", "timezone", id="not a zone at all"),
        pytest.param(f"{MONDAY}&duration=100000", "duration", id="too long"),
        pytest.param(f"{MONDAY}&mode=both", "mode", id="no such mode"),
        pytest.param(MONDAY + f"&user_id={uuid4}" * 3, "user_id", id="nobody"),
    ],
)
async def test_what_cannot_be_answered(ingress: Ingress, query: str, field: str) -> None:
    response = await ingress.call(ANNA, "GET", f"/availability?{query}")
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]][:1] == [field]


async def test_somebodys_hours_as_they_said_them(ingress: Ingress) -> None:
    body = await ingress.fleet.say_hours(ANNA, 4, rules=MORNING)
    del body["organization_id"]
    for path in ("/availability/rules", f"/availability/rules?user_id={ANNA.id}"):
        found = await ingress.call(ANNA, "GET", path)
        assert (found.json(), found.headers["etag"]) == (body, '"4"')
    assert await ingress.json(ADMIN, f"/availability/rules?user_id={ANNA.id}") == body
    nothing = await ingress.call(BEN, "GET", "/availability/rules")
    assert (nothing.json()["rules"], nothing.json()["version"], nothing.headers["etag"]) == ([], 0, '"0"')


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        pytest.param(BEN, 403, id="a colleague reads what is free, not the rules"),
        pytest.param(STRANGER, 403, id="nor does a stranger"),
        pytest.param(STRANGE_ADMIN, 404, id="another organization's admin knows nobody here"),
    ],
)
async def test_whose_rules_are_told(ingress: Ingress, caller: Someone, status: int) -> None:
    response = await ingress.call(caller, "GET", f"/availability/rules?user_id={ANNA.id}")
    assert response.status_code == status


async def test_ones_own_hold_does_not_hide_the_time_from_oneself(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    hold = await ingress.fleet.take(ANNA, "hold", MONDAY_9, MONDAY_9 + HOUR, owner=BEN)
    query = f"{MONDAY}&duration=60&user_id={ANNA.id}"
    assert await starts(ingress, query, BEN) == ["08:00", "10:00"]
    assert await starts(ingress, f"{query}&hold_id={uuid4()},{hold}", BEN) == ["08:00", "09:00", "10:00"]
    for other in (ANNA, ADMIN):
        assert await starts(ingress, f"{query}&hold_id={hold}", other) == ["08:00", "10:00"]


async def test_a_month_is_a_line_for_each_day(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA, rules=MORNING, policy={"step": 60})
    query = "start_date=2031-03-01&end_date=2031-03-31&duration=60&view=days&timezone=Europe/Berlin"
    response = await ingress.call(ANNA, "GET", f"/availability?{query}")
    found = response.json()
    assert (found["timezone"], len(found["days"])) == ("Europe/Berlin", 31)
    assert len(response.content) <= 3_000
    by_date = {day["date"]: day for day in found["days"]}
    assert by_date["2031-03-03"] == {
        "date": "2031-03-03",
        "free": 3,
        "first": "2031-03-03T08:00:00Z",
        "last": "2031-03-03T10:00:00Z",
    }
    # After the clocks have changed an hour earlier in UTC.
    assert by_date["2031-03-31"]["first"] == "2031-03-31T07:00:00Z"
    assert by_date["2031-03-04"] == {"date": "2031-03-04", "free": 0, "first": None, "last": None}
    other = await ingress.call(ANNA, "GET", f"/availability?{query.replace('days', 'times')}")
    assert other.headers["etag"] != response.headers["etag"]


@pytest.mark.parametrize(("mode", "expected"), [("all", ["08:00"]), ("any", ["08:00", "09:00", "10:00"])])
async def test_times_are_starts_alone(ingress: Ingress, mode: str, expected: list[str]) -> None:
    for person in (ANNA, BEN):
        await ingress.fleet.say_hours(person, rules=MORNING, policy={"step": 60})
    await ingress.fleet.take(BEN, "elsewhere", MONDAY_9, MONDAY_9 + 2 * HOUR)
    query = f"{MONDAY}&duration=60&user_id={ANNA.id},{BEN.id}&mode={mode}&view=times"
    found = await ingress.json(ANNA, f"/availability?{query}")
    assert [start[11:16] for start in found.pop("starts")] == expected
    assert found == {"duration": 60, "users": [str(ANNA.id), str(BEN.id)], "all": mode == "all"}


async def test_holds_are_listed_to_their_owner_alone(ingress: Ingress) -> None:
    soon, later = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (2, 5))
    times = (MONDAY_9, MONDAY_9 + HOUR)
    second = await ingress.fleet.take(ANNA, "hold", *times, owner=BEN, expires_at=later)
    first = await ingress.fleet.take(BEN, "hold", *times, owner=BEN, expires_at=soon)
    over = await ingress.fleet.take(
        BEN, "hold", *times, owner=BEN, expires_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    found = await ingress.json(BEN, "/holds")
    assert [item["id"] for item in found["items"]] == [str(first), str(second)]
    assert found["items"][1]["user_ids"] == [str(ANNA.id)]
    assert datetime.fromisoformat(found["now"]) < later
    for other in (ANNA, ADMIN, STRANGE_ADMIN):
        assert (await ingress.json(other, "/holds"))["items"] == []
    for person, status in ((BEN, 200), (ADMIN, 200), (ANNA, 404), (STRANGER, 404), (STRANGE_ADMIN, 404)):
        assert (await ingress.call(person, "GET", f"/holds/{first}")).status_code == status
    assert (await ingress.call(BEN, "GET", f"/holds/{over}")).status_code == 404
