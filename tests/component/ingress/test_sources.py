"""Imported busy times by the calendar that they come from: replaced, listed, removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.component.ingress.people import ANNA, BEN
from tests.component.ingress.running import Ingress
from tests.component.ingress.test_imports import a_file, an_event, imported, send

TOMORROW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)


async def show(ingress: Ingress, uid: str, source: str, start: datetime, end: datetime) -> None:
    """Put a busy time of ANNA's into the views."""
    await ingress.fleet.database.execute(
        "INSERT INTO views.busy_times VALUES ($1, $2, $3, $4, $5, 1, $6)",
        ANNA.id, uid, ANNA.organization, start, end, source,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "head", "source"),
    [
        pytest.param("?source=Work", (), "Work", id="the caller names it"),
        pytest.param("", ("X-WR-CALNAME:Home",), "Home", id="the file names itself"),
        pytest.param("?source=Work", ("X-WR-CALNAME:Home",), "Work", id="the caller's name counts"),
    ],
)
async def test_a_file_of_a_calendar_replaces_it(
    ingress: Ingress, query: str, head: tuple[str, ...], source: str
) -> None:
    ingress.fleet.answer = lambda _, body: imported(body) | {"removed": 3}
    content = a_file(*head, an_event("a"), an_event("b", 2))
    headers = {"Content-Type": "text/calendar"}
    answer = await ingress.call(ANNA, "POST", f"/calendar/import{query}", content=content, headers=headers)
    found = answer.json()
    assert (found["imported"], found["source"], found["removed"]) == (2, source, 3)
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, body["source"]) == ("busy_times.import", source)
    assert body["replaces"] == {"after": None, "until": None, "total": 2}
    assert len(body["busy_times"]) == 2


async def test_a_calendar_that_has_become_empty_frees_its_time(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body) | {"removed": 2}
    answer = await send(ingress, a_file("X-WR-CALNAME:Home"))
    assert (answer.json()["imported"], answer.json()["removed"]) == (0, 2)
    [(_, _, body)] = ingress.fleet.commands
    assert (body["busy_times"], body["replaces"]["total"]) == ([], 0)


async def test_a_file_without_a_name_adds_to_what_is_there(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    answer = await send(ingress, a_file(an_event("a")))
    assert (answer.json()["source"], answer.json()["removed"]) == ("", 0)
    [(_, _, body)] = ingress.fleet.commands
    assert "replaces" not in body


async def listed(ingress: Ingress, **query: str) -> list[Any]:
    """The sources of ANNA's busy times in their order."""
    answer = await ingress.json(ANNA, "/calendar/busy-times", params=query)
    return [item["source"] for item in answer["items"]]


async def test_a_person_lists_their_own_imports_by_calendar_and_by_time(ingress: Ingress) -> None:
    await show(ingress, "a", "work", TOMORROW, TOMORROW + HOUR)
    await show(ingress, "b", "work", TOMORROW + 3 * HOUR, TOMORROW + 4 * HOUR)
    await show(ingress, "c", "", TOMORROW + HOUR, TOMORROW + 2 * HOUR)
    await show(ingress, "gone", "home", TOMORROW, TOMORROW)
    await show(ingress, "over", "old", TOMORROW - 48 * HOUR, TOMORROW - 47 * HOUR)
    sources = (await ingress.json(ANNA, "/calendar/sources"))["sources"]
    assert [(one["source"], one["times"]) for one in sources] == [("", 1), ("work", 2)]
    assert sources[1]["first_start"] == f"{TOMORROW:%Y-%m-%dT%H:%M:%SZ}"
    assert await listed(ingress) == ["work", "", "work"]
    assert await listed(ingress, source="work") == ["work", "work"]
    assert await listed(ingress, source="") == [""]
    later = f"{TOMORROW + 3 * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    assert await listed(ingress, **{"from": later}) == ["work"]
    assert (await ingress.json(BEN, "/calendar/sources"))["sources"] == []
    assert (await ingress.json(BEN, "/calendar/busy-times"))["items"] == []


@pytest.mark.parametrize(
    ("query", "source"),
    [("?source=work", "work"), ("?source=", ""), ("", None)],
    ids=["a calendar", "imported without a name", "all"],
)
async def test_a_removal_is_a_command(ingress: Ingress, query: str, source: str | None) -> None:
    ingress.fleet.answer = lambda *_: imported({"busy_times": []}) | {"removed": 4}
    answer = await ingress.call(ANNA, "DELETE", f"/calendar/busy-times{query}")
    assert (answer.status_code, answer.json()) == (200, {"removed": 4})
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.actor, body) == ("busy_times.remove", str(ANNA.id), {"source": source})


async def test_a_file_that_breaks_off_adds_to_its_calendar_and_frees_nothing(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    whole = a_file("X-WR-CALNAME:Home", an_event("a"), an_event("b", 2))
    answer = await send(ingress, whole[: whole.index(b"UID:b")])
    assert answer.status_code in (200, 422), answer.text
    assert not any("replaces" in body for _, _, body in ingress.fleet.commands)


async def test_a_subscribed_calendar_is_not_imported_by_hand(ingress: Ingress) -> None:
    headers = {"Content-Type": "text/calendar"}
    path = "/calendar/import?source=subscription:5ab5"
    answer = await ingress.call(ANNA, "POST", path, content=a_file(an_event()), headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "subscribed")
