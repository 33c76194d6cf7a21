"""Settings of reminders, beside those of every service."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from chassis.configuration.settings import Settings
from services.reminders.domain.endings import Waits


class RemindersSettings(Settings):
    """Waits are in minutes; `communication_timeout` is in seconds for one call.

    no_show_after_minutes: from the end of an appointment without check-ins to the command that marks it a no-show.
    follow_up_after_minutes: from its completion to the follow-up of its participants.
    calendar_secret: the key of subscribed calendars' addresses, shared with the ingress; after a comma an older one.
    reminders: `delegated` hands reminders over to a Communication Service that schedules by itself.

    The upper limits, a day and two weeks, exist because appointments are deleted 30 days after their end.
    """

    service = "reminders"
    no_show_after_minutes: float = Field(15, ge=0, le=1_440)
    follow_up_after_minutes: float = Field(1_440, ge=0, le=20_160)
    reminders: Literal["own", "delegated"] = "own"
    communication_token: str = ""
    communication_timeout: float = 10.0
    calendar_secret: str = Field("", repr=False)

    @property
    def waits(self) -> Waits:
        """Return both waits as durations."""
        return Waits(
            timedelta(minutes=self.no_show_after_minutes), timedelta(minutes=self.follow_up_after_minutes)
        )
