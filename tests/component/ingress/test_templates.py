"""A preview of what people are told."""

import pytest

from contracts.notifications import NotificationType
from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress


async def test_every_type_can_be_looked_at_by_anybody(ingress: Ingress) -> None:
    for kind in NotificationType:
        shown = await ingress.json(ANNA, f"/templates/{kind}/preview")
        assert (shown["type"], shown["channel"], shown["locale"]) == (kind, "email", "en")
        assert shown["rendered"].keys() == {"subject", "html_body", "text_body"}
        assert "{{" not in str(shown["rendered"])


async def test_a_locale_chooses_the_language(ingress: Ingress) -> None:
    german = await ingress.json(ANNA, "/templates/appointment_reminder/preview?channel=push&locale=de-AT")
    assert (german["locale"], german["rendered"]["title"]) == ("de", "Erinnerung")
    assert german["variables"]["appointment_title"] in german["rendered"]["body"]
    french = await ingress.json(ANNA, "/templates/appointment_reminder/preview?channel=push&locale=fr")
    assert (french["locale"], french["rendered"]["title"]) == ("en", "Reminder")


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        pytest.param("appointment_forgotten/preview", 404, "not_found", None, id="no such type"),
        pytest.param("%F0%9F%8E%89%00/preview?channel=fax", 404, "not_found", None, id="no type at all"),
        pytest.param(
            "appointment_confirmed/preview?channel=push", 422, "invalid", "channel", id="no text for it"
        ),
        pytest.param("appointment_confirmed/preview?channel=fax", 422, "invalid", "channel", id="no channel"),
        pytest.param(
            f"appointment_confirmed/preview?locale={'x' * 99}", 422, "invalid", "locale", id="no locale"
        ),
    ],
)
async def test_what_cannot_be_shown(
    ingress: Ingress, path: str, status: int, code: str, field: str | None
) -> None:
    response = await ingress.call(ANNA, "GET", f"/templates/{path}")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])
