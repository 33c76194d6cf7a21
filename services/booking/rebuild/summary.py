"""The figures of a rebuild, and the sentences about what the log could not tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts import topics
from services.booking.rebuild.deciding import Decided

_NOTES = {
    "unreadable": "records on booking.events that booking did not write",
    "derived confirmations": "appointments whose organizer's confirmation was concluded from older events",
    "guessed templates": "changes of series whose template was concluded from older events",
}


@dataclass(slots=True)
class Summary:
    """The figures of a rebuild, where deciding goes on, and sentences about all that it could not know."""

    counts: dict[str, int] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def counts_of(counts: Mapping[str, int], decided: Decided) -> dict[str, int]:
    """The figures, by their names for people."""
    return {
        "events": counts.get("events", 0),
        "decisions": decided.kept,
        "decisions known already": decided.known,
        "decisions to be made again": decided.again,
        "events to come again": counts.get("to come again", 0),
    }


def never_answered(count: int, some: Sequence[str]) -> Iterator[str]:
    """The sentence about commands without an outcome, of which these are some; none where there are none."""
    if count:
        what = (
            "1 command never got an outcome and is"
            if count == 1
            else f"{count} commands never got an outcome and are"
        )
        more = " …" if count > len(some) else ""
        yield f"{what} not decided now, either: {', '.join(some)}{more}"


def not_known(counts: Mapping[str, int], decided: Decided, *, identity_told: bool) -> Iterator[str]:
    """A sentence for each kind of thing that the log does not tell."""
    days = topics.BOOKING_OUTCOMES.retention_ms // topics.DAY_MS
    yield (
        f"decisions of more than {days} days ago, for the log keeps no outcomes for longer: such a command id is "
        "decided anew if it comes again (an appointment that stands is not booked twice by it)"
    )
    if not identity_told:
        yield "who is active, and in which roles: Identity did not answer, all are taken for active"
    yield from (f"{counts[name]} {note}" for name, note in _NOTES.items() if counts.get(name))
    if count := counts.get("taken back", 0):
        events = "1 event of a command" if count == 1 else f"{count} events of commands"
        yield f"{events} that booking decided again, and otherwise, after a backup was restored: the newest outcomes stand"
    if decided.incomplete:
        yield f"{decided.incomplete} decisions whose command or events are not in the log any more"
