"""Dead letters by cause, with their history, and what operators leave behind."""

from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import UUID, uuid4

import orjson
import pytest
import typer

from cli.dead_letters.actions import need, need_whole_or_new_body, rate_of, whole
from cli.dead_letters.history import commands_of, of_commands
from cli.dead_letters.letter import Edited, Letter
from cli.dead_letters.reading import gathered, history
from cli.dead_letters.selection import Choice, chosen, groups, one
from cli.describe import line
from contracts.envelope import Envelope, Record
from contracts.tools.samples import APPOINTMENT, COMMAND, ORGANIZATION
from tests.unit.cli.dead_letters.letter_box import NOON, a_letter, a_record, logged, redelivered, set_aside

ANY = Choice(None, None, None, None, None, None)


def ends(code: int) -> AbstractContextManager[object]:
    """The command ends with this exit code."""
    return pytest.raises(typer.Exit, check=lambda error: error.exit_code == code)


def test_letters_of_one_cause_are_one_group_and_the_largest_is_first() -> None:
    records = [
        set_aside(a_record(), error="KeyError", minutes=1),
        *(set_aside(a_record(), minutes=minute) for minute in (2, 3)),
        set_aside(a_record("appointment.confirm"), minutes=4),
        set_aside(a_record(), stage="decode", minutes=5),
    ]
    found = groups(gathered(records))
    assert [(group.stage, group.error, group.type, len(group.letters)) for group in found] == [
        ("handle", "TypeError", "appointment.cancel", 2),
        ("handle", "KeyError", "appointment.cancel", 1),
        ("handle", "TypeError", "appointment.confirm", 1),
        ("decode", "TypeError", "appointment.cancel", 1),
    ]
    assert (found[0].oldest.minute, found[0].newest.minute) == (2, 3)


def test_a_copy_of_a_letter_is_the_same_letter() -> None:
    record = set_aside(a_record())
    assert len(gathered([record, record])) == 1


@pytest.mark.parametrize("done", ["again", "discarded"])
def test_what_was_redriven_or_discarded_is_left_out_but_kept(done: str) -> None:
    aside = set_aside(a_record())
    message = getattr(gathered([aside])[0], done)("fixed in 1.2", "greta")
    known = gathered([aside, logged(message, 5)])
    assert ANY.of(known) == []
    [letter] = Choice(None, None, None, None, None, None, everything=True).of(known)
    [note] = letter.notes
    assert (note.done, note.by, note.reason, note.at.minute) == (
        "redriven" if done == "again" else "discarded",
        "greta",
        "fixed in 1.2",
        5,
    )


def test_people_read_what_a_letter_is_about_and_no_error_twice() -> None:
    letter = a_letter()
    assert (letter.about, letter.short_cause) == ("appointment.cancel", "TypeError: it broke")
    story = letter.story | {"delivery-id": "x", "error": "HTTP 422", "message": "HTTP 422 no such template"}
    body = b'{"type": "appointment_reminder", "channel": "sms"}'
    refused = replace(letter, story=story, record=replace(letter.record, value=body))
    assert (refused.about, refused.short_cause) == ("reminder by sms", "HTTP 422 no such template")


def test_a_discard_concerns_no_other_letter() -> None:
    first, second = set_aside(a_record()), set_aside(a_record())
    discard = logged(gathered([first])[0].discarded("a test", "greta"))
    assert [letter.id for letter in ANY.of(gathered([first, second, discard]))] == [gathered([second])[0].id]


def test_a_header_of_a_stranger_discards_nothing() -> None:
    victim = set_aside(a_record())
    forged = a_record(headers=[("discard-of", gathered([victim])[0].id.encode()), ("discard-reason", b"!")])
    assert len(ANY.of(gathered([victim, set_aside(forged)]))) == 2


def test_a_discard_belongs_to_the_story_of_its_appointment() -> None:
    record = logged(a_letter().discarded("a test", "greta"))
    assert record.header("ce_subject") == APPOINTMENT
    assert line(record, {}).what == "discarded by greta: a test"


def test_a_letter_that_failed_again_knows_what_it_came_from() -> None:
    first = set_aside(a_record())
    letter = gathered([first])[0]
    sent = letter.again("fixed", "greta", Edited(b'{"reason": "x"}', letter.original_headers, "reason"))
    second = set_aside(redelivered(sent), minutes=5)
    known = {one.id: one for one in gathered([first, logged(sent, 1), second])}
    last = next(one for one in known.values() if one.earlier)
    assert [one.id for one in history(last, known)] == [letter.id, last.id]
    assert known[letter.id].notes[0].edited == "reason"
    assert (last.origin, last.document()["redrives"]) == ("booking.commands", 1)
    assert [one.id for one in ANY.of(list(known.values()))] == [last.id]


def test_letters_that_name_each_other_do_not_turn_in_circles() -> None:
    a, b = (set_aside(a_record()) for _ in range(2))
    one_id, other_id = (letter.id for letter in gathered([a, b]))

    def naming(letter: Letter, identifier: str) -> Letter:
        named = (*letter.record.headers, ("redrive-of", identifier.encode()))
        return replace(letter, record=replace(letter.record, headers=named))

    first, second = gathered([a, b])
    known = {one_id: naming(first, other_id), other_id: naming(second, one_id)}
    assert len(history(known[one_id], known)) == 2


OTHERS = "d0000000-0000-4000-8000-00000000000d"


