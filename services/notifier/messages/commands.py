"""From a record to a command that sets preferences, a person's or an organization's; whatever has a readable id can be answered."""

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
    """Why nothing happens: stable code, and a sentence for a person."""

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()


Asked: TypeAlias = Preferences | Organization | Refusal
Command: TypeAlias = Received[Asked]
"""A record with a readable id. Its `command` is what is asked: the actor's own preferences, or the organization's."""


def refusal_of(rejection: Rejection) -> Refusal:
    """The refusal of a record that cannot be carried out."""
    errors = tuple(
        FieldError(field=item.field, code=item.code, message=item.message) for item in rejection.errors
    )
    return Refusal(Code(rejection.code), rejection.detail, errors)


def user_of(command: Command) -> UUID | None:
    """The actor, if it is a person."""
    return command.sender.user if command.sender else None


def _asked(_: Request, body: SetPreferences | SetOrganizationPreferences) -> Asked:
    if isinstance(body, SetOrganizationPreferences):
        return organization_of(set_fields(body))
    return preferences_of(set_fields(body))


decode = Intake[Asked](
    NOTIFIER_COMMANDS,
    _asked,
    refusal_of,
    people_only="Preferences are set by the person whose they are, or by an admin.",
).decode
