"""A home folder has one owner at a time; ports are known before anything starts."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.home import AlreadyRunning, Home, StackRecord
from deploy.local.ports import HOST, Ports, free_port, is_free
from deploy.local.stack import External, PortsTaken, Stack

OWN_FOR_A_WHILE = """
import sys
from pathlib import Path
from deploy.local.home import Home
with Home(Path(sys.argv[1])).owned():
    print("mine", flush=True)
    sys.stdin.read()
"""


def a_record(pid: int) -> StackRecord:
    return StackRecord(pid, "ready", {"DATABASE_URL": "postgresql://u:secret@h/d"})


def test_a_second_owner_is_refused_and_learns_who_the_first_is(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", OWN_FOR_A_WHILE, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        first.stdout.readline()
        home = Home(tmp_path)
        assert home.owner() == first.pid
        with pytest.raises(AlreadyRunning), home.owned():
            pass
        first.kill()
    assert home.owner() is None


def test_the_record_of_a_former_owner_is_not_a_running_stack(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(a_record(pid=os.getpid()))
    assert home.read() == a_record(pid=os.getpid())
    assert home.running() is None


def test_nobody_else_may_read_the_record_with_its_password(tmp_path: Path) -> None:
    Home(tmp_path).write(a_record(pid=1))
    assert stat.S_IMODE((tmp_path / "stack.json").stat().st_mode) == 0o600


def test_an_offset_moves_every_port() -> None:
    assert (Ports.with_offset(100).ingress, Ports.with_offset(100).postgres) == (8100, 5533)


async def test_taken_ports_are_named_with_what_they_are_for(tmp_path: Path) -> None:
    port = free_port()
    stack = Stack(Home(tmp_path), Ports(ingress=port), External("elsewhere:9092", "postgresql://elsewhere/x"))
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        assert not is_free(port)
        with pytest.raises(PortsTaken, match=rf"{port} \(ingress\)"):
            stack.check_ports()


async def test_given_servers_replace_the_embedded_ones(tmp_path: Path) -> None:
    given = {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "DATABASE_URL": "postgresql://u:p@db/x"}
    stack = Stack(Home(tmp_path), Ports(), External.of(given))
    assert given.items() <= stack.urls.items()


async def test_empty_variables_replace_nothing(tmp_path: Path) -> None:
    stack = Stack(Home(tmp_path), Ports(), External.of({"KAFKA_BOOTSTRAP_SERVERS": "", "DATABASE_URL": ""}))
    assert stack.urls["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9092"
    assert stack.urls["DATABASE_URL"].endswith("@127.0.0.1:5433/appointments")


async def test_people_use_the_product_at_the_ingress_and_sign_in_at_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FRONTEND_URL", raising=False)
    ports = Ports()
    stack = Stack(Home(tmp_path), ports, External(None, None))
    found = stack._frontend()
    assert found["FRONTEND_URL"] == f"http://{HOST}:{ports.ingress}/app"
    assert found["LOGIN_URL"] == f"http://{HOST}:{ports.identity}/sandbox/login"
    assert found["LOGIN_KIND"] == "sandbox"
    monkeypatch.setenv("FRONTEND_URL", "http://localhost:5173")
    assert stack._frontend()["FRONTEND_URL"] == "http://localhost:5173"
