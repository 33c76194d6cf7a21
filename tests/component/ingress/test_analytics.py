"""The numbers of an organization's notifications: sent by type and channel, and how they ended."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.component.ingress.fleet import an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, NORD, SOUTH, STRANGE_ADMIN, Someone
from tests.component.ingress.running import Ingress

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
PATH = "/analytics/notifications?from=2030-01-01T00:00:00Z&to=2030-01-03T00:00:00Z"


async def delivery(
    ingress: Ingress,
    state: str = "planned",
    sent: float | None = None,
    delivered: float | None = None,
    **other: Any,
) -> UUID:
    """A delivery that was planned at noon; `sent` and `delivered` in seconds after that."""
    planned = other.pop("planned_at", NOON)
    values: dict[str, Any] = {
        "id": uuid4(),
        "organization_id": NORD,
        "appointment_id": uuid4(),
        "event_id": uuid4(),
        "type": "appointment_created",
        "recipient_id": BEN.id,
        "channel": "email",
        "priority": "normal",
        "state": state,
        "attempts": 1,
        "planned_at": planned,
        "sent_at": None if sent is None else planned + timedelta(seconds=sent),
        "delivered_at": None if delivered is None else planned + timedelta(seconds=delivered),
        **other,
    }
    marks = ", ".join(f"${number + 1}" for number in range(len(values)))
    await ingress.fleet.database.execute(
        f"INSERT INTO views.notifications ({', '.join(values)}) VALUES ({marks})",
        *values.values(),
    )
    identifier: UUID = values["id"]
    return identifier


async def test_each_day_type_and_channel_has_its_counts_and_times(ingress: Ingress) -> None:
    for seconds in (1, 2, 3, 4, 100):
        await delivery(ingress, "delivered", seconds, seconds * 2)
    await delivery(ingress, "sent", 5)
    await delivery(ingress, "bounced", 6)
    for state in ("failed", "expired", "dead_lettered", "planned"):
        await delivery(ingress, state)
    await delivery(ingress, "delivered", -0.4, 0.5, channel="sms")
    await delivery(ingress, "planned", type="appointment_updated")
    await delivery(ingress, "planned", planned_at=NOON + timedelta(hours=12))
    await delivery(ingress, "planned", planned_at=NOON + timedelta(days=2))
    await delivery(ingress, "planned", organization_id=SOUTH)
    nothing = dict.fromkeys(("sent", "delivered", "failed", "bounced", "expired", "dead_lettered"), 0)
    untimed = dict.fromkeys(("sent_p50_s", "sent_p95_s", "delivered_p50_s", "delivered_p95_s"))
    first, created = {"date": "2030-01-01"}, {"type": "appointment_created", "channel": "email"}
    assert (await ingress.json(ADMIN, PATH))["items"] == [
        first
        | created
        | {"planned": 11, "sent": 7, "delivered": 5}
        | dict.fromkeys(("failed", "bounced", "expired", "dead_lettered"), 1)
        # 1 2 3 4 5 6 100, and 2 4 6 8 200: between neighbours in proportion.
        | {"sent_p50_s": 4, "sent_p95_s": 71.8, "delivered_p50_s": 6, "delivered_p95_s": 161.6},
        first
        | {"type": "appointment_created", "channel": "sms", "planned": 1}
        | nothing
        | {"sent": 1, "delivered": 1}
        | {"sent_p50_s": 0, "sent_p95_s": 0, "delivered_p50_s": 0.5, "delivered_p95_s": 0.5},
        first | {"type": "appointment_updated", "channel": "email", "planned": 1} | nothing | untimed,
        {"date": "2030-01-02"} | created | {"planned": 1} | nothing | untimed,
    ]


async def test_only_admins_see_the_numbers_of_their_organization(ingress: Ingress) -> None:
    await delivery(ingress)
    response = await ingress.call(ANNA, "GET", PATH)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert (await ingress.json(STRANGE_ADMIN, PATH))["items"] == []
    assert (await ingress.client.get(f"/api/appointments{PATH}")).status_code == 401


async def test_without_a_range_the_last_month_is_told(ingress: Ingress) -> None:
    await delivery(ingress, planned_at=datetime.now(UTC) - timedelta(days=29))
    await delivery(ingress, planned_at=datetime.now(UTC) - timedelta(days=33))
    [item] = (await ingress.json(ADMIN, "/analytics/notifications/"))["items"]
    assert item["planned"] == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [("from=2030-01-01&to=2031-01-03", "to"), ("from=soon", "from"), ("from=2030-01-02&to=2030-01-01", "to")],
)
async def test_a_range_that_is_none_is_refused(ingress: Ingress, query: str, field: str) -> None:
    response = await ingress.call(ADMIN, "GET", f"/analytics/notifications?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("person", "count"),
    [
        pytest.param(ANNA, 3, id="the organizer sees all"),
        pytest.param(ADMIN, 3, id="an admin sees all"),
        pytest.param(BEN, 2, id="a participant sees their own"),
    ],
)
async def test_who_sees_which_notifications(ingress: Ingress, person: Someone, count: int) -> None:
    appointment = an_appointment()
    await ingress.fleet.show(appointment)
    about: dict[str, Any] = {"appointment_id": UUID(appointment["id"])}
    email = await delivery(ingress, "failed", 1, **about)
    sms = await delivery(
        ingress, "delivered", 1, 2, channel="sms", fallback_of=email, planned_at=NOON + timedelta(1), **about
    )
    await delivery(ingress, recipient_id=ANNA.id, planned_at=NOON + timedelta(2), **about)
    items = (await ingress.json(person, f"/{appointment['id']}/notifications"))["items"]
    assert [item["id"] for item in items][:2] == [str(email), str(sms)]
    assert len(items) == count
    assert items[1] == {
        "id": str(sms),
        "type": "appointment_created",
        "recipient_id": str(BEN.id),
        "channel": "sms",
        "priority": "normal",
        "state": "delivered",
        "attempts": 1,
        "planned_at": "2030-01-02T12:00:00Z",
        "next_attempt_at": None,
        "sent_at": "2030-01-02T12:00:01Z",
        "delivered_at": "2030-01-02T12:00:02Z",
        "reason": None,
        "fallback_of": str(email),
    }
