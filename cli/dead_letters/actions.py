"""Redrive or discard dead letters: one message for each, at a rate."""

import asyncio
import getpass
import os
from collections.abc import Callable, Sequence

import typer

from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import EXIT_USAGE, fail, out, print_json, say, warn
from cli.dead_letters.letter import Letter
from contracts.envelope import Message

_REASON_MAX = 1_000  # characters: it travels as a header
_PER = {"": 1, "s": 1, "min": 60}


def act(
    settings: Settings,
    chosen: Sequence[Letter],
    message_for: Callable[[Letter], Message],
    *,
    done: str,
    rate: float,
    dry_run: bool,
    json: bool,
) -> None:
    """Publish a message for each letter; progress is printed per letter, so an interrupted run shows where it
    stopped.
    """
    programs = json or not out.is_terminal
    words = f"would be {done}" if dry_run else done

    def show(letter: Letter) -> None:
        if programs:
            print_json(letter.document() | {"dry_run": dry_run})
        else:
            say(f"{words}: {letter.id[:8]}  {letter.service}, {letter.about}, {letter.short_cause[:90]}")

    if dry_run:
        for letter in chosen:
            show(letter)
    else:
        kafka.name_target(settings)
        kafka.run(_publish(settings, chosen, message_for, rate, show), settings)
    if not programs:
        say(f"{len(chosen)} dead letter{'' if len(chosen) == 1 else 's'} {words}")


async def _publish(
    settings: Settings,
    chosen: Sequence[Letter],
    message_for: Callable[[Letter], Message],
    rate: float,
    show: Callable[[Letter], None],
) -> None:
    async with kafka.publisher(settings) as producer:
        for number, letter in enumerate(chosen):
            if number:
                await asyncio.sleep(1 / rate)
            await producer.publish([message_for(letter)])
            show(letter)


def need(reason: str) -> None:
    """End the command unless a reason is given that a header can carry."""
    if not reason.strip():
        fail("--reason needs a few words: they are kept with the letter", EXIT_USAGE)
    if len(reason) > _REASON_MAX:
        fail(f"--reason may have {_REASON_MAX} characters: it travels with the letter", EXIT_USAGE)


def whole(chosen: Sequence[Letter]) -> list[Letter]:
    """Return the letters that can be redriven; name the others, and end the command if no letter is left."""
    cut = [letter for letter in chosen if letter.cut]
    for letter in cut:
        warn(_refusal(letter))
    if cut and len(cut) == len(chosen):
        fail("nothing was sent")
    return [letter for letter in chosen if not letter.cut]


def need_whole_or_new_body(letter: Letter, new_body: bool) -> None:
    """End the command if the letter is cut, unless its value alone is and it gets a new one."""
    if letter.cut and not (new_body and letter.cut == ("value",)):
        fail(f"nothing was sent: {_refusal(letter)}")


def _refusal(letter: Letter) -> str:
    parts = " and ".join(letter.cut)
    ways = "edit it with --file FILE, or discard it" if letter.cut == ("value",) else "discard it"
    return (
        f"letter {letter.id[:8]} cannot be sent back: it has only a part of the record's {parts} "
        f"(the value had {letter.story.get('value-size', '?')} bytes); ask its sender to send it again, {ways}"
    )


def operator() -> str:
    """Return the name of the acting user for a letter's history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"uid {os.getuid()}"


def rate_of(text: str) -> float:
    """Return a rate per second from `5`, `5/s` or `30/min`."""
    number, _, per = str(text).partition("/")
    try:
        rate = float(number) / _PER[per.strip()]
    except (ValueError, KeyError):
        rate = 0.0
    if not 0.001 <= rate <= 100_000:
        raise typer.BadParameter(f"{text!r} is not a rate such as 5/s or 30/min")
    return rate
