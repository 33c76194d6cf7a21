"""Dates, times and names as the recipient reads them."""

from datetime import datetime, timedelta

import pytest

from notifications import dates_and_times
from notifications.preferences import NO_RULES, NOTHING_SAID, Preferences
from notifications.templates.catalogue import VARIABLES
from services.notifier.domain import kinds
from services.notifier.domain.model import Change
from services.notifier.domain.variables import variables
from tests.unit.notifier.builders import ANNA, BEN, CLEO, MONDAY_9, NOW, a_reminder, an_event, utc


@pytest.mark.parametrize(
    ("zone", "locale", "date", "time"),
    [
        pytest.param(
            "Europe/Berlin", "de", "Montag, 27. März 2028", "09:00–10:00 (Europe/Berlin)", id="Berlin"
        ),
        pytest.param(
            "America/New_York", "en-US", "Monday, 27 March 2028", "03:00–04:00 (America/New_York)", id="NY"
        ),
        pytest.param(
            "Pacific/Honolulu",
            "fr",
            "Sunday, 26 March 2028",
            "21:00–22:00 (Pacific/Honolulu)",
            id="another day there, and English where we know no French",
        ),
        pytest.param("Mars/Olympus", "de_AT", "Montag, 27. März 2028", "07:00–08:00 (UTC)", id="odd zone"),
    ],
)
def test_dates_and_times_in_the_recipients_zone(zone: str, locale: str, date: str, time: str) -> None:
    assert dates_and_times.date_of(MONDAY_9, zone, locale) == date
    assert dates_and_times.time_of(MONDAY_9, MONDAY_9 + timedelta(hours=1), zone) == time


@pytest.mark.parametrize(
    ("until", "locale", "expected"),
    [
        pytest.param(timedelta(minutes=15), "en", "in 15 minutes", id="minutes"),
        pytest.param(timedelta(minutes=59, seconds=59.9), "en", "in 1 hour", id="a little late"),
        pytest.param(timedelta(days=1), "de", "in 1 Tag", id="a day"),
        pytest.param(timedelta(days=2, hours=3, minutes=4), "de", "in 2 Tagen 3 Stunden", id="two units"),
        pytest.param(timedelta(seconds=5), "en", "now", id="now"),
    ],
)
def test_time_until(until: timedelta, locale: str, expected: str) -> None:
    assert dates_and_times.time_until(NOW + until, NOW, locale) == expected


def test_preferences_win_over_what_identity_knows() -> None:
    event = an_event("created")
    data = variables(
        event, BEN, Preferences(timezone="Asia/Tokyo", locale="de"), NO_RULES, NOW, "https://hub.example"
    )
    assert data["appointment_date"] == "Montag, 27. März 2028"
    assert data["appointment_time"].startswith("16:00–17:00")
    assert (data["recipient_name"], data["organizer_name"]) == ("Ben", "Anna")


def test_a_new_time_names_the_old_one() -> None:
    old = Change("start_time", "2028-03-26T07:00:00Z", "2028-03-27T07:00:00Z")
    old_end = Change("end_time", "2028-03-26T08:00:00Z", "2028-03-27T08:00:00Z")
    data = variables(an_event("rescheduled", old, old_end), ANNA, NOTHING_SAID, NO_RULES, NOW, "")
    assert data["original_time"] == "Sonntag, 26. März 2028, 09:00–10:00 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(an_event("updated", Change("title", "A", "B")), "Changed: title", id="fields"),
        pytest.param(an_event("updated", Change("status", "a", "b")), "Details changed", id="others"),
        pytest.param(an_event("participant_declined", actor=CLEO), "Cleo has declined", id="declined"),
        pytest.param(an_event("participant_joined", actor=CLEO), "Cleo has joined", id="took a seat"),
        pytest.param(an_event("participant_waiting", actor=CLEO), "Cleo waits for a seat", id="waits"),
        pytest.param(an_event("participant_left", actor=CLEO), "Cleo does not take part any more", id="left"),
        pytest.param(an_event("updated", Change("seats", 3, 4)), "Changed: seats", id="more seats"),
        pytest.param(
            an_event("participant_confirmed", actor="service:x"), "A participant takes part", id="somebody"
        ),
    ],
)
def test_what_an_update_was_about(event: object, expected: str) -> None:
    assert variables(event, BEN, NOTHING_SAID, NO_RULES, NOW, "")["update_summary"] == expected  # type: ignore[arg-type]


def test_every_variable_that_a_template_declares_is_supplied() -> None:
    of_event = variables(an_event("created"), BEN, NOTHING_SAID, NO_RULES, NOW, "")
    of_reminder = variables(a_reminder(), BEN, NOTHING_SAID, NO_RULES, NOW, "")
    used = {kind.template_id for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)} - {
        kinds.DIGEST.template_id  # made of other messages
    }
    for name in {name for template_id in used for name in VARIABLES[template_id]}:
        assert isinstance(of_event[name], str)
        assert isinstance(of_reminder[name], str)


def test_an_instant_is_read_in_any_zone() -> None:
    start: datetime = utc(2028, 12, 31, 23, 30)
    assert dates_and_times.when(start, start + timedelta(hours=1), "Europe/London", "en") == (
        "Sunday, 31 December 2028, 23:30–00:30 (Europe/London)"
    )
