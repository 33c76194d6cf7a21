"""The calls of docs/requirements.md#send, #schedule and #cancel, and the registration of templates."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from deploy.local.communication.payloads import Name
from deploy.local.communication.service import Service
from deploy.local.communication.store import Answer
from deploy.local.sandbox.problems import Refused

PREFIX = "/api/communication"


def api_calls(service: Service) -> APIRouter:
    """`/api/communication/…`; a body is read raw, because the models check it far faster than the framework."""
    router = APIRouter(prefix=PREFIX, tags=["communication"])
    _add_notifications(router, service)
    _add_templates(router, service)
    return router


def _add_notifications(router: APIRouter, service: Service) -> None:
    @router.post("/notifications/send", status_code=202)
    async def send(request: Request) -> Response:
        """Send a notification now, or at `scheduling.send_at`; the same `Idempotency-Key` sends once."""
        return _response(service.send(await request.body(), _key(request), datetime.now(UTC)))

    @router.post("/reminders/schedule", status_code=202)
    async def schedule(request: Request) -> Response:
        """Schedule reminders of an entity; they are sent by themselves if it has recipients and a start."""
        return _response(service.schedule(await request.body(), _key(request), datetime.now(UTC)))

    @router.delete("/notifications/cancel")
    async def cancel(
        request: Request, entity_type: Annotated[Name, Query()], entity_id: Annotated[Name, Query()]
    ) -> Response:
        """Cancel an entity's scheduled reminders that are not sent yet."""
        return _response(service.cancel(entity_type, entity_id, _key(request)))


def _add_templates(router: APIRouter, service: Service) -> None:
    @router.put("/templates/{identifier}")
    async def register(identifier: str, request: Request) -> Response:
        """Register a template or replace it."""
        return _json(service.register(identifier, await request.body()))

    @router.get("/templates")
    async def templates() -> Response:
        return _json(b"[" + b",".join(service.store.templates()) + b"]")

    @router.get("/templates/{identifier}")
    async def template(identifier: str) -> Response:
        document = service.store.template(identifier)
        if document is None:
            raise Refused(404, "not_found", "No such template is registered.")
        return _json(document)


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= 255:
        raise Refused(422, "invalid", "An Idempotency-Key has 1 to 255 characters.")
    return key


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


def _json(document: bytes) -> Response:
    return Response(document, media_type="application/json")
