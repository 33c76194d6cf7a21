"""A record belongs to an appointment's story by its subject or its own fields, not by a mention."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
import pytest

from cli.trace.subjects import is_about
from contracts.catalog import BY_NAME
from contracts.envelope import Envelope, Record, key_elsewhere
from contracts.tools.samples import GOOD, GRETA, ORGANIZATION

OURS = uuid4()
COMMAND = uuid4()


def record(name: str, body: Any, subject: str | None = None) -> Record:
    """A message of this kind with this body."""
    kind = BY_NAME[name]
    envelope = Envelope(COMMAND, kind.ce_type, subject=subject, organization=UUID(ORGANIZATION), actor=GRETA)
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    message = envelope.message(kind.topic.name, raw)
    return Record(message.topic, 0, 0, datetime.now(UTC), message.key, message.value, message.headers)


@pytest.mark.parametrize(
    "body",
    [
        {"appointment_id": str(OURS)},
        {"appointment": {"id": str(OURS)}},
        {"data": {"entity_id": str(OURS)}},
        {"occurrences": [{"appointment_id": str(uuid4())}, {"appointment_id": str(OURS)}]},
        {"appointments": [{"appointment_id": str(OURS)}]},
    ],
)
def test_a_body_that_names_the_appointment_as_its_own_belongs_to_it(body: dict[str, Any]) -> None:
    assert is_about(record("appointment.updated", body), OURS)


def test_the_subject_and_the_command_that_made_it_belong_to_it() -> None:
    assert is_about(record("appointment.updated", {}, str(OURS)), OURS)
    for key in (COMMAND, key_elsewhere(UUID(ORGANIZATION), COMMAND)):
        assert is_about(record("appointment.create", GOOD["appointment.create"]), uuid5(key, "appointment"))


@pytest.mark.parametrize(
    "body",
    [
        {"appointment_id": str(uuid4()), "description": f"after {OURS}"},
        {"busy_times": [{"uid": str(OURS), "start_time": "2028-03-01T09:00:00Z"}]},
        {"status": "refused", "conflicts": [{"appointment_id": str(OURS)}]},
        [str(OURS)],
    ],
)
def test_a_mention_elsewhere_does_not_belong_to_it(body: Any) -> None:
    assert not is_about(record("appointment.updated", body), OURS)


def test_an_unreadable_body_that_has_the_id_belongs_to_it() -> None:
    assert is_about(record("appointment.update", b'{"appointment_id": "%s", ' % str(OURS).encode()), OURS)
