"""Answers of a broker that a test cluster does not give."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from chassis.topics import administration
from chassis.topics.drift import TIMESTAMP

NOT_ALLOWED, NOT_LEADER = 29, 6


class Admin:
    """An admin client that answers one thing."""

    def __init__(self, *resources: tuple[Any, ...]) -> None:
        self._answer = SimpleNamespace(resources=resources)

    async def describe_configs(self, _: Any) -> list[Any]:
        """The answer that was given."""
        return [self._answer]


async def test_settings_that_may_not_be_asked_for_are_left_out() -> None:
    admin = Admin(
        (NOT_ALLOWED, "no", 2, "secret", []), (0, None, 2, "open", [(TIMESTAMP, "CreateTime", False)])
    )
    found = await administration._settings(admin, ["secret", "open"])
    assert found == {"open": {TIMESTAMP: "CreateTime"}}


async def test_any_other_refusal_is_an_error() -> None:
    with pytest.raises(KafkaError, match="cannot read the settings of one"):
        await administration._settings(Admin((NOT_LEADER, "later", 2, "one", [])), ["one"])
