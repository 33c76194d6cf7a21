"""Whom an event was told, by which channels, and by which not and why; people with equal stories together."""

from collections.abc import Sequence
from dataclasses import dataclass

from cli.describe import body_of
from cli.trace.preference_history import Wishes, organization_in
from cli.trace.story import Chapter, Told
from notifications.preferences import CHANNELS


@dataclass(frozen=True, slots=True)
class Audience:
    """People to whom the same was told in the same way: each with one delivery for each channel.

    `not_by`: channels that were not used for them, and why.
    """

    kind: str
    people: tuple[str, ...]
    by_channel: dict[str, tuple[Told, ...]]
    not_by: dict[str, str]


def audiences(chapter: Chapter, wishes: Wishes, *, each: bool = False) -> list[Audience]:
    """Whom the chapter was told, in the order in which it was planned; `each` person alone, or those that are alike."""
    by_person: dict[tuple[str, str], list[Told]] = {}
    for told in chapter.told.values():
        by_person.setdefault((told.kind, told.recipient), []).append(told)
    alike: dict[object, list[Audience]] = {}
    for (kind, person), deliveries in by_person.items():
        ordered = sorted(deliveries, key=lambda item: _place(item.channel))
        one = Audience(
            kind,
            (person,),
            {item.channel: (item,) for item in ordered},
            _not_by(chapter, wishes, kind, person, ordered),
        )
        alike.setdefault((person if each else None, *_signature(one)), []).append(one)
    return [_together(members) for members in alike.values()]


def _signature(one: Audience) -> tuple[object, ...]:
    """What has to be equal: everything but the times."""
    ways = tuple(
        (channel, told.why, *(step.words for step in told.steps))
        for channel, (told,) in one.by_channel.items()
    )
    return (one.kind, ways, tuple(one.not_by.items()))


def _together(members: Sequence[Audience]) -> Audience:
    first = members[0]
    return Audience(
        first.kind,
        tuple(person for member in members for person in member.people),
        {
            channel: tuple(told for member in members for told in member.by_channel[channel])
            for channel in first.by_channel
        },
        first.not_by,
    )


def _not_by(chapter: Chapter, wishes: Wishes, kind: str, person: str, told: Sequence[Told]) -> dict[str, str]:
    """The channels that were left out, each with the reason as it was when the first was planned."""
    record = chapter.line.record
    planned = min(step.at for item in told for step in item.steps)
    used = {item.channel for item in told}
    meant = body_of(record).get("channels") if record.topic == "reminders.events" else None
    found = {}
    for channel in CHANNELS:
        if channel not in used:
            against = wishes.why_not(person, organization_in(record), kind, channel, planned)
            elsewhere = isinstance(meant, list) and channel not in meant
            free = "the reminder is for other channels" if elsewhere else "there is no text for it"
            found[channel] = against or free
    return found


def _place(channel: str) -> int:
    return CHANNELS.index(channel) if channel in CHANNELS else len(CHANNELS)
