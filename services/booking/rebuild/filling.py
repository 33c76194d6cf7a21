"""A portion of events at a time: the newest version of each thing into its table, the rest to be settled in the end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.database.transactions import Transaction
from contracts.ids import uuid_of
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.diary import Hours
from services.booking.domain.model.feed import Feed
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.model.subscriptions import Subscriptions
from services.booking.messages.state import appointment_of, dumps
from services.booking.rebuild import staging
from services.booking.rebuild.facts import Fact, OfAppointment, OfBusyTimes, OfHold, OfSeries
from services.booking.rebuild.folding import confirmed_after, series_after
from services.booking.store import rebuilt
from services.booking.store import series as stored_series
from services.booking.store.feeds import keep_feeds
from services.booking.store.hours import save_hours
from services.booking.store.subscriptions import keep_subscriptions

F = TypeVar("F", OfAppointment, OfSeries, OfBusyTimes, OfHold, Hours, Feed, Subscriptions)


class Filling:
    """Fills the tables in one transaction.

    `decided_since`: events of commands that were decided before are not looked for any more, so only their state is
    kept. `known_until`: people are taken from events after it; what the database says of them is newer than the others.
    """

    def __init__(self, tx: Transaction, decided_since: datetime | None, known_until: datetime | None) -> None:
        self.counts: Counter[str] = Counter()
        self._tx = tx
        self._decided_since = decided_since
        self._known_until = known_until
        self._organizations: set[UUID] = set()
        self._seq = 0

    async def take(self, facts: Sequence[Fact]) -> None:
        """Apply a portion, in the order of the log."""
        self.counts["events"] += len(facts)
        await self._note_organizations(facts)
        await self._appointments(_of(OfAppointment, facts))
        await self._series(_of(OfSeries, facts))
        await self._hours(_of(Hours, facts))
        await self._feeds(_of(Feed, facts))
        await self._subscriptions(_of(Subscriptions, facts))
        await self._busy_times(facts)
        await self._holds(facts)
        await self._people(facts)
        await self._to_tell_again(facts)

    async def _note_organizations(self, facts: Iterable[Fact]) -> None:
        new = {fact.organization for fact in facts} - self._organizations
        if new:
            await rebuilt.add_organizations(self._tx, sorted(new))
            self._organizations |= new
        announced = [
            (fact.id, fact.organization, fact.at, UUID(fact.what.state["updated_by"]))
            for fact in facts
            if isinstance(fact.what, OfAppointment) and fact.type == "appointment.announced"
        ]
        await staging.copy(self._tx, "rebuilt_announced", announced)

    async def _appointments(self, facts: Sequence[OfAppointment]) -> None:
        known = await rebuilt.confirmations(self._tx, {fact.id for fact in facts})
        newest: dict[UUID, OfAppointment] = {}
        for fact in facts:
            version, confirmed = known.get(fact.id, (0, False))
            if fact.version > version:
                known[fact.id] = fact.version, confirmed_after(confirmed, fact)
                newest[fact.id] = fact
        self.counts["derived confirmations"] += sum(fact.confirmed is None for fact in newest.values())
        found: list[Appointment] = [appointment_of(fact.state, known[fact.id][1]) for fact in newest.values()]
        states = {fact.id: dumps(fact.state) for fact in newest.values()}
        await rebuilt.put_appointments(self._tx, found, states)
        await staging.copy(self._tx, "rebuilt_touched", [(identifier,) for identifier in newest])

    async def _series(self, facts: Sequence[OfSeries]) -> None:
        known: dict[UUID, Series] = await stored_series.by_id(self._tx, {fact.id for fact in facts})
        changed: dict[UUID, Series] = {}
        for fact in facts:
            before = known.get(fact.id)
            if before is not None and before.version >= fact.version:
                continue
            after = series_after(before, fact)
            self.counts["guessed templates" if fact.template is None else "told templates"] += 1
            if after is not None:
                known[fact.id] = changed[fact.id] = after
        await stored_series.save(self._tx, list(changed.values()), ())

    async def _hours(self, facts: Sequence[Hours]) -> None:
        newest = _newest(facts)
        known = await rebuilt.versions(self._tx, "availability", newest)
        await save_newer(save_hours, self._tx, newest, known)

    async def _feeds(self, facts: Sequence[Feed]) -> None:
        newest = _newest(facts)
        known = await rebuilt.versions(self._tx, "feeds", newest)
        await save_newer(keep_feeds, self._tx, newest, known)

    async def _subscriptions(self, facts: Sequence[Subscriptions]) -> None:
        newest = _newest(facts)
        known = await rebuilt.versions(self._tx, "calendar_subscriptions", newest)
        await save_newer(keep_subscriptions, self._tx, newest, known)

    async def _busy_times(self, facts: Iterable[Fact]) -> None:
        rows: list[tuple[Any, ...]] = []
        versions: list[tuple[Any, ...]] = []
        for fact in facts:
            if isinstance(what := fact.what, OfBusyTimes):
                head = what.user_id, fact.organization
                rows += [(*head, one.uid, what.version, one.start, one.end, what.source) for one in what.set]
                rows += [(*head, uid, what.version, None, None, "") for uid in what.removed]
                versions.append((*head, what.version))
        await staging.copy(self._tx, "rebuilt_busy", rows)
        await staging.copy(self._tx, "rebuilt_busy_versions", versions)

    async def _holds(self, facts: Iterable[Fact]) -> None:
        """Stage the holds that were placed, without those that were released or used up."""
        placed: list[tuple[Any, ...]] = []
        ended: list[tuple[UUID]] = []
        for fact in facts:
            if isinstance(what := fact.what, OfHold):
                hold = what.hold
                whose = hold.id, hold.organization_id, hold.owner_id, hold.user_ids
                if what.ended:
                    ended.append((hold.id,))
                else:
                    placed.append((*whose, hold.start, hold.end, hold.expires_at))
        used = [fact.what.hold_id for fact in facts if isinstance(fact.what, OfAppointment)]
        await staging.copy(self._tx, "rebuilt_holds", placed)
        await staging.copy(self._tx, "rebuilt_ended", ended)
        await staging.copy(self._tx, "rebuilt_ended", [(hold,) for hold in used if hold])

    async def _people(self, facts: Iterable[Fact]) -> None:
        newest: dict[UUID, tuple[Any, ...]] = {}
        for fact in facts:
            if self._known_until and fact.at <= self._known_until:
                continue
            for person in fact.people:
                known = newest.get(identifier := uuid_of(person["id"]))
                if known is None or known[-1] <= fact.at:
                    shown = person["name"], person["timezone"], person["locale"]
                    newest[identifier] = (identifier, fact.organization, *shown, fact.at)
        await rebuilt.note_people(self._tx, list(newest.values()))

    async def _to_tell_again(self, facts: Iterable[Fact]) -> None:
        """Events whose commands may come again."""
        if self._decided_since is None:
            return
        rows = []
        for fact in facts:
            if fact.at >= self._decided_since:
                self._seq += 1
                rows.append((self._seq, fact.id, fact.type, fact.subject, fact.record.value))
        await staging.copy(self._tx, "rebuilt_events", rows)


async def save_newer(save: Any, tx: Transaction, newest: dict[UUID, Any], known: dict[UUID, int]) -> None:
    """Save those that are newer than what is known."""
    newer = [what for user, what in newest.items() if what.version > known.get(user, 0)]
    if newer:
        await save(tx, newer)


def _newest(facts: Sequence[Any]) -> dict[UUID, Any]:
    """Of each person what has the highest version."""
    found: dict[UUID, Any] = {}
    for what in facts:
        if what.user_id not in found or found[what.user_id].version < what.version:
            found[what.user_id] = what
    return found


def _of(kind: type[F], facts: Iterable[Fact]) -> list[F]:
    return [fact.what for fact in facts if isinstance(fact.what, kind)]
