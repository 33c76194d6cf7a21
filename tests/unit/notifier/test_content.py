"""The checks of the content right before a call: no variable is missing, and `time_until` is exact."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from notifications.preferences import NO_RULES, NOTHING_SAID
from notifications.templates.samples import sample
from services.notifier.clients.communication import send_body
from services.notifier.domain.delivery import Delivery
from services.notifier.sending.completion import Ended
from services.notifier.sending.conclusion import checked, result_of
from services.notifier.sending.content import body_of
from services.notifier.store.checked import Checked
from tests.unit.notifier.builders import BEN, MONDAY_9, NOW, someone, utc

EVENING, MORNING = utc(2028, 3, 26, 21), utc(2028, 3, 27, 5)  # the appointment begins at 07:00 UTC


def a_reminder_for_ben(held_until: datetime | None = None, locale: str = "en", **data: Any) -> Checked:
    """Planned in the evening before, on its way by SMS."""
    fields: dict[str, Any] = dict.fromkeys(Delivery._fields)
    delivery = Delivery(**fields)._replace(
        id=someone("delivery"),
        type="appointment_reminder",
        template_id="appointment_reminder_v1",
        channel="sms",
        priority="normal",
        state="planned",
        timezone="UTC",
        version=1,
        starts_at=MONDAY_9,
        expires_at=MONDAY_9,
        held_until=held_until,
    )
    body = send_body(
        kind="appointment_reminder",
        channel="sms",
        recipient_id=BEN,
        template_id="appointment_reminder_v1",
        data=sample("appointment_reminder_v1", locale) | {"time_until": "in 10 hours"} | data,
        priority="normal",
        appointment_id=someone("appointment"),
        locale=locale,
    )
    return Checked(delivery, body, None, NOTHING_SAID, NO_RULES)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param({}, None, id="whole"),
        pytest.param({"location": ""}, None, id="an optional one is empty"),
        pytest.param({"appointment_title": ""}, "lacks appointment_title", id="empty"),
        pytest.param(
            {"appointment_link": None, "appointment_date": None},
            "lacks appointment_date, appointment_link",
            id="two",
        ),
    ],
)
def test_what_would_have_a_hole_is_set_aside(data: dict[str, Any], reason: str | None) -> None:
    looked = a_reminder_for_ben(**data)
    found = checked(looked, EVENING)
    if reason is None:
        assert found is looked
    else:
        assert not isinstance(found, Checked)
        result = result_of(looked, found)
        assert isinstance(result, Ended)
        assert (result.delivery.state, result.error) == ("dead_lettered", "MissingVariables")
        assert result.delivery.reason == f"appointment_reminder_v1 {reason}"


@pytest.mark.parametrize(
    ("held_until", "now", "locale", "expected"),
    [
        pytest.param(None, MORNING, "en", "in 10 hours", id="sent when it was planned: as planned"),
        pytest.param(MORNING, MORNING, "en", "in 2 hours", id="held until the morning"),
        pytest.param(
            MORNING, MORNING + timedelta(minutes=5), "de", "in 2 Stunden", id="tried again: the same"
        ),
        pytest.param(MORNING, utc(2028, 3, 27, 3), "en", "in 4 hours", id="let go early"),
    ],
)
def test_what_waited_says_how_much_time_is_left(
    held_until: datetime | None, now: datetime, locale: str, expected: str
) -> None:
    looked = a_reminder_for_ben(held_until, locale)
    body = orjson.loads(body_of(looked, now))
    assert body["template_data"]["time_until"] == expected
    before = orjson.loads(looked.body)
    before["template_data"]["time_until"] = expected
    assert body == before, "nothing else changes"


def test_a_message_without_a_count_of_time_is_sent_as_planned() -> None:
    looked = a_reminder_for_ben(MORNING)
    body = orjson.loads(looked.body)
    del body["template_data"]["time_until"]
    looked.body = orjson.dumps(body)
    assert body_of(looked, NOW) is looked.body
