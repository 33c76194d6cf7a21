"""Commands by chance, of a fixed seed: a batch of 500 of every type, and many small batches with series among them."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid5

from tests.component.booking.recorded.log import (
    BEGIN,
    CROWD,
    DAY,
    HOUR,
    MONDAY,
    ORGANIZATIONS,
    Log,
    hours,
    named,
)
from tests.component.booking.recorded.scenes import availability

LATER = MONDAY + 70 * DAY
TO_APPOINTMENT = (
    "confirm",
    "decline",
    "cancel",
    "check_in",
    "complete",
    "mark_no_show",
    "announce",
    "join",
    "leave",
)


class Chance:
    """Draws commands of people who all want the same few days."""

    def __init__(self, seed: int, log: Log, *, series: bool) -> None:
        self._random = Random(seed)
        self._log = log
        self._series = series
        self._booked: list[tuple[str, str]] = []
        self._prefix = f"by chance {seed}"

    def draw(self) -> None:
        """Ask one more thing."""
        self._log.organization = self._random.choice(ORGANIZATIONS)
        kinds: list[tuple[Callable[[], None], int]] = [
            (self._book, 40),
            (self._update, 20),
            (self._to, 30),
            (self._beside, 10),
            (self._extend, 2 if self._series else 0),
        ]
        calls, weights = zip(*kinds, strict=True)
        self._random.choices(calls, weights)[0]()

    def _person(self) -> str:
        return f"crowd{self._random.randrange(CROWD // 2)}" if self._random.random() < 0.9 else "admin"

    def _people(self) -> list[str]:
        return [self._person() for _ in range(self._random.randrange(3))]

    def _time(self) -> Any:
        return LATER + self._random.randrange(60) * HOUR / 2

    def _scope(self) -> dict[str, Any]:
        return {"scope": self._random.choice(("this", "following", "all"))} if self._series else {}

    def _book(self) -> None:
        what = f"{self._prefix}: {self._log.number}"
        more: dict[str, Any] = {}
        if self._random.random() < 0.2:
            more = {"seats": self._random.randrange(1, 5)}
        elif self._series and self._random.random() < 0.3:
            end = self._random.choice(("", ";COUNT=3", ";COUNT=5"))
            more = {
                "recurring_pattern": {"rrule": f"FREQ=WEEKLY{end}"},
                "on_conflict": self._random.choice(("skip", "refuse")),
            }
        self._booked.append((self._log.organization, what))
        length = self._random.choice((0.5, 1, 2))
        self._log.book(
            self._person(), what, *self._people(), at=self._time(), length=length, command=what, **more
        )

    def _about(self) -> str:
        """One of those that were asked for lately, mostly of the organization that it is in."""
        organization, what = self._random.choice(self._booked[-40:] or [("acme", "visit")])
        if self._random.random() < 0.97:
            self._log.organization = organization
        return what

    def _update(self) -> None:
        what, body = self._about(), self._scope()
        if self._random.random() < 0.6:
            body |= hours(self._time(), self._random.choice((1, 2)))
        if self._random.random() < 0.4:
            body["participant_ids"] = self._log.ids(*self._people())
        if self._random.random() < 0.2:
            body["seats"] = self._random.choice((None, 1, 2, 3))
        if self._random.random() < 0.2:
            body["expected_version"] = self._random.randrange(1, 4)
        self._log.to("update", self._actor(what), what, **body)

    def _actor(self, what: str) -> str:
        return "admin" if self._random.random() < 0.6 else self._person()

    def _to(self) -> None:
        what, kind = self._about(), self._random.choice(TO_APPOINTMENT)
        body: dict[str, Any] = {}
        if kind in ("confirm", "decline", "cancel"):
            body = self._scope()
        elif kind == "announce":
            body = {"message": "News."}
        elif kind == "join":
            body = {"wait": self._random.random() < 0.7}
        people = kind in ("confirm", "decline", "join", "leave", "check_in")
        self._log.to(kind, self._person() if people else self._actor(what), what, **body)

    def _beside(self) -> None:
        who, kind = self._person(), self._random.randrange(5)
        if kind == 0:
            policy = self._random.choice(
                ({}, {"max_per_day": 4}, {"buffer_after": 30}, {"minimum_notice": 60})
            )
            body = availability(self._log.ids(who)[0], "23:00", **policy)
            self._log.ask("availability.set", who, body)
        elif kind == 1:
            busy = {"uid": f"only {self._random.randrange(2)}", **hours(self._time())}
            self._log.ask("busy_times.import", who, {"busy_times": [busy], "removed": []})
        elif kind == 2:
            body = hours(self._time()) | {"participant_ids": self._log.ids(self._person())}
            self._log.ask("hold.place", who, body, command=f"hold of {who} {self._prefix}")
        elif kind == 3:
            hold = uuid5(named(f"hold of {who} {self._prefix}"), "hold")
            self._log.ask("hold.release", who, {"hold_id": str(hold)})
        else:
            self._log.ask("feed.set", who, {"token_hash": 32 * f"{self._random.randrange(10, 14)}"})

    def _extend(self) -> None:
        _, what = self._random.choice(self._booked)
        series = uuid5(named(what), "series")
        self._log.ask("series.extend", "service:booking", {"series_id": str(series)})


def five_hundred() -> Log:
    """One batch of 500, after a smaller one that gives it something to meet."""
    log = Log(at=BEGIN + timedelta(days=70))
    chance = Chance(1, log, series=False)
    for count in (120, 500):
        log.batch(f"a batch of {count}")
        for _ in range(count):
            chance.draw()
    return log


def small_batches() -> Log:
    """Batches of 1 to 40, half a day apart, of commands that are about series, too."""
    log = Log(at=BEGIN + timedelta(days=70))
    sizes, chance = Random(2), Chance(3, log, series=True)
    for number in range(24):
        log.batch(f"small batch {number}")
        log.later(timedelta(hours=sizes.randrange(24)))
        for _ in range(sizes.choice((1, 2, 5, 12, 25, 40))):
            chance.draw()
    return log
