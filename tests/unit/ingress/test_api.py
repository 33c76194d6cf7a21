"""Operations: one declaration serves them and describes them."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel
from starlette.responses import Response

from services.ingress.api import examples
from services.ingress.api.answer import Answer, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.models.commands import PendingCommand
from services.ingress.api.openapi import document
from services.ingress.api.operation import TOKEN, Declared, Operation, Operations
from services.ingress.api.parameters import Parameters, QueryReader
from services.ingress.api.serving import Resource
from services.ingress.domain.problems import CODES
from services.ingress.http.pages import Pages
from services.ingress.main import create_app
from services.ingress.routes import OPERATIONS, TAGS
from services.ingress.settings import IngressSettings
from tests.support.described import PROBLEM, api, flaws
from tests.unit.ingress.requests import a_request

by_id = pytest.mark.parametrize("operation", [pytest.param(each, id=each.id) for each in OPERATIONS])


def described(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = api()["paths"][operation.path][operation.method.lower()]
    return found


async def test_an_application_serves_declared_operations_and_nothing_else() -> None:
    app = create_app(IngressSettings())
    assert all(isinstance(route, Resource | Pages) for route in app.routes)
    served = [each for route in app.routes if isinstance(route, Resource) for each in route.operations]
    assert sorted(each.id for each in served) == sorted(each.id for each in OPERATIONS)
    assert len({each.id for each in served}) == len(served) > 35


@by_id
def test_every_answer_of_class_2xx_has_a_schema_and_an_example_that_fits_it(operation: Operation) -> None:
    for status, answer in described(operation)["responses"].items():
        if status in ("204", "304"):
            assert "content" not in answer
            continue
        for media, content in answer["content"].items():
            assert content["schema"], (status, media)
            if media.endswith("json") and media != PROBLEM:
                assert re.search(r"#/components/schemas/\w+", str(content["schema"]))
                assert flaws(content["schema"], content["example"]) == []


@by_id
def test_every_parameter_is_described_and_every_body_has_an_example_that_is_accepted(
    operation: Operation,
) -> None:
    for parameter in described(operation).get("parameters", ()):
        assert parameter["in"] == "path" or parameter["description"].endswith((".", "`")), parameter
    body = described(operation).get("requestBody")
    if body is None:
        return
    [(media, content)] = body["content"].items()
    if media == "application/json":
        assert flaws(content["schema"], content["example"]) == []
        model = operation.model or (operation.sends.model if operation.sends else None)
        assert model is not None
        in_path = {name: str(UUID(int=1)) for name in operation.path_parameters}
        model.model_validate({**content["example"], **in_path})


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_example_of_each_problem_fits_the_schema(code: str) -> None:
    example = api()["components"]["examples"][code]["value"]
    assert flaws({"$ref": "#/components/schemas/Problem"}, example) == []
    assert example["code"] == code


def test_the_document_names_server_licence_and_contact_and_refers_to_nothing_that_is_not_there() -> None:
    info = api()["info"]
    assert info["license"]["identifier"] == "Apache-2.0"
    assert info["contact"]["name"]
    assert api()["servers"]
    for kind, name in re.findall(r"#/components/(\w+)/([\w-]+)", str(api())):
        assert name in api()["components"][kind]
    assert "appointment_id" not in api()["components"]["schemas"]["CreateAppointment"]["properties"]


def test_an_answer_that_does_not_fit_is_noticed() -> None:
    schema = {"$ref": "#/components/schemas/Appointment"}
    example = api()["paths"]["/api/appointments"]["get"]["responses"]["200"]["content"]["application/json"]
    appointment = example["example"]["items"][0]
    assert flaws(schema, appointment) == []
    assert flaws(schema, appointment | {"start_time": "2027-03-01T09:00:00"})
    assert flaws(schema, {name: value for name, value in appointment.items() if name != "version"})


DECLARED: Declared = {"summary": "Do", "answers": [ok(PendingCommand, examples.PENDING)]}


async def undescribed(call: Call) -> Response:
    return Response()


async def described_handler(call: Call) -> Response:
    """Do it."""
    return Response()


async def with_id(call: Call, appointment_id: UUID) -> Response:
    """Do it."""
    return Response()


async def with_body(call: Call, body: Body[BaseModel]) -> Response:
    """Do it."""
    return Response()


@pytest.mark.parametrize(
    ("path", "handler", "changed", "reason"),
    [
        pytest.param("/x", undescribed, {}, "docstring", id="no description"),
        pytest.param("/{appointment_id}", described_handler, {}, "the path has", id="a parameter not taken"),
        pytest.param("/x", with_id, {}, "the path has", id="a parameter that is not in the path"),
        pytest.param("/x", with_body, {}, "`sends`", id="a body that is not described"),
        pytest.param("/x", described_handler, {"answers": []}, "2xx", id="no answer"),
        pytest.param("/x", described_handler, {"problems": ["odd"]}, "odd", id="an unknown problem"),
    ],
)
def test_an_operation_that_would_leave_something_undescribed_cannot_be_declared(
    path: str, handler: Any, changed: Any, reason: str
) -> None:
    operations = Operations("test", "A test.")
    with pytest.raises(TypeError, match=reason):
        operations.operation("GET", path, **{**DECLARED, **changed})(handler)
    assert operations.all == []
    operations.operation("GET", "/x", **DECLARED)(described_handler)
    assert [each.path for each in operations.all] == ["/api/appointments/x"]


def test_an_answer_with_a_body_has_an_example_of_one_of_its_models() -> None:
    with pytest.raises(TypeError, match="needs an example"):
        Answer(status=200, description="OK")
    with pytest.raises(TypeError, match="no instance"):
        Answer(status=200, description="OK", models=[PendingCommand], example=examples.CREATED)


def test_what_a_declaration_implies_is_described_too() -> None:
    """Token, query, path and body bring their problems without being named."""
    by_name = {each.id: each for each in OPERATIONS}
    assert by_name["update"].access == TOKEN
    assert {"unauthenticated", "rate_limited", "not_found", "malformed", "too_large", "invalid"} <= set(
        by_name["update"].codes
    )
    assert "unauthenticated" not in by_name["subscribed_calendar"].codes
    assert "invalid" in by_name["calendar"].codes
    assert "invalid" not in by_name["me"].codes


@by_id
def test_the_described_query_is_the_one_that_is_read(operation: Operation) -> None:
    """The default of every optional parameter is accepted when it is sent."""
    if operation.parameters is None:
        return
    sent = {
        parameter["name"]: parameter["schema"]["default"]
        for parameter in described(operation)["parameters"]
        if parameter["in"] == "query" and "default" in parameter["schema"]
    }
    required = {"start_date": "2027-03-01", "end_date": "2027-03-02", "at": "2027-03-01T09:00:00Z"}
    required |= {"type": "appointment_reminder", "token": "x"}
    query = str(httpx.QueryParams(required | sent))
    assert isinstance(QueryReader(operation.parameters).read(a_request(query)), Parameters)


def test_a_document_of_some_operations_has_only_their_schemas() -> None:
    some = document([each for each in OPERATIONS if each.id == "live"], TAGS)
    assert set(some["components"]["schemas"]) <= {
        "Liveness",
        "Problem",
        "FieldError",
        "FieldFlaw",
        "Conflict",
        "Alternative",
    }


def test_a_field_with_a_default_need_not_be_sent() -> None:
    schema = api()["components"]["schemas"]["CreateAppointment"]
    assert schema["required"] == ["start_time", "end_time", "title"]
    assert not any("default" in field for field in schema["properties"].values())
    assert schema["properties"]["fold"]["description"].endswith("By default 0.")
    assert "null" in str(schema["properties"]["description"]["anyOf"])


def test_the_stream_describes_the_data_of_each_event() -> None:
    [content] = api()["paths"]["/api/appointments/stream"]["get"]["responses"]["200"]["content"].values()
    assert content["x-events"].keys() >= {"calendar.changed", "notification.changed", "session.expiring"}
    for reference in content["x-events"].values():
        assert reference["$ref"].removeprefix("#/components/schemas/") in api()["components"]["schemas"]
