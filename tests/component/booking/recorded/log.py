"""Commands with fixed ids and times, gathered into batches."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson

from contracts import topics
from contracts.envelope import Record
from tests.component.booking.identity import Identity
from tests.support.proofs import proven

NAMES = UUID("6f1d7c1e-0d3a-5b8e-9a51-0c6a3c2f4f8a")
BEGIN = datetime(2027, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ("Europe/Berlin", "UTC", "America/New_York", "Asia/Tokyo")
ORGANIZATIONS = ("acme", "birch", "cedar")
CROWD = 40


def named(name: str) -> UUID:
    """The id that belongs to a name in this log."""
    return uuid5(NAMES, name)


def populate(identity: Identity) -> None:
    """Each organization's people: anna, ben, cara, dora, an admin, one who left, and a crowd."""
    for organization in ORGANIZATIONS:
        usual = ["anna", "ben", "cara", "dora", "admin", "left", *(f"crowd{n}" for n in range(CROWD))]
        for number, name in enumerate(usual):
            identity.add(
                named(f"{name}@{organization}"),
                named(organization),
                name=name.title(),
                timezone=ZONES[number % len(ZONES)] if name != "anna" else "Europe/Berlin",
                roles=["member", "admin"] if name == "admin" else ["member"],
                active=name != "left",
            )


def hours(start: datetime, length: float = 1) -> dict[str, str]:
    """So many hours from the start."""
    return {"start_time": start.isoformat(), "end_time": (start + length * HOUR).isoformat()}


@dataclass
class Log:
    """The commands of one topic, in batches that have names."""

    at: datetime = BEGIN
    batches: list[tuple[str, list[Record]]] = field(default_factory=list)
    organization: str = "acme"
    number: int = 0

    def batch(self, name: str) -> None:
        """The next commands are one batch."""
        self.batches.append((name, []))

    def later(self, by: timedelta) -> None:
        """The next command comes so much later."""
        self.at += by

    def ids(self, *people: str) -> list[str]:
        """Ids of people of the organization."""
        return [str(self.who(name)) for name in people]

    def who(self, name: str) -> UUID:
        """One person's id; of another organization as `name@organization`."""
        return named(name if "@" in name else f"{name}@{self.organization}")

    def ask(
        self,
        kind: str,
        who: str,
        body: Any = None,
        *,
        command: str | None = None,
        value: bytes | None = None,
        **headers: str | None,
    ) -> None:
        """A command of a person, or of a `service:NAME`; a header of None is left out."""
        self.number += 1
        self.at += timedelta(milliseconds=1001)
        given: dict[str, str | None] = {
            "ce_id": str(named(command or f"command {self.number}")),
            "ce_type": kind,
            "actor": who if who.startswith("service:") else str(self.who(who)),
            "organization": str(named(self.organization)),
        }
        given |= {
            name if name.startswith("ce_") else name.replace("_", "-"): it for name, it in headers.items()
        }
        raw = tuple((name, it.encode()) for name, it in given.items() if it is not None)
        if kind == "feed.set" and value is None:
            command_id, organization = UUID(given["ce_id"]), named(self.organization)
            body = proven(kind, body, command_id, organization, str(given["actor"]), self.at)
        content = orjson.dumps(body) if value is None else value
        key = str(named(self.organization)).encode()
        record = Record(topics.BOOKING_COMMANDS.name, 0, self.number, self.at, key, content, raw)
        self.batches[-1][1].append(record)

    def each(self, name: str) -> "Alone":
        """Commands that are a batch each."""
        return Alone(self, name)

    def book(
        self, who: str, what: str, *people: str, at: datetime = MONDAY, length: float = 1, **more: Any
    ) -> None:
        """Book an appointment that is known by `what` from now on."""
        headers = {name: more.pop(name) for name in ("command", "traceparent") if name in more}
        body = {"appointment_id": str(named(what)), "title": what, "participant_ids": self.ids(*people)}
        self.ask("appointment.create", who, body | hours(at, length) | more, **headers)

    def to(self, kind: str, who: str, what: str, **body: Any) -> None:
        """A command to an appointment by its name."""
        self.ask(f"appointment.{kind}", who, {"appointment_id": str(named(what)), **body})

    def records(self) -> Iterator[Record]:
        """All of them."""
        for _, records in self.batches:
            yield from records


class Alone:
    """The same commands, each in a batch of its own."""

    def __init__(self, log: Log, name: str) -> None:
        self._log, self._name, self._count = log, name, 0

    def __getattr__(self, call: str) -> Any:
        def alone(*positional: Any, **named: Any) -> None:
            self._count += 1
            self._log.batch(f"{self._name} {self._count}")
            getattr(self._log, call)(*positional, **named)

        return alone
