"""A rule: how one type of command is decided, and the state that it needs for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Decision
from services.booking.domain.model.needs import Known, Needs, TimeNeeds


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one type of command, and its needs.

    decide: takes the case, and for a command to an appointment also the appointment. needs: the state to
    load, from the command alone. time: the people and periods to know, from the command and the state known
    by then.
    """

    decide: Callable[..., Decision]
    needs: Callable[[Any], Needs]
    time: Callable[[Any, Known], TimeNeeds | None] | None = None


Rules: TypeAlias = Mapping[type[Command], Rule]
"""The rules of a module by the type of command; `domain/decide.py` knows all of them."""
