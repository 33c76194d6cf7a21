"""Operations on calendars of other programs that are polled by their address."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

import orjson
from starlette.responses import Response

from chassis import clock
from chassis.outbound.addresses import Flaw, checked
from contracts.calendars import NewSubscription
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import EMPTY, PENDING, created, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import IDEMPOTENCY_KEY, LOCATION
from services.ingress.api.models.scheduling import SubscriptionRead, SubscriptionsRead
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.commands.writer import command_id
from services.ingress.domain.paths import subscription_path
from services.ingress.domain.problems import Problem, invalid, not_found
from services.ingress.http.responses import as_json, raw_json

OPERATIONS = Operations("calendars", "Feeds for calendar programs, and imports of their files.")


@OPERATIONS.operation(
    "POST",
    "/calendar/subscriptions",
    summary="Subscribe to a calendar by its address",
    answers=[created(SubscriptionRead, examples.SUBSCRIPTION, LOCATION), PENDING],
    sends=Sends(example=examples.NEW_SUBSCRIPTION),
    headers=[IDEMPOTENCY_KEY],
    problems=[*WRITE, *READ, "subscriptions_unavailable"],
)
async def subscribe(call: Call, body: Body[NewSubscription]) -> Response:
    """Have a calendar polled, and its events kept as busy times, until the subscription is deleted.

    The address is https (webcal is read as https) on port 443 of a public host, without a user name. It is a
    secret: it is stored sealed and answered never again. At most 5 calendars for a person, 1,000 for an
    organization.
    """
    runtime, caller = call.runtime, call.caller
    if not runtime.seal:
        raise Problem("subscriptions_unavailable", "CALENDAR_SECRET is not set.")
    url = _address(body.model.url)
    command = command_id(caller, call.request)
    identifier = uuid5(command, "subscription")
    secret = {"id": str(identifier), "url": url, "email": caller.email}
    sent = {
        "subscription_id": str(identifier),
        "name": body.model.name or urlsplit(url).hostname,
        "sealed": runtime.seal.seal(orjson.dumps(secret).decode()),
        "timezone": await runtime.directory.zone_of(caller.id),
    }
    await runtime.writer.carry_out(caller, call.request, "calendar.subscribe", sent, identifier, command)
    found = await _find(call, identifier)
    return as_json(found or _new(sent), 201, {"Location": subscription_path(identifier)})


@OPERATIONS.operation(
    "GET",
    "/calendar/subscriptions",
    summary="List the calendars that you subscribe to",
    answers=[ok(SubscriptionsRead, examples.SUBSCRIPTIONS)],
    problems=READ,
)
async def subscriptions(call: Call) -> Response:
    """Return each calendar with the last success and the error of its polls."""
    items = await call.runtime.store.subscriptions(call.caller.id, call.caller.organization)
    return raw_json(f'{{"items":{items}}}')


@OPERATIONS.operation(
    "GET",
    "/calendar/subscriptions/{subscription_id}",
    summary="Read a calendar that you subscribe to",
    answers=[ok(SubscriptionRead, examples.SUBSCRIPTION)],
    problems=[*READ, "not_found"],
)
async def subscription(call: Call, subscription_id: UUID) -> Response:
    """Return one of your subscriptions."""
    found = await _find(call, subscription_id)
    if found is None:
        raise not_found()
    return as_json(found)


@OPERATIONS.operation(
    "DELETE",
    "/calendar/subscriptions/{subscription_id}",
    summary="End a subscription",
    answers=[EMPTY, PENDING],
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def unsubscribe(call: Call, subscription_id: UUID) -> Response:
    """Have the calendar polled no longer, and free its times."""
    await call.runtime.writer.carry_out(
        call.caller,
        call.request,
        "calendar.unsubscribe",
        {"subscription_id": str(subscription_id)},
        subscription_id,
    )
    return Response(status_code=204)


def _address(url: str) -> str:
    try:
        return checked(url.strip())
    except Flaw as flaw:
        raise invalid("url", flaw.code, flaw.message) from None


async def _find(call: Call, identifier: UUID) -> dict[str, Any] | None:
    items = await call.runtime.store.subscriptions(call.caller.id, call.caller.organization)
    return next((item for item in orjson.loads(items) if item["id"] == str(identifier)), None)


def _new(sent: dict[str, Any]) -> dict[str, Any]:
    """Return a subscription that the views do not show yet."""
    unknown = dict.fromkeys(("checked_at", "succeeded_at", "error", "failing_since"))
    named = {"id": sent["subscription_id"], "name": sent["name"], "timezone": sent["timezone"]}
    return {**named, "created_at": clock.now(), **unknown, "times": 0}
