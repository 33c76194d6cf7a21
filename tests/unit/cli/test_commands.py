"""The command line answers at once: a command is imported when it runs, and the table of commands is true."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from cli.commands import COMMANDS
from cli.lazy import real_command
from cli.main import app

HEAVY = (
    "alembic",
    "services",
    "fastapi",
    "starlette",
    "chassis",
    "sqlalchemy",
    "aiokafka",
    "pydantic",
    "httpx",
    "rich",
)


def imported_by(*arguments: str) -> set[str]:
    """The top-level packages in memory after a command."""
    program = (
        "import sys\n"
        "from cli.main import app\n"
        f"sys.argv = ['appointments', *{list(arguments)!r}]\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("env", "--home", "/nowhere"),
        ("token", "mira", "--home", "/nowhere"),
        ("status", "--home", "/nowhere"),
        ("people", "--home", "/nowhere"),
        ("down", "--home", "/nowhere"),
        ("logs", "--home", "/nowhere"),
        ("status", "--help"),
    ],
    ids=" ".join,
)
def test_a_command_that_must_answer_at_once_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported_by(*arguments) & set(HEAVY) == set()


def test_another_command_imports_what_it_needs() -> None:
    assert "aiokafka" in imported_by("topics", "--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_has_the_first_line_of_each_commands_own_help(name: str) -> None:
    command = real_command(name, COMMANDS[name])
    assert command.name == name
    assert command.help.splitlines()[0] == COMMANDS[name].help


def every_command() -> Iterator[tuple[str, Any]]:
    """All commands with their subcommands, by the words that call them."""
    for name, entry in COMMANDS.items():
        command = real_command(name, entry)
        inner = getattr(command, "commands", {})
        if not inner or command.invoke_without_command:
            yield name, command
        for sub, one in inner.items():
            yield f"{name} {sub}", one


@pytest.mark.parametrize(
    ("words", "command"), list(every_command()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_help_has_examples_that_can_be_parsed(words: str, command: Any) -> None:
    assert "Examples:" in (command.epilog or "")
    lines = "\n".join(command.epilog.splitlines()[2:]).replace("\\\n", " ").splitlines()
    own = [line for line in lines if f"appointments {words}" in line]
    assert own, words
    for line in own:
        arguments = shlex.split(
            line.partition("appointments ")[2].split(" | ")[0].split(" && ")[0].rstrip(')" …')
        )
        parse(arguments)


def parse(arguments: list[str]) -> None:
    """Raise a usage error unless the command line takes these arguments."""
    command, context = get_command(app), None
    while True:
        context = command.make_context(
            arguments[0] if arguments else "appointments", list(arguments), parent=context
        )
        rest = [*context._protected_args, *context.args]
        if not rest or not hasattr(command, "resolve_command"):
            assert not context.args
            return
        _, command, arguments = command.resolve_command(context, rest)


def test_an_unknown_command_is_met_with_the_nearest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "statos"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Did you mean 'status'" in done.stderr
