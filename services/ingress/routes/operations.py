"""Health, metrics, and the documents of the API; none needs a token."""

from importlib.resources import files

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from services.ingress.api import notification_examples as examples
from services.ingress.api.answer import Answer, ok, text
from services.ingress.api.call import Call
from services.ingress.api.models.operations import Document, Health, Liveness
from services.ingress.api.operation import NO_TOKEN, Operations
from services.ingress.http.responses import as_json, raw_json

OPERATIONS = Operations("operations", "Health, metrics and documents.", prefix="")

_PAGE = (files("services.ingress.api") / "docs.html").read_bytes()


@OPERATIONS.operation(
    "GET",
    "/health/appointments",
    summary="Read whether the ingress is ready",
    answers=[
        ok(Health, examples.HEALTH),
        Answer(status=503, description="Not ready", models=[Health], example=examples.HEALTH),
    ],
    access=NO_TOKEN,
    endless=True,
)
async def health(call: Call) -> Response:
    """Return the state of the process, and the reasons if it is not ready."""
    report = await call.runtime.health.report()
    report["streams"] = call.runtime.live.count if call.runtime.live else 0
    return as_json(report, 200 if call.runtime.health.ready else 503)


@OPERATIONS.operation(
    "GET",
    "/health/live",
    summary="Read whether the ingress should go on",
    answers=[
        ok(Liveness, examples.LIVENESS),
        Answer(status=503, description="Restart it", models=[Liveness], example=examples.LIVENESS),
    ],
    access=NO_TOKEN,
    endless=True,
)
async def live(call: Call) -> Response:
    """Return whether the process should go on; if not, restart it."""
    alive = call.runtime.health.live
    return as_json({"service": "ingress", "live": alive}, 200 if alive else 503)


@OPERATIONS.operation(
    "GET",
    "/metrics",
    summary="Read metrics for Prometheus",
    answers=[text("text/plain", "# HELP ...")],
    access=NO_TOKEN,
    endless=True,
)
async def metrics(call: Call) -> Response:
    """Return all metrics in the text format of Prometheus."""
    await call.runtime.health.report()  # sets the metric of readiness
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


@OPERATIONS.operation(
    "GET",
    "/openapi.json",
    summary="Read this document",
    answers=[ok(Document, examples.DOCUMENT)],
    access=NO_TOKEN,
)
async def openapi(call: Call) -> Response:
    """Return the OpenAPI document of the API."""
    return raw_json(call.request.app.state.openapi())


@OPERATIONS.operation(
    "GET",
    "/docs",
    summary="Read the API as a page",
    answers=[text("text/html", "<!doctype html>")],
    access=NO_TOKEN,
)
async def docs(_: Call) -> Response:
    """Return a page that shows every operation with its examples."""
    return Response(_PAGE, media_type="text/html")
