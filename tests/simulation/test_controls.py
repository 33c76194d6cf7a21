"""Negative controls: the simulation without one safeguard breaks the promise that the safeguard keeps.

A control that stays green shows that the simulation cannot see what the safeguard is for.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from chassis import progress
from chassis.batch import Applier
from chassis.positions import Positions
from chassis.takeover import TakeOver
from tests.simulation import checks
from tests.simulation.mutation import changed
from tests.simulation.scenario import Mode, run

SEEDS = 300


@dataclass(frozen=True)
class Control:
    """A safeguard, how to take it away, and the promise that breaks then."""

    safeguard: str
    promise: str
    without: "list[AbstractContextManager[None]]"
    mode: Mode = Mode.SAFETY
    trouble: str | None = None
    first: int = 0


def _controls() -> Iterator[Control]:
    yield Control("row lock", checks.ONCE, [changed(progress, "_LOCK", ("FOR UPDATE OF p", ""))])
    yield Control(
        "take-over at what is published",
        checks.PUBLISHED,
        [
            changed(
                TakeOver,
                "_seek_all",
                ("kafka.seek(partition, row.published_offset)", "kafka.seek(partition, row.next_offset)"),
                ("own(partition, row.published_offset,", "own(partition, row.next_offset,"),
            )
        ],
    )
    yield Control(
        "seek check",
        checks.PUBLISHED_IN_ORDER,
        [changed(Positions, "seeks", ("self._seeks.get(partition, 0)", "0"))],
    )
    yield Control(
        "old-record check",
        checks.ONCE,
        [changed(Applier, "_apply", ("item.record.offset >= row.next_offset", "True"))],
    )
    yield Control(
        "stamp",
        checks.NOTHING_SKIPPED,
        [
            changed(
                Positions,
                "accept",
                (
                    "position is None or self._stamp.get(partition) != self._seeks[partition]",
                    "position is None",
                ),
            )
        ],
    )


@contextmanager
def _all(without: "list[AbstractContextManager[None]]") -> Iterator[None]:
    for change in without:
        change.__enter__()
    try:
        yield
    finally:
        for change in reversed(without):
            change.__exit__(None, None, None)


@pytest.mark.parametrize("control", list(_controls()), ids=lambda control: control.safeguard)
def test_without(control: Control) -> None:
    seen: set[str] = set()
    with _all(control.without):
        for seed in range(control.first, control.first + SEEDS):
            seen |= (broken := run(seed, control.mode, control.trouble).broken)
            if control.promise in broken:
                print(control.safeguard, "red at", seed)
                return
    pytest.fail(f"without the {control.safeguard} only this broke in {SEEDS} seeds: {sorted(seen)}")
