"""The life of a delivery: each state with the steps it allows, and no other way to change a state."""

import ast
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest

import services.notifier
from services.notifier.domain.delivery import Delivery, State
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.transitions import (
    Accept,
    Expire,
    FindSent,
    GiveUp,
    NotAllowed,
    PutBack,
    Redrive,
    Report,
    SetAside,
    ShareDigest,
    Step,
    fallback,
    next_state,
    transition,
)
from tests.unit.notifier.builders import NOW, someone
from tests.unit.notifier.test_content import a_reminder_for_ben

LATER = NOW + timedelta(hours=1)
STATES: tuple[State, ...] = get_args(State)
USUAL: Delivery = a_reminder_for_ben().delivery._replace(attempts=1, redrives=0)
DAY = date(2028, 3, 20)


def delivery(state: State) -> Delivery:
    """A delivery in that state."""
    return USUAL._replace(state=state)


STEPS: dict[str, Step] = {
    "hold": Hold(LATER, "quiet hours"),
    "expire": Expire("the appointment is over"),
    "set aside": SetAside("lacks a title"),
    "accept": Accept(2),
    "put back": PutBack(2, "HTTP 503"),
    "give up": GiveUp(2, "HTTP 503", for_good=False),
    "give up for good": GiveUp(2, "HTTP 422", for_good=True),
    "find sent": FindSent(),
    "report delivered": Report("delivered", None),
    "report failed": Report("failed", "full"),
    "report bounced": Report("bounced", "no such user"),
    "redrive": Redrive(),
    **{f"share {state}": ShareDigest(delivery(state), DAY) for state in STATES},
}
_WAITING: dict[str, State] = {
    "hold": "held",
    "expire": "expired",
    "set aside": "dead_lettered",
    "accept": "sent",
    "put back": "retrying",
    "give up": "failed",
    "give up for good": "dead_lettered",
    "find sent": "sent",
    "report delivered": "delivered",
    "report failed": "failed",
    "report bounced": "bounced",
}


def _sharing(*states: State) -> dict[str, State]:
    return {f"share {state}": state for state in states}


