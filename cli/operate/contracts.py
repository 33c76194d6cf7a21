"""`appointments contracts`: the files generated from the message models, written or checked."""

import json
import subprocess
from typing import Annotated, Any

import typer

from cli.console import EXIT_FAILED, fail, say, with_examples
from contracts.catalog import MESSAGE_TYPES
from contracts.tools import generate
from contracts.tools.compatibility import breaks

_OPENAPI, _CODES = "openapi.yaml", "codes.json"


@with_examples("appointments contracts", "appointments contracts --check")
def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if a file differs.")
    ] = False,
    against: Annotated[
        str, typer.Option(metavar="REVISION", help="Messages stored by this git revision must still parse.")
    ] = "HEAD^",
    accept_break: Annotated[
        bool, typer.Option("--accept-break", help="Write even if stored messages will no longer parse.")
    ] = False,
) -> None:
    """Generate schemas, examples, AsyncAPI and OpenAPI.

    They come from the message models; a change that breaks stored messages is refused.
    """
    wanted = generate.generated() | {_OPENAPI: openapi(), _CODES: codes()}
    broken = _broken(wanted, against)
    if broken and not accept_break:
        fail("old stored messages would not parse:\n  " + "\n  ".join(broken), EXIT_FAILED)
    if check:
        _check(wanted)
        return
    changed = generate.write(wanted) + generate.archive(wanted)
    for path in changed:
        say(f"wrote contracts/{path}")
    say(f"{len(wanted)} generated files, {len(changed)} changed")


def _check(wanted: dict[str, str]) -> None:
    differences = generate.drift(wanted)
    for sentence in differences:
        say(sentence)
    if differences:
        fail("the generated contracts are not those of the models (run: appointments contracts)", EXIT_FAILED)
    say(f"{len(wanted)} generated files are as the models say; old stored messages parse")


def _broken(wanted: dict[str, str], revision: str) -> list[str]:
    """Return the breaks against the schemas on disk and against those of the revision."""
    found: dict[str, None] = {}
    for message in MESSAGE_TYPES:
        path = f"schemas/{message.name}.json"
        for old in (_on_disk(path), _in_git(path, revision)):
            if old is not None:
                for reason in breaks(old, json.loads(wanted[path])):
                    found[f"{message.name}: {reason}"] = None
    names = {message.name for message in MESSAGE_TYPES}
    for file in (generate.FOLDER / "schemas").glob("*.json"):
        if file.stem not in names:
            found[f"{file.stem}: this kind of message is gone"] = None
    for path in _archived_in_git(revision):
        if not (generate.FOLDER / path).exists():
            found[f"{path}: it was published once, and belongs in the archive for ever"] = None
    return list(found)


def _on_disk(path: str) -> dict[str, Any] | None:
    file = generate.FOLDER / path
    return json.loads(file.read_text()) if file.exists() else None


def _in_git(path: str, revision: str) -> dict[str, Any] | None:
    """Return the file as it was; None where there is no git, no such revision or no such file."""
    answer = _git("show", f"{revision}:./{path}")
    return json.loads(answer) if answer else None


def _archived_in_git(revision: str) -> list[str]:
    """Return the samples in the archive of the revision."""
    return (_git("ls-tree", "--name-only", revision, "archive/") or b"").decode().splitlines()


def _git(*arguments: str) -> bytes | None:
    """Return the output of git in the contracts folder; None if it fails or is not there."""
    try:
        answer = subprocess.run(  # noqa: S603 - no shell; the revision is the caller's own
            ["git", *arguments],  # noqa: S607
            cwd=generate.FOLDER,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def codes() -> str:
    """Return every stable code of the API, as JSON."""
    from services.ingress.api import codes as api_codes

    return api_codes.text()


def openapi() -> str:
    """Return the OpenAPI document of the ingress, which only this command imports."""
    from services.ingress.api.openapi import document
    from services.ingress.routes import OPERATIONS, TAGS

    return generate.as_yaml(document(OPERATIONS, TAGS))
