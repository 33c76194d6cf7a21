"""Payloads of the service's calls, with the field names of docs/requirements.md#send."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contracts.fields import Channel

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Channels = Annotated[list[Channel], Field(min_length=1)]
Recipients = Annotated[list[Name], Field(min_length=1, max_length=1_000)]


class Scheduling(BaseModel):
    """The time to send; without `send_at` at once."""

    model_config = ConfigDict(extra="allow")

    send_at: AwareDatetime | None = None


class Send(BaseModel):
    """A notification to send: every recipient on every channel, rendered from a registered template.

    `entity_type` and `entity_id`: the subject; delivery reports are published only with them. `locale`
    chooses among the languages of the template; without it, or if the template lacks it, the template's own
    is used.
    """

    type: Name
    channels: Channels
    recipients: Recipients
    template_id: Name
    template_data: dict[str, Any] = Field(default_factory=dict)
    priority: Literal["low", "normal", "high"] = "normal"
    scheduling: Scheduling | None = None
    entity_type: Name | None = None
    entity_id: Name | None = None
    locale: Name | None = None


class ScheduleReminders(BaseModel):
    """Reminders of an entity, `reminder_times` in minutes before it.

    With `start_time` and `recipients` each is sent at its time; without, they are only stored.
    """

    entity_type: Name
    entity_id: Name
    reminder_times: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    channels: Channels
    template_id: Name
    type: Name = "reminder"
    recipients: Recipients | None = None
    start_time: AwareDatetime | None = None
    template_data: dict[str, Any] = Field(default_factory=dict)
    locale: Name | None = None

    def send(self) -> Send | None:
        """Return the notification to send at each time; None without recipients or start."""
        if self.recipients is None or self.start_time is None:
            return None
        return Send(
            type=self.type,
            channels=self.channels,
            recipients=self.recipients,
            template_id=self.template_id,
            template_data=self.template_data,
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            locale=self.locale,
        )

    def due(self) -> list[datetime]:
        """Return the times; empty without a start."""
        start = self.start_time
        return [start - timedelta(minutes=minutes) for minutes in self.reminder_times] if start else []


class Bounces(BaseModel):
    """Recipients (user ids, or e-mail addresses of sample people) whose messages do not arrive.

    Each PUT replaces the one before; `channels` null means all of them.
    """

    model_config = ConfigDict(extra="forbid")

    recipients: list[Name]
    outcome: Literal["bounced", "failed"] = "bounced"
    channels: list[Channel] | None = None
