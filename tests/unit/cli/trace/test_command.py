"""A trace is of one organization's appointment, also where another one used the id of its command."""

from uuid import UUID

from cli.trace.command import of_one_organization
from contracts.envelope import Envelope, Record
from tests.unit.cli.dead_letters.letter_box import NOON

OURS, THEIRS, COMMAND = UUID(int=1), UUID(int=2), UUID(int=3)


def a_record(topic: str, organization: UUID | None) -> Record:
    head = Envelope(COMMAND, "any", organization=organization)
    return Record(topic, 0, 0, NOON, None, b"{}", head.headers())


def test_a_command_of_another_organization_with_the_same_id_is_left_out() -> None:
    ours = [a_record(topic, OURS) for topic in ("booking.commands", "booking.events", "booking.outcomes")]
    nobodys = a_record("booking.redrive", None)
    theirs = [a_record(topic, THEIRS) for topic in ("booking.commands", "booking.redrive")]
    assert of_one_organization([*theirs, *ours, nobodys]) == [*ours, nobodys]


def test_as_long_as_nothing_is_decided_all_commands_are_shown() -> None:
    waiting = [a_record("booking.commands", organization) for organization in (OURS, THEIRS)]
    assert of_one_organization(waiting) == waiting
