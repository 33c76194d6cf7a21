"""`appointments contracts`: what is generated from the message models, written or checked."""

import json
import subprocess
from typing import Annotated, Any

import typer

from cli.console import EXIT_FAILED, fail, say
from contracts.catalog import MESSAGE_TYPES
from contracts.tools import generate
from contracts.tools.compatibility import breaks

_OPENAPI = "openapi.yaml"


def contracts(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if something differs.")
    ] = False,
    against: Annotated[
        str, typer.Option(help="The git revision whose stored messages must still parse; none if unknown.")
    ] = "HEAD^",
    accept_break: Annotated[
        bool, typer.Option("--accept-break", help="Write although old stored messages will not parse.")
    ] = False,
) -> None:
    """Generate JSON Schemas, examples, AsyncAPI and OpenAPI from the models; refuse what breaks old messages."""
    wanted = generate.generated() | {_OPENAPI: openapi()}
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
    """What breaks against the schemas on disk and against those of the revision."""
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
    """The file as it was; None where there is no git, no such revision or no such file."""
    answer = _git("show", f"{revision}:./{path}")
    return json.loads(answer) if answer else None


def _archived_in_git(revision: str) -> list[str]:
    """The samples that the revision has in its archive."""
    return (_git("ls-tree", "--name-only", revision, "archive/") or b"").decode().splitlines()


def _git(*arguments: str) -> bytes | None:
    """What git answers in the contracts folder; None if it refuses or is not there."""
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


def openapi() -> str:
    """The document of the ingress, imported here: the command line does without the ingress otherwise."""
    from services.ingress.main import create_app

    document: dict[str, Any] = create_app().openapi()
    return generate.as_yaml(document)
