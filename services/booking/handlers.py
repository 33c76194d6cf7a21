"""Batches of commands: load, decide, save, tell."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from services.booking.domain.decide import decide
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command, Create, PlaceHold, SetAvailability, Update
from services.booking.domain.model.decision import Accepted, AcceptedMany, Code, Decision, Refusal
from services.booking.domain.model.people import Person
from services.booking.domain.model.times import Period
from services.booking.domain.weight import PLACES_AT_ONCE, places_asked
from services.booking.messages.commands import Received, decode
from services.booking.messages.outcomes import messages_for, verdict_on
from services.booking.metrics import COMMANDS, MISROUTED
from services.booking.rebuild.guard import refuse_to_begin_anew
from services.booking.settings import BookingSettings
from services.booking.store import batches, decisions
from services.booking.store.people import keep as keep_people

Items = Sequence[tuple[Record, Received]]
Verdicts = dict[UUID, Verdict]
TOO_LARGE = Refusal(
    Code.TOO_LARGE, "This is more than can be booked at once: fewer people, or fewer occurrences, may do."
)


class Handlers:
    """Decides commands. One instance lives as long as its service and remembers people."""

    def __init__(self, settings: BookingSettings, publisher: Publisher, directory: Directory) -> None:
        self.namespaces = Namespaces(settings, "booking", topics.BOOKING_OUTCOMES.name)
        self._settings = settings
        self._publisher = publisher
        self._directory = directory
        self._tally: Counter[tuple[str, str, str]] = Counter()
        self._misrouted = 0
        self._kept_people = False
        self._may_decide = False

    async def handle(self, tx: Transaction, items: Items) -> list[Message]:
        """Decide each command in order: exactly one outcome for each, one event for each change."""
        self._begin_count()
        if not self._may_decide:
            await refuse_to_begin_anew(tx, self._settings)
            self._may_decide = True
        partitions = await self._partitions()
        items, verdicts = await self._known(tx, items)
        commands = list(_undecided(items, verdicts))
        if len(commands) > 1 and places_asked(commands) > PLACES_AT_ONCE:
            raise TooMuch
        people = await self._people(tx, commands)
        times = [record.timestamp for record, _ in items]
        within = Period(min(times), max(times))
        book = await batches.load_book(tx, commands, people, within)
        new = self._decide_all(items, book, verdicts)
        if book.sought:
            # Each command again at its place, from a book that also knows the days around what was refused.
            for verdict in new:
                del verdicts[verdict.command_id]
            book = await batches.load_book(tx, commands, people, within, sought=book.sought)
            new = self._decide_all(items, book, verdicts)
        await keep_people(tx, self._directory.unsaved())
        self._kept_people = True
        # PostgreSQL writes while the messages are made.
        saving = asyncio.create_task(
            batches.save(
                tx,
                book.take_changed(),
                new,
                book.take_announced(),
                book.diary.take_noted(),
                book.take_series(),
                book.feeds.take_changed(),
            )
        )
        try:
            await asyncio.sleep(0)
            self._misrouted = sum(_is_misrouted(record, received, partitions) for record, received in items)
            return list(_messages(items, verdicts, partitions))
        finally:
            tx.idle.set()
            await saving

    async def refuse_too_heavy(self, tx: Transaction, record: Record, received: Received) -> list[Message]:
        """The outcome of a command that the database cannot carry out in time even alone: refused, and remembered.

        Nothing is loaded or locked for it: the refusal follows from no appointment.
        """
        self._begin_count()
        items, verdicts = await self._known(tx, [(record, received)])
        [(_, keyed)] = items
        if keyed.key not in verdicts:
            verdicts[keyed.key] = verdict_on(record, keyed, TOO_LARGE)
            await batches.save(tx, (), [verdicts[keyed.key]])
            self._tally[keyed.type, *_outcome(TOO_LARGE)] += 1
        return list(_messages(items, verdicts, await self._partitions()))

    async def republish(self, tx: Transaction, items: Items) -> list[Message]:
        """The messages of records that were decided before, byte for byte."""
        partitions = await self._partitions()
        items, verdicts = await self._known(tx, items)
        return list(_messages(items, verdicts, partitions))

    def committed(self) -> None:
        """A batch is decided for good: count it, and forget whom it saved."""
        if self._kept_people:
            self._directory.saved()
        for labels, count in self._tally.items():
            COMMANDS.labels(*labels).inc(count)
        MISROUTED.inc(self._misrouted)
        self._begin_count()

    def _begin_count(self) -> None:
        """Forget what a batch counted that was rolled back: it is counted again when it is decided again."""
        self._tally.clear()
        self._misrouted = 0
        self._kept_people = False

    def _decide_all(self, items: Items, book: Book, verdicts: Verdicts) -> list[Verdict]:
        """Decide what has no verdict yet, and add it to `verdicts`; returns the new ones."""
        self._tally.clear()
        new: list[Verdict] = []
        for record, received in items:
            if received.key in verdicts:
                self._tally[received.type, "repeated", ""] += 1
                continue
            asked = received.command
            decision = asked if isinstance(asked, Refusal) else decide(asked, book, record.timestamp)
            verdicts[received.key] = verdict_on(record, received, decision)
            new.append(verdicts[received.key])
            self._tally[received.type, *_outcome(decision)] += 1
        return new

    async def _people(self, tx: Transaction, commands: Sequence[Command]) -> Mapping[UUID, Person]:
        """Those whom the commands name and Identity knows. Nothing is locked yet but the consumer's own position."""
        return await self._directory.people(
            _named(commands), lambda: tx.stay_open(self._settings.identity_timeout)
        )

    async def _known(self, tx: Transaction, items: Items) -> tuple[Items, Verdicts]:
        """The commands under their keys, and what was decided about them before, by key."""
        load = partial(decisions.load_verdicts, tx)
        return await known(items, load, decode, self.namespaces.has_own_key)

    async def _partitions(self) -> int:
        """Of booking.outcomes; commands and events have as many."""
        return await self._publisher.partitions(topics.BOOKING_OUTCOMES.name)


def _undecided(items: Items, verdicts: Mapping[UUID, Verdict]) -> Iterator[Command]:
    seen = set(verdicts)
    for _, received in items:
        if received.key not in seen and not isinstance(received.command, Refusal):
            yield received.command
        seen.add(received.key)


def _named(commands: Iterable[Command]) -> Iterator[UUID]:
    for command in commands:
        if command.actor.user:
            yield command.actor.user
        if isinstance(command, Create | PlaceHold) and command.organizer_id:
            yield command.organizer_id
        if isinstance(command, Create | Update | PlaceHold):
            yield from command.participant_ids or ()
        if isinstance(command, SetAvailability):
            yield command.user_id


def _messages(items: Items, verdicts: Mapping[UUID, Verdict], partitions: int) -> Iterator[Message]:
    for record, received in items:
        if verdict := verdicts.get(received.key):
            yield from messages_for(record, received, verdict, partitions)


def _outcome(decision: Decision) -> tuple[str, str]:
    if isinstance(decision, Accepted):
        return "accepted" if decision.event else "unchanged", ""
    if isinstance(decision, AcceptedMany):
        return "accepted" if decision.steps or decision.happened else "unchanged", ""
    return "refused", decision.code.value


def _is_misrouted(record: Record, received: Received, partitions: int) -> bool:
    return (
        record.topic == topics.BOOKING_COMMANDS.name
        and received.organization is not None
        and record.partition != partition_of(str(received.organization).encode(), partitions)
    )
