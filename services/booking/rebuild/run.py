"""The rebuild itself: read what was answered, find where deciding goes on, read the events, settle."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.transactions import Database, Transaction
from chassis.dead_letters.unresolved import is_note
from contracts import topics
from contracts.envelope import Record
from services.booking.clients.identity import Directory
from services.booking.domain.free_time.occupancy import freed_and_taken
from services.booking.domain.model.book import Changed
from services.booking.messages.state import appointment_of
from services.booking.rebuild import people, staging
from services.booking.rebuild.answers import command_row, letter_row, outcome_row
from services.booking.rebuild.cuts import Cut, Cuts
from services.booking.rebuild.deciding import decide_as_before
from services.booking.rebuild.facts import Fact, Unreadable, fact_of
from services.booking.rebuild.filling import Filling
from services.booking.rebuild.reading import Log, Report, portions
from services.booking.rebuild.summary import Summary, counts_of, never_answered, not_known
from services.booking.store import rebuilt

CONSUMER = "booking.commands"
ASKED_ON = (topics.BOOKING_COMMANDS.name, topics.redrive("booking").name)
PAGE = 50  # appointments held in memory at once, each with up to 500 people
EXPIRED_FOR = timedelta(days=1)  # what ended so long ago is not kept: the nightly jobs would delete it


class NotNow(Exception):
    """The rebuild may not begin: its message says why, and what to do."""


class Inconsistent(Exception):
    """The log contradicts itself, so that nothing was changed: its message says in what."""


class _Lowered(Exception):
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
        self._unknown: list[str] = []

    async def run(self, cluster: str, prefix: str, forward: bool) -> Summary:
        await self._may_begin(forward)
        since = await rebuilt.known_until(self._tx)
        await staging.create(self._tx)
        await self._read_answers()
        await self._read_commands()
        await staging.index(self._tx)
        cuts = await self._find_cuts()
        filling = await self._read_events(cuts, since)
        await self._settle()
        decided = await decide_as_before(self._tx, cuts)
        await self._go_on(cuts, cluster, prefix, forward)
        self._unknown += not_known(filling.counts, decided, identity_told=self._identity_told)
        positions = {f"{topic}/{number}": cut.offset for (topic, number), cut in cuts.items()}
        return Summary(counts_of(filling.counts, decided), positions, self._unknown)

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
        async for portion in portions(self._log, topics.BOOKING_OUTCOMES.name, self._report):
            found: dict[str, list[tuple[Any, ...]]] = {"rebuilt_outcomes": [], "rebuilt_answered": []}
            for record in portion:
                seq += 1
                if row := outcome_row(record, seq):
                    found[row[0]].append(row[1])
            for table, rows in found.items():
                await staging.copy(self._tx, table, rows)
        async for portion in portions(self._log, topics.dead_letters("booking").name, self._report):
            letters = [letter for record in portion if (letter := letter_row(record))]
            await staging.copy(self._tx, "rebuilt_answered", letters)

    async def _read_commands(self) -> None:
        for topic in ASKED_ON:
            async for portion in portions(self._log, topic, self._report):
                rows = [command_row(record) for record in portion if not is_note(record, "booking")]
                await staging.copy(self._tx, "rebuilt_commands", rows)

    async def _find_cuts(self) -> Cuts:
        """Where deciding goes on: at the first command whose outcome may be owed, else at the log's end."""
        since = self._now - timedelta(milliseconds=topics.BOOKING_OUTCOMES.retention_ms)
        undecided = await staging.first_undecided(self._tx, since)
        self._unknown += never_answered(*await staging.never_answered(self._tx, since))
        return Cuts(
            {
                (topic, partition): undecided.get((topic, partition), Cut(end, None))
                for topic in ASKED_ON
                for partition, end in (await self._log.ends(topic)).items()
            }
        )

    async def _read_events(self, cuts: Cuts, since: datetime | None) -> Filling:
        oldest = await staging.oldest_decision(self._tx)
        while True:
            filling = Filling(self._tx, oldest, since)
            try:
                async with self._tx.nested():
                    await self._fill(filling, cuts)
                return filling
            except _Lowered:
                continue

    async def _fill(self, filling: Filling, cuts: Cuts) -> None:
        """Each event but those of commands that are to be decided again, and what followed from these."""
        cuts.begin()
        async with aclosing(portions(self._log, topics.BOOKING_EVENTS.name, self._report)) as found:
            async for portion in found:
                facts = list(_facts(portion, filling.counts))
                standing = [fact for fact in facts if not cuts.leave_out(fact)]
                filling.counts["to come again"] += len(facts) - len(standing)
                if not cuts.lowered:  # else all of it is read again, once it is known which cuts are lower
                    await filling.take(await self._not_taken_back(standing, filling.counts))
        if cuts.lowered:
            raise _Lowered

    async def _settle(self) -> None:
        await rebuilt.settle(self._tx, self._now - EXPIRED_FOR)
        if self._directory is not None:
            self._identity_told = await people.ask(self._tx, self._directory)
        last, count = UUID(int=0), 0
        while page := await rebuilt.open_appointments(self._tx, last, PAGE):
            last, count = page[-1].id, count + len(page)
            booked = [Changed(None, appointment_of(row.state, row.organizer_confirmed)) for row in page]
            try:
                await rebuilt.occupy(self._tx, freed_and_taken(booked)[1])
            except asyncpg.ExclusionViolationError as error:
                raise Inconsistent(f"two open appointments take one person's time: {error.detail}") from error
            self._report("occupied time", count)

    async def _go_on(self, cuts: Cuts, cluster: str, prefix: str, forward: bool) -> None:
        if not forward:
            await rebuilt.begin_anew(self._tx, CONSUMER)
        positions = {(prefix + topic, number): cut.offset for (topic, number), cut in cuts.items()}
        await rebuilt.go_on(self._tx, CONSUMER, cluster, positions)

    async def _not_taken_back(self, facts: Sequence[Fact], counts: Counter[str]) -> list[Fact]:
        """The events but for those of commands that were decided again, and otherwise, after a backup was restored."""
        events = [(fact.id, *position, fact.at) for fact in facts if (position := fact.position)]
        void = await staging.taken_back(self._tx, events)
        counts["taken back"] += len(void)
        return [fact for fact in facts if fact.id not in void]


def _facts(records: Sequence[Record], counts: Counter[str]) -> Iterator[Fact]:
    for record in records:
        try:
            yield fact_of(record)
        except Unreadable:
            counts["unreadable"] += 1
