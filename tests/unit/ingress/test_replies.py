"""An outcome goes to whoever waits for that command of that organization, and to nobody else."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import orjson
import pytest

from services.ingress.commands.replies import Replies

OURS, THEIRS, COMMAND = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)


@dataclass(frozen=True)
class Raw:
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def an_outcome(organization: UUID | str, status: str = "accepted") -> Raw:
    value = orjson.dumps({"command_id": str(COMMAND), "status": status})
    return Raw(value, (("organization", str(organization).encode()),))


async def test_another_organizations_command_of_the_same_id_is_no_answer() -> None:
    replies = Replies()
    with replies.expect(OURS, COMMAND) as ours, replies.expect(THEIRS, COMMAND) as theirs:
        replies.handle([an_outcome(THEIRS, "refused")])
        assert (ours.done(), theirs.done()) == (False, True)
        replies.handle([an_outcome(str(OURS).upper())])
        assert ours.result()["status"] == "accepted"
        assert theirs.result()["status"] == "refused"


@pytest.mark.parametrize(
    "raw",
    [
        Raw(None),
        Raw(b"\xff"),
        Raw(b"[]"),
        Raw(an_outcome(OURS).value),
        Raw(an_outcome(OURS).value, (("organization", None),)),
        Raw(an_outcome(OURS).value, (("organization", b"\xff"),)),
    ],
)
async def test_what_cannot_be_told_apart_answers_nobody(raw: Raw) -> None:
    replies = Replies()
    with replies.expect(OURS, COMMAND) as answer:
        replies.handle([raw])
        await asyncio.sleep(0)
        assert not answer.done()
