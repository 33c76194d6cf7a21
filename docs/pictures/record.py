"""Make the README's pictures from a running local stack: `.venv/bin/python docs/pictures/record.py`.

It books an appointment as a person would, then writes the output of `appointments trace` as SVG and the sandbox's page of
messages as PNG (Chromium must be installed). Text of the terminal is taken from a pseudo-terminal, unchanged.
"""

import os
import pty
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS = "100"
BIN = Path(sys.executable).parent
PATIENCE = 60.0


def main() -> None:
    """Book, record, photograph."""
    urls = dict(line.split("=", 1) for line in shown("env").splitlines())
    appointment = book(urls)
    wait_for_messages(urls, appointment)
    trace = terminal("trace", appointment, "--zone", "Europe/Berlin")
    save(f"$ appointments trace {appointment}\n{trace}", HERE / "trace.svg")
    photograph(urls["COMMUNICATION_URL"], HERE / "messages.png")


def shown(*arguments: str) -> str:
    """Return the output of a command as a program sees it."""
    run = subprocess.run([BIN / "appointments", *arguments], check=True, capture_output=True, text=True)
    return run.stdout.strip()


def terminal(*arguments: str) -> str:
    """Return the output of a command as a terminal shows it, with its colours."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": COLUMNS, "LINES": "60", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [BIN / "appointments", *arguments], stdout=theirs, stdin=theirs, env=environment
    ) as process:
        os.close(theirs)
        pieces = []
        while piece := read(ours):
            pieces.append(piece)
        process.wait()
    return b"".join(pieces).decode().replace("\r\n", "\n")


def read(terminal: int) -> bytes:
    """Return what the terminal has; nothing at its end."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def book(urls: dict[str, str]) -> str:
    """Book an hour, let it be confirmed and move it; return its id."""
    people = {person["email"].split("@")[0]: person for person in ask(urls, "/sandbox/people")}
    day = (datetime.now(UTC) + timedelta(7)).date()
    body = {
        "title": "Review",
        "timezone": "Europe/Berlin",
        "location": "Room 4",
        "start_time": f"{day}T09:00:00",
        "end_time": f"{day}T10:00:00",
        "participant_ids": [people["mira"]["id"]],
        "ignore_availability": True,
    }
    path = "/api/appointments"
    identifier = str(call(urls, "POST", path, "jonas", body)["id"])
    call(urls, "POST", f"{path}/{identifier}/confirm", "mira", {})
    moved = {"timezone": "Europe/Berlin", "start_time": f"{day}T11:00:00", "end_time": f"{day}T12:00:00"}
    call(urls, "PATCH", f"{path}/{identifier}", "jonas", moved)
    return identifier


def ask(urls: dict[str, str], path: str) -> Any:
    """Return the sandbox Identity Service's answer."""
    return httpx.get(urls["IDENTITY_URL"] + path, trust_env=False).raise_for_status().json()


def call(urls: dict[str, str], method: str, path: str, person: str, body: dict[str, Any]) -> Any:
    """Return the answer of the API to a person."""
    token = shown("token", f"{person}@nordlicht.example").splitlines()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=urls["INGRESS_URL"], headers=headers, trust_env=False, timeout=30) as client:
        return client.request(method, path, json=body).raise_for_status().json()


def wait_for_messages(urls: dict[str, str], appointment: str) -> None:
    """Return when no notification of the appointment is under way any more."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = call(urls, "GET", f"/api/appointments/{appointment}/notifications", "jonas", {})
        items = found["items"] if isinstance(found, dict) else found
        if len(items) > 4 and all(item["state"] in ("delivered", "expired") for item in items):
            return
        time.sleep(0.5)
    sys.exit("the messages were not delivered in time")


def save(text: str, file: Path) -> None:
    """Write a terminal's text as SVG."""
    console = Console(record=True, width=int(COLUMNS), file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.rstrip()))
    # A fixed id keeps the file's bytes the same for the same text; fonts come from the reader's machine.
    svg = console.export_svg(title="appointments trace", unique_id="trace")
    lines = [line.rstrip() for line in svg.splitlines()]
    kept, inside = [], False
    for line in lines:
        inside = inside or line.strip().startswith("@font-face")
        if not inside:
            kept.append(line)
        inside = inside and line.strip() != "}"
    file.write_text("\n".join(kept).replace("Fira Code", "ui-monospace, Menlo, Consolas") + "\n")


def photograph(url: str, file: Path) -> None:
    """Write a picture of a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 720}, color_scheme="light")
        page.goto(url)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    main()
