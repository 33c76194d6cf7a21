"""The conclusions of a rebuild from events, also from those of earlier versions of booking."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.envelope import Envelope, Message, Record
from services.booking.domain.decide import decide
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.commands import Update
from services.booking.domain.model.decision import Accepted, AcceptedMany
from services.booking.domain.model.recurring_series import Series
from services.booking.messages.state import body_of, dumps, state_of
from services.booking.rebuild.answers import letter_row, outcome_row
from services.booking.rebuild.cuts import Cut, Cuts
from services.booking.rebuild.facts import OfAppointment, OfSeries, Unreadable, fact_of, position_of
from services.booking.rebuild.folding import confirmed_after, series_after
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    HOUR,
    MONDAY_9,
    NOW,
    ORG,
    a_book,
    a_command,
    a_create,
    an_appointment,
)
from tests.unit.booking.recurring import Diary, a_series


def a_fact(appointment: Appointment, kind: str, confirmed: bool | None = None) -> OfAppointment:
    """The event of the appointment's newest version."""
    state = orjson.loads(state_of(appointment))
    return OfAppointment(appointment.id, appointment.version, kind, state, confirmed, None)


STEPS = st.one_of(
    st.tuples(st.just("confirm"), st.sampled_from([ANNA, BEN, CARA])),
    st.tuples(st.just("decline"), st.sampled_from([BEN, CARA])),
    st.tuples(st.just("move"), st.sampled_from([ANNA, ADMIN])),
    st.tuples(st.just("people"), st.sampled_from([ANNA, ADMIN])),
    st.tuples(st.just("title"), st.sampled_from([ANNA, ADMIN])),
    st.tuples(st.just("cancel"), st.sampled_from([ANNA])),
)


def _asked(step: str, who: UUID, number: int, before: Appointment) -> commands.Command:
    about: dict[str, Any] = {"appointment_id": before.id}
    match step:
        case "confirm":
            return a_command(commands.Confirm, who, **about)
        case "decline":
            return a_command(commands.Decline, who, **about)
        case "cancel":
            return a_command(commands.Cancel, who, **about)
        case "move":
            start = MONDAY_9 + number * timedelta(days=1)
            return a_command(Update, who, **about, start=start, end=start + HOUR)
        case "people":
            return a_command(Update, who, **about, participant_ids=((BEN, CARA), (BEN,), ())[number % 3])
        case _:
            return a_command(Update, who, **about, content={"title": f"Number {number}"})


ALL_SAY_YES = [("confirm", who) for who in (ANNA, BEN, CARA)]


@given(steps=st.lists(STEPS, max_size=12))
@example(steps=[*ALL_SAY_YES, ("title", ANNA)])
@example(steps=[*ALL_SAY_YES, ("move", ANNA), ("people", ADMIN), ("title", ANNA)])
@example(steps=[*ALL_SAY_YES, ("cancel", ANNA)])
def test_the_organizers_confirmation_follows_from_any_history(steps: list[tuple[str, UUID]]) -> None:
    book = a_book()
    made = decide(a_create(participant_ids=(BEN, CARA)), book, NOW)
    assert isinstance(made, Accepted)
    appointment, known = made.appointment, False
    for number, (step, who) in enumerate(steps):
        decision = decide(_asked(step, who, number, appointment), book, NOW)
        if isinstance(decision, Accepted) and decision.event:
            appointment = decision.appointment
            assert (decision.event.more or {})["organizer_confirmed"] == appointment.organizer_confirmed
            known = confirmed_after(known, a_fact(appointment, decision.event.type))
            assert known == appointment.organizer_confirmed, (number, steps)


def _series_fact(series: Series, template: bool) -> OfSeries:
    made = decide(a_series(), a_book(), NOW)
    assert isinstance(made, AcceptedMany)
    [happened] = made.happened
    body = orjson.loads(dumps(body_of(happened)))
    return OfSeries(
        series.id,
        series.version,
        body["series"],
        body["template"] if template else None,
        body["appointment"],
    )


def test_a_cut_leaves_out_what_was_sent_then_or_later() -> None:
    cuts = Cuts({("booking.commands", 3): Cut(15, NOW), ("booking.commands", 4): Cut(9, None)})
    before = NOW - timedelta(seconds=1)
    assert cuts.is_again("booking.commands", 3, 15, NOW)
    assert not cuts.is_again("booking.commands", 3, 14, NOW)
    assert not cuts.is_again("booking.commands", 3, 99, before), "of a topic that was made anew since"
    assert not cuts.is_again("booking.commands", 4, 99, NOW), "all of it is decided"
    assert not cuts.is_again("booking.redrive", 3, 99, NOW)


