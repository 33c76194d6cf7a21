"""Settings from the environment; a service's own variables win over the common ones.

For the service `booking`, BOOKING_KAFKA_SASL_USERNAME wins over KAFKA_SASL_USERNAME, and so for every KAFKA_… variable.
BOOKING_DATABASE_URL is the whole address of its database; without it the address is made from DATABASE_URL.
"""

import os
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from contracts.topics import WORKERS

# Only these: clusters inject variables such as BOOKING_PORT for each service they know, which mean something else.
OWN = ("kafka_",)
_URL = "_DATABASE_URL"
_NAMES = {*WORKERS, "ingress", *(f"{worker}_owner" for worker in WORKERS)}


class OwnVariables(EnvSettingsSource):
    """SERVICE_KAFKA_… for the service whose settings are read."""

    def __init__(self, settings: type[BaseSettings], service: str) -> None:
        super().__init__(settings, env_prefix=f"{service}_")

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The variable's text, or None for settings that have no variable of a service's own."""
        if not field_name.startswith(OWN):
            return None, field_name, False
        return super().get_field_value(field, field_name)


class DatabaseUrls(PydanticBaseSettingsSource):
    """`database_urls`: each NAME_DATABASE_URL by its name in lower case, such as `booking` or `booking_owner`."""

    def get_field_value(self, _field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Nothing: this source reads all variables at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """The URLs that are set and not empty."""
        found = {name: os.environ.get(name.upper() + _URL) for name in _NAMES}
        urls = {name: url for name, url in found.items() if url}
        return {"database_urls": urls} if urls else {}


def variable(settings: BaseSettings, field: str) -> str:
    """The name of the variable that a setting comes from, or would come from."""
    own = f"{getattr(settings, 'service', '')}_{field}".upper()
    return own if field.startswith(OWN) and os.environ.get(own) else field.upper()


def process_variable(process: str, field: str) -> str:
    """Return another process's own setting in the environment, or an empty string."""
    return os.environ.get(f"{process}_{field}".upper(), "")
