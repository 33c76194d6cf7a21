"""The name of a calendar, as its file gives it."""

import pytest

from scheduling.ics.identity import identity


def a_file(*lines: str) -> bytes:
    """A calendar with these properties and one event."""
    event = ("BEGIN:VEVENT", "UID:a", "X-WR-CALNAME:of the event", "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, *event, "END:VCALENDAR", "")).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param((), None, id="none"),
        pytest.param(("X-WR-CALNAME:anna@work.example",), "anna@work.example", id="Google"),
        pytest.param(("X-WR-CALNAME;VALUE=TEXT:Home\\, sweet",), "Home, sweet", id="Apple"),
        pytest.param(("NAME:Team",), "Team", id="RFC 7986"),
        pytest.param(("X-WR-CALNAME:Team", "X-WR-RELCALID:4F5A"), "4F5A", id="the id counts before the name"),
        pytest.param(("METHOD:PUBLISH", "X-WR-CALNAME:Team"), "Team", id="published"),
        pytest.param(("METHOD:REQUEST", "X-WR-CALNAME:Team"), None, id="an invitation is no calendar"),
        pytest.param(("METHOD:CANCEL", "X-WR-CALNAME:Team"), None, id="nor is a cancellation"),
        pytest.param(("X-WR-CALNAME:  ",), None, id="blank"),
        pytest.param(("X-WR-CALNAME:a\x00b\x1b",), "ab", id="control characters"),
        pytest.param(("X-WR-CALNAME:" + "x" * 500,), "x" * 200, id="long"),
        pytest.param(("X-WR-CALNAME:fold", " ed"), "folded", id="folded"),
    ],
)
def test_a_calendar_is_named_by_its_own_properties(lines: tuple[str, ...], expected: str | None) -> None:
    assert identity(a_file(*lines)) == expected


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"BEGIN:VEVENT\r\nX-WR-CALNAME:no\r\n", b"x" * 200_000]
)
def test_any_bytes_have_a_name_or_none(raw: bytes) -> None:
    assert identity(raw) is None
