"""Every client of ours is built from the settings in one place: no other knows TLS, logins and several servers."""

import re
from pathlib import Path

import pytest

PACKAGES = ("chassis", "services", "cli", "deploy", "benchmarks")
KAFKA = re.compile(
    r"\bbootstrap_servers\s*=|AIOKafka(?:Consumer|Producer|AdminClient|Client)\((?!\s*(?:\*|\)))"
)
POSTGRES = re.compile(r"\basyncpg\.(?:connect|create_pool)\(")
WITH_TOPICS = "services/projector/log_reader.py"  # gives the consumer its topics before the connection


def found(pattern: re.Pattern[str], *allowed: str) -> set[str]:
    paths = [path for package in PACKAGES for path in Path(package).rglob("*.py")]
    return {str(path) for path in paths if pattern.search(path.read_text())} - {*allowed}


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (KAFKA, (WITH_TOPICS,)),
        (POSTGRES, ("chassis/database/connecting.py", "chassis/database/transactions.py")),
    ],
)
def test_clients_are_built_in_one_place(pattern: re.Pattern[str], allowed: tuple[str, ...]) -> None:
    assert found(pattern, *allowed) == set()
