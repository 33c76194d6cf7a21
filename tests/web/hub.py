"""The built application, served as the ingress serves it, with an API in memory: a page is tested in seconds.

It answers in the shapes of `contracts/openapi.yaml`, and sends the live stream to each reader.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from services.ingress.http.pages import Pages

Item = dict[str, Any]

BUNDLE = Path(__file__).parents[2] / "services/ingress/web"
_NAMES = UUID("7a4f0000-0000-4000-8000-000000000000")
PEOPLE = ("Mira Hoffmann", "Jonas Weber", "Aylin Demir", "Tomas Novak", "Vikram Rao", "Chiara Conti")


def person_id(name: str) -> str:
    """Return the id of a person by their full name."""
    return str(uuid5(_NAMES, name))


@dataclass
class Hub:
    """The API's state, and what it was asked.

    refuse: the body of a problem that answers the next write. slow: seconds before a calendar is answered.
    """

    zone: str = "Europe/Berlin"
    locale: str = "en"
    appointments: dict[str, Item] = field(default_factory=dict)
    refuse: Item | None = None
    fail_reads: str = ""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    streams: list["asyncio.Queue[str]"] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    sent: int = 0

    def book(
        self,
        title: str,
        start: str,
        minutes: int,
        people: tuple[str, ...] = (),
        organizer: str = PEOPLE[0],
        **more: Any,
    ) -> Item:
        """Put an appointment in; `start` is local time in the hub's zone."""
        begin = datetime.fromisoformat(start)
        begin = (begin if begin.tzinfo else begin.replace(tzinfo=ZoneInfo(self.zone))).astimezone(UTC)
        responses = {person_id(name): more.get("response", "confirmed") for name in people}
        appointment = {
            "id": str(uuid4()),
            "organization_id": str(_NAMES),
            "organizer_id": person_id(organizer),
            "participant_ids": list(responses),
            "start_time": _text(begin),
            "end_time": _text(begin + timedelta(minutes=minutes)),
            "timezone": more.get("timezone", self.zone),
            "title": title,
            "description": more.get("description", ""),
            "location": more.get("location", ""),
            "meeting_url": more.get("meeting_url", ""),
            "status": more.get("status", "confirmed"),
            "confirmation_status": responses,
            "version": 1,
            "series_id": more.get("series_id"),
            "original_start_time": None,
            "seats": None,
            "waiting": [],
            "history": [],
            "created_at": _text(begin),
            "created_by": person_id(organizer),
            "updated_at": _text(begin),
            "updated_by": person_id(organizer),
        }
        self.appointments[appointment["id"]] = appointment
        return appointment

    def change(self, appointment_id: str, actor: str = PEOPLE[1], **fields: Any) -> None:
        """Change an appointment as somebody does elsewhere, and tell all streams."""
        appointment = self.appointments[appointment_id]
        appointment.update(fields, version=appointment["version"] + 1)
        self.publish(appointment, actor)

    def publish(self, appointment: Item, actor: str) -> None:
        """Send `calendar.changed` to all streams; the viewer is the first of the people."""
        item = None if appointment["status"] == "cancelled" else self.item(appointment, PEOPLE[0])
        data = {
            "appointment_id": appointment["id"],
            "version": appointment["version"],
            "change": "updated",
            "item": item,
            "actor": person_id(actor),
        }
        self.sent += 1
        for queue in self.streams:
            queue.put_nowait(f"id: {self.sent}\nevent: calendar.changed\ndata: {json.dumps(data)}\n\n")

    def item(self, appointment: Item, viewer: str) -> Item:
        """Return an appointment as a calendar shows it to a person."""
        responses, who = appointment["confirmation_status"], person_id(viewer)
        copied = ("id", "title", "start_time", "end_time", "timezone", "status", "organizer_id", "location")
        organizer = who == appointment["organizer_id"]
        return {
            **{name: appointment[name] for name in copied},
            **{name: appointment[name] for name in ("version", "series_id", "original_start_time", "seats")},
            "participant_ids": list(responses)[:20],
            "counts": {
                "participants": len(responses),
                "confirmed": list(responses.values()).count("confirmed"),
                "declined": list(responses.values()).count("declined"),
            },
            "free_seats": None,
            "has_meeting_url": bool(appointment["meeting_url"]),
            "role": "organizer" if organizer else "participant" if who in responses else "viewer",
            "my_status": None if organizer else responses.get(who),
        }

    def app(self) -> Starlette:
        """Return the server."""
        base = "/api/appointments"
        return Starlette(
            routes=[
                Route("/app/config.json", self._config),
                Route("/sandbox/login", self._login),
                Route(f"{base}/me", self._me),
                Route(f"{base}/people", self._people),
                Route(f"{base}/calendar", self._calendar),
                Route(f"{base}/stream", self._stream),
                Route(f"{base}/{{id}}/notifications", self._deliveries),
                Route(f"{base}/{{id}}/{{word}}", self._respond, methods=["POST"]),
                Route(f"{base}/{{id}}", self._one, methods=["GET", "PATCH", "DELETE"]),
                Pages(BUNDLE, ""),
            ]
        )

    async def _config(self, request: Request) -> Response:
        login = {"kind": "sandbox", "url": f"{request.base_url}sandbox/login", "client_id": ""}
        return JSONResponse({"login": login, "locales": ["en", "de"], "name": "Appointments", "theme": {}})

    async def _login(self, request: Request) -> Response:
        query = request.query_params
        return RedirectResponse(f"{query['return_to']}#token=a-token&state={query['state']}", 303)

    async def _me(self, _: Request) -> Response:
        now = datetime.now(UTC)
        body = {
            "id": person_id(PEOPLE[0]),
            "organization_id": str(_NAMES),
            "name": PEOPLE[0],
            "email": "mira@nordlicht.example",
            "roles": ["member"],
            "timezone": self.zone,
            "locale": self.locale,
            "token_expires_at": _text(now + timedelta(hours=1)),
            "now": _text(now),
            "tzdata": "2026c",
            "version": "0.1.0",
            "limits": {"title": 200},
            "can": {"organization_preferences": False, "book_for_others": False, "announce": True},
        }
        return JSONResponse(body)

    async def _people(self, request: Request) -> Response:
        wanted = request.query_params.getlist("id")
        everybody = [
            {
                "id": person_id(name),
                "name": name,
                "email": f"{name.split()[0].lower()}@nordlicht.example",
                "timezone": self.zone,
                "active": True,
            }
            for name in PEOPLE
        ]
        found = [person for person in everybody if not wanted or person["id"] in wanted]
        return JSONResponse({"items": found, "next_cursor": None})

    async def _calendar(self, request: Request) -> Response:
        if self.fail_reads:
            return _problem(503, self.fail_reads)
        low, high = (datetime.fromisoformat(request.query_params[name]) for name in ("from", "to"))
        shown = [
            self.item(one, PEOPLE[0])
            for one in self.appointments.values()
            if datetime.fromisoformat(one["start_time"]) < high
            and datetime.fromisoformat(one["end_time"]) > low
        ]
        names = {person_id(name): {"name": name} for name in PEOPLE}
        return JSONResponse({"items": sorted(shown, key=lambda one: one["start_time"]), "people": names})

    async def _one(self, request: Request) -> Response:
        appointment = self.appointments.get(request.path_params["id"])
        if appointment is None:
            return _problem(404, "not_found")
        if request.method == "GET":
            return JSONResponse(appointment)
        body = await request.json() if int(request.headers.get("content-length") or 0) else {}
        return self._written(
            request, appointment, body if request.method == "PATCH" else {"status": "cancelled"}
        )

    async def _respond(self, request: Request) -> Response:
        appointment = self.appointments[request.path_params["id"]]
        state = {"confirm": "confirmed", "decline": "declined"}[request.path_params["word"]]
        responses = {**appointment["confirmation_status"], person_id(PEOPLE[0]): state}
        return self._written(request, appointment, {"confirmation_status": responses})

    def _written(self, request: Request, appointment: Item, changes: Item) -> Response:
        self.asked.append((request.method, appointment["title"], changes))
        if self.refuse:
            problem, self.refuse = self.refuse, None
            return JSONResponse(problem, problem["status"])
        if request.headers.get("if-match") not in (None, f'"{appointment["version"]}"'):
            return _problem(412, "version_mismatch")
        self.change(appointment["id"], PEOPLE[0], **changes)
        return JSONResponse(appointment)

    async def _deliveries(self, request: Request) -> Response:
        appointment = self.appointments[request.path_params["id"]]
        states = ("delivered", "sent", "bounced", "planned")
        items = [
            {
                "id": str(uuid5(_NAMES, appointment["id"] + str(number))),
                "type": "appointment_invitation" if number < 2 else "appointment_reminder",
                "recipient_id": recipient,
                "channel": "email" if number % 2 == 0 else "in_app",
                "priority": "normal",
                "state": states[number % 4],
                "attempts": 1,
                "planned_at": appointment["created_at"],
                "next_attempt_at": None,
                "sent_at": None,
                "delivered_at": None,
                "reason": None,
                "fallback_of": None,
            }
            for number, recipient in enumerate(appointment["participant_ids"])
        ]
        return JSONResponse({"items": items})

    async def _stream(self, request: Request) -> Response:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.resumed.append(request.headers.get("last-event-id", ""))
        self.streams.append(queue)

        async def events() -> AsyncIterator[str]:
            try:
                yield f": connected\nid: {self.sent}\nretry: 100\n\n"
                while (event := await queue.get()) != "":
                    yield event
            finally:
                self.streams.remove(queue)

        return StreamingResponse(events(), media_type="text/event-stream")


def _problem(status: int, code: str) -> Response:
    body = {"type": f"urn:appointments:problem:{code}", "title": code, "status": status, "code": code}
    return JSONResponse({**body, "detail": code}, status)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
