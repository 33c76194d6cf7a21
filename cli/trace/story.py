"""The records of one appointment as a tale: who asked what, what was decided, whom it was told, how, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chassis.dead_letters.store import DISCARD_PREFIX, DISCARDED, PREFIX, REDRIVE_PREFIX
from cli.dead_letters.letter import story_of
from cli.describe import Line, body_of, line, names_in
from contracts.envelope import Record

JSON = dict[str, Any]
_REASON_MAX = 50
WAITS = "waits"  # the state of a step that is still to come


@dataclass(frozen=True, slots=True)
class Step:
    """Something that became of a delivery; `until`: for how long it is held, or waits."""

    at: datetime
    state: str
    words: str
    until: datetime | None = None


@dataclass(slots=True)
class Told:
    """One delivery: to whom, by which channel and why by that one, and its steps in order of time."""

    id: str
    kind: str
    recipient: str
    channel: str
    why: str
    steps: list[Step] = field(default_factory=list)


@dataclass(slots=True)
class Chapter:
    """A command, an event or a reminder, with what followed from it. `notes`: outcomes, and what operators did."""

    line: Line
    notes: list[Line] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    chapters: list["Chapter"] = field(default_factory=list)

    @property
    def is_command(self) -> bool:
        """Whether somebody asks for something here."""
        return self.line.record.topic.endswith(".commands")


@dataclass(slots=True)
class Tale:
    """Everything, in order of time; `names` of people by id, `state` as the newest event has it, `told` by id."""

    chapters: list[Chapter] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    state: JSON = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def name(self, person: str) -> str:
        """A person's name, or the id where nobody told the name."""
        return self.names.get(person, person[:8])


def tale(records: Sequence[Record]) -> Tale:
    """The tale of the records, which are in order of time; second copies are left out."""
    teller = _Teller(_commands_of_events(records))
    for record in records:
        teller.tale.names |= names_in(record)
    for record in records:
        teller.add(record)
    return teller.tale


def _commands_of_events(records: Sequence[Record]) -> dict[str, str]:
    """The command that each event followed from, as outcomes say."""
    found = {}
    for record in records:
        body = body_of(record) if record.topic.endswith(".outcomes") else {}
        events = body.get("event_ids")
        for event in events if isinstance(events, list) else ():
            found[str(event)] = str(body.get("command_id"))
    return found


