"""When a message waits for the end of quiet hours."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import NO_RULES, NOTHING_SAID, Organization, Preferences, QuietHours
from services.notifier.domain.quiet_hold import Hold, Waiting, hold
from services.notifier.domain.workflow import plan, plan_reminder
from tests.unit.notifier.builders import BEN, CLEO, a_reminder, an_event, utc

NIGHT = Preferences(quiet_hours=QuietHours(time(22), time(7)), says_quiet_hours=True, version=1)
MESSAGE = Waiting("email", "normal", "Europe/Berlin", utc(2028, 3, 27, 7), utc(2028, 3, 27, 8))
LATE, SEVEN = utc(2028, 3, 20, 23), utc(2028, 3, 21, 6)
WAITS = Hold(SEVEN, "quiet hours until 07:00 (Europe/Berlin)")


@pytest.mark.parametrize(
    ("message", "own", "organization", "now", "expected"),
    [
        pytest.param(MESSAGE, NIGHT, NO_RULES, LATE, WAITS, id="until their end"),
        pytest.param(MESSAGE, NIGHT, NO_RULES, SEVEN, None, id="at their end no more"),
        pytest.param(MESSAGE, NOTHING_SAID, NO_RULES, LATE, None, id="nobody spoke of any"),
        pytest.param(MESSAGE, NOTHING_SAID, Organization(NIGHT), LATE, WAITS, id="the organization's"),
        pytest.param(
            MESSAGE,
            Preferences(says_quiet_hours=True, version=1),
            Organization(NIGHT),
            LATE,
            None,
            id="who said that there are none has none",
        ),
        pytest.param(replace(MESSAGE, priority="high"), NIGHT, NO_RULES, LATE, None, id="what is urgent"),
        pytest.param(replace(MESSAGE, channel="in_app"), NIGHT, NO_RULES, LATE, None, id="in-app"),
        pytest.param(
            MESSAGE,
            replace(NIGHT, timezone="Asia/Tokyo"),
            NO_RULES,
            LATE,
            None,
            id="the chosen zone counts: there it is eight in the morning",
        ),
        pytest.param(
            replace(MESSAGE, starts_at=SEVEN), NIGHT, NO_RULES, LATE, None, id="it would come at the start"
        ),
        pytest.param(
            replace(MESSAGE, starts_at=utc(2028, 3, 20, 22), expires_at=SEVEN + timedelta(minutes=1)),
            NIGHT,
            NO_RULES,
            LATE,
            WAITS,
            id="after the start its use counts",
        ),
        pytest.param(
            replace(MESSAGE, starts_at=utc(2028, 3, 20, 22), expires_at=SEVEN),
            NIGHT,
            NO_RULES,
            LATE,
            None,
            id="it would expire",
        ),
    ],
)
def test_what_waits(
    message: Waiting, own: Preferences, organization: Organization, now: datetime, expected: Hold | None
) -> None:
    assert hold(message, own, organization, now) == expected


@given(
    now=st.datetimes(datetime(2027, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    start=st.times().filter(lambda at: not at.fold),
    end=st.times().filter(lambda at: not at.fold),
    place=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Asia/Kathmandu"]),
    begins_in=st.timedeltas(timedelta(hours=-5), timedelta(hours=48)),
    lasts=st.timedeltas(timedelta(seconds=1), timedelta(hours=24)),
    channel=st.sampled_from(["email", "sms", "push"]),
)
def test_no_normal_message_goes_out_in_quiet_hours_that_could_have_waited(
    now: datetime,
    start: time,
    end: time,
    place: str,
    begins_in: timedelta,
    lasts: timedelta,
    channel: str,
) -> None:
    if start == end:
        return
    begins = now + begins_in
    message = Waiting(channel, "normal", place, begins, begins + lasts)
    own = Preferences(quiet_hours=QuietHours(start, end), says_quiet_hours=True, version=1)
    held = hold(message, own, NO_RULES, now)
    if held is not None:
        assert now < held.until < max(message.starts_at, message.expires_at)
        assert hold(message, own, NO_RULES, held.until) is None, "it never waits twice for the same night"
        return
    if _is_quiet(now, start, end, ZoneInfo(place)):
        of_use = message.starts_at if now < message.starts_at else message.expires_at
        # Walk on, minute by minute: the wall clock is quiet as long as the message is of use.
        step = now
        while step < of_use:
            assert _is_quiet(step, start, end, ZoneInfo(place)) or step > now + timedelta(hours=23)
            step += max((of_use - now) / 20, timedelta(minutes=1))


def _is_quiet(at: datetime, start: time, end: time, place: ZoneInfo) -> bool:
    clock = at.astimezone(place).time()
    return (clock >= start or clock < end) if end < start else start <= clock < end


def test_planned_messages_wait_each_by_its_channel_and_say_what_is_left_when_they_go() -> None:
    event = an_event("updated")
    planned = plan(event, {BEN: replace(NIGHT, timezone="Europe/Berlin")}, NO_RULES, LATE)
    holds = {(item.recipient_id, item.channel): item.hold for item in planned}
    assert holds[BEN, "email"] == WAITS
    assert holds[BEN, "in_app"] is None
    assert holds[CLEO, "email"] is None
    assert {item.timezone for item in planned if item.recipient_id == BEN} == {"America/New_York"}
    reminder = a_reminder(BEN, "email", "in_app", start=utc(2028, 3, 21, 8), end=utc(2028, 3, 21, 9))
    reminded = plan_reminder(
        replace(reminder, at=LATE), {BEN: replace(NIGHT, timezone="Europe/Berlin")}, NO_RULES, LATE
    )
    assert {item.channel: item.data["time_until"] for item in reminded} == {
        "in_app": "in 9 hours",
        "email": "in 2 hours",
    }
