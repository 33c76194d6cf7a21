"""Send an import: paced, few in flight; each outcome is awaited, and its follow-ups are sent after it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from chassis.kafka.log import Log
from chassis.kafka.publisher import Publisher
from cli import describe
from cli.transfer.entries import Problem, of_its_parts
from cli.transfer.importing.follow_ups import follow_ups
from cli.transfer.importing.pace import Pace
from cli.transfer.importing.planning import Planned
from cli.transfer.roster import Roster
from cli.transfer.tally import Report, Tally
from contracts.envelope import MalformedEnvelope, Message, Record, message_id

IN_FLIGHT = 64
STALLED_SECONDS = 60.0
_TICK_SECONDS = 0.02
_POLL_SECONDS = 0.1


class Underway(NamedTuple):
    """A command without an outcome: its plan, and the time of sending (seconds of the loop's clock)."""

    plan: Planned
    message: Message
    at: float


@dataclass
class Sending:
    """An import under way. `items` are read only as fast as they can be sent, so a file of any size takes no memory."""

    items: Iterator[Planned | Problem]
    roster: Roster
    tally: Tally
    report: Report
    stop: asyncio.Event
    show: Callable[[], None]
    _waiting: dict[UUID, Underway] = field(default_factory=dict)
    _next: deque[tuple[Planned, Message]] = field(default_factory=deque)
    _ended: bool = False
    _heard: int = 0

    async def run(self, log: Log, producer: Publisher, rate: float, *, steady: bool = False) -> None:
        """Send everything and wait for its outcomes, until all is decided, `stop` is set or no outcome comes any more."""
        await log.from_now()
        pace = Pace(rate, asyncio.get_running_loop().time(), steady=steady)
        listening = asyncio.create_task(self._listen(log, pace))
        try:
            await self._feed(producer, pace, listening)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
        for underway in self._waiting.values():
            self.tally.undecided += 1
            self._count(underway.plan, "failed", create=underway.message is underway.plan.message)
            detail = "It was sent and will be decided once; import again."
            self._report(underway.plan, "undecided", "no_outcome", detail)

    async def _feed(self, producer: Publisher, pace: Pace, listening: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        moved, before = loop.time(), -1
        while not (self._ended and not self._waiting and not self._next):
            if listening.done():
                listening.result()
            now = loop.time()
            sent = self._take(min(pace.allowed(now), IN_FLIGHT - len(self._waiting)), now)
            if sent:
                pace.spend(len(sent))
                await producer.publish(sent)
            if self._heard != before or not self._waiting:
                moved, before = loop.time(), self._heard
            if self._given_up(loop.time() - moved):
                return
            self.show()
            await asyncio.sleep(_TICK_SECONDS)

    def _given_up(self, quiet: float) -> bool:
        """Return whether waiting is over; after a Ctrl-C commands under way are awaited, but not for long."""
        if self.stop.is_set():
            self.tally.interrupted = self._ended = True
            self._next.clear()
            return quiet > STALLED_SECONDS / 6
        return quiet > STALLED_SECONDS

    def _take(self, count: int, now: float) -> list[Message]:
        """Return the next commands: follow-ups of earlier ones before new ones."""
        taken: list[Message] = []
        while len(taken) < count:
            pair = self._next.popleft() if self._next else self._read()
            if pair is None:
                break
            identifier = message_id(pair[1].headers)
            if identifier is not None:
                self._waiting[identifier] = Underway(*pair, now)
                taken.append(pair[1])
        return taken

    def _read(self) -> tuple[Planned, Message] | None:
        """Return the next entry that can be sent; report the others, a tick's worth at a time."""
        for _ in range(IN_FLIGHT):
            if self._ended:
                return None
            item = next(self.items, None)
            if item is None:
                self._ended = True
                return None
            if isinstance(item, Problem):
                self.tally.take(item, self.report)
                continue
            self.tally.read += 1
            if item.command_id not in self._waiting:
                return item, item.message
            self.tally.booked += 1  # the same entry again, while the first is on its way
            self._count(item, "booked")
        return None

    async def _listen(self, log: Log, pace: Pace) -> None:
        while True:
            for record in await log.next_batch(_POLL_SECONDS):
                with contextlib.suppress(MalformedEnvelope):
                    self._note(record, pace)

    def _note(self, record: Record, pace: Pace) -> None:
        identifier = record.header("correlation-id")
        try:
            underway = self._waiting.pop(UUID(identifier or ""), None)
        except ValueError:
            return
        if underway is not None:
            self._heard += 1
            pace.note(asyncio.get_running_loop().time() - underway.at)
            self._decided(underway.plan, underway.message, describe.body_of(record))

    def _decided(self, plan: Planned, message: Message, outcome: Mapping[str, Any]) -> None:
        accepted, create = outcome.get("status") == "accepted", message is plan.message
        if accepted and create:
            self._booked(plan, outcome)
        elif create and _exists(outcome):
            self.tally.existing += 1
            self._count(plan, "booked")
            self._report(
                plan,
                "existing",
                "exists",
                "An appointment with this id exists already; it was left unchanged.",
            )
        elif not accepted:
            self._refused(plan, message, outcome)

    def _booked(self, plan: Planned, outcome: Mapping[str, Any]) -> None:
        self.tally.booked += 1
        self._count(plan, "booked")
        self.tally.occurrences += len(outcome.get("occurrences") or ())
        for note in plan.entry.notes:
            self.tally.notes += 1
            self.report.add(note, "note")
        for skipped in outcome.get("skipped") or ():
            self.tally.notes += 1
            when = skipped.get("original_start_time")
            self._report(plan, "note", str(skipped.get("code")), f"The occurrence of {when} was left out.")
        self._next.extend((plan, message) for message in follow_ups(plan, outcome, self.roster))

    def _refused(self, plan: Planned, message: Message, outcome: Mapping[str, Any]) -> None:
        detail, errors = str(outcome.get("detail")), tuple(outcome.get("errors") or ())
        if message is plan.message:
            self.tally.refused += 1
            self._count(plan, "failed")
            self._report(plan, "refused", str(outcome.get("code")), detail, errors)
        else:
            kind = dict(message.headers)["ce_type"].decode()
            self.tally.notes += 1
            self._report(plan, "note", str(outcome.get("code")), f"{kind}: {detail}", errors)

    def _report(
        self, plan: Planned, outcome: str, code: str, detail: str, errors: tuple[Any, ...] = ()
    ) -> None:
        title = str(plan.entry.body.get("title"))[:80]
        problem = Problem(plan.entry.place, code, detail, plan.entry.uid, title, errors)
        parts = plan.entry.parts if outcome in ("refused", "undecided") else plan.entry.parts[:1]
        for one in of_its_parts(problem, parts):
            self.report.add(one, outcome)

    def _count(self, plan: Planned, fate: str, *, create: bool = True) -> None:
        """Count the components of an entry by the outcome of its create; its follow-ups change nothing."""
        if create:
            self.tally.count(fate, len(plan.entry.parts) or 1)


def _exists(outcome: Mapping[str, Any]) -> bool:
    """Return whether the id is in use: by an earlier import with other content, or by the appointment itself."""
    errors = outcome.get("errors") or ()
    return any(one.get("field") == "appointment_id" and one.get("code") == "exists" for one in errors)
