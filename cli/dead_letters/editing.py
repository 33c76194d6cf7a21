"""Correct a dead letter before it is sent back: its body, its headers; checked against the contract."""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from cli.console import EXIT_USAGE, fail
from cli.dead_letters.letter import Edited, Letter
from cli.describe import body_of
from cli.publish.bodies import assign_all, read_body
from contracts.catalog import MESSAGE_TYPES, MessageType, problems
from contracts.envelope import RawHeaders
from contracts.outcomes import FieldError
from contracts.topics import COMMUNICATION_EVENTS
from notifications.templates.catalogue import TEMPLATE_OF, VARIABLES

JSON = dict[str, Any]
DELIVER = "notification.deliver"
_CONTENT = "template_data"


def edited(letter: Letter, file: Path | None, sets: Sequence[str], headers: Sequence[str]) -> Edited:
    """Return the dead letter with these changes; without any, with those made in $EDITOR."""
    changed_headers = _with_headers(letter.original_headers, headers)
    if file is None and not sets and not headers:
        value: bytes | None = _by_hand(letter)
    elif file is None and not sets:
        value = letter.record.value
    else:
        body = read_body(file) if file is not None else _object(letter)
        assign_all(body, sets)
        value = json.dumps(body, ensure_ascii=False).encode()
    what = ", ".join([*_changed(letter.record.value, value), *_changed_headers(letter, changed_headers)])
    if not what:
        fail("nothing was changed: nothing is sent")
    return Edited(value, changed_headers, what)


def complaints(letter: Letter, edit: Edited) -> list[FieldError]:
    """Return the violations of the contract in the edited record; none means that its service can read it."""
    if letter.type == DELIVER:
        return _wrong_content(letter, edit)
    kind = _kind(letter, edit)
    if kind is None:
        given = next((value for name, value in edit.headers if name == "ce_type"), b"").decode(
            errors="replace"
        )
        return [
            FieldError(
                field="ce_type", code="unknown", message=f"no message on {letter.origin} is a {given!r}"
            )
        ]
    found = problems(kind, edit.headers, edit.value or b"")
    if kind.topic == COMMUNICATION_EVENTS:  # their writer is not one of us: only the body counts
        return [problem for problem in found if problem.field not in ("ce_id", "ce_type")]
    return found


def _wrong_content(letter: Letter, edit: Edited) -> list[FieldError]:
    """A delivery is sent again as it was decided: only the variables of its text can be corrected."""
    before, after = body_of(letter.record), _parsed(edit.value)
    if not isinstance(after, dict):
        return [FieldError(field="", code="invalid", message="the body must be a JSON object")]
    others = [name for name in _changed(letter.record.value, edit.value) if name != _CONTENT]
    variables = VARIABLES.get(TEMPLATE_OF.get(str(before.get("type")), ""), ())
    content = after.get(_CONTENT)
    given = content if isinstance(content, dict) else {"": None}
    return [
        *(
            FieldError(
                field=name,
                code="fixed",
                message=f"is decided; only --set {_CONTENT}.NAME=TEXT can be corrected",
            )
            for name in others
        ),
        *(
            FieldError(
                field=f"{_CONTENT}.{name}",
                code="unknown",
                message=f"needs a text for one of: {', '.join(variables)}",
            )
            for name, text in given.items()
            if name not in variables or not isinstance(text, str)
        ),
    ]


def _kind(letter: Letter, edit: Edited) -> MessageType | None:
    types = [value.decode(errors="replace") for name, value in edit.headers if name == "ce_type"]
    if not types and letter.origin == COMMUNICATION_EVENTS.name:
        body = _parsed(edit.value)
        types = [str(body.get("type"))] if isinstance(body, dict) else []
    kinds = [kind for kind in MESSAGE_TYPES if types and kind.ce_type == types[0]]
    return next((kind for kind in kinds if kind.topic.name == letter.origin), None)


def _object(letter: Letter) -> JSON:
    body = _parsed(letter.record.value)
    if not isinstance(body, dict):
        fail("the letter's value is not a JSON object: give a whole one with --file", EXIT_USAGE)
    return body


def _by_hand(letter: Letter) -> bytes:
    body = _parsed(letter.record.value)
    shown = (
        (letter.record.value or b"").decode(errors="replace")
        if body is None
        else json.dumps(body, indent=2, ensure_ascii=False)
    )
    saved = _in_editor(shown + "\n")
    try:
        return json.dumps(json.loads(saved), ensure_ascii=False).encode()
    except ValueError as error:
        fail(f"the saved text is not JSON ({error}): nothing is sent")


def _in_editor(text: str) -> str:
    """Return the text as edited by a person, in a file of its own, which every editor understands."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.json"
        path.write_text(text)
        try:
            subprocess.run([*editor, str(path)], check=True)  # noqa: S603  (the person's own choice)
        except (OSError, subprocess.CalledProcessError) as error:
            fail(f"the editor did not work ({error}): nothing is sent; set $EDITOR, or use --set or --file")
        return path.read_text()


def _with_headers(headers: RawHeaders, given: Sequence[str]) -> RawHeaders:
    """`name=value` replaces the header, `name=` takes it away."""
    changed = list(headers)
    for assignment in given:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            fail(f"--header needs the form name=value, not {assignment!r}", EXIT_USAGE)
        changed = [(key, value) for key, value in changed if key != name]
        if text:
            changed.append((name, text.encode()))
    return tuple(changed)


def _changed(before: bytes | None, after: bytes | None) -> list[str]:
    """The names of the fields that differ; `body` where there are none."""
    old, new = _parsed(before), _parsed(after)
    if isinstance(old, dict) and isinstance(new, dict):
        return [name for name in {**old, **new} if old.get(name, ...) != new.get(name, ...)]
    return [] if before == after else ["body"]


def _changed_headers(letter: Letter, headers: RawHeaders) -> list[str]:
    old, new = dict(letter.original_headers), dict(headers)
    return [f"header {name}" for name in {**old, **new} if old.get(name) != new.get(name)]


def _parsed(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
