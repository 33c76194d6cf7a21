"""Sending: never more in flight than may be, each outcome counted once, and what gets none is said."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest

from chassis.kafka.log import Log
from chassis.kafka.publisher import Publisher
from cli.transfer.entries import Problem
from cli.transfer.importing import pace, sending
from cli.transfer.importing.planning import Planned, planned
from cli.transfer.importing.sending import IN_FLIGHT, Sending
from cli.transfer.tally import Report, Tally
from contracts.envelope import Message, Record, message_id
from tests.unit.cli.transfer.cast import GRETA, JONAS, an_entry, roster

NOW = datetime(2027, 2, 20, 12, tzinfo=UTC)
ACCEPTED = {"status": "accepted", "appointment_id": "A"}
Decide = Callable[[dict[str, Any]], dict[str, Any] | None]


class Booking:
    """Kafka and booking in one: what is published is decided at the next look, unless `decide` says nothing.

    The first decisions come after so many looks.
    """

    def __init__(self, decide: Decide, looks: int = 0) -> None:
        self.decide = decide
        self._looks = looks
        self.published: list[Message] = []
        self.most_open = 0
        self._open: list[Message] = []

    async def publish(self, messages: Sequence[Message]) -> None:
        self.published += messages
        self._open += messages
        self.most_open = max(self.most_open, len(self._open))

    async def from_now(self) -> None:
        """Nothing was before."""

    async def next_batch(self, _: float) -> list[Record]:
        await asyncio.sleep(0.01)
        self._looks -= 1
        if self._looks > 0:
            return []
        decided, self._open = self._open, []
        found = []
        for message in decided:
            outcome = self.decide(orjson.loads(message.value or b""))
            if outcome is not None:
                headers = (("correlation-id", str(message_id(message.headers)).encode()),)
                record = Record("booking.outcomes", 0, 0, NOW, None, orjson.dumps(outcome), headers)
                found += [record, record]  # a later copy changes nothing
        return found


def plans(count: int, **fields: Any) -> Iterator[Planned | Problem]:
    """So many entries that differ."""
    for number in range(count):
        yield planned(an_entry(str(number), **fields), roster(), GRETA, at=NOW, attempt=1)


async def sent(
    items: Iterator[Planned | Problem],
    booking: Booking,
    rate: float = 100_000,
    tell: Callable[[Sending], None] = lambda _: None,
) -> tuple[Tally, Report]:
    """Import these entries; return the figures and the report."""
    report = Report(None)
    moving = Sending(items, roster(), Tally(), report, asyncio.Event(), lambda: tell(moving))
    await moving.run(cast("Log", booking), cast("Publisher", booking), rate)
    return moving.tally, report


@pytest.fixture(autouse=True)
def at_full_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that need not find out first how fast it may go."""
    monkeypatch.setattr(pace, "FIRST_RATE", 1e9)


async def test_all_are_booked_and_few_are_in_flight() -> None:
    booking = Booking(lambda _: ACCEPTED)
    tally, _ = await sent(plans(500), booking)
    assert (tally.read, tally.booked, tally.complete) == (500, 500, True)
    assert booking.most_open == IN_FLIGHT


async def test_what_follows_is_sent_after_the_outcome() -> None:
    booking = Booking(lambda _: ACCEPTED)
    items = plans(3, participant_ids=[JONAS.id], answers={JONAS.id: "confirmed"})
    tally, _ = await sent(items, booking)
    kinds = [dict(message.headers)["ce_type"] for message in booking.published]
    assert tally.booked == 3
    assert kinds[0] == b"appointment.create"
    assert sorted(kinds) == [b"appointment.confirm"] * 3 + [b"appointment.create"] * 3


async def test_refusals_are_reported_and_an_id_in_use_is_no_failure() -> None:
    exists = {
        "status": "refused",
        "code": "invalid",
        "errors": [
            {"field": "appointment_id", "code": "exists", "message": "This appointment id is already in use."}
        ],
    }
    refused = {"status": "refused", "code": "conflict", "detail": "Somebody is busy."}
    outcomes: Iterator[dict[str, Any]] = iter([ACCEPTED, exists, refused])
    tally, report = await sent(plans(3), Booking(lambda _: next(outcomes)))
    assert (tally.booked, tally.existing, tally.refused, tally.complete) == (1, 1, 1, False)
    assert [problem.code for problem in report.shown] == ["conflict"]


async def test_unsendable_ones_are_passed_over() -> None:
    items = [Problem(f"line {number}", "malformed", "") for number in range(200)]
    tally, _ = await sent(iter([*items, *plans(1)]), Booking(lambda _: ACCEPTED))
    assert (tally.read, tally.unsendable, tally.booked) == (201, 200, 1)


async def test_the_same_entry_twice_is_sent_once() -> None:
    [one] = plans(1)
    booking = Booking(lambda _: ACCEPTED, looks=50)
    tally, _ = await sent(iter([one, one]), booking)
    assert (tally.booked, len(booking.published)) == (2, 1)


async def test_what_gets_no_outcome_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "STALLED_SECONDS", 0.2)
    tally, report = await sent(plans(5), Booking(lambda _: None))
    assert (tally.undecided, tally.booked, tally.complete) == (5, 0, False)
    assert {problem.code for problem in report.shown} == {"no_outcome"}


async def test_stopping_awaits_what_is_under_way_and_sends_no_more() -> None:
    def stop(moving: Sending) -> None:
        if moving.tally.booked >= 10:
            moving.stop.set()

    booking = Booking(lambda _: ACCEPTED)
    tally, _ = await sent(plans(5_000), booking, rate=1_000, tell=stop)
    assert tally.interrupted
    assert tally.undecided == 0
    assert 10 <= tally.booked == len(booking.published) < 200
