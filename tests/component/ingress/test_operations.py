"""Health, metrics, documents, and what browsers ask for."""

import re

import pytest

from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress

FRONTEND = "http://127.0.0.1:3000"


async def test_health_tells_ready_from_live(ingress: Ingress) -> None:
    for path in ("/health/appointments", "/health/appointments/"):
        report = (await ingress.client.get(path)).json()
        assert (report["service"], report["live"], report["ready"], report["waiting"]) == (
            "ingress",
            True,
            True,
            [],
        )
    assert (await ingress.client.get("/health/live")).json() == {"service": "ingress", "live": True}


async def test_metrics_are_counted_by_route_not_by_path(ingress: Ingress) -> None:
    await ingress.call(ANNA, "GET", "/00000000-0000-0000-0000-000000000001")
    text = (await ingress.client.get("/metrics")).text
    assert re.search(
        r'request_seconds_count\{method="GET",route="/api/appointments/\{appointment_id\}",status="404"\} \d',
        text,
    )
    assert "0000-000000000001" not in text


async def test_every_call_is_documented_with_an_example(ingress: Ingress) -> None:
    document = (await ingress.client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            status, good = next(pair for pair in operation["responses"].items() if pair[0].startswith("2"))
            if status != "204":
                assert next(iter(good["content"].values())).get("example"), (method, path)
    assert "appointment_id" not in document["components"]["schemas"]["CreateAppointment"]["properties"]
    assert set(re.findall(r"#/components/schemas/(\w+)", str(document))) <= set(
        document["components"]["schemas"]
    )


async def test_the_documents_need_no_other_server(ingress: Ingress) -> None:
    page = await ingress.client.get("/docs")
    assert page.status_code == 200
    assert not re.search(r"(src|href)=.?https?:", page.text)


async def test_the_frontend_may_call_from_its_own_origin(ingress: Ingress) -> None:
    asks = {
        "Origin": FRONTEND,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "if-match",
    }
    preflight = await ingress.client.options("/api/appointments/x", headers=asks)
    assert preflight.headers["access-control-allow-origin"] == FRONTEND
    response = await ingress.call(ANNA, "GET", "/preferences", headers={"Origin": FRONTEND})
    assert "etag" in response.headers["access-control-expose-headers"].lower()
    foreign = await ingress.call(ANNA, "GET", "/preferences", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in foreign.headers


async def test_json_is_compressed_for_clients_that_can_read_it(ingress: Ingress) -> None:
    await ingress.fleet.say_hours(ANNA)
    path = "/api/appointments/availability?start_date=2031-03-01&end_date=2031-03-31&duration=30"
    sizes: dict[str, int] = {}
    for accepted in ("gzip", "identity"):
        headers = {**ingress.authorization(ANNA), "Accept-Encoding": accepted}
        response = await ingress.client.get(path, headers=headers)
        sizes[accepted] = response.num_bytes_downloaded
        expected = "gzip" if accepted == "gzip" else None
        assert response.headers.get("content-encoding") == expected
        assert "accept-encoding" in response.headers["vary"].lower()
    assert sizes["identity"] > 100_000
    assert sizes["gzip"] < sizes["identity"] / 10


@pytest.mark.parametrize("path", ["/health/live", "/api/appointments/stream"])
async def test_a_short_answer_and_the_stream_are_sent_as_they_are(ingress: Ingress, path: str) -> None:
    headers = {**ingress.authorization(ANNA), "Accept-Encoding": "gzip"}
    async with ingress.client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert "content-encoding" not in response.headers
