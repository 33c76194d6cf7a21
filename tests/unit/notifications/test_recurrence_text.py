"""When a series recurs, as a person reads it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from notifications.recurrence_text import in_words
from scheduling.rrule import InvalidPattern
from scheduling.rrule_text import parsed

MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)
SAID = [
    ("FREQ=DAILY", "every day", "jeden Tag"),
    ("FREQ=DAILY;INTERVAL=2;COUNT=5", "every 2 days, 5 times", "alle 2 Tage, 5 Mal"),
    ("FREQ=WEEKLY;COUNT=1", "every Monday, once", "jeden Montag, einmal"),
    ("FREQ=WEEKLY;BYDAY=MO", "every Monday", "jeden Montag"),
    (
        "FREQ=WEEKLY;UNTIL=20270605T215959Z;BYDAY=MO",
        "every Monday until 5 June 2027",
        "jeden Montag bis 5. Juni 2027",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=10;BYDAY=FR,MO,WE",
        "every 2 weeks on Monday, Wednesday and Friday, 10 times",
        "alle 2 Wochen am Montag, Mittwoch und Freitag, 10 Mal",
    ),
    (
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "every day from Monday to Friday",
        "jeden Tag von Montag bis Freitag",
    ),
    (
        "FREQ=WEEKLY;BYDAY=SA;BYMONTH=6,7",
        "every Saturday in June and July",
        "jeden Samstag im Juni und Juli",
    ),
    ("FREQ=MONTHLY", "every month on the 1st", "jeden Monat am 1."),
    ("FREQ=MONTHLY;BYMONTHDAY=22", "every month on the 22nd", "jeden Monat am 22."),
    (
        "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1,15",
        "every 3 months on the 15th and last day",
        "alle 3 Monate am 15. und letzten Tag",
    ),
    ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday", "jeden Monat am letzten Freitag"),
    (
        "FREQ=MONTHLY;BYDAY=1MO,3MO",
        "every month on the first Monday and third Monday",
        "jeden Monat am ersten Montag und dritten Montag",
    ),
    ("FREQ=YEARLY", "every year on 1 March", "jedes Jahr am 1. März"),
    (
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=6;BYMONTHDAY=5",
        "every 2 years on 5 June",
        "alle 2 Jahre am 5. Juni",
    ),
    (
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
        "every year on the fourth Thursday in November",
        "jedes Jahr am vierten Donnerstag im November",
    ),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "every month, by a rule of its own",
        "jeden Monat, nach einer eigenen Regel",
    ),
    (None, "on dates of its own", "an einzeln gewählten Tagen"),
]


@pytest.mark.parametrize(("rrule", "english", "german"), SAID, ids=[str(case[0]) for case in SAID])
def test_a_pattern_in_words(rrule: str | None, english: str, german: str) -> None:
    assert in_words(rrule, MONDAY, "Europe/Berlin", "en-GB") == english
    assert in_words(rrule, MONDAY, "Europe/Berlin", "de") == german


def test_the_day_is_that_of_the_series_zone() -> None:
    late = datetime(2027, 3, 1, 20, tzinfo=UTC)
    assert in_words("FREQ=WEEKLY", late, "Asia/Tokyo", "en") == "every Tuesday"


PARTS = {
    "INTERVAL": st.integers(1, 30),
    "BYMONTH": st.integers(1, 12),
    "BYMONTHDAY": st.integers(-31, 31).filter(bool),
    "BYDAY": st.sampled_from(["MO", "SU", "WE,FR"]),
    "BYSETPOS": st.sampled_from([1, -1]),
    "BYHOUR": st.integers(0, 23),
    "COUNT": st.integers(1, 100),
}


@given(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), st.data())
def test_whatever_a_rule_says_there_are_words_for_it(frequency: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(PARTS)), unique=True, max_size=4))
    rrule = ";".join([f"FREQ={frequency}", *(f"{name}={data.draw(PARTS[name])}" for name in names)])
    try:
        parsed(rrule)
    except InvalidPattern:
        reject()
    for locale in ("en", "de"):
        words = in_words(rrule, MONDAY, "Europe/Berlin", locale)
        assert words
        assert not any(mark in words for mark in "{}=;")
