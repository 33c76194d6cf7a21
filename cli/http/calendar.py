"""`appointments calendar`: a person's coming days, on the clock of their zone."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from chassis.clock import now
from cli.console import HomeOption, JsonOption, ZoneOption, print_json, say, with_examples, zone_of
from cli.http.session import Session, session
from cli.http.times import day, span, weekday, z
from cli.stack.people import PERSON

JSON = dict[str, Any]
_NAMED = 3  # participants before the rest is counted
_TIMES = 12  # the column at which times begin


@with_examples("appointments calendar mira", "appointments calendar mira --from 2027-03-01 --days 14")
def calendar(
    person: Annotated[str, typer.Argument(metavar="PERSON", help=f"Whose calendar: {PERSON}.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Begin with this day (default: today).")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="Show so many days.")] = 7,
    zone: ZoneOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a person's coming days.

    One line an appointment, on the clock of the person's zone unless --zone names another.
    """
    with session(home, person) as talk:
        place = zone_of(zone) or ZoneInfo(talk.caller["timezone"])
        start = _midnight(first, place)
        end = (start.replace(tzinfo=None) + timedelta(days)).replace(tzinfo=place)
        items = talk.get("/api/appointments/calendar", {"from": z(start), "to": z(end)})["items"]
        if json:
            print_json(items)
            return
        last = end - timedelta(seconds=1)
        say(f"{talk.caller['name']}, {weekday(start)} to {weekday(last)} {last.year} ({place.key})")
        if not items:
            say("  no appointments")
        for item in items:
            say(_line(talk, item, place), hang=_TIMES)


def _midnight(first: str | None, place: ZoneInfo) -> datetime:
    chosen = day(first) if first else now().astimezone(place).date()
    return datetime(chosen.year, chosen.month, chosen.day, tzinfo=place)


def _line(talk: Session, item: JSON, place: ZoneInfo) -> str:
    start, end = (datetime.fromisoformat(item[name]).astimezone(place) for name in ("start_time", "end_time"))
    when = f"{weekday(start):<10}  {span(start, end):<11}"
    if item.get("busy"):
        return f"{when}  busy"
    where = [item["location"]] if item.get("location") else []
    line = "  ".join([when, item["title"], *_company(talk, item), *where, item["status"]])
    return f"{line}  {item['id']}"


def _company(talk: Session, item: JSON) -> list[str]:
    """Return "with …": the participants and the organizer, without the person whose calendar it is."""
    full = talk.get(f"/api/appointments/{item['id']}", {})
    ids = dict.fromkeys([full["organizer_id"], *full.get("participant_ids", ())])
    names = [talk.name(identifier) for identifier in ids if identifier != talk.caller["id"]]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"with {', '.join(names[:_NAMED])}{more}"] if names else []