def an_event(kind: str = "appointment.created", body: Any = None, **head: Any) -> Record:
    """A record of booking.events."""
    given_: dict[str, Any] = {
        "organization": ORG,
        "time": NOW,
        "cause": "booking.commands/3/15",
        "subject": str(UUID(int=7)),
    }
    envelope = Envelope(id=UUID(int=9), type=kind, **(given_ | head))
    message: Message = envelope.message("booking.events", dumps(body or {}))
    return Record(message.topic, 3, 1, NOW, message.key, message.value, message.headers)


def _body(appointment: Appointment) -> dict[str, Any]:
    return {
        "appointment_id": appointment.id,
        "version": appointment.version,
        "appointment": orjson.Fragment(state_of(appointment)),
        "changes": [],
        "people": [],
        "actor": str(ANNA),
        "organizer_confirmed": True,
    }


def test_an_event_is_read_as_a_fact() -> None:
    appointment = an_appointment()
    fact = fact_of(an_event(body=_body(appointment)))
    assert isinstance(fact.what, OfAppointment)
    assert (fact.what.id, fact.what.version, fact.what.confirmed) == (appointment.id, 3, True)
    assert dumps(fact.what.state) == state_of(appointment), "byte for byte"
    assert position_of(fact.cause) == ("booking.commands", 3, 15)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(an_event("garbage", {}), id="another type"),
        pytest.param(an_event(body=[1]), id="not an object"),
        pytest.param(an_event(body={"appointment_id": "x"}), id="no id"),
        pytest.param(an_event(body=_body(an_appointment()), organization=None), id="no organization"),
        pytest.param(an_event(body=_body(an_appointment()), subject=None), id="no subject"),
        pytest.param(replace(an_event(body=_body(an_appointment())), value=b"{"), id="no JSON"),
        pytest.param(replace(an_event(body=_body(an_appointment())), value=None), id="nothing"),
    ],
)
def test_what_booking_did_not_write_is_not_read(record: Record) -> None:
    with pytest.raises(Unreadable):
        fact_of(record)


def test_an_id_that_was_used_for_something_else_is_answered_and_not_decided() -> None:
    body = {"command_id": str(UUID(int=4)), "code": "command_id_reused", "event_ids": []}
    assert outcome_row(an_event("command.refused", body), 1) == (
        "rebuilt_answered",
        ("booking.commands", 3, 15),
    )
    refused = outcome_row(an_event("command.refused", body | {"code": "conflict"}), 1)
    assert refused is not None
    assert refused[0] == "rebuilt_outcomes"
    assert outcome_row(an_event("command.refused", {"nothing": "ours"}), 1) is None


def test_a_dead_letter_names_its_record() -> None:
    story = {"topic": "booking.commands", "partition": "3", "offset": "15"}
    headers = tuple((f"dead-letter-{name}", value.encode()) for name, value in story.items())
    assert letter_row(replace(an_event(), headers=headers)) == ("booking.commands", 3, 15)
    assert letter_row(an_event()) is None


class TestSeries:
    """Of a series, what its next occurrences look like."""

    def test_the_template_is_taken_as_it_is_told(self) -> None:
        diary = Diary(a_series())
        series = diary.series()
        fact = _series_fact(series, template=True)
        assert series_after(None, fact) == series

    def test_without_one_it_looks_like_the_first_occurrence(self) -> None:
        series = Diary(a_series()).series()
        found = series_after(None, _series_fact(series, template=False))
        assert found is not None
        assert (found.recurrence, found.duration) == (series.recurrence, series.duration)
        assert found.template.title == series.template.title

    def test_or_like_what_was_known_before(self) -> None:
        series = Diary(a_series()).series()
        known = replace(series, template=replace(series.template, title="Known"), version=0)
        found = series_after(known, _series_fact(series, template=False))
        assert found is not None
        assert (found.template.title, found.version) == ("Known", 1)

    def test_nothing_is_known_of_one_that_nothing_tells_of(self) -> None:
        series = Diary(a_series()).series()
        assert series_after(None, replace(_series_fact(series, template=False), first=None)) is None


def test_what_is_pending_is_not_confirmed_even_where_an_event_is_missing() -> None:
    assert confirmed_after(True, a_fact(an_appointment(), "appointment.updated")) is False
