"""The dead letters of the log, with the acts of operators on them, read from their records."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chassis.configuration.settings import Settings
from chassis.dead_letters.store import DISCARD_PREFIX, PREFIX, REDRIVE_PREFIX
from cli import kafka
from cli.dead_letters.letter import Done, Letter, Note, organization_in
from contracts.envelope import Record, message_id
from contracts.topics import WORKERS, dead_letters, redrive


async def letters(settings: Settings, service: str | None = None) -> list[Letter]:
    """Return the dead letters of one service or of all, oldest first, each once, with operators' acts."""
    workers = [service] if service else list(WORKERS)
    topics = [topic(worker).name for worker in workers for topic in (dead_letters, redrive)]
    return gathered(await kafka.collect(settings, topics))


def gathered(records: Iterable[Record]) -> list[Letter]:
    """The letters in these records, which are in order of time, with the notes among them."""
    found: dict[str, Letter] = {}
    notes: dict[str, list[Note]] = {}
    for record in records:
        story = story_of(record, PREFIX)
        if is_discard(record):
            _note(notes, "discarded", record, story_of(record, DISCARD_PREFIX))
        elif record.topic.endswith(".redrive"):
            _note(notes, "redriven", record, story_of(record, REDRIVE_PREFIX))
        else:
            letter = Letter(record, story)
            found.setdefault(letter.id, letter)
    return [
        replace(
            letter, notes=tuple(notes.get(key, ())), origin=history(letter, found)[0].story.get("topic", "")
        )
        for key, letter in found.items()
    ]


def is_discard(record: Record) -> bool:
    """Whether a record is an operator's note; notes of earlier versions lie beside the letters.

    A stranger's header on a record that was set aside, or was sent back, discards nothing.
    """
    ours = any(name in (f"{PREFIX}id", f"{REDRIVE_PREFIX}of") for name, _ in record.headers)
    return not ours and bool(story_of(record, DISCARD_PREFIX))


def _note(notes: dict[str, list[Note]], done: Done, record: Record, story: dict[str, str]) -> None:
    note = Note(
        done=done,
        at=record.timestamp,
        by=story.get("by", ""),
        reason=story.get("reason", ""),
        edited=story.get("edited", ""),
        ce_id=str(message_id(record.headers) or "") or None,
        organization=organization_in(record.headers),
    )
    notes.setdefault(story.get("of", ""), []).append(note)


def history(letter: Letter, known: Mapping[str, Letter]) -> list[Letter]:
    """The letters that became this one by being redriven and failing again, the first one first, this one
    last.

    `known`: all letters by their ids.
    """
    chain = [letter]
    while (before := known.get(chain[-1].earlier or "")) and before not in chain:
        chain.append(before)
    return chain[::-1]


def story_of(record: Record, prefix: str) -> dict[str, str]:
    """Headers with the prefix, by their rest; ours are the last, whatever a stranger put before."""
    return {
        name.removeprefix(prefix): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith(prefix)
    }
