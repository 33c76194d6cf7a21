"""Which state of a delivery is newer, and how counts move."""

from collections import Counter
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from services.projector.domain.deliveries import Cell, Delivery, Standing, is_newer, project
from services.projector.messages.incoming import read
from tests.unit.projector.builders import DECIDED, HUB, a_notification, a_record, an_id

SENT = {"sent_at": DECIDED}


def a_delivery(state: str, attempts: int = 0, **fields: Any) -> Delivery:
    """The e-mail in that state, as it is read from the log."""
    fact = read(a_record(a_notification("mail", state, attempts, **fields)))
    assert fact is not None
    assert isinstance(fact.body, Delivery)
    return fact.body


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        pytest.param(a_delivery("planned"), a_delivery("sent", 1, **SENT), id="sent after planned"),
        pytest.param(a_delivery("planned"), a_delivery("retrying", 1), id="retrying after planned"),
        pytest.param(a_delivery("retrying", 1), a_delivery("retrying", 2), id="more attempts are later"),
        pytest.param(
            a_delivery("retrying", 1, next_attempt_at=DECIDED),
            a_delivery("held", 1, next_attempt_at=DECIDED + timedelta(minutes=1)),
            id="held after retrying, ordered by the next attempt",
        ),
        pytest.param(
            a_delivery("sent", 1, **SENT),
            a_delivery("delivered", 1, delivered_at=DECIDED, **SENT),
            id="delivered after sent",
        ),
        pytest.param(
            a_delivery("delivered", 1, **SENT),
            a_delivery("bounced", 1, **SENT),
            id="a bounce is the last word",
        ),
        pytest.param(
            a_delivery("sent", 1, **SENT),
            a_delivery("failed", 1, **SENT),
            id="a report of failure after sent",
        ),
        pytest.param(a_delivery("retrying", 4), a_delivery("failed", 5), id="failed after the last attempt"),
        pytest.param(a_delivery("retrying", 2), a_delivery("expired", 2), id="expired while waiting"),
        pytest.param(
            a_delivery("dead_lettered", 1),
            a_delivery("sent", 1, **SENT),
            id="redriven and sent, attempts counted anew",
        ),
        pytest.param(
            a_delivery("dead_lettered", 1), a_delivery("retrying", 2), id="redriven and tried once more"
        ),
    ],
)
def test_newer(earlier: Delivery, later: Delivery) -> None:
    """Decided by their fields, whichever comes first."""
    assert is_newer(later, earlier)
    assert not is_newer(earlier, later)
    for order in permutations((earlier, later)):
        show, _ = project(order, {})
        assert show == [later]


def test_the_same_state_again_changes_nothing() -> None:
    """A redelivered state is not shown again and moves no count."""
    sent = a_delivery("sent", 1, **SENT)
    assert project([sent], {sent.id: Standing("sent", 1, None, DECIDED)}) == ([], {})


def test_counts_follow_the_state_in_any_order() -> None:
    """However the states of a delivery come, it is counted once, where it stands."""
    states = [a_delivery("planned"), a_delivery("sent", 1, **SENT), a_delivery("delivered", 1, **SENT)]
    for order in permutations(states):
        known: dict[Any, Standing] = {}
        counts: Counter[Cell] = Counter()
        for state in order:
            show, moved = project([state], known)
            counts.update(moved)
            known |= {
                item.id: Standing(item.state, item.attempts, item.next_attempt_at, item.sent_at)
                for item in show
            }
        day = DECIDED.date()
        assert {cell: count for cell, count in counts.items() if count} == {
            Cell(HUB, day, "appointment_invitation", "email", "delivered"): 1
        }
        assert known[an_id("mail")].state == "delivered"
