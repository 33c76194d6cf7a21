"""The rebuild itself: read what was answered, find where deciding goes on, read the events, settle."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from chassis.database.transactions import Database, Transaction
from contracts import topics
from contracts.envelope import Record
from services.booking.clients.identity import Directory
from services.booking.domain.free_time.occupancy import freed_and_taken
from services.booking.domain.model.book import Changed
from services.booking.messages.state import appointment_of
from services.booking.rebuild import people, staging
from services.booking.rebuild.answers import command_row, letter_row, outcome_row, position_of
from services.booking.rebuild.deciding import Decided, decide_as_before, is_again
from services.booking.rebuild.facts import Fact, Unreadable, fact_of, version_of
from services.booking.rebuild.filling import Filling
from services.booking.rebuild.staging import Cut
from services.booking.store import rebuilt

CONSUMER = "booking.commands"
ASKED_ON = (topics.BOOKING_COMMANDS.name, topics.redrive("booking").name)
PORTION = 1_000  # records held in memory at once
EXPIRED_FOR = timedelta(days=1)  # what ended so long ago is not kept: the nightly jobs would delete it

Report = Callable[[str, int], None]


class Log(Protocol):
    """The log as a rebuild reads it: topics by their names without prefix."""

    def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """All records of the topic up to now, in order within each partition."""
        ...

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition."""
        ...


class NotNow(Exception):
    """The rebuild may not begin: its message says why, and what to do."""


class Inconsistent(Exception):
    """The log contradicts itself, so that nothing was changed: its message says in what."""


@dataclass(slots=True)
class Summary:
    """What a rebuild made of the log, and what it could not know (`unknown`, in sentences)."""

    counts: dict[str, int] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


class _Lower(Exception):
    """An event follows from one that is to come again: its partition goes on earlier than was thought."""


async def rebuild(
    database: Database,
    log: Log,
    cluster: str,
    now: datetime,
    *,
    prefix: str = "",
    directory: Directory | None = None,
    forward: bool = False,
    dry_run: bool = False,
    report: Report = lambda _phase, _count: None,
) -> Summary:
    """Fill booking's database from the log in one transaction; with `forward`, one that a backup has brought back.

    `cluster`: the id of the Kafka cluster; `prefix`: of its topics' names; `directory` is asked about everybody, None: nobody is. Raises NotNow and Inconsistent; nothing has changed then, nor by a dry run.
    """
    try:
        async with database.transaction() as tx:
            summary = await _Rebuild(tx, log, now, directory, report).run(cluster, prefix, forward)
            if dry_run:
                raise _Undone(summary)
            return summary
    except _Undone as undone:
        return undone.summary


class _Undone(Exception):
    def __init__(self, summary: Summary) -> None:
        super().__init__("a dry run")
        self.summary = summary


