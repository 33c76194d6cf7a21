"""Events of booking as facts: the state of one thing after one of its versions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from contracts import envelope
from contracts.envelope import Envelope, Record
from contracts.ids import uuid_of
from services.booking.domain.model.commands import BusyTime
from services.booking.domain.model.diary import Hold, Hours
from services.booking.domain.model.feed import Feed
from services.booking.domain.model.subscriptions import Subscriptions

Body: TypeAlias = Mapping[str, Any]


class Unreadable(ValueError):
    """This record on booking.events is none of booking's events."""


@dataclass(frozen=True, slots=True)
class OfAppointment:
    """An appointment; `confirmed` whether the organizer confirmed the whole, None where the event does not say."""

    id: UUID
    version: int
    type: str
    state: Body
    confirmed: bool | None
    hold_id: UUID | None


@dataclass(frozen=True, slots=True)
class OfSeries:
    """A series, as `series.changed` tells it; `template` is None in events of earlier versions of booking."""

    id: UUID
    version: int
    series: Body
    template: Body | None
    first: Body | None


@dataclass(frozen=True, slots=True)
class OfBusyTimes:
    """The change that one import made to a person's busy times."""

    user_id: UUID
    version: int
    set: tuple[BusyTime, ...]
    removed: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class OfHold:
    """A hold that was placed, or (`ended`) released."""

    hold: Hold
    ended: bool


Position: TypeAlias = tuple[str, int, int]
What: TypeAlias = OfAppointment | OfSeries | OfBusyTimes | OfHold | Hours | Feed | Subscriptions


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, read. `cause` is the position of its command, `at` the decision's time, `subject` what it is about."""

    record: Record
    id: UUID
    type: str
    organization: UUID
    cause: str
    at: datetime
    subject: UUID
    what: What
    people: tuple[Body, ...]

    @property
    def position(self) -> Position | None:
        """Topic, partition and offset of the command; None where `cause` is no position."""
        try:
            return position_of(self.cause)
        except ValueError:
            return None


def fact_of(record: Record) -> Fact:
    """The fact that an event states. Raises Unreadable for what booking did not write."""
    try:
        head = envelope.read(record.headers)
        body = orjson.loads(record.value or b"")
        read = _READERS.get(head.type) or (_appointment if head.type.startswith("appointment.") else None)
        if read is None or head.organization is None or head.time is None or head.cause is None:
            raise Unreadable(f"no event of booking's: {head.type[:60]!r}")
        return Fact(
            record=record,
            id=head.id,
            type=head.type,
            organization=head.organization,
            cause=head.cause,
            at=head.time,
            subject=uuid_of(head.subject or ""),
            what=read(head, body),
            people=tuple(body.get("people") or ()),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{record.position}: {error}"[:200]) from error


def _appointment(head: Envelope, body: Body) -> OfAppointment:
    hold = body.get("hold_id")
    return OfAppointment(
        id=uuid_of(body["appointment_id"]),
        version=body["version"],
        type=head.type,
        state=body["appointment"],
        confirmed=body.get("organizer_confirmed"),
        hold_id=uuid_of(hold) if hold else None,
    )


def _series(_: Envelope, body: Body) -> OfSeries:
    return OfSeries(
        uuid_of(body["series_id"]),
        body["version"],
        body["series"],
        body.get("template"),
        body.get("appointment"),
    )


def _hours(_: Envelope, body: Body) -> Hours:
    state = dict(body["availability"])
    user, organization = uuid_of(state.pop("user_id")), uuid_of(state.pop("organization_id"))
    return Hours(user, organization, state.pop("version"), state)


def _busy(_: Envelope, body: Body) -> OfBusyTimes:
    ranges = tuple(
        BusyTime(one["uid"], instant(one["start_time"]), instant(one["end_time"]))
        for one in body["busy_times"]
    )
    source = body.get("source") or ""
    return OfBusyTimes(uuid_of(body["user_id"]), body["version"], ranges, tuple(body["removed"]), source)


def _hold(head: Envelope, body: Body) -> OfHold:
    state = body["hold"]
    hold = Hold(
        id=uuid_of(state["id"]),
        organization_id=uuid_of(state["organization_id"]),
        owner_id=uuid_of(state["owner_id"]),
        user_ids=tuple(map(uuid_of, state["user_ids"])),
        start=instant(state["start_time"]),
        end=instant(state["end_time"]),
        expires_at=instant(state["expires_at"]),
    )
    return OfHold(hold, ended=head.type == "hold.released")


def _feed(_: Envelope, body: Body) -> Feed:
    return Feed(
        uuid_of(body["user_id"]), uuid_of(body["organization_id"]), body["version"], body["token_hash"]
    )


def _subscriptions(_: Envelope, body: Body) -> Subscriptions:
    user, organization = uuid_of(body["user_id"]), uuid_of(body["organization_id"])
    return Subscriptions(user, organization, body["version"], tuple(body["subscriptions"]))


_READERS: Mapping[str, Callable[[Envelope, Body], What]] = {
    "series.changed": _series,
    "availability.changed": _hours,
    "busy_times.changed": _busy,
    "hold.placed": _hold,
    "hold.released": _hold,
    "feed.changed": _feed,
    "calendar_subscriptions.changed": _subscriptions,
}


def position_of(cause: str) -> Position:
    """Topic, partition and offset of a `cause` header. Raises ValueError for any other text."""
    topic, partition, offset = cause.rsplit("/", 2)
    return topic, int(partition), int(offset)


def version_of(fact: Fact) -> int | None:
    """The version that the fact gives its subject; a hold has none."""
    return None if isinstance(fact.what, OfHold) else fact.what.version


def instant(text: str) -> datetime:
    """An instant as events tell it, UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
