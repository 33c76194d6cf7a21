"""Health, metrics, and the page that shows the calls."""

from importlib.resources import files

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.ingress.api.openapi import described
from services.ingress.http.responses import as_json
from services.ingress.http.routing import PlainRoute
from services.ingress.runtime import Runtime


def operation_routes(runtime: Runtime) -> APIRouter:
    """What operators and readers of the interface ask for; no token needed."""
    router = APIRouter(route_class=PlainRoute, tags=["operations"])
    page = (files("services.ingress.api") / "docs.html").read_bytes()

    @router.get("/health/appointments", **described("health"))
    async def health(_: Request) -> Response:
        report = await runtime.health.report()
        report["streams"] = runtime.live.count if runtime.live else 0
        return as_json(report, 200 if runtime.health.ready else 503)

    @router.get("/health/live", **described("live"))
    async def live(_: Request) -> Response:
        return as_json(
            {"service": "ingress", "live": runtime.health.live}, 200 if runtime.health.live else 503
        )

    @router.get("/metrics", **described("metrics"))
    async def metrics(_: Request) -> Response:
        await runtime.health.report()  # sets the metric of readiness
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @router.get("/docs", include_in_schema=False)
    async def docs(_: Request) -> Response:
        return Response(page, media_type="text/html")

    return router
