"""Visibility checks: the entry of the views that shows the effect of a command, and how to look for it."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from contracts.ids import uuid5
from services.ingress.commands.replies import Outcome
from services.ingress.commands.visibility import Look, event_key, view_key
from services.ingress.domain.caller import Caller
from services.ingress.views.store import Store

# The view that a command changes beside appointments, and the field of the outcome that names its entry.
_VIEWS = {
    "availability.set": ("availability", "user_id"),
    "busy_times.import": ("busy_times", "user_id"),
    "busy_times.remove": ("busy_times", "user_id"),
    "feed.set": ("feeds", "user_id"),
    "calendar.subscribe": ("calendar_subscriptions", "user_id"),
    "calendar.unsubscribe": ("calendar_subscriptions", "user_id"),
}


@dataclass(frozen=True, slots=True)
class VisibilityCheck:
    """The `version` of the entry at `key`, as `Visibility` knows it; `look` asks the views themselves."""

    key: str
    version: int
    look: Look


def visibility_check(store: Store, caller: Caller, kind: str, outcome: Outcome) -> VisibilityCheck | None:
    """Return the check for an accepted command of this kind; None if it changed nothing that the views
    show.
    """
    version = int(outcome.get("version") or 0)
    if kind == "preferences.set":
        return VisibilityCheck(str(caller.id), version, partial(_preferences, store, caller))
    if kind == "organization_preferences.set":
        look = partial(_organization_preferences, store, caller)
        return VisibilityCheck(str(caller.organization), version, look)
    if kind in _VIEWS:
        view, field = _VIEWS[kind]
        of = UUID(outcome[field])
        look = partial(store.shown_version, view, of, caller.organization)
        return VisibilityCheck(view_key(view, of), version, look)
    if kind in ("hold.place", "hold.renew", "hold.release"):
        hold = UUID(outcome["hold"]["id"])
        view, version = ("released", 2) if kind == "hold.release" else ("holds", 1)
        look = partial(store.shown_version, view, hold, caller.organization)
        return VisibilityCheck(view_key("holds", hold), version, look)
    return _of_appointment(store, caller, outcome, version)


def _of_appointment(store: Store, caller: Caller, outcome: Outcome, version: int) -> VisibilityCheck | None:
    if outcome.get("occurrences") and len(outcome["event_ids"]) > 1:
        return _last_of_series(store, outcome)
    if outcome.get("appointment_id") is None:
        return None
    appointment = UUID(outcome["appointment_id"])
    return VisibilityCheck(
        str(appointment), version, partial(store.version, caller.organization, appointment)
    )


def _last_of_series(store: Store, outcome: Outcome) -> VisibilityCheck:
    """Return the check for the last appointment that was touched: its event stands before that of the
    series.

    The outcome does not tell its version, but the projector's message about an event has an id that follows
    from it.
    """
    event = UUID(outcome["event_ids"][-2])
    touched = [UUID(occurrence["appointment_id"]) for occurrence in outcome["occurrences"]]
    key = event_key(uuid5(event, "calendar.changed"))
    return VisibilityCheck(key, 1, partial(store.event_shown, touched, event))


async def _preferences(store: Store, caller: Caller) -> int:
    return (await store.preferences(caller.id, caller.organization))[0]


async def _organization_preferences(store: Store, caller: Caller) -> int:
    found = await store.organization_preferences(caller.organization)
    return found[0] if found else 0
