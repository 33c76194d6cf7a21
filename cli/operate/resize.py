"""`appointments topics resize`: more partitions for every topic, while the fleet runs."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli import kafka
from cli.console import EXIT_FAILED, HomeOption, JsonOption, err, fail, out, print_json, say, with_examples
from cli.operate.resizing import Refused, Resized
from cli.operate.resizing import resize as resize_topics

EXIT_REFUSED = 7


@with_examples("appointments topics resize 24", "appointments topics resize 24 --yes --wait 120")
def resize(
    partitions: Annotated[
        int, typer.Argument(min=1, max=10_000, metavar="NUMBER", help="Give each topic so many.")
    ],
    home: HomeOption = None,
    json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[
        float,
        typer.Option(
            min=1,
            metavar="SECONDS",
            help="Wait so long for the fleet to catch up, and again to take the partitions over.",
        ),
    ] = 60.0,
) -> None:
    """Give every topic more partitions.

    Commands over HTTP wait for some seconds; nothing is lost, and the order is kept. Kafka takes no partition away, so
    this cannot be undone. Exit codes: 0 done, 1 some consumers have not taken the new
    partitions over yet, 6 Kafka does not answer, 7 refused and nothing was changed.
    """
    question = (
        f"Give every topic {partitions} partitions? Kafka takes none away again, and commands wait meanwhile."
    )
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(EXIT_FAILED)
    settings = kafka.settings_for(home)
    kafka.name_target(settings)
    try:
        work = resize_topics(settings, partitions, patience=wait, say=lambda line: err.print(line))
        result = kafka.run(work, settings)
    except Refused as error:
        fail(str(error), EXIT_REFUSED)
    if json or not out.is_terminal:
        print_json(asdict(result))
    else:
        _show(result)
    if result.not_followed:
        groups = ", ".join(result.not_followed)
        fail(
            f"the partitions are there, but {groups} did not take them over in time (see: appointments status)"
        )


def _show(result: Resized) -> None:
    if not result.before:
        say(f"every topic has {result.partitions} partitions already")
        return
    say(
        f"{len(result.before)} topics have {result.partitions} partitions now; "
        f"commands over HTTP waited for {result.paused_seconds:.1f} s"
    )
    say(f"Set TOPIC_PARTITIONS={result.partitions} where it is set.")
