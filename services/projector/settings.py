"""Settings of the projector."""

from chassis.configuration.settings import Settings


class ProjectorSettings(Settings):
    """The common settings, and the days for which outcomes are kept (a command id is remembered for 30)."""

    service = "projector"
    commands_kept_days: int = 30
