"""How much work a record makes: an event of five hundred people is not one of two."""

from dataclasses import replace

import pytest

from services.notifier.domain.model import Person
from services.notifier.messages.events import Happened
from services.notifier.messages.incoming import PEOPLE_AT_ONCE, Received, Redriven, weight_of
from tests.unit.notifier.builders import a_reminder, an_event, someone

CROWD = {someone(str(n)): Person(someone(str(n)), "Somebody", "Europe/Berlin", "de") for n in range(501)}
EVENT = an_event("appointment.created")


@pytest.mark.parametrize(
    ("received", "weight"),
    [
        pytest.param(Happened(replace(EVENT, people=CROWD), "c", None, None), 502, id="everybody in it"),
        pytest.param(Happened(a_reminder(), "c", None, None), 1, id="a reminder has one recipient"),
        pytest.param(Redriven(someone("delivery")), 1, id="one delivery"),
    ],
)
def test_weight(received: Received, weight: int) -> None:
    assert weight_of(received) == weight
    assert weight < PEOPLE_AT_ONCE
