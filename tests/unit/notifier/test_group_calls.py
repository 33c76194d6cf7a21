"""Which deliveries share a call, and what a call's end means for each of them."""

import asyncio
from dataclasses import replace
from typing import cast
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Record
from notifications.preferences import NO_RULES, NOTHING_SAID
from services.notifier.clients.communication import to_many
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.model import Event, Person
from services.notifier.domain.staleness import Current
from services.notifier.domain.transitions import Accept, GiveUp, PutBack
from services.notifier.messages.events import Happened
from services.notifier.planning.deliveries import planned
from services.notifier.sending.attempt import Attempts, Before
from services.notifier.sending.completion import Ended
from services.notifier.sending.conclusion import Conclusion, NotCalled, Result, Untried
from services.notifier.sending.group_calls import FEWEST, MOST, Together, attempt, bundles, shares
from services.notifier.store.checked import Checked
from services.notifier.store.queue import Later
from tests.unit.notifier.builders import ANNA, BEN, NOW, PEOPLE, an_event, someone
from tests.unit.notifier.test_attempt import ILL, Slow
from tests.unit.notifier.test_content import a_reminder_for_ben

PLACES = [("Europe/Berlin", "de"), ("Europe/Berlin", "en"), ("Asia/Tokyo", "en")]


def announced(places: list[tuple[str, str]]) -> list[tuple[Delivery, bytes]]:
    """Plan Anna's announcement to people with these zones and languages."""
    crowd = [
        Person(someone(f"guest {number}"), f"Guest {number}", zone, locale)
        for number, (zone, locale) in enumerate(places)
    ]
    event: Event = replace(
        an_event("announced", answers={person.id: "confirmed" for person in crowd}),
        people={ANNA: PEOPLE[ANNA], **{person.id: person for person in crowd}},
        announcement="The bus leaves at eight.",
    )
    record = Record("booking.events", 0, 7, NOW, None, b"", ())
    return planned(record, Happened(event, "c", None, event.actor), {}, {}, NOW, "https://hub.example")


@given(st.lists(st.sampled_from(PLACES), max_size=60))
def test_a_bundle_has_one_channel_zone_language_and_wording_and_is_worth_it(
    places: list[tuple[str, str]],
) -> None:
    found = announced(places)
    of = bundles(found)
    groups: dict[UUID, list[tuple[Delivery, bytes]]] = {}
    for delivery, body in found:
        if delivery.id in of:
            groups.setdefault(of[delivery.id], []).append((delivery, body))
    for group in groups.values():
        assert len(group) >= FEWEST
        assert len({(item.event_id, item.type, item.channel, item.timezone) for item, _ in group}) == 1
        assert len({to_many(body, ()) for _, body in group}) == 1
    for place in PLACES:
        expected = places.count(place) if places.count(place) >= FEWEST else 0
        of_place = [
            item
            for item, body in found
            if item.id in of and (item.timezone, orjson.loads(body)["locale"]) == place
        ]
        assert len(of_place) == 2 * expected, "by e-mail and in the app"
    assert bundles(reversed(found)) == of


def test_what_waits_is_in_no_bundle() -> None:
    found = announced([PLACES[0]] * 12)
    held = [(item._replace(state="held"), body) for item, body in found]
    assert len(bundles(found)) == 24
    assert bundles(held) == {}


def looked(count: int, body: bytes = b"{}", current: Current | None = None) -> list[Checked]:
    [(delivery, _), *_] = announced([PLACES[0]])
    return [
        Checked(delivery._replace(id=someone(f"{number}")), body, current, NOTHING_SAID, NO_RULES)
        for number in range(count)
    ]


@given(st.integers(1, 450), st.randoms())
def test_shares_are_few_full_and_the_same_whatever_the_order(count: int, random: object) -> None:
    members = looked(count)
    calls = shares(BEN, members)
    assert len(calls) == -(-count // MOST)
    assert max(len(part) for _, part in calls) <= MOST
    assert max(len(part) for _, part in calls) - min(len(part) for _, part in calls) <= 1
    assert len({identifier for identifier, _ in calls}) == len(calls)
    assert {item.delivery.id for _, part in calls for item in part} == {item.delivery.id for item in members}
    random.shuffle(members)  # type: ignore[attr-defined]
    assert shares(BEN, members) == calls


class Answers:
    """A caller whose every call ends in the same way."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.calls = 0

    async def fresh(self, members: list[Checked]) -> list[Checked]:
        return [replace(item) for item in members]

    async def deliver(self, lead: Checked, before: Before) -> Conclusion | NotCalled:
        found = await before(lead)
        if not isinstance(found, Checked):
            return found
        self.calls += 1
        attempts = lead.delivery.attempts + 1
        if self.how == "untried":
            return NotCalled()
        if self.how == "sent":
            return Conclusion(Accept(attempts), NOW)
        if self.how == "retrying":
            return Conclusion(PutBack(attempts, "HTTP 503"), NOW, due=NOW, outage=True)
        return Conclusion(GiveUp(attempts, "HTTP 503", for_good=False), NOW, "HTTP 503")


def tried(how: str, members: list[Checked]) -> tuple[list[Result], list[Checked], int]:
    """The results, the members as they are now, and how many calls were made."""
    caller = Answers(how)
    lead = replace(members[0], delivery=members[0].delivery._replace(id=uuid4(), attempts=2))
    together = Together(lead, members)
    return asyncio.run(attempt(cast("Attempts", caller), together)), together.members, caller.calls


@pytest.mark.parametrize("how", ["sent", "failed", "retrying", "untried"])
def test_each_member_comes_as_far_as_the_call(how: str) -> None:
    results, members, calls = tried(how, looked(3))
    assert calls == 1
    kinds = {"untried": Untried, "retrying": Later}
    assert {type(result) for result in results} == {kinds.get(how, Ended)}
    assert [item.delivery.id for item in members] == [someone("0"), someone("1"), someone("2")]
    if how != "untried":
        ended = [result.delivery for result in cast("list[Ended]", results)]
        assert [item.id for item in ended] == [item.delivery.id for item in members]
        assert {(item.state, item.attempts) for item in ended} == {(how, 3)}
        assert {item.sent_at for item in ended} == {NOW if how == "sent" else None}


def test_a_call_goes_out_while_one_member_is_of_use_and_then_no_more() -> None:
    gone = Current(99, 0, "confirmed", NOW, False)
    results, _, calls = tried("sent", [*looked(2, current=gone), *looked(1)])
    assert (len(results), calls) == (3, 1)
    results, _, calls = tried("sent", looked(3, current=gone))
    assert calls == 0
    assert {(item.delivery.state, item.delivery.reason) for item in cast("list[Ended]", results)} == {
        ("expired", "the recipient no longer takes part")
    }


async def test_a_call_whose_members_are_all_called_off_between_two_tries_is_not_made_again() -> None:
    service = Slow(a_reminder_for_ben(), [ILL, None])
    lead = replace(service.looked, delivery=service.looked.delivery._replace(id=uuid4()))
    [result] = await attempt(service.caller(), Together(lead, [service.looked]))
    assert isinstance(result, Ended)
    assert result.delivery.id == service.looked.delivery.id
    assert (result.delivery.state, result.delivery.reason) == ("expired", "the appointment was cancelled")
    assert (service.calls, service.looks) == (1, [service.looked.delivery.id])
