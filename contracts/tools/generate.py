"""Generate the committed files from the models: schemas, examples, the AsyncAPI document.

Paths are relative to the contracts folder. Nothing here writes; `appointments contracts` does.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from contracts.catalog import MESSAGE_TYPES, MessageType
from contracts.tools import asyncapi, bad_samples, samples

FOLDER = Path(__file__).parents[1]
VERSION = "1.0.0"
_VALID = ".valid.json"
GENERATED = ("schemas/*.json", "examples/*.json", "asyncapi.yaml")


def generated() -> dict[str, str]:
    """The text of every generated file, by its path."""
    return dict(_files())


def schema(message: MessageType) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a message's body."""
    body = message.body.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **body,
        "title": message.ce_type,
        "description": message.description,
    }


def drift(wanted: dict[str, str], folder: Path | None = None) -> list[str]:
    """A sentence for each file that is absent, different, or not generated any more."""
    folder = folder or FOLDER
    there = {str(path.relative_to(folder)) for pattern in GENERATED for path in folder.glob(pattern)}
    missing = [f"{path} is missing" for path in wanted if not (folder / path).exists()]
    stale = [f"{path} is not generated any more" for path in sorted(there - wanted.keys())]
    different = [
        f"{path} differs from its model"
        for path, text in wanted.items()
        if (folder / path).exists() and (folder / path).read_text() != text
    ]
    return missing + different + stale + _not_archived(wanted, folder)


def _not_archived(wanted: dict[str, str], folder: Path) -> list[str]:
    return [
        f"{archive_path(Path(path).name.removesuffix(_VALID), text)} is missing"
        for path, text in wanted.items()
        if path.endswith(_VALID)
        and not (folder / archive_path(Path(path).name.removesuffix(_VALID), text)).exists()
    ]


def write(wanted: dict[str, str], folder: Path | None = None) -> list[str]:
    """Write changed files, remove stale ones, and return the paths that changed."""
    folder = folder or FOLDER
    changed = []
    for pattern in GENERATED:
        for path in folder.glob(pattern):
            if str(path.relative_to(folder)) not in wanted:
                path.unlink()
                changed.append(str(path.relative_to(folder)))
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            changed.append(name)
    return changed


def archive(wanted: dict[str, str], folder: Path | None = None) -> list[str]:
    """Keep every good example that ever was: whatever could be stored once must parse for ever."""
    folder = folder or FOLDER
    added = []
    for path, text in wanted.items():
        if path.endswith(_VALID):
            kept = folder / archive_path(Path(path).name.removesuffix(_VALID), text)
            if not kept.exists():
                kept.parent.mkdir(exist_ok=True)
                kept.write_text(text)
                added.append(str(kept.relative_to(folder)))
    return added


def archive_path(name: str, text: str) -> str:
    """Return the path at which a good example of this kind of message is kept for ever."""
    return f"archive/{name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.json"


def as_yaml(document: dict[str, Any]) -> str:
    """YAML in the order of the document, the same on every machine."""
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


class _Plain(yaml.SafeDumper):
    """Without anchors: they save lines and cost the reader."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _files() -> Iterator[tuple[str, str]]:
    for message in MESSAGE_TYPES:
        yield f"schemas/{message.name}.json", _json(schema(message))
        yield f"examples/{message.name}.valid.json", _json(samples.good_example(message.name))
        for what, example in bad_samples.bad_examples(message.name):
            yield f"examples/{message.name}.invalid-{what}.json", _json(example)
    yield "asyncapi.yaml", as_yaml(asyncapi.document(VERSION))


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
