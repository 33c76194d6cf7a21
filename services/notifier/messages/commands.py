"""Decode commands that set the preferences of a person or an organization."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from chassis.commands import Intake, Received, Rejection, Request
from contracts.commands import NOTIFIER_COMMANDS
from contracts.outcomes import Code, FieldError
from contracts.preferences import SetOrganizationPreferences, SetPreferences, set_fields
from notifications.preferences import Organization, Preferences, organization_of, preferences_of


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a command has no effect: a stable code, and a sentence for a person."""

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """Preferences to set in place of `expected_version`; None: of any version."""

    preferences: Preferences | Organization
    expected_version: int | None = None


Requested: TypeAlias = Setting | Refusal
Command: TypeAlias = Received[Requested]
"""A record with a readable id, so that it gets an outcome.

Its `command`: the new preferences, or a refusal.
"""


def refusal_of(rejection: Rejection) -> Refusal:
    """Return the refusal of a record that is no valid command."""
    errors = tuple(
        FieldError(field=item.field, code=item.code, message=item.message) for item in rejection.errors
    )
    return Refusal(Code(rejection.code), rejection.detail, errors)


def user_of(command: Command) -> UUID | None:
    """Return the actor, if it is a person."""
    return command.sender.user if command.sender else None


def _requested(_: Request, body: SetPreferences | SetOrganizationPreferences) -> Requested:
    read = organization_of if isinstance(body, SetOrganizationPreferences) else preferences_of
    return Setting(read(set_fields(body)), body.expected_version)


def is_for_all(command: Command) -> bool:
    """Return whether a command sets the preferences of an organization."""
    return isinstance(command.command, Setting) and isinstance(command.command.preferences, Organization)


decode = Intake[Requested](
    NOTIFIER_COMMANDS,
    _requested,
    refusal_of,
    people_only="Only the person themselves or an admin may set these preferences.",
).decode
