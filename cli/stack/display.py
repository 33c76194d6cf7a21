"""The display of `up`: a live board on a terminal, plain lines elsewhere."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import httpx
from rich.live import Live

from cli.console import out, say
from cli.stack.addresses import addresses
from cli.stack.board import board, with_footer
from deploy.local.programs import ask_all
from deploy.local.report import Report
from deploy.local.stack import Stack
from deploy.local.supervisor import State

_BOARD_SECONDS = 1.0
_LINES_SECONDS = 0.1


class Display(Protocol):
    """Shows a stack while it runs."""

    async def follow(self) -> None:
        """Show changes until cancelled."""

    def ready(self, seconds: float, token: str | None) -> None:
        """Show that everything is ready after so many seconds; `token` is a line with a token to try."""

    def note(self, text: str) -> None:
        """Show a text to the person at the terminal."""


@contextmanager
def display_for(stack: Stack) -> Iterator[Display]:
    """Return a board if stdout is a terminal, else lines."""
    if not out.is_terminal:
        yield Lines(stack)
        return
    with Live(console=out, auto_refresh=False, transient=False) as live:
        yield Board(stack, live)


class Lines:
    """One line for each change of a process's state."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    async def follow(self) -> None:
        """Print each process that became ready or is restarted."""
        shown: dict[str, tuple[str, int]] = {}
        while True:
            for name, member in self._stack.members.items():
                now = (str(member.state), member.restarts)
                if shown.get(name) != now and member.state in (State.READY, State.RESTARTING):
                    where = f"pid {member.child.pid}" if member.child.pid else str(member.child.log)
                    say(f"{name}: {member.state} ({where})")
                shown[name] = now
            await asyncio.sleep(_LINES_SECONDS)

    def ready(self, seconds: float, token: str | None) -> None:
        """Print the addresses. Lines end in files, so they have no token."""
        say(f"ready after {seconds:.1f} s")
        if token:
            say("a token to try: appointments token EMAIL")
        for name, value in addresses(self._stack.urls):
            say(f"{name:<14}{value}")
        say(f"{'logs':<14}{self._stack.home.logs}")

    def note(self, text: str) -> None:
        """Print it."""
        say(text)


class Board:
    """The live board: processes, addresses, the folder of the logs; above it a token to try."""

    def __init__(self, stack: Stack, live: Live) -> None:
        self._stack = stack
        self._live = live
        self._footer = [*addresses(stack.urls), ("logs", str(stack.home.logs))]
        self._note = "starting …"

    async def follow(self) -> None:
        """Draw the board every second."""
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while True:
                self._draw(await ask_all(self._stack.records(), client))
                await asyncio.sleep(_BOARD_SECONDS)

    def ready(self, seconds: float, token: str | None) -> None:
        """Show it below the board; the token goes above it in one line, which can be copied."""
        self._note = f"ready after {seconds:.1f} s; Ctrl-C stops everything and keeps the data"
        if token:
            self.note(token)

    def note(self, text: str) -> None:
        """Print it above the board."""
        self._live.console.print(text, markup=False, soft_wrap=True)

    def _draw(self, report: Report) -> None:
        self._live.update(with_footer(board(report), self._footer, self._note), refresh=True)


async def token_to_try(urls: Mapping[str, str]) -> str | None:
    """Return `TOKEN=…` of the sandbox's first person, for a shell; None if the Identity Service gives none."""
    url = urls["IDENTITY_URL"]
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            people = (await client.get(f"{url}/sandbox/people")).raise_for_status().json()
            email = people[0]["email"]
            answer = await client.post(f"{url}/sandbox/tokens", json={"email": email})
            return f"# {email}\nTOKEN={answer.raise_for_status().json()['token']}"
    except (httpx.HTTPError, ValueError, LookupError):
        return None
