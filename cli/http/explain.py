"""`appointments explain`: whether a person can be booked at a time, and if not, why."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.console import HomeOption, JsonOption, ZoneOption, print_json, say, with_examples, zone_of
from cli.http.session import session
from cli.http.times import instant, span, weekday, z
from cli.stack.people import PERSON


@with_examples(
    "appointments explain mira 2027-03-01T09:30", "appointments explain mira 2027-03-01T09:30 --minutes 60"
)
def explain(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=f"Whose time: {PERSON}.")],
    time: Annotated[
        str, typer.Argument(metavar="TIME", help="The start, in the person's zone unless it has an offset.")
    ],
    minutes: Annotated[int, typer.Option("--minutes", min=1, max=1440, help="Ask for so long a time.")] = 30,
    zone: ZoneOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show whether a person can be booked at a time, and why not.

    The exit code is 0 for both answers.
    """
    with session(home, person) as talk:
        own = ZoneInfo(talk.caller["timezone"])
        place = zone_of(zone) or own
        start = instant(time, place)
        query = {"user_id": talk.caller["id"], "at": z(start), "duration": str(minutes), "timezone": own.key}
        answer = talk.get("/api/appointments/availability/explain", query)
    if json:
        print_json(answer)
        return
    first, last = (at.astimezone(place) for at in (start, start + timedelta(minutes=minutes)))
    word = "can" if answer["offered"] else "cannot"
    end = "." if answer["offered"] else ":"
    say(
        f"{talk.caller['name']} {word} be booked on {weekday(first)} {span(first, last)} ({place.key}){end}",
        hang=0,
    )
    for reason in answer["reasons"]:
        say(f"  {reason['detail']}", hang=4)
