"""Retry, breaker, superseded, fallback, reports, preferences: the small rules."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import NO_RULES, Preferences
from services.notifier.domain.breaker import Breaker
from services.notifier.domain.channels import fallback_for
from services.notifier.domain.delivery import State
from services.notifier.domain.preferences import after_setting
from services.notifier.domain.reports import Outcome, state_after
from services.notifier.domain.retry import Failure, next_attempt_at, quickly
from services.notifier.domain.staleness import Current, obsolete_because
from tests.unit.notifier.builders import EVERYTHING_OFF, EVERYTHING_ON, NOW

END = NOW + timedelta(hours=2)


def current(version: int, **different: object) -> Current:
    usual = {"moved_in": 0, "status": "confirmed", "end": END, "involved": True}
    return Current(version, **usual | different)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "known", "reason"),
    [
        pytest.param("created", None, None, id="nothing is known of the appointment"),
        pytest.param("created", current(3), None, id="nothing changed"),
        pytest.param("updated", current(5), None, id="a later change of something else"),
        pytest.param("created", current(4, status="cancelled"), "cancelled", id="cancelled meanwhile"),
        pytest.param("reminder", current(5, moved_in=4), "rescheduled", id="moved meanwhile"),
        pytest.param("rescheduled", current(5, moved_in=3), None, id="it tells of the newest move itself"),
        pytest.param("confirmed", current(4, involved=False), "no longer", id="the recipient declined"),
        pytest.param("updated", current(4, end=NOW), "over", id="shortened, and over now"),
        pytest.param(
            "cancelled", current(5, moved_in=4, status="cancelled"), None, id="a cancellation stays"
        ),
        pytest.param("cancelled", current(4, involved=False), None, id="also for who was removed"),
        pytest.param("reminder", current(2, status="cancelled"), None, id="what is known is older"),
        pytest.param(
            "announcement", current(5, moved_in=4), None, id="an announcement outlives a change of time"
        ),
        pytest.param("announcement", current(4, end=NOW), None, id="also when it is over"),
        pytest.param("announcement", current(4, status="cancelled"), "cancelled", id="but no cancellation"),
    ],
)
def test_what_has_lost_its_use_is_not_sent(kind: str, known: Current | None, reason: str | None) -> None:
    found = obsolete_because(f"appointment_{kind}", 3, END, known, NOW)
    assert (reason in found) if found and reason else found is reason


def test_nothing_is_sent_when_the_appointment_is_over() -> None:
    for kind in ("appointment_cancelled", "appointment_created"):
        assert obsolete_because(kind, 3, END, None, END)
        assert not obsolete_because(kind, 3, END, None, END - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [
        pytest.param(1, 5, id="five minutes after the first"),
        pytest.param(2, 1, id="then a minute"),
        pytest.param(3, 2, id="then two"),
        pytest.param(4, 4, id="then four"),
        pytest.param(5, 8, id="then eight"),
        pytest.param(6, None, id="after five retries it gives up"),
    ],
)
def test_when_a_failed_call_is_tried_again(attempts: int, minutes: int | None) -> None:
    due = next_attempt_at(Failure("HTTP 503", 503), attempts, NOW, jitter=0.5)
    assert due == (NOW + timedelta(minutes=minutes) if minutes else None)


@given(jitter=st.floats(0, 1), attempts=st.integers(1, 5))
def test_jitter_moves_a_delay_by_a_tenth_at_most(jitter: float, attempts: int) -> None:
    usual = next_attempt_at(Failure("x"), attempts, NOW, 0.5)
    moved = next_attempt_at(Failure("x"), attempts, NOW, jitter)
    assert usual
    assert moved
    assert abs((moved - usual) / (usual - NOW)) <= 0.1001


@pytest.mark.parametrize(
    ("asked", "earliest"),
    [
        pytest.param(7, timedelta(seconds=7), id="sooner than ours"),
        pytest.param(1200, timedelta(minutes=20), id="later than ours"),
        pytest.param(10**9, timedelta(hours=1), id="not believed beyond an hour"),
    ],
)
def test_retry_after_is_honoured(asked: float, earliest: timedelta) -> None:
    failure = Failure("HTTP 429", 429, retry_after=asked)
    due = next_attempt_at(failure, 1, NOW, jitter=0)
    assert due == NOW + earliest
    assert not quickly(failure)


@pytest.mark.parametrize(
    ("status", "for_good", "outage"),
    [
        pytest.param(None, False, True, id="no answer"),
        pytest.param(500, False, True, id="500"),
        pytest.param(503, False, True, id="503"),
        pytest.param(408, False, True, id="408"),
        pytest.param(425, False, False, id="425"),
        pytest.param(429, False, False, id="429"),
        pytest.param(400, True, False, id="400"),
        pytest.param(404, True, False, id="404"),
        pytest.param(422, True, False, id="422"),
        pytest.param(302, True, False, id="a redirect that nobody follows"),
    ],
)
def test_what_a_status_means(status: int | None, for_good: bool, outage: bool) -> None:
    failure = Failure("x", status)
    assert (failure.for_good, failure.outage) == (for_good, outage)
    assert (next_attempt_at(failure, 1, NOW, 0) is None) is for_good
    assert quickly(failure) is not for_good


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(5):
        breaker = breaker.failed(at)
    return breaker


def test_the_breaker_opens_after_five_failures_in_a_row() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker = breaker.failed(0)
    assert breaker.closed
    assert breaker.succeeded().failed(0).closed, "a success begins the count anew"
    assert breaker.failed(0).state == "open"


def test_an_open_breaker_waits_a_minute_from_its_opening() -> None:
    assert opened(100).wait(100) == 60
    assert opened(100).failed(150).wait(159) == 1, "late failures do not prolong it"
    assert opened(100).wait(160) == 0


def test_half_open_one_call_decides() -> None:
    assert opened().probing().state == "half_open"
    assert opened().probing().succeeded() == Breaker()
    again = opened().probing().failed(60)
    assert (again.state, again.wait(60)) == ("open", 60)


def test_late_answers_of_older_calls_do_not_close_an_open_breaker() -> None:
    assert opened().succeeded().state == "open"


@given(st.lists(st.booleans(), max_size=40))
def test_a_breaker_is_closed_unless_five_in_a_row_failed(outcomes: list[bool]) -> None:
    breaker, run, opened_once = Breaker(), 0, False
    for good in outcomes:
        breaker = breaker.succeeded() if good else breaker.failed(0)
        run = 0 if good else run + 1
        opened_once = opened_once or run == 5
    assert breaker.closed is not opened_once


@pytest.mark.parametrize(
    ("priority", "channel", "preferences", "expected"),
    [
        pytest.param("high", "email", Preferences(), "sms", id="e-mail, then SMS for who never refused it"),
        pytest.param("high", "email", EVERYTHING_ON, "sms", id="e-mail, then SMS where it is on"),
        pytest.param("high", "email", EVERYTHING_OFF, "in_app", id="never a channel that is switched off"),
        pytest.param("high", "sms", Preferences(), "in_app", id="SMS, then in-app"),
        pytest.param("high", "in_app", Preferences(), None, id="nothing comes after in-app"),
        pytest.param("high", "push", Preferences(), None, id="push is an extra"),
        pytest.param("normal", "email", Preferences(), None, id="only what is urgent"),
    ],
)
def test_where_to_turn_when_a_channel_gives_up(
    priority: str, channel: str, preferences: Preferences, expected: str | None
) -> None:
    kind, template = "appointment_cancelled", "appointment_cancellation_v1"
    assert fallback_for(kind, priority, channel, template, preferences, NO_RULES) == expected


@pytest.mark.parametrize(
    ("state", "reported", "expected"),
    [
        pytest.param("sent", "delivered", "delivered", id="sent, and delivered"),
        pytest.param("sent", "bounced", "bounced", id="sent, and bounced"),
        pytest.param("planned", "delivered", "delivered", id="the report was faster than the answer"),
        pytest.param("failed", "delivered", "delivered", id="we gave up too early"),
        pytest.param("delivered", "failed", None, id="delivered stays delivered"),
        pytest.param("delivered", "delivered", None, id="told twice"),
        pytest.param("delivered", "bounced", "bounced", id="sent back after it was taken"),
        pytest.param("failed", "bounced", "bounced", id="given up, and now we know why"),
        pytest.param("bounced", "delivered", None, id="a bounce is the last word"),
        pytest.param("bounced", "bounced", None, id="bounced twice"),
        pytest.param("expired", "delivered", None, id="not sent at all"),
    ],
)
def test_what_a_report_changes(state: State, reported: Outcome, expected: str | None) -> None:
    assert state_after(state, reported) == expected


def test_preferences_change_only_when_they_differ() -> None:
    first = after_setting(Preferences(), Preferences())
    assert first.version == 1, "the first word counts, even for the defaults"
    assert after_setting(first, Preferences()) is first
    second = after_setting(first, Preferences(channels={"sms": True}))
    assert (second.version, second.channels) == (2, {"sms": True})
