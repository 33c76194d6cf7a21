"""`appointments import`: existing appointments become commands, paced, resumable, with a report of what was refused."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from chassis.clock import now
from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, fail
from cli.stack.people import fetch_people
from cli.transfer.entries import BadFile, Problem
from cli.transfer.files import Source
from cli.transfer.importing.planning import Planned, begins, planned
from cli.transfer.importing.sending import Sending
from cli.transfer.progress import conclude, progress
from cli.transfer.roster import Member, Roster
from cli.transfer.tally import Report, Tally
from contracts.topics import BOOKING_OUTCOMES

PeopleOption = Annotated[
    Path | None,
    typer.Option(
        "--people", help="Who is who, as `appointments people --json` prints it (default: ask the sandbox)."
    ),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="ndjson, ics or csv (default: the file's ending).")
]


def moving_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Appointments: .ndjson, .ics or .csv.")],
    home: HomeOption = None,
    owner: Annotated[
        str | None, typer.Option(help="Id or e-mail address of who organizes what names no organizer.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1, help="Commands a second, at most; fewer while others would wait for them.")
    ] = 200.0,
    steady: Annotated[
        bool, typer.Option("--steady", help="Keep to the rate, also while others wait for it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, send nothing.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write all that was refused or left out here, as NDJSON.")
    ] = None,
    attempt: Annotated[
        int, typer.Option(min=1, help="Another number asks again for what was refused; what stands, stands.")
    ] = 1,
    people: PeopleOption = None,
    kind: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Book what a file holds. The same file again changes nothing, so a broken-off import is simply started again.

    Exit code 1 when something of it does not stand afterwards, 130 after Ctrl-C.
    """
    settings = kafka.settings_for(home)
    roster = roster_of(people, settings)
    source = _open(file, kind)
    moving = Moving(source, roster, _owner(owner, roster), attempt)
    try:
        with Report(report) as reported:
            if dry_run:
                tally = moving.check(reported)
            else:
                tally = kafka.run(moving.send(settings, rate, reported, steady=steady), settings)
    except BadFile as error:
        fail(f"{file}: {error}", EXIT_USAGE)
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror}", EXIT_USAGE)
    conclude(tally, reported, dry_run=dry_run, json=json)


@dataclass
class Moving:
    """An import: its file, who is who, who organizes what names nobody."""

    source: Source
    roster: Roster
    owner: Member | None
    attempt: int

    def plans(self) -> Iterator[Planned | Problem]:
        """What each entry becomes."""
        for entry in self.source.entries():
            yield (
                entry
                if isinstance(entry, Problem)
                else planned(entry, self.roster, self.owner, at=now(), attempt=self.attempt)
            )

    def check(self, report: Report) -> Tally:
        """Read all of it and say what is wrong as far as it can be known without booking."""
        tally, at = Tally(), now()
        with progress(self.source, tally) as tell:
            for plan in self.plans():
                tally.read += 1
                tell()
                if isinstance(plan, Planned):
                    start = begins(plan)
                    if start is None or start > at:
                        tally.booked += 1
                        tally.notes += len(plan.entry.notes)
                        for note in plan.entry.notes:
                            report.add(note, "note")
                        continue
                    title = str(plan.body["title"])[:80]
                    detail = f"It begins at {start:%Y-%m-%d %H:%M} UTC, which is past."
                    plan = Problem(plan.entry.place, "in_the_past", detail, plan.entry.uid, title)
                tally.unsendable += 1
                report.add(plan, "unsendable")
        return tally

    async def send(self, settings: Settings, rate: float, report: Report, *, steady: bool) -> Tally:
        """Send it. Ctrl-C once: no more is sent, what is under way is awaited."""
        tally, stop = Tally(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, _stop_once, loop, stop)
        with progress(self.source, tally) as tell:
            sending = Sending(self.plans(), self.roster, tally, report, stop, tell)
            async with (
                kafka.reading(settings, [BOOKING_OUTCOMES.name]) as log,
                kafka.publisher(settings) as producer,
            ):
                await sending.run(log, producer, rate, steady=steady)
        return tally


def roster_of(people: Path | None, settings: Settings) -> Roster:
    """Everybody, from a file or from the sandbox's Identity Service."""
    if people is None:
        return Roster(fetch_people(settings.identity_url))
    try:
        return Roster(orjson.loads(people.read_bytes()))
    except OSError as error:
        fail(f"cannot read {people}: {error.strerror}", EXIT_USAGE)
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"{people} is not what `appointments people --json` prints", EXIT_USAGE)


def _owner(who: str | None, roster: Roster) -> Member | None:
    owner = roster.find(who)
    if who is not None and owner is None:
        fail(f"nobody active is {who[:200]!r} (see: appointments people)", EXIT_USAGE)
    return owner


def _open(file: Path, kind: str | None) -> Source:
    try:
        return Source.of(file, kind)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", EXIT_USAGE)
    except BadFile as error:
        fail(str(error), EXIT_USAGE)


def _stop_once(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A second Ctrl-C ends at once."""
    stop.set()
    loop.remove_signal_handler(signal.SIGINT)
