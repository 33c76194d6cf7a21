"""Zones as Exchange, Outlook, its web access, Google and Apple write them, and which description wins."""

import pytest

from scheduling.ics.reading import components
from tests.unit.scheduling.ics.files import a_file, fates, part, read, spans, vevent


def fixed(tzid: str, offset: str, *more: str) -> str:
    """A zone with one offset."""
    lines = ("DTSTART:16010101T000000", f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}")
    return part("VTIMEZONE", f"TZID:{tzid}", *more, part("STANDARD", *lines))


def changing(tzid: str, winter: str, summer: str, to_winter: str, to_summer: str, *more: str) -> str:
    """A zone whose clocks change by yearly rules."""
    return part(
        "VTIMEZONE",
        f"TZID:{tzid}",
        *more,
        part(
            "STANDARD",
            "DTSTART:20001029T030000",
            f"RRULE:{to_winter}",
            f"TZOFFSETFROM:{summer}",
            f"TZOFFSETTO:{winter}",
        ),
        part(
            "DAYLIGHT",
            "DTSTART:20000326T020000",
            f"RRULE:{to_summer}",
            f"TZOFFSETFROM:{winter}",
            f"TZOFFSETTO:{summer}",
        ),
    )


LAST_OF_OCTOBER, LAST_OF_MARCH = "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"


def from_to(tzid: str, start: str, end: str) -> str:
    """An event in a zone."""
    return vevent(f"DTSTART;TZID={tzid}:{start}", f"DTEND;TZID={tzid}:{end}")


@pytest.mark.parametrize(
    ("tzid", "expected"),
    [
        pytest.param('"(UTC-05:00) Eastern Time (US & Canada)"', "04-28T17:30/19:00", id="the United States"),
        pytest.param("(UTC-05:00) Eastern Time (US & Canada)", "04-28T17:30/19:00", id="without quotes"),
        pytest.param('"(GMT+10:00) Canberra, Melbourne, Sydney"', "04-28T03:30/05:00", id="Australia"),
        pytest.param(
            '"Amsterdam, Belgrade, Berlin, Brussels, Budapest, Madrid, Paris, Prague, Stockholm"',
            "04-28T11:30/13:00",
            id="cities",
        ),
        pytest.param(
            '"(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien"', "04-28T11:30/13:00", id="in German"
        ),
        pytest.param('"(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi"', "04-28T08:00/09:30", id="India"),
        pytest.param('"(UTC-07:00) Arizona"', "04-28T20:30/22:00", id="Arizona"),
        pytest.param('"(UTC) Dublin, Edinburgh, Lisbon, London"', "04-28T12:30/14:00", id="London"),
        pytest.param(
            '"(UTC+03:00) Nowhere on Earth"', "04-28T10:30/12:00", id="an offset and a name that says nothing"
        ),
        pytest.param("GMT+05:30", "04-28T08:00/09:30", id="an offset with a colon"),
        pytest.param("UTC-3", "04-28T16:30/18:00", id="an offset"),
        pytest.param("tzone://Microsoft/Utc", "04-28T13:30/15:00", id="UTC of Microsoft"),
        pytest.param("europe/berlin", "04-28T11:30/13:00", id="small letters"),
        pytest.param("W. Europe Standard Time 1", "04-28T11:30/13:00", id="a Windows name with a number"),
        pytest.param("Customized Time Zone 1", "04-28T11:30/13:00", id="nothing: the reader's"),
        pytest.param("tzone://Microsoft/Custom", "04-28T11:30/13:00", id="nothing, as an address"),
        pytest.param("PST", "04-28T20:30/22:00", id="an abbreviation"),
    ],
)
def test_a_zone_that_nobody_describes(tzid: str, expected: str) -> None:
    event = from_to(tzid, "20270428T133000", "20270428T150000")
    assert spans(event) == [expected]


def test_a_zone_that_is_guessed_is_named() -> None:
    event = from_to("Customized Time Zone 1", "20270428T133000", "20270428T150000")
    [note] = read(event).notes
    assert (note.place, note.code) == ("component 1", "zone_guessed")
    assert "Customized Time Zone 1" in note.detail
    assert fates(event) == ["booked"]
    assert read(from_to("Europe/Paris", "20270428T133000", "20270428T150000")).notes == []


@pytest.mark.parametrize(
    ("zone", "tzid", "expected"),
    [
        pytest.param(
            fixed("(UTC+07:00) Bangkok\\, Hanoi\\, Jakarta", "+0700"),
            '"(UTC+07:00) Bangkok, Hanoi, Jakarta"',
            "04-30T02:00/05:00",
            id="escaped in one place, quoted in the other",
        ),
        pytest.param(
            fixed("(UTC+07:00) Bangkok\\, Hanoi\\, Jakarta", "+0900"),
            "(UTC+07:00) Bangkok\\, Hanoi\\, Jakarta",
            "04-30T00:00/03:00",
            id="the description counts, whatever the name looks like",
        ),
        pytest.param(fixed("GMT+05:30", "+0530"), "GMT+05:30", "04-30T03:30/06:30", id="not quoted"),
        pytest.param(fixed("A;B", "+0200"), '"A;B"', "04-30T07:00/10:00", id="a semicolon"),
        pytest.param(fixed("  Two  words ", "+0200"), "Two words", "04-30T07:00/10:00", id="spaces"),
        pytest.param(fixed("UTC+9", "+0900"), "UTC+9", "04-30T00:00/03:00", id="described as it is named"),
    ],
)
def test_a_zone_is_found_by_its_name_as_a_reader_sees_it(zone: str, tzid: str, expected: str) -> None:
    assert spans(zone, from_to(tzid, "20270430T090000", "20270430T120000")) == [expected]
    assert read(zone, from_to(tzid, "20270430T090000", "20270430T120000")).notes == []


