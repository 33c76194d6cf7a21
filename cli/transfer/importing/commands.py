"""Records of commands that an import sends."""

from uuid import UUID

import orjson

from cli.transfer.entries import JSON
from cli.transfer.roster import Member
from contracts.catalog import COMMANDS
from contracts.envelope import Envelope, Message

SOURCE = "appointments/import"


def command(kind: str, identifier: UUID, actor: Member, body: JSON) -> Message:
    """A command of this kind, on behalf of `actor`, in their organization."""
    envelope = Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        organization=actor.organization,
        actor=actor.id,
        correlation_id=str(identifier),
    )
    return envelope.message(COMMANDS[kind].topic.name, orjson.dumps(body))
