"""JSON Schemas of bodies, answers and query parameters, from their models."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from services.ingress.api.answer import Answer
from services.ingress.api.models.commands import Problem
from services.ingress.api.operation import Operation

_TEMPLATE = "#/components/schemas/{model}"
Key = tuple[type[BaseModel], JsonSchemaMode]


class Schemas:
    """The schemas of some operations; `components` holds each model once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        operations = list(operations)
        wanted: dict[Key, None] = {(Problem, "serialization"): None}
        for operation in operations:
            wanted.update({(model, "validation"): None for model in _sent(operation)})
            for answer in operation.answers:
                models = (*answer.models, *answer.events.values())
                wanted.update({(model, "serialization"): None for model in models})
        inputs = [(model, mode, TypeAdapter(model)) for model, mode in wanted]
        self._references, definitions = TypeAdapter.json_schemas(inputs, ref_template=_TEMPLATE)
        self.components: dict[str, Any] = dict(sorted(definitions.get("$defs", {}).items()))
        self._leave_defaults_out(wanted)
        for operation in operations:
            for name in operation.sends.without if operation.sends else ():
                for model in _sent(operation):
                    _leave_out(self.components[model.__name__], name)

    def body(self, operation: Operation) -> dict[str, Any]:
        """Return the schema of a request's body."""
        for model in _sent(operation):
            return dict(self._references[model, "validation"])
        return {"type": "string"}

    def answer(self, answer: Answer) -> dict[str, Any]:
        """Return the schema of an answer's body."""
        found = [dict(self._references[model, "serialization"]) for model in answer.models]
        if not found:
            return {"type": "string"}
        return found[0] if len(found) == 1 else {"anyOf": found}

    def events(self, answer: Answer) -> dict[str, Any]:
        """Return the schemas of the events of a stream, by name."""
        return {name: dict(self._references[model, "serialization"]) for name, model in answer.events.items()}

    def query(self, operation: Operation) -> list[dict[str, Any]]:
        """Return the query parameters of an operation."""
        if operation.parameters is None:
            return []
        schema = operation.parameters.model_json_schema()
        required = schema.get("required", ())
        return [_parameter(name, dict(one), name in required) for name, one in schema["properties"].items()]

    def _leave_defaults_out(self, wanted: Iterable[Key]) -> None:
        for model, mode in wanted:
            if mode == "validation":
                self._describe_defaults(self._references[model, mode], set())
        for component in self.components.values():
            for field in component.get("properties", {}).values():
                if field.get("default", ...) is None:
                    del field["default"]

    def _describe_defaults(self, schema: Any, done: set[str]) -> None:
        """Put the defaults of a request's fields into words: generators of clients take a field with a
        default for one that must be sent.
        """
        if isinstance(schema, list):
            for each in schema:
                self._describe_defaults(each, done)
        if not isinstance(schema, dict):
            return
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in done:
            done.add(name)
            self._describe_defaults(self.components[name], done)
        for field in schema.get("properties", {}).values():
            default = field.pop("default", None)
            if default is not None:
                text = f"{field.get('description', '')} By default {json.dumps(default)}.".strip()
                field["description"] = text
        for value in schema.values():
            self._describe_defaults(value, done)


def _sent(operation: Operation) -> Iterable[type[BaseModel]]:
    if operation.model is not None:
        yield operation.model
    elif operation.sends is not None and operation.sends.model is not None:
        yield operation.sends.model


def _parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """Return one parameter. An optional one is left out rather than null, so null is no value of it."""
    description = schema.pop("description")
    schema.pop("title", None)
    for alternative in schema.pop("anyOf", ()):
        if alternative != {"type": "null"}:
            schema.update(alternative)
    if schema.get("default", ...) in (None, (), []):
        del schema["default"]
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _leave_out(schema: dict[str, Any], name: str) -> None:
    """Drop a field that the path decides."""
    schema["properties"].pop(name, None)
    required = [field for field in schema.pop("required", ()) if field != name]
    if required:
        schema["required"] = required
