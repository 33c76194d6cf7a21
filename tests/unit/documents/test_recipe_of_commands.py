"""Recipe 1 of CONTRIBUTING.md: a command stands in every place that it needs."""

import re

import pytest

from contracts.commands import BOOKING_COMMANDS
from tests.unit.documents.recipes import Place, Thing, missing, read, without

BY_SERVICES = "only our services send it, never a person over HTTP"
BY_UPDATE = "PATCH sends appointment.update, which changes times too"

PLACES = (
    Place("a sample", ("contracts/tools/samples.py",)),
    Place("its body in the messages of booking", ("services/booking/messages/bodies.py",)),
    Place(
        "a rule in booking's domain",
        ("services/booking/domain/*.py", ":!services/booking/domain/model/commands.py"),
        {"appointment.reschedule": "it is decided as an update"},
    ),
    Place(
        "an HTTP call",
        ("services/ingress/*.py",),
        {
            "appointment.reschedule": BY_UPDATE,
            "appointment.mark_no_show": BY_SERVICES,
            "series.extend": BY_SERVICES,
            "calendar.note_poll": BY_SERVICES,
        },
    ),
    Place("a test of booking", ("tests/unit/booking/*.py", "tests/component/booking/*.py")),
    Place(
        "a test of the ingress",
        ("tests/component/ingress/*.py", "tests/e2e/*.py"),
        {
            "appointment.reschedule": BY_UPDATE,
            "appointment.mark_no_show": BY_SERVICES,
            "series.extend": BY_SERVICES,
            "calendar.note_poll": BY_SERVICES,
        },
    ),
)


def a_command(kind: str) -> Thing:
    """Return a command by its type, its body's class and its class in the domain."""
    body = BOOKING_COMMANDS[kind].__name__
    names = {body, body.removesuffix("Appointment")}
    return Thing(kind, (re.escape(f'"{kind}"'), *(rf"\b{name}\b" for name in sorted(names))))


COMMANDS = tuple(map(a_command, BOOKING_COMMANDS))


def test_every_command_stands_in_every_place_that_it_needs() -> None:
    assert missing(COMMANDS, PLACES, read(PLACES)) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_command_that_is_left_out_of_one_place_is_listed(place: Place) -> None:
    forgotten = a_command("appointment.announce")
    sources = without(forgotten, place, read([place]))
    assert missing(COMMANDS, [place], sources) == [f"appointment.announce: {place.name}"]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_no_command_is_excused_from_a_place_in_which_it_stands(place: Place) -> None:
    for kind in place.needless:
        alone = Place(place.name, place.patterns)
        assert missing([a_command(kind)], [alone], read([alone])), kind
