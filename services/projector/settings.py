"""Settings of the projector."""

from chassis.configuration.settings import Settings


class ProjectorSettings(Settings):
    """Beside the common ones: how long outcomes are kept, in days (a command id is good for 30)."""

    service = "projector"
    commands_kept_days: int = 30
