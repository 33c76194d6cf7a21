"""Negative controls: without one of the safeguards of a rebuild, the check that is named must fail."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from services.booking.rebuild import run, staging
from services.booking.rebuild.cuts import Cuts
from tests.component.booking.conftest import identity
from tests.restore import test_answers, test_cut
from tests.restore.memory import Archive, Ledger, Office
from tests.restore.test_cut import archive, lost, office
from tests.support.mutation import changed, must_fail

__all__ = ["archive", "identity", "lost", "office"]
REBUILD = run._Rebuild


@dataclass(frozen=True)
class Control:
    """A safeguard, how to take it away, and the check that must fail then."""

    safeguard: str
    without: AbstractContextManager[None]
    check: Callable[..., Any]


def _controls() -> Iterator[Control]:
    yield Control(
        "rule that a rebuild needs an empty database",
        changed(REBUILD, "_may_begin", ("if filled and not forward:", "if False:")),
        _of_a_filled_database,
    )
    yield Control(
        "rule that what follows comes again, too",
        changed(Cuts, "leave_out", ("if not again and", "if False and")),
        test_cut.test_what_follows_from_a_command_that_comes_again_comes_again_too_whichever_way_it_came,
    )
    yield Control(
        "second reading after a cut was lowered",
        changed(REBUILD, "_fill", ("if cuts.lowered:", "if False:")),
        test_cut.test_what_follows_from_a_command_that_comes_again_comes_again_too_whichever_way_it_came,
    )
    yield Control(
        "cut at the first command that is owed an outcome",
        changed(
            REBUILD, "_find_cuts", ("undecided.get((topic, partition), Cut(end, None))", "Cut(end, None)")
        ),
        test_cut.test_a_command_of_the_last_two_minutes_is_decided_again_with_all_that_came_behind_it,
    )
    yield Control(
        "two minutes in which an outcome may be owed",
        changed(staging, "_FIRST_UNDECIDED", ("'2 minutes'", "'0 minutes'")),
        test_cut.test_a_command_of_the_last_two_minutes_is_decided_again_with_all_that_came_behind_it,
    )
    yield Control(
        "rule that an old command is not decided",
        changed(staging, "_FIRST_UNDECIDED", ("WHERE NOT is_old", "")),
        test_cut.test_a_command_that_never_got_an_outcome_is_named_and_not_decided,
    )
    yield Control(
        "knowledge of repeated ids",
        changed(staging, "_FIRST_UNDECIDED", ("first.command_id = c.command_id", "false")),
        test_answers.test_a_command_that_was_sent_twice_is_owed_no_second_outcome,
    )
    yield Control(
        "comparison of what was asked under one id",
        changed(staging, "_FIRST_UNDECIDED", ("asked.fingerprint = c.fingerprint", "true")),
        partial(
            test_answers.test_an_id_that_was_used_for_something_else_is_owed_its_refusal, published=False
        ),
    )
    yield Control(
        "knowledge of refusals that are no decision on the id",
        changed(
            staging,
            "_FIRST_UNDECIDED",
            ('(one.topic, one.partition, one."offset") = (c.topic, c.partition, c."offset")', "false"),
        ),
        partial(test_answers.test_an_id_that_was_used_for_something_else_is_owed_its_refusal, published=True),
    )
    yield Control(
        "knowledge of what was set aside",
        changed(REBUILD, "_read_answers", ("if (letter := letter_row(record))", "if (letter := None)")),
        test_answers.test_a_record_that_was_set_aside_is_owed_nothing,
    )
    yield Control(
        "rule that the newest outcome counts",
        changed(REBUILD, "_not_taken_back", ("if fact.id not in void", "")),
        test_answers.test_events_that_the_newest_outcome_does_not_name_do_not_count,
    )
    yield Control(
        "judgement of the database",
        changed(REBUILD, "_settle", ("await rebuilt.occupy(self._tx, freed_and_taken(booked)[1])", "pass")),
        test_answers.test_a_log_that_gives_one_persons_time_away_twice_changes_nothing,
    )
    yield Control(
        "knowledge of notes",
        changed(REBUILD, "_read_commands", ('if not is_note(record, "booking")', "")),
        test_cut.test_a_note_that_discards_a_letter_is_no_command,
    )


async def _of_a_filled_database(archive: Archive, office: Office, lost: Ledger) -> None:
    await test_cut.test_a_database_with_anything_in_it_is_not_rebuilt(
        archive, office, lost, test_cut._hours, True
    )


@pytest.mark.parametrize("control", list(_controls()), ids=lambda control: control.safeguard)
async def test_without(control: Control, archive: Archive, office: Office, lost: Ledger) -> None:
    with control.without:
        async with must_fail(control.safeguard):
            await control.check(archive=archive, office=office, lost=lost)
