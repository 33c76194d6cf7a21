"""The AsyncAPI document names every topic and message, and all its references lead somewhere."""

from collections.abc import Iterator
from typing import Any

import yaml

from contracts.catalog import MESSAGE_TYPES
from contracts.tools.generate import FOLDER
from contracts.topics import ALL


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text())
    return document


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _leads_somewhere(document: dict[str, Any], reference: str) -> bool:
    if reference.startswith("./"):
        return (FOLDER / reference).exists()
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node.get(part)
        if node is None:
            return False
    return True


def test_every_topic_is_a_channel_and_every_message_flows_over_its_topic() -> None:
    document = _document()
    assert set(document["channels"]) == {topic.name for topic in ALL}
    for message in MESSAGE_TYPES:
        assert message.name in document["channels"][message.topic.name]["messages"]


def test_every_reference_leads_somewhere() -> None:
    document = _document()
    assert [one for one in _references(document) if not _leads_somewhere(document, one)] == []


def test_every_topic_has_a_writer_and_a_reader() -> None:
    actions = {(name.split(".", 2)[2], name.split(".", 2)[1]) for name in _document()["operations"]}
    assert actions == {(topic.name, action) for topic in ALL for action in ("send", "receive")}
