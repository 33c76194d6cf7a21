"""The interface to the two modes of reminders: sent by our own notifier, or by a Communication Service."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from chassis.database.transactions import Transaction
from services.reminders.delegation import store

HAND_OVER_SECONDS = 1
WITHDRAW_SECONDS = 60


class ReminderMode(Protocol):
    """How reminders leave this service. `work_seconds`: the pause between two runs of the worker.

    `hands_over`: the worker hands reminders over; otherwise it withdraws those that were handed over before.
    """

    hands_over: bool
    work_seconds: float

    async def reminders_changed(self, tx: Transaction, appointments: Iterable[UUID], now: datetime) -> None:
        """Note a change of these appointments' reminders in the transaction that makes it."""


class OwnReminders:
    """Timers are all that reminders need."""

    hands_over = False
    work_seconds: float = WITHDRAW_SECONDS

    async def reminders_changed(self, _: Transaction, __: Iterable[UUID], ___: datetime) -> None:
        """Do nothing: firing reads the timers themselves."""


class DelegatedReminders:
    """Every changed appointment is handed over again as a whole."""

    hands_over = True
    work_seconds: float = HAND_OVER_SECONDS

    async def reminders_changed(self, tx: Transaction, appointments: Iterable[UUID], now: datetime) -> None:
        """Mark these appointments for the worker."""
        await store.mark(tx, list(appointments), now)


OWN = OwnReminders()


def mode_of(setting: Literal["own", "delegated"]) -> ReminderMode:
    """Return the mode that the setting `REMINDERS` selects."""
    return DelegatedReminders() if setting == "delegated" else OWN
