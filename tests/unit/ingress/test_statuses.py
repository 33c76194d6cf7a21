"""The statuses of an appointment's notifications, and the people who may see them."""

import json
from typing import Any

import pytest

from services.ingress.domain.statuses import Place, status_change


def a_status(number: int, recipient: str, state: str = "sent") -> dict[str, Any]:
    return {
        "id": str(number),
        "recipient_id": recipient,
        "type": "appointment_created",
        "channel": "email",
        "state": state,
    }


STATUSES = [a_status(1, "anna"), a_status(2, "ben"), a_status(3, "ben", "bounced")]
CHANGE = status_change(
    "o",
    {"appointment_id": "a", "organizer_id": "anna", "notifications": STATUSES},
    Place(1, 7, 3.5),
    "0.8",
)


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        pytest.param("anna", STATUSES, id="the organizer sees all"),
        pytest.param("*", STATUSES, id="an admin sees all"),
        pytest.param("ben", STATUSES[1:], id="a recipient sees their own"),
    ],
)
def test_what_each_learns(viewer: str, seen: list[dict[str, Any]]) -> None:
    assert json.loads(CHANGE.data_for(viewer, viewer == "*")) == {
        "appointment_id": "a",
        "notifications": seen,
    }
    assert CHANGE.concerns("o", viewer, viewer == "*")
    assert (CHANGE.event, CHANGE.partition, CHANGE.offset, CHANGE.at, CHANGE.vector) == (
        "notification.changed",
        1,
        7,
        3.5,
        "0.8",
    )


def test_nobody_else_learns_of_it() -> None:
    assert not CHANGE.concerns("o", "carl", False)
    assert not CHANGE.concerns("another", "anna", True)


def test_while_the_organizer_is_not_known_recipients_and_admins_are_told() -> None:
    change = status_change(
        "o", {"appointment_id": "a", "organizer_id": None, "notifications": STATUSES}, Place(0, 0, 0), ""
    )
    assert change.user_ids == {"anna", "ben"}
    assert json.loads(change.data_for("anna", False))["notifications"] == STATUSES[:1]
