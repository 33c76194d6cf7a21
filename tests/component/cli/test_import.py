"""`appointments import` against booking on real Kafka and PostgreSQL: what stands afterwards, and what is said of the rest."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.topics import BOOKING_COMMANDS, BOOKING_EVENTS
from tests.component.booking.desk import Desk
from tests.component.cli.conftest import Run
from tests.component.cli.transfer_desk import file_of, hours, people_file, working_desk
from tests.support import World, eventually


@pytest.fixture
async def desk(cluster: World) -> AsyncIterator[Desk]:
    """Booking at work."""
    async with working_desk(cluster) as found:
        yield found


async def test_what_can_be_booked_stands_and_the_rest_is_reported_with_its_place(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    anna, ben = desk.person(email="anna@example.org"), desk.person(email="ben@example.org")
    rows = hours(30, anna, ben)
    rows[0]["confirmation_status"] = {"ben@example.org": "confirmed"}
    rows[3]["participant_ids"] = ["nobody@example.org"]
    rows[7] |= {"start_time": rows[6]["start_time"], "end_time": rows[6]["end_time"]}
    rows[9] |= {"title": ""}
    rows[11] |= {"start_time": "2020-01-01T09:00:00Z", "end_time": "2020-01-01T10:00:00Z"}
    arguments = ["import", file_of(rows, tmp_path), "--people", people_file(desk, tmp_path)]
    arguments += ["--report", str(tmp_path / "report.ndjson")]
    answer = await run(*arguments)
    [tally] = answer.lines
    assert answer.code == 1, answer.err
    assert (tally["read"], tally["booked"], tally["refused"], tally["unsendable"]) == (30, 27, 2, 1)
    report = [json.loads(line) for line in (tmp_path / "report.ndjson").read_text().splitlines()]
    reported = {(line["outcome"], line["place"], line["code"]) for line in report}
    assert reported == {
        ("note", "line 4", "unknown_user"),
        ("refused", "line 8", "conflict"),
        ("unsendable", "line 10", "invalid"),
        ("refused", "line 12", "in_the_past"),
    }
    events = await desk.events(28)
    confirmed = [one for one in events.values() if one[-1]["appointment"]["status"] == "confirmed"]
    assert sorted(one[-1]["appointment"]["title"] for one in confirmed) == ["Visit 0", "Visit 3"]

    again = await run(*arguments)
    assert again.lines == [tally]
    assert len(await desk.published(BOOKING_EVENTS.name)) == 28


async def test_a_corrected_file_asks_anew_for_what_was_refused_only(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    rows = hours(3, desk.person())
    start = rows[2].pop("start_time")
    rows[2]["start_time"] = "2020-01-01T09:00:00Z"
    people = ("--people", people_file(desk, tmp_path))
    assert (await run("import", file_of(rows, tmp_path), *people)).lines[0]["booked"] == 2
    rows[0]["title"], rows[2]["start_time"] = "Changed in the file", start
    [tally] = (await run("import", file_of(rows, tmp_path), *people)).lines
    assert (tally["booked"], tally["existing"], tally["refused"]) == (2, 1, 0)
    titles = [one[-1]["appointment"]["title"] for one in (await desk.events(3)).values()]
    assert sorted(titles) == ["Visit 0", "Visit 1", "Visit 2"]


async def test_after_ctrl_c_the_same_command_goes_on(
    run: Run, desk: Desk, cluster: World, tmp_path: Path
) -> None:
    file, people = file_of(hours(60, desk.person()), tmp_path), people_file(desk, tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "import", file, "--people", people, "--rate", "20"),
        env=os.environ | cluster.environment(),
        stdout=asyncio.subprocess.PIPE,
    )

    async def some_are_booked() -> bool:
        return len(await desk.published(BOOKING_EVENTS.name)) >= 5

    await eventually(some_are_booked, 30, 0.1)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    tally = json.loads(out)
    assert process.returncode == 130
    assert tally["interrupted"]
    assert tally["undecided"] == 0
    assert 5 <= tally["booked"] < 60
    [again] = (await run("import", file, "--people", people)).lines
    assert again["booked"] == 60
    assert len(await desk.events(60)) == 60


async def test_a_dry_run_checks_everything_and_sends_nothing(run: Run, desk: Desk, tmp_path: Path) -> None:
    rows = hours(5, desk.person())
    rows[1]["title"] = "x" * 201
    rows[2] |= {"start_time": "2020-01-01T09:00:00Z", "end_time": "2020-01-01T10:00:00Z"}
    answer = await run(
        "import", file_of(rows, tmp_path), "--people", people_file(desk, tmp_path), "--dry-run"
    )
    assert answer.code == 1
    assert (answer.lines[0]["booked"], answer.lines[0]["unsendable"]) == (3, 2)
    assert "line 2  invalid" in answer.err
    assert "line 3  in_the_past" in answer.err
    assert await desk.published(BOOKING_COMMANDS.name) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["missing.ndjson"], "missing.ndjson", id="no such file"),
        pytest.param(["file.txt"], "name it with --format", id="an ending that says nothing"),
        pytest.param(["bad.csv"], "no column 'colour'", id="a table with a strange column"),
        pytest.param(
            ["file.ndjson", "--owner", "x@y.org"], "no active person 'x@y.org'", id="an unknown owner"
        ),
    ],
)
async def test_wrong_use_is_one_sentence_and_sends_nothing(
    run: Run, desk: Desk, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    for name in ("file.txt", "file.ndjson"):
        (tmp_path / name).touch()
    (tmp_path / "bad.csv").write_text("title,start_time,end_time,colour\n")
    file, *rest = arguments
    answer = await run("import", str(tmp_path / file), "--people", people_file(desk, tmp_path), *rest)
    assert answer.code == 2
    assert complaint in answer.err
    assert await desk.published(BOOKING_COMMANDS.name) == []
