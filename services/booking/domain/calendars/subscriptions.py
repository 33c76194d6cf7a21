"""Subscribing to calendars of other programs, and the results of their polls."""

from datetime import datetime
from typing import Any

from services.booking.domain.calendars.busy_times import (
    KEPT_AT_MOST,
    Change,
    of_source,
    source_of,
    take_effect,
    without,
)
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import (
    Command,
    NoteCalendarPoll,
    SubscribeCalendar,
    UnsubscribeCalendar,
)
from services.booking.domain.model.decision import AcceptedMany, Code, Decision, DomainEvent, Refusal, invalid
from services.booking.domain.model.diary import BusyTimes
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.subscriptions import Subscription, Subscriptions

OF_A_PERSON, OF_AN_ORGANIZATION = 5, 1_000
TOO_MANY_TIMES = "too_many"


def needs_of_subscribing(command: SubscribeCalendar) -> Needs:
    """The actor's subscribed calendars."""
    return Needs(subscriptions=(command.actor.user,) if command.actor.user else ())


def needs_of_unsubscribing(command: UnsubscribeCalendar) -> Needs:
    """The actor's subscribed calendars and busy times."""
    users = (command.actor.user,) if command.actor.user else ()
    return Needs(busy_times=users, subscriptions=users)


def needs_of_poll(command: NoteCalendarPoll) -> Needs:
    """The subscribed calendars and busy times of the person whose calendar was polled."""
    return Needs(busy_times=(command.user_id,), subscriptions=(command.user_id,))


def decide_subscribe(case: Case[SubscribeCalendar]) -> Decision:
    """Add a calendar, unless the person or the organization has as many as they may; the same id changes nothing."""
    command, member, known = case.command, case.person, case.book.subscriptions
    items = _items(case)
    if any(item["id"] == str(command.subscription_id) for item in items):
        return AcceptedMany(member.id, version=_version(case) or None, outcome={"user_id": member.id})
    if len(items) >= OF_A_PERSON:
        return _too_many(f"A person may subscribe to {OF_A_PERSON} calendars at most.")
    if known.count(command.organization) >= OF_AN_ORGANIZATION:
        return _too_many(
            f"The people of an organization may subscribe to {OF_AN_ORGANIZATION:,} calendars at most."
        )
    new: Subscription = {
        "id": str(command.subscription_id),
        "name": command.name,
        "sealed": command.sealed,
        "timezone": command.timezone,
        "created_at": _text(case.at),
        "checked_at": None,
        "succeeded_at": None,
        "error": None,
        "failing_since": None,
        "times": 0,
    }
    happened = _set(case, (*items, new))
    outcome = {"user_id": member.id}
    return AcceptedMany(member.id, version=_version(case), happened=(happened,), outcome=outcome)


def decide_unsubscribe(case: Case[UnsubscribeCalendar]) -> Decision:
    """Remove a calendar with its times."""
    member, wanted = case.person, str(case.command.subscription_id)
    items = _items(case)
    left = tuple(item for item in items if item["id"] != wanted)
    if len(left) == len(items):
        return Refusal(Code.NOT_FOUND, "There is no such subscription.")
    known = case.book.diary.elsewhere(member.id) or BusyTimes()
    gone = of_source(known, source_of(case.command.subscription_id))
    freed = take_effect(case, without(known, gone), Change({}, gone))
    happened = (*freed, _set(case, left))
    outcome = {"user_id": member.id, "removed": len(gone)}
    return AcceptedMany(member.id, version=_version(case), happened=happened, outcome=outcome)


def decide_note_poll(case: Case[NoteCalendarPoll]) -> Decision:
    """Note the result of a poll; one of a calendar that is subscribed to no longer changes nothing."""
    command = case.command
    of = case.book.subscriptions.of(command.user_id)
    before = of.find(command.subscription_id) if of and of.organization_id == command.organization else None
    if of is None or before is None:
        return AcceptedMany(command.user_id, version=None, outcome={"user_id": command.user_id})
    after = _polled(before, _error(case), command.times, _text(case.at))
    items = tuple(after if item is before else item for item in of.items)
    happened = _replace(case, Subscriptions(of.user_id, of.organization_id, of.version + 1, items))
    outcome = {"user_id": command.user_id}
    return AcceptedMany(command.user_id, version=of.version + 1, happened=(happened,), outcome=outcome)


def _error(case: Case[NoteCalendarPoll]) -> str | None:
    """Return the error of the poll, or that the person has no room for the calendar's times: they were refused."""
    command = case.command
    known = case.book.diary.elsewhere(command.user_id) or BusyTimes()
    source = source_of(command.subscription_id)
    others = sum(when.end > case.at and known.source(uid) != source for uid, when in known.ranges.items())
    is_full = others + command.times > KEPT_AT_MOST
    return command.error or (TOO_MANY_TIMES if is_full else None)


def _polled(before: Subscription, error: str | None, times: int, at: str) -> Subscription:
    if error:
        failing = {"error": error, "failing_since": before["failing_since"] or at}
        return {**before, "checked_at": at, **failing}
    good = {"succeeded_at": at, "error": None, "failing_since": None, "times": times}
    return {**before, "checked_at": at, **good}


def _items(case: Case[Any]) -> tuple[Subscription, ...]:
    """Return the actor's subscribed calendars in this organization."""
    known = case.book.subscriptions.of(case.person.id)
    return known.items if known and known.organization_id == case.command.organization else ()


def _version(case: Case[Any]) -> int:
    known = case.book.subscriptions.of(case.person.id)
    return known.version if known else 0


def _set(case: Case[Command], items: tuple[Subscription, ...]) -> DomainEvent:
    after = Subscriptions(case.person.id, case.command.organization, _version(case) + 1, items)
    return _replace(case, after)


def _replace(case: Case[Any], after: Subscriptions) -> DomainEvent:
    case.book.subscriptions.set(after)
    body = {
        "user_id": after.user_id,
        "organization_id": after.organization_id,
        "version": after.version,
        "subscriptions": list(after.items),
    }
    return DomainEvent("calendar_subscriptions.changed", after.user_id, body)


def _too_many(detail: str) -> Refusal:
    return invalid("url", "too_many_subscriptions", detail)


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


RULES: Rules = {
    SubscribeCalendar: Rule(decide_subscribe, needs_of_subscribing),
    UnsubscribeCalendar: Rule(decide_unsubscribe, needs_of_unsubscribing),
    NoteCalendarPoll: Rule(decide_note_poll, needs_of_poll),
}
