"""Events of the projector: what the views show from now on."""

from uuid import UUID

from pydantic import Field

from contracts.fields import Told


class CalendarChanged(Told):
    """Body of `calendar.changed`: the views show `version` of this appointment.

    `change` is the event's type without its prefix (`rescheduled`); `user_ids` are all who take part or
    did until this change: whoever serves a live view sends it to them and to the organization's admins only.
    """

    appointment_id: UUID
    version: int = Field(ge=1)
    change: str
    user_ids: list[UUID]


class PreferencesShown(Told):
    """Body of `preferences.shown`: the views show this version of a person's preferences."""

    user_id: UUID
    version: int = Field(ge=1)


class OrganizationPreferencesShown(Told):
    """Body of `organization_preferences.shown`: the views show this version of an organization's preferences."""

    organization_id: UUID
    version: int = Field(ge=1)


EVENT_TYPES = {
    "calendar.changed": "An appointment in the views changed.",
    "preferences.shown": "A person's preferences in the views changed.",
    "organization_preferences.shown": "An organization's preferences in the views changed.",
}
