"""`appointments revoke-feed`: revoke the secret address of somebody's calendar, as an admin."""

import os
from typing import Annotated
from uuid import UUID

import httpx
import typer

from cli.console import HomeOption, fail, say, with_examples
from cli.http.session import JSON, AsOption, reached, refusal, session
from cli.stack.people import PERSON
from contracts.ids import uuid_of

_PATH = "/api/appointments/calendar/feed"


@with_examples(
    "appointments revoke-feed lukas",
    "appointments revoke-feed 1b9c1f3e-6f0a-5d3c-9a51-0c6a3c2f4f8a --url https://hub.example",
)
def revoke_feed(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=f"Whose address: {PERSON}.")],
    caller: AsOption = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Call this ingress with the token in the variable TOKEN (default: the running stack).",
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Revoke the secret address of a person's calendar, as an admin.

    The person may have left. In the sandbox the first admin of their organization calls, unless --as names another.
    """
    if url:
        _revoke(_with_token(url), _identifier(person), person)
        return
    with session(home, caller or _admin(person, home)) as talk:
        found = talk.person(person)
        _revoke(talk.client, UUID(found["id"]), found["name"])


def _admin(word: str, home: HomeOption) -> str:
    """Return the first admin of the person's organization."""
    with session(home, None) as talk:
        organization = talk.person(word)["organization_id"]
        admins = [one for one in talk.people if _is_admin(one, organization)]
    if not admins:
        fail(f"the organization of {word} has no admin; name one with --as")
    return str(admins[0]["email"])


def _is_admin(person: JSON, organization: str) -> bool:
    return person["organization_id"] == organization and "admin" in person["roles"] and person["active"]


def _with_token(url: str) -> httpx.Client:
    token = os.environ.get("TOKEN", "")
    if not token:
        fail("set the variable TOKEN to the token of an admin")
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def _identifier(person: str) -> UUID:
    try:
        return uuid_of(person)
    except ValueError:
        fail(f"{person} is no id of a person; with --url people are named by their ids")


def _revoke(client: httpx.Client, person: UUID, name: str) -> None:
    with reached(str(client.base_url)):
        response = client.delete(_PATH, params={"user_id": str(person)})
    if response.status_code != 204:
        fail(refusal(response))
    say(f"{name}: the address of the calendar is revoked")
