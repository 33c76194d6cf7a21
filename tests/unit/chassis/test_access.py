"""Rights that are withdrawn from a process at work."""

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from chassis import access
from chassis.access import RIGHTS, KafkaDenies, keep_looking
from chassis.health import Health


async def test_health_names_a_right_that_is_missing_until_it_is_there_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "LOOK_AGAIN", 0.0)
    health, seen = Health("booking"), list[str]()
    answers = iter([None, KafkaDenies("no Read"), KafkaConnectionError(), OSError(), None])

    async def check() -> None:
        seen.append(str((await health.report())["reasons"].get(RIGHTS, "")))
        answer = next(answers, asyncio.CancelledError())
        if answer is not None:
            raise answer

    with pytest.raises(asyncio.CancelledError):
        await keep_looking(health, check)
    assert seen == ["", "", "no Read", "no Read", "no Read", ""]
