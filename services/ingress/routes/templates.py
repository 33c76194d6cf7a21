"""Previews of messages, with sample data."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from notifications.preview import NoText, UnknownType, preview
from services.ingress.api import notification_examples as examples
from services.ingress.api.answer import ok
from services.ingress.api.call import Call
from services.ingress.api.models.notifications import Preview
from services.ingress.api.operation import Operations
from services.ingress.api.parameters import Parameters, text_of
from services.ingress.domain.problems import Problem, invalid
from services.ingress.http.responses import as_json

OPERATIONS = Operations("notifications", "Texts of messages.")


class PreviewParameters(Parameters):
    """Channel and language of a preview."""

    channel: Annotated[str, text_of(20)] = Field("email", description="`email`, `sms`, `in_app` or `push`.")
    locale: Annotated[str, text_of(35)] = Field(
        "en", description="Such as `de-AT`; English if there are no texts in that language."
    )


@OPERATIONS.operation(
    "GET",
    "/templates/{notification_type}/preview",
    summary="Preview a notification",
    answers=[ok(Preview, examples.PREVIEW)],
    problems=["not_found"],
)
async def template_preview(_: Call, notification_type: str, query: PreviewParameters) -> Response:
    """Return the texts of a type of notification (`appointment_reminder` …) on one channel, with sample
    data.

    `locale` in the answer is the language of the texts. The answer is 422 if that type is never sent on the
    channel.
    """
    try:
        return as_json(asdict(preview(notification_type, query.channel, query.locale)))
    except UnknownType:
        raise Problem("not_found", "There is no such type of notification.") from None
    except NoText as error:
        raise invalid("channel", "no_text", str(error)) from None
