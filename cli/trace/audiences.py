"""The people that an event was sent to, the channels used, and why the others were not; equal ones together."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.describe import body_of
from cli.trace.preference_history import PreferenceHistory, organization_in
from cli.trace.story import Delivery, Node
from notifications.preferences import CHANNELS


@dataclass(frozen=True, slots=True)
class Audience:
    """People who got the same notification in the same way, each with one delivery for each channel.

    `not_by`: the channels that were not used for them, each with the reason.
    """

    kind: str
    people: tuple[str, ...]
    by_channel: dict[str, tuple[Delivery, ...]]
    not_by: dict[str, str]


def audiences(node: Node, preferences: PreferenceHistory, *, each: bool = False) -> list[Audience]:
    """Return the audiences of an event in the order of planning; with `each` every person alone, else equal ones together."""
    by_person: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in node.deliveries.values():
        by_person.setdefault((delivery.kind, delivery.recipient), []).append(delivery)
    alike: dict[object, list[Audience]] = {}
    for (kind, person), deliveries in by_person.items():
        ordered = sorted(deliveries, key=lambda item: _place(item.channel))
        one = Audience(
            kind,
            (person,),
            {item.channel: (item,) for item in ordered},
            _not_by(node, preferences, kind, person, ordered),
        )
        alike.setdefault((person if each else None, *_signature(one)), []).append(one)
    return [_together(members) for members in alike.values()]


def _signature(one: Audience) -> tuple[object, ...]:
    """Return everything that has to be equal: all but the times."""
    ways = tuple(
        (channel, delivery.why, *(step.words for step in delivery.steps))
        for channel, (delivery,) in one.by_channel.items()
    )
    return (one.kind, ways, tuple(one.not_by.items()))


def _together(members: Sequence[Audience]) -> Audience:
    first = members[0]
    return Audience(
        first.kind,
        tuple(person for member in members for person in member.people),
        {
            channel: tuple(delivery for member in members for delivery in member.by_channel[channel])
            for channel in first.by_channel
        },
        first.not_by,
    )


def _not_by(
    node: Node, preferences: PreferenceHistory, kind: str, person: str, deliveries: Sequence[Delivery]
) -> dict[str, str]:
    """Return the channels that were left out, each with the reason as of the first planning."""
    record = node.line.record
    planned = min(step.at for item in deliveries for step in item.steps)
    used = {item.channel for item in deliveries}
    meant = body_of(record).get("channels") if record.topic == "reminders.events" else None
    found = {}
    for channel in CHANNELS:
        if channel not in used:
            against = preferences.why_not(person, organization_in(record), kind, channel, planned)
            elsewhere = isinstance(meant, list) and channel not in meant
            free = "the reminder is for other channels" if elsewhere else "there is no text for it"
            found[channel] = against or free
    return found


def _place(channel: str) -> int:
    return CHANNELS.index(channel) if channel in CHANNELS else len(CHANNELS)
