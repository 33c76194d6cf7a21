"""Negative controls: the simulation without one safeguard breaks the promise that the safeguard keeps.

A control that stays green shows that the simulation cannot see what the safeguard is for.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

import chassis.consuming.applier
from chassis.consuming import progress
from chassis.consuming.applier import Applier
from chassis.consuming.consumer import Consumer
from chassis.consuming.partition_takeover import TakeOver
from chassis.consuming.partitions import Partitions
from chassis.consuming.positions import Positions
from chassis.consuming.reporter import Reporter
from chassis.kafka.fetched import PartitionReader
from tests.simulation import checks
from tests.simulation.scenario import Mode, run
from tests.simulation.world import SOUND, TRUE_RESTORE
from tests.support.mutation import changed

SEEDS = 300


@dataclass(frozen=True)
class Control:
    """A safeguard, how to take it away, and the promise that breaks then."""

    safeguard: str
    promise: str
    without: AbstractContextManager[None]
    mode: Mode = Mode.SAFETY
    trouble: str | None = None


def _controls() -> Iterator[Control]:
    yield Control("row lock", checks.ONCE, changed(progress, "_LOCK", ("FOR UPDATE OF p", "")))
    yield Control(
        "old-record check",
        checks.ONCE,
        changed(Applier, "_apply", ("read.record.offset >= row.next_offset", "True")),
    )
    yield Control(
        "take-over at what is published",
        checks.PUBLISHED,
        changed(
            TakeOver,
            "_seek_all",
            ("kafka.seek(partition, row.published_offset)", "kafka.seek(partition, row.next_offset)"),
            ("own(partition, row.published_offset,", "own(partition, row.next_offset,"),
        ),
    )
    yield Control(
        "log's end asked under the lock",
        SOUND,
        changed(
            TakeOver,
            "_seek_all",
            ("    cluster =", "    before = await kafka.end_offsets(list(partitions))\n    cluster ="),
            ("ends[partition], cluster)", "before[partition], cluster)"),
        ),
    )
    yield Control(
        "log known again at take-over",
        checks.REAL,
        changed(TakeOver, "_seek_all", ("await another_log(kafka, self._settings, fit, starts)", "{}")),
        Mode.LIVENESS,
        "topic made anew",
    )
    yield Control(
        "seek check",
        checks.PUBLISHED_IN_ORDER,
        changed(Positions, "seeks", ("self._seeks.get(partition, 0)", "0")),
    )
    yield Control(
        "proof that no record was passed",
        checks.NOTHING_SKIPPED,
        changed(Positions, "scan", ("if position.scanned != since:", "if False:")),
    )
    yield Control(
        "markers read again with their record",
        TRUE_RESTORE,
        changed(
            Partitions,
            "rewind",
            ("batch.since", "dict(reversed([*zip(batch.partitions, [r.offset for r in batch.records])]))"),
        ),
    )
    yield Control(
        "rewound check of a batch",
        checks.NOTHING_SKIPPED,
        changed(chassis.consuming.applier, "_check_not_rewound", ("since > row.next_offset", "False")),
        Mode.LIVENESS,
        "database restored",
    )
    yield Control(
        "rewound check of a note",
        checks.NOTHING_SKIPPED,
        changed(Consumer, "_note", ("if behind:", "if False:")),
        Mode.LIVENESS,
        "database restored",
    )
    yield Control(
        "compare when idle",
        checks.HEALS,
        changed(
            Consumer,
            "_compare",
            ("if behind :=", "if False and (behind :="),
            ("kept, stand):", "kept, stand)):"),
        ),
        Mode.LIVENESS,
        "database restored when idle",
    )
    yield Control(
        "resume after a pause",
        checks.HEALS,
        changed(Partitions, "flow", ("self._kafka.resume(partition)", "pass")),
        Mode.LIVENESS,
        "publisher refused",
    )
    yield Control(
        "reader that no record can stop",
        checks.HEALS,
        _aiokafkas_own_reader(),
        Mode.LIVENESS,
        "bad header name",
    )
    yield Control(
        "fewer records after a time-out",
        checks.HEALS,
        changed(Consumer, "_not_applied", ("self._fewer(part) if error.too_much else None", "None")),
        Mode.LIVENESS,
        "heavy records",
    )
    yield from _of_readiness()


def _of_readiness() -> Iterator[Control]:
    for safeguard, without in {
        "standstill of before a take-over": changed(Reporter, "begin", ("now - seconds", "now")),
        "word on it at the take-over": changed(Reporter, "begin", ("self._report_progress(", "(")),
        "rule that only growth is progress": changed(
            progress, "_ADVANCE", ("CASE WHEN batch.published_offset > p.published_offset", "CASE WHEN true")
        ),
    }.items():
        yield Control(safeguard, checks.NOT_READY, without, Mode.LIVENESS, "restarts without progress")


@contextmanager
def _aiokafkas_own_reader() -> Iterator[None]:
    with (
        patch.object(fetcher, "MemoryRecords", MemoryRecords),
        patch.object(fetcher, "PartitionRecords", PartitionReader.__bases__[0]),
    ):
        yield


@pytest.mark.parametrize("control", list(_controls()), ids=lambda control: control.safeguard)
def test_without(control: Control) -> None:
    seen: set[str] = set()
    with control.without:
        for seed in range(SEEDS):
            seen |= (broken := run(seed, control.mode, control.trouble).broken)
            if control.promise in broken:
                return
    pytest.fail(f"without the {control.safeguard} only this broke in {SEEDS} seeds: {sorted(seen)}")
