"""Scenes of the log that were thought out: every type of command, accepted, unchanged and refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid5

from contracts.commands import BOOKING_COMMANDS
from contracts.tools.samples import GOOD
from tests.component.booking.recorded.log import BEGIN, DAY, HOUR, MONDAY, Log, hours, named

WEEK = timedelta(weeks=1)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def life(log: Log) -> None:
    """One appointment from its booking to its end."""
    one = log.each("life")
    one.book("anna", "visit", "ben", "cara", traceparent=TRACE, client_id=str(named("client")))
    for who in ("ben", "ben", "cara@birch", "dora", "admin", "left"):
        one.to("confirm", who, "visit")
    one.to("decline", "cara", "visit", reason="ill")
    one.to("decline", "cara", "visit")
    one.book("cara", "meanwhile", at=MONDAY + HOUR / 2)
    one.to("confirm", "cara", "visit")
    one.to("update", "anna", "visit", title="Öffnung", description=None, custom_fields={"room": True})
    one.to("update", "anna", "visit", participant_ids=log.ids("ben", "dora", "anna"), location="Room 2")
    one.to("update", "anna", "visit", participant_ids=log.ids("ben", "left", "nobody"))
    one.to("update", "ben", "visit", title="Mine")
    one.to("reschedule", "anna", "visit", expected_version=2, **hours(MONDAY + DAY))
    one.to("reschedule", "anna", "visit", **hours(MONDAY + DAY))
    one.to("reschedule", "anna", "visit", **hours(BEGIN - DAY))
    one.to("reschedule", "anna", "visit", **hours(MONDAY + DAY, 25))
    one.to("announce", "anna", "visit", message="Bring your passports.")
    one.to("announce", "ben", "visit", message="Bring nothing.")
    one.to("check_in", "ben", "visit")
    one.to("cancel", "anna", "visit", reason="Everybody is ill.")
    one.to("cancel", "anna", "visit")
    one.to("cancel", "anna", "never booked")


def closing(log: Log) -> None:
    """Check-in, completion and no-show, by people and by services."""
    one = log.each("closing")
    for number, what in enumerate(("held", "missed", "left open")):
        one.book("anna", what, "ben", at=log.at + HOUR + number * 2 * HOUR)
        if what != "left open":
            one.to("confirm", "anna", what)
    log.later(HOUR)
    for kind, who in (("check_in", "ben"), ("check_in", "ben"), ("check_in", "dora"), ("complete", "anna")):
        one.to(kind, who, "held")
    one.to("complete", "service:reminders", "held")
    one.to("mark_no_show", "anna", "missed")
    log.later(5 * HOUR)
    one.to("complete", "service:reminders", "missed")
    one.to("mark_no_show", "service:projector", "missed")
    one.to("mark_no_show", "service:reminders", "missed")
    one.to("complete", "anna", "left open")
    one.to("join", "dora", "left open")


def creates(log: Log) -> None:
    """Bookings that are refused, and conflicts with the nearest times instead."""
    one, there = log.each("creates"), MONDAY + 2 * DAY
    one.book("anna", "first", "ben", at=there)
    one.book("cara", "second", "ben", at=there)
    one.book("ben", "third", "cara", at=there + HOUR / 2)
    one.book("admin", "for anna", "ben", at=there + HOUR, organizer_id=log.ids("anna")[0])
    one.book("ben", "for anna, too", at=there + HOUR, organizer_id=log.ids("anna")[0])
    one.book("anna", "first", at=there + 5 * HOUR)
    one.book("anna", "strangers", "left", "ben", "anna@birch", at=there + 5 * HOUR)
    one.book("anna", "over", at=BEGIN - DAY)
    one.book("anna", "far", at=BEGIN + 366 * 6 * DAY)
    one.book("anna", "backwards", at=there, length=-1)
    one.book("anna", "seats", "ben", "cara", at=there + 6 * HOUR, seats=1)
    one.book("anna", "no hold", at=there, hold_id=str(named("hold")))
    one.book("left", "by one who left", at=there + 6 * HOUR)
    one.book("anna@birch", "by a stranger", at=there + 6 * HOUR)
    wall = {"start_time": "2027-03-28T02:30:00", "end_time": "2027-03-28T03:30:00"}
    one.ask("appointment.create", "anna", {"title": "skipped", "participant_ids": [], **wall})
    one.ask("appointment.create", "service:reminders", {"title": "of a service", **wall})
    log.batch("conflicts in one batch")
    for number in range(6):
        log.book(("anna", "cara", "dora")[number % 3], f"again {number}", "ben", at=there + number * HOUR / 3)
    log.to("reschedule", "anna", "first", **hours(there + HOUR))
    log.to("update", "anna", "first", participant_ids=log.ids("cara"), **hours(there + 3 * HOUR))
    log.batch("two swap")
    log.to("reschedule", "anna", "first", **hours(there + 9 * HOUR))
    log.to("reschedule", "admin", "for anna", **hours(there + 3 * HOUR))
    log.to("reschedule", "anna", "first", **hours(there + HOUR))


def intake(log: Log) -> None:
    """Records that ask twice, ask for something else, or cannot be read."""
    log.batch("twice in a batch")
    for at in (MONDAY + 3 * DAY, MONDAY + 3 * DAY, MONDAY + 4 * DAY):
        log.book("anna", "twice", at=at, command="twice")
    log.organization = "birch"
    log.book("anna", "twice elsewhere", at=MONDAY + 3 * DAY, command="twice")
    log.organization = "acme"
    one = log.each("intake")
    one.book("anna", "twice", at=MONDAY + 3 * DAY, command="twice")
    one.book("anna", "twice", at=MONDAY + 5 * DAY, command="twice")
    log.batch("unreadable")
    values = (b"{", b"[]", b'{"title": "\\u0000"}', b"[" * 5000, b"\xff", b'{"title": NaN}', b" " * 300_000)
    for value in values:
        log.ask("appointment.create", "anna", value=value, reply_partition="4")
    for header in ("ce_type", "actor", "organization"):
        for text in ("acme", None):
            odd: dict[str, Any] = {header: text}
            log.ask("appointment.create", "anna", {}, **odd)
    log.ask("appointment.create", "anna", {}, correlation_id="\0", reply_partition="77")
    for kind in BOOKING_COMMANDS:
        log.ask(kind, "anna", {}, correlation_id=f"empty {kind}")
        log.ask(kind, "anna", GOOD[kind], reply_partition="2")


def seats(log: Log) -> None:
    """Seats that are taken and given back, and the waiting list."""
    one, there = log.each("seats"), MONDAY + 4 * DAY
    one.book("anna", "course", "ben", at=there, seats=2)
    one.to("confirm", "ben", "course")
    for who, wait in (("anna", False), ("cara", False), ("cara", False), ("dora", False), ("dora", True)):
        one.to("join", who, "course", wait=wait)
    for who in ("dora", "crowd1", "crowd2", "crowd3", "left"):
        one.to("join", who, "course", wait=True)
    one.book("crowd1", "elsewhere", at=there)
    one.to("leave", "cara", "course")
    one.to("decline", "ben", "course")
    one.to("confirm", "ben", "course")
    one.to("update", "anna", "course", seats=4)
    one.to("update", "anna", "course", seats=1)
    one.to("leave", "dora", "course")
    one.to("leave", "dora", "course")
    one.to("join", "crowd4", "first")
    log.batch("seats in one batch")
    for number in range(5, 15):
        log.to("join", f"crowd{number}", "course", wait=number % 2 == 0)
    log.to("update", "anna", "course", seats=None)
    log.to("join", "cara", "course")
    log.to("reschedule", "anna", "course", **hours(there + HOUR))


def free_time(log: Log) -> None:
    """Holds, availability, busy times and feeds."""
    one, there = log.each("free time"), MONDAY + 7 * DAY
    one.ask("hold.place", "anna", hours(there) | {"participant_ids": log.ids("ben")}, command="hold")
    hold = _hold_of("hold")
    one.book("cara", "against a hold", "ben", at=there)
    one.book("anna", "from a hold", "ben", at=there, hold_id=hold)
    one.ask("hold.release", "anna", {"hold_id": hold})
    for number in range(6):
        one.ask("hold.place", "cara", hours(there + number * HOUR), command=f"cara's {number}")
    one.ask("hold.place", "ben", hours(there + DAY) | {"organizer_id": log.ids("anna")[0]})
    one.ask("hold.release", "ben", {"hold_id": _hold_of("cara's 1")})
    one.ask("hold.release", "cara", {"hold_id": _hold_of("cara's 1")})
    log.later(HOUR)
    one.book("cara", "from one that expired", at=there + 2 * HOUR, hold_id=_hold_of("cara's 2"))
    for who, whose, end in (("dora", "dora", "17:00"), ("ben", "dora", "18:00"), ("admin", "dora", "17:00")):
        one.ask("availability.set", who, availability(log.ids(whose)[0], end))
    one.ask("availability.set", "admin", availability(str(named("nobody")), "17:00"))
    for at, more in ((-3, {}), (10, {}), (0.1, {}), (-3, {"ignore_availability": True})):
        one.book("dora", f"dora's at {at} {more}", "cara", at=there + DAY + at * HOUR, **more)
    one.book("cara", "against dora", "dora", at=there - 4 * HOUR, ignore_availability=True)
    one.to("update", "dora", "dora's at 0.1 {}", title="Other", **hours(there + DAY, 3))
    busy = [{"uid": "a", **hours(there + 2 * DAY)}, {"uid": "b", **hours(BEGIN - WEEK)}]
    one.ask("busy_times.import", "ben", {"busy_times": busy, "removed": ["z"]})
    one.ask("busy_times.import", "ben", {"busy_times": busy, "removed": []})
    one.book("anna", "against a busy time", "ben", at=there + 2 * DAY)
    one.ask("busy_times.import", "ben", {"busy_times": [], "removed": ["a"]})
    for token in ("ab" * 32, "ab" * 32, "cd" * 32, None, None):
        one.ask("feed.set", "anna", {"token_hash": token})
    log.batch("free time in one batch")
    log.ask("availability.set", "cara", availability(log.ids("cara")[0], "12:00", max_per_day=2))
    log.ask("busy_times.import", "dora", {"busy_times": busy, "removed": []})
    log.ask("hold.place", "ben", hours(there + 3 * DAY) | {"participant_ids": log.ids("anna")})
    for number in range(6):
        log.book("anna", f"in between {number}", "cara", "dora", at=there + 2 * DAY + number * HOUR)
    log.book("anna", "at the hold", at=there + 3 * DAY)


def series(log: Log) -> None:
    """Series that are booked, changed, called off and extended."""
    one, there = log.each("series"), MONDAY + 28 * DAY
    four: dict[str, Any] = {"recurring_pattern": {"rrule": "FREQ=WEEKLY;COUNT=4"}}
    one.book("crowd20", "four", "crowd21", at=there, **four)
    one.to("confirm", "crowd21", "four", scope="all")
    one.to("update", "crowd20", "four", scope="all", title="Weekly")
    one.to("update", "crowd20", "four", scope="following", **hours(there + HOUR))
    one.book("crowd21", "in the way", at=there + WEEK + 3 * HOUR)
    one.to("reschedule", "crowd20", "four", scope="all", **hours(there + 3 * HOUR))
    one.book("crowd22", "refused", "crowd21", at=there + 3 * HOUR, **four)
    one.book("crowd22", "skipping", "crowd21", at=there + 3 * HOUR, on_conflict="skip", **four)
    one.to("decline", "crowd21", "skipping", scope="all", reason="too much")
    one.to("update", "crowd20", "four", scope="all", participant_ids=log.ids("crowd23"))
    one.to("cancel", "crowd20", "four", scope="following", reason="over")
    one.to("cancel", "crowd20", "four", scope="all")
    daily = {"frequency": "daily", "interval": 1}
    for what, pattern in (
        ("too many", daily | {"until": "2030-01-01"}),
        ("overlapping", {"rrule": "FREQ=HOURLY;COUNT=3"}),
        ("nonsense", {"rrule": "FREQ=SOMETIMES"}),
        ("none", daily | {"until": "2027-01-01"}),
    ):
        one.book("crowd20", what, at=there, length=2, recurring_pattern=pattern)
    for who in ("crowd24", "crowd25"):
        one.ask("availability.set", who, availability(log.ids(who)[0], "17:00", horizon_days=90))
    one.book(
        "crowd24",
        "endless",
        "crowd25",
        at=there,
        command="endless",
        recurring_pattern={"rrule": "FREQ=WEEKLY"},
    )
    one.to("update", "crowd24", "endless", scope="all", location="Room 7", **hours(there + HOUR))
    one.to("confirm", "crowd25", "endless", scope="following")
    one.book("crowd25", "in the way of what comes", at=there + 12 * WEEK + HOUR)
    extend = {"series_id": str(uuid5(named("endless"), "series"))}
    log.later(35 * DAY)
    for actor in ("service:booking", "service:booking", "crowd24", "service:reminders"):
        one.ask("series.extend", actor, extend)
    log.batch("series in one batch")
    log.book("crowd26", "one of two", "crowd27", at=there + 60 * DAY, **four)
    log.to("update", "crowd24", "endless", scope="following", title="Later")
    log.book("crowd27", "two of two", "crowd26", at=there + 67 * DAY, **four)
    log.to("update", "crowd26", "one of two", scope="all", title="One")
    log.to("cancel", "crowd24", "endless", scope="all")


def announcements(log: Log) -> None:
    """More than an organization may send in an hour."""
    log.batch("announcements")
    for number in range(62):
        log.to("announce", "anna", "first", message=f"Number {number}")


def _hold_of(command: str) -> str:
    return str(uuid5(named(command), "hold"))


def availability(user: str, end: str, **policy: object) -> dict[str, object]:
    """The body of an `availability.set`: Monday to Friday from nine."""
    days = [
        {"day_of_week": day, "start_time": "09:00", "end_time": end, "is_active": True} for day in range(5)
    ]
    return {"user_id": user, "timezone": "UTC", "rules": days, "overrides": [], "policy": policy}


def thought_out() -> Log:
    """All scenes, one after the other."""
    log = Log()
    for scene in (life, closing, creates, intake, seats, free_time, series, announcements):
        scene(log)
    return log
