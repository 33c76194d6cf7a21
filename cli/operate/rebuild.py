"""`appointments rebuild`: refill booking's database from its published messages after it was lost."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import asdict
from typing import Annotated

import typer

from chassis import clock
from chassis.configuration.settings import Settings, owner_database_url
from chassis.database.transactions import Database
from chassis.kafka.client import cluster_id
from cli import kafka
from cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    err,
    fail,
    out,
    print_json,
    say,
    with_examples,
)
from contracts.envelope import Record
from services.booking.clients.identity import Directory
from services.booking.rebuild.reading import Report
from services.booking.rebuild.run import CONSUMER, Inconsistent, NotNow
from services.booking.rebuild.run import rebuild as rebuild_into
from services.booking.rebuild.summary import Summary

EXIT_REFUSED = 7
# One transaction for all of it: no statement has to end within a batch's time.
_PATIENT = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "enable_seqscan": "on",
}


@with_examples("appointments rebuild booking --dry-run", "appointments rebuild booking")
def rebuild(
    what: Annotated[str, typer.Argument(metavar="[booking]", help="Rebuild this database.")] = "booking",
    home: HomeOption = None,
    json: JsonOption = False,
    forward: Annotated[
        bool, typer.Option("--forward", help="Roll a database forward that was restored from a backup.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all of it, print the result, and undo it.")
    ] = False,
    identity: Annotated[
        bool, typer.Option(help="Ask Identity who is active (default), or treat everybody as active.")
    ] = True,
) -> None:
    """Rebuild booking's lost database from the log.

    The empty database is filled from booking's events, outcomes and commands, in one transaction, and booking continues
    where it was. Booking must not run. A rebuild that ends early changes nothing; start it again. Exit codes: 0 done, 1 the log contradicts itself, 2 nothing of that name, 6 Kafka or PostgreSQL do not answer,
    7 booking runs or the database is not empty.
    """
    if what != "booking":
        fail(
            f"{what[:60]!r} cannot be rebuilt by this (there is: booking; views: appointments replay)",
            EXIT_USAGE,
        )
    settings = kafka.settings_for(home)
    kafka.name_target(settings, kafka=False, service="booking")
    show: Report = _quiet if json or not err.is_terminal else _show
    try:
        summary = kafka.run(
            _rebuild(settings, forward=forward, dry_run=dry_run, identity=identity, report=show), settings
        )
    except NotNow as error:
        fail(str(error), EXIT_REFUSED)
    except Inconsistent as error:
        fail(f"nothing was changed: {error}", EXIT_FAILED)
    if json or not out.is_terminal:
        print_json({"dry_run": dry_run, **asdict(summary)})
    else:
        _print(summary, dry_run)


async def _rebuild(
    settings: Settings, *, forward: bool, dry_run: bool, identity: bool, report: Callable[[str, int], None]
) -> Summary:
    await _nobody_reads(settings)
    database = Database(
        owner_database_url(settings, "booking"),
        application_name="appointments-rebuild",
        server_settings=_PATIENT,
    )
    directory = Directory(settings.identity_url, timeout=5.0, remember_for=3600.0) if identity else None
    try:
        return await rebuild_into(
            database,
            _Log(settings),
            await cluster_id(settings),
            clock.now(),
            prefix=settings.topic_prefix,
            directory=directory,
            forward=forward,
            dry_run=dry_run,
            report=report,
        )
    finally:
        await database.dispose()
        if directory is not None:
            await directory.close()


async def _nobody_reads(settings: Settings) -> None:
    """Raise NotNow while any process is in booking's consumer group, whatever database it uses."""
    members = await kafka.members_of(settings, settings.topic_prefix + CONSUMER)
    if members:
        raise NotNow(f"booking is running ({members} in its consumer group): stop it first")


class _Log:
    """The log as a rebuild reads it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """All records up to now."""
        async with kafka.reading(self._settings, [topic]) as log:
            async for record in log.up_to_now():
                yield record

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition."""
        async with kafka.reading(self._settings, [topic]) as log:
            return {place.partition: end for place, end in (await log.ends()).items()}


def _quiet(_phase: str, _count: int) -> None:
    """For programs."""


def _show(phase: str, count: int) -> None:
    err.print(f"\r{phase}: {count:,}", end="\n" if count == 0 else "")


def _print(summary: Summary, dry_run: bool) -> None:
    say("would have been rebuilt (a dry run, nothing was changed):" if dry_run else "rebuilt:")
    for name, count in summary.counts.items():
        out.print(f"  {name:<28}{count:>12,}")
    out.print(
        "booking goes on at: " + ", ".join(f"{at} {offset}" for at, offset in summary.positions.items())
    )
    for sentence in summary.unknown:
        out.print(f"[yellow]not known:[/] {sentence}")
