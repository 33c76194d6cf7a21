"""Operations on holds: time that is kept free for minutes."""

from uuid import UUID

from starlette.responses import Response

from contracts.holds import PlaceHold
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import PENDING, created, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import IDEMPOTENCY_KEY, LOCATION
from services.ingress.api.models.scheduling import HoldRead
from services.ingress.api.operation import WRITE, Operations, Sends
from services.ingress.domain.paths import hold_path
from services.ingress.domain.problems import Problem
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
    return as_json(hold_body(outcome["hold"]), 201, {"Location": hold_path(outcome["hold"]["id"])})


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
    return as_json(hold_body(outcome["hold"]))
