"""Verdicts, as far as outcomes, commands and events together still tell them."""

from dataclasses import dataclass

from chassis.database.transactions import Transaction
from services.booking.rebuild import staging
from services.booking.rebuild.cuts import Cuts
from services.booking.store import rebuilt_decisions


@dataclass(slots=True)
class Decided:
    """How many decisions were kept, and how many could not be: the command or an event of theirs is not in the log."""

    kept: int = 0
    known: int = 0
    again: int = 0
    incomplete: int = 0


async def decide_as_before(tx: Transaction, cuts: Cuts) -> Decided:
    """Remember each decision whose outcome the log has, but for those that are to be decided again."""
    rows = [(topic, partition, *cut) for (topic, partition), cut in cuts.items()]
    await staging.copy(tx, "rebuilt_cuts", rows)
    found = Decided(**await rebuilt_decisions.sort(tx))
    await rebuilt_decisions.keep(tx)
    return found
