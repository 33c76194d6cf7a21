"""Effects of the calls: a payload is checked against its template, each idempotency key has one effect."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import orjson

from contracts.envelope import rfc3339
from contracts.fields import Channel
from deploy.local.communication.payloads import ScheduleReminders, Send
from deploy.local.communication.store import Answer, NewMessage, Store
from deploy.local.communication.templates import Compiled, Template
from deploy.local.identity.people import sample_people
from deploy.local.sandbox.problems import Refused

DELIVERY_SECONDS = 0.2  # from acceptance of a message to the report of its delivery


class Service:
    """The service over its store; templates are kept ready to render."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._templates: dict[str, Compiled] = {}
        for document in store.templates():
            template = Template.model_validate_json(document)
            self._templates[template.id] = Compiled(template)

    def once(
        self, operation: str, key: str | None, effect: Callable[[], tuple[Answer, int | None]]
    ) -> Answer:
        """Perform the effect and store its answer under the key, in one transaction, or return the stored
        answer.

        A refusal has no effect and is not stored. The body of a repeated call is ignored.
        """
        if key and (known := self.store.repeated(operation, key)):
            return known
        with self.store.change():
            answer, seq = effect()
            if key:
                self.store.add_answer(operation, key, answer, seq)
        return answer

    def send(self, body: bytes, key: str | None, now: datetime) -> Answer:
        """Accept a notification. Raises Refused, or ValidationError for a malformed body."""

        def effect() -> tuple[Answer, int]:
            made = [self._accepted(one, key, now) for one in self._by_name(Send.model_validate_json(body))]
            seqs = [self.store.add_message(message) for message, _ in made]
            answer = made[0][1]
            if len(made) > 1:  # `repeated` counts by it
                answer = _answer({**orjson.loads(answer.body), "messages": len(made)})
            return answer, seqs[-1]

        return self.once("send", key, effect)

    def _by_name(self, request: Send) -> list[Send]:
        """Split a group call into a message to each recipient, with the name of each known one."""
        if len(request.recipients) == 1 or "recipient_name" in request.template_data:
            return [request]
        names = known_names()
        return [
            request.model_copy(
                update={
                    "recipients": [recipient],
                    "template_data": request.template_data | _name(names.get(recipient)),
                }
            )
            for recipient in dict.fromkeys(request.recipients)
        ]

    def _accepted(self, request: Send, key: str | None, now: datetime) -> tuple[NewMessage, Answer]:
        template = self._template(request.template_id, request.channels)
        if missing := template.missing(request.template_data):
            raise _missing_variables(missing)
        send_at = request.scheduling.send_at if request.scheduling else None
        state = "scheduled" if send_at and send_at > now else "accepted"
        identifier, received_at = str(uuid4()), rfc3339_fixed(now)
        document = {
            "id": identifier,
            "received_at": received_at,
            "idempotency_key": key,
            "type": request.type,
            "channels": request.channels,
            "recipients": request.recipients,
            "template_id": request.template_id,
            "template_data": request.template_data,
            "priority": request.priority,
            "entity_type": request.entity_type,
            "entity_id": request.entity_id,
            **({"locale": request.locale} if request.locale else {}),
            "rendered": template.render(request.channels, request.template_data, request.locale),
        }
        message = NewMessage(
            received_at=received_at,
            type=request.type,
            channels=list(request.channels),
            recipients=request.recipients,
            recipient_name=str(request.template_data.get("recipient_name") or "")[:200],
            entity_id=request.entity_id,
            state=state,
            report_at=microseconds(max(send_at or now, now)) + int(DELIVERY_SECONDS * 1_000_000),
            document=_json(document),
        )
        return message, _answer({"id": identifier, "status": state, "received_at": received_at})

    def schedule(self, body: bytes, key: str | None, now: datetime) -> Answer:
        """Store reminders of an entity. Raises Refused, or ValidationError for a malformed body."""

        def effect() -> tuple[Answer, None]:
            request = ScheduleReminders.model_validate_json(body)
            template, send = self._template(request.template_id, request.channels), request.send()
            if send and (missing := template.missing(request.template_data)):
                raise _missing_variables(missing)
            identifier, received_at = str(uuid4()), rfc3339_fixed(now)
            document = {"id": identifier, "received_at": received_at, **request.model_dump(exclude_none=True)}
            due = [microseconds(at) for at in request.due()] if send else []
            self.store.add_schedule(
                request.entity_type, request.entity_id, orjson.dumps(document), [(at, key) for at in due]
            )
            return _answer({"id": identifier, "status": "scheduled", "received_at": received_at}), None

        return self.once("schedule", key, effect)

    def remind(self, now: datetime) -> int:
        """Send the due reminders; return how many."""
        due = self.store.due_reminders(microseconds(now))
        for reminder in due:
            send = ScheduleReminders.model_validate_json(reminder.document).send()
            with self.store.change():
                self.store.end_reminder(reminder)
                # A newer version of the template may require more variables.
                with contextlib.suppress(Refused):
                    if send is not None:
                        self.store.add_message(self._accepted(send, reminder.key, now)[0])
        return len(due)

    def cancel(self, entity_type: str, entity_id: str, key: str | None) -> Answer:
        """Cancel an entity's reminders that are not sent; return how many, which may be 0."""
        return self.once(
            "cancel",
            key,
            lambda: (_answer({"cancelled": self.store.cancel(entity_type, entity_id)}, 200), None),
        )

    def register(self, identifier: str, body: bytes) -> bytes:
        """Register or replace a template; the same one again changes nothing. Return it as registered."""
        template = Template.model_validate_json(body)
        if template.id != identifier:
            raise Refused(422, "invalid", "The template's id is not the one in the path.")
        document = orjson.dumps(template.model_dump(mode="json"))
        self.store.put_template(identifier, document)
        self._templates[identifier] = Compiled(template)
        return document

    def _template(self, identifier: str, channels: list[Channel]) -> Compiled:
        template = self._templates.get(identifier)
        if template is None:
            raise Refused(422, "unknown_template", f"No template {identifier} is registered.")
        if unfit := [channel for channel in channels if channel not in template.channels]:
            raise Refused(
                422, "unknown_channel", f"Template {identifier} has no text for {', '.join(unfit)}."
            )
        return template


def rfc3339_fixed(instant: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds, of fixed length, so that text sorts by time."""
    return rfc3339(instant) if instant.microsecond else f"{rfc3339(instant)[:-1]}.000000Z"


def microseconds(instant: datetime) -> int:
    """Return microseconds since 1970."""
    return int(instant.timestamp() * 1_000_000)


def instant_at(at: int) -> datetime:
    """Return the instant of `microseconds`, in UTC."""
    return datetime.fromtimestamp(at / 1_000_000, UTC)


@cache
def known_names() -> dict[str, str]:
    """Return the sample people's names by their ids."""
    return {person.id: person.name for person in sample_people()}


def _name(name: str | None) -> dict[str, str]:
    return {"recipient_name": name} if name else {}


def _json(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as error:  # an integer beyond 64 bits is valid JSON, but readers fail on it
        raise Refused(422, "invalid", f"template_data cannot be kept: {error}.") from error


def _missing_variables(names: list[str]) -> Refused:
    errors = [
        {
            "field": f"template_data.{name}",
            "code": "missing",
            "message": "The template requires this variable.",
        }
        for name in names
    ]
    return Refused(422, "missing_variable", f"template_data lacks {', '.join(names)}.", errors)


def _answer(content: dict[str, Any], status: int = 202) -> Answer:
    return Answer(status, orjson.dumps(content))
