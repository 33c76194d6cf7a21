"""A client that openapi-typescript generates: bodies compile as they are written, and answers have types."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.described import api

PACKAGES = ("openapi-typescript@7.13.0", "typescript@5.9.3")
CACHE = Path.home() / ".cache/appointments/typescript"
STRICT = ("--strict", "--noEmit", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler")


@pytest.fixture(scope="module")
def tools() -> Path:
    """Return the folder of the generator and the compiler, installed once; CI has to have Node."""
    if shutil.which("npm") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Node: .ci/run installs it")
        pytest.skip("there is no Node, so no client can be generated here: install nodejs and npm")
    folder = CACHE / "_".join(PACKAGES).replace("@", "-")
    if not (folder / "node_modules/.bin/tsc").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES, cwd=folder)
    return folder / "node_modules/.bin"


def run(*command: str, cwd: Path) -> str:
    """Return the output of a command. Fails with it if the command fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def statements(document: dict[str, Any]) -> Iterator[str]:
    """Return a constant for each example, of the type that the generated client gives it."""
    yield 'import type { paths } from "./api";'
    yield "type Known<T> = unknown extends T ? never : T;"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            of = f'paths["{path}"]["{method}"]'
            name = operation["operationId"]
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                if media.endswith("json"):
                    kind = f'NonNullable<{of}["requestBody"]>["content"]["{media}"]'
                    yield f"export const {name}_body: Known<{kind}> = {json.dumps(content['example'])};"
            for status, answer in operation["responses"].items():
                for media, content in answer.get("content", {}).items():
                    if media == "application/json":
                        kind = f'{of}["responses"][{status}]["content"]["{media}"]'
                        yield f"export const {name}_{status}: Known<{kind}> = {json.dumps(content['example'])};"


USE = """
import type { paths } from "./api";
type List = paths["/api/appointments"]["get"]["responses"][200]["content"]["application/json"];
type Create = paths["/api/appointments"]["post"]["requestBody"]["content"]["application/json"];
type Query = NonNullable<paths["/api/appointments"]["get"]["parameters"]["query"]>;
type Slots = paths["/api/appointments/availability"]["get"]["parameters"]["query"];
export const titles = (list: List): string[] => list.items.map((item) => item.title);
export const create: Create = {title: "Early bird", start_time: "2027-03-01T09:00:00", end_time: "2027-03-01T09:30:00"};
export const query: Query = {status: ["pending", "confirmed"], limit: 10};
export const slots: Slots = {start_date: "2027-03-01", end_date: "2027-03-02", mode: "any", user_id: ["x"]};
"""
WRONG = (
    ("a status that does not exist", 'export const wrong: Query = {status: ["lost"]};'),
    ("a required parameter that is missing", 'export const wrong: Slots = {start_date: "2027-03-01"};'),
    ("an unknown field", 'export const wrong: Create = {...create, colour: "red"} satisfies Create;'),
)


@pytest.fixture(scope="module")
def client(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the generated client."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(api()))
    run(str(tools / "openapi-typescript"), "openapi.json", "-o", "api.d.ts", cwd=folder)
    return folder


def test_every_example_has_the_type_of_its_place(tools: Path, client: Path) -> None:
    (client / "examples.ts").write_text("\n".join(statements(api())))
    (client / "use.ts").write_text(USE)
    run(str(tools / "tsc"), *STRICT, "examples.ts", "use.ts", cwd=client)


@pytest.mark.parametrize(("name", "statement"), WRONG, ids=[name for name, _ in WRONG])
def test_wrong_use_does_not_compile(tools: Path, client: Path, name: str, statement: str) -> None:
    (client / "wrong.ts").write_text(f"{USE}\n{statement}\n")
    with pytest.raises(AssertionError, match=r"error TS\d+"):
        run(str(tools / "tsc"), *STRICT, "wrong.ts", cwd=client)