def an_outcome(organization: str | None, correlation: str = "something else") -> Record:
    head = Envelope(
        uuid4(),
        "command.refused",
        organization=UUID(organization) if organization else None,
        correlation_id=correlation,
    )
    value = orjson.dumps({"command_id": COMMAND, "code": "conflict"})
    return Record("booking.outcomes", 0, 0, NOON, None, value, head.headers())


@pytest.mark.parametrize(
    ("organization", "of", "expected"),
    [
        pytest.param(ORGANIZATION, ORGANIZATION, True, id="its own"),
        pytest.param(ORGANIZATION, OTHERS, False, id="another organization's command of that id"),
        pytest.param(ORGANIZATION.upper(), ORGANIZATION, True, id="written otherwise"),
        pytest.param("no id", None, True, id="its own, whose organization nobody could read"),
        pytest.param("no id", ORGANIZATION, False, id="not that of somebody who could be read"),
    ],
)
def test_an_outcome_belongs_to_the_letter_of_its_organization(
    organization: str, of: str | None, expected: bool
) -> None:
    record = a_record()
    headers = tuple(
        (name, organization.encode() if name == "organization" else value) for name, value in record.headers
    )
    keep = of_commands(commands_of(a_letter(replace(record, headers=headers))))
    assert keep(an_outcome(of)) is expected
    assert keep(replace(an_outcome(of, COMMAND), topic="booking.events", value=b"{}")) is expected
    correlated = a_letter(replace(record, headers=(*headers, ("correlation-id", b"abc"))))
    event = replace(an_outcome(of, "abc"), topic="booking.events", value=b"{}")
    assert of_commands(commands_of(correlated))(event) is expected


def test_the_outcome_of_a_copy_that_was_sent_for_another_organization_belongs_to_its_letter() -> None:
    aside = set_aside(a_record())
    [letter] = gathered([aside])
    headers = tuple(
        (name, OTHERS.encode() if name == "organization" else value)
        for name, value in letter.original_headers
    )
    sent = letter.again("wrong organization", "greta", Edited(b"{}", headers, "header organization"))
    [known] = gathered([aside, logged(sent, 1)])
    assert of_commands(commands_of(known))(an_outcome(OTHERS))


def test_the_start_of_an_id_is_enough_if_no_other_begins_so() -> None:
    letter = a_letter()
    assert one([letter], letter.id[:8]) is letter
    assert one([letter], letter.ce_id or "") is letter
    with ends(1):
        one([letter], letter.id[:3])
    same = gathered([set_aside(a_record()) for _ in range(2)])
    with ends(2):
        one(same, same[0].ce_id or "")


@pytest.mark.parametrize(("text", "rate"), [("5", 5.0), ("5/s", 5.0), ("30/min", 0.5), ("0.5", 0.5)])
def test_a_rate_is_so_many_a_second(text: str, rate: float) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-1", "fast", "5/year", "nan", "inf"])
def test_what_is_no_rate_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        rate_of(text)


@pytest.mark.parametrize(
    ("choice", "everything"),
    [
        pytest.param(ANY, False, id="nothing is said"),
        pytest.param(replace(ANY, service="booking"), False, id="a service alone may be a slip"),
        pytest.param(replace(ANY, error="TypeError"), True, id="all, and some"),
        pytest.param(replace(ANY, identifier="4711", cause="broke"), False, id="one, and some"),
    ],
)
def test_which_letters_something_is_done_about_must_be_said(choice: Choice, everything: bool) -> None:
    with ends(2):
        chosen(choice, everything, [a_letter()])


def test_a_letter_named_by_its_id_is_chosen_although_it_was_redriven() -> None:
    aside = set_aside(a_record())
    letter = gathered([aside])[0]
    known = gathered([aside, logged(letter.again("x", "greta"))])
    assert chosen(replace(ANY, identifier=letter.id[:8]), False, known) == known
    assert chosen(ANY, True, known) == []


def test_a_reason_must_be_given() -> None:
    with ends(2):
        need("  ")


LARGE = b"[" + b"1," * 1_500_000


def test_a_letter_that_was_cut_is_not_sent_back_and_its_neighbours_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    large, small = gathered([set_aside(a_record(value=LARGE)), set_aside(a_record())])
    assert (large.cut, large.document()["value_size"]) == (("value",), len(LARGE))
    assert whole([large, small]) == [small]
    assert f"letter {large.id[:8]} cannot be sent back" in capsys.readouterr().err
    with ends(1):
        whole([large])


def test_a_letter_that_was_cut_can_get_a_whole_new_body_unless_it_lost_headers() -> None:
    [large] = gathered([set_aside(a_record(value=LARGE))])
    need_whole_or_new_body(large, new_body=True)
    with ends(1):
        need_whole_or_new_body(large, new_body=False)
    [headless] = gathered([set_aside(a_record(headers=[("huge", b"x" * 3_000_000)]))])
    with ends(1):
        need_whole_or_new_body(headless, new_body=True)


def test_a_discard_is_a_note_for_the_service_and_one_of_an_earlier_version_still_counts() -> None:
    aside = set_aside(a_record())
    message = gathered([aside])[0].discarded("a test", "greta")
    assert message.topic == "booking.redrive"
    old = replace(logged(message), topic="booking.dead-letters")
    assert ANY.of(gathered([aside, old])) == []


def test_a_reason_must_fit_a_header() -> None:
    need("x" * 1_000)
    with ends(2):
        need("x" * 1_001)
