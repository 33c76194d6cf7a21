"""Each type of command states its needs beside its rule; without any one of them, a command is decided otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain import decide
from services.booking.domain.decide import RULES
from services.booking.domain.model import commands
from services.booking.domain.model.decision import AcceptedMany, Decision, Refusal
from services.booking.domain.model.needs import Needs
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    HOUR,
    MONDAY_9,
    NOW,
    ORG,
    a_command,
    a_create,
    an_appointment,
    an_update,
    by,
)
from tests.unit.booking.ledger import Ledger, at_once
from tests.unit.booking.recurring import a_series
from tests.unit.booking.test_bookable import HOLD, a_hold, busy, hours, removal, set_hours
from tests.unit.booking.test_subscriptions import note, polled, subscribe, unsubscribe

LATER = MONDAY_9 + timedelta(days=1)
VISIT = an_appointment().id


@dataclass(frozen=True)
class Example:
    """A command that comes after others, and the outcome of its decision in a few words."""

    outcome: str
    command: commands.Command
    before: tuple[commands.Command, ...] = ()
    at: datetime = NOW

    def decided(self) -> str:
        """Decide it with what the needs load, and nothing else."""
        ledger = Ledger()
        for command in self.before:
            assert not isinstance(decision := at_once(command, NOW, ledger), Refusal), decision
        return words_of(at_once(self.command, self.at, ledger))


def words_of(decision: Decision) -> str:
    """The code of a refusal; else the event, the version, and the people who got a seat or errors of polls."""
    if isinstance(decision, Refusal):
        return decision.code.value
    if isinstance(decision, AcceptedMany):
        happened = decision.happened[0] if decision.happened else None
        errors = [item["error"] for item in happened.body.get("subscriptions", ())] if happened else []
        words = f"{happened.type if happened else 'nothing'} {decision.version}"
        return " ".join([words, *filter(None, errors)])
    event = decision.event
    seated = len(event.more.get("seated", ())) if event and event.more else 0
    return f"{event.type if event else 'nothing'} {decision.appointment.version} {seated}"


def visit(*participants: UUID, **different: Any) -> commands.Create:
    return a_create(ANNA, participant_ids=participants, appointment_id=VISIT, **different)


def meanwhile(who: UUID, start: datetime = MONDAY_9) -> commands.Create:
    return a_create(who, number=2, participant_ids=(), start=start, end=start + HOUR)


def a_hold_later(number: int) -> commands.PlaceHold:
    start = LATER + number * HOUR
    return a_hold(start=start, end=start + HOUR, hold_id=UUID(int=number), participant_ids=())


def a_feed(token_hash: str) -> commands.SetFeed:
    given: dict[str, Any] = {"token_hash": token_hash, "proven": True, "signed_at": NOW}
    return commands.SetFeed(id=UUID(int=0xE0), organization=ORG, actor=by(ANNA), **given)


def extend() -> Example:
    series = a_series(rrule="FREQ=WEEKLY")
    ledger = Ledger()
    at_once(series, NOW, ledger)
    [known] = ledger.series
    asked = commands.ExtendSeries(id=UUID(int=0x81), organization=ORG, actor=by("booking"), series_id=known)
    return Example("series.changed None", asked, (series,), NOW + timedelta(weeks=3))


MOVED = an_update(start=LATER, end=LATER + HOUR)
WAITING = (visit(BEN, seats=1), a_command(commands.Join, CARA, wait=True), meanwhile(CARA))
RELEASE = commands.ReleaseHold(id=UUID(int=0x73), organization=ORG, actor=by(ANNA), hold_id=HOLD)
RENEW = commands.RenewHold(
    id=UUID(int=0x75),
    organization=ORG,
    actor=by(ANNA),
    hold_id=HOLD,
    renewed_id=UUID(int=0x76),
    expires_in=60,
)
ANNOUNCE = a_command(commands.Announce, ANNA)
BUSY = [(name, start, start + HOUR) for name, start in (("a", MONDAY_9), ("b", LATER))]
EXAMPLES = [
    Example("conflict", visit(BEN), (meanwhile(BEN),)),
    Example("appointment.created 1 0", visit(CARA, organizer_id=ANNA)),
    Example("invalid", visit(start=LATER, end=LATER + HOUR), (visit(),)),
    Example("appointment.created 1 0", visit(hold_id=HOLD, start=LATER, end=LATER + HOUR), (a_hold(),)),
    Example("appointment.updated 2 0", an_update(participant_ids=(CARA,)), (visit(),)),
    Example("conflict", MOVED, (visit(), meanwhile(ANNA, LATER))),
    Example(
        "conflict",
        a_command(commands.Confirm, BEN),
        (visit(BEN), a_command(commands.Decline, BEN), meanwhile(BEN)),
    ),
    Example("appointment.participant_declined 3 0", a_command(commands.Decline, BEN), WAITING),
    Example("conflict", a_command(commands.Join, CARA), (visit(seats=2), meanwhile(CARA))),
    Example("appointment.confirmed 3 0", a_command(commands.Leave, BEN), WAITING),
    Example("appointment.cancelled 2 0", a_command(commands.Cancel, ANNA), (visit(),)),
    Example("appointment.checked_in 2 0", a_command(commands.CheckIn, ANNA), (visit(),), MONDAY_9),
    Example("appointment.completed 2 0", a_command(commands.Complete, ANNA), (visit(),), MONDAY_9),
    Example("appointment.no_show 2 0", a_command(commands.MarkNoShow, ANNA), (visit(),), LATER),
    Example("appointment.announced 2 0", ANNOUNCE, (visit(),)),
    Example("rate_limited", ANNOUNCE, (visit(), *[ANNOUNCE] * 20)),
    extend(),
    Example("availability.changed 1", set_hours(BEN, hours(), who=ADMIN)),
    Example("availability.changed 2", set_hours(BEN, hours(end="18:00")), (set_hours(BEN, hours()),)),
    Example("busy_times.changed 2", busy(ANNA, BUSY[0]), (busy(ANNA, BUSY[1]),)),
    Example("busy_times.changed 2", removal(ANNA), (busy(ANNA, BUSY[1]),)),
    Example("conflict", a_hold(), (meanwhile(BEN),)),
    Example("hold.placed None", a_hold(organizer_id=ANNA)),
    Example("rate_limited", a_hold(), tuple(map(a_hold_later, range(5)))),
    Example("hold.released None", RELEASE, (a_hold(),)),
    Example("hold.released None", RENEW, (a_hold(),)),
    Example("busy_times.changed 2", polled(ANNA, BUSY[0]), (subscribe(ANNA), busy(ANNA, BUSY[1]))),
    Example("calendar_subscriptions.changed 2", subscribe(ANNA, 2), (subscribe(ANNA),)),
    Example("busy_times.changed 2", unsubscribe(ANNA), (subscribe(ANNA), polled(ANNA, BUSY[0]))),
    Example(
        "calendar_subscriptions.changed 2 too_many",
        note(ANNA, times=5_000),
        (subscribe(ANNA), busy(ANNA, BUSY[0])),
    ),
    Example("feed.changed 2", a_feed("1" * 64), (a_feed("0" * 64),)),
]


def stated() -> Iterator[tuple[type[commands.Command], str]]:
    """Each type of command with each need that it states for one of its examples."""
    for kind, rule in RULES.items():
        needs = [rule.needs(one.command) for one in EXAMPLES if type(one.command) is kind]
        yield from ((kind, name) for name in Needs._fields if any(getattr(one, name) for one in needs))
        if rule.time is not None:
            yield kind, "time"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{type(one.command).__name__} {one.outcome}")
def test_a_command_is_decided_from_what_its_needs_load(example: Example) -> None:
    assert example.decided() == example.outcome


@pytest.mark.parametrize(("kind", "need"), list(stated()))
def test_a_command_without_one_of_its_needs_is_decided_otherwise(
    monkeypatch: pytest.MonkeyPatch, kind: type[commands.Command], need: str
) -> None:
    rule = RULES[kind]
    examples = [one for one in EXAMPLES if type(one.command) is kind]
    if need == "time":
        poor = replace(rule, time=None)
    else:
        poor = replace(rule, needs=lambda command: _without(rule.needs(command), need))
    monkeypatch.setattr(decide, "RULES", {**RULES, kind: poor})
    assert any(not _as_expected(one) for one in examples)


def _without(needs: Needs, need: str) -> Needs:
    empty: dict[str, Any] = {need: ()}
    return needs._replace(**empty)


def _as_expected(example: Example) -> bool:
    try:
        return example.decided() == example.outcome
    except AssertionError:  # a command that comes before it is refused
        return False


def test_every_type_of_command_has_a_rule_and_an_example() -> None:
    every = {
        kind
        for kind in vars(commands).values()
        if isinstance(kind, type) and issubclass(kind, commands.Command) and not kind.__subclasses__()
    }
    assert set(RULES) == every == {type(one.command) for one in EXAMPLES}