@pytest.mark.parametrize(
    ("zone", "tzid", "expected"),
    [
        pytest.param(
            changing("GMT", "+0000", "+0100", LAST_OF_OCTOBER, LAST_OF_MARCH),
            "GMT",
            "07-15T09:00/09:30",
            id="GMT with the summer time of Britain",
        ),
        pytest.param(
            part(
                "VTIMEZONE",
                "TZID:Eastern Standard Time",
                part("STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0500"),
                part("DAYLIGHT", "DTSTART:16010101T000000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0500"),
            ),
            "Eastern Standard Time",
            "07-15T15:00/15:30",
            id="a Windows name that is used for Panama",
        ),
        pytest.param(
            changing(
                "America/New_York",
                "-0500",
                "-0400",
                "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
                "FREQ=YEARLY;BYDAY=1SU;BYMONTH=4",
            ),
            "America/New_York",
            "07-15T14:00/14:30",
            id="the summers agree",
        ),
        pytest.param(
            fixed("Europe/Berlin", "+0100"), "Europe/Berlin", "07-15T08:00/08:30", id="no rule for the year"
        ),
        pytest.param(
            changing("Europe/Berlin", "+0400", "+0500", LAST_OF_OCTOBER, LAST_OF_MARCH),
            "Europe/Berlin",
            "07-15T05:00/05:30",
            id="an IANA name for a clock that Berlin never had",
        ),
        pytest.param(
            fixed("Europe/Berlin", "+0400"),
            "/Europe/Berlin",
            "07-15T08:00/08:30",
            id="a slash: outside of the file",
        ),
        pytest.param(
            changing(
                "Mine", "+0400", "+0500", LAST_OF_OCTOBER, LAST_OF_MARCH, "X-LIC-LOCATION:Europe/Berlin"
            ),
            "Mine",
            "07-15T05:00/05:30",
            id="the place is no better than a name",
        ),
        pytest.param(
            fixed("Mine", "+0400", "X-LIC-LOCATION:Europe/Berlin"),
            "Mine",
            "07-15T08:00/08:30",
            id="a place, outdated",
        ),
    ],
)
def test_the_description_against_a_known_name(zone: str, tzid: str, expected: str) -> None:
    assert spans(zone, from_to(tzid, "20270715T100000", "20270715T103000")) == [expected]


BEFORE_2007 = changing(
    "America/New_York",
    "-0500",
    "-0400",
    "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "FREQ=YEARLY;BYDAY=1SU;BYMONTH=4",
)


@pytest.mark.parametrize(
    ("day", "hour"), [("20270320", "14"), ("20270410", "14"), ("20271102", "14"), ("20271110", "15")]
)
def test_the_changes_of_the_united_states_before_2007_are_outdated(day: str, hour: str) -> None:
    event = from_to("America/New_York", f"{day}T100000", f"{day}T103000")
    assert spans(BEFORE_2007, event) == [f"{day[4:6]}-{day[6:]}T{hour}:00/{hour}:30"]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        pytest.param(
            changing("Europe/Berlin", "+0100", "+0200", LAST_OF_OCTOBER, LAST_OF_MARCH),
            "Europe/Berlin",
            id="agrees",
        ),
        pytest.param(BEFORE_2007.replace("America/New_York", "Europe/Berlin"), None, id="differs"),
        pytest.param(
            changing("W. Europe Standard Time", "+0100", "+0200", LAST_OF_OCTOBER, LAST_OF_MARCH),
            "Europe/Berlin",
            id="Windows",
        ),
        pytest.param(
            changing("Mine", "+0100", "+0200", LAST_OF_OCTOBER, LAST_OF_MARCH), None, id="no known name"
        ),
    ],
)
def test_a_description_that_agrees_leaves_the_name_in_place(zone: str, expected: str | None) -> None:
    tzid = zone.split("TZID:")[1].split("\n")[0]
    for more in ([], ["RRULE:FREQ=WEEKLY;COUNT=99"]):
        event = vevent(f"DTSTART;TZID={tzid}:20270715T100000", "DURATION:PT1H", *more)
        [found] = components(a_file(zone, event))[0].events
        assert found.timezone == expected


def test_each_calendar_of_a_file_has_its_own_zones() -> None:
    event = from_to("Custom", "20270715T100000", "20270715T103000")
    both = a_file(fixed("Custom", "+0100"), event) + a_file(
        fixed("Custom", "+0300"), event.replace("UID:one", "UID:two")
    )
    found = [f"{one.start.utcoffset()}" for one in components(both)[0].events]
    assert found == ["1:00:00", "3:00:00"]


def test_a_description_that_cannot_be_read_gives_way_to_the_name() -> None:
    broken = fixed("Europe/Paris", "+0100").replace("TZOFFSETTO:+0100", "TZOFFSETTO:east")
    assert spans(broken, from_to("Europe/Paris", "20270715T100000", "20270715T103000")) == [
        "07-15T08:00/08:30"
    ]
