"""Operations on holds: time that is kept free for minutes."""

from uuid import UUID

from starlette.responses import Response

from chassis import clock
from contracts.holds import PlaceHold, RenewHold
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import PENDING, created, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import IDEMPOTENCY_KEY, LOCATION
from services.ingress.api.models.scheduling import HoldRead, Holds, HoldState
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.commands.replies import Outcome
from services.ingress.domain.paths import hold_path
from services.ingress.domain.problems import Problem, not_found
from services.ingress.domain.scheduling import hold_body
from services.ingress.http.responses import as_json

OPERATIONS = Operations("scheduling", "Availability, free slots and holds.")


@OPERATIONS.operation(
    "POST",
    "/holds",
    summary="Keep time free for a moment",
    answers=[created(HoldRead, examples.HOLD, LOCATION), PENDING],
    sends=Sends(example=examples.PLACE_HOLD),
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def hold(call: Call, body: Body[PlaceHold]) -> Response:
    """Place a hold while a form is being filled in: at most 600 seconds, at most 5 at once.

    A create with its `hold_id` uses it up; for everybody else its people are busy until `expires_at`.
    """
    if body.model.organizer_id not in (None, call.caller.id) and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may hold time for another organizer.")
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, "hold.place", body.json)
    return _placed(outcome)


@OPERATIONS.operation(
    "DELETE",
    "/holds/{hold_id}",
    summary="Release a hold",
    answers=[ok(HoldRead, examples.HOLD), PENDING],
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def release_hold(call: Call, hold_id: UUID) -> Response:
    """Give held time free again; for the owner of the hold and admins."""
    outcome = await call.runtime.writer.carry_out(
        call.caller, call.request, "hold.release", {"hold_id": str(hold_id)}, hold_id
    )
    return as_json(hold_body(outcome["hold"], clock.now()))


@OPERATIONS.operation(
    "POST",
    "/holds/{hold_id}/renew",
    summary="Keep held time free for longer",
    answers=[created(HoldRead, examples.HOLD, LOCATION), PENDING],
    sends=Sends(example=examples.RENEW_HOLD, required=False, without=["hold_id"]),
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def renew_hold(call: Call, hold_id: UUID, body: Body[RenewHold]) -> Response:
    """Keep the time free for so many seconds from now on; for the owner of the hold and admins.

    The answer is another hold with the same people and times: its id is to be used from now on.
    """
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, "hold.renew", body.json, hold_id)
    return _placed(outcome)


@OPERATIONS.operation(
    "GET",
    "/holds",
    summary="List your holds",
    answers=[ok(Holds, examples.HOLDS)],
    problems=READ,
)
async def holds(call: Call) -> Response:
    """Return the caller's live holds; the one that ends first is first."""
    now = clock.now()
    rows = await call.runtime.store.holds(call.caller, now)
    items = [{name: row[name] for name in HoldState.model_fields} for row in rows]
    return as_json({"items": items, "now": now})


@OPERATIONS.operation(
    "GET",
    "/holds/{hold_id}",
    id="read_hold",
    summary="Read a hold",
    answers=[ok(HoldRead, examples.HOLD)],
    problems=READ,
)
async def read_hold(call: Call, hold_id: UUID) -> Response:
    """Return a live hold to its owner or an admin; one that has ended does not exist any more."""
    now = clock.now()
    row = await call.runtime.store.hold(call.caller, hold_id, now)
    if row is None:
        raise not_found()
    return as_json(hold_body(row, now))


def _placed(outcome: Outcome) -> Response:
    headers = {"Location": hold_path(outcome["hold"]["id"])}
    return as_json(hold_body(outcome["hold"], clock.now()), 201, headers)
