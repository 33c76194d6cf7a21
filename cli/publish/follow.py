"""Follow a command: its outcome, and every record with its correlation id."""

import time
from dataclasses import dataclass, field

from rich.markup import escape

from chassis.configuration.settings import Settings
from cli import describe, kafka
from cli.console import out, print_json
from contracts.envelope import MalformedEnvelope, Message, Record
from contracts.topics import ALL

_QUIET_SECONDS = 2.0
_POLL_SECONDS = 0.2
_WATCHED = tuple(topic.name for topic in ALL if topic.kind in ("events", "outcomes", "dead-letters"))


@dataclass(slots=True)
class Followed:
    """The result of following. `status` is that of the outcome, None as long as there is none."""

    status: str | None = None
    names: dict[str, str] = field(default_factory=dict)


async def follow(settings: Settings, message: Message, seconds: float, json: bool) -> Followed:
    """Publish a command and show what follows, until it has been quiet for 2 s; at most `seconds` for the
    outcome.
    """
    headers = dict(message.headers)
    identifier, organization = headers["ce_id"].decode(), headers.get("organization", b"").decode()
    seen = Followed()
    async with kafka.reading(settings, _WATCHED) as log, kafka.publisher(settings) as producer:
        await log.from_now()
        await producer.publish([message])
        began = last = time.monotonic()
        while _goes_on(seen, began, last, seconds):
            for record in await log.next_batch(_POLL_SECONDS):
                if _follows(record, identifier, organization):
                    last = time.monotonic()
                    _note(seen, record)
                    _print(describe.line(record, seen.names), last - began, json)
    return seen


def _goes_on(seen: Followed, began: float, last: float, seconds: float) -> bool:
    if seen.status is None:
        return time.monotonic() - began < seconds
    return seen.status == "accepted" and time.monotonic() - last < _QUIET_SECONDS


def _follows(record: Record, identifier: str, organization: str) -> bool:
    """Return whether a record carries the command's id and is of its organization: another may use the same
    id.
    """
    try:
        theirs = record.header("organization") or organization
        known = identifier in (record.header("correlation-id"), record.header("ce_id"))
        return known and theirs.lower() == organization.lower()
    except MalformedEnvelope:
        return False


def _note(seen: Followed, record: Record) -> None:
    seen.names |= describe.names_in(record)
    if record.topic.endswith(".outcomes"):
        seen.status = str(describe.body_of(record).get("status"))
    elif record.topic.endswith(".dead-letters") and seen.status is None:
        seen.status = "dead-lettered"


def _print(line: describe.Line, after: float, json: bool) -> None:
    if json:
        print_json(
            {"after_ms": round(after * 1000), **line.document(), "value": describe.body_of(line.record)}
        )
        return
    style = "red" if line.what.startswith(("refused", "set aside")) else "green"
    out.print(f"[dim]{after * 1000:6.0f} ms[/]  [{style}]{line.type}[/]  {escape(line.what)}")
