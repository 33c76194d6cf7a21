"""Files as people and programs write them: entries, and problems that name their place."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from cli.transfer import csv_format, ndjson_format
from cli.transfer.entries import BadFile, Entry, Problem

HEAD = "title,start_time,end_time,participants\n"
ROW = "Review,2027-03-01 09:00,2027-03-01T10:00,a@example.org b@example.org\n"
FIELDS = {
    "title": "Review",
    "start_time": "2027-03-01T09:00",
    "end_time": "2027-03-01T10:00",
    "participant_ids": ["a@example.org", "b@example.org"],
}


def table(text: str | bytes) -> list[Entry | Problem]:
    """The entries of a CSV file."""
    return list(csv_format.read(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def lines(text: str | bytes) -> list[Entry | Problem]:
    """The entries of an NDJSON file."""
    return list(ndjson_format.read(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def outcomes(found: list[Entry | Problem]) -> list[tuple[str, str]]:
    """Place and code of each; an entry's code is empty."""
    return [(one.place, one.code if isinstance(one, Problem) else "") for one in found]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + ROW, id="commas"),
        pytest.param((HEAD + ROW).replace(",", ";"), id="semicolons"),
        pytest.param((HEAD + ROW).replace(",", "\t"), id="tabs"),
        pytest.param("\ufeff" + HEAD + ROW, id="a byte order mark"),
        pytest.param((HEAD + ROW).replace("\n", "\r\n"), id="lines of Windows"),
        pytest.param("Title , START_TIME,end_time,participants\n" + ROW, id="names in any case"),
        pytest.param(HEAD + ROW + ",,,\n\n", id="empty rows"),
        pytest.param((HEAD + ROW).rstrip("\n"), id="no newline at the end"),
    ],
)
def test_a_table_however_it_is_written(text: str) -> None:
    [entry] = table(text)
    assert isinstance(entry, Entry)
    assert entry.body == FIELDS


def test_quoted_cells_hold_separators_quotes_and_newlines_and_places_are_lines_of_the_file() -> None:
    found = table(HEAD + '"Review, ""late"",\nagain",2027-03-01T09:00,2027-03-01T10:00,\n' + ROW)
    assert [one.place for one in found] == ["line 2", "line 4"]
    assert isinstance(found[0], Entry)
    assert found[0].body["title"] == 'Review, "late",\nagain'
    assert "participant_ids" not in found[0].body


def test_rules_dates_and_json_of_a_table() -> None:
    [entry] = table(
        "id;title;start_time;end_time;rrule;exdates;seats;custom_fields;organizer\n"
        'crm-7;Class;2027-03-01T09:00;2027-03-01T10:00;FREQ=WEEKLY;2027-03-08T09:00 2027-03-15T09:00;12;"{""room"": 2}";g@x.org\n'
    )
    assert isinstance(entry, Entry)
    assert (entry.uid, entry.organizer) == ("crm-7", "g@x.org")
    assert entry.body["recurring_pattern"] == {
        "rrule": "FREQ=WEEKLY",
        "exdates": ["2027-03-08T09:00", "2027-03-15T09:00"],
    }
    assert (entry.body["seats"], entry.body["custom_fields"]) == (12, {"room": 2})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            HEAD + "a,b,c,d,e\n" + ROW, [("line 2", "columns"), ("line 3", "")], id="more cells than columns"
        ),
        pytest.param(
            "custom_fields," + HEAD + "{," + ROW, [("line 2", "malformed")], id="a cell that should be JSON"
        ),
        pytest.param(
            HEAD + '"' + "x" * 200_000 + "\n" + ROW + '"\n' + ROW,
            [("line 2", "malformed"), ("line 3", ""), ("line 4", "")],
            id="a cell without an end",
        ),
    ],
)
def test_a_bad_row_does_not_cost_its_neighbours(text: str, expected: list[tuple[str, str]]) -> None:
    assert outcomes(table(text))[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(b"", "title, start_time, end_time", id="nothing"),
        pytest.param(b"title,start_time\n", "title, start_time, end_time", id="no end_time"),
        pytest.param(b"title,start_time,end_time,colour\n", "'colour'", id="an unknown column"),
        pytest.param(b"title,title,start_time,end_time\n", "each column once", id="a column twice"),
        pytest.param("title".encode("utf-16"), "UTF-16", id="UTF-16"),
    ],
)
def test_a_table_that_cannot_be_read(text: bytes, complaint: str) -> None:
    with pytest.raises(BadFile, match=complaint):
        table(text)


