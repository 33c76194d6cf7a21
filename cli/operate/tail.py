"""`appointments tail`: the newest records of a topic, decoded, and every new one."""

import json as jsonlib
from collections.abc import Iterable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from aiokafka import TopicPartition

from chassis.configuration.settings import Settings
from chassis.kafka.log import AT_ONCE, Log, Positions
from cli import describe, kafka
from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    ZoneOption,
    fail,
    print_json,
    say,
    unknown,
    warn,
    with_examples,
    zone_of,
)
from contracts.envelope import MalformedEnvelope, Record
from contracts.topics import ALL

JSON = dict[str, Any]
_POLL_SECONDS = 0.5
_EMPTY_POLLS = 3


@with_examples(
    "appointments tail booking.events",
    "appointments tail booking.outcomes -f --type command.refused",
    "appointments tail notifier.events --from-start --json",
)
def tail(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="Its name without prefix; see `appointments topics`.")
    ],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new records as they come, until Ctrl-C.")
    ] = False,
    count: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="Print so many of the newest records.")
    ] = 10,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Print all records that the topic holds.")
    ] = False,
    kind: Annotated[str | None, typer.Option("--type", help="Print only messages of this type.")] = None,
    zone: ZoneOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Print the newest records of a topic, decoded, and follow it.

    A line has the broker's time, the type, the content in words, and the id of its subject; --json prints whole
    records. Nothing is consumed: no position is kept.
    """
    names = [one.name for one in ALL]
    if topic not in names:
        fail(unknown("topic", topic, names), EXIT_USAGE)
    settings = kafka.settings_for(home)
    printer = _Printer(zone_of(zone), kind, json=json)
    kafka.run(_tail(settings, topic, None if from_start else count, printer, follow=follow), settings)


class _Printer:
    """Print records of one type, or all; learn people's names from them."""

    def __init__(self, zone: ZoneInfo | None, kind: str | None, *, json: bool) -> None:
        self._zone, self._kind, self._json = zone, kind, json
        self._names: dict[str, str] = {}

    def wants(self, record: Record) -> bool:
        """Return whether the record has the type that was asked for."""
        return self._kind is None or ("ce_type", self._kind.encode()) in record.headers

    def show(self, records: Iterable[Record]) -> None:
        """Print the records that are wanted."""
        for record in records:
            self._names |= describe.names_in(record)
            if not self.wants(record):
                continue
            if self._json:
                print_json(_document(record))
            else:
                line = describe.line(record, self._names)
                at = f"{record.timestamp.astimezone(self._zone):%H:%M:%S}"
                say("  ".join(part for part in (at, line.type, line.what, _subject(record)) if part), hang=10)


async def _tail(
    settings: Settings, topic: str, count: int | None, printer: _Printer, *, follow: bool
) -> None:
    async with kafka.reading(settings, [topic]) as log:
        if not log.starts:
            warn(f"the topic {topic} does not exist yet")
        ends = await log.ends()
        if count != 0:
            printer.show(await _newest(log, ends, count, printer))
        log.seek(ends)
        while follow:
            printer.show(await log.next_batch(_POLL_SECONDS))


async def _newest(log: Log, ends: Positions, count: int | None, printer: _Printer) -> list[Record]:
    """Return the newest wanted records in order of time; further back as long as too few have the type."""
    reach = count or 0
    while True:
        begins = {
            place: start if count is None else max(start, ends[place] - reach)
            for place, start in log.starts.items()
        }
        found = [record for record in await _between(log, begins, ends) if printer.wants(record)]
        if count is None:
            return found
        if len(found) >= count or all(begins[place] == log.starts[place] for place in begins):
            return found[len(found) - count :] if len(found) > count else found
        reach *= 10


async def _between(log: Log, begins: Positions, ends: Positions) -> list[Record]:
    """Return the records of these ranges in order of time."""
    log.seek(begins)
    records, reached, empty = [], dict(begins), 0
    while any(reached[place] < end for place, end in ends.items()) and empty < _EMPTY_POLLS:
        found, positions = await log.next(AT_ONCE, ends, 1.0)
        moved = bool(found) or any(reached[place] < at for place, at in positions.items())
        empty = 0 if moved else empty + 1
        reached |= positions
        records += [
            log.record(raw) for raw in found if raw.offset < ends[TopicPartition(raw.topic, raw.partition)]
        ]
    return sorted(records, key=lambda record: (record.timestamp, record.partition, record.offset))


def _subject(record: Record) -> str:
    try:
        return record.header("ce_subject") or ""
    except MalformedEnvelope:
        return ""


def _document(record: Record) -> JSON:
    try:
        value: Any = jsonlib.loads(record.value or b"null")
    except ValueError:
        value = kafka.text(record.value, 100_000)
    return {
        "time": record.timestamp.isoformat().replace("+00:00", "Z"),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else kafka.text(record.key),
        "headers": {name: kafka.text(header) for name, header in record.headers},
        "value": value,
    }
