"""Dead letters as the log has them: what was set aside and why, what was tried again, and how to try again."""

from dataclasses import dataclass
from typing import Any

from chassis.deadletters import PREFIX, REDRIVE_PREFIX
from chassis.settings import Settings
from cli import kafka
from contracts.envelope import Message, Record, message_id
from contracts.topics import WORKERS, dead_letters, redrive

_NUMBERS = ("partition", "offset", "attempts", "redrives")


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `story` is what its `dead-letter-*` headers say; `redriven` what the redrives said."""

    record: Record
    story: dict[str, str]
    redriven: tuple[dict[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The same for each copy of the letter."""
        return self.story.get("id", self.record.position)

    @property
    def service(self) -> str:
        """Who set it aside."""
        return self.story.get("service") or self.record.topic.removesuffix(".dead-letters")

    @property
    def original_headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers of the record as it came, without any story of ours."""
        ours = (PREFIX, REDRIVE_PREFIX)
        return tuple((name, value) for name, value in self.record.headers if not name.startswith(ours))

    @property
    def cause(self) -> str:
        """Stage, error and message in one line."""
        return (
            f"{self.story.get('stage', '?')}: {self.story.get('error', '?')}: {self.story.get('message', '')}"
        )

    def document(self) -> dict[str, Any]:
        """As JSON values, without the record's value."""
        story = {name.replace("-", "_"): text for name, text in self.story.items()}
        numbers = {name: int(story[name]) for name in _NUMBERS if story.get(name, "").isdigit()}
        kinds = [value for name, value in self.original_headers if name == "ce_type"]
        return {
            **story,
            **numbers,
            "id": self.id,
            "service": self.service,
            "type": kafka.text(kinds[0]) if kinds else None,
            "ce_id": str(message_id(self.original_headers) or "") or None,
            "key": None if self.record.key is None else kafka.text(self.record.key),
            "redriven": [dict(one) for one in self.redriven],
        }

    def again(self, reason: str, by: str) -> Message:
        """The record as it came, for the service that set it aside, with why it is tried again."""
        said = {
            "redrive-of": self.id,
            "redrive-count": str(int(self.document().get("redrives") or 0) + 1),
            "redrive-reason": reason,
            "redrive-by": by,
        }
        headers = self.original_headers + tuple((name, text.encode()) for name, text in said.items())
        return Message(redrive(self.service).name, self.record.key, self.record.value, headers)


async def letters(settings: Settings, service: str | None = None) -> list[Letter]:
    """All dead letters of one service or of all, oldest first, each once, with the redrives of the last 7 days."""
    workers = [service] if service else list(WORKERS)
    topics = [topic(worker).name for worker in workers for topic in (dead_letters, redrive)]
    tried: dict[str, list[dict[str, str]]] = {}
    found: dict[str, tuple[Record, dict[str, str]]] = {}
    for record in await kafka.collect(settings, topics):
        story = _story(record, PREFIX)
        if record.topic.endswith(".redrive"):
            said = _story(record, REDRIVE_PREFIX)
            at = record.timestamp.isoformat().replace("+00:00", "Z")
            tried.setdefault(said.get("of", ""), []).append(
                {"at": at, "by": said.get("by", ""), "reason": said.get("reason", "")}
            )
        else:
            found.setdefault(story.get("id", record.position), (record, story))
    return [Letter(record, story, tuple(tried.get(key, ()))) for key, (record, story) in found.items()]


def _story(record: Record, prefix: str) -> dict[str, str]:
    """Headers with the prefix, by their rest; ours are the last, whatever a stranger put before."""
    return {
        name.removeprefix(prefix): value.decode(errors="replace")
        for name, value in record.headers
        if name.startswith(prefix)
    }
