"""The calls of the sandbox Identity Service."""

import time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import orjson
from fastapi import FastAPI, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from deploy.local.identity.login import login_calls
from deploy.local.identity.people import Directory, UnknownPerson
from deploy.local.identity.tokens import LIFETIME_SECONDS, Signer
from deploy.local.sandbox.faults import FaultLayer, FaultSwitch, fault_calls
from deploy.local.sandbox.problems import Refused, answer_problems, json_response, problem


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone")
    return name


class TokenRequest(BaseModel):
    """The person and lifetime of a token; a negative lifetime makes an expired one, for tests."""

    email: str
    lifetime_seconds: int = Field(LIFETIME_SECONDS, ge=-LIFETIME_SECONDS, le=LIFETIME_SECONDS)


class PersonChange(BaseModel):
    """Fields of a person to change; absent fields stay."""

    model_config = ConfigDict(extra="forbid")

    organization_id: str | None = None
    name: str | None = Field(None, min_length=1)
    timezone: Annotated[str, AfterValidator(_known_zone)] | None = None
    locale: str | None = None
    roles: list[str] | None = None
    active: bool | None = None


def create_app(home: Path, frontend_url: str = "http://127.0.0.1:3000") -> ASGIApp:
    """Return the service, with its key and the changes of people below `home`; its login page sends people
    back to `frontend_url`.
    """
    home.mkdir(parents=True, exist_ok=True)
    directory, signer, switch = Directory(home / "changes.json"), Signer(home / "key.pem"), FaultSwitch()
    app = FastAPI(title="Sandbox Identity Service", version="1.0")
    answer_problems(app)

    @app.exception_handler(UnknownPerson)
    async def unknown_person(_: Request, error: UnknownPerson) -> Response:
        return problem(404, "not_found", str(error))

    app.include_router(fault_calls(switch))
    _validation_call(app, directory)
    _token_calls(app, directory, signer)
    _people_calls(app, directory)
    app.include_router(login_calls(directory, signer, frontend_url))

    @app.get("/health")
    async def health() -> Response:
        return json_response({"status": "ok"})

    return FaultLayer(app, switch)


def _validation_call(app: FastAPI, directory: Directory) -> None:
    @app.post("/api/identity/users/validate", tags=["identity"])
    async def validate(request: Request) -> Response:
        """Answer `{"user_ids": [...]}` with `{"users": [...]}`: unknown and malformed ids are left out."""
        return json_response({"users": directory.known(_user_ids(await request.body()))})

    @app.get("/api/identity/users", tags=["identity"])
    async def search(
        organization_id: str, q: str = "", limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: str = ""
    ) -> Response:
        """Answer a page of an organization's active people whose name or address has words that begin so."""
        found, following = directory.search(organization_id, q, cursor, limit)
        return json_response({"users": found, "next_cursor": following})


def _user_ids(body: bytes) -> list[Any]:
    """Read ids without a model: thousands a call would each cost a validation."""
    try:
        user_ids = orjson.loads(body)["user_ids"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        user_ids = None
    if not isinstance(user_ids, list):
        raise Refused(422, "invalid", "The body must be a JSON object with a list `user_ids`.")
    return user_ids


def _token_calls(app: FastAPI, directory: Directory, signer: Signer) -> None:
    @app.get("/.well-known/jwks.json", tags=["identity"])
    async def key_set() -> Response:
        return json_response(signer.key_set())

    @app.post("/sandbox/tokens", tags=["sandbox"])
    async def issue_token(request: Request) -> Response:
        body = TokenRequest.model_validate_json(await request.body())
        person = directory.by_email(body.email)
        return json_response({"token": signer.token(person, int(time.time()), body.lifetime_seconds)})


def _people_calls(app: FastAPI, directory: Directory) -> None:
    @app.get("/sandbox/people", tags=["sandbox"])
    async def people() -> Response:
        return json_response(directory.everybody())

    @app.put("/sandbox/people/{identifier}", tags=["sandbox"])
    async def change_person(identifier: str, request: Request) -> Response:
        change = PersonChange.model_validate_json(await request.body())
        fields = change.model_dump(exclude_none=True)
        return json_response(directory.change(identifier, fields))
