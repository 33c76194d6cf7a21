"""The log around one dead letter: earlier attempts, later ones, and their results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from chassis.configuration.settings import Settings
from cli import describe, kafka
from cli.dead_letters.letter import Letter, organization_in
from cli.dead_letters.reading import history
from contracts.envelope import MalformedEnvelope, Record
from contracts.topics import ALL, NOTIFIER_EVENTS

_BODY_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Story:
    """A letter with its history: `earlier` letters became it by failing again, `later` ones came of it."""

    letter: Letter
    earlier: tuple[Letter, ...]
    later: tuple[Letter, ...]
    followed: tuple[describe.Line, ...]

    @property
    def body(self) -> str:
        """The value as a person reads it: JSON indented, anything else as text."""
        value = self.letter.record.value or b""
        try:
            return orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
        except orjson.JSONDecodeError:
            return kafka.text(value, _BODY_MAX)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return self.letter.document() | {
            "headers": {name: kafka.text(value) for name, value in self.letter.original_headers},
            "value": kafka.text(self.letter.record.value, _BODY_MAX),
            "earlier": [letter.document() for letter in self.earlier],
            "later": [letter.document() for letter in self.later],
            "followed": [line.document() for line in self.followed],
        }


async def story(settings: Settings, letter: Letter, known: Sequence[Letter]) -> Story:
    """The letter's history, out of all letters, and what the log says of its delivery or command."""
    chain = history(letter, {one.id: one for one in known})
    later = [one for one in known if one.earlier == letter.id and one is not letter]
    followed = await _followed(settings, letter)
    return Story(letter, tuple(chain[:-1]), tuple(later), tuple(followed))


async def _followed(settings: Settings, letter: Letter) -> list[describe.Line]:
    """The events of the delivery that was given up, after what it tells of; or a command's outcome and its
    events.
    """
    delivery = letter.story.get("delivery-id")
    if delivery:
        topics = {NOTIFIER_EVENTS.name, letter.story.get("topic", "")}
        keep = _of_delivery(delivery.encode(), _position(letter))
    elif letter.origin.endswith(".commands"):
        topics = {topic.name for topic in ALL if topic.kind in ("events", "outcomes")}
        keep = of_commands(commands_of(letter))
    else:
        return []
    records = await kafka.collect(settings, sorted(topics), keep, since=_began(letter))
    names: dict[str, str] = {}
    for record in records:
        names |= describe.names_in(record)
    return [describe.line(record, names) for record in records]


def _of_delivery(delivery: bytes, cause: str) -> Callable[[Record], bool]:
    return lambda record: (
        record.position == cause
        or (record.topic == NOTIFIER_EVENTS.name and delivery in (record.value or b""))
    )


def commands_of(letter: Letter) -> dict[str | None, set[str]]:
    """The ids of the letter's command and of what was sent back for it, by organization: each has its own
    ids.
    """
    named = [(letter.organization, letter.ce_id), (letter.organization, _correlation(letter.record))]
    named += [(note.organization, note.ce_id) for note in letter.notes if note.done == "redriven"]
    found: dict[str | None, set[str]] = {}
    for organization, identifier in named:
        if identifier:
            found.setdefault(organization, set()).add(identifier)
    return found


def of_commands(ids: Mapping[str | None, set[str]]) -> Callable[[Record], bool]:
    """Whether a record answers one of these commands of its organization, or names one as what it correlates
    with.
    """
    needles = {organization: [one.encode() for one in found] for organization, found in ids.items()}

    def keep(record: Record) -> bool:
        organization = organization_in(record.headers)
        value = record.value or b""
        answers = record.topic.endswith(".outcomes") and any(
            needle in value for needle in needles.get(organization, ())
        )
        return answers or _correlation(record) in ids.get(organization, ())

    return keep


def _position(letter: Letter) -> str:
    return "/".join(letter.story.get(name, "") for name in ("topic", "partition", "offset"))


def _began(letter: Letter) -> datetime:
    """When the record came that this is about."""
    try:
        return datetime.fromisoformat(letter.story.get("timestamp", ""))
    except ValueError:
        return letter.record.timestamp


def _correlation(record: Record) -> str | None:
    try:
        return record.header("correlation-id")
    except MalformedEnvelope:
        return None