class _Rebuild:
    def __init__(
        self, tx: Transaction, log: Log, now: datetime, directory: Directory | None, report: Report
    ) -> None:
        self._tx = tx
        self._log = log
        self._now = now
        self._directory = directory
        self._identity_told = False
        self._report = report
        self._cuts: dict[tuple[str, int], Cut] = {}
        self._summary = Summary()

    async def run(self, cluster: str, prefix: str, forward: bool) -> Summary:
        await self._may_begin(forward)
        since = await rebuilt.known_until(self._tx)
        await staging.create(self._tx)
        await self._read_answers()
        await self._read_commands()
        await staging.index(self._tx)
        await self._find_cuts()
        filling = await self._read_events(await staging.oldest_decision(self._tx), since)
        await self._settle()
        decided = await decide_as_before(self._tx, self._cuts)
        await self._go_on(cluster, prefix, forward)
        self._sum_up(filling, decided)
        return self._summary

    async def _may_begin(self, forward: bool) -> None:
        await rebuilt.shut_out(self._tx)
        if count := await rebuilt.at_work(self._tx):
            raise NotNow(f"booking is running ({count} connections to its database): stop it first")
        filled = await rebuilt.filled(self._tx)
        if filled and not forward:
            raise NotNow(
                f"the database is not empty ({', '.join(filled)}): --forward rolls one forward that a backup brought back"
            )
        if forward and not filled:
            raise NotNow(
                "the database is empty: there is nothing to roll forward, rebuild it without --forward"
            )

    async def _read_answers(self) -> None:
        """Outcomes and dead letters."""
        seq = 0
        async for portion in self._portions(topics.BOOKING_OUTCOMES.name):
            found: dict[str, list[tuple[Any, ...]]] = {"rebuilt_outcomes": [], "rebuilt_answered": []}
            for record in portion:
                seq += 1
                if row := outcome_row(record, seq):
                    found[row[0]].append(row[1])
            for table, rows in found.items():
                await staging.copy(self._tx, table, rows)
        async for portion in self._portions(topics.dead_letters("booking").name):
            letters = [letter for record in portion if (letter := letter_row(record))]
            await staging.copy(self._tx, "rebuilt_answered", letters)

    async def _read_commands(self) -> None:
        for topic in ASKED_ON:
            async for portion in self._portions(topic):
                await staging.copy(self._tx, "rebuilt_commands", map(command_row, portion))

    async def _find_cuts(self) -> None:
        """Where deciding goes on: at the first command whose outcome may be owed, else at the log's end."""
        since = self._now - timedelta(milliseconds=topics.BOOKING_OUTCOMES.retention_ms)
        undecided = await staging.first_undecided(self._tx, since)
        for topic in ASKED_ON:
            for partition, end in (await self._log.ends(topic)).items():
                self._cuts[topic, partition] = undecided.get((topic, partition), Cut(end, None))
        count, some = await staging.never_answered(self._tx, since)
        if count:
            self._summary.unknown.append(
                f"{count} commands never got an outcome and are not decided now, either: {', '.join(some)}"
                + (" …" if count > len(some) else "")
            )

    async def _read_events(self, first: datetime | None, since: datetime | None) -> Filling:
        while True:
            filling = Filling(self._tx, first, since)
            try:
                async with self._tx.nested():
                    await self._fill(filling)
                return filling
            except _Lower:
                continue

    async def _fill(self, filling: Filling) -> None:
        """Each event but those of commands that are to be decided again, and what followed from these."""
        left_out: dict[UUID, int] = {}
        async with aclosing(self._portions(topics.BOOKING_EVENTS.name)) as portions:
            async for portion in portions:
                await filling.take(list(self._standing(portion, left_out, filling.counts)))

    def _standing(
        self, portion: Sequence[Record], left_out: dict[UUID, int], counts: Counter[str]
    ) -> Iterator[Fact]:
        for record in portion:
            try:
                fact = fact_of(record)
            except Unreadable:
                counts["unreadable"] += 1
                continue
            if self._is_again(fact):
                counts["to come again"] += 1
                _note_left_out(left_out, fact)
            else:
                self._check_order(left_out, fact)
                yield fact

    def _is_again(self, fact: Fact) -> bool:
        topic, partition, offset = _position(fact)
        return is_again(self._cuts, topic, partition, offset, fact.at)

    def _check_order(self, left_out: Mapping[UUID, int], fact: Fact) -> None:
        """What follows from an event that is left out is left out, too: its partition goes on there."""
        version = version_of(fact)
        if version is None or left_out.get(fact.subject, version) >= version:
            return
        topic, partition, offset = _position(fact)
        self._cuts[topic, partition] = Cut(offset, fact.at)
        raise _Lower

    async def _settle(self) -> None:
        await rebuilt.settle(self._tx, self._now - EXPIRED_FOR)
        if self._directory is not None:
            self._identity_told = await people.ask(self._tx, self._directory)
        last, count = UUID(int=0), 0
        while page := await rebuilt.open_appointments(self._tx, last, PORTION):
            last, count = page[-1].id, count + len(page)
            booked = [Changed(None, appointment_of(row.state, row.organizer_confirmed)) for row in page]
            try:
                await rebuilt.occupy(self._tx, freed_and_taken(booked)[1])
            except asyncpg.ExclusionViolationError as error:
                raise Inconsistent(f"two open appointments take one person's time: {error.detail}") from error
            self._report("occupied time", count)

    async def _go_on(self, cluster: str, prefix: str, forward: bool) -> None:
        if not forward:
            await rebuilt.begin_anew(self._tx, CONSUMER)
        positions = {(prefix + topic, number): cut.offset for (topic, number), cut in self._cuts.items()}
        await rebuilt.go_on(self._tx, CONSUMER, cluster, positions)
        self._summary.positions = {
            f"{topic}/{number}": cut.offset for (topic, number), cut in sorted(self._cuts.items())
        }

    def _sum_up(self, filling: Filling, decided: Decided) -> None:
        counts = filling.counts
        self._summary.counts = {
            "events": counts["events"],
            "decisions": decided.kept,
            "decisions known already": decided.known,
            "decisions to be made again": decided.again,
            "events to come again": counts["to come again"],
        }
        days = topics.BOOKING_OUTCOMES.retention_ms // topics.DAY_MS
        self._summary.unknown.append(
            f"decisions of more than {days} days ago, for the log keeps no outcomes for longer: such a command id is "
            "decided anew if it comes again (an appointment that stands is not booked twice by it)"
        )
        if not self._identity_told:
            self._summary.unknown.append(
                "who is active, and in which roles: Identity did not answer, all are taken for active"
            )
        notes = {
            "unreadable": "records on booking.events that booking did not write",
            "derived confirmations": "appointments whose organizer's confirmation was concluded from older events",
            "guessed templates": "changes of series whose template was concluded from older events",
        }
        self._summary.unknown += [f"{counts[name]} {note}" for name, note in notes.items() if counts[name]]
        if decided.incomplete:
            self._summary.unknown.append(
                f"{decided.incomplete} decisions whose command or events are not in the log any more"
            )

    async def _portions(self, topic: str) -> AsyncGenerator[Sequence[Record], None]:
        portion: list[Record] = []
        count = 0
        async with aclosing(self._log.records(topic)) as records:
            async for record in records:
                portion.append(record)
                if len(portion) == PORTION:
                    yield portion
                    count += len(portion)
                    self._report(topic, count)
                    portion = []
        if portion:
            yield portion
        self._report(topic, count + len(portion))


def _position(fact: Fact) -> tuple[str, int, int]:
    try:
        return position_of(fact.cause)
    except ValueError:
        return fact.cause, -1, -1


def _note_left_out(left_out: dict[UUID, int], fact: Fact) -> None:
    version = version_of(fact)
    if version is not None:
        left_out[fact.subject] = min(version, left_out.get(fact.subject, version))
