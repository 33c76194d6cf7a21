"""A shell that evaluated `appointments env` can start the same stack again: its own servers are no external ones."""

from pathlib import Path

from deploy.local.home import Home, ProcessRecord, StackRecord
from deploy.local.stack import External, external_servers

KAFKA, DATABASE = "127.0.0.1:9092", "postgresql://u:p@127.0.0.1:5433/appointments"
ENVIRONMENT = {"KAFKA_BOOTSTRAP_SERVERS": KAFKA, "DATABASE_URL": DATABASE}


def home(path: Path, *own: str) -> Home:
    """A home whose last stack ran these servers itself."""
    found = Home(path)
    processes = [ProcessRecord(name, 1, "ready", 0, "log") for name in (*own, "booking")]
    found.write(StackRecord(1, "stopped", ENVIRONMENT, processes))
    return found


def test_servers_that_this_home_ran_itself_are_started_again(tmp_path: Path) -> None:
    assert external_servers(home(tmp_path, "kafka", "postgres"), ENVIRONMENT) == External(None, None)


def test_servers_that_it_did_not_run_are_used(tmp_path: Path) -> None:
    assert external_servers(home(tmp_path, "postgres"), ENVIRONMENT) == External(KAFKA, None)
    assert external_servers(Home(tmp_path / "new"), ENVIRONMENT) == External(KAFKA, DATABASE)


def test_another_address_is_used(tmp_path: Path) -> None:
    other = {"KAFKA_BOOTSTRAP_SERVERS": "10.0.0.1:9092"}
    assert external_servers(home(tmp_path, "kafka", "postgres"), other) == External("10.0.0.1:9092", None)
