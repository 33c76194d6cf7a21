"""Whose delivery is begun next."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.sending.fair_queue import Turns


@dataclass
class _Delivery:
    organization_id: str
    number: int


@dataclass
class _Looked:
    delivery: _Delivery


def _filled(organizations: list[str]) -> Turns:
    turns = Turns()
    for number, organization in enumerate(organizations):
        turns.put_nowait(_Looked(_Delivery(organization, number)))  # type: ignore[arg-type]
    return turns


def _emptied(turns: Turns) -> list[tuple[str, int]]:
    taken = []
    while not turns.empty():
        delivery = turns.get_nowait().delivery
        taken.append((str(delivery.organization_id), delivery.number))  # type: ignore[attr-defined]
    return taken


def test_one_of_each_in_turn() -> None:
    order = _emptied(_filled(["X"] * 4 + ["Y", "Z", "Y"]))
    assert [organization for organization, _ in order] == ["X", "Y", "Z", "X", "Y", "X", "X"]


@given(st.lists(st.sampled_from("XYZ"), max_size=40))
def test_nothing_is_lost_nor_overtaken_within_an_organization(organizations: list[str]) -> None:
    turns = _filled(organizations)
    assert turns.qsize() == len(organizations)
    order = _emptied(turns)
    assert turns.qsize() == 0
    assert sorted(order, key=lambda item: item[1]) == [(name, at) for at, name in enumerate(organizations)]
    for name in "XYZ":
        own = [at for organization, at in order if organization == name]
        assert own == sorted(own)


@given(st.integers(1, 300))
def test_who_comes_after_hundreds_waits_for_one(waiting: int) -> None:
    turns = _filled(["X"] * waiting + ["Y"])
    assert [turns.get_nowait().delivery.organization_id for _ in range(2)][1] == "Y"
