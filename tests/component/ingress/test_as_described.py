"""Whatever fits /openapi.json, or nearly does, gets an answer that /openapi.json knows, and never a 5xx."""

import contextlib
import json
import time
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from services.ingress.domain.problems import CODES
from services.ingress.domain.signatures import sign
from tests.component.ingress.fleet import an_appointment, refused
from tests.component.ingress.people import ADMIN
from tests.component.ingress.running import SECRET, Ingress

ENDLESS = "/api/appointments/stream"
OURS = ("if-match", "idempotency-key", "content-type")  # the headers that we read, beside the token
A_FEW_THE_SAME_ONES = settings(
    max_examples=6,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "odd"])
async def test_every_answer_is_described(ingress: Ingress, mode: GenerationMode) -> None:
    ingress.fleet.answer = lambda envelope, body: refused("not_found")
    appointment = an_appointment(ADMIN)
    await ingress.fleet.show(appointment)
    document = (await ingress.client.get("/openapi.json")).json()
    schema: Any = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        known = document["paths"][operation.path][operation.method]["responses"]
        for case in _cases(operation, mode):
            if "appointment_id" in case.path_parameters:
                case.path_parameters["appointment_id"] = appointment["id"]
            await _check(ingress, case, known)


def _cases(operation: Any, mode: GenerationMode) -> list[Any]:
    """A few calls of one operation."""
    found: list[Any] = []
    if operation.path == ENDLESS:
        return found

    @A_FEW_THE_SAME_ONES
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    with contextlib.suppress(Unsatisfiable):  # what takes no parameters cannot be called in an odd way
        collect()
    return found


async def _check(ingress: Ingress, case: Any, known: dict[str, Any]) -> None:
    request = _request(case)
    request["headers"] |= ingress.authorization(ADMIN)
    response = await ingress.client.request(**request)
    exchange = (request, response.status_code, response.text[:300])
    assert str(response.status_code) in known, exchange
    assert response.status_code < 500, exchange
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json", exchange
        assert CODES.get(response.json()["code"], (422,))[0] == response.status_code, exchange


def _request(case: Any) -> dict[str, Any]:
    """The call as httpx makes it; reports are signed, to be looked at."""
    made = case.as_transport_kwargs(base_url="http://ingress")
    headers = {
        name: value.encode("latin-1", "replace")
        for name, value in made["headers"].items()
        if name.lower() in OURS and value.isprintable()
    }
    body = json.dumps(made["json"]).encode() if "json" in made else made.get("data") or b""
    if case.path.endswith("/webhooks/communication"):
        headers["X-Signature"] = sign(SECRET, int(time.time()), body).encode()
    return {
        "method": case.method,
        "url": httpx.URL(made["url"]).raw_path.decode(),
        "params": made.get("params"),
        "headers": headers,
        "content": body,
    }
