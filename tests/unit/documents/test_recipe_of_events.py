"""Recipe 2 of CONTRIBUTING.md: an event of booking stands in every place that it needs.

That every reader can read it is the subject of tests/contracts/test_evolution.py.
"""

import re

import pytest

from contracts.catalog import MESSAGE_TYPES
from contracts.topics import BOOKING_EVENTS
from tests.unit.documents.recipes import Place, Thing, missing, read, without

NOTIFIES_NOBODY = "it changes views and notifies nobody"
OF_AN_APPOINTMENT = "rebuilt with all events of its appointment, by the state that each of them carries"

PLACES = (
    Place("a sample", ("contracts/tools/samples.py",)),
    Place("a rule that decides it", ("services/booking/domain/*.py",)),
    Place(
        "the rebuild of booking",
        ("services/booking/rebuild/*.py",),
        {
            message.ce_type: OF_AN_APPOINTMENT
            for message in MESSAGE_TYPES
            if message.ce_type.startswith("appointment.") and message.ce_type != "appointment.announced"
        },
    ),
    Place(
        "the notifier",
        ("services/notifier/*.py",),
        dict.fromkeys(
            (
                *("appointment.checked_in", "appointment.completed", "availability.changed"),
                *("busy_times.changed", "hold.placed", "hold.released", "feed.changed"),
                "calendar_subscriptions.changed",
            ),
            NOTIFIES_NOBODY,
        ),
    ),
    Place("a test of booking", ("tests/unit/booking/*.py", "tests/component/booking/*.py")),
)


def an_event(kind: str) -> Thing:
    """Return an event by its type, or by its last part where code joins the type from two."""
    family, _, rest = kind.partition(".")
    names = {kind, rest, rest.removeprefix("participant_")}
    table = (rf"\b{family}\.EVENT_TYPES\b",) if family == "series" else ()
    return Thing(kind, (*(rf'"{re.escape(name)}"' for name in sorted(names)), *table))


EVENTS = tuple(an_event(message.ce_type) for message in MESSAGE_TYPES if message.topic == BOOKING_EVENTS)


def test_every_event_stands_in_every_place_that_it_needs() -> None:
    assert len(EVENTS) > 15
    assert missing(EVENTS, PLACES, read(PLACES)) == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_an_event_that_is_left_out_of_one_place_is_listed(place: Place) -> None:
    forgotten = an_event("appointment.announced")
    sources = without(forgotten, place, read([place]))
    assert missing(EVENTS, [place], sources) == [f"appointment.announced: {place.name}"]


def test_no_event_is_excused_from_the_notifier_though_it_is_named_there() -> None:
    [notifier] = (place for place in PLACES if place.name == "the notifier")
    source = notifier.source()
    assert [kind for kind in notifier.needless if f'"{kind}"' in source] == []
