"""Batches of commands: load, decide, save, emit."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

from chassis.consuming.namespaces import Namespaces
from chassis.database.transactions import Transaction
from chassis.errors import TooMuch
from chassis.kafka.publisher import Publisher, partition_of
from chassis.verdicts import Verdict, known
from contracts import topics
from contracts.envelope import Message, Record
from services.booking.clients.identity import Directory
from services.booking.domain.batch import Item, Tally, decide_batch, outcome_of
from services.booking.domain.decide import needs_of
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, Decision, Refusal
from services.booking.domain.model.needs import AllNeeds
from services.booking.domain.model.people import People
from services.booking.domain.model.times import Period
from services.booking.domain.weight import PLACES_AT_ONCE, places_asked
from services.booking.messages.commands import Received, decode
from services.booking.messages.outcomes import messages_for, verdict_on
from services.booking.messages.proofs import proven
from services.booking.metrics import COMMANDS, MISROUTED
from services.booking.rebuild.guard import refuse_to_begin_anew
from services.booking.settings import BookingSettings
from services.booking.store import batches, decisions
from services.booking.store.people import keep as keep_people

Items = Sequence[tuple[Record, Received]]
Verdicts = dict[UUID, Verdict]
TOO_LARGE = Refusal(
    Code.TOO_LARGE,
    "The command is too large to be carried out at once. Try fewer people or fewer occurrences.",
)


class Handlers:
    """Decides commands. One instance lives as long as its service and remembers people."""

    def __init__(self, settings: BookingSettings, publisher: Publisher, directory: Directory) -> None:
        self.namespaces = Namespaces(settings, "booking", topics.BOOKING_OUTCOMES.name)
        self._settings = settings
        self._publisher = publisher
        self._directory = directory
        self._tally: Tally | None = None  # of a batch that is not committed yet
        self._kept_people = False
        self._may_decide = False

    async def handle(self, tx: Transaction, items: Items) -> list[Message]:
        """Decide each command in order: exactly one outcome for each, one event for each change."""
        self._forget_uncommitted()
        await self._refuse_to_begin_anew(tx)
        partitions = await self._partitions()
        items, verdicts = await self._known(tx, items)
        decided = await decide_batch(self._items(items), verdicts.keys(), partial(self._load, tx))
        new = _verdicts(items, decided.decisions)
        await keep_people(tx, self._directory.unsaved())
        # PostgreSQL writes while the messages are made.
        saving = asyncio.create_task(
            batches.save_changes(tx, decided.book.take_changes(), list(new.values()))
        )
        try:
            await asyncio.sleep(0)
            self._count(decided.tally, items, partitions)
            return list(_messages(items, verdicts | new, partitions))
        finally:
            tx.idle.set()
            await saving

    async def refuse_too_heavy(self, tx: Transaction, record: Record, received: Received) -> list[Message]:
        """Refuse a command that the database cannot carry out in time even alone, and remember the refusal.

        Nothing is loaded or locked for it: the refusal follows from no appointment.
        """
        self._forget_uncommitted()
        items, verdicts = await self._known(tx, [(record, received)])
        [(_, keyed)] = items
        if keyed.key not in verdicts:
            verdicts[keyed.key] = verdict_on(record, keyed, TOO_LARGE)
            await batches.save(tx, (), [verdicts[keyed.key]])
            self._tally = Tally()
            self._tally.commands[keyed.type, *outcome_of(TOO_LARGE)] += 1
        return list(_messages(items, verdicts, await self._partitions()))

    async def republish(self, tx: Transaction, items: Items) -> list[Message]:
        """Return the messages of records that were decided before, byte for byte."""
        partitions = await self._partitions()
        items, verdicts = await self._known(tx, items)
        return list(_messages(items, verdicts, partitions))

    def committed(self) -> None:
        """Count a batch that is committed, and forget the people whom it saved."""
        if self._kept_people:
            self._directory.saved()
        if self._tally is not None:
            for labels, count in self._tally.commands.items():
                COMMANDS.labels(*labels).inc(count)
            MISROUTED.inc(self._tally.misrouted)
        self._forget_uncommitted()

    def _forget_uncommitted(self) -> None:
        """Forget the tally of a batch that was rolled back: its commands are counted when they are decided
        again.
        """
        self._tally = None
        self._kept_people = False

    def _count(self, tally: Tally, items: Items, partitions: int) -> None:
        tally.misrouted = sum(_is_misrouted(record, received, partitions) for record, received in items)
        self._tally = tally
        self._kept_people = True

    async def _refuse_to_begin_anew(self, tx: Transaction) -> None:
        if not self._may_decide:
            await refuse_to_begin_anew(tx, self._settings)
            self._may_decide = True

    async def _load(
        self, tx: Transaction, commands: Sequence[Command], within: Period, earlier: Book | None
    ) -> Book:
        """Load the book for these commands, with the people of an earlier one and the time that it noted as
        sought.
        """
        if earlier is not None:
            return await batches.load_book(tx, commands, earlier.people, within, sought=earlier.sought)
        if len(commands) > 1 and places_asked(commands) > PLACES_AT_ONCE:
            raise TooMuch
        needs = needs_of(commands)
        people = await self._people(tx, commands, needs)
        return await batches.load_book(tx, commands, people, within, needs=needs)

    async def _people(self, tx: Transaction, commands: Sequence[Command], needs: AllNeeds) -> People:
        """Return the actors and named people whom Identity knows. Only the consumer's own position is locked
        yet.
        """
        actors = {command.actor.user for command in commands if command.actor.user}
        return await self._directory.people(
            actors | needs.people, lambda: tx.stay_open(self._settings.identity_timeout)
        )

    async def _known(self, tx: Transaction, items: Items) -> tuple[Items, Verdicts]:
        """Return the commands under their keys, and the verdicts of those that were decided before, by key."""
        load = partial(decisions.load_verdicts, tx)
        return await known(items, load, decode, self.namespaces.has_own_key)

    def _items(self, items: Items) -> list[Item]:
        secret = self._settings.feed_secret
        return [
            Item(received.key, received.type, proven(received, secret), record.timestamp)
            for record, received in items
        ]

    async def _partitions(self) -> int:
        """Return the number of partitions of booking.outcomes; commands and events have as many."""
        return await self._publisher.partitions(topics.BOOKING_OUTCOMES.name)


def _verdicts(items: Items, decisions: Mapping[UUID, Decision]) -> Verdicts:
    """Return the verdict for each decision, on the first record of its key, in the order of the decisions."""
    first = {received.key: (record, received) for record, received in reversed(items)}
    return {key: verdict_on(*first[key], decision) for key, decision in decisions.items()}


def _messages(items: Items, verdicts: Mapping[UUID, Verdict], partitions: int) -> Iterator[Message]:
    for record, received in items:
        if verdict := verdicts.get(received.key):
            yield from messages_for(record, received, verdict, partitions)


def _is_misrouted(record: Record, received: Received, partitions: int) -> bool:
    return (
        record.topic == topics.BOOKING_COMMANDS.name
        and received.organization is not None
        and record.partition != partition_of(str(received.organization).encode(), partitions)
    )
