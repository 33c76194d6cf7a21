"""What the answer to a write waits for: an entry of the views, its version, and how to look for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from contracts.ids import uuid5
from services.ingress.commands.replies import Outcome
from services.ingress.domain.caller import Caller
from services.ingress.views.store import Store

# The views of what a command changes beside appointments, with the field of the outcome that says whose or which it is.
_VIEWS = {
    "availability.set": ("availability", "user_id"),
    "busy_times.import": ("busy_times", "user_id"),
    "feed.set": ("feeds", "user_id"),
}


@dataclass(frozen=True, slots=True)
class Awaited:
    """The `version` of what `key` names, as `Shown` knows it; `look` asks the views themselves."""

    key: str
    version: int
    look: Callable[[], Awaitable[int]]


def awaited(store: Store, caller: Caller, kind: str, outcome: Outcome) -> Awaited | None:
    """What shows that an accepted command of this kind has taken effect; None if there was nothing to do."""
    version = int(outcome.get("version") or 0)
    if kind == "preferences.set":
        return Awaited(str(caller.id), version, partial(_preferences, store, caller))
    if kind == "organization_preferences.set":
        return Awaited(str(caller.organization), version, partial(_organization_preferences, store, caller))
    if kind in _VIEWS:
        view, field = _VIEWS[kind]
        of = UUID(outcome[field])
        return Awaited(key_of(view, of), version, partial(store.shown_version, view, of, caller.organization))
    if kind in ("hold.place", "hold.release"):
        hold = UUID(outcome["hold"]["id"])
        view, version = ("holds", 1) if kind == "hold.place" else ("released", 2)
        look = partial(store.shown_version, view, hold, caller.organization)
        return Awaited(key_of("holds", hold), version, look)
    if outcome.get("occurrences") and len(outcome["event_ids"]) > 1:
        return _last_of_series(store, outcome)
    if outcome.get("appointment_id") is None:
        return None
    appointment = UUID(outcome["appointment_id"])
    return Awaited(str(appointment), version, partial(store.version, caller.organization, appointment))


def key_of(view: str, identifier: object) -> str:
    """What an entry beside appointments and preferences is called while somebody waits for it."""
    return f"{view} {identifier}"


def event_key(identifier: object) -> str:
    """What a message of the projector is called while somebody waits for it."""
    return f"event {identifier}"


def _last_of_series(store: Store, outcome: Outcome) -> Awaited:
    """The last appointment that was touched: its event stands before the last, which is of the series itself.

    The outcome does not tell its version, but the projector's message about an event has an id that follows from it.
    """
    event = UUID(outcome["event_ids"][-2])
    touched = [UUID(occurrence["appointment_id"]) for occurrence in outcome["occurrences"]]
    key = event_key(uuid5(event, "calendar.changed"))
    return Awaited(key, 1, partial(store.event_shown, touched, event))


async def _preferences(store: Store, caller: Caller) -> int:
    return (await store.wanted(caller.id, caller.organization))[0]


async def _organization_preferences(store: Store, caller: Caller) -> int:
    found = await store.organization_preferences(caller.organization)
    return found[0] if found else 0
