"""How the states of deliveries are told: gathered, and each of them once."""

from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Message, Record, header
from contracts.views import NotificationsChanged
from services.projector.messages.delivery_states import appointments_of, changed
from services.projector.messages.incoming import Fact, read
from tests.unit.projector.builders import (
    DECIDED,
    HUB,
    ORGANIZER,
    a_notification,
    a_record,
    an_event,
    an_id,
)

Pairs = list[tuple[Record, Fact]]
SENT = {"sent_at": DECIDED}


def facts(*messages: Message) -> Pairs:
    """As the projector reads them, one after the other."""
    found: Pairs = []
    for number, message in enumerate(messages):
        record = a_record(message, number)
        fact = read(record)
        assert fact is not None
        found.append((record, fact))
    return found


def states_in(messages: Sequence[Message]) -> dict[str, list[tuple[str, str]]]:
    """Delivery and state, by appointment."""
    found: dict[str, list[tuple[str, str]]] = {}
    for message in messages:
        for one in NotificationsChanged.model_validate_json(message.value or b"").appointments:
            found.setdefault(str(one.appointment_id), []).extend(
                (str(status.id), str(status.state)) for status in one.notifications
            )
    return found


def test_a_batch_is_told_once_with_the_newest_states() -> None:
    records = facts(
        a_notification("a", "planned"),
        a_notification("a", "sent", 1, **SENT),
        an_event("created"),
        a_notification("b", "sent", 1, appointment_id=an_id("other"), **SENT),
        a_notification("a", "delivered", 1, delivered_at=DECIDED, **SENT),
    )
    assert appointments_of(records) == {an_id("planning"), an_id("other")}
    [message] = changed(records, {an_id("planning"): ORGANIZER})
    assert states_in([message]) == {
        str(an_id("planning")): [(str(an_id("a")), "delivered")],
        str(an_id("other")): [(str(an_id("b")), "sent")],
    }
    body = orjson.loads(message.value or b"")
    assert [one["organizer_id"] for one in body["appointments"]] == [str(ORGANIZER), None]
    assert (message.topic, message.key) == ("projector.events", str(HUB).encode())
    assert header(message.headers, "cause") == records[-1][0].position
    assert changed(records, {an_id("planning"): ORGANIZER}) == [message], "the same for the same batch"


def test_what_is_planned_is_no_news() -> None:
    records = facts(a_notification("a", "planned"), an_event("created"))
    assert appointments_of(records) == set()
    assert changed(records, {}) == []


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["sent", "delivered", "bounced"])), max_size=12),
    st.integers(0, 12),
)
def test_however_batches_are_cut_the_last_word_on_each_delivery_is_its_newest_state(
    states: list[tuple[int, str]], cut: int
) -> None:
    records = facts(*(a_notification(number, state, 1, **SENT) for number, state in states))
    whole = dict(states_in(changed(records, {})).get(str(an_id("planning")), []))
    parts = [*changed(records[:cut], {}), *changed(records[cut:], {})]
    heard = [pair for of in states_in(parts).values() for pair in of]
    assert {name for name, _ in heard} == whole.keys()
    assert set(whole.items()) <= set(heard)
