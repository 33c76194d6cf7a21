"""`appointments people`: the people of the sandbox Identity Service, and which of them a word means."""

import shutil
import sys
from typing import Annotated, Any

import typer

from cli.console import (
    EXIT_NOT_READY,
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    did_you_mean,
    fail,
    print_json,
    running_stack,
    say,
    with_examples,
)
from cli.stack.sandbox import ask_identity

JSON = dict[str, Any]
_COLUMNS = ("id", "name", "email", "organization_id", "timezone", "locale", "roles")
_LOAD_PREFIX = "load"
_SHOWN = 5  # candidates named in an error
PERSON = "an id, an e-mail address, or how a name or an address begins"


@with_examples(
    "appointments people",
    "appointments people mira --id",
    "appointments people mira --get organization_id",
    "appointments people --json",
)
def people(
    name: Annotated[
        str | None, typer.Argument(metavar="[PERSON]", help=f"List only those that match: {PERSON}.")
    ] = None,
    identifier: Annotated[
        bool, typer.Option("--id", help="Print only the id; exactly one person must match.")
    ] = False,
    get: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Print only this field; exactly one person must match."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the sandbox's people, or those that match a name.

    A terminal leaves out the 1,000 people that exist for load; a pipe gets all, a line each, separated by tabs.
    """
    everybody = fetch_people(running_stack(home).urls["IDENTITY_URL"])
    if identifier or get is not None:
        say(_field(everybody, name, get or "id"))
        return
    found = matching(everybody, name) if name else everybody
    if name and not found:
        fail(_nobody(everybody, name), EXIT_USAGE)
    if json:
        print_json(found)
    elif sys.stdout.isatty():
        _show(found, everyone=name is None)
    else:
        for person in found:
            say("\t".join(_cell(person[column]) for column in _COLUMNS))


def fetch_people(identity_url: str) -> list[JSON]:
    """Return everybody that the sandbox Identity Service at this address knows."""
    answer = ask_identity(identity_url, "GET", "/sandbox/people")
    if answer.is_error:
        fail(f"the Identity Service refused to list people ({answer.status})", EXIT_NOT_READY)
    listed: list[JSON] = answer.json()
    return listed


def matching(everybody: list[JSON], word: str) -> list[JSON]:
    """Return the people with this id or e-mail address; else those of whom a name or the address begins so."""
    wanted = word.strip().lower()
    exact = [person for person in everybody if wanted in (person["id"], person["email"].lower())]
    return exact or [person for person in everybody if _begins_so(person, wanted)]


def person_of(everybody: list[JSON], word: str) -> JSON:
    """Return the one person that a word means; exit with 2, naming candidates, when it is not one."""
    found = matching(everybody, word)
    if not found:
        fail(_nobody(everybody, word), EXIT_USAGE)
    if len(found) > 1:
        names = ", ".join(person["email"] for person in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        fail(f"{word!r} matches {len(found):,} people: {names}{more}", EXIT_USAGE)
    return found[0]


def _field(everybody: list[JSON], word: str | None, field: str) -> str:
    if field not in _COLUMNS:
        fail(f"people have no field {field[:100]!r}; their fields: {', '.join(_COLUMNS)}", EXIT_USAGE)
    if not word:
        fail(f"--{'id' if field == 'id' else 'get'} needs a person", EXIT_USAGE)
    return _cell(person_of(everybody, word)[field])


def _begins_so(person: JSON, wanted: str) -> bool:
    name = person["name"].lower()
    return person["email"].lower().startswith(wanted) or any(
        part.startswith(wanted) for part in (name, *name.split())
    )


def _nobody(everybody: list[JSON], word: str) -> str:
    """Return the sentence for a word that matches nobody, with the nearest name."""
    named = {part: person["email"] for person in everybody for part in (person["name"].lower().split()[0],)}
    known = named if "@" not in word else {person["email"]: person["email"] for person in everybody}
    near = did_you_mean(word, known)
    return f"the sandbox has no person {word[:100]!r}{near or ' (see: appointments people)'}"


def _show(found: list[JSON], *, everyone: bool) -> None:
    """Print a line a person; ids and addresses are never cut: a narrow terminal gets two lines a person."""
    named = [person for person in found if not everyone or not person["email"].startswith(_LOAD_PREFIX)]
    widths = {name: max(len(_cell(person[name])) for person in named) for name in _COLUMNS}
    room = shutil.get_terminal_size().columns
    leading = ("name", "email", "id")
    more = [name for name in ("timezone", "roles") if name not in leading]
    if sum(widths[name] + 2 for name in leading) - 2 > room:
        for person in named:
            say(f"{person['name']}  {person['email']}\n  {person['id']}")
    else:
        while more and sum(widths[name] + 2 for name in (*leading, *more)) - 2 > room:
            more.pop()
        for person in named:
            say("  ".join(_cell(person[name]).ljust(widths[name]) for name in (*leading, *more)).rstrip())
    if len(named) < len(found):
        say(f"and {len(found) - len(named):,} more for load: appointments people --json")


def _cell(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
