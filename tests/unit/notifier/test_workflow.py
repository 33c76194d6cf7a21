"""The recipients and types of messages for each kind of event."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import NO_RULES, Preferences
from notifications.templates.catalogue import TEMPLATE_CHANNELS
from services.notifier.domain.model import Change, Event, Reminder
from services.notifier.domain.workflow import plan, plan_reminder
from tests.unit.notifier.builders import (
    ANNA,
    BEN,
    CLEO,
    DORA,
    EVERYTHING_OFF,
    EVERYTHING_ON,
    MONDAY_9,
    NOW,
    PEOPLE,
    a_reminder,
    an_appointment,
    an_event,
    participants,
    someone,
)

CONFIRMATION, INVITATION = "appointment_confirmation_v1", "appointment_invitation_v1"
UPDATE, RESCHEDULE = "appointment_update_v1", "appointment_reschedule_v1"
CANCELLATION = "appointment_cancellation_v1"
CHANNELS_ALL = ("email", "sms", "in_app", "push")
DORAS_NO = Change("confirmation_status", {str(DORA): "declined"}, {})

TOLD = [
    pytest.param(
        an_event("created"),
        {
            (ANNA, "appointment_created", CONFIRMATION, "normal"),
            (BEN, "appointment_invitation", INVITATION, "normal"),
            (CLEO, "appointment_invitation", INVITATION, "normal"),
        },
        id="created: confirmation to the organizer, invitation to each participant",
    ),
    pytest.param(
        an_event("updated", Change("title", "A", "B")),
        {
            (BEN, "appointment_updated", UPDATE, "normal"),
            (CLEO, "appointment_updated", UPDATE, "normal"),
        },
        id="updated: all but the actor and the declined",
    ),
    pytest.param(
        an_event("updated", Change("title", "A", "B"), actor=someone("an admin")),
        {
            (ANNA, "appointment_updated", UPDATE, "normal"),
            (BEN, "appointment_updated", UPDATE, "normal"),
            (CLEO, "appointment_updated", UPDATE, "normal"),
        },
        id="updated by somebody else: the organizer too",
    ),
    pytest.param(
        an_event("rescheduled", actor="service:importer"),
        {
            (ANNA, "appointment_rescheduled", RESCHEDULE, "high"),
            (BEN, "appointment_rescheduled", RESCHEDULE, "high"),
            (CLEO, "appointment_rescheduled", RESCHEDULE, "high"),
        },
        id="rescheduled: high priority",
    ),
    pytest.param(
        an_event("confirmed", actor=BEN),
        {
            (ANNA, "appointment_confirmed", CONFIRMATION, "normal"),
            (BEN, "appointment_confirmed", CONFIRMATION, "normal"),
            (CLEO, "appointment_confirmed", CONFIRMATION, "normal"),
        },
        id="confirmed: organizer and participants, the declined not",
    ),
    pytest.param(
        an_event("participant_confirmed", actor=CLEO),
        {(ANNA, "appointment_updated", UPDATE, "normal")},
        id="a participant confirmed: the organizer",
    ),
    pytest.param(
        an_event("participant_declined", actor=DORA),
        {(ANNA, "appointment_updated", UPDATE, "normal")},
        id="a participant declined: the organizer",
    ),
    pytest.param(
        an_event("cancelled", status="cancelled"),
        {
            (ANNA, "appointment_cancelled", CANCELLATION, "high"),
            (BEN, "appointment_cancelled", CANCELLATION, "high"),
            (CLEO, "appointment_cancelled", CANCELLATION, "high"),
        },
        id="cancelled: all but the declined, the organizer too although they did it",
    ),
    pytest.param(
        an_event("updated", participants([CLEO, DORA], [BEN, CLEO, DORA])),
        {
            (BEN, "appointment_invitation", INVITATION, "normal"),
            (CLEO, "appointment_updated", UPDATE, "normal"),
        },
        id="who is added is invited, and not told of the update",
    ),
    pytest.param(
        an_event(
            "rescheduled", participants([BEN, CLEO], [CLEO]), answers={CLEO: "pending"}, actor="service:x"
        ),
        {
            (ANNA, "appointment_rescheduled", RESCHEDULE, "high"),
            (BEN, "appointment_cancelled", CANCELLATION, "high"),
            (CLEO, "appointment_rescheduled", RESCHEDULE, "high"),
        },
        id="who is removed gets the cancellation, and not the new time",
    ),
    pytest.param(
        an_event("updated", participants([BEN, DORA], [BEN]), DORAS_NO, answers={BEN: "pending"}),
        {(BEN, "appointment_updated", UPDATE, "normal")},
        id="who had declined is not told of being removed",
    ),
    pytest.param(
        an_event("announced", actor=CLEO),
        {(BEN, "appointment_announcement", "appointment_announcement_v1", "normal")},
        id="announced: the participants, but neither the declined nor who says it",
    ),
    *(
        pytest.param(
            an_event(f"participant_{what}", actor=CLEO),
            {(ANNA, "appointment_updated", UPDATE, "normal")},
            id=f"a participant {what}: the organizer",
        )
        for what in ("joined", "waiting", "left")
    ),
    pytest.param(
        replace(an_event("participant_left", actor=DORA, answers={BEN: "confirmed"}), seated=(BEN,)),
        {
            (ANNA, "appointment_updated", UPDATE, "normal"),
            (BEN, "appointment_seat", "appointment_seat_v1", "high"),
        },
        id="who waited has a seat now: they are told that, urgently",
    ),
    pytest.param(
        replace(an_event("updated", participants([CLEO], [BEN]), answers={BEN: "confirmed"}), seated=(BEN,)),
        {
            (BEN, "appointment_seat", "appointment_seat_v1", "high"),
            (CLEO, "appointment_cancelled", CANCELLATION, "high"),
        },
        id="who has the seat of somebody removed is not invited on top",
    ),
    pytest.param(
        an_event("cancelled", status="cancelled", answers={BEN: "confirmed"}, waiting=(CLEO,)),
        {
            (ANNA, "appointment_cancelled", CANCELLATION, "high"),
            (BEN, "appointment_cancelled", CANCELLATION, "high"),
            (CLEO, "appointment_cancelled", CANCELLATION, "high"),
        },
        id="cancelled: those who wait for a seat, too",
    ),
    pytest.param(
        an_event("rescheduled", answers={BEN: "confirmed"}, waiting=(CLEO,)),
        {(BEN, "appointment_rescheduled", RESCHEDULE, "high")},
        id="other changes do not concern those who wait",
    ),
    pytest.param(
        an_event("no_show", actor="service:reminders", status="no_show"),
        {(ANNA, "no_show_alert", "no_show_alert_v1", "normal")},
        id="a no-show: the organizer",
    ),
    *(pytest.param(an_event(kind), set(), id=f"{kind}: nobody") for kind in ("checked_in", "completed")),
]


@pytest.mark.parametrize(("event", "expected"), TOLD)
def test_who_is_told_what(event: Event, expected: set[tuple[UUID, str, str, str]]) -> None:
    planned = plan(event, {}, NO_RULES, NOW)
    assert {(one.recipient_id, one.type, one.template_id, one.priority) for one in planned} == expected
    assert {one.channel for one in planned} <= {"email", "in_app"}


@pytest.mark.parametrize(
    ("preferences", "channels"),
    [
        pytest.param(Preferences(), {"email", "in_app"}, id="by default e-mail and in-app"),
        pytest.param(EVERYTHING_OFF, {"in_app"}, id="in-app always"),
        pytest.param(EVERYTHING_ON, {"email", "in_app", "sms", "push"}, id="all that is on"),
    ],
)
def test_channels_follow_the_persons_preferences(preferences: Preferences, channels: set[str]) -> None:
    planned = plan(an_event("cancelled"), {BEN: preferences}, NO_RULES, NOW)
    assert {one.channel for one in planned if one.recipient_id == BEN} == channels


def test_a_template_is_used_only_on_channels_that_it_has() -> None:
    planned = plan(an_event("created"), {ANNA: EVERYTHING_ON}, NO_RULES, NOW)
    assert {one.channel for one in planned if one.recipient_id == ANNA} == {"email", "in_app", "sms"}


@pytest.mark.parametrize(
    ("reminder", "preferences", "channels"),
    [
        pytest.param(a_reminder(BEN, "email", "sms"), Preferences(), {"email"}, id="meant and on"),
        pytest.param(a_reminder(BEN, "email", "sms"), EVERYTHING_ON, {"email", "sms"}, id="both on"),
        pytest.param(a_reminder(BEN, "email"), EVERYTHING_OFF, set(), id="meant for what is off now"),
        pytest.param(a_reminder(DORA, "email"), Preferences(), set(), id="the declined not"),
        pytest.param(a_reminder(someone("x"), "email"), Preferences(), set(), id="who left not"),
        pytest.param(a_reminder(BEN, "email", status="cancelled"), Preferences(), set(), id="cancelled"),
    ],
)
def test_reminders_reach_their_recipient(
    reminder: Reminder, preferences: Preferences, channels: set[str]
) -> None:
    planned = plan_reminder(reminder, {reminder.recipient_id: preferences}, NO_RULES, NOW)
    assert {one.channel for one in planned} == channels
    assert all(one.recipient_id == reminder.recipient_id for one in planned)
    assert all(one.expires_at == reminder.appointment.start for one in planned)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        pytest.param(MONDAY_9 - timedelta(minutes=1), MONDAY_9, id="until it begins"),
        pytest.param(MONDAY_9, MONDAY_9 + timedelta(minutes=5), id="due when it begins: for a few minutes"),
    ],
)
def test_how_long_a_reminder_is_of_use(at: datetime, until: datetime) -> None:
    planned = plan_reminder(replace(a_reminder(BEN, "email"), at=at), {}, NO_RULES, at)
    assert [one.expires_at for one in planned] == [until]


@pytest.mark.parametrize(
    ("recipient", "status", "preferences", "channels"),
    [
        pytest.param(BEN, "completed", Preferences(), {"email", "in_app"}, id="who took part"),
        pytest.param(BEN, "completed", EVERYTHING_OFF, {"in_app"}, id="by what is on"),
        pytest.param(BEN, "completed", EVERYTHING_ON, {"email", "in_app"}, id="and has a text"),
        pytest.param(DORA, "completed", Preferences(), set(), id="the declined not"),
        pytest.param(BEN, "no_show", Preferences(), set(), id="nothing of what did not take place"),
    ],
)
def test_follow_ups_reach_who_took_part(
    recipient: UUID, status: str, preferences: Preferences, channels: set[str]
) -> None:
    due = a_reminder(recipient, *CHANNELS_ALL, status=status, end=NOW - timedelta(days=1))
    planned = plan_reminder(replace(due, follows_up=True), {recipient: preferences}, NO_RULES, NOW)
    assert {one.channel for one in planned} == channels
    assert {one.type for one in planned} <= {"appointment_follow_up"}
    assert all(one.expires_at == NOW + timedelta(days=1) for one in planned)


@pytest.mark.parametrize(
    ("age", "planned"),
    [
        pytest.param(timedelta(hours=24), True, id="24 hours old is still told"),
        pytest.param(timedelta(hours=24, seconds=1), False, id="a second more is not"),
    ],
)
def test_what_is_long_over_is_told_nobody(age: timedelta, planned: bool) -> None:
    event = an_event("cancelled")
    assert bool(plan(event, {}, NO_RULES, event.at + age)) is planned
    assert bool(plan_reminder(a_reminder(), {}, NO_RULES, NOW + age)) is planned


def test_links_lead_to_the_frontend() -> None:
    [first, *_] = plan(an_event("created"), {}, NO_RULES, NOW, "https://hub.example/")
    appointment = an_appointment()
    assert first.data["confirmation_link"] == f"https://hub.example/appointments/{appointment.id}"


KINDS = [
    *("created", "updated", "rescheduled", "confirmed", "participant_confirmed", "cancelled", "no_show"),
    *("participant_joined", "participant_waiting", "participant_left", "participant_declined"),
]
USERS = st.sampled_from([ANNA, BEN, CLEO, DORA])
ANSWERS = st.dictionaries(
    st.sampled_from([BEN, CLEO, DORA]), st.sampled_from(["pending", "confirmed", "declined"])
)
CHANNELS = st.sampled_from(["email", "sms", "push"])
PREFERENCES = st.dictionaries(
    USERS, st.builds(Preferences, channels=st.dictionaries(CHANNELS, st.booleans()), version=st.just(1))
)


@given(
    steps=st.lists(st.tuples(st.sampled_from(KINDS), USERS, ANSWERS), min_size=1, max_size=6),
    preferences=PREFERENCES,
)
def test_no_sequence_of_events_writes_to_the_declined_or_twice(
    steps: list[tuple[str, UUID, dict[UUID, str]]], preferences: dict[UUID, Preferences]
) -> None:
    before: dict[UUID, str] = {}
    ids = []
    for number, (kind, actor, answers) in enumerate(steps):
        change = participants(list(before), list(answers))
        old = {user: answer for user, answer in before.items() if answers.get(user) != answer}
        answered = Change("confirmation_status", {str(user): answer for user, answer in old.items()}, {})
        drawn = an_event(kind, change, answered, actor=actor, answers=answers, version=number + 1)
        event = Event(
            someone(f"{number}"), drawn.type, drawn.at, drawn.actor, drawn.appointment, drawn.changes, PEOPLE
        )
        planned = plan(event, preferences, NO_RULES, NOW)
        declined = {user for user, answer in (before | answers).items() if answer == "declined"}
        assert not {one.recipient_id for one in planned} & (declined - {ANNA})
        assert all(one.channel in TEMPLATE_CHANNELS[one.template_id] for one in planned)
        ids += [one.id for one in planned]
        before = answers
    assert len(ids) == len(set(ids))


@given(
    kind=st.sampled_from(KINDS),
    waiting=st.lists(st.sampled_from([BEN, CLEO, DORA]), unique=True),
    seated=st.lists(st.sampled_from([BEN, CLEO, DORA]), unique=True),
    of_series=st.booleans(),
)
def test_who_waits_hears_of_the_end_and_of_a_seat_and_of_nothing_else(
    kind: str, waiting: list[UUID], seated: list[UUID], of_series: bool
) -> None:
    others = [user for user in waiting if user not in seated]
    answers = dict.fromkeys(seated, "confirmed")
    event = replace(
        an_event(kind, answers=answers, waiting=others), seated=tuple(seated), of_series=of_series
    )
    heard = {(one.recipient_id, one.type) for one in plan(event, {}, NO_RULES, NOW)}
    assert {kind for user, kind in heard if user in seated} <= {"appointment_seat"}
    assert {user for user, kind in heard if kind == "appointment_seat"} == set(seated)
    told_of_the_end = {user for user, type_ in heard if user in others and type_ == "appointment_cancelled"}
    assert {user for user, _ in heard if user in others} == told_of_the_end
    assert told_of_the_end == (set(others) if kind == "cancelled" else set())
