"""Busy times by the calendar that they come from: replaced as a whole, removed by source or as a whole."""

import pytest

from services.booking.domain.calendars import busy_times
from services.booking.domain.model.commands import Command, Stretch
from services.booking.domain.model.decision import AcceptedMany, Code
from tests.unit.booking.builders import BEN, HOUR, MONDAY_9, NOW, a_create, accepted, refused
from tests.unit.booking.ledger import Ledger, at_once
from tests.unit.booking.test_bookable import after, busy, codes, removal

HOURS = [(MONDAY_9 + number * HOUR, MONDAY_9 + (number + 1) * HOUR) for number in range(6)]
ALL = Stretch(None, None, 2)


def settled(command: Command, ledger: Ledger) -> AcceptedMany:
    """The decision, which must be accepted."""
    decision = at_once(command, NOW, ledger)
    assert isinstance(decision, AcceptedMany), decision
    return decision


def kept(ledger: Ledger) -> dict[str, str]:
    """The uids of BEN's busy times with their sources."""
    known = ledger.elsewhere[BEN]
    return {uid: known.source(uid) for uid in known.ranges}


def test_a_newer_file_of_a_calendar_replaces_it_and_nothing_of_another() -> None:
    ledger = after(
        busy(BEN, ("a", *HOURS[0]), ("b", *HOURS[1]), source="work", replaces=ALL),
        busy(BEN, ("c", *HOURS[2]), source="home", replaces=ALL),
        busy(BEN, ("d", *HOURS[3])),
    )
    decision = settled(busy(BEN, ("b", *HOURS[1]), ("e", *HOURS[4]), source="work", replaces=ALL), ledger)
    assert decision.outcome == {"user_id": BEN, "imported": 1, "removed": 1}
    [event] = decision.happened
    assert (event.body["source"], event.body["removed"]) == ("work", ["a"])
    assert kept(ledger) == {"b": "work", "c": "home", "d": "", "e": "work"}
    accepted(at_once(a_create(), NOW, ledger))


def test_portions_replace_their_own_stretch_of_uids_only() -> None:
    everything = [(uid, *HOURS[number]) for number, uid in enumerate("abcd")]
    ledger = after(busy(BEN, *everything, source="work", replaces=Stretch(None, None, 4)))
    first = busy(BEN, ("a", *HOURS[0]), ("bb", *HOURS[4]), source="work", replaces=Stretch(None, "bb", 3))
    second = busy(BEN, ("d", *HOURS[3]), source="work", replaces=Stretch("bb", None, 3))
    settled(first, ledger)
    assert sorted(kept(ledger)) == ["a", "bb", "c", "d"]
    settled(second, ledger)
    assert sorted(kept(ledger)) == ["a", "bb", "d"]
    assert settled(first, ledger).happened == settled(second, ledger).happened == ()


def test_a_calendar_without_events_frees_all_its_time() -> None:
    ledger = after(busy(BEN, ("a", *HOURS[0]), source="work", replaces=ALL))
    assert codes(at_once(a_create(), NOW, ledger)) == ["busy_elsewhere"]
    settled(busy(BEN, source="work", replaces=Stretch(None, None, 0)), ledger)
    accepted(at_once(a_create(), NOW, ledger))


def test_a_uid_in_two_calendars_belongs_to_the_one_that_came_last() -> None:
    ledger = after(busy(BEN, ("a", *HOURS[0]), source="work"))
    assert settled(busy(BEN, ("a", *HOURS[0]), source="home"), ledger).outcome["imported"] == 1
    assert kept(ledger) == {"a": "home"}


def test_a_calendar_is_refused_by_its_total_and_not_by_the_ranges_that_it_replaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(busy_times, "KEPT_AT_MOST", 3)
    monkeypatch.setattr(busy_times, "MEANWHILE_AT_MOST", 6)
    late = [(f"z{number}", *when) for number, when in enumerate(HOURS[:2])]
    ledger = after(busy(BEN, *late, source="work", replaces=ALL), busy(BEN, ("own", *HOURS[5])))
    early = [("a0", *HOURS[0]), ("a1", *HOURS[1])]
    settled(busy(BEN, *early, source="work", replaces=Stretch(None, "a1", 2)), ledger)
    assert len(kept(ledger)) == 5, "for a moment"
    refusal = refused(at_once(busy(BEN, source="work", replaces=Stretch("a1", None, 3)), NOW, ledger))
    assert (refusal.code, refusal.errors[0].code) == (Code.INVALID, "too_many")
    settled(busy(BEN, source="work", replaces=Stretch("a1", None, 2)), ledger)
    assert sorted(kept(ledger)) == ["a0", "a1", "own"]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        pytest.param("work", ["c", "d"], id="a calendar"),
        pytest.param("", ["a", "b", "c"], id="all that was imported without a source"),
        pytest.param(None, [], id="everything"),
        pytest.param("unknown", ["a", "b", "c", "d"], id="a calendar without times"),
    ],
)
def test_a_removal_frees_the_time_of_a_source(source: str | None, left: list[str]) -> None:
    ledger = after(
        busy(BEN, ("a", *HOURS[0]), ("b", *HOURS[1]), source="work"),
        busy(BEN, ("c", *HOURS[2]), source="home"),
        busy(BEN, ("d", *HOURS[3])),
    )
    decision = settled(removal(BEN, source), ledger)
    assert decision.outcome == {"user_id": BEN, "removed": 4 - len(left)}
    assert sorted(kept(ledger)) == left
    assert settled(removal(BEN, source), ledger).happened == ()


def test_a_large_removal_is_several_events_of_one_version_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_times, "REMOVED_AT_ONCE", 2)
    ledger = after(busy(BEN, *((str(number), *HOURS[number]) for number in range(5))))
    decision = settled(removal(BEN), ledger)
    assert [event.body["version"] for event in decision.happened] == [2, 3, 4]
    assert [event.body["removed"] for event in decision.happened] == [["0", "1"], ["2", "3"], ["4"]]
    assert (decision.version, ledger.elsewhere[BEN].version) == (4, 4)


@pytest.mark.parametrize(
    "command",
    [
        busy(BEN, ("a", *HOURS[0]), source="subscription:1"),
        removal(BEN, "subscription:1"),
    ],
)
def test_the_times_of_a_subscribed_calendar_are_not_changed_by_hand(command: Command) -> None:
    assert refused(at_once(command, NOW)).errors[0].code == "subscribed"
