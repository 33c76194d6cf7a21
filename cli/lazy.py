"""A group of commands of which only the one that runs is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cli.console import CONTEXT, epilog_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A command before it is imported: `module:attribute`, its panel in the help, and the first line of its
    own help.
    """

    target: str
    panel: str
    help: str

    def load(self) -> Callable[..., Any] | typer.Typer:
        """Import the function, or the group, that is the command."""
        module, _, attribute = self.target.partition(":")
        loaded: Callable[..., Any] | typer.Typer = getattr(import_module(module), attribute)
        return loaded


def lazy_group(entries: Mapping[str, Entry]) -> type[TyperGroup]:
    """Return the class of a group with these commands, for `typer.Typer(cls=…)`."""

    class Lazy(TyperGroup):
        """Show the table's lines in its own help, and import a command to run it or to show its help."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, entry in entries.items():
                self.add_command(TyperCommand(name, help=entry.help))

        def format_commands(self, _: Any, formatter: Any) -> None:
            """Write a section for each panel."""
            width = max(map(len, entries))
            for panel in dict.fromkeys(entry.panel for entry in entries.values()):
                with formatter.section(panel):
                    rows = [
                        (name.ljust(width), entry.help)
                        for name, entry in entries.items()
                        if entry.panel == panel
                    ]
                    formatter.write_dl(rows)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Find the command that the arguments begin with, as it really is."""
            name, command, rest = super().resolve_command(ctx, args)
            if name is not None and name in entries:
                command = real_command(name, entries[name])
            return name, command, rest

    return Lazy


def real_command(name: str, entry: Entry) -> Any:
    """Return the command, imported, with its help and its examples."""
    loaded = entry.load()
    if not isinstance(loaded, typer.Typer):
        function, loaded = loaded, typer.Typer(add_completion=False, rich_markup_mode=None)
        loaded.command(name, epilog=epilog_of(function), context_settings=CONTEXT)(function)
    command = get_command(loaded)
    command.name = name
    return command
