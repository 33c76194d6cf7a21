"""Writes: publish a command, wait for its outcome and until the views show its effect."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from opentelemetry import trace
from starlette.requests import Request

from chassis.commands import well_formed
from services.ingress import metrics
from services.ingress.commands.commander import Command, Commander
from services.ingress.commands.replies import Outcome
from services.ingress.commands.visibility import Visibility
from services.ingress.commands.visibility_checks import visibility_check
from services.ingress.domain import ids
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.views.store import Store


class Pending(Exception):
    """No outcome came in time: the command may still be decided, and its outcome can be read later."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(str(command_id))
        self.command_id = command_id


class Writer:
    """Carries out the command of a request. `check_replies` raises Problem while outcomes are not being
    read.
    """

    def __init__(
        self, commander: Commander, store: Store, visibility: Visibility, check_replies: Callable[[], None]
    ) -> None:
        self._commander = commander
        self._store = store
        self._visibility = visibility
        self._check_replies = check_replies

    async def carry_out(
        self,
        caller: Caller,
        request: Request,
        kind: str,
        body: dict[str, Any],
        subject: UUID | None = None,
        identifier: UUID | None = None,
    ) -> Outcome:
        """Return the accepted outcome, which the views show by then (unless that takes too long).

        `identifier` is the command's id; by default it follows from the request. Raises Problem with a
        refusal, and Pending if no outcome came in time.
        """
        identifier = identifier or command_id(caller, request)
        command = _command(request, identifier, kind, body, subject)
        self._check_replies()
        outcome = await self._commander.carry_out(caller, command)
        if outcome is None:
            raise Pending(identifier)
        await self._wait_until_visible(caller, kind, outcome)
        return outcome

    async def _wait_until_visible(self, caller: Caller, kind: str, outcome: Outcome) -> None:
        check = visibility_check(self._store, caller, kind, outcome)
        if check is not None:
            fresh = bool(outcome.get("event_ids"))
            if not await self._visibility.wait(check.key, check.version, check.look, fresh=fresh):
                metrics.NOT_SHOWN.inc()


def _command(
    request: Request, identifier: UUID, kind: str, body: dict[str, Any], subject: UUID | None
) -> Command:
    return Command(
        id=identifier,
        type=kind,
        body=body,
        correlation_id=request.state.correlation_id,
        traceparent=_traceparent(request),
        subject=str(subject) if subject else None,
    )


def command_id(caller: Caller, request: Request) -> UUID:
    """Return the same id for the same Idempotency-Key of this caller at this path. Raises Problem 400."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return uuid4()
    if not ids.usable_key(key):
        raise Problem(
            "malformed", f"Idempotency-Key must have 1 to {ids.KEY_MAX} printable ASCII characters."
        )
    return ids.command_id(caller.id, request.method, request.scope["path"], key)


def _traceparent(request: Request) -> str | None:
    """Return the trace context that the command carries on (W3C Trace Context).

    With tracing it is that of the request's span, else the caller's if it can be read.
    """
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    return well_formed(request.headers.get("traceparent"))
