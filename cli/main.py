"""`appointments`: the command line, whose commands are imported when they run."""

import os
import sys
from typing import Annotated, Any

import typer

from cli.commands import COMMANDS
from cli.console import CONTEXT, EXIT_FAILED, examples
from cli.lazy import lazy_group


class Cli(typer.Typer):
    """A command line that reports a failure in one sentence; APPOINTMENTS_DEBUG=1 shows the traceback."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line."""
        try:
            return super().__call__(*args, **kwargs)
        except KeyboardInterrupt:
            sys.exit(130)
        except BrokenPipeError:
            # The reader (head, less) has seen enough; nothing may be flushed to it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(EXIT_FAILED)
        except Exception as error:
            if os.environ.get("APPOINTMENTS_DEBUG"):
                raise
            sys.stderr.write(f"Error: {type(error).__name__}: {error}\n")
            sys.exit(EXIT_FAILED)


app = Cli(
    name="appointments",
    cls=lazy_group(COMMANDS),
    help="Run an appointment fleet around Kafka, talk to it, and look into it.",
    epilog=examples(
        "appointments up --detach",
        "appointments call POST /api/appointments --as jonas title=Review participant_ids=mira …",
        "appointments trace ID",
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its helpers cost twice as much as all the rest
    context_settings=CONTEXT,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"appointments {version('appointments')}\n")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Run an appointment fleet around Kafka, talk to it, and look into it."""


if __name__ == "__main__":
    app()