class _Teller:
    """Finds for each record the place in the tale that it belongs to."""

    def __init__(self, commands_of_events: Mapping[str, str]) -> None:
        self.tale = Tale()
        self._commands = commands_of_events
        self._seen: set[tuple[str, str]] = set()
        self._chapters: dict[str, Chapter] = {}  # by the id of their message
        self._letters: dict[str, str] = {}  # the delivery, or the message, that a dead letter is about
        self._version = 0

    def add(self, record: Record) -> None:
        said = line(record, self.tale.names)
        if said.id is None or self._is_a_copy(said):
            return
        for ending, add in self._ways:
            if record.topic.endswith(ending):
                try:
                    add(self, said)
                except (AttributeError, TypeError, ValueError):  # anybody can write anything to a topic
                    self._begin(None, said)
                return

    def _is_a_copy(self, said: Line) -> bool:
        """Second copies are byte-identical; what operators sent back carries the id of what it was at first."""
        record = said.record
        if record.topic.endswith(".redrive") and said.type != DISCARDED:
            return False
        letter = story_of(record, PREFIX).get("id") if record.topic.endswith(".dead-letters") else None
        known = (record.topic, letter or str(said.id))
        copy = known in self._seen
        self._seen.add(known)
        return copy

    def _command(self, said: Line) -> None:
        self._begin(None, said)

    def _outcome(self, said: Line) -> None:
        command = self._chapters.get(str(body_of(said.record).get("command_id")))
        if command:
            command.notes.append(said)
        else:
            self._begin(None, said)

    def _event(self, said: Line) -> None:
        body = body_of(said.record)
        version, state = body.get("version"), body.get("appointment")
        if isinstance(version, int) and isinstance(state, dict) and version > self._version:
            self._version, self.tale.state = version, state
        command = self._commands.get(said.id or "") or said.correlation_id or ""
        self._begin(self._chapters.get(command), said)

    def _reminder(self, said: Line) -> None:
        self._begin(None, said)

    def _notification(self, said: Line) -> None:
        body = body_of(said.record)
        identifier = body.get("notification_id")
        if not isinstance(identifier, str):
            return
        step = _step(said.record, body)
        told = self.tale.told.get(identifier)
        if told is None:
            told = self.tale.told[identifier] = _told(identifier, body, self.tale.told)
            chapter = self._chapters.get(str(body.get("event_id"))) or self._begin(None, said)
            chapter.told[identifier] = told
        told.steps.append(step)

    def _dead_letter(self, said: Line) -> None:
        story = story_of(said.record, PREFIX)
        if said.type == DISCARDED:
            about = self._letters.get(story_of(said.record, DISCARD_PREFIX).get("of", ""), "")
        else:
            about = story.get("delivery-id") or said.id or ""
            self._letters[story.get("id", "")] = about
        words = said.what if said.type == DISCARDED else f"dead letter {story.get('id', '')[:8]}"
        self._note(about, Step(said.record.timestamp, "noted", words), said)

    def _redrive(self, said: Line) -> None:
        if said.type == DISCARDED:
            self._dead_letter(said)
            return
        story = story_of(said.record, REDRIVE_PREFIX)
        about = self._letters.get(story.get("of", ""), said.id or "")
        edited = f", edited ({story['edited']})" if "edited" in story else ""
        words = f"redriven by {story.get('by', '?')}{edited}: {story.get('reason', '')}"
        self._note(about, Step(said.record.timestamp, "noted", words), said)

    def _note(self, about: str, step: Step, said: Line) -> None:
        if about in self.tale.told:
            self.tale.told[about].steps.append(step)
        elif about in self._chapters:
            self._chapters[about].notes.append(said)
        else:
            self._begin(None, said)

    def _begin(self, parent: Chapter | None, said: Line) -> Chapter:
        chapter = Chapter(said)
        (parent.chapters if parent else self.tale.chapters).append(chapter)
        if said.id:
            self._chapters.setdefault(said.id, chapter)
        return chapter

    _ways: tuple[tuple[str, Callable[["_Teller", Line], None]], ...] = (
        (".commands", _command),
        (".outcomes", _outcome),
        ("booking.events", _event),
        ("reminders.events", _reminder),
        ("notifier.events", _notification),
        (".dead-letters", _dead_letter),
        (".redrive", _redrive),
    )


def _told(identifier: str, body: JSON, known: dict[str, Told]) -> Told:
    before = body.get("fallback_of")
    gave_up = known.get(str(before))
    other = channel_name(gave_up.channel) if gave_up else "another channel"
    why = f"instead of {other}" if before else str(body.get("decision") or "")
    return Told(
        identifier, str(body.get("type")), str(body.get("recipient_id")), str(body.get("channel")), why
    )


def _step(record: Record, body: JSON) -> Step:
    state, attempts = str(body.get("state")), body.get("attempts") or 0
    tries = f" after {attempts} attempts" if attempts > 1 and state in _TRIED else ""
    because = f" ({short(str(body['reason']))})" if body.get("reason") else ""
    until = _instant(body.get("next_attempt_at")) if state == "held" else None
    return Step(record.timestamp, state, _STATES.get(state, state) + tries + because, until)


_TRIED = ("sent", "failed", "dead_lettered")
_STATES = {
    "planned": "planned",
    "held": "held",
    "failed": "given up",
    "expired": "not sent any more",
    "dead_lettered": "refused for good",
}
_CHANNELS = {"in_app": "in-app", "email": "e-mail", "sms": "SMS"}


def channel_name(channel: str) -> str:
    """A channel as people call it."""
    return _CHANNELS.get(channel, channel)


def short(reason: str) -> str:
    """A reason that fits beside others; dead letters and logs have the whole."""
    return reason if len(reason) <= _REASON_MAX else reason[: _REASON_MAX - 1] + "…"


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
