"""Settings of reminders beside those of every service."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from chassis.configuration.settings import Settings
from services.reminders.domain.endings import Waits


class RemindersSettings(Settings):
    """Minutes, but for communication_timeout, which is seconds for one call. At most a day after the end, and two weeks after completion: appointments are forgotten after 30 days.

    no_show_after_minutes: how long after the end of an appointment to which nobody came booking is asked to mark it.
    follow_up_after_minutes: how long after its completion those who took part get a follow-up.
    reminders: `delegated` hands reminders over to a Communication Service that schedules by itself.
    """

    service = "reminders"
    no_show_after_minutes: float = Field(15, ge=0, le=1_440)
    follow_up_after_minutes: float = Field(1_440, ge=0, le=20_160)
    reminders: Literal["own", "delegated"] = "own"
    communication_token: str = ""
    communication_timeout: float = 10.0

    @property
    def waits(self) -> Waits:
        """The same as durations."""
        return Waits(
            timedelta(minutes=self.no_show_after_minutes), timedelta(minutes=self.follow_up_after_minutes)
        )
