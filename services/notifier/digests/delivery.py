"""Write a digest as a delivery of its own: one call for all deliveries that waited for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

import orjson

from notifications import rules as chosen
from notifications.dates_and_times import date_of, time_until, zone
from notifications.languages import language
from notifications.preferences import Organization, Preferences
from notifications.rules import Decision
from notifications.templates.digest import Entry, digest_variables, entry_of
from services.notifier.clients.communication import send_body
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.kinds import DIGEST
from services.notifier.store.checked import Checked
from services.notifier.store.digests import Row

ENTRIES_MAX = 200  # entries of a message; the app shows all of them
_MORE = {
    "en": ("More updates", "{count} more in the app."),
    "de": ("Weitere Änderungen", "{count} weitere in der App."),
}


def summed_up(
    digest: Row,
    waited: Sequence[Checked],
    decision: Decision,
    own: Preferences,
    organization: Organization,
    now: datetime,
) -> tuple[Delivery, bytes]:
    """Return the delivery, which has the digest's id, and the JSON of its call; `waited` is not empty.

    A notification on several channels is one entry. The digest is about no single appointment, so it names
    itself in the place of one.
    """
    ordered = sorted(
        waited, key=lambda item: (item.delivery.starts_at, item.delivery.planned_at, item.delivery.id)
    )
    bodies = {
        (item.delivery.event_id, item.delivery.type): (item.delivery, orjson.loads(item.body))
        for item in ordered
    }
    newest = max(ordered, key=lambda item: item.delivery.planned_at)
    latest: Mapping[str, Any] = orjson.loads(newest.body)
    locale = chosen.locale(own, organization) or latest.get("locale") or "en"
    place = chosen.timezone(own, organization) or digest.timezone
    noon = datetime.combine(digest.day, time(12), zone(place))
    entries = [_entry(delivery, body, now) for delivery, body in bodies.values()]
    data = {
        "recipient_name": str(latest["template_data"].get("recipient_name") or ""),
        **digest_variables(date_of(noon, place, locale), _at_most(entries, locale)),
        "digest_count": str(len(entries)),
    }
    delivery = _delivery(
        digest, newest.delivery, decision, max(item.delivery.expires_at for item in waited), now
    )
    return delivery, send_body(
        kind=DIGEST.type,
        channel=decision.channel,
        recipient_id=digest.user_id,
        template_id=DIGEST.template_id,
        data=data,
        priority=DIGEST.priority,
        appointment_id=digest.id,
        locale=language(locale),
    )


def _entry(delivery: Delivery, body: Mapping[str, Any], now: datetime) -> Entry:
    """Return the text that the app shows, with the time that is left now."""
    data, locale = dict(body["template_data"]), str(body.get("locale") or "en")
    if "time_until" in data:
        data["time_until"] = time_until(delivery.starts_at, now, locale)
    return entry_of(delivery.template_id, locale, data)


def _at_most(entries: Sequence[Entry], locale: str) -> Sequence[Entry]:
    if len(entries) <= ENTRIES_MAX:
        return entries
    title, text = _MORE[language(locale)]
    return [*entries[:ENTRIES_MAX], Entry(title, text.format(count=len(entries) - ENTRIES_MAX))]


def _delivery(
    digest: Row, newest: Delivery, decision: Decision, expires_at: datetime, now: datetime
) -> Delivery:
    return Delivery(
        id=digest.id,
        organization_id=digest.organization_id,
        event_id=digest.id,
        appointment_id=digest.id,
        version=1,
        type=DIGEST.type,
        template_id=DIGEST.template_id,
        recipient_id=digest.user_id,
        channel=decision.channel,
        priority=DIGEST.priority,
        planned_at=now,
        timezone=digest.timezone,
        starts_at=expires_at,
        expires_at=expires_at,
        decision=decision.reason,
        actor=None,
        correlation_id=str(digest.id),
        traceparent=None,
        cause=newest.cause,
    )
