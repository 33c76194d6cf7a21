"""Handles a batch of records in one transaction; each kind of record has a module that decides about it.

The only other service that is called is Identity, for the people of an organization.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from chassis import clock
from chassis.commands import Received as ReceivedCommand
from chassis.database.transactions import Transaction
from contracts.envelope import Message, Record
from services.notifier.clients.identity import Directory
from services.notifier.messages.commands import Command
from services.notifier.messages.events import Happened
from services.notifier.messages.incoming import Received, Redriven, Report
from services.notifier.planning.events import EventPlanning
from services.notifier.preferences.handling import PreferenceCommands
from services.notifier.sending.redrives import redrive
from services.notifier.sending.reports import note_reports

T = TypeVar("T", Happened, Command, Report, Redriven)
Items = Sequence[tuple[Record, Received]]


@dataclass(frozen=True, slots=True)
class Handlers:
    """The two halves of the notifier's subscriptions.

    `writer` owns the messages that are noted for publication.
    """

    writer: UUID
    frontend_url: str
    digest_threshold: int
    partitions: Callable[[str], Awaitable[int]]
    directory: Directory
    has_own_key: Callable[[Command], bool]

    async def handle(self, tx: Transaction, items: Items) -> list[Message]:
        """Handle a batch. Commands come first, so that the events beside them see the new preferences."""
        now = clock.now()
        outcomes = await self._commands.handle(tx, _of(items, ReceivedCommand), now)
        planned = await self._events.handle(tx, _of(items, Happened), now)
        await note_reports(tx, self.writer, [report for _, report in _of(items, Report)], now)
        await redrive(tx, self.writer, [item for _, item in _of(items, Redriven)], now)
        return outcomes + planned

    async def republish(self, tx: Transaction, items: Items) -> list[Message]:
        """Return the same messages from the database.

        Those about reports and redrives are in the outbox already.
        """
        outcomes = await self._commands.republish(tx, _of(items, ReceivedCommand))
        return outcomes + await self._events.republish(tx, _of(items, Happened))

    @property
    def _commands(self) -> PreferenceCommands:
        return PreferenceCommands(self.writer, self.partitions, self.directory, self.has_own_key)

    @property
    def _events(self) -> EventPlanning:
        return EventPlanning(self.writer, self.frontend_url, self.digest_threshold)


def _of(items: Items, kind: type[T]) -> list[tuple[Record, T]]:
    return [(record, item) for record, item in items if isinstance(item, kind)]
