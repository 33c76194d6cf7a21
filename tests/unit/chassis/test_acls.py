"""The ACLs are those of the topics that the services really subscribe to."""

import re
from pathlib import Path
from typing import Any

import pytest

from chassis.consuming.batch import Subscription
from chassis.service import Service
from chassis.topics import acls
from services.booking.main import build as booking
from services.booking.settings import BookingSettings
from services.notifier.main import build as notifier
from services.notifier.settings import NotifierSettings
from services.projector.main import build as projector
from services.projector.settings import ProjectorSettings
from services.reminders.main import build as reminders
from services.reminders.settings import RemindersSettings

SERVICES: dict[str, Any] = {
    "booking": lambda: booking(BookingSettings()),
    "notifier": lambda: notifier(NotifierSettings()),
    "projector": lambda: projector(ProjectorSettings()),
    "reminders": lambda: reminders(RemindersSettings()),
}


def allowed(process: str, operation: str) -> set[str]:
    return {acl.name for acl in acls.of(process) if acl.resource == "topic" and operation in acl.operations}


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_may_read_what_it_subscribes_to_and_join_its_groups(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriptions: list[Subscription[Any]] = []
    monkeypatch.setattr(Service, "consume", lambda _, subscription: subscriptions.append(subscription))
    SERVICES[name]()
    subscribed = {topic for subscription in subscriptions for topic in subscription.topics}
    assert subscribed
    own = {f"{name}.outcomes" for subscription in subscriptions if subscription.taking_over}
    assert allowed(name, "Read") == subscribed | own
    [group] = [acl for acl in acls.of(name) if acl.resource == "group"]
    assert all(subscription.name.startswith(group.name) for subscription in subscriptions)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_write_the_topics_that_its_code_names_in_messages(name: str) -> None:
    source = "".join(path.read_text() for path in Path(f"services/{name}").rglob("*.py"))
    named = re.findall(r"(?:Message|message)\(\s*(?:topics\.)?([A-Z_]+)\.name", source)
    topics = {constant.lower().replace("_", ".", 1) for constant in named}
    assert topics <= allowed(name, "Write"), topics


def test_nobody_but_booking_may_write_its_events() -> None:
    writers = {
        acl.process for acl in acls.everybody() if acl.name == "booking.events" and "Write" in acl.operations
    }
    assert writers == {"booking"}


def test_a_prefix_goes_before_topics_and_groups() -> None:
    assert all(acl.name.startswith("test.") for acl in acls.everybody("test."))


def test_a_command_can_be_pasted_into_a_shell() -> None:
    [group] = [acl for acl in acls.of("booking") if acl.resource == "group"]
    assert group.command("User:CN=the booking", "a:1,b:2") == (
        "kafka-acls.sh --bootstrap-server a:1,b:2 --command-config admin.properties --add --allow-principal "
        "'User:CN=the booking' --operation Read --group booking. --resource-pattern-type prefixed"
    )
