"""Which channels remind a person, and how long before the start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CHANNELS = ("email", "sms", "in_app", "push")
"""The order in which channels are named, so that equal timers are equal."""

LeadTimes = Mapping[str, Sequence[int]]
"""Minutes before the start for each channel; a channel that is absent has none."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Which channels a person wants; in-app is always on. Without a word of theirs: e-mail yes, SMS and push no."""

    email: bool = True
    sms: bool = False
    push: bool = False

    def on(self, channel: str) -> bool:
        """Whether this channel may be used."""
        return channel == "in_app" or bool(getattr(self, channel))


NOTHING_SAID = Switches()


def lead_times(settings: LeadTimes | None, defaults: LeadTimes) -> LeadTimes:
    """An appointment's lead times: its own settings, which replace the defaults whole where there are any."""
    return settings or defaults


def channels_by_lead(leads: LeadTimes, switches: Switches) -> dict[int, tuple[str, ...]]:
    """For each lead time the channels that remind then: what the person switched off is off."""
    found: dict[int, list[str]] = {}
    for channel in CHANNELS:
        if switches.on(channel):
            for lead in dict.fromkeys(leads.get(channel, ())):
                found.setdefault(lead, []).append(channel)
    return {lead: tuple(channels) for lead, channels in found.items()}
