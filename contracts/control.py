"""What the operators of a fleet say to its doors."""

from pydantic import Field

from contracts.fields import Told

PAUSE_MAX = 30


class IntakePaused(Told):
    """Body of `intake.paused`: no door takes commands for so many seconds from the record's time on; 0 ends a pause.

    It is said again for as long as it is meant: a pause whose author has died ends by itself.
    """

    seconds: int = Field(ge=0, le=PAUSE_MAX)


EVENT_TYPES = {
    "intake.paused": "Commands over HTTP wait, because the topics are being given more partitions."
}
