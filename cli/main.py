"""`appointments`: every command of the command line, one module each."""

import os
import sys
from typing import Any

import typer

from cli.console import EXIT_FAILED, err
from cli.dead_letters import commands as dead_letter_commands
from cli.operate import bench, breaker, contracts, progress, rebuild, replay, restore, templates, topics
from cli.publish import command as publish_command
from cli.stack import down, env, migrate, people, status, token, up
from cli.trace import command as trace_command
from cli.transfer import export_command, import_command


class Cli(typer.Typer):
    """A command line that tells what went wrong in one sentence; APPOINTMENTS_DEBUG=1 shows the traceback."""

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
            err.file.write(f"Error: {type(error).__name__}: {error}\n")
            sys.exit(EXIT_FAILED)


app = Cli(
    name="appointments",
    help="An appointment fleet around Kafka: run it, talk to it, look into it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(up.up)
app.command("down")(down.down)
app.command("env")(env.env)
app.command("people")(people.people)
app.command("token")(token.token)
app.command("status")(status.status)
app.command("publish")(publish_command.publish)
app.command("trace")(trace_command.trace)
app.add_typer(dead_letter_commands.app)
app.command("breaker")(breaker.breaker)
app.add_typer(templates.app)
app.command("import")(import_command.moving_in)
app.command("export")(export_command.moving_out)
app.command("replay")(replay.replay)
app.command("rebuild")(rebuild.rebuild)
app.command("restore")(restore.restore)
app.add_typer(progress.app)
app.add_typer(topics.app, name="topics")
app.command("migrate")(migrate.migrate)
app.command("contracts")(contracts.contracts)
app.command("bench")(bench.bench)

if __name__ == "__main__":
    app()
