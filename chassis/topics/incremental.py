"""Kafka's IncrementalAlterConfigs (KIP-339), which aiokafka lacks: it changes the named settings and leaves the rest alone."""

from collections.abc import Sequence
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int8, Int16, Int32, Schema, String

Change = tuple[str, int, str]
"""The setting, the operation (0 sets it), the value."""
Resource = tuple[int, str, Sequence[Change]]
"""The kind of resource (2 is a topic), its name, what to change."""


class _Response(Response):  # type: ignore[misc]  # aiokafka is untyped
    API_KEY = 44
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "resources",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
            ),
        ),
    )


class _Request(RequestStruct):  # type: ignore[misc]
    API_KEY = 44
    API_VERSION = 0
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        (
            "resources",
            Array(
                ("resource_type", Int8),
                ("resource_name", String("utf-8")),
                (
                    "configs",
                    Array(("name", String("utf-8")), ("operation", Int8), ("value", String("utf-8"))),
                ),
            ),
        ),
        ("validate_only", Boolean),
    )


class IncrementalAlterConfigsRequest(Request[_Request]):  # type: ignore[misc]
    """Change some settings of some resources."""

    API_KEY = 44

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources

    def build(self, request_struct_class: Any) -> Any:
        """The request as it goes over the wire."""
        return request_struct_class(list(self._resources), False)
