"""`appointments import`: book the appointments of a file, paced and resumable, with a report of refusals."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from chassis.clock import now
from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, fail, with_examples
from cli.stack.people import fetch_people
from cli.transfer.entries import BadFile, Problem, of_its_parts
from cli.transfer.files import Source
from cli.transfer.importing.planning import Planned, begins, planned
from cli.transfer.importing.sending import Sending
from cli.transfer.progress import conclude, progress
from cli.transfer.roster import Member, Roster
from cli.transfer.tally import Report, Tally
from contracts.outcomes import Code
from contracts.topics import BOOKING_OUTCOMES

PeopleOption = Annotated[
    Path | None,
    typer.Option(
        "--people",
        metavar="FILE",
        help="Take the people from this output of `appointments people --json` (default: the sandbox).",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="ndjson|ics|csv", help="Format of the file (default: by its ending)."),
]


@with_examples(
    "appointments import old.csv --owner jonas@nordlicht.example --dry-run",
    "appointments import old.csv --owner jonas@nordlicht.example --report problems.ndjson",
)
def moving_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Appointments: .ndjson, .ics or .csv.")],
    home: HomeOption = None,
    owner: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Organizer for rows that name none (id or e-mail).")
    ] = None,
    rate: Annotated[
        float,
        typer.Option(min=1, help="Send at most so many commands a second; fewer while others would wait."),
    ] = 200.0,
    steady: Annotated[bool, typer.Option("--steady", help="Do not slow down for other traffic.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and send nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write everything that was refused or left out here, as NDJSON."),
    ] = None,
    attempt: Annotated[
        int,
        typer.Option(
            min=1, help="Change this number to retry rows refused before; accepted rows are not repeated."
        ),
    ] = 1,
    people: PeopleOption = None,
    kind: FormatOption = None,
    json: JsonOption = False,
) -> None:
    """Book the appointments of a file (.ndjson, .ics or .csv).

    The same file again changes nothing, so an interrupted import is simply started again. Exit codes: 0 everything is
    booked or on purpose skipped, 1 something failed or was refused, 130 after Ctrl-C.
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
                kafka.name_target(settings)
                tally = kafka.run(moving.send(settings, rate, reported, steady=steady), settings)
    except BadFile as error:
        fail(f"{file}: {error}", EXIT_USAGE)
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror}", EXIT_USAGE)
    conclude(tally, reported, dry_run=dry_run, json=json)


@dataclass
class Moving:
    """An import: its file, the people, and the organizer of entries that name none."""

    source: Source
    roster: Roster
    owner: Member | None
    attempt: int

    def plans(self) -> Iterator[Planned | Problem]:
        """Yield the plan of each entry, or its problem; of an entry of a calendar one for each of its components."""
        for entry in self.source.entries(now(), self.owner):
            if isinstance(entry, Problem):
                yield entry
                continue
            plan = planned(entry, self.roster, self.owner, at=now(), attempt=self.attempt)
            if isinstance(plan, Planned) and entry.parts and (start := begins(plan)) and start <= now():
                plan = in_the_past(plan, start)
            if isinstance(plan, Planned):
                yield plan
            else:
                over = bool(entry.parts) and plan.code == Code.IN_THE_PAST
                yield from of_its_parts(replace(plan, outcome="skipped" if over else ""), entry.parts)

    def check(self, report: Report) -> Tally:
        """Read all of it, and report the problems that can be known without booking."""
        tally, at = Tally(), now()
        with progress(self.source, tally) as show:
            for plan in self.plans():
                show()
                if isinstance(plan, Planned) and (start := begins(plan)) and start <= at:
                    plan = in_the_past(plan, start)
                if isinstance(plan, Problem):
                    tally.take(plan, report)
                    continue
                tally.read += 1
                tally.booked += 1
                tally.count("booked", len(plan.entry.parts) or 1)
                for note in plan.entry.notes:
                    tally.notes += 1
                    report.add(note, "note")
        return tally

    async def send(self, settings: Settings, rate: float, report: Report, *, steady: bool) -> Tally:
        """Send it. After one Ctrl-C nothing more is sent, and outcomes under way are awaited."""
        tally, stop = Tally(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, _stop_once, loop, stop)
        with progress(self.source, tally) as show:
            sending = Sending(self.plans(), self.roster, tally, report, stop, show)
            async with (
                kafka.reading(settings, [BOOKING_OUTCOMES.name]) as log,
                kafka.publisher(settings) as producer,
            ):
                await sending.run(log, producer, rate, steady=steady)
        return tally


def in_the_past(plan: Planned, start: datetime) -> Problem:
    """Return the problem of an appointment that cannot be booked any more."""
    detail = f"It begins at {start:%Y-%m-%d %H:%M} UTC, which is in the past."
    return Problem(
        plan.entry.place, Code.IN_THE_PAST.value, detail, plan.entry.uid, str(plan.body["title"])[:80]
    )


def roster_of(people: Path | None, settings: Settings) -> Roster:
    """Return everybody, from a file or from the sandbox's Identity Service."""
    if people is None:
        return Roster(fetch_people(settings.identity_url))
    try:
        return Roster(orjson.loads(people.read_bytes()))
    except OSError as error:
        fail(f"cannot read {people}: {error.strerror}", EXIT_USAGE)
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"{people} is no output of `appointments people --json`", EXIT_USAGE)


def _owner(who: str | None, roster: Roster) -> Member | None:
    owner = roster.find(who)
    if who is not None and owner is None:
        fail(f"there is no active person {who[:200]!r} (see: appointments people)", EXIT_USAGE)
    return owner


def _open(file: Path, kind: str | None) -> Source:
    try:
        return Source.of(file, kind)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", EXIT_USAGE)
    except BadFile as error:
        fail(str(error), EXIT_USAGE)


def _stop_once(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop after this Ctrl-C; a second one ends at once."""
    stop.set()
    loop.remove_signal_handler(signal.SIGINT)
