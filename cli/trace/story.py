"""The story of one appointment, built from its records: commands, decisions, notifications, and their ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.dead_letters.store import DISCARDED, PREFIX
from cli.dead_letters.reading import story_of
from cli.describe import Line, line, names_in
from cli.trace.records import (
    DeliveryChange,
    DeliveryId,
    Event,
    Letter,
    LetterId,
    MessageId,
    Outcome,
    Step,
    decode,
    events_of_commands,
)
from contracts.envelope import Record

JSON = dict[str, Any]
WAITS = "waits"  # the state of a step that is still to come


@dataclass(slots=True)
class Delivery:
    """One notification for one person by one channel, why by that one, and its steps in order of time."""

    id: DeliveryId
    kind: str
    recipient: str
    channel: str
    why: str
    steps: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class Node:
    """A command, an event or a reminder, with all that followed from it. `notes`: outcomes, and acts of operators."""

    line: Line
    notes: list[Line] = field(default_factory=list)
    deliveries: dict[DeliveryId, Delivery] = field(default_factory=dict)
    nodes: list["Node"] = field(default_factory=list)

    @property
    def is_command(self) -> bool:
        """Whether this is a command."""
        return self.line.record.topic.endswith(".commands")


@dataclass(slots=True)
class Story:
    """Everything, in order of time; `names` of people by id, `state` of the appointment after its newest event."""

    nodes: list[Node] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    state: JSON = field(default_factory=dict)
    deliveries: dict[DeliveryId, Delivery] = field(default_factory=dict)

    def name(self, person: str) -> str:
        """Return a person's name, or the beginning of the id where no record has the name."""
        return self.names.get(person, person[:8])


def build_story(records: Sequence[Record]) -> Story:
    """Return the story of these records, which are in order of time; second copies are left out."""
    commands = {event: command for record in records for event, command in events_of_commands(record).items()}
    builder = _Builder(commands)
    for record in records:
        builder.story.names |= names_in(record)
    for record in records:
        builder.add(record)
    return builder.story


class _Builder:
    """Finds for each record its place in the story."""

    def __init__(self, commands: Mapping[MessageId, MessageId]) -> None:
        self.story = Story()
        self._commands = commands
        self._seen: set[tuple[str, str]] = set()
        self._nodes: dict[MessageId, Node] = {}
        self._subjects: dict[LetterId, DeliveryId | MessageId] = {}
        self._version = 0

    def add(self, record: Record) -> None:
        """Put a record in its place, unless it is a copy or cannot be read."""
        current = line(record, self.story.names)
        if current.id is None or self._is_a_copy(current):
            return
        message = MessageId(current.id)
        match decode(current, message):
            case None:
                pass
            case Outcome(command) if command in self._nodes:
                self._nodes[command].notes.append(current)
            case Event() as event:
                self._event(event, current)
            case DeliveryChange() as change:
                self._delivery(change, current)
            case Letter() as letter:
                self._letter(letter, current, message)
            case _:
                self._begin(None, current)

    def _is_a_copy(self, current: Line) -> bool:
        """Return whether the record came before: second copies are byte-identical.

        A redriven record carries the id of the record that was set aside, so it is none.
        """
        record = current.record
        if record.topic.endswith(".redrive") and current.type != DISCARDED:
            return False
        letter = story_of(record, PREFIX).get("id") if record.topic.endswith(".dead-letters") else None
        known = (record.topic, letter or str(current.id))
        copy = known in self._seen
        self._seen.add(known)
        return copy

    def _event(self, event: Event, current: Line) -> None:
        if event.version is not None and event.state is not None and event.version > self._version:
            self._version, self.story.state = event.version, event.state
        command = self._commands.get(event.message) or event.correlation
        self._begin(self._nodes.get(command) if command else None, current)

    def _delivery(self, change: DeliveryChange, current: Line) -> None:
        delivery = self.story.deliveries.get(change.delivery)
        if delivery is None:
            delivery = Delivery(
                change.delivery, change.kind, change.recipient, change.channel, self._why(change)
            )
            self.story.deliveries[change.delivery] = delivery
            node = self._nodes.get(change.event) if change.event else None
            (node or self._begin(None, current)).deliveries[change.delivery] = delivery
        delivery.steps.append(change.step)

    def _why(self, change: DeliveryChange) -> str:
        """Return why this channel was taken: the decision, or the channel that gave up before."""
        if change.fallback_of is None:
            return change.decision
        gave_up = self.story.deliveries.get(change.fallback_of)
        return f"instead of {channel_name(gave_up.channel) if gave_up else 'another channel'}"

    def _letter(self, letter: Letter, current: Line, message: MessageId) -> None:
        if letter.about is not None:
            self._subjects[letter.letter] = letter.about
        subject = self._subjects.get(letter.letter, message)
        if isinstance(subject, DeliveryId) and subject in self.story.deliveries:
            step = Step(current.record.timestamp, "noted", letter.words)
            self.story.deliveries[subject].steps.append(step)
        elif isinstance(subject, MessageId) and subject in self._nodes:
            self._nodes[subject].notes.append(current)
        else:
            self._begin(None, current)

    def _begin(self, parent: Node | None, current: Line) -> Node:
        node = Node(current)
        (parent.nodes if parent else self.story.nodes).append(node)
        if current.id:
            self._nodes.setdefault(MessageId(current.id), node)
        return node


_CHANNELS = {"in_app": "in-app", "email": "e-mail", "sms": "SMS"}


def channel_name(channel: str) -> str:
    """Return a channel's name for people."""
    return _CHANNELS.get(channel, channel)
