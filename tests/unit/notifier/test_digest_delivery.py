"""The text of a digest."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson

from contracts.envelope import Record
from notifications.preferences import NO_RULES, NOTHING_SAID, Preferences
from notifications.rules import Decision
from notifications.templates.catalogue import VARIABLES
from services.notifier.digests.delivery import ENTRIES_MAX, summed_up
from services.notifier.domain.digests import digest_id
from services.notifier.domain.kinds import DIGEST
from services.notifier.domain.model import Change, Event
from services.notifier.messages.events import Happened
from services.notifier.planning.deliveries import planned
from services.notifier.store.checked import Checked
from services.notifier.store.digests import Row
from tests.unit.notifier.builders import ANNA, BEN, NOW, an_event, someone

DAY = date(2028, 3, 20)
BY_MAIL = Decision("email", True, "default", "on by default")
TITLE = Change("title", "A", "B")


def waited(event: Event, own: Preferences = NOTHING_SAID) -> list[Checked]:
    """The deliveries for Ben about an event, without in-app."""
    record = Record("booking.events", 0, 7, NOW, None, b"", ())
    happened = Happened(event, "c", None, event.actor)
    found = planned(record, happened, {BEN: own}, {}, NOW, "https://hub.example")
    return [
        Checked(delivery, body, None, own, NO_RULES)
        for delivery, body in found
        if delivery.recipient_id == BEN and delivery.channel != "in_app"
    ]


def digest_of(*items: Checked, own: Preferences = NOTHING_SAID) -> tuple[Any, dict[str, Any]]:
    org = someone("organization")
    row = Row(digest_id(BEN, DAY), org, BEN, DAY, "America/New_York", True, NOW)
    delivery, body = summed_up(row, items, BY_MAIL, own, NO_RULES, NOW + timedelta(hours=5))
    return delivery, orjson.loads(body)


def test_it_is_one_message_with_a_line_for_each_and_every_variable_that_it_declares() -> None:
    everywhere = Preferences(channels={"sms": True})
    update = waited(an_event("updated", TITLE, title="R&D <b>"), everywhere)
    invitation = waited(an_event("created", title="Lunch"), everywhere)
    assert len(update) == len(invitation) == 2
    delivery, body = digest_of(*update, *invitation)
    assert (delivery.id, delivery.type, delivery.channel) == (digest_id(BEN, DAY), DIGEST.type, "email")
    assert (body["recipients"], body["entity_id"]) == ([str(BEN)], str(delivery.id))
    data = body["template_data"]
    assert set(data) == set(VARIABLES[DIGEST.template_id])
    assert all(data.values())
    assert (data["recipient_name"], data["digest_count"]) == ("Ben", "2")
    assert data["digest_date"] == "Monday, 20 March 2028"
    assert "“R&D <b>”" in data["digest_text"]
    assert "R&amp;D &lt;b&gt;" in data["digest_html"]
    assert "<b>”" not in data["digest_html"]


def test_it_is_of_use_as_long_as_anything_in_it() -> None:
    [short], [long] = waited(an_event("updated", TITLE)), waited(an_event("created"))
    later = short.delivery.expires_at + timedelta(hours=3)
    long = replace(long, delivery=long.delivery._replace(expires_at=later))
    assert digest_of(short, long)[0].expires_at == long.delivery.expires_at


def test_it_is_written_in_the_language_that_was_chosen() -> None:
    german = Preferences(locale="de")
    items = waited(an_event("updated", TITLE), german)
    _, body = digest_of(*items, own=german)
    assert (body["locale"], body["template_data"]["digest_date"]) == ("de", "Montag, 20. März 2028")


def test_a_flood_is_cut_and_says_so() -> None:
    [one] = waited(an_event("updated", TITLE, actor=ANNA))
    many = [
        replace(one, delivery=one.delivery._replace(id=someone(f"d{n}"), event_id=someone(f"e{n}")))
        for n in range(ENTRIES_MAX + 30)
    ]
    data = digest_of(*many)[1]["template_data"]
    assert data["digest_count"] == "230"
    assert data["digest_text"].endswith("More updates: 30 more in the app.")
