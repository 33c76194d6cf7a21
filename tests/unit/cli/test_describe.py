"""A record in plain words."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from cli.describe import line, when
from contracts.catalog import BY_NAME
from contracts.envelope import Record
from contracts.tools.samples import GOOD, GRETA, JONAS, headers
from contracts.topics import ALL

NAMES = {GRETA: "Greta Albrecht", JONAS: "Jonas Becker"}


def said(name: str, **changes: Any) -> str:
    """The words for the sample of this kind."""
    kind = BY_NAME[name]
    raw = tuple((key, text.encode()) for key, text in headers(kind).items())
    value = orjson.dumps(GOOD[name] | changes)
    record = Record(kind.topic.name, 0, 0, datetime(2028, 3, 1, tzinfo=UTC), None, value, raw)
    return line(record, NAMES).what


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "appointment.created",
            "version 1: “Quarterly review”, Mon 27 Mar 2028 09:00–10:00 Europe/Berlin, with Jonas Becker",
        ),
        ("appointment.updated", "version 2: title Quarterly review → Annual review"),
        (
            "appointment.rescheduled",
            "version 2: Mon 27 Mar 2028 09:00–10:00 Europe/Berlin → Tue 28 Mar 2028 09:00–10:00 Europe/Berlin",
        ),
        ("appointment.participant_declined", "version 2: Jonas Becker is declined"),
        ("appointment.checked_in", "version 3: confirmed"),
        ("appointment.cancel", "because: The project was stopped."),
        ("booking.command.refused", "refused, conflict: Jonas Becker has another appointment then."),
        ("notifier.command.refused", "refused, invalid: timezone: Unknown IANA time zone"),
        ("notification.failed", "invitation, to Jonas Becker by email, attempt 5 (timeout)"),
        ("communication.notification.bounced", "notification.bounced: Jonas Becker by email"),
        ("calendar.changed", "the views show version 2"),
    ],
)
def test_each_kind_is_said_in_words(name: str, words: str) -> None:
    assert said(name) == words


def test_a_planned_notification_says_why_by_that_channel() -> None:
    words = said("notification.planned", decision="on by default")
    assert words == "invitation, to Jonas Becker by email (on by default)"


def test_a_command_says_who_takes_part_and_which_other_fields_it_sets() -> None:
    assert said("appointment.create").endswith(
        "Europe/Berlin, with Jonas Becker, client_id, location, reminder_settings, custom_fields"
    )


@pytest.mark.parametrize("topic", [topic.name for topic in ALL])
@pytest.mark.parametrize(
    "value",
    [b"", b"null", b"[1]", b"{not json", b'{"version": 1, "appointment": 3}', b'{"changes": 4, "errors": 5}'],
)
def test_garbage_never_breaks_a_story(topic: str, value: bytes) -> None:
    raw = (("ce_id", JONAS.encode()), ("ce_type", b"appointment.updated"))
    record = Record(topic, 0, 0, datetime(2028, 3, 1, tzinfo=UTC), None, value, raw)
    assert line(record, {}).type == "appointment.updated"


def test_a_record_without_a_readable_envelope_is_said_to_be_unreadable() -> None:
    record = Record("booking.commands", 0, 0, datetime(2028, 3, 1, tzinfo=UTC), None, None, ())
    assert line(record, {}).what == "unreadable: header ce_id is missing"


def test_a_range_over_midnight_names_both_days() -> None:
    assert (
        when("2028-03-27T23:00:00", "2028-03-28T01:00:00", "Europe/Berlin")
        == "Mon 27 Mar 2028 23:00–Tue 28 Mar 2028 01:00 Europe/Berlin"
    )