TABLE: dict[State, dict[str, State]] = {
    "planned": _WAITING,
    "held": _WAITING | _sharing("sent", "delivered", "failed", "bounced", "expired", "dead_lettered"),
    "retrying": _WAITING,
    "sent": {
        "report delivered": "delivered",
        "report failed": "failed",
        "report bounced": "bounced",
        **_sharing("delivered", "failed", "bounced"),
    },
    "delivered": {"report bounced": "bounced", **_sharing("bounced")},
    "failed": {
        "find sent": "sent",
        "report delivered": "delivered",
        "report bounced": "bounced",
        "redrive": "planned",
        **_sharing("sent", "delivered", "failed", "bounced", "expired", "dead_lettered"),
    },
    "bounced": {},
    "expired": {},
    "dead_lettered": {
        "redrive": "planned",
        **_sharing("sent", "delivered", "failed", "bounced", "expired", "dead_lettered"),
    },
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", STEPS)
def test_each_state_allows_the_steps_of_the_table_and_no_other(state: State, name: str) -> None:
    before, step = delivery(state), STEPS[name]
    expected = TABLE[state].get(name)
    assert next_state(state, step) == expected
    if expected is None:
        with pytest.raises(NotAllowed):
            transition(before, step, NOW)
    else:
        assert transition(before, step, NOW).state == expected
    assert before == delivery(state), "the delivery before the step stays as it was"


def changed(step: Step, before: Delivery = USUAL) -> dict[str, object]:
    """The fields that the step changes, with their new values."""
    after = transition(before, step, NOW)
    fields = Delivery._fields
    return {name: getattr(after, name) for name in fields if getattr(after, name) != getattr(before, name)}


def test_a_step_changes_the_fields_that_belong_to_it() -> None:
    assert changed(STEPS["hold"]) == {"state": "held", "held_until": LATER, "reason": "quiet hours"}
    assert changed(STEPS["accept"]) == {"state": "sent", "attempts": 2, "sent_at": NOW}
    assert changed(STEPS["put back"]) == {"state": "retrying", "attempts": 2, "reason": "HTTP 503"}
    assert changed(STEPS["give up"]) == {"state": "failed", "attempts": 2, "reason": "HTTP 503"}
    assert changed(STEPS["set aside"]) == {"state": "dead_lettered", "reason": "lacks a title"}
    assert changed(STEPS["report delivered"]) == {"state": "delivered", "delivered_at": NOW}
    assert changed(STEPS["report failed"]) == {"state": "failed", "reason": "full"}


def test_a_report_before_any_answer_counts_as_one_attempt() -> None:
    fresh = USUAL._replace(attempts=0, reason="HTTP 503")
    assert changed(FindSent(), fresh) == {"state": "sent", "attempts": 1, "sent_at": NOW, "reason": None}


def test_a_redriven_delivery_starts_again_and_counts_it() -> None:
    given_up = delivery("failed")._replace(attempts=6, reason="HTTP 503")
    assert changed(Redrive(), given_up) == {"state": "planned", "attempts": 0, "reason": None, "redrives": 1}


def test_an_entry_shares_all_that_became_of_its_digest() -> None:
    digest = delivery("failed")._replace(attempts=6, redrives=2, sent_at=NOW, reason="HTTP 503")
    assert changed(ShareDigest(digest, DAY), delivery("held")) == {
        "state": "failed",
        "attempts": 6,
        "redrives": 2,
        "sent_at": NOW,
        "reason": "in the digest of 2028-03-20: HTTP 503",
    }


def test_a_fallback_starts_as_planned_and_is_the_same_however_often_it_is_made() -> None:
    ids = {"event_id": someone("event"), "recipient_id": someone("Ben")}
    given_up = delivery("failed")._replace(**ids, sent_at=NOW, reason="full")  # type: ignore[arg-type]
    found = fallback(given_up, "in_app", LATER)
    assert (found.state, found.attempts, found.sent_at, found.reason) == ("planned", 0, None, None)
    assert (found.channel, found.fallback_of, found.planned_at) == ("in_app", given_up.id, LATER)
    assert found == fallback(given_up, "in_app", LATER)


# --- no other module changes a state ------------------------------------------------------------------------------------

SERVICE = Path(services.notifier.__file__).parent
OTHER_STATES = {"domain/breaker.py"}  # the circuit breaker has states of its own
WRITERS = {
    "store/queue.py": {"_SETTLE", "_RETRY", "_HOLD"},
    "store/deliveries.py": {"_SETTLE"},
}
"""The statements that write states: each takes them from deliveries that `transition` made."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the service but the transitions, by its path."""
    for path in sorted(SERVICE.rglob("*.py")):
        name = path.relative_to(SERVICE).as_posix()
        if name not in OTHER_STATES | {"domain/transitions.py"}:
            yield name, ast.parse(path.read_text())


def assignments_of_state(tree: ast.AST) -> list[int]:
    """The lines that set an attribute `state`, or make or replace something with an argument `state`."""
    return [
        node.lineno if isinstance(node, ast.Attribute) else node.value.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "state" and isinstance(node.ctx, ast.Store))
        or (isinstance(node, ast.keyword) and node.arg == "state")
    ]


def test_no_other_module_assigns_a_state() -> None:
    found = {name: lines for name, tree in modules() if (lines := assignments_of_state(tree))}
    assert found == {}


def test_an_assignment_of_a_state_is_found() -> None:
    lines = (
        "delivery.state = 'sent'\nreplace(delivery, state='sent')\ndelivery.state, other = 1, 2\nstate = 1"
    )
    assert sorted(assignments_of_state(ast.parse(lines))) == [1, 2, 3]


def statements(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The texts of SQL statements, by the name of their constant."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            parts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            yield node.targets[0].id, " ".join(part for part in parts if isinstance(part, str))


def states_set(sql: str) -> list[str]:
    """The values to which the SET clauses of a statement set a column `state`."""
    clauses = re.findall(r"\bSET\b(.*?)(?:\bFROM\b|\bWHERE\b|$)", sql, re.DOTALL)
    return [value for clause in clauses for value in re.findall(r"\bstate\s*=\s*([^\s,]+)", clause)]


def test_a_state_that_a_statement_sets_is_found() -> None:
    assert states_set("UPDATE d SET reason = 'x', state = 'sent' WHERE state = 'held'") == ["'sent'"]


def test_sql_writes_only_the_states_of_deliveries_that_were_given_to_it() -> None:
    writers: dict[str, set[str]] = {}
    for name, tree in modules():
        if name.startswith("migrations/"):
            continue
        for constant, sql in statements(tree):
            for value in states_set(sql):
                assert re.fullmatch(r"\w+\.state", value), f"{name}: {constant} sets the state to {value}"
                writers.setdefault(name, set()).add(constant)
    assert writers == WRITERS


def test_the_database_knows_the_states_of_the_table() -> None:
    migration = (SERVICE / "migrations/versions/0001_notifier.py").read_text()
    [states] = re.findall(r"CHECK \(state IN\s+\((.*?)\)\)", migration)
    assert set(re.findall(r"'(\w+)'", states)) == set(STATES) == set(TABLE)
