"""`appointments export`: open appointments and series as a file that `appointments import` books again."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import Progress

from chassis.clock import now
from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, err, fail, out, print_json, say, with_examples
from cli.transfer.entries import BadFile, Entry, uuid_in
from cli.transfer.exporting.entries import entries
from cli.transfer.exporting.history import History
from cli.transfer.files import kind_of, write
from cli.transfer.import_command import FormatOption, PeopleOption, roster_of
from cli.transfer.roster import Roster
from contracts.envelope import MalformedEnvelope, Record
from contracts.topics import BOOKING_EVENTS


@with_examples(
    "appointments export mine.ics --owner jonas@nordlicht.example",
    "appointments export all.ndjson --organization ID",
)
def moving_out(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Write this file: .ndjson, .ics or .csv.")],
    home: HomeOption = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="PERSON", help="Write only appointments of this organizer (id or e-mail)."),
    ] = None,
    organization: Annotated[
        str | None, typer.Option(metavar="ID", help="Write everything of this organization.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Write only appointments from this time (UTC) on (default: now).")
    ] = None,
    people: PeopleOption = None,
    kind: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Write all open appointments and series to a file.

    Ids are kept: an import into the same fleet changes nothing, and an import into an empty one restores them all.
    """
    settings = kafka.settings_for(home)
    try:
        kind = kind_of(file, kind)
    except BadFile as error:
        fail(str(error), EXIT_USAGE)
    roster = roster_of(people, settings)
    history = _history(owner, organization, roster)
    kafka.run(_read(settings, history), settings)
    begin = since.replace(tzinfo=UTC) if since else now()
    found = list(entries(history, begin))
    if kind != "ndjson":
        found = [_addressed(entry, roster) for entry in found]
    try:
        write(file, kind, found, now())
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}", EXIT_USAGE)
    series = sum("recurring_pattern" in entry.body for entry in found)
    if json or not out.is_terminal:
        print_json({"appointments": len(found) - series, "series": series})
    else:
        say(f"{len(found) - series:,} appointments and {series:,} series in {file}")


def _history(owner: str | None, organization: str | None, roster: Roster) -> History:
    member = roster.find(owner)
    if owner is not None and member is None:
        fail(f"there is no active person {owner[:200]!r} (see: appointments people)", EXIT_USAGE)
    identifier = uuid_in(organization) or (member.organization if member else None)
    if identifier is None or (organization is not None and uuid_in(organization) is None):
        fail("choose the appointments: --owner PERSON, or --organization ID", EXIT_USAGE)
    return History(identifier, member.id if member else None)


async def _read(settings: Settings, history: History) -> None:
    """Read the whole log; events are kept for ever."""
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("reading the log", total=None)
        async with kafka.reading(settings, [BOOKING_EVENTS.name]) as log:
            async for record in log.up_to_now(
                lambda done, total: bar.update(task, completed=done, total=total)
            ):
                if _is_of(record, history.organization):
                    history.add(record.value)


def _is_of(record: Record, organization: UUID) -> bool:
    try:
        return record.header("organization") == str(organization)
    except MalformedEnvelope:
        return False


def _addressed(entry: Entry, roster: Roster) -> Entry:
    """Return the entry with e-mail addresses for ids, for files that people read."""
    body = dict(entry.body)
    if "participant_ids" in body:
        body["participant_ids"] = [roster.address(who) for who in body["participant_ids"]]
    return replace(
        entry,
        body=body,
        organizer=roster.address(entry.organizer or ""),
        answers={roster.address(person): response for person, response in entry.answers.items()},
        waiting=[roster.address(who) for who in entry.waiting],
    )
