"""Commands that documents print exist, with the options that they are given there."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from cli.main import app
from tests.unit.documents.blocks import RUN, blocks, documents
from tests.unit.documents.files import ROOT, text

PROGRAM = "appointments"
_INLINE = re.compile(r"`(appointments [^`]+)`")
_PLACEHOLDER = re.compile(r"[A-Z…{/]")


def printed(path: str) -> Iterator[str]:
    """Yield each command line of ours that a document prints, in blocks or within a sentence."""
    for block in blocks(path):
        for line in block.body.replace("\\\n", " ").splitlines():
            for found in re.finditer(r"(?:^|\$\(|\| )(appointments [^|)]*)", line.strip()):
                yield found[1]
    yield from _INLINE.findall(re.sub(r"```.*?```", "", text(path), flags=re.DOTALL))


def complaint(line: str) -> str | None:
    """Return what is wrong with a command line: an unknown command or option; None if nothing is."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(
        app
    )  # Typer brings its own Click, so its classes are not named here
    context = command.context_class(command)
    while words and hasattr(command, "get_command") and not words[0].startswith("-"):
        name = words.pop(0).rstrip(",")
        if _PLACEHOLDER.match(name):
            return None
        if command.get_command(context, name) is None:
            return f"{line}: there is no {name}"
        _, command, _ = command.resolve_command(context, [name])
        context = command.context_class(command, parent=context)
    known = {spelling for parameter in command.get_params(context) for spelling in _spellings(parameter)}
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known]
    return f"{line}: no option {', '.join(unknown)}" if unknown else None


def _spellings(parameter: Any) -> list[str]:
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("path", documents())
def test_each_printed_command_exists_with_its_options(path: str) -> None:
    assert [found for line in printed(path) if (found := complaint(line))] == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("appointments trase ID", "there is no trase"),
        ("appointments trace ID --zome UTC", "no option --zome"),
    ],
)
def test_a_command_or_option_that_is_gone_is_listed(line: str, wrong: str) -> None:
    assert (complaint(line) or "").endswith(wrong)


@pytest.mark.parametrize("path", documents())
def test_each_make_target_that_is_printed_exists(path: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", text(path), re.MULTILINE))
    assert {first or second for first, second in named} <= targets


@pytest.mark.parametrize("path", documents())
def test_a_block_of_commands_is_run_or_says_why_not(path: str) -> None:
    silent = [block for block in blocks(path) if block.reason is not None and block.language not in RUN]
    assert silent == []
