"""`appointments busy-times`: time that is taken in a person's other calendars."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.console import (
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    ZoneOption,
    examples,
    fail,
    group,
    print_json,
    say,
    zone_of,
)
from cli.http.session import Session, reached, refusal, session
from cli.http.times import span, weekday
from cli.stack.people import PERSON

PATH = "/api/appointments/calendar"
app = group("busy-times", "List, import and remove a person's busy times.", no_args_is_help=True)
Person = Annotated[str, typer.Argument(metavar="PERSON", help=f"Whose time: {PERSON}.")]
SourceOption = Annotated[
    str | None, typer.Option("--source", metavar="NAME", help="Only this calendar (default: all of them).")
]


@app.command("ls", epilog=examples("appointments busy-times ls mira --source Work"))
def ls(
    person: Person,
    source: SourceOption = None,
    zone: ZoneOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the calendars that a person's busy times come from, and the times of the next 31 days."""
    with session(home, person) as talk:
        sources = talk.get(f"{PATH}/sources", {})["sources"]
        query = {} if source is None else {"source": source}
        times = talk.get(f"{PATH}/busy-times", query)["items"]
        place = zone_of(zone) or ZoneInfo(talk.caller["timezone"])
        if json:
            print_json({"sources": sources, "items": times})
            return
        say(f"{talk.caller['name']} ({place.key})")
        for one in sources:
            say(f"  {one['times']:>5}  {_name(one['source'])}")
        if not sources:
            say("  no busy times")
        for item in times:
            start, end = (
                datetime.fromisoformat(item[at]).astimezone(place) for at in ("start_time", "end_time")
            )
            say(f"  {weekday(start):<10}  {span(start, end):<11}  {_name(item['source'])}")


@app.command("import", epilog=examples("appointments busy-times import mira my.ics --source Work"))
def import_(
    person: Person,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An iCalendar file (.ics).")],
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="NAME", help="Replace this calendar (default: the file's own name)."
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Import a calendar file as a person's busy times.

    A file with a name replaces what was imported of that calendar before; any other file only adds to it.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", EXIT_USAGE)
    with session(home, person) as talk:
        query = {} if source is None else {"source": source}
        answer = _sent(talk, "POST", f"{PATH}/import", query, content)
    if json:
        print_json(answer)
        return
    say(f"{answer['imported']} imported, {answer['skipped']} skipped, {answer['removed']} removed")
    say(f"calendar: {_name(answer['source'])}")


@app.command(
    "remove",
    epilog=examples(
        "appointments busy-times remove mira --source Work", "appointments busy-times remove mira --all"
    ),
)
def remove(
    person: Person,
    source: SourceOption = None,
    every: Annotated[bool, typer.Option("--all", help="Remove the times of every imported file.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Remove imported busy times of one calendar (--source NAME), or of all (--all)."""
    if (source is None) != every:
        fail("say --source NAME or --all", EXIT_USAGE)
    with session(home, person) as talk:
        query = {} if source is None else {"source": source}
        answer = _sent(talk, "DELETE", f"{PATH}/busy-times", query)
    if json:
        print_json(answer)
        return
    say(f"{answer['removed']} removed")


def _sent(
    talk: Session, method: str, path: str, query: dict[str, str], content: bytes | None = None
) -> dict[str, Any]:
    """Return the answer to a write; exit with a sentence when it is refused."""
    headers = {"Content-Type": "text/calendar"} if content is not None else {}
    with reached(str(talk.client.base_url)):
        response = talk.client.request(method, path, params=query, content=content, headers=headers)
    if response.is_error:
        fail(refusal(response))
    answer: dict[str, Any] = response.json()
    return answer


def _name(source: str) -> str:
    return source or "(imported without a name)"