def test_what_is_beside_the_body_of_a_line() -> None:
    [entry] = lines(
        '{"id": "7", "organizer_id": "g@x.org", "title": "x", "status": "confirmed",'
        ' "confirmation_status": {"a": "confirmed", "b": "pending"}, "waiting": ["c"], "changes": [{"title": "y"}]}'
    )
    expected = Entry("line 1", {"title": "x"}, uid="7", organizer="g@x.org", confirmed=True)
    assert entry == replace(expected, answers={"a": "confirmed"}, waiting=["c"], changes=[{"title": "y"}])


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[1]", id="a list"),
        pytest.param('{"id": {}}', id="an id that is no text"),
        pytest.param('{"confirmation_status": [1]}', id="answers that are a list"),
        pytest.param('{"changes": {"title": "x"}}', id="changes that are no list"),
        pytest.param("[" * 100_000, id="nested without end"),
    ],
)
def test_a_bad_line_does_not_cost_its_neighbours(line: str) -> None:
    assert outcomes(lines('{"title": "a"}\n' + line + '\n\n{"title": "b"}')) == [
        ("line 1", ""),
        ("line 2", "malformed"),
        ("line 4", ""),
    ]


def test_the_id_of_a_command_is_as_good_as_one_of_the_source() -> None:
    [entry] = lines('{"appointment_id": "7", "title": "x"}')
    assert isinstance(entry, Entry)
    assert (entry.uid, entry.body) == ("7", {"title": "x"})


def test_bytes_that_are_no_text_cost_their_line_only() -> None:
    assert outcomes(lines(b'\xef\xbb\xbf{"title": "a"}\n{"title": "\xff"}\n{}')) == [
        ("line 1", ""),
        ("line 2", "malformed"),
        ("line 3", ""),
    ]


def test_a_huge_file_is_read_line_by_line_and_a_huge_line_skipped() -> None:
    class Endless(io.RawIOBase):
        """A file whose second line has 100 MB; what is taken from it is counted."""

        def __init__(self) -> None:
            self.parts: Iterator[bytes] = iter([b'{"title": "a"}\n', *([b"x" * 1_000_000] * 100), b"\n{}\n"])
            self.most = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            part = next(self.parts, b"")
            self.most = max(self.most, len(buffer))
            buffer[: len(part)] = part
            return len(part)

    raw = Endless()
    stream = io.BufferedReader(raw, 1_048_576)  # type: ignore[type-var]
    found = outcomes(list(ndjson_format.read(stream)))
    assert found == [("line 1", ""), ("line 2", "too_long"), ("line 3", "")]


def test_what_is_written_is_read_again() -> None:
    entry = Entry(
        "line 1",
        {
            "title": 'A "title", with\nall;of it',
            "start_time": "2027-03-01T08:00:00Z",
            "end_time": "2027-03-01T09:00:00Z",
            "participant_ids": ["a@x.org", "b@x.org"],
            "seats": 3,
            "reminder_settings": {"email": [60]},
            "recurring_pattern": {"rrule": "FREQ=DAILY;COUNT=3", "exdates": ["2027-03-02T09:00:00"]},
        },
        uid="7",
        organizer="g@x.org",
        answers={"a@x.org": "confirmed"},
        confirmed=True,
        waiting=["c@x.org"],
        changes=[{"original_start_time": "2027-03-03T08:00:00Z", "title": "y"}],
    )
    stream, text = io.BytesIO(), io.StringIO(newline="")
    ndjson_format.write(stream, [entry])
    csv_format.write(text, [entry])
    assert lines(stream.getvalue()) == [entry]
    [back] = table(text.getvalue())
    assert isinstance(back, Entry)
    assert (back.body, back.answers, back.changes) == (entry.body, entry.answers, entry.changes)
