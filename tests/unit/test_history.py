"""The checks over a recorded history are able to fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from contracts.envelope import Envelope
from tests.faults.history import History, Operation, check_events, check_outcomes

ONE, TWO, ANNA = UUID(int=1), UUID(int=2), "anna"


@dataclass
class Copy:
    """A record as a consumer reads it."""

    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    key: bytes = b"k"


def a_history(*sent: tuple[UUID, bytes]) -> History:
    steps = [Operation(0.0, phase, *one) for one in sent for phase in ("invoke", "ok")]
    return History(Path("/nonexistent"), steps)


def an_outcome(command: UUID, *, ce_id: UUID | None = None, code: str | None = None, **more: Any) -> Copy:
    body = {"command_id": str(command), "code": code, "event_ids": [], **more}
    return Copy(orjson.dumps(body), (("ce_id", str(ce_id or uuid4()).encode()),))


SENT = a_history((ONE, b"a"), (TWO, b"b"), (TWO, b"c"))
GOOD = [an_outcome(ONE, ce_id=ONE), an_outcome(TWO), an_outcome(TWO, code="command_id_reused")]


def test_a_good_history_passes() -> None:
    assert check_outcomes(SENT, [*GOOD, GOOD[0]]).keys() == {ONE, TWO}


@pytest.mark.parametrize(
    ("outcomes", "complaint"),
    [
        pytest.param(GOOD[1:], "no outcome", id="one is lost"),
        pytest.param([*GOOD, an_outcome(ONE)], "more than one", id="two outcomes"),
        pytest.param([*GOOD, an_outcome(ONE, ce_id=ONE, code="conflict")], "differs", id="a copy differs"),
        pytest.param(GOOD[:2], "without a refusal", id="an id used again was let pass"),
        pytest.param([*GOOD, an_outcome(uuid4())], "nobody sent", id="from nowhere"),
        pytest.param([*GOOD, an_outcome(ONE, code="command_id_reused")], "the same", id="wrongly refused"),
    ],
)
def test_check_outcomes_rejects(outcomes: Sequence[Copy], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_outcomes(SENT, outcomes)


def an_event(appointment: str, start: int, status: str = "confirmed") -> dict[str, Any]:
    state = {
        "start_time": f"2027-01-01T{start:02}:00:00+00:00",
        "end_time": f"2027-01-01T{start + 2:02}:00:00+00:00",
        "status": status,
        "organizer_id": ANNA,
        "participant_ids": [],
        "confirmation_status": {},
    }
    return {"id": uuid4(), "type": "appointment.x", "appointment_id": appointment, "appointment": state}


def naming(*events: dict[str, Any]) -> dict[UUID, dict[str, Any]]:
    return {ONE: {"event_ids": [str(event["id"]) for event in events]}}


def test_events_that_were_decided_and_do_not_overlap_pass() -> None:
    events = [an_event("a", 8), an_event("b", 10), an_event("b", 9, "cancelled"), an_event("a", 9)]
    check_events(naming(*events), events)


@pytest.mark.parametrize(
    ("events", "named", "complaint"),
    [
        pytest.param([an_event("a", 8)], 0, "without a decision", id="an event that nobody decided"),
        pytest.param(
            [an_event("a", 8), an_event("b", 9), an_event("b", 12)], 3, "is in", id="twice for a while"
        ),
    ],
)
def test_check_events_rejects(events: list[dict[str, Any]], named: int, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_events(naming(*events[:named]), events)


def test_check_events_rejects_a_decision_that_was_not_published() -> None:
    with pytest.raises(AssertionError, match="not published"):
        check_events(naming(an_event("a", 8)), [])


def test_every_step_is_written_down(tmp_path: Path) -> None:
    head = Envelope(id=ONE, type="appointment.create", organization=TWO)
    history = History(tmp_path / "history.ndjson")
    for phase in ("invoke", "ok"):
        history._note(phase, head.message("t", b"{}"), 3, 4)
    lines = [orjson.loads(line) for line in history.path.read_text().splitlines()]
    assert [(line["phase"], line["id"], line["partition"]) for line in lines] == [
        ("invoke", str(ONE), 3),
        ("ok", str(ONE), 3),
    ]
    assert history.bodies("ok") == {ONE: {b"{}"}}
