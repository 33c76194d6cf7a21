"""Control messages from operators to the ingresses."""

from pydantic import Field

from contracts.fields import EventBody

PAUSE_MAX = 30


class IntakePaused(EventBody):
    """Body of `intake.paused`: no door takes commands for so many seconds from the record's time on; 0 ends a pause.

    It is repeated while it holds, so a pause ends by itself if its author dies.
    """

    seconds: int = Field(ge=0, le=PAUSE_MAX)


EVENT_TYPES = {
    "intake.paused": "Commands over HTTP wait, because the topics are being given more partitions."
}
