"""What `up` shows while it runs: a live board on a terminal, plain lines elsewhere."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import httpx
from rich.live import Live

from cli.board import board, with_footer
from cli.console import out, say
from deploy.local.report import Report, ask_all
from deploy.local.stack import Stack
from deploy.local.supervisor import State

_BOARD_SECONDS = 1.0
_LINES_SECONDS = 0.1


class Display(Protocol):
    """Shows a stack while it runs."""

    async def follow(self) -> None:
        """Show changes until cancelled."""

    def ready(self, seconds: float) -> None:
        """All is ready, after so many seconds."""

    def note(self, text: str) -> None:
        """Something that a person should read."""


@contextmanager
def display_for(stack: Stack) -> Iterator[Display]:
    """A board if stdout is a terminal, else lines."""
    if not out.is_terminal:
        yield Lines(stack)
        return
    with Live(console=out, auto_refresh=False, transient=False) as live:
        yield Board(stack, live)


def summary(urls: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and addresses for people."""
    return [
        ("appointments (docs)", f"{urls['INGRESS_URL']}/docs"),
        ("Identity (sandbox)", urls["IDENTITY_URL"]),
        ("messages (sandbox)", urls["COMMUNICATION_URL"]),
        ("Kafka", urls["KAFKA_BOOTSTRAP_SERVERS"]),
        ("PostgreSQL", urls["DATABASE_URL"]),
    ]


class Lines:
    """One line for each change of a process's state."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def follow(self) -> None:
        """Print who became ready and who is started again."""
        shown: dict[str, tuple[str, int]] = {}
        while True:
            for name, member in self._stack.members.items():
                now = (str(member.state), member.restarts)
                if shown.get(name) != now and member.state in (State.READY, State.RESTARTING):
                    where = f"pid {member.child.pid}" if member.child.pid else str(member.child.log)
                    say(f"{name}: {member.state} ({where})")
                shown[name] = now
            await asyncio.sleep(_LINES_SECONDS)

    def ready(self, seconds: float) -> None:
        """Print the addresses."""
        say(f"ready after {seconds:.1f} s")
        for name, value in summary(self._stack.urls):
            say(f"{name:<24}{value}")
        say(f"{'logs':<24}{self._stack.home.logs}")

    def note(self, text: str) -> None:
        """Print it."""
        say(text)


class Board:
    """The live board: processes, addresses, a token to try with, where the logs are."""

    def __init__(self, stack: Stack, live: Live) -> None:
        self._stack = stack
        self._live = live
        self._footer = [*summary(stack.urls), ("logs", str(stack.home.logs))]
        self._token: list[tuple[str, str]] = []
        self._note = ("", "starting …")

    async def follow(self) -> None:
        """Draw the board every second."""
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while True:
                if not self._token:
                    self._token = await _token_to_try(self._stack, client)
                self._draw(await ask_all(self._stack.records(), client))
                await asyncio.sleep(_BOARD_SECONDS)

    def ready(self, seconds: float) -> None:
        """Say so in the footer."""
        self._note = ("", f"ready after {seconds:.1f} s; Ctrl-C stops everything and keeps the data")

    def note(self, text: str) -> None:
        """Print it above the board."""
        self._live.console.print(text, markup=False)

    def _draw(self, report: Report) -> None:
        lines = [*self._footer, *self._token, self._note]
        self._live.update(with_footer(board(report), lines), refresh=True)


async def _token_to_try(stack: Stack, client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """A token of the first person of the sandbox, as soon as the Identity Service answers; until then nothing."""
    member = stack.members.get("identity")
    if member is None or member.state is not State.READY:
        return []
    url = stack.urls["IDENTITY_URL"]
    try:
        people = (await client.get(f"{url}/sandbox/people")).raise_for_status().json()
        email = people[0]["email"]
        answer = (await client.post(f"{url}/sandbox/tokens", json={"email": email})).raise_for_status()
        return [(f"token of {email}", answer.json()["token"])]
    except (httpx.HTTPError, ValueError, LookupError):
        return []
