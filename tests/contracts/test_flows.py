"""The table of who reads what is what the services subscribe to."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.consuming.batch import Subscription
from chassis.service import Service
from contracts.flows import FLOWS, used_by
from contracts.topics import ALL, WORKERS, dead_letters
from services.booking import main as booking
from services.booking.settings import BookingSettings
from services.notifier import main as notifier
from services.notifier.settings import NotifierSettings
from services.projector import main as projector
from services.projector.settings import ProjectorSettings
from services.reminders import main as reminders
from services.reminders.settings import RemindersSettings

BUILDS: dict[str, Callable[[], Service]] = {
    "booking": lambda: booking.build(BookingSettings()),
    "notifier": lambda: notifier.build(NotifierSettings()),
    "projector": lambda: projector.build(ProjectorSettings()),
    "reminders": lambda: reminders.build(RemindersSettings()),
}


@pytest.mark.parametrize("name", BUILDS)
async def test_groups_are_the_services_subscriptions(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, set[str]] = {}

    def consume(_: Service, subscription: Subscription[Any]) -> None:
        found[subscription.name] = set(subscription.topics)

    monkeypatch.setattr(Service, "consume", consume)
    BUILDS[name]()
    declared = {group: {topic.name for topic in topics} for group, topics in FLOWS[name].groups.items()}
    assert found == declared


def test_somebody_uses_every_topic() -> None:
    used = {topic for service in FLOWS for topic in used_by(service)}
    assert used == set(ALL)


@pytest.mark.parametrize("worker", WORKERS)
def test_every_worker_writes_its_dead_letters(worker: str) -> None:
    assert dead_letters(worker) in FLOWS[worker].writes


def test_a_service_without_a_contract_uses_what_it_reads() -> None:
    assert [topic.name for topic in used_by("ledger", ["booking.commands", "ledger.own"])] == [
        "booking.commands"
    ]
