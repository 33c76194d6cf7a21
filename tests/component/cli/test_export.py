"""`appointments export`: what comes out goes in again elsewhere, and the same comes out there."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from tests.component.booking.desk import NOON, Desk
from tests.component.cli.conftest import Answer, Run, appointments
from tests.component.cli.transfer_desk import file_of, hours, people_file, working_desk
from tests.support import World
from tests.support.world import new_world, remove_world


@pytest.fixture
async def desk(cluster: World) -> AsyncIterator[Desk]:
    """Booking at work, where something stands."""
    async with working_desk(cluster) as found:
        yield found


@pytest.fixture
async def elsewhere(kafka_bootstrap: str, database_server: str) -> AsyncIterator[World]:
    """Another, empty fleet."""
    world = new_world(kafka_bootstrap, database_server)
    yield world
    await remove_world(world)


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The lines of an exported file, without what only the sender knows."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


async def moved(desk: Desk, world: World, folder: Path, name: str, people: str) -> Answer:
    """Import `name` into the other fleet and export it again from there, as `again` beside it."""
    environment = world.environment()
    async with working_desk(world) as other:
        other.identity.people |= desk.identity.people
        answer = await appointments("import", str(folder / name), "--people", people, **environment)
        assert answer.code == 0, answer.out + answer.err
        again = str((folder / name).with_stem("again"))
        organization = ("--organization", str(desk.organization))
        return await appointments("export", again, "--people", people, *organization, **environment)


@pytest.mark.parametrize("kind", ["ndjson", "csv"])
async def test_an_export_that_is_imported_elsewhere_comes_out_the_same(
    run: Run, desk: Desk, elsewhere: World, tmp_path: Path, kind: str
) -> None:
    anna, ben, cleo, dora = (
        desk.person(email=f"{name}@example.org") for name in ("anna", "ben", "cleo", "dora")
    )
    rows = hours(8, anna, ben, cleo)
    rows[0] |= {"confirmation_status": {str(ben): "confirmed", str(cleo): "declined"}, "status": "confirmed"}
    rows[1] |= {
        "description": 'Two\nlines, "quoted"; and more',
        "location": "Room 2",
        "seats": 2,
        "waiting": [str(dora)],
    }
    rows[2] |= {"custom_fields": {"room": {"floor": 2}}, "reminder_settings": {"email": [60, 15]}}
    rows[3] |= {"confirmation_status": {str(ben): "declined"}, "status": "confirmed"}
    people = people_file(desk, tmp_path)
    first = await run("import", file_of(rows, tmp_path), "--people", people)
    assert first.code == 0, first.out + first.err
    out = tmp_path / f"out.{kind}"
    answer = await run("export", str(out), "--people", people, "--owner", "anna@example.org")
    assert answer.lines == [{"appointments": 8, "series": 0}], answer.err
    assert (await moved(desk, elsewhere, tmp_path, out.name, people)).lines == answer.lines
    assert (tmp_path / f"again.{kind}").read_bytes() == out.read_bytes()
    if kind == "ndjson":
        back = rows_of(out)
        assert back[0]["confirmation_status"] == {str(ben): "confirmed", str(cleo): "declined"}
        assert back[3]["confirmation_status"] == {str(ben): "declined"}
        assert [row.get("status") for row in back[:4]] == ["confirmed", None, None, "confirmed"]
        assert (back[1]["seats"], back[1]["waiting"]) == (2, [str(dora)])
        assert back[1]["description"] == rows[1]["description"]


def a_weekly(organizer: UUID, *participants: UUID) -> dict[str, Any]:
    """Six weeks of mornings; the second is left out, the third moved to the evening and renamed."""
    start = (NOON + timedelta(days=3)).replace(hour=7, tzinfo=None)
    third = (start + timedelta(weeks=2)).replace(tzinfo=UTC)
    evening = third + timedelta(hours=12)
    return {
        "id": "weekly",
        "organizer_id": str(organizer),
        "title": "Weekly",
        "timezone": "UTC",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "participant_ids": [str(one) for one in participants],
        "recurring_pattern": {
            "rrule": "FREQ=WEEKLY;COUNT=6",
            "exdates": [(start + timedelta(weeks=1)).isoformat()],
        },
        "changes": [
            {
                "original_start_time": third.isoformat(),
                "title": "Once in the evening",
                "start_time": evening.isoformat(),
                "end_time": (evening + timedelta(hours=2)).isoformat(),
            }
        ],
    }


@pytest.mark.parametrize("kind", ["ndjson", "ics"])
async def test_series_that_are_imported_elsewhere_come_out_the_same(
    run: Run, desk: Desk, elsewhere: World, tmp_path: Path, kind: str
) -> None:
    anna, ben = desk.person(email="anna@example.org"), desk.person(email="ben@example.org")
    endless = a_weekly(anna) | {"id": "endless", "title": "Daily", "changes": []}
    endless["recurring_pattern"] = {"frequency": "daily"}
    endless |= {name: endless[name].replace("T0", "T1") for name in ("start_time", "end_time")}
    rows = [a_weekly(anna, ben) | {"confirmation_status": {str(ben): "confirmed"}}, endless]
    people = people_file(desk, tmp_path)
    first = await run("import", file_of(rows, tmp_path), "--people", people)
    assert first.code == 0, first.out + first.err
    assert first.lines[0]["occurrences"] == 5 + 366
    assert first.lines[0]["notes"] == 0, first.err
    out = tmp_path / f"out.{kind}"
    answer = await run("export", str(out), "--people", people, "--owner", "anna@example.org")
    assert answer.lines == [{"appointments": 0, "series": 2}], answer.err
    assert (await moved(desk, elsewhere, tmp_path, out.name, people)).lines == answer.lines
    assert without_stamps(tmp_path / f"again.{kind}") == without_stamps(out)
    if kind == "ndjson":
        back = {row["title"]: row for row in rows_of(out)}
        [change] = back["Weekly"]["changes"]
        assert change["title"] == "Once in the evening"
        assert back["Weekly"]["recurring_pattern"]["exdates"] == rows[0]["recurring_pattern"]["exdates"]


def without_stamps(path: Path) -> list[bytes]:
    """The lines of a file without what says when it was written, and answers, which a calendar does not bring."""
    lines = path.read_bytes().replace(b"\r\n ", b"").splitlines()
    return [
        line.replace(b"PARTSTAT=ACCEPTED", b"PARTSTAT=NEEDS-ACTION")
        for line in lines
        if b"DTSTAMP" not in line
    ]


async def test_only_the_owners_and_only_what_is_to_come(run: Run, desk: Desk, tmp_path: Path) -> None:
    anna, ben = desk.person(email="anna@example.org"), desk.person(email="ben@example.org")
    people = people_file(desk, tmp_path)
    rows = [row | {"id": f"{number}"} for number, row in enumerate(hours(2, anna) + hours(1, ben))]
    assert (await run("import", file_of(rows, tmp_path), "--people", people)).code == 0
    out, owner = str(tmp_path / "out.ndjson"), ("--owner", "anna@example.org")
    assert (await run("export", out, "--people", people, *owner)).lines[0]["appointments"] == 2
    later = ("--since", rows[1]["start_time"][:19])
    assert (await run("export", out, "--people", people, *owner, *later)).lines[0]["appointments"] == 1


async def test_whose_must_be_said(run: Run, desk: Desk, tmp_path: Path) -> None:
    people = people_file(desk, tmp_path)
    answer = await run("export", str(tmp_path / "out.ndjson"), "--people", people)
    assert answer.code == 2
    assert "--owner" in answer.err
