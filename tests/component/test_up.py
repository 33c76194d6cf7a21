"""`appointments up` as a person uses it: detached, beside another stack, killed in part, stopped, started again."""

import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis.configuration import dsn
from cli.console import EXIT_ALREADY_RUNNING, EXIT_NOT_RUNNING, EXIT_PORTS_TAKEN, EXIT_USAGE
from tests.support import eventually
from tests.support.cli import Cli, running
from tests.support.world import at_database

SERVICES = {"booking", "reminders", "notifier", "projector", "ingress"}


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with running(tmp_path_factory.mktemp("up")) as cli:
        yield cli


async def test_detached_up_returns_when_every_service_is_ready(stack: Cli) -> None:
    services = await stack.services()
    assert services.keys() == SERVICES
    assert all(
        row["live"] and row["ready"] and row["pid"] and row["lag"] == 0 for row in services.values()
    ), services


async def test_status_names_addresses_and_waits(stack: Cli) -> None:
    answer = await stack("status", "--wait", "--timeout", "60")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert f"http://127.0.0.1:{8000 + stack.offset}/docs" in answer.stdout
    assert dsn.password((await stack.env())["DATABASE_URL"]) not in answer.stdout


async def test_env_names_where_the_stack_answers_and_secrets_only_on_demand(stack: Cli) -> None:
    env = await stack.env()
    assert env["INGRESS_URL"] == f"http://127.0.0.1:{8000 + stack.offset}"
    assert env["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{9092 + stack.offset}"
    plain = dict(line.split("=", 1) for line in (await stack("env")).stdout.splitlines())
    assert set(plain) == {"INGRESS_URL", "IDENTITY_URL", "COMMUNICATION_URL", "KAFKA_BOOTSTRAP_SERVERS"}
    assert set(env) - set(plain) == {"DATABASE_URL", "COMMUNICATION_WEBHOOK_SECRET", "CALENDAR_SECRET"}


async def test_a_second_up_says_that_it_runs_already(stack: Cli) -> None:
    again = await stack.up()
    assert again.returncode == EXIT_ALREADY_RUNNING
    assert (await stack.env())["INGRESS_URL"] in again.stdout


async def test_another_home_on_the_same_ports_is_told_which_are_taken(stack: Cli, tmp_path: Path) -> None:
    other = await stack.up(home=tmp_path)
    assert other.returncode == EXIT_PORTS_TAKEN
    assert f"{8000 + stack.offset} (ingress)" in other.stderr


async def test_people_have_tokens(stack: Cli) -> None:
    people = json.loads((await stack("people", "--json")).stdout)
    token = await stack("token", people[0]["email"])
    assert token.stdout.splitlines()[-1].count(".") == 2
    unknown = await stack("token", "nobody@nowhere.example")
    assert unknown.returncode == EXIT_USAGE
    assert (
        unknown.stderr
        == "Error: the sandbox has no person 'nobody@nowhere.example' (see: appointments people)\n"
    )
    assert (await stack("people", "mira", "--id")).stdout.strip() in {person["id"] for person in people}


async def test_a_booking_by_call_is_in_the_calendar_the_explanation_the_log_and_the_story(stack: Cli) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    booked = await stack(
        *("call", "POST", "/api/appointments", "--as", "jonas", "title=Review", "timezone=Europe/Berlin"),
        *(f"start_time={day}T09:00", f"end_time={day}T10:00", "participant_ids=mira", "--get", "id"),
    )
    assert booked.returncode == 0, booked.stdout + booked.stderr
    identifier = booked.stdout.strip()

    async def shown() -> bool:
        return identifier in (await stack("calendar", "mira")).stdout

    await eventually(shown, deadline=60)
    line = next(line for line in (await stack("calendar", "mira")).stdout.splitlines() if identifier in line)
    assert "09:00–10:00" in line
    assert "with Jonas Becker" in line
    why = await stack("explain", "mira", f"{day}T09:30")
    assert (why.returncode, "cannot be booked" in why.stdout) == (0, True), why.stdout + why.stderr
    tail = await stack("tail", "booking.events", "--type", "appointment.created", "-n", "5")
    assert identifier in tail.stdout
    story = [json.loads(line) for line in (await stack("trace", identifier)).stdout.splitlines()]
    assert {"appointment.create", "appointment.created", "command.accepted"} <= {one["type"] for one in story}
    again = await stack("call", "POST", f"/api/appointments/{identifier}/complete", "--as", "mira")
    assert again.returncode == 1
    assert again.stderr.startswith("Error: ")


async def test_doctor_finds_nothing_wrong_with_a_stack_that_runs(stack: Cli) -> None:
    answer = await stack("doctor", "--json")
    results = [json.loads(line) for line in answer.stdout.splitlines()]
    assert [one for one in results if one["ok"] is False] == []
    assert {"schema of booking", "booking"} <= {one["check"] for one in results}
    assert answer.returncode == 0


async def test_a_process_is_restarted_by_name(stack: Cli) -> None:
    before = (await stack.services())["reminders"]["pid"]
    answer = await stack("restart", "reminders")
    assert answer.returncode == 0, answer.stderr
    assert (await stack.services())["reminders"]["pid"] != before


async def test_the_logs_of_a_process_can_be_read(stack: Cli) -> None:
    assert (await stack("logs", "booking", "-n", "1")).stdout.startswith("{")


def replaced(row: Callable[[], dict[str, Any]], gone: int) -> Callable[[], bool]:
    return lambda: row()["pid"] not in (None, gone)


@pytest.mark.parametrize("name", ["booking", "identity", "postgres", "kafka"])
async def test_a_killed_process_is_back_within_three_seconds(stack: Cli, name: str) -> None:
    state = stack.home / "stack.json"

    def row() -> dict[str, Any]:
        processes = json.loads(state.read_text())["processes"]
        found: dict[str, Any] = next(process for process in processes if process["name"] == name)
        return found

    pid = row()["pid"]
    os.kill(pid, signal.SIGKILL)
    await eventually(replaced(row, pid), deadline=3)

    async def all_ready() -> bool:
        return all(service["ready"] for service in (await stack.services()).values())

    await eventually(all_ready, deadline=60)


async def test_down_keeps_the_data_for_the_next_up(stack: Cli) -> None:
    url = at_database((await stack.env())["DATABASE_URL"], "postgres")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await connection.close()
    assert (await stack("down")).returncode == 0
    assert (await stack("status")).returncode == EXIT_NOT_RUNNING
    assert (await stack.up()).returncode == 0
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SELECT answer FROM kept") == 42
    finally:
        await connection.close()
