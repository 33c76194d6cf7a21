"""What the messages to people look like."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from notifications.preview import NoText, UnknownType, preview
from services.ingress.api.openapi import described
from services.ingress.domain.problems import Problem, invalid
from services.ingress.domain.queries import preview_query
from services.ingress.http.responses import as_json
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.reads import params
from services.ingress.runtime import Runtime


def template_routes(runtime: Runtime) -> APIRouter:
    """A preview with sample data, for anybody with a token."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["notifications"])

    @router.get("/templates/{notification_type}/preview", **described("template_preview"))
    async def template_preview(request: Request, notification_type: str) -> Response:
        await runtime.door.enter(request)
        query = preview_query(params(request))
        try:
            return as_json(asdict(preview(notification_type, query.channel, query.locale)))
        except UnknownType:
            raise Problem("not_found", "There is no such type of notification.") from None
        except NoText as error:
            raise invalid("channel", "no_text", str(error)) from None

    return router
