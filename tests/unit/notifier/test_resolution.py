"""The decision about a digest: each delivery that waits for it has exactly one outcome."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from notifications.preferences import NOTHING_SAID, Preferences
from notifications.rules import Decision
from services.notifier.digests import resolution
from services.notifier.digests.resolution import resolve
from services.notifier.domain.digests import Close, Release, Window, digest_id
from services.notifier.domain.model import Change
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.staleness import Current
from services.notifier.domain.transitions import transition
from services.notifier.store.checked import Checked
from services.notifier.store.digests import Row
from tests.unit.notifier.builders import BEN, NOW, an_event, someone
from tests.unit.notifier.test_digest_delivery import waited

DAY = date(2028, 3, 20)
DUE = NOW + timedelta(hours=5)
DIGEST = Row(digest_id(BEN, DAY), someone("organization"), BEN, DAY, "America/New_York", True, DUE)
CLOSE = Close(Decision("email", True, "default", "on by default"))
OVER = Current(99, 0, "confirmed", NOW, False)


def a_waiting_one(number: int, own: Preferences = NOTHING_SAID, current: Current | None = None) -> Checked:
    """A delivery to Ben that is held for the digest."""
    [item] = waited(an_event("updated", Change("title", "A", f"{number}")), own)
    delivery = item.delivery._replace(id=someone(f"delivery {number}"), event_id=someone(f"event {number}"))
    return replace(item, delivery=transition(delivery, Hold(DUE, "digest"), NOW), current=current)


def test_a_digest_is_written_from_the_deliveries_that_are_still_of_use() -> None:
    found = resolve(DIGEST, CLOSE, [a_waiting_one(1), a_waiting_one(2, current=OVER)], NOW)
    assert (found.outcome, found.released, found.kept) == ("sent", (), ())
    assert found.content is not None
    assert found.content[0].id == DIGEST.id
    [ended] = found.ended
    assert (ended.delivery.state, ended.error) == ("expired", None)
    assert ended.delivery.reason == "the recipient no longer takes part"


def test_a_digest_with_nothing_left_is_empty() -> None:
    found = resolve(DIGEST, CLOSE, [a_waiting_one(1, current=OVER)], NOW)
    assert (found.outcome, found.content, len(found.ended)) == ("empty", None, 1)


def test_a_delivery_that_is_switched_off_or_cannot_arrive_ends() -> None:
    off = replace(a_waiting_one(1), own=Preferences(channels={"email": False}))
    suspended = replace(a_waiting_one(2), suspended=True)
    found = resolve(DIGEST, CLOSE, [off, suspended], NOW)
    assert {item.delivery.reason for item in found.ended} == {
        "switched off by the person",
        "the address of the channel bounced",
    }


def test_a_dropped_digest_releases_its_deliveries() -> None:
    waiting = [a_waiting_one(1), a_waiting_one(2)]
    found = resolve(DIGEST, Release(), waiting, NOW)
    assert found.outcome == "dropped"
    assert found.released == [item.delivery for item in waiting]


def test_a_digest_that_cannot_be_written_releases_its_deliveries_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such word")

    monkeypatch.setattr(resolution, "summed_up", broken)
    found = resolve(DIGEST, CLOSE, [a_waiting_one(1)], NOW)
    assert (found.outcome, len(found.released), found.content) == ("dropped", 1, None)
    assert isinstance(found.fault, ValueError)


def test_a_postponed_digest_keeps_the_deliveries_that_can_wait_and_releases_the_others() -> None:
    long, short = a_waiting_one(1), a_waiting_one(2)
    short = replace(short, delivery=short.delivery._replace(starts_at=NOW + timedelta(hours=6)))
    window = Window(DAY, NOW + timedelta(hours=7), "waits for the digest")
    found = resolve(DIGEST, window, [long, short], NOW)
    assert (found.outcome, found.window) == ("postponed", window)
    assert [item.id for item in found.kept] == [item.id for item in found.moved] == [long.delivery.id]
    assert (found.kept[0].held_until, found.kept[0].reason) == (window.due, window.reason)
    assert [item.id for item in found.released] == [short.delivery.id]
    again = resolve(DIGEST, replace(window, due=DUE), [long], NOW)
    assert (len(again.kept), again.moved) == (1, []), "no event about a time that stays"


def test_a_delivery_that_a_report_has_ended_is_left_alone() -> None:
    item = a_waiting_one(1)
    ended = replace(item, delivery=item.delivery._replace(state="delivered"))
    found = resolve(DIGEST, CLOSE, [ended], NOW)
    assert (found.outcome, found.ended, found.released) == ("empty", [], ())
