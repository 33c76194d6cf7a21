"""Spans of requests, and the trace that a command carries on."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress, is_ready, serve
from tests.support import eventually

TRACE, CALLERS_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NEW = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


async def spans_of_a_booking(ingress: Ingress, headers: dict[str, str]) -> list[ReadableSpan]:
    """All that is exported when a ready ingress with tracing takes one booking."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with serve(ingress.settings, provider) as (_, client):
        await eventually(lambda: is_ready(client), 20)
        response = await client.post(
            "/api/appointments", json=NEW, headers=ingress.authorization(ANNA) | headers
        )
        assert response.status_code == 201, response.text
    return list(exporter.get_finished_spans())


@pytest.mark.parametrize(
    ("headers", "trace", "parent"),
    [
        pytest.param(
            {"traceparent": f"00-{TRACE}-{CALLERS_SPAN}-01"},
            TRACE,
            CALLERS_SPAN,
            id="the caller's trace goes on",
        ),
        pytest.param({}, None, None, id="without one it begins here"),
        pytest.param({"traceparent": "00-zz"}, None, None, id="an unreadable one is none"),
    ],
)
async def test_a_request_has_one_span_and_its_command_follows_from_it(
    ingress: Ingress, headers: dict[str, str], trace: str | None, parent: str | None
) -> None:
    [span] = await spans_of_a_booking(ingress, headers)  # health was asked too, and has none
    assert (span.name, (span.attributes or {})["http.response.status_code"]) == (
        "POST /api/appointments",
        201,
    )
    assert (format(span.parent.span_id, "016x") if span.parent else None) == parent
    assert trace in (None, format(span.context.trace_id, "032x"))
    [(_, envelope, _)] = ingress.fleet.commands
    _, trace_id, span_id, flags = str(envelope.traceparent).split("-")
    assert (int(trace_id, 16), int(span_id, 16)) == (span.context.trace_id, span.context.span_id)
    assert int(flags, 16) & 1  # sampled
